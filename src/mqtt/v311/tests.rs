use bytes::BytesMut;
use proptest::{collection::vec, prelude::*};
use rumqttc::mqttbytes::v4::Packet;

use super::*;
use crate::mqtt::{
    Login, Necessity, Protocol, Replay,
    testkit::{settings, subscription},
};

fn read(bytes: &[u8]) -> Packet {
    let mut bytes = BytesMut::from(bytes);
    let packet = Packet::read(&mut bytes, 1 << 20).expect("rumqttc reads what we write");
    assert!(bytes.is_empty());
    packet
}

/// Section 3.1 of the specification.
#[test]
fn connect_has_level_4_keeps_the_session_and_has_no_properties() {
    let mut settings = settings(Protocol::V311);
    settings.login = Some(Login { username: "user".to_owned(), password: "secret".to_owned() });
    let bytes = settings.connect().expect("short fields");
    let golden = [
        &[0x10, 34, 0, 4][..],
        b"MQTT",
        &[4, 0b1100_0000, 0, 60],
        &[0, 8],
        b"engine-1",
        &[0, 4],
        b"user",
        &[0, 6],
        b"secret",
    ]
    .concat();
    assert_eq!(bytes, golden);
    let Packet::Connect(connect) = read(&bytes) else { panic!("not a CONNECT") };
    assert!(!connect.clean_session && connect.last_will.is_none());

    settings.login = None;
    let bytes = settings.connect().expect("short fields");
    assert_eq!(bytes[9], 0, "no login, no flags");
}

/// The example of section 3.8.3, with the QoS we ask for.
#[test]
fn subscribe_has_filters_and_levels_and_nothing_else() {
    let both = [
        subscription("a/b"),
        Subscription {
            filter: "c/d".to_owned(),
            qos: QoS::AtMostOnce,
            necessity: Necessity::Optional,
            replay: Replay::New,
        },
    ];
    let bytes = subscribe(10, &both.each_ref()).expect("short filters");
    let golden = [&[0x82, 14, 0, 10, 0, 3][..], b"a/b", &[1, 0, 3], b"c/d", &[0]].concat();
    assert_eq!(bytes, golden);
    assert!(matches!(read(&bytes), Packet::Subscribe(it) if it.filters.len() == 2));
    let bytes = unsubscribe(10, "a/b").expect("a short filter");
    assert_eq!(bytes, [&[0xA2, 7, 0, 10, 0, 3][..], b"a/b"].concat());
    assert!(matches!(read(&bytes), Packet::Unsubscribe(_)));
}

#[test]
fn connack_says_whether_the_session_was_kept() {
    for (flags, expected) in [(0, false), (1, true)] {
        let Ok(Connack::Accepted { session_present, limits }) = connack(&[flags, 0]) else {
            panic!("accepted");
        };
        assert_eq!((session_present, limits), (expected, Limits::UNSPOKEN));
    }
}

#[test]
fn acknowledgements_are_packet_ids_with_codes_only_where_the_broker_may_refuse() {
    let answer = suback(&[1, 2, 0, 1, 2, 0x80]).expect("a good packet");
    assert_eq!((answer.packet_id, answer.codes), (0x102, &[0, 1, 2, 0x80][..]));
    let answer = unsuback(&[1, 2]).expect("a good packet");
    assert_eq!((answer.packet_id, answer.codes), (0x102, &[0][..]), "as if it said success");
    assert_eq!(puback(&[1, 2]), Ok((0x102, 0)));
    assert_eq!(puback(&[1, 2, 0]), Err(ProtocolError::TrailingBytes));
    assert_eq!(puback(&[1]), Err(ProtocolError::Truncated));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packets_of_any_bytes_are_read_or_refused(body in vec(any::<u8>(), 0..80)) {
        let accepted = matches!(connack(&body), Ok(Connack::Accepted { .. }));
        prop_assert_eq!(accepted, body == [0, 0] || body == [1, 0]);
        if let Ok(answer) = suback(&body) {
            prop_assert!(body.ends_with(answer.codes));
        }
        prop_assert_eq!(unsuback(&body).is_ok(), body.len() == 2);
        prop_assert_eq!(puback(&body).is_ok(), body.len() == 2);
    }
}
