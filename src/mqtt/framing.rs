//! Cuts the byte stream into frames.
//!
//! First one complete frame, then parsing: so a parser that runs out of bytes has met a malformed
//! packet, never an incomplete one. Nothing is copied and nothing moved for a message; consumed
//! bytes lie behind a cursor until the shell wants to read again.

mod skip;

use std::{fmt, ops::Range};

use bytes::BytesMut;

use self::skip::Skip;
use super::{
    error::ProtocolError,
    fields::{VariableInteger, variable_integer},
    protocol::Protocol,
    publish::Oversize,
};

/// The read buffer of one connection.
pub struct ReadBuffer {
    bytes: BytesMut,
    /// Where the first byte lies that is not cut yet.
    cursor: usize,
    /// Bytes from the cursor on without which nothing more can be cut; 0 when unknown.
    wanted: usize,
    max_packet_bytes: usize,
    /// Refills in a row that a buffer of the starting size could have served.
    roomy_refills: u8,
    skip: Option<Skip>,
}

/// What the stream held next.
#[derive(Debug)]
pub(super) enum Cut {
    /// A frame within the limits; its bytes stay valid until the next refill.
    Frame(Frame),
    /// A PUBLISH above the limit whose last byte has passed by.
    Oversize(Box<Oversize>),
}

/// Where a complete frame lies.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) kind: PacketKind,
    /// First byte of the fixed header.
    pub(super) first: u8,
    /// What the remaining length spans.
    pub(super) body: Range<usize>,
}

/// The packets a broker may send to a client that never publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketKind {
    Connack,
    Publish,
    Suback,
    Unsuback,
    Pingresp,
    Disconnect,
}

/// Buffer at the start: enough for a read of some hundred messages.
const START_BYTES: usize = 64 * 1024;

/// Limit of every packet but PUBLISH. The largest that makes sense is a CONNACK with long strings.
const CONTROL_PACKET_BYTES: usize = START_BYTES;

/// Room for reading behind a frame longer than the buffer, so that its end and what follows come
/// in one read.
const READ_AHEAD_BYTES: usize = 4 * 1024;

/// A grown buffer is given back after this many refills that did not need it: long enough that a
/// link with a large message now and then does not allocate for each.
const ROOMY_REFILLS_BEFORE_SHRINKING: u8 = 64;

impl ReadBuffer {
    /// An empty buffer that takes PUBLISH packets of up to `max_packet_bytes`, fixed header
    /// included, and skips longer ones.
    pub fn new(max_packet_bytes: usize) -> Self {
        Self {
            bytes: BytesMut::with_capacity(START_BYTES),
            cursor: 0,
            wanted: 0,
            max_packet_bytes,
            roomy_refills: 0,
            skip: None,
        }
    }

    /// For the shell to append what it reads. It has spare capacity, at least for the frame that
    /// is being waited for. Call it when [`Session::next`](super::Session::next) wants more bytes:
    /// frames still inside are kept, and the buffer would grow behind them.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        self.discard_consumed();
        let wanted = self.wanted.max(self.bytes.len());
        if wanted > START_BYTES || self.bytes.capacity() <= START_BYTES {
            self.roomy_refills = 0;
        } else {
            self.roomy_refills += 1;
            if self.roomy_refills >= ROOMY_REFILLS_BEFORE_SHRINKING {
                self.shrink();
            }
        }
        if self.bytes.capacity() < wanted.max(self.bytes.len() + 1) {
            self.bytes.reserve(wanted + READ_AHEAD_BYTES - self.bytes.len());
        }
        &mut self.bytes
    }

    /// Bytes read and not yet cut.
    pub fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.cursor)
    }

    /// Is everything cut?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything, a half-skipped packet included: for a new connection.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.cursor = 0;
        self.wanted = 0;
        self.skip = None;
    }

    /// The next frame; `None` when more bytes are needed.
    #[inline]
    pub(super) fn cut(&mut self, protocol: Protocol) -> Result<Option<Cut>, ProtocolError> {
        if self.skip.is_some() {
            return Ok(self.pass_over());
        }
        let pending = self.bytes.get(self.cursor..).unwrap_or_default();
        let Some((&first, rest)) = pending.split_first() else {
            self.wanted = 0;
            return Ok(None);
        };
        let kind = PacketKind::of(first)?;
        let (length, width) = match variable_integer(rest) {
            VariableInteger::Complete { value, width } => (value, width),
            VariableInteger::Partial => return Ok(None),
            VariableInteger::Malformed => return Err(ProtocolError::RemainingLength),
        };
        let total = 1 + width + length;
        if kind == PacketKind::Publish {
            if total > self.max_packet_bytes {
                return self.begin_skip(protocol, first, 1 + width, length);
            }
        } else if total > CONTROL_PACKET_BYTES {
            return Err(ProtocolError::PacketTooLarge);
        }
        if pending.len() < total {
            self.wanted = total;
            return Ok(None);
        }
        let start = self.cursor + 1 + width;
        self.cursor += total;
        Ok(Some(Cut::Frame(Frame { kind, first, body: start..self.cursor })))
    }

    /// The body of a frame cut since the last refill.
    pub(super) fn body(&self, frame: &Frame) -> &[u8] {
        self.bytes.get(frame.body.clone()).unwrap_or_default()
    }

    /// Reads the head of an oversize PUBLISH as soon as it is there, then passes over the rest.
    fn begin_skip(
        &mut self,
        protocol: Protocol,
        first: u8,
        header: usize,
        length: usize,
    ) -> Result<Option<Cut>, ProtocolError> {
        let pending = self.bytes.get(self.cursor + header..).unwrap_or_default();
        let body = pending.get(..length).unwrap_or(pending);
        match Skip::begin(protocol, first, body, length)? {
            skip::Beginning::Begun { skip, head_bytes } => {
                self.cursor += header + head_bytes;
                self.skip = Some(skip);
                Ok(self.pass_over())
            }
            skip::Beginning::Needs { body_bytes } => {
                self.wanted = header + body_bytes;
                Ok(None)
            }
        }
    }

    fn pass_over(&mut self) -> Option<Cut> {
        self.wanted = 0;
        let pending = self.bytes.get(self.cursor..).unwrap_or_default();
        let skip = self.skip.as_mut()?;
        self.cursor += skip.take(pending);
        if !skip.is_over() {
            return None;
        }
        self.skip.take().map(|skip| Cut::Oversize(Box::new(skip.into_oversize())))
    }

    /// Moves what is not cut to the front. It is at most a part of one frame, usually nothing.
    fn discard_consumed(&mut self) {
        if self.cursor == 0 {
            return;
        }
        let left = self.len();
        if left > 0 {
            self.bytes.copy_within(self.cursor.., 0);
        }
        self.bytes.truncate(left);
        self.cursor = 0;
    }

    fn shrink(&mut self) {
        let mut smaller = BytesMut::with_capacity(START_BYTES);
        smaller.extend_from_slice(&self.bytes);
        self.bytes = smaller;
        self.roomy_refills = 0;
    }
}

impl PacketKind {
    /// Judges the first byte before the rest is there: a peer that does not speak MQTT is found
    /// out at once.
    fn of(first: u8) -> Result<Self, ProtocolError> {
        match first {
            0x30..=0x3F => Ok(Self::Publish),
            0x20 => Ok(Self::Connack),
            0x90 => Ok(Self::Suback),
            0xB0 => Ok(Self::Unsuback),
            0xD0 => Ok(Self::Pingresp),
            0xE0 => Ok(Self::Disconnect),
            0x21..=0x2F | 0x91..=0x9F | 0xB1..=0xBF | 0xD1..=0xDF | 0xE1..=0xEF => {
                Err(ProtocolError::ReservedBits)
            }
            0x00..=0x1F | 0x40..=0x8F | 0xA0..=0xAF | 0xC0..=0xCF | 0xF0..=0xFF => {
                Err(ProtocolError::UnexpectedPacket)
            }
        }
    }
}

/// Messages may hold person data.
impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBuffer")
            .field("pending_bytes", &self.len())
            .field("capacity_bytes", &self.bytes.capacity())
            .field("skip", &self.skip)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
