//! Asking a node for its births again, without which its aliases mean nothing.

use super::{Sparkplug, key, node::Node, topic::Place};
use crate::{
    decode::{
        decoded::{Decoded, DeviceName},
        memory::{Memory, Shelf},
        request::{Purpose, Request},
        settings::Requests,
    },
    model::Moment,
};

const REBIRTH: &str = "Node Control/Rebirth";

impl Sparkplug {
    /// Asks the node for its births, if that is allowed and it was not asked a moment ago.
    pub(super) fn ask(
        &self,
        place: Place<'_>,
        name: &DeviceName,
        now: Moment,
        memory: &mut Memory,
        out: &mut Decoded,
    ) {
        if self.requests == Requests::Forbidden {
            return;
        }
        let node_name = key(place, name, out);
        if memory.get::<Node>(Shelf::Sparkplug, node_name).is_none() {
            memory.put(Shelf::Sparkplug, node_name, Node::default());
        }
        let node = memory.get::<Node>(Shelf::Sparkplug, node_name);
        if node.is_some_and(|node| node.ask(now.mono)) {
            out.request = Some(Request {
                topic: format!("spBv1.0/{}/NCMD/{}", place.group, place.node),
                payload: command(now.wall.0 / 1_000),
                purpose: Purpose::Rebirth,
            });
        }
    }
}

/// A payload with the one metric `Node Control/Rebirth`, true. A time before 1970 is none.
fn command(milliseconds: i64) -> Vec<u8> {
    let mut payload = Vec::with_capacity(48);
    payload.push(0x08);
    let mut rest = u64::try_from(milliseconds).unwrap_or(0);
    while rest >= 0x80 {
        payload.push(u8::try_from(rest & 0x7f).unwrap_or(0) | 0x80);
        rest >>= 7;
    }
    payload.push(u8::try_from(rest).unwrap_or(0));
    let name = u8::try_from(REBIRTH.len()).unwrap_or(0);
    // The metric: its name, the datatype Boolean, the value true.
    payload.extend([0x12, 2 + name + 4, 0x0a, name]);
    payload.extend(REBIRTH.as_bytes());
    payload.extend([0x20, 11, 0x70, 1]);
    payload
}
