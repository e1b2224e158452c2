//! The few messages a session sends of its own.

use super::{Phase, Session};
use crate::mqtt::fields::push_variable_integer;

/// Type PUBLISH, QoS 0, not retained.
const PUBLISH: u8 = 0x30;

impl Session {
    /// Appends a message at QoS 0. Before the connection is established nothing is written, nor
    /// under a topic that MQTT cannot write.
    pub fn publish(&mut self, topic: &str, payload: &[u8], out: &mut Vec<u8>) {
        let (Phase::Established, Ok(topic_bytes)) = (self.phase, u16::try_from(topic.len())) else {
            return;
        };
        if topic.is_empty() || topic.contains(['+', '#', '\0']) {
            return;
        }
        let properties = self.settings.protocol.no_properties();
        out.push(PUBLISH);
        push_variable_integer(2 + topic.len() + properties.len() + payload.len(), out);
        out.extend_from_slice(&topic_bytes.to_be_bytes());
        out.extend_from_slice(topic.as_bytes());
        out.extend_from_slice(properties);
        out.extend_from_slice(payload);
    }
}
