//! The TCP connection of a link.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use socket2::{SockRef, TcpKeepalive};
use tokio::{io::AsyncWrite, net::TcpStream, time::timeout};
use tokio_util::io::poll_read_buf;

use super::close::Close;
use crate::{link::duty::Socket, model::Mono};

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Longest wait for a TCP connection.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long written bytes may stay without TCP acknowledgement before the peer counts as dead:
/// finds a dead broker while reading is paused and PINGRESP proves nothing.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle time before TCP asks whether the peer is alive.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Connects, with the socket options a long-lived link wants.
///
/// # Errors
/// When no connection comes about in time.
pub async fn dial(address: Address) -> Result<TcpStream, Close> {
    let target = (address.host.as_str(), address.port);
    let stream = timeout(DIAL_TIMEOUT, TcpStream::connect(target))
        .await
        .map_err(|_elapsed| Close::DialTimeout)?
        .map_err(|error| Close::Io(error.kind()))?;
    let options = || {
        stream.set_nodelay(true)?;
        let socket = SockRef::from(&stream);
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
        Ok(())
    };
    options().map_err(|error: std::io::Error| Close::Io(error.kind()))?;
    Ok(stream)
}

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

/// Writes what is there, reads until the socket or the buffer has no more. Waits until at least
/// one byte has moved. Cancel-safe: progress exists only in what is returned.
///
/// # Errors
/// When the socket fails.
pub async fn exchange(
    stream: &mut TcpStream,
    unsent: &[u8],
    buffer: &mut bytes::BytesMut,
    look: Look,
) -> Result<Traffic, Close> {
    let traffic = poll_fn(|context| {
        let (mut written, mut read) = (0, 0);
        let (mut socket, mut ended) = (Socket::Filled, Ended::No);
        while let Some(rest) = unsent.get(written..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut *stream).poll_write(context, rest) {
                Poll::Ready(Ok(count)) => written += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => break,
            }
        }
        while look == Look::ReadAndWrite && buffer.len() < buffer.capacity() {
            match poll_read_buf(Pin::new(&mut *stream), context, buffer) {
                Poll::Ready(Ok(0)) => {
                    ended = Ended::Yes;
                    break;
                }
                Poll::Ready(Ok(count)) => read += count,
                // What was read before the failure is looked at first; the failure comes again.
                Poll::Ready(Err(_)) if read > 0 => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    socket = Socket::Drained;
                    break;
                }
            }
        }
        if written == 0 && read == 0 && ended == Ended::No {
            return Poll::Pending;
        }
        Poll::Ready(Ok(Traffic { written, read, socket, ended }))
    });
    traffic.await.map_err(|error| Close::Io(error.kind()))
}

/// Clock of the shell: one reading a wake-up.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: tokio::time::Instant,
}

impl Clock {
    /// Counts from `start`.
    pub fn new(start: tokio::time::Instant) -> Self {
        Self { start }
    }

    /// Both clocks.
    pub fn now(&self) -> crate::model::Moment {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let wall = wall.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        let mono = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        crate::model::Moment { mono: Mono(mono), wall: crate::model::UnixMicros(wall) }
    }

    /// The runtime's instant for a time of ours.
    pub fn instant(&self, mono: Mono) -> tokio::time::Instant {
        // A year is for ever; further away the sum could overflow.
        let year = 365 * 86_400 * 1_000_000;
        self.start + Duration::from_micros(mono.0.min(self.now().mono.0 + year))
    }
}
