//! MQTT over WebSocket as a byte stream.
//!
//! What is written goes out in binary messages; what binary messages hold is read as one stream,
//! for the bounds of messages mean nothing to MQTT. The library speaks to a [`Pipe`] in memory,
//! so it neither waits nor knows of wakers; this adapter carries the bytes.

mod pipe;

use std::{
    fmt,
    io::{self, ErrorKind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::tungstenite::{
    self, ClientRequestBuilder, HandshakeError, Message,
    error::{Error, ProtocolError},
    http::Uri,
    protocol::WebSocketConfig,
};
use tokio_util::io::poll_read_buf;

use self::pipe::Pipe;
use super::{Address, DialError};

/// Largest message taken. A message is complete in memory before its bytes are read, so a packet
/// above it cannot be skipped as it can be over TCP.
pub const LARGEST_MESSAGE: usize = 16 * 1024 * 1024;

/// Bytes of one message we send: a wake-up's PUBACKs fit.
const SENT_MESSAGE: usize = 16 * 1024;
/// Bytes asked for at once.
const READ: usize = 16 * 1024;
/// What the library may hold that waits to be sent: a message, and control frames.
const HELD_MAX: usize = 4 * SENT_MESSAGE;
/// The subprotocol of MQTT, in every version.
const SUBPROTOCOL: &str = "mqtt";

/// A WebSocket as a byte stream.
pub struct WebSocket<S> {
    stream: S,
    frames: tungstenite::WebSocket<Pipe>,
    /// The rest of the message that is being read.
    arrived: Bytes,
    /// The peer has said goodbye, or is gone.
    ended: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Asks for the upgrade over a stream.
    pub(super) async fn open(
        mut stream: S,
        address: &Address,
        path: &str,
    ) -> Result<Self, DialError> {
        let request = ClientRequestBuilder::new(uri(address, path)?).with_sub_protocol(SUBPROTOCOL);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_write_buffer_size(HELD_MAX)
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let mut step =
            tungstenite::client::client_with_config(request, Pipe::default(), Some(config));
        loop {
            let mut waiting = match step {
                Ok((frames, _response)) => {
                    return Ok(Self { stream, frames, arrived: Bytes::new(), ended: false });
                }
                Err(HandshakeError::Failure(error)) => return Err(refusal(error)),
                Err(HandshakeError::Interrupted(waiting)) => waiting,
            };
            exchange(&mut stream, waiting.get_mut().get_mut()).await?;
            step = waiting.handshake();
        }
    }

    /// Carries what the library holds to the stream, all of it.
    fn poll_push(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let more = match self.frames.flush() {
                Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => false,
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => true,
                Err(error) => return Poll::Ready(Err(failure(error))),
            };
            let pipe = self.frames.get_mut();
            while !pipe.outgoing.is_empty() {
                let written =
                    ready!(Pin::new(&mut self.stream).poll_write(context, &pipe.outgoing))?;
                if written == 0 {
                    return Poll::Ready(Err(ErrorKind::WriteZero.into()));
                }
                pipe.outgoing.advance(written);
            }
            if !more {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Brings more bytes from the stream to the library.
    fn poll_pull(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let pipe = self.frames.get_mut();
        pipe.incoming.reserve(READ);
        let stream = Pin::new(&mut self.stream);
        if ready!(poll_read_buf(stream, context, &mut pipe.incoming))? == 0 {
            pipe.ended = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for bytes of a binary message, or for the end.
    fn poll_arrive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.arrived.is_empty() && !self.ended {
            match self.frames.read() {
                Ok(Message::Binary(bytes)) => self.arrived = bytes,
                Ok(Message::Text(_)) => {
                    return Poll::Ready(Err(DialError::WebSocketText.into_io()));
                }
                // The library has an answer ready, which the next read or flush sends.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) => {
                    self.ended = true;
                    // Our goodbye, if it still goes out.
                    drop(self.poll_push(context));
                }
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    if let Poll::Ready(Err(error)) = self.poll_push(context) {
                        return Poll::Ready(Err(error));
                    }
                    ready!(self.poll_pull(context))?;
                }
                Err(
                    Error::ConnectionClosed
                    | Error::AlreadyClosed
                    | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
                ) => self.ended = true,
                Err(error) => return Poll::Ready(Err(failure(error))),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_arrive(context))?;
        let count = this.arrived.len().min(buffer.remaining());
        buffer.put_slice(&this.arrived.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = self.get_mut();
        // One message at a time, so that what waits here is bounded.
        ready!(this.poll_push(context))?;
        let (now, _later) = bytes.split_at(bytes.len().min(SENT_MESSAGE));
        match this.frames.write(Message::Binary(Bytes::copy_from_slice(now))) {
            Ok(()) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Poll::Ready(Err(failure(error))),
        }
        match this.poll_push(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // What is left goes with the next write or flush.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(now.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_push(context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    /// Says goodbye. The stream below stays open until the peer has answered: some servers
    /// discard what they have not read yet when they see it closed.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.frames.close(None) {
            Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Poll::Ready(Err(failure(error))),
        }
        ready!(this.poll_push(context))?;
        ready!(Pin::new(&mut this.stream).poll_flush(context))?;
        if this.ended {
            Pin::new(&mut this.stream).poll_shutdown(context)
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

/// Without what is on its way.
impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// One round of the handshake: our request out, some of the answer in.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    pipe: &mut Pipe,
) -> Result<(), DialError> {
    let hang_up = |error: io::Error| {
        let error = DialError::from(error);
        // A broker that expects MQTT takes the request for a bad packet, and hangs up.
        if error.is_hang_up() { DialError::NotWebSocket } else { error }
    };
    stream.write_all_buf(&mut pipe.outgoing).await.map_err(hang_up)?;
    stream.flush().await.map_err(hang_up)?;
    pipe.incoming.reserve(READ);
    pipe.ended = stream.read_buf(&mut pipe.incoming).await.map_err(hang_up)? == 0;
    Ok(())
}

fn uri(address: &Address, path: &str) -> Result<Uri, DialError> {
    let Address { host, port, .. } = address;
    let authority =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let scheme = if address.tls.is_some() { "wss" } else { "ws" };
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
    uri.map_err(|_invalid| DialError::WebSocketPath)
}

/// Why the upgrade did not come about.
fn refusal(error: Error) -> DialError {
    match error {
        Error::Http(response) => DialError::WebSocketRefused { status: response.status().as_u16() },
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            DialError::WebSocketSubprotocol
        }
        Error::Url(_) | Error::HttpFormat(_) => DialError::WebSocketPath,
        Error::Io(error) => DialError::from(error),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Tls(_)
        | Error::Capacity(_)
        | Error::Protocol(_)
        | Error::WriteBufferFull(_)
        | Error::Utf8(_)
        | Error::AttackAttempt => DialError::NotWebSocket,
    }
}

/// Why an established WebSocket cannot go on.
fn failure(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::SendAfterClosing) => ErrorKind::BrokenPipe.into(),
        Error::Capacity(_) => DialError::WebSocketTooLarge.into_io(),
        Error::Tls(_)
        | Error::Protocol(_)
        | Error::WriteBufferFull(_)
        | Error::Utf8(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => DialError::WebSocketProtocol.into_io(),
    }
}

#[cfg(test)]
mod tests;
