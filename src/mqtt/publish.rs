//! PUBLISH as it arrives: parsed in place, nothing copied.

use std::fmt;

use super::{
    error::ProtocolError,
    fields::{binary, two_bytes},
    properties,
    protocol::Protocol,
};
use crate::model::QoS;

/// One message, borrowed from the read buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Topic as received, at least one byte. See [`Publish::topic_name`].
    pub topic: &'a [u8],
    /// Application payload, any bytes, possibly none.
    pub payload: &'a [u8],
    /// As received; a QoS 2 PUBLISH is a protocol error, since we subscribe at 1 at most.
    pub qos: QoS,
    /// RETAIN as received.
    pub retain: bool,
    /// DUP as received.
    pub dup: bool,
    /// 1..=65535 at QoS 1, 0 at QoS 0.
    pub packet_id: u16,
}

impl<'a> Publish<'a> {
    /// Reads the packet behind its fixed header. `first` is the header's first byte, `body` holds
    /// exactly the remaining length.
    #[expect(
        clippy::inline_always,
        reason = "a call moves the result twice: 31 ns a message, not 22"
    )]
    #[inline(always)]
    pub(super) fn parse(
        protocol: Protocol,
        first: u8,
        body: &'a [u8],
    ) -> Result<Self, ProtocolError> {
        let Head { topic, qos, packet_id, rest } = Head::parse(first, body)?;
        let payload = protocol.payload(rest)?;
        Ok(Self { topic, payload, qos, retain: retain(first), dup: dup(first), packet_id })
    }

    /// The topic as text, if it is a topic name: valid UTF-8 without NUL and wildcards. One that
    /// is not leaves the frames intact, so it is bad data and no protocol error.
    pub fn topic_name(&self) -> Option<&'a str> {
        topic_name(self.topic)
    }
}

/// A message longer than the limit: skipped in the stream, only its beginning kept.
#[derive(PartialEq, Eq)]
pub struct Oversize {
    /// Topic as received, at least one byte.
    pub topic: Vec<u8>,
    /// First bytes of the payload, at most [`Oversize::KEPT_BYTES`].
    pub payload_start: Vec<u8>,
    /// Bytes of the whole payload.
    pub payload_len: usize,
    /// As received.
    pub qos: QoS,
    /// RETAIN as received.
    pub retain: bool,
    /// DUP as received.
    pub dup: bool,
    /// 1..=65535 at QoS 1, 0 at QoS 0.
    pub packet_id: u16,
}

impl Oversize {
    /// How much of the payload is kept for the dead letter.
    pub const KEPT_BYTES: usize = 4096;

    /// The topic as text, if it is a topic name.
    pub fn topic_name(&self) -> Option<&str> {
        topic_name(&self.topic)
    }
}

/// What both versions begin with.
pub(super) struct Head<'a> {
    pub(super) topic: &'a [u8],
    pub(super) qos: QoS,
    pub(super) packet_id: u16,
    /// The payload, in MQTT 5 behind a property list.
    pub(super) rest: &'a [u8],
}

impl<'a> Head<'a> {
    /// `Truncated` when `body` ends inside the head.
    #[expect(clippy::inline_always, reason = "as above")]
    #[inline(always)]
    pub(super) fn parse(first: u8, body: &'a [u8]) -> Result<Self, ProtocolError> {
        let qos = qos(first)?;
        let (topic, rest) = binary(body).ok_or(ProtocolError::Truncated)?;
        if topic.is_empty() {
            return Err(ProtocolError::EmptyTopic);
        }
        let (packet_id, rest) = match qos {
            QoS::AtMostOnce => (0, rest),
            QoS::AtLeastOnce => match two_bytes(rest).ok_or(ProtocolError::Truncated)? {
                (0, _) => return Err(ProtocolError::PacketIdZero),
                identified => identified,
            },
        };
        Ok(Self { topic, qos, packet_id, rest })
    }
}

/// The payload behind a property list, which is empty in most messages.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
pub(super) fn behind_properties(rest: &[u8]) -> Result<&[u8], ProtocolError> {
    match rest.split_first() {
        Some((0, payload)) => Ok(payload),
        Some(_) | None => behind_some_properties(rest),
    }
}

/// Apart, so that the path of most messages stays short enough to be inlined.
#[inline(never)]
fn behind_some_properties(rest: &[u8]) -> Result<&[u8], ProtocolError> {
    let (list, payload) = properties::split(rest)?;
    properties::check(list)?;
    Ok(payload)
}

fn qos(first: u8) -> Result<QoS, ProtocolError> {
    match first & 0b0110 {
        0b0000 => Ok(QoS::AtMostOnce),
        0b0010 => Ok(QoS::AtLeastOnce),
        0b0100 => Err(ProtocolError::QosTwo),
        _ => Err(ProtocolError::QosThree),
    }
}

pub(super) fn retain(first: u8) -> bool {
    first & 0b0001 != 0
}

pub(super) fn dup(first: u8) -> bool {
    first & 0b1000 != 0
}

/// The topic as text, if it is a topic name.
pub(super) fn topic_name(topic: &[u8]) -> Option<&str> {
    // A fold has no early exit, so it runs many bytes at a time.
    let forbidden = |found, &byte: &u8| found | matches!(byte, 0 | b'+' | b'#');
    if topic.iter().fold(false, forbidden) { None } else { std::str::from_utf8(topic).ok() }
}

/// Topic and payload may hold person data, so they never reach a log by way of `{:?}`.
impl fmt::Debug for Publish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("topic_bytes", &self.topic.len())
            .field("payload_bytes", &self.payload.len())
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("dup", &self.dup)
            .field("packet_id", &self.packet_id)
            .finish()
    }
}

impl fmt::Debug for Oversize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oversize")
            .field("topic_bytes", &self.topic.len())
            .field("payload_bytes", &self.payload_len)
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("dup", &self.dup)
            .field("packet_id", &self.packet_id)
            .finish_non_exhaustive()
    }
}
