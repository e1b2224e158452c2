//! One PUBLISH as received.

use std::{fmt, sync::Arc};

use super::time::Moment;

/// The two levels trygg subscribes with. A QoS 2 publish arrives as QoS 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QoS {
    /// Fire and forget.
    AtMostOnce,
    /// Redelivered until acknowledged.
    AtLeastOnce,
}

impl QoS {
    /// Label value and wire number.
    pub fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
        }
    }
}

/// One MQTT message, borrowed from the read buffer.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// Topic name, valid UTF-8 without NUL.
    pub topic: &'a str,
    /// Application payload, any bytes.
    pub payload: &'a [u8],
    /// As received.
    pub qos: QoS,
    /// RETAIN as received. With Retain As Published 0 it marks a replay, never a live message.
    pub retain: bool,
    /// DUP as received: the broker says it may have sent this before.
    pub dup: bool,
    /// The session was resumed so recently that a message without a clock may be old.
    pub resumed_recently: bool,
    /// When the bytes were read.
    pub received: Moment,
}

/// Payload and topic may hold person data, so they never reach a log by way of `{:?}`.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic_bytes", &self.topic.len())
            .field("payload_bytes", &self.payload.len())
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("dup", &self.dup)
            .finish_non_exhaustive()
    }
}

/// Configured name of a link: the only identity of a connection in labels and provenance.
pub type LinkName = Arc<str>;
