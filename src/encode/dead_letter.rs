//! Dead letters: the original bytes, cut to what the topic takes, with the reason.

use std::fmt;

use sha2::{Digest, Sha256};

use super::protobuf::{WireType, bytes, fixed64, integer, message, tag};
use crate::{
    catalogue::Catalogue,
    model::{KindId, QoS, UnixMicros},
};

/// Longest topic kept, bytes.
const TOPIC_BYTES_MAX: usize = 4 * 1024;
/// Refused readings listed one by one; the rest are counted.
pub const REFUSED_LISTED_MAX: usize = 32;

/// Field numbers of `trygg.v1.DeadLetter` and `RefusedReading`.
mod field {
    pub(super) const LINK: u32 = 1;
    pub(super) const TOPIC: u32 = 2;
    pub(super) const PAYLOAD: u32 = 3;
    pub(super) const PAYLOAD_LENGTH: u32 = 4;
    pub(super) const PAYLOAD_SHA256: u32 = 5;
    pub(super) const TRUNCATED: u32 = 6;
    pub(super) const REASON: u32 = 7;
    pub(super) const DETAIL: u32 = 8;
    pub(super) const FORMAT: u32 = 9;
    pub(super) const RECEIVED_AT: u32 = 10;
    pub(super) const QOS: u32 = 11;
    pub(super) const RETAINED: u32 = 12;
    pub(super) const REFUSED: u32 = 13;
    pub(super) const REFUSED_COUNT: u32 = 14;
    pub(super) const REFUSED_BY: u32 = 15;
    pub(super) const REFUSED_KIND: u32 = 1;
    pub(super) const REFUSED_REASON: u32 = 2;
    pub(super) const REFUSED_NUMBER: u32 = 3;
}

/// One reading that was refused.
#[derive(Clone, Copy, Debug)]
pub struct RefusedReading {
    /// Its kind, if it names one that exists.
    pub kind: Option<KindId>,
    /// Why.
    pub reason: &'static str,
    /// The number, if it was one.
    pub number: Option<f64>,
}

/// What is known of a payload.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// Its beginning and its length; the rest was never held.
    Head {
        /// First bytes.
        head: &'a [u8],
        /// Length of the whole.
        length: u64,
    },
}

/// Payloads are person data; only their length is shown.
impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(payload) => write!(f, "Whole({} bytes)", payload.len()),
            Self::Head { length, .. } => write!(f, "Head(of {length} bytes)"),
        }
    }
}

/// One dead letter to write.
#[derive(Clone, Copy)]
pub struct DeadLetter<'a> {
    /// MQTT topic, any bytes.
    pub topic: &'a [u8],
    /// The payload.
    pub payload: Payload<'a>,
    /// Closed reason code.
    pub reason: &'static str,
    /// What was expected; no payload content.
    pub detail: &'a str,
    /// Format of the route, empty without one.
    pub format: &'a str,
    /// Our time.
    pub received_at: UnixMicros,
    /// As received.
    pub qos: QoS,
    /// Replayed by the broker?
    pub retained: bool,
    /// How many readings were refused in all.
    pub refused_count: u32,
    /// Kafka topic and code, if Kafka refused.
    pub refused_by: &'a str,
}

/// Topic and payload are person data.
impl fmt::Debug for DeadLetter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Writes dead letters of one link.
#[derive(Debug)]
pub struct DeadLetterEncoder {
    link: String,
    payload_max: usize,
}

impl DeadLetterEncoder {
    /// `payload_max`: bytes of payload kept, so that the record fits its topic.
    pub fn new(link: &str, payload_max: usize) -> Self {
        Self { link: link.to_owned(), payload_max }
    }

    /// Writes one into an empty buffer.
    pub fn write(
        &self,
        letter: &DeadLetter<'_>,
        refused: impl Iterator<Item = RefusedReading>,
        catalogue: &Catalogue,
        out: &mut Vec<u8>,
    ) {
        bytes(field::LINK, self.link.as_bytes(), out);
        let topic = letter.topic.get(..TOPIC_BYTES_MAX).unwrap_or(letter.topic);
        let topic = String::from_utf8_lossy(topic);
        // A replaced byte is three bytes long.
        let end = topic.floor_char_boundary(TOPIC_BYTES_MAX);
        bytes(field::TOPIC, topic.get(..end).unwrap_or_default().as_bytes(), out);
        let (kept, length, whole) = match letter.payload {
            Payload::Whole(payload) => (payload, payload.len() as u64, Some(payload)),
            Payload::Head { head, length } => (head, length, None),
        };
        let kept = kept.get(..self.payload_max).unwrap_or(kept);
        bytes(field::PAYLOAD, kept, out);
        integer(field::PAYLOAD_LENGTH, length, out);
        if let Some(whole) = whole {
            bytes(field::PAYLOAD_SHA256, &Sha256::digest(whole), out);
        }
        integer(field::TRUNCATED, u64::from((kept.len() as u64) < length), out);
        bytes(field::REASON, letter.reason.as_bytes(), out);
        bytes(field::DETAIL, letter.detail.as_bytes(), out);
        bytes(field::FORMAT, letter.format.as_bytes(), out);
        tag(field::RECEIVED_AT, WireType::Fixed64, out);
        out.extend_from_slice(&letter.received_at.0.to_le_bytes());
        integer(field::QOS, u64::from(letter.qos.level()), out);
        integer(field::RETAINED, u64::from(letter.retained), out);
        for reading in refused.take(REFUSED_LISTED_MAX) {
            message::<1>(field::REFUSED, out, |out| {
                let kind = reading.kind.map_or("", |kind| &catalogue.get(kind).name);
                bytes(field::REFUSED_KIND, kind.as_bytes(), out);
                bytes(field::REFUSED_REASON, reading.reason.as_bytes(), out);
                if let Some(number) = reading.number {
                    fixed64(field::REFUSED_NUMBER, number.to_le_bytes(), out);
                }
            });
        }
        integer(field::REFUSED_COUNT, u64::from(letter.refused_count), out);
        bytes(field::REFUSED_BY, letter.refused_by.as_bytes(), out);
    }
}

#[cfg(test)]
mod tests;
