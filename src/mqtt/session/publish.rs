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

#[cfg(test)]
mod tests {
    use crate::mqtt::{
        Protocol,
        testkit::{Peer, message, settings},
    };

    #[test]
    fn a_message_is_written_as_a_broker_reads_it() {
        for protocol in crate::mqtt::testkit::BOTH {
            let mut peer = Peer::established(protocol);
            peer.out.clear();
            peer.session.publish("spBv1.0/g/NCMD/n", b"again", &mut peer.out);
            // A QoS 1 message has two more bytes, those of its number, and other bits in front.
            let other = message(protocol, "spBv1.0/g/NCMD/n", b"again", 7);
            assert_eq!((peer.out[0], peer.out.len() + 2), (0x30, other.len()));
            assert!(peer.out.ends_with(b"again"));
            peer.out.clear();
            peer.session.publish("spBv1.0/+/NCMD/n", b"", &mut peer.out);
            assert!(peer.out.is_empty(), "no topic has a wildcard");
        }
    }

    #[test]
    fn nothing_is_written_before_the_connection_is_established() {
        let mut peer = Peer::new(settings(Protocol::V5));
        peer.open();
        peer.out.clear();
        peer.session.publish("a", b"b", &mut peer.out);
        assert!(peer.out.is_empty());
    }
}
