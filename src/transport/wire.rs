//! A connection, whatever it is made of.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::websocket::WebSocket;

/// A connection to a broker. What is written may wait inside until it is flushed.
pub enum Wire {
    /// Plain.
    Tcp(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
    /// In binary messages.
    WebSocket(Box<WebSocket<TcpStream>>),
    /// In binary messages, encrypted.
    SecureWebSocket(Box<WebSocket<TlsStream<TcpStream>>>),
}

impl Wire {
    /// Writes what can be written without waiting. Whoever calls it looks at the wire again
    /// afterwards: nobody is woken for what is left.
    ///
    /// # Errors
    /// `WouldBlock` when nothing can be; else when the connection fails.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Self::Tcp(stream) = self {
            return stream.try_write(bytes);
        }
        let mut context = Context::from_waker(Waker::noop());
        let written = match Pin::new(&mut *self).poll_write(&mut context, bytes) {
            Poll::Ready(written) => written?,
            Poll::Pending => return Err(io::ErrorKind::WouldBlock.into()),
        };
        // A failure comes again at the next look.
        drop(Pin::new(self).poll_flush(&mut context));
        Ok(written)
    }
}

/// The same call on whatever there is.
macro_rules! on_each {
    ($wire:expr, $stream:ident => $call:expr) => {
        match $wire.get_mut() {
            Wire::Tcp($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Wire::Tls($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $call
            }
            Wire::WebSocket($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $call
            }
            Wire::SecureWebSocket($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $call
            }
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_each!(self, stream => stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_each!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_each!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_each!(self, stream => stream.poll_shutdown(context))
    }
}

/// Without what is on its way.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp(_) => "Tcp",
            Self::Tls(_) => "Tls",
            Self::WebSocket(_) => "WebSocket",
            Self::SecureWebSocket(_) => "SecureWebSocket",
        })
    }
}
