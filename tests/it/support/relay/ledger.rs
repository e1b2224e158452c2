//! What one connection has carried: PUBLISHes towards the engine, PUBACKs back.

use std::collections::{HashSet, VecDeque};

/// Number a test puts into its payloads as `"n":123`, to name a message on the wire.
pub type Tag = u64;

/// One connection of the engine.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// QoS 1 PUBLISHes handed to the engine.
    pub published: u64,
    /// Of these, with DUP.
    pub duplicates: u64,
    /// PUBACKs for them.
    pub acknowledged: u64,
    /// PUBACKs for a packet id that was not outstanding.
    pub stale_acks: u64,
    /// PUBACKs that overtook an older message.
    pub disordered_acks: u64,
    /// SUBSCRIBE packets.
    pub subscribes: u64,
    /// SUBACK packets handed to the engine.
    pub subscribed: u64,
    /// PINGREQ packets.
    pub pings: u64,
    /// The engine said DISCONNECT.
    pub disconnected: bool,
    /// The engine's side has ended.
    pub ended: bool,
    waiting: VecDeque<(u16, Option<Tag>)>,
}

impl Life {
    /// Messages handed to the engine and not acknowledged (at the end, when it has ended).
    pub fn outstanding(&self) -> usize {
        self.waiting.len()
    }

    fn publish(&mut self, header: u8, body: &[u8]) {
        let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
        if header & 0b110 == 0 {
            return;
        }
        let id = u16::from_be_bytes([body[topic + 2], body[topic + 3]]);
        self.published += 1;
        self.duplicates += u64::from(header & 0b1000 != 0);
        self.waiting.push_back((id, tag(&body[topic + 4..])));
    }

    /// Returns the tag of the message that was acknowledged.
    fn puback(&mut self, body: &[u8]) -> Option<Tag> {
        let id = u16::from_be_bytes([body[0], body[1]]);
        let Some(place) = self.waiting.iter().position(|&(waiting, _)| waiting == id) else {
            self.stale_acks += 1;
            return None;
        };
        self.disordered_acks += u64::from(place != 0);
        self.acknowledged += 1;
        self.waiting.remove(place)?.1
    }
}

fn tag(payload: &[u8]) -> Option<Tag> {
    const MARK: &[u8] = b"\"n\":";
    let start = payload.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let digits = payload[start..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.map(|digit| Tag::from(digit - b'0')).reduce(|number, digit| number * 10 + digit)
}

/// Frames on their way to the broker.
#[derive(Default)]
pub struct FromEngine(Frames);

/// Frames on their way to the engine.
#[derive(Default)]
pub struct FromBroker(Frames);

impl FromEngine {
    /// Reads on; `tags` gains those of the messages that are acknowledged.
    pub fn read(&mut self, bytes: &[u8], life: &mut Life, tags: &mut HashSet<Tag>) {
        self.0.read(bytes, |header, body| match header >> 4 {
            4 => tags.extend(life.puback(body)),
            8 => life.subscribes += 1,
            12 => life.pings += 1,
            14 => life.disconnected = true,
            _ => {}
        });
    }
}

impl FromBroker {
    pub fn read(&mut self, bytes: &[u8], life: &mut Life) {
        self.0.read(bytes, |header, body| match header >> 4 {
            3 => life.publish(header, body),
            9 => life.subscribed += 1,
            _ => {}
        });
    }
}

#[derive(Default)]
struct Frames {
    pending: Vec<u8>,
}

impl Frames {
    fn read(&mut self, bytes: &[u8], mut each: impl FnMut(u8, &[u8])) {
        self.pending.extend_from_slice(bytes);
        let mut used = 0;
        while let Some((start, end)) = cut(&self.pending[used..]) {
            each(self.pending[used], &self.pending[used + start..used + end]);
            used += end;
        }
        self.pending.drain(..used);
    }
}

/// Where the body of the first frame starts and ends, when all of it is there.
fn cut(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (place, byte) in bytes.iter().enumerate().skip(1).take(4) {
        length |= usize::from(byte & 0x7f) << (7 * (place - 1));
        if byte & 0x80 == 0 {
            let end = place + 1 + length;
            return (bytes.len() >= end).then_some((place + 1, end));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISH: &[u8] = b"\x32\x0f\x00\x01t\x00\x07\x00{\"n\":123}";

    #[test]
    fn a_frame_in_pieces_counts_once_and_its_ack_frees_it() {
        let (mut down, mut up, mut life) =
            (FromBroker::default(), FromEngine::default(), Life::default());
        for byte in PUBLISH {
            down.read(&[*byte], &mut life);
        }
        assert_eq!((life.published, life.outstanding()), (1, 1));
        let mut tags = HashSet::new();
        up.read(b"\x40\x02\x00\x07", &mut life, &mut tags);
        assert_eq!((life.acknowledged, life.outstanding()), (1, 0));
        assert_eq!(tags, HashSet::from([123]));
    }

    #[test]
    fn an_ack_nobody_waits_for_is_stale_and_a_late_one_is_seen() {
        let (mut down, mut up, mut life) =
            (FromBroker::default(), FromEngine::default(), Life::default());
        down.read(PUBLISH, &mut life);
        down.read(&[&PUBLISH[..6], b"\x08", &PUBLISH[7..]].concat(), &mut life);
        up.read(b"\x40\x02\x00\x08\x40\x02\x00\x09", &mut life, &mut HashSet::new());
        assert_eq!((life.disordered_acks, life.stale_acks, life.outstanding()), (1, 1, 1));
    }
}
