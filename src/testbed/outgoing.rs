//! A message on its way to a broker.

use std::{fmt, time::Duration};

use crate::model::QoS;

/// What is published.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// With an acknowledgement, or without.
    pub qos: QoS,
    /// Whether the broker shall keep it for later subscribers.
    pub retain: bool,
}

/// An [`Outgoing`] and its time.
#[derive(Debug)]
pub struct Scheduled {
    /// Real time since the start before which it is not sent.
    pub due: Duration,
    /// How far the source is with it, in a unit of the source's own: bytes of a file, simulated
    /// milliseconds.
    pub position: u64,
    /// The message.
    pub outgoing: Outgoing,
}

impl Outgoing {
    /// Is the topic one that may be published to?
    pub(super) fn has_topic_name(&self) -> bool {
        let topic = &self.topic;
        !topic.is_empty() && topic.len() <= 65_535 && !topic.contains(['+', '#', '\0'])
    }
}

/// Topic and payload are not for `{:?}`.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("topic_bytes", &self.topic.len())
            .field("payload_bytes", &self.payload.len())
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .finish()
    }
}
