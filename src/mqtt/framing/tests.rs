use bytes::{Bytes, BytesMut};
use proptest::{collection::vec, option, prelude::*, sample::select};
use rumqttc::{
    mqttbytes::v4,
    v5::mqttbytes::{
        QoS as WireQos,
        v5::{Packet, Publish as WirePublish, PublishProperties},
    },
};

use super::*;
use crate::{
    model::QoS,
    mqtt::{
        Publish,
        error::SessionError,
        testkit::{BOTH, Event, MAX_PACKET_BYTES, Peer, message, publish, publish_with, written},
    },
};

/// Everything a broker sends after SUBACK, oversize messages among it.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        4 => vec(any::<u8>(), 0..40),
        1 => vec(any::<u8>(), 100..500),
        1 => (1500_usize..8000).prop_map(|length| {
            (0..length).map(|at| u8::try_from(at % 251).expect("below 251")).collect()
        }),
    ];
    prop_oneof![
        8 => (publishes(), payload).prop_map(|(packet, payload)| {
            written(&Packet::Publish(WirePublish { payload: payload.into(), ..packet }))
        }),
        1 => Just(vec![0xD0, 0]),
    ]
}

fn publishes() -> impl Strategy<Value = WirePublish> {
    (any::<(bool, bool, bool)>(), 1..=u16::MAX, "[a-z/]{1,300}", option::of(properties())).prop_map(
        |((dup, retain, reliable), pkid, topic, properties)| WirePublish {
            dup,
            retain,
            qos: if reliable { WireQos::AtLeastOnce } else { WireQos::AtMostOnce },
            topic: topic.into(),
            pkid: if reliable { pkid } else { 0 },
            payload: Bytes::new(),
            properties,
        },
    )
}

fn properties() -> impl Strategy<Value = PublishProperties> {
    (
        option::of(0..=1_u8),
        option::of(any::<u32>()),
        option::of("[a-z/]{0,9}"),
        option::of(vec(any::<u8>(), 0..200)),
        vec(("[a-z]{0,5}", "\\PC{0,90}"), 0..4),
        option::of("[a-z/]{0,9}"),
    )
        .prop_map(
            |(format, expiry, response_topic, correlation, user_properties, content_type)| {
                PublishProperties {
                    payload_format_indicator: format,
                    message_expiry_interval: expiry,
                    topic_alias: None,
                    response_topic,
                    correlation_data: correlation.map(Into::into),
                    user_properties,
                    subscription_identifiers: Vec::new(),
                    content_type,
                }
            },
        )
}

fn in_chunks(
    protocol: Protocol,
    stream: &[u8],
    sizes: &[usize],
) -> Result<Vec<Event>, SessionError> {
    let mut peer = Peer::established(protocol);
    let mut events = Vec::new();
    let mut sizes = sizes.iter().cycle();
    let mut rest = stream;
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at((*sizes.next().expect("a size")).min(rest.len()));
        peer.receive_into(chunk, &mut events)?;
        rest = behind;
    }
    Ok(events)
}

fn only_publish(bytes: &[u8]) -> Event {
    only_message(Protocol::V5, bytes)
}

fn only_message(protocol: Protocol, bytes: &[u8]) -> Event {
    let events = Peer::established(protocol).receive(bytes).expect("a good packet");
    assert_eq!(events.len(), 1, "{events:?}");
    events.into_iter().next().expect("one event")
}

fn refusal(protocol: Protocol, bytes: &[u8]) -> ProtocolError {
    match Peer::established(protocol).receive(bytes) {
        Err(SessionError::Protocol(error)) => error,
        other => panic!("{bytes:02X?} gave {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chunks_do_not_matter(
        stream in vec(packets(), 1..12).prop_map(|packets| packets.concat()),
        sizes in vec(select(vec![1, 2, 3, 5, 17, 100, 999, 5000]), 1..9),
    ) {
        for protocol in BOTH {
            let whole = in_chunks(protocol, &stream, &[stream.len()]);
            prop_assert!(whole.is_ok());
            prop_assert_eq!(in_chunks(protocol, &stream, &sizes), whole);
        }
    }

    /// What MQTT 5 calls a property list is payload in 3.1.1: only where the payload begins differs.
    #[test]
    fn a_publish_of_3_1_1_has_no_property_list(packet in publishes(), payload in vec(any::<u8>(), 0..99)) {
        let bytes = written(&Packet::Publish(WirePublish { payload: payload.into(), ..packet }));
        prop_assume!(bytes.len() <= MAX_PACKET_BYTES);
        let read = v4::Packet::read(&mut BytesMut::from(&bytes[..]), usize::MAX);
        let Ok(v4::Packet::Publish(theirs)) = read else {
            return Err(TestCaseError::fail("rumqttc does not read it as MQTT 3.1.1"));
        };
        prop_assert_eq!(only_message(Protocol::V311, &bytes), Event::Publish {
            topic: theirs.topic.into_bytes(),
            payload: theirs.payload.to_vec(),
            qos: if theirs.qos as u8 == 1 { QoS::AtLeastOnce } else { QoS::AtMostOnce },
            retain: theirs.retain,
            dup: theirs.dup,
            packet_id: theirs.pkid,
        });
    }

    #[test]
    fn a_publish_reads_as_rumqttc_reads_it(packet in publishes(), payload in vec(any::<u8>(), 0..99)) {
        let bytes = written(&Packet::Publish(WirePublish { payload: payload.into(), ..packet }));
        prop_assume!(bytes.len() <= MAX_PACKET_BYTES);
        let Ok(Packet::Publish(theirs)) = Packet::read(&mut BytesMut::from(&bytes[..]), None) else {
            return Err(TestCaseError::fail("rumqttc does not read its own"));
        };
        prop_assert_eq!(only_publish(&bytes), Event::Publish {
            topic: theirs.topic.to_vec(),
            payload: theirs.payload.to_vec(),
            qos: if theirs.qos == WireQos::AtLeastOnce { QoS::AtLeastOnce } else { QoS::AtMostOnce },
            retain: theirs.retain,
            dup: theirs.dup,
            packet_id: theirs.pkid,
        });
    }

    #[test]
    fn arbitrary_bytes_end_in_events_or_an_error(bytes in vec(any::<u8>(), 0..600), first in select(vec![0x30_u8, 0x32, 0x20, 0x90, 0xD0, 0xE0])) {
        let stream = [&[first][..], &bytes].concat();
        let mut peer = Peer::established(Protocol::V5);
        let mut events = Vec::new();
        if peer.receive_into(&stream, &mut events).is_ok() {
            prop_assert!(peer.buffer.len() <= stream.len());
        }
        prop_assert!(events.len() <= stream.len() / 2);
    }
}

#[test]
fn a_stream_resumes_at_every_byte() {
    let long = vec![7; 3 * MAX_PACKET_BYTES];
    let user_property = PublishProperties {
        user_properties: vec![("k".to_owned(), "v".repeat(150))],
        ..PublishProperties::default()
    };
    let stream = [
        publish("a/b", b"one", 1),
        vec![0xD0, 0],
        publish_with("a/c", &[9; 200], 0, Some(user_property.clone())),
        publish_with("a/long", &long, 2, Some(user_property)),
        publish("a/d", b"", 3),
    ]
    .concat();
    for protocol in BOTH {
        let whole = in_chunks(protocol, &stream, &[stream.len()]).expect("a good stream");
        assert_eq!(whole.len(), 4);
        for cut in 1..stream.len() {
            let halves = in_chunks(protocol, &stream, &[cut, stream.len()]);
            assert_eq!(halves.as_ref(), Ok(&whole), "{protocol}, cut at {cut}");
        }
        assert_eq!(in_chunks(protocol, &stream, &[1]), Ok(whole));
    }
}

#[test]
fn a_publish_without_property_length_is_malformed() {
    // rumqttc's codec takes the frame and waits for more.
    assert_eq!(refusal(Protocol::V5, &[0x32, 5, 0, 1, b'a', 0, 1]), ProtocolError::Properties);
    assert_eq!(refusal(Protocol::V5, &[0x30, 3, 0, 1, b'a']), ProtocolError::Properties);
}

#[test]
fn a_disconnect_with_a_reason_and_nothing_else_is_understood() {
    use crate::mqtt::ReasonCode;
    for (bytes, code) in [
        (&[0xE0, 0][..], ReasonCode::NormalDisconnection),
        (&[0xE0, 1, 0x8E], ReasonCode::SessionTakenOver),
        (&[0xE0, 2, 0x8B, 0], ReasonCode::ServerShuttingDown),
        (&[0xE0, 1, 0x42], ReasonCode::Unassigned),
    ] {
        let error = Peer::established(Protocol::V5).receive(bytes).expect_err("the broker leaves");
        assert_eq!(error, SessionError::ServerDisconnect { code });
        assert_eq!(error.is_takeover(), code == ReasonCode::SessionTakenOver);
    }
}

#[test]
fn three_subscription_identifiers_stay_out_of_the_payload() {
    let body = [&[0, 1, b'a', 6, 11, 1, 11, 2, 11, 3][..], b"payload"].concat();
    let length = u8::try_from(body.len()).expect("short");
    let Event::Publish { payload, .. } = only_publish(&[&[0x30, length], &body[..]].concat())
    else {
        panic!("not a message");
    };
    assert_eq!(payload, b"payload");
}

#[test]
fn what_no_broker_may_send() {
    let in_both = [
        (&[0x30, 0x80, 0x80, 0x80, 0x80][..], ProtocolError::RemainingLength),
        (&[0x34, 6, 0, 1, b'a', 0, 1, 0], ProtocolError::QosTwo),
        (&[0x36, 6, 0, 1, b'a', 0, 1, 0], ProtocolError::QosThree),
        (&[0x32, 6, 0, 1, b'a', 0, 0, 0], ProtocolError::PacketIdZero),
        (&[0x32, 5, 0, 0, 0, 1, 0], ProtocolError::EmptyTopic),
        (&[0x30, 1, 0], ProtocolError::Truncated),
        (&[0x30, 0], ProtocolError::Truncated),
        (&[0x30, 3, 0, 9, b'a'], ProtocolError::Truncated),
        (&[0x32, 4, 0, 1, b'a', 0], ProtocolError::Truncated),
        (&[0xD0, 1, 0], ProtocolError::TrailingBytes),
        (&[0xD1], ProtocolError::ReservedBits),
        (&[0x91], ProtocolError::ReservedBits),
        (&[0xE8], ProtocolError::ReservedBits),
        (&[0x00], ProtocolError::UnexpectedPacket),
        (&[0x10], ProtocolError::UnexpectedPacket),
        (&[0x40], ProtocolError::UnexpectedPacket),
        (&[0x62], ProtocolError::UnexpectedPacket),
        (&[0xF0], ProtocolError::UnexpectedPacket),
        (b"HTTP/1.1 400 Bad Request", ProtocolError::UnexpectedPacket),
        (&[0xE0, 0x81, 0x80, 0x04], ProtocolError::PacketTooLarge),
    ];
    let in_v5 = [
        (&[0x30, 7, 0, 1, b'a', 3, 35, 0, 1][..], ProtocolError::TopicAlias),
        (&[0x30, 5, 0, 1, b'a', 9, 1], ProtocolError::Properties),
    ];
    for protocol in BOTH {
        for (bytes, expected) in in_both {
            assert_eq!(refusal(protocol, bytes), expected, "{protocol}, {bytes:02X?}");
        }
    }
    for (bytes, expected) in in_v5 {
        assert_eq!(refusal(Protocol::V5, bytes), expected, "{bytes:02X?}");
        assert!(matches!(only_message(Protocol::V311, bytes), Event::Publish { .. }), "payload");
    }
}

#[test]
fn a_topic_that_is_no_topic_name_is_data_and_not_an_error() {
    for topic in [&b"a\0b"[..], b"a/+", b"#", &[0xFF, 0xFE], &[0xED, 0xA0, 0x80]] {
        let length = u8::try_from(topic.len() + 3).expect("short");
        let width = u8::try_from(topic.len()).expect("short");
        let bytes = [&[0x30, length, 0, width], topic, &[0]].concat();
        let Event::Publish { topic: found, .. } = only_publish(&bytes) else {
            panic!("not a message");
        };
        assert_eq!(found, topic);
        let publish = Publish::parse(Protocol::V5, 0x30, &bytes[2..]).expect("a good packet");
        assert_eq!(publish.topic_name(), None, "{topic:02X?}");
    }
    let long = "x".repeat(60_000);
    let bytes = publish(&long, b"", 0);
    let publish = Publish::parse(Protocol::V5, 0x30, &bytes[4..]).expect("a good packet");
    assert_eq!(publish.topic_name(), Some(long.as_str()));
}

#[test]
fn an_oversize_message_passes_by_unbuffered() {
    let payload: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    for protocol in BOTH {
        let next = message(protocol, "a/b", b"next", 78);
        let long = message(protocol, "a/long", &payload, 77);
        let (last_byte, most) = long.split_last().expect("long");
        let last = [&[*last_byte], &next[..]].concat();
        let mut peer = Peer::established(protocol);
        let mut capacity = 0;
        for chunk in most.chunks(30_000) {
            assert_eq!(peer.receive(chunk), Ok(Vec::new()), "not before its last byte");
            capacity = capacity.max(peer.buffer.bytes.capacity());
        }
        assert!(capacity <= 2 * START_BYTES, "{capacity}");
        let events = peer.receive(&last).expect("a good stream");
        let [
            Event::Oversize { topic, payload_start, payload_len, packet_id },
            Event::Publish { payload: next, .. },
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        assert_eq!((&topic[..], *payload_len, *packet_id), (&b"a/long"[..], payload.len(), 77));
        assert_eq!(payload_start[..], payload[..Oversize::KEPT_BYTES], "{protocol}");
        assert_eq!(next, b"next");
    }
}

#[test]
fn the_limit_counts_the_whole_packet() {
    for (protocol, head_bytes) in [(Protocol::V5, 7), (Protocol::V311, 6)] {
        let fits = message(protocol, "t", &[1; MAX_PACKET_BYTES][head_bytes..], 0);
        assert_eq!(fits.len(), MAX_PACKET_BYTES);
        assert!(matches!(only_message(protocol, &fits), Event::Publish { .. }));
        let longer = message(protocol, "t", &[1; MAX_PACKET_BYTES][head_bytes - 1..], 0);
        assert!(matches!(only_message(protocol, &longer), Event::Oversize { .. }));
    }
}

/// A publisher writes user properties, so however long they are they must not stop the link.
#[test]
fn properties_of_any_length_are_passed_over() {
    let large = |count: usize| PublishProperties {
        user_properties: vec![("k".to_owned(), "v".repeat(60_000)); count],
        ..PublishProperties::default()
    };
    for count in [1, 2, 20] {
        let stream = [publish_with("a/b", b"payload", 5, Some(large(count))), publish("c", b"", 6)];
        let mut peer = Peer::established(Protocol::V5);
        let mut events = Vec::new();
        for chunk in stream.concat().chunks(1000) {
            peer.receive_into(chunk, &mut events).expect("a good stream");
        }
        let [Event::Oversize { payload_start, payload_len: 7, packet_id: 5, .. }, _] = &events[..]
        else {
            panic!("{count}: {events:?}");
        };
        assert_eq!(payload_start, b"payload");
        assert!(peer.buffer.bytes.capacity() <= 2 * START_BYTES);
    }
}

#[test]
fn an_oversize_message_is_checked_like_any_other() {
    let oversize = |first: u8, body: &[u8]| [&[first, 0x80, 0x80, 0x01], body].concat();
    for protocol in BOTH {
        for (bytes, expected) in [
            (oversize(0x34, &[0, 1, b'a', 0, 1, 0]), ProtocolError::QosTwo),
            (oversize(0x32, &[0, 1, b'a', 0, 0, 0]), ProtocolError::PacketIdZero),
            (oversize(0x30, &[0, 0, 0]), ProtocolError::EmptyTopic),
        ] {
            assert_eq!(refusal(protocol, &bytes), expected, "{protocol}, {bytes:02X?}");
        }
        // A topic that reaches past its packet, which the limit makes oversize.
        let mut peer = Peer::established(protocol);
        peer.buffer = ReadBuffer::new(4);
        let answer = peer.receive(&[0x30, 4, 0, 9, b'a', b'b']);
        assert_eq!(answer, Err(ProtocolError::Truncated.into()), "{protocol}");
    }
    for (bytes, expected) in [
        (oversize(0x30, &[0, 1, b'a', 3, 35, 0, 1]), ProtocolError::TopicAlias),
        (oversize(0x30, &[0, 1, b'a', 0xFF, 0xFF, 0xFF, 0x7F]), ProtocolError::Properties),
        (oversize(0x30, &[0, 1, b'a', 0xFF, 0xFF, 0xFF, 0xFF]), ProtocolError::Properties),
    ] {
        assert_eq!(refusal(Protocol::V5, &bytes), expected, "{bytes:02X?}");
    }
}

#[test]
fn the_buffer_grows_for_a_large_message_and_shrinks_again() {
    let limit = 1024 * 1024;
    let mut peer = Peer::established(Protocol::V5);
    peer.buffer = ReadBuffer::new(limit);
    let large = publish("t", &vec![1; limit - 100], 1);
    for chunk in large.chunks(50_000) {
        peer.receive(chunk).expect("a good stream");
        assert!(peer.buffer.is_empty() || peer.buffer.buffer_mut().capacity() >= large.len());
    }
    let grown = peer.buffer.bytes.capacity();
    assert!((large.len()..limit + 2 * START_BYTES).contains(&grown), "{grown}");
    for packet_id in 1..=u16::from(ROOMY_REFILLS_BEFORE_SHRINKING) + 1 {
        assert_eq!(peer.receive(&publish("t", b"small", packet_id)).map(|it| it.len()), Ok(1));
    }
    assert_eq!(peer.buffer.bytes.capacity(), START_BYTES);
}

#[test]
fn ordinary_traffic_never_leaves_the_first_buffer() {
    let mut peer = Peer::established(Protocol::V5);
    let start = peer.buffer.bytes.as_ptr();
    let stream: Vec<u8> = (1..=2000).flat_map(|id| publish("homes/h/d", &[3; 150], id)).collect();
    for chunk in stream.chunks(40_000) {
        peer.receive(chunk).expect("a good stream");
        assert_eq!(peer.buffer.bytes.as_ptr(), start);
        assert_eq!(peer.buffer.bytes.capacity(), START_BYTES);
    }
}

#[test]
fn there_is_always_room_to_read() {
    let mut buffer = ReadBuffer::new(MAX_PACKET_BYTES);
    for _ in 0..3 * START_BYTES {
        let bytes = buffer.buffer_mut();
        assert!(bytes.capacity() > bytes.len());
        bytes.extend_from_slice(&[0xD0]);
    }
}

#[test]
fn a_cleared_buffer_knows_nothing_of_a_half_passed_packet() {
    let mut peer = Peer::established(Protocol::V5);
    let oversize = publish("a/long", &[7; 3 * MAX_PACKET_BYTES], 1);
    assert_eq!(peer.receive(&oversize[..MAX_PACKET_BYTES]), Ok(Vec::new()));
    peer.buffer.clear();
    assert_eq!(peer.receive(&publish("a", b"", 2)).map(|it| it.len()), Ok(1));
    assert!(peer.buffer.is_empty());
}

#[test]
fn debug_shows_no_messages() {
    let mut peer = Peer::established(Protocol::V5);
    let bytes = [publish("a/long", &[77; 3 * MAX_PACKET_BYTES], 1), vec![0x31, 77]].concat();
    for cut in [MAX_PACKET_BYTES, bytes.len()] {
        peer.buffer.clear();
        peer.receive(&bytes[..cut]).expect("a good stream");
        let shown = format!("{:?}", peer.buffer);
        assert!(
            !shown.contains("77") && !shown.contains("MMM") && !shown.contains("a/long"),
            "{shown}"
        );
    }
}
