//! A scripted broker's side for the tests of this room: packets written by rumqttc, events that
//! own their bytes. What both versions can say is said by version; the rest is of MQTT 5.

use std::{num::NonZeroU16, time::Duration};

use bytes::{Bytes, BytesMut};
use rumqttc::{
    mqttbytes::v4,
    v5::mqttbytes::{
        QoS as WireQos,
        v5::{
            ConnAck, ConnAckProperties, ConnectReturnCode, Packet, Publish as WirePublish,
            PublishProperties,
        },
    },
};

use super::{
    Connected, Incoming, Necessity, Protocol, ReadBuffer, Replay, Session, SessionError,
    SessionSettings, Subscription,
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

pub(super) const BOTH: [Protocol; 2] = [Protocol::V5, Protocol::V311];

/// A packet of ours, without what only one version has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Connect,
    Subscribe { packet_id: u16, filters: Vec<(String, u8)> },
    Unsubscribe { packet_id: u16, filters: Vec<String> },
}

/// A session with its buffers and a clock that only the test moves.
pub(super) struct Peer {
    pub(super) protocol: Protocol,
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
            protocol: settings.protocol,
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
    pub(super) fn established(protocol: Protocol) -> Self {
        let mut peer = Self::new(settings(protocol));
        peer.open();
        peer.out.clear();
        peer.receive(&accepted(protocol, false)).expect("accepted");
        let answers = grant_all(protocol, &peer.sent());
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
    pub(super) fn sent(&mut self) -> Vec<Sent> {
        let mut bytes = BytesMut::from(&self.out[..]);
        self.out.clear();
        let mut packets = Vec::new();
        while !bytes.is_empty() {
            packets.push(match self.protocol {
                Protocol::V5 => Packet::read(&mut bytes, None).expect("we write MQTT 5").into(),
                Protocol::V311 => {
                    v4::Packet::read(&mut bytes, 1 << 20).expect("we write MQTT 3.1.1").into()
                }
            });
        }
        packets
    }

    pub(super) fn pass(&mut self, duration: Duration) {
        self.now = self.now + duration;
    }
}

impl From<Packet> for Sent {
    fn from(packet: Packet) -> Self {
        if let Packet::Subscribe(it) = packet {
            let filters = it.filters.into_iter().map(|it| (it.path, it.qos as u8)).collect();
            Self::Subscribe { packet_id: it.pkid, filters }
        } else if let Packet::Unsubscribe(it) = packet {
            Self::Unsubscribe { packet_id: it.pkid, filters: it.filters }
        } else {
            assert!(matches!(packet, Packet::Connect(..)), "{packet:?}");
            Self::Connect
        }
    }
}

impl From<v4::Packet> for Sent {
    fn from(packet: v4::Packet) -> Self {
        if let v4::Packet::Subscribe(it) = packet {
            let filters = it.filters.into_iter().map(|it| (it.path, it.qos as u8)).collect();
            Self::Subscribe { packet_id: it.pkid, filters }
        } else if let v4::Packet::Unsubscribe(it) = packet {
            Self::Unsubscribe { packet_id: it.pkid, filters: it.topics }
        } else {
            assert!(matches!(packet, v4::Packet::Connect(..)), "{packet:?}");
            Self::Connect
        }
    }
}

impl Sent {
    pub(super) fn packet_id(&self) -> u16 {
        match self {
            Self::Connect => panic!("CONNECT has none"),
            Self::Subscribe { packet_id, .. } | Self::Unsubscribe { packet_id, .. } => *packet_id,
        }
    }
}

pub(super) fn settings(protocol: Protocol) -> SessionSettings {
    SessionSettings {
        protocol,
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
        replay: Replay::New,
    }
}

pub(super) fn written(packet: &Packet) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes, None).expect("a packet that can be written");
    bytes.to_vec()
}

/// CONNACK that announces nothing.
pub(super) fn accepted(protocol: Protocol, session_present: bool) -> Vec<u8> {
    match protocol {
        Protocol::V5 => connack(session_present, None),
        Protocol::V311 => {
            let connack = v4::ConnAck::new(v4::ConnectReturnCode::Success, session_present);
            written_v4(&v4::Packet::ConnAck(connack))
        }
    }
}

fn written_v4(packet: &v4::Packet) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes, usize::MAX).expect("a packet that can be written");
    bytes.to_vec()
}

/// With properties, which only MQTT 5 has.
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

/// SUBACK with these codes.
pub(super) fn suback(protocol: Protocol, packet_id: u16, codes: &[u8]) -> Vec<u8> {
    acknowledgement(protocol, 0x90, packet_id, codes)
}

/// UNSUBACK of one filter, which in MQTT 3.1.1 cannot refuse.
pub(super) fn unsuback(protocol: Protocol, packet_id: u16) -> Vec<u8> {
    match protocol {
        Protocol::V5 => acknowledgement(protocol, 0xB0, packet_id, &[0]),
        Protocol::V311 => acknowledgement(protocol, 0xB0, packet_id, &[]),
    }
}

fn acknowledgement(protocol: Protocol, first: u8, packet_id: u16, codes: &[u8]) -> Vec<u8> {
    let properties = protocol.no_properties();
    let length = u8::try_from(2 + properties.len() + codes.len()).expect("a short packet");
    let [high, low] = packet_id.to_be_bytes();
    [&[first, length, high, low], properties, codes].concat()
}

/// The answers of a broker that grants everything it was asked for.
pub(super) fn grant_all(protocol: Protocol, sent: &[Sent]) -> Vec<u8> {
    let answers = sent.iter().map(|packet| match packet {
        Sent::Subscribe { packet_id, filters } => {
            let codes: Vec<u8> = filters.iter().map(|(_, qos)| *qos).collect();
            suback(protocol, *packet_id, &codes)
        }
        Sent::Unsubscribe { packet_id, .. } => unsuback(protocol, *packet_id),
        Sent::Connect => panic!("CONNECT is not granted"),
    });
    answers.flatten().collect()
}

/// A message at QoS 1, or at QoS 0 with packet id 0.
pub(super) fn message(protocol: Protocol, topic: &str, payload: &[u8], packet_id: u16) -> Vec<u8> {
    match protocol {
        Protocol::V5 => publish_with(topic, payload, packet_id, None),
        Protocol::V311 => {
            let qos = if packet_id == 0 { v4_qos(0) } else { v4_qos(1) };
            let mut packet = v4::Publish::new(topic, qos, payload);
            packet.pkid = packet_id;
            written_v4(&v4::Packet::Publish(packet))
        }
    }
}

fn v4_qos(level: u8) -> rumqttc::mqttbytes::QoS {
    rumqttc::mqttbytes::qos(level).expect("0 or 1")
}

/// [`message`] of MQTT 5.
pub(super) fn publish(topic: &str, payload: &[u8], packet_id: u16) -> Vec<u8> {
    message(Protocol::V5, topic, payload, packet_id)
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
