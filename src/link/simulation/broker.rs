//! A broker that keeps a session, with the habits of several.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Chance;
use crate::mqtt::Protocol;

/// One published message. Its number is in its payload and in everything made of it.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) number: u32,
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) qos: u8,
    pub(super) retain: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Broker {
    queue: VecDeque<Published>,
    /// Sent and not acknowledged, by the order of sending.
    in_flight: VecDeque<(u16, Published)>,
    /// To be sent again on this connection, before anything new.
    redeliver: VecDeque<(u16, Published)>,
    next_packet_id: u16,
    /// As CONNECT said.
    protocol: Protocol,
    session: bool,
    receive_maximum: usize,
    connected: bool,
    /// Packet ids in the order of sending on this connection: PUBACKs must follow it.
    expected_acks: VecDeque<u16>,
    to_client: Vec<u8>,
    from_client: Vec<u8>,
    pub(super) acknowledged: BTreeSet<u32>,
    /// Gone with a session the broker forgot: nobody can deliver them.
    pub(super) forgotten: BTreeSet<u32>,
    pub(super) sent_qos_0: BTreeSet<u32>,
    pub(super) deliveries: BTreeMap<u32, u32>,
}

/// Broken promises of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    OutOfOrder,
    UnknownPacket,
}

impl Broker {
    pub(super) fn publish(&mut self, message: Published) {
        if self.session || message.qos == 1 || self.connected {
            self.queue.push_back(message);
        }
    }

    pub(super) fn accept(&mut self) {
        self.connected = true;
        // Nothing is sent before CONNECT has come.
        self.receive_maximum = 0;
        self.to_client.clear();
        self.from_client.clear();
        self.expected_acks.clear();
        self.redeliver = std::mem::take(&mut self.in_flight);
    }

    pub(super) fn cut(&mut self) {
        self.connected = false;
        self.to_client.clear();
        self.from_client.clear();
        // What was to come again still is.
        while let Some(message) = self.redeliver.pop_back() {
            self.in_flight.push_front(message);
        }
        self.in_flight.make_contiguous().sort_by_key(|(_, message)| message.number);
    }

    /// Restarted without persistence: sessions are gone, packet ids start anew.
    pub(super) fn forget_sessions(&mut self) {
        self.session = false;
        self.next_packet_id = 0;
        let waiting = self.in_flight.drain(..).map(|(_, message)| message);
        let waiting: Vec<Published> = waiting.chain(self.queue.drain(..)).collect();
        self.forgotten.extend(waiting.into_iter().map(|message| message.number));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty() && self.redeliver.is_empty()
    }

    /// Bytes for the client, as many as the chance says.
    pub(super) fn bytes(&mut self, chance: &mut Chance) -> Vec<u8> {
        if !self.connected {
            return Vec::new();
        }
        if self.session && self.receive_maximum > 0 {
            self.send_messages(chance);
        }
        let count = chance.below(self.to_client.len() + 1);
        self.to_client.drain(..count).collect()
    }

    fn send_messages(&mut self, chance: &mut Chance) {
        // Some brokers send again with new packet ids and without DUP.
        while let Some((packet_id, message)) = self.redeliver.pop_front() {
            self.send(packet_id, message, true);
        }
        let overshoot = if chance.one_in(20) { 3 } else { 1 };
        while self.in_flight.len() < self.receive_maximum * overshoot {
            let Some(message) = self.queue.pop_front() else { break };
            self.next_packet_id = self.next_packet_id % 40_000 + 1;
            self.send(self.next_packet_id, message, false);
        }
    }

    fn no_properties(&self) -> &'static [u8] {
        match self.protocol {
            Protocol::V5 => &[0],
            Protocol::V311 => &[],
        }
    }

    fn send(&mut self, packet_id: u16, message: Published, dup: bool) {
        *self.deliveries.entry(message.number).or_default() += 1;
        let flags = u8::from(dup) << 3 | message.qos << 1 | u8::from(message.retain);
        let mut body = Vec::new();
        body.extend_from_slice(&u16::try_from(message.topic.len()).expect("short").to_be_bytes());
        body.extend_from_slice(message.topic.as_bytes());
        if message.qos == 1 {
            body.extend_from_slice(&packet_id.to_be_bytes());
        }
        body.extend_from_slice(self.no_properties());
        body.extend_from_slice(&message.payload);
        self.to_client.push(0x30 | flags);
        let mut length = body.len();
        loop {
            let more = length > 127;
            self.to_client.push(u8::try_from(length % 128).expect("7 bits") | u8::from(more) << 7);
            length /= 128;
            if !more {
                break;
            }
        }
        self.to_client.extend_from_slice(&body);
        if message.qos == 1 {
            self.expected_acks.push_back(packet_id);
            self.in_flight.push_back((packet_id, message));
        } else {
            self.sent_qos_0.insert(message.number);
        }
    }

    /// Takes what the client wrote; returns the numbers it acknowledged.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<u32>, Broken> {
        self.from_client.extend_from_slice(bytes);
        let mut acknowledged = Vec::new();
        while let Some((kind, body)) = frame(&mut self.from_client) {
            match kind {
                0x10 => {
                    self.protocol = match body[6..8] {
                        [5, 0] => Protocol::V5,
                        [4, 0] => Protocol::V311,
                        _ => panic!("neither version with a kept session: {body:?}"),
                    };
                    let present = u8::from(self.session);
                    let properties = self.no_properties();
                    self.to_client.extend_from_slice(&[
                        0x20,
                        2 + length_of(properties),
                        present,
                        0,
                    ]);
                    self.to_client.extend_from_slice(properties);
                    self.receive_maximum = 20;
                    if present == 0 {
                        self.in_flight.clear();
                        self.redeliver.clear();
                    }
                }
                0x82 => {
                    let filters = body.split(|byte| *byte == b'#').count() - 1;
                    let statistics = usize::from(body.windows(4).any(|w| w == b"$SYS"));
                    let properties = self.no_properties();
                    let codes = u8::try_from(filters + statistics).expect("few");
                    self.to_client.extend_from_slice(&[0x90, 2 + length_of(properties) + codes]);
                    self.to_client.extend_from_slice(&body[..2]);
                    self.to_client.extend_from_slice(properties);
                    self.to_client.extend(std::iter::repeat_n(1, filters));
                    self.to_client.extend(std::iter::repeat_n(0, statistics));
                    self.session = true;
                }
                0x40 => {
                    let packet_id = u16::from_be_bytes([body[0], body[1]]);
                    if self.expected_acks.pop_front() != Some(packet_id) {
                        return Err(Broken::OutOfOrder);
                    }
                    let position = self.in_flight.iter().position(|(id, _)| *id == packet_id);
                    let position = position.ok_or(Broken::UnknownPacket)?;
                    let (_, message) = self.in_flight.remove(position).expect("found");
                    self.acknowledged.insert(message.number);
                    acknowledged.push(message.number);
                }
                0xc0 => self.to_client.extend_from_slice(&[0xd0, 0]),
                _ => {}
            }
        }
        Ok(acknowledged)
    }
}

fn length_of(properties: &[u8]) -> u8 {
    u8::try_from(properties.len()).expect("none or an empty list")
}

fn frame(bytes: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let kind = *bytes.first()?;
    let (mut length, mut at) = (0_usize, 1);
    loop {
        let byte = *bytes.get(at)?;
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    if bytes.len() < at + length {
        return None;
    }
    let body = bytes[at..at + length].to_vec();
    bytes.drain(..at + length);
    Some((kind, body))
}
