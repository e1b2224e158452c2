//! What the WebSocket library takes for a socket: two buffers, between which and the real stream
//! the adapter carries the bytes.

use std::io::{self, ErrorKind, Read, Write};

use bytes::{Buf, BytesMut};

/// Bytes that may wait for the stream. Above it the library keeps answers to pings to itself,
/// and the newest replaces the one before, so a peer that never reads fills nothing.
const OUTGOING_MAX: usize = 64 * 1024;

/// See the module.
#[derive(Default)]
pub(super) struct Pipe {
    /// From the stream to the library.
    pub(super) incoming: BytesMut,
    /// From the library to the stream.
    pub(super) outgoing: BytesMut,
    /// The peer sends no more.
    pub(super) ended: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.incoming.len().min(buffer.len());
        self.incoming.split_to(count).copy_to_slice(buffer.split_at_mut(count).0);
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = OUTGOING_MAX.saturating_sub(self.outgoing.len());
        match bytes.get(..room.min(bytes.len())) {
            Some(fitting) if !fitting.is_empty() => {
                self.outgoing.extend_from_slice(fitting);
                Ok(fitting.len())
            }
            _ if bytes.is_empty() => Ok(0),
            _ => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
