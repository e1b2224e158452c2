use rumqttc::{
    mqttbytes::v4,
    v5::mqttbytes::v5::{self, ConnAckProperties},
};

use super::*;
use crate::mqtt::testkit::{connack, no_connack_properties};

const BOTH: [Protocol; 2] = [Protocol::V5, Protocol::V311];

fn settings(protocol: Protocol) -> PublisherSettings {
    let login = Login { username: "anna".to_owned(), password: "hunter2".to_owned() };
    PublisherSettings {
        client_id: "tool-1".to_owned(),
        protocol,
        login: Some(login),
        keep_alive_s: 30,
    }
}

fn opened(protocol: Protocol) -> Publisher {
    let mut publisher = Publisher::new(settings(protocol)).expect("good settings");
    publisher.open(&mut Vec::new());
    publisher
}

/// A CONNACK that announces nothing.
fn accepted(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::V5 => connack(false, None),
        Protocol::V311 => vec![0x20, 2, 0, 0],
    }
}

fn connected(protocol: Protocol) -> Publisher {
    let mut publisher = opened(protocol);
    assert_eq!(answers(&mut publisher, &accepted(protocol)), Ok(vec![Answer::Connected]));
    publisher
}

fn connected_with(properties: ConnAckProperties) -> Publisher {
    let mut publisher = opened(Protocol::V5);
    answers(&mut publisher, &connack(false, Some(properties))).expect("accepted");
    publisher
}

fn answers(publisher: &mut Publisher, bytes: &[u8]) -> Result<Vec<Answer>, SessionError> {
    let mut buffer = BytesMut::from(bytes);
    let mut answers = Vec::new();
    while let Some(answer) = publisher.take(&mut buffer)? {
        answers.push(answer);
    }
    Ok(answers)
}

fn send(publisher: &mut Publisher, qos: QoS) -> Result<Option<u16>, PublishError> {
    publisher.publish("a/b", b"x", qos, false, &mut Vec::new())
}

#[test]
fn connect_asks_for_a_session_that_is_thrown_away() {
    let tail = [&[0, 6][..], b"tool-1", &[0, 4], b"anna", &[0, 7], b"hunter2"].concat();
    for (protocol, head) in [
        (Protocol::V5, &[0x10, 34, 0, 4, b'M', b'Q', b'T', b'T', 5, 0b1100_0010, 0, 30, 0][..]),
        (Protocol::V311, &[0x10, 33, 0, 4, b'M', b'Q', b'T', b'T', 4, 0b1100_0010, 0, 30]),
    ] {
        let mut out = Vec::new();
        Publisher::new(settings(protocol)).expect("good settings").open(&mut out);
        assert_eq!(out, [head, &tail].concat(), "{protocol}");
    }
}

#[test]
fn a_message_reads_as_it_was_sent() {
    for (qos, retain, payload) in [
        (QoS::AtMostOnce, false, &b"{}"[..]),
        (QoS::AtLeastOnce, true, &[7; 300]),
        (QoS::AtLeastOnce, false, b""),
    ] {
        for protocol in BOTH {
            let mut out = Vec::new();
            let packet_id = connected(protocol)
                .publish("homes/h1/door", payload, qos, retain, &mut out)
                .expect("a good message");
            assert_eq!(packet_id, (qos == QoS::AtLeastOnce).then_some(1));
            let mut bytes = BytesMut::from(&out[..]);
            let found = match protocol {
                Protocol::V5 => {
                    let packet = v5::Packet::read(&mut bytes, None).expect("readable");
                    let v5::Packet::Publish(it) = packet else { panic!("{packet:?}") };
                    assert_eq!((it.dup, &it.topic[..]), (false, &b"homes/h1/door"[..]));
                    (it.qos as u8, it.retain, it.pkid, it.payload)
                }
                Protocol::V311 => {
                    let packet = v4::Packet::read(&mut bytes, 1 << 20).expect("readable");
                    let v4::Packet::Publish(it) = packet else { panic!("{packet:?}") };
                    assert_eq!((it.dup, it.topic.as_str()), (false, "homes/h1/door"));
                    (it.qos as u8, it.retain, it.pkid, it.payload)
                }
            };
            let payload = Bytes::copy_from_slice(payload);
            assert_eq!(found, (qos.level(), retain, packet_id.unwrap_or(0), payload), "{protocol}");
            assert!(bytes.is_empty(), "{protocol}");
        }
    }
}

#[test]
fn every_message_has_its_answer() {
    for protocol in BOTH {
        let mut publisher = connected(protocol);
        for packet_id in 1..=3 {
            assert_eq!(send(&mut publisher, QoS::AtLeastOnce), Ok(Some(packet_id)));
        }
        assert_eq!(send(&mut publisher, QoS::AtMostOnce), Ok(None));
        assert_eq!(publisher.unacknowledged(), 3);
        let pubacks = [0x40, 2, 0, 2, 0xD0, 0, 0x40, 2, 0, 1];
        let acknowledged = |packet_id| Answer::Acknowledged { packet_id, refused: None };
        assert_eq!(
            answers(&mut publisher, &pubacks),
            Ok(vec![acknowledged(2), acknowledged(1)]),
            "{protocol}"
        );
        assert_eq!(publisher.unacknowledged(), 1);
        let again = answers(&mut publisher, &[0x40, 2, 0, 1]);
        assert_eq!(again, Err(ProtocolError::AcknowledgementMismatch.into()), "{protocol}");
    }
}

#[test]
fn a_refused_message_says_why() {
    let refused = |code: &[u8], expected| {
        let mut publisher = connected(Protocol::V5);
        send(&mut publisher, QoS::AtLeastOnce).expect("room");
        let length = u8::try_from(2 + code.len()).expect("short");
        let puback = [&[0x40, length, 0, 1], code].concat();
        let answer = Answer::Acknowledged { packet_id: 1, refused: expected };
        assert_eq!(answers(&mut publisher, &puback), Ok(vec![answer]), "{code:02X?}");
    };
    refused(&[0x87], Some(ReasonCode::NotAuthorized));
    refused(&[0x97, 4, 31, 0, 1, b'x'], Some(ReasonCode::QuotaExceeded));
    refused(&[0x10], None);
    refused(&[0, 0], None);

    let mut publisher = connected(Protocol::V311);
    send(&mut publisher, QoS::AtLeastOnce).expect("room");
    let answer = answers(&mut publisher, &[0x40, 3, 0, 1, 0x87]);
    assert_eq!(answer, Err(ProtocolError::TrailingBytes.into()), "3.1.1 cannot refuse");
}

#[test]
fn no_more_are_under_way_than_the_broker_takes() {
    let announced = ConnAckProperties { receive_max: Some(2), ..no_connack_properties() };
    for (mut publisher, limit) in [
        (connected_with(announced), 2),
        (connected(Protocol::V5), UNACKNOWLEDGED_MAX),
        (connected(Protocol::V311), UNACKNOWLEDGED_MAX),
    ] {
        for _ in 0..limit {
            assert!(publisher.has_room());
            send(&mut publisher, QoS::AtLeastOnce).expect("room");
        }
        assert!(!publisher.has_room());
        let mut out = Vec::new();
        let full = publisher.publish("a", b"", QoS::AtLeastOnce, false, &mut out);
        assert_eq!((full, out), (Err(PublishError::WindowFull { limit }), Vec::new()));
        assert_eq!(send(&mut publisher, QoS::AtMostOnce), Ok(None), "QoS 0 waits for nobody");
        answers(&mut publisher, &[0x40, 2, 0, 1]).expect("acknowledged");
        assert!(publisher.has_room());
        assert_eq!(send(&mut publisher, QoS::AtLeastOnce), Ok(Some(limit + 1)));
    }
}

#[test]
fn a_packet_id_in_use_is_not_given_twice() {
    let mut publisher = connected(Protocol::V311);
    assert_eq!(send(&mut publisher, QoS::AtLeastOnce), Ok(Some(1)), "left unanswered");
    for expected in 2..=u16::MAX {
        assert_eq!(send(&mut publisher, QoS::AtLeastOnce), Ok(Some(expected)));
        let [high, low] = expected.to_be_bytes();
        answers(&mut publisher, &[0x40, 2, high, low]).expect("acknowledged");
    }
    assert_eq!(send(&mut publisher, QoS::AtLeastOnce), Ok(Some(2)), "neither 0 nor 1");
}

#[test]
fn what_is_no_topic_name_is_refused() {
    let long = "x".repeat(65_536);
    for topic in ["", "a/+", "#", "a\0b", &long] {
        let mut out = Vec::new();
        let mut publisher = connected(Protocol::V5);
        let refused = publisher.publish(topic, b"", QoS::AtLeastOnce, false, &mut out);
        assert_eq!((refused, out), (Err(PublishError::Topic), Vec::new()));
        assert_eq!(publisher.unacknowledged(), 0, "no packet id is lost");
    }
    let longest = connected(Protocol::V5).publish(
        long.get(1..).expect("65535"),
        b"",
        QoS::AtMostOnce,
        false,
        &mut Vec::new(),
    );
    assert_eq!(longest, Ok(None));
}

#[test]
fn what_the_broker_does_not_take_is_not_sent() {
    let modest = || {
        connected_with(ConnAckProperties {
            max_qos: Some(0),
            retain_available: Some(0),
            max_packet_size: Some(20),
            ..no_connack_properties()
        })
    };
    let mut publisher = modest();
    assert_eq!(send(&mut publisher, QoS::AtLeastOnce), Err(PublishError::QosUnavailable));
    let mut out = Vec::new();
    let retained = publisher.publish("a", b"", QoS::AtMostOnce, true, &mut out);
    assert_eq!(retained, Err(PublishError::RetainUnavailable));
    let long = publisher.publish("a", &[0; 15], QoS::AtMostOnce, false, &mut out);
    assert_eq!((long, out.len()), (Err(PublishError::TooLong { limit: 20 }), 0));
    let fits = publisher.publish("a", &[0; 14], QoS::AtMostOnce, false, &mut out);
    assert_eq!((fits, out.len()), (Ok(None), 20), "exactly the limit");
}

#[test]
fn nothing_is_published_before_connack_and_after_an_error() {
    let mut publisher = opened(Protocol::V311);
    assert_eq!(send(&mut publisher, QoS::AtMostOnce), Err(PublishError::NotConnected));
    assert_eq!(answers(&mut publisher, &[0x20, 2, 0, 0, 0x30, 3, 0, 1, b'a']), {
        Err(ProtocolError::UnexpectedPacket.into())
    });
    assert_eq!(send(&mut publisher, QoS::AtMostOnce), Err(PublishError::NotConnected));
    let mut out = Vec::new();
    publisher.ping(&mut out);
    publisher.disconnect(&mut out);
    assert!(out.is_empty());
    assert_eq!(answers(&mut publisher, &[0x40]), Ok(Vec::new()), "what still comes is not read");
}

#[test]
fn refusals_and_the_other_protocol_are_told_apart() {
    for (protocol, bytes, expected) in [
        (Protocol::V311, &[0x20, 2, 0, 5][..], None),
        (Protocol::V5, &[0x20, 3, 0, 0x87, 0], None),
        (Protocol::V5, &[0x20, 2, 0, 1], Some("set protocol = \"3.1.1\"")),
        (Protocol::V5, &[0x20, 2, 0, 0], Some("set protocol = \"3.1.1\"")),
        (Protocol::V311, &[0x20, 3, 0, 0x84, 0], Some("set protocol = \"5\"")),
        (Protocol::V311, &[0xE0, 1, 0x8E], Some("set protocol = \"5\"")),
    ] {
        let error = answers(&mut opened(protocol), bytes).expect_err("no connection");
        match expected {
            None => assert_eq!(error, SessionError::Refused { code: ReasonCode::NotAuthorized }),
            Some(hint) => assert!(error.to_string().ends_with(hint), "{error}"),
        }
    }
    let publisher = opened(Protocol::V5);
    let text = publisher.closed_by_broker().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains("set protocol = \"3.1.1\""), "{text}");
    assert_eq!(connected(Protocol::V5).closed_by_broker(), None);
}

#[test]
fn answers_come_whole_however_the_bytes_are_cut() {
    for protocol in BOTH {
        let stream = [&accepted(protocol)[..], &[0x40, 2, 0, 1, 0xD0, 0, 0x40, 2, 0, 2]].concat();
        let mut publisher = opened(protocol);
        let mut buffer = BytesMut::new();
        let mut count = 0;
        for byte in stream {
            buffer.extend_from_slice(&[byte]);
            while let Some(answer) = publisher.take(&mut buffer).expect("a good stream") {
                count += 1;
                if answer == Answer::Connected {
                    send(&mut publisher, QoS::AtLeastOnce).expect("room");
                    send(&mut publisher, QoS::AtLeastOnce).expect("room");
                }
            }
        }
        assert_eq!((count, publisher.unacknowledged(), buffer.len()), (3, 0, 0), "{protocol}");
    }
}

#[test]
fn the_brokers_keep_alive_is_obeyed() {
    let seconds = Duration::from_secs;
    assert_eq!(connected(Protocol::V311).keep_alive(), Some(seconds(30)));
    for (imposed, expected) in [(5, Some(seconds(5))), (0, None)] {
        let announced =
            ConnAckProperties { server_keep_alive: Some(imposed), ..no_connack_properties() };
        assert_eq!(connected_with(announced).keep_alive(), expected);
    }
}

#[test]
fn a_new_connection_waits_for_no_old_answer() {
    let mut publisher = connected(Protocol::V5);
    send(&mut publisher, QoS::AtLeastOnce).expect("room");
    let mut out = Vec::new();
    publisher.disconnect(&mut out);
    assert_eq!(out, [0xE0, 0]);
    publisher.open(&mut out);
    assert_eq!(publisher.unacknowledged(), 0);
}

#[test]
fn settings_that_mqtt_cannot_carry_are_refused_and_debug_shows_no_secret() {
    let nameless = PublisherSettings { client_id: String::new(), ..settings(Protocol::V5) };
    assert_eq!(Publisher::new(nameless).err(), Some(SettingsError::ClientId));
    let login = Login { username: String::new(), password: "hunter2".to_owned() };
    for (protocol, expected) in [(Protocol::V5, None), (Protocol::V311, Some(SettingsError::Login))]
    {
        let lone = PublisherSettings { login: Some(login.clone()), ..settings(protocol) };
        assert_eq!(Publisher::new(lone).err(), expected, "{protocol}");
    }
    let shown = format!("{:?} {:?}", settings(Protocol::V5), connected(Protocol::V5));
    assert!(!shown.contains("anna") && !shown.contains("hunter2"), "{shown}");
}
