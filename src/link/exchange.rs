//! One look at the wire: what is to be written is written, what has arrived is read.

use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    pin::Pin,
    task::Poll,
};

use bytes::BytesMut;
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use crate::{
    link::duty::Socket,
    transport::{DialError, Wire},
};

/// What one look at the socket brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes written.
    pub written: usize,
    /// Bytes read.
    pub read: usize,
    /// Whether everything that had arrived was read.
    pub socket: Socket,
    /// The peer has closed its side.
    pub ended: Ended,
}

impl Traffic {
    const NOTHING: Self = Self { written: 0, read: 0, socket: Socket::Filled, ended: Ended::No };
}

/// Whether the peer still sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It may.
    No,
    /// It has closed its side.
    Yes,
}

/// Is the socket looked at for reading?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Yes.
    ReadAndWrite,
    /// Only write.
    WriteOnly,
}

/// Writes what is there, reads until the wire or the buffer has no more. Waits until at least
/// one byte has moved. Cancel-safe: progress exists only in what is returned, and what the wire
/// holds back goes out at the next look.
///
/// # Errors
/// When the wire fails.
pub async fn exchange(
    wire: &mut Wire,
    unsent: &[u8],
    buffer: &mut BytesMut,
    look: Look,
) -> Result<Traffic, DialError> {
    let traffic = poll_fn(|context| {
        let mut traffic = Traffic::NOTHING;
        let mut failed = None;
        while let Some(rest) = unsent.get(traffic.written..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut *wire).poll_write(context, rest) {
                Poll::Ready(Ok(count)) => traffic.written += count,
                Poll::Ready(Err(error)) => {
                    failed = Some(error);
                    break;
                }
                Poll::Pending => break,
            }
        }
        if failed.is_none()
            && let Poll::Ready(Err(error)) = Pin::new(&mut *wire).poll_flush(context)
        {
            failed = Some(error);
        }
        // A wire that takes nothing more may still tell why.
        while (look == Look::ReadAndWrite || failed.is_some()) && buffer.len() < buffer.capacity() {
            match poll_read_buf(Pin::new(&mut *wire), context, buffer) {
                Poll::Ready(Ok(0)) => {
                    traffic.ended = Ended::Yes;
                    break;
                }
                Poll::Ready(Ok(count)) => traffic.read += count,
                // What was read before the failure is looked at first; the failure comes again.
                Poll::Ready(Err(_)) if traffic.read > 0 => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(clearer(failed, error))),
                Poll::Pending => {
                    traffic.socket = Socket::Drained;
                    break;
                }
            }
        }
        if let (Some(error), 0) = (failed, traffic.read) {
            // A connection that is gone can always be read to its end; the runtime may not know
            // of it yet, and will wake us.
            let gone = matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
            if gone && traffic.socket == Socket::Drained {
                return Poll::Pending;
            }
            return Poll::Ready(Err(error.into()));
        }
        if traffic.written == 0 && traffic.read == 0 && traffic.ended == Ended::No {
            return Poll::Pending;
        }
        Poll::Ready(Ok(traffic))
    });
    traffic.await
}

/// Which of two failures says more: TLS tells why it was refused when it is read, while writing
/// only finds the connection gone.
fn clearer(writing: Option<io::Error>, reading: io::Error) -> DialError {
    let reading = DialError::from(reading);
    match writing.map(DialError::from) {
        Some(writing) if matches!(reading, DialError::Io(_)) => writing,
        Some(_) | None => reading,
    }
}

/// Ends our side of the connection, and reads what still comes. Waits like [`exchange`].
///
/// # Errors
/// When the wire fails.
pub async fn part(wire: &mut Wire, buffer: &mut BytesMut) -> Result<Traffic, DialError> {
    let shut = poll_fn(|context| {
        if let Poll::Ready(Err(error)) = Pin::new(&mut *wire).poll_shutdown(context) {
            tracing::debug!(kind = ?error.kind(), "half-close failed");
        }
        let read = poll_read_buf(Pin::new(&mut *wire), context, buffer);
        read.map_ok(|read| Traffic {
            read,
            ended: if read == 0 { Ended::Yes } else { Ended::No },
            ..Traffic::NOTHING
        })
    });
    Ok(shut.await?)
}

#[cfg(test)]
mod tests;
