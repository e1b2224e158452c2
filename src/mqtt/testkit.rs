//! A scripted broker's side for the tests of this room: packets written by rumqttc, events that
//! own their bytes.

use std::{num::NonZeroU16, time::Duration};

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::{
    QoS as WireQos,
    v5::{
        ConnAck, ConnAckProperties, ConnectReturnCode, Filter, Packet, Publish as WirePublish,
        PublishProperties, SubAck, SubscribeReasonCode, UnsubAck, UnsubAckReason,
    },
};

use super::{
    Connected, Incoming, Necessity, Protocol, ReadBuffer, Session, SessionError, SessionSettings,
    Subscription,
};
use crate::model::{Mono, QoS};

/// An [`Incoming`] that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Connected(Connected),
    Subscribed,
    Publish { topic: Vec<u8>, payload: Vec<u8>, qos: QoS, retain: bool, dup: bool, packet_id: u16 },
    Oversize { topic: Vec<u8>, payload_start: Vec<u8>, payload_len: usize, packet_id: u16 },
}

impl From<Incoming<'_>> for Event {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Connected(connected) => Self::Connected(connected),
            Incoming::Subscribed => Self::Subscribed,
            Incoming::Publish(it) => Self::Publish {
                topic: it.topic.to_vec(),
                payload: it.payload.to_vec(),
                qos: it.qos,
                retain: it.retain,
                dup: it.dup,
                packet_id: it.packet_id,
            },
            Incoming::Oversize(it) => Self::Oversize {
                topic: it.topic,
                payload_start: it.payload_start,
                payload_len: it.payload_len,
                packet_id: it.packet_id,
            },
        }
    }
}

/// A session with its buffers and a clock that only the test moves.
pub(super) struct Peer {
    pub(super) session: Session,
    pub(super) buffer: ReadBuffer,
    pub(super) out: Vec<u8>,
    pub(super) now: Mono,
}

pub(super) const MAX_PACKET_BYTES: usize = 2000;

impl Peer {
    /// Closed.
    pub(super) fn new(settings: SessionSettings) -> Self {
        Self {
            session: Session::new(settings).expect("settings that MQTT can carry"),
            buffer: ReadBuffer::new(MAX_PACKET_BYTES),
            out: Vec::new(),
            now: Mono(1_000_000),
        }
    }

    /// CONNECT is in `out`.
    pub(super) fn open(&mut self) {
        self.session.open(&mut self.buffer, self.now, &mut self.out);
    }

    /// Connected and subscribed, `out` empty.
    pub(super) fn established() -> Self {
        let mut peer = Self::new(settings());
        peer.open();
        peer.out.clear();
        peer.receive(&connack(false, None)).expect("accepted");
        let answers = grant_all(&peer.sent());
        assert_eq!(peer.receive(&answers), Ok(vec![Event::Subscribed]));
        peer
    }

    /// Feeds bytes and takes every event they make.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<Vec<Event>, SessionError> {
        let mut events = Vec::new();
        self.receive_into(bytes, &mut events).map(|()| events)
    }

    /// The same, keeping what came before an error.
    pub(super) fn receive_into(
        &mut self,
        bytes: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), SessionError> {
        self.buffer.buffer_mut().extend_from_slice(bytes);
        self.session.bytes_arrived(self.now);
        while let Some(incoming) = self.session.next(&mut self.buffer, self.now, &mut self.out)? {
            events.push(incoming.into());
        }
        Ok(())
    }

    /// Takes what was to be written, parsed by rumqttc.
    pub(super) fn sent(&mut self) -> Vec<Packet> {
        let mut bytes = BytesMut::from(&self.out[..]);
        self.out.clear();
        let mut packets = Vec::new();
        while !bytes.is_empty() {
            packets.push(Packet::read(&mut bytes, None).expect("rumqttc reads what we write"));
        }
        packets
    }

    pub(super) fn pass(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }
}

pub(super) fn settings() -> SessionSettings {
    SessionSettings {
        protocol: Protocol::V5,
        client_id: "engine-1".to_owned(),
        login: None,
        keep_alive_s: 60,
        session_expiry_s: 86_400,
        receive_maximum: NonZeroU16::new(10_000).expect("not zero"),
        subscriptions: vec![subscription("homes/+/zigbee2mqtt/#")],
        allow_downgrade: false,
        connect_timeout: Duration::from_secs(10),
        subscribe_timeout: Duration::from_secs(20),
    }
}

pub(super) fn subscription(filter: &str) -> Subscription {
    Subscription {
        filter: filter.to_owned(),
        qos: QoS::AtLeastOnce,
        necessity: Necessity::Required,
    }
}

pub(super) fn written(packet: &Packet) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes, None).expect("a packet that can be written");
    bytes.to_vec()
}

pub(super) fn connack(session_present: bool, properties: Option<ConnAckProperties>) -> Vec<u8> {
    let code = ConnectReturnCode::Success;
    written(&Packet::ConnAck(ConnAck { session_present, code, properties }))
}

pub(super) fn no_connack_properties() -> ConnAckProperties {
    ConnAckProperties {
        session_expiry_interval: None,
        receive_max: None,
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: None,
        topic_alias_max: None,
        reason_string: None,
        user_properties: Vec::new(),
        wildcard_subscription_available: None,
        subscription_identifiers_available: None,
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
    }
}

pub(super) fn suback(packet_id: u16, codes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(3 + codes.len()).expect("a short SUBACK");
    let [high, low] = packet_id.to_be_bytes();
    [&[0x90, length, high, low, 0], codes].concat()
}

/// The answers of a broker that grants everything it was asked for.
pub(super) fn grant_all(sent: &[Packet]) -> Vec<u8> {
    let mut answers = Vec::new();
    for packet in sent {
        let answer = if let Packet::Subscribe(subscribe) = packet {
            let grant = |it: &Filter| SubscribeReasonCode::Success(it.qos);
            Packet::SubAck(SubAck {
                pkid: subscribe.pkid,
                return_codes: subscribe.filters.iter().map(grant).collect(),
                properties: None,
            })
        } else if let Packet::Unsubscribe(unsubscribe) = packet {
            Packet::UnsubAck(UnsubAck {
                pkid: unsubscribe.pkid,
                reasons: vec![UnsubAckReason::Success; unsubscribe.filters.len()],
                properties: None,
            })
        } else {
            panic!("unexpected {packet:?}")
        };
        answers.extend(written(&answer));
    }
    answers
}

pub(super) fn publish(topic: &str, payload: &[u8], packet_id: u16) -> Vec<u8> {
    publish_with(topic, payload, packet_id, None)
}

/// QoS 1, or QoS 0 with packet id 0.
pub(super) fn publish_with(
    topic: &str,
    payload: &[u8],
    packet_id: u16,
    properties: Option<PublishProperties>,
) -> Vec<u8> {
    let qos = if packet_id == 0 { WireQos::AtMostOnce } else { WireQos::AtLeastOnce };
    let mut packet = WirePublish::new(topic, qos, Bytes::copy_from_slice(payload), properties);
    packet.pkid = packet_id;
    written(&Packet::Publish(packet))
}
