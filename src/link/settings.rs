//! Limits of a link.

use std::time::Duration;

use crate::model::LinkName;

/// Limits of one link. Validated by `config`.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// Configured name.
    pub name: LinkName,
    /// Receive maximum told to the broker: QoS 1 messages in flight, 1..=65535.
    pub receive_maximum: usize,
    /// Most messages outstanding, above `receive_maximum`: only an overshooting broker gets here.
    pub outstanding_messages: usize,
    /// Most bytes of messages outstanding.
    pub outstanding_bytes: usize,
    /// Largest PUBLISH taken in whole.
    pub packet_bytes: usize,
    /// Oldest an unacknowledged message may get before the connection is closed, unless one of
    /// its records is still on its way.
    pub max_age: Duration,
    /// Topic of the broker's own count of discarded messages, if it is asked for.
    pub broker_statistics: Option<String>,
}
