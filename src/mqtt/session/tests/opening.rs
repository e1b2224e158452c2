//! CONNECT, CONNACK, DISCONNECT, and what belongs to which connection.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::ConnAckProperties;

use crate::{
    model::{Mono, QoS},
    mqtt::{
        Connected, Downgrade, Login, Origin, Protocol, ProtocolError, ReasonCode, Retry, Session,
        SessionError, SettingsError,
        session::Intake,
        testkit::{
            BOTH, Event, Peer, Sent, accepted, connack, grant_all, message, no_connack_properties,
            settings, suback, subscription, unsuback,
        },
    },
};

fn opened(protocol: Protocol) -> Peer {
    let mut peer = Peer::new(settings(protocol));
    peer.open();
    peer.out.clear();
    peer
}

fn accept(peer: &mut Peer, properties: ConnAckProperties) -> Result<Vec<Event>, SessionError> {
    peer.receive(&connack(false, Some(properties)))
}

fn origin(events: &[Event]) -> Origin {
    match events {
        [Event::Connected(Connected { origin, .. }), ..] => *origin,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_begins_with_connect_and_nothing_else() {
    for protocol in BOTH {
        let mut peer = Peer::new(settings(protocol));
        peer.open();
        assert!(matches!(peer.sent()[..], [Sent::Connect]));
        assert_eq!(peer.session.deadline(), peer.now + Duration::from_secs(10));
    }
}

#[test]
fn a_broker_that_never_answers_is_given_up() {
    for protocol in BOTH {
        let mut peer = opened(protocol);
        peer.pass(Duration::from_micros(9_999_999));
        assert_eq!(peer.session.tick(peer.now, Intake::Flowing, &mut peer.out), Ok(()));
        peer.pass(Duration::from_micros(1));
        let tick = peer.session.tick(peer.now, Intake::Flowing, &mut peer.out);
        assert_eq!(tick, Err(SessionError::ConnectTimeout));
        assert!(peer.out.is_empty(), "no PINGREQ before CONNACK");
        assert_eq!(peer.session.deadline(), Mono(u64::MAX), "closed");
    }
}

#[test]
fn the_origin_of_the_session_is_told() {
    for protocol in BOTH {
        let mut peer = opened(protocol);
        assert_eq!(
            origin(&peer.receive(&accepted(protocol, false)).expect("accepted")),
            Origin::Fresh
        );
        peer.open();
        assert_eq!(
            origin(&peer.receive(&accepted(protocol, true)).expect("accepted")),
            Origin::Resumed
        );
        peer.open();
        assert_eq!(
            origin(&peer.receive(&accepted(protocol, false)).expect("accepted")),
            Origin::Lost
        );

        let mut restarted = opened(protocol);
        assert_eq!(
            origin(&restarted.receive(&accepted(protocol, true)).expect("accepted")),
            Origin::Resumed
        );
    }
}

#[test]
fn nothing_but_connack_may_come_first() {
    for protocol in BOTH {
        for early in [
            message(protocol, "a", b"", 1),
            vec![0xD0, 0],
            suback(protocol, 1, &[1]),
            unsuback(protocol, 1),
        ] {
            assert_eq!(
                opened(protocol).receive(&early),
                Err(ProtocolError::UnexpectedPacket.into())
            );
        }
        let mut peer = Peer::established(protocol);
        let again = peer.receive(&accepted(protocol, true));
        assert_eq!(again, Err(ProtocolError::UnexpectedPacket.into()));
    }
}

#[test]
fn an_oversize_message_may_not_come_first_either() {
    for protocol in BOTH {
        let early = message(protocol, "a", &[0; 5000], 1);
        assert_eq!(opened(protocol).receive(&early), Err(ProtocolError::UnexpectedPacket.into()));
    }
}

/// A stale acknowledgement deletes somebody else's message, and a stale message would be
/// acknowledged in the wrong epoch.
#[test]
fn nothing_of_the_old_connection_reaches_the_new_one() {
    for protocol in BOTH {
        let mut peer = Peer::established(protocol);
        let leftovers =
            [message(protocol, "old", b"1", 1), message(protocol, "old", b"2", 2)].concat();
        peer.buffer.buffer_mut().extend_from_slice(&leftovers);
        peer.session.acknowledge(1, &mut peer.out);
        peer.open();
        assert!(peer.buffer.is_empty());
        peer.session.acknowledge(2, &mut peer.out);
        assert!(matches!(peer.sent()[..], [Sent::Connect]));
        let events = peer.receive(&accepted(protocol, true)).expect("accepted");
        assert_eq!(events.len(), 2, "{events:?}");
    }
}

#[test]
fn a_closed_session_reads_and_writes_nothing() {
    for protocol in BOTH {
        let mut peer = Peer::established(protocol);
        peer.session.disconnect(&mut peer.out);
        assert_eq!(peer.out, [0xE0, 0]);
        peer.out.clear();
        peer.session.acknowledge(1, &mut peer.out);
        peer.session.disconnect(&mut peer.out);
        peer.pass(Duration::from_secs(1000));
        assert_eq!(peer.session.tick(peer.now, Intake::Flowing, &mut peer.out), Ok(()));
        assert_eq!(peer.receive(&message(protocol, "late", b"", 9)), Ok(Vec::new()));
        assert!(peer.out.is_empty());
        assert_eq!(peer.session.deadline(), Mono(u64::MAX));
    }
}

#[test]
fn an_error_closes_the_session() {
    for protocol in BOTH {
        let mut peer = Peer::established(protocol);
        let poison = [&[0x36, 0][..], &message(protocol, "a", b"", 1)].concat();
        assert_eq!(peer.receive(&poison), Err(ProtocolError::QosThree.into()));
        assert_eq!(peer.receive(&[]), Ok(Vec::new()));
        peer.session.acknowledge(1, &mut peer.out);
        assert!(peer.out.is_empty());
    }
}

#[test]
fn acknowledgements_are_written_as_they_come() {
    for protocol in BOTH {
        let mut peer = Peer::established(protocol);
        for packet_id in [1, 256, 65_535] {
            peer.session.acknowledge(packet_id, &mut peer.out);
        }
        assert_eq!(peer.out, [0x40, 2, 0, 1, 0x40, 2, 1, 0, 0x40, 2, 255, 255]);
    }
}

#[test]
fn refusals_say_whether_to_hurry() {
    for (byte, code, retry) in [
        (0x88, ReasonCode::ServerUnavailable, Retry::Soon),
        (0x89, ReasonCode::ServerBusy, Retry::Soon),
        (0x85, ReasonCode::ClientIdNotValid, Retry::Slowly),
        (0x86, ReasonCode::BadUserNameOrPassword, Retry::Slowly),
        (0x87, ReasonCode::NotAuthorized, Retry::Slowly),
        (0x8A, ReasonCode::Banned, Retry::Slowly),
        (0x42, ReasonCode::Unassigned, Retry::Slowly),
    ] {
        let error = opened(Protocol::V5).receive(&[0x20, 3, 0, byte, 0]).expect_err("refused");
        assert_eq!(error, SessionError::Refused { code });
        assert_eq!((error.retry(), error.detail()), (retry, Some(code)));
    }
}

#[test]
fn a_downgrade_is_a_fault_unless_allowed() {
    let no_qos_one = || ConnAckProperties { max_qos: Some(0), ..no_connack_properties() };
    let short =
        || ConnAckProperties { session_expiry_interval: Some(3600), ..no_connack_properties() };
    let faults = [
        (no_qos_one(), Downgrade::MaximumQos),
        (short(), Downgrade::SessionExpiry { granted_s: 3600 }),
    ];
    for (properties, downgrade) in faults {
        let error = accept(&mut opened(Protocol::V5), properties.clone()).expect_err("a fault");
        assert_eq!(error, SessionError::Downgraded(downgrade));
        assert_eq!(error.retry(), Retry::Slowly);

        let mut indulgent = settings(Protocol::V5);
        indulgent.allow_downgrade = true;
        let mut peer = Peer::new(indulgent);
        peer.open();
        assert_eq!(accept(&mut peer, properties).map(|events| events.len()), Ok(1));
    }
}

#[test]
fn what_is_no_downgrade_passes() {
    let longer = ConnAckProperties {
        session_expiry_interval: Some(u32::MAX),
        max_qos: Some(1),
        ..no_connack_properties()
    };
    assert!(accept(&mut opened(Protocol::V5), longer).is_ok());
    let mut modest = settings(Protocol::V5);
    modest.subscriptions[0].qos = QoS::AtMostOnce;
    let mut peer = Peer::new(modest);
    peer.open();
    let no_qos_one = ConnAckProperties { max_qos: Some(0), ..no_connack_properties() };
    assert!(accept(&mut peer, no_qos_one).is_ok());
}

/// A session that the broker lost is asked for again even when CONNACK was no good otherwise.
#[test]
fn a_lost_session_stays_lost_when_the_connack_was_a_downgrade() {
    let mut peer = Peer::established(Protocol::V5);
    peer.open();
    let short = ConnAckProperties { session_expiry_interval: Some(1), ..no_connack_properties() };
    assert!(accept(&mut peer, short).is_err());
    peer.open();
    peer.out.clear();
    assert_eq!(peer.receive(&connack(true, None)).map(|events| events.len()), Ok(1));
    let answers = grant_all(Protocol::V5, &peer.sent());
    assert_eq!(peer.receive(&answers), Ok(vec![Event::Subscribed]));
}

#[test]
fn settings_that_mqtt_cannot_carry_are_refused() {
    let long = "x".repeat(65_536);
    for client_id in ["", "a\0b", &long] {
        let wrong = crate::mqtt::SessionSettings {
            client_id: client_id.to_owned(),
            ..settings(Protocol::V5)
        };
        assert_eq!(Session::new(wrong).err(), Some(SettingsError::ClientId));
    }
    for (username, password) in [("u", long.as_str()), (long.as_str(), "p"), ("a\0b", "p")] {
        let login = Login { username: username.to_owned(), password: password.to_owned() };
        let wrong = crate::mqtt::SessionSettings { login: Some(login), ..settings(Protocol::V5) };
        assert_eq!(Session::new(wrong).err(), Some(SettingsError::Login));
    }
    for filter in ["", "a\0b", &long] {
        let subscriptions = vec![subscription("a"), subscription(filter)];
        let wrong = crate::mqtt::SessionSettings { subscriptions, ..settings(Protocol::V5) };
        assert_eq!(Session::new(wrong).err(), Some(SettingsError::Filter { index: 1 }));
    }
    let twice = vec![subscription("a"), subscription("b"), subscription("a")];
    let mut session = Session::new(settings(Protocol::V5)).expect("good settings");
    assert_eq!(session.set_subscriptions(twice), Err(SettingsError::DuplicateFilter { index: 2 }));
}

#[test]
fn debug_shows_no_secrets() {
    for protocol in BOTH {
        let login = Login { username: "anna".to_owned(), password: "hunter2".to_owned() };
        let secret = crate::mqtt::SessionSettings { login: Some(login), ..settings(protocol) };
        let shown = format!("{:?}", Session::new(secret).expect("good settings"));
        assert!(!shown.contains("anna") && !shown.contains("hunter2"), "{shown}");
        let in_bytes = format!("{:?}", b"hunter2").replace(['[', ']'], "");
        assert!(!shown.contains(&in_bytes), "{shown}");
    }
}

/// Two bytes in 3.1.1, and in MQTT 5 where the broker does not speak it.
#[test]
fn a_connack_of_two_bytes_refuses_with_the_codes_of_3_1_1() {
    use ReasonCode::{BadUserNameOrPassword, ClientIdNotValid, NotAuthorized, ServerUnavailable};
    for protocol in BOTH {
        for (byte, code) in [
            (2, ClientIdNotValid),
            (3, ServerUnavailable),
            (4, BadUserNameOrPassword),
            (5, NotAuthorized),
            (6, ReasonCode::Unassigned),
            (0x87, NotAuthorized),
        ] {
            let answer = opened(protocol).receive(&[0x20, 2, 0, byte]);
            assert_eq!(answer, Err(SessionError::Refused { code }), "{protocol}, {byte}");
        }
        for (bytes, expected) in [
            (&[0x20, 2, 1, 5][..], ProtocolError::RefusedWithSession),
            (&[0x20, 2, 2, 0], ProtocolError::ReservedBits),
            (&[0x20, 1, 0], ProtocolError::Truncated),
            (&[0x20, 0], ProtocolError::Truncated),
        ] {
            assert_eq!(opened(protocol).receive(bytes), Err(expected.into()), "{protocol}");
        }
    }
}

#[test]
fn a_broker_of_the_other_version_is_told_by_its_remedy() {
    for (ours, bytes, remedy) in [
        (Protocol::V5, &[0x20, 2, 0, 1][..], "set protocol = \"3.1.1\""),
        (Protocol::V5, &[0x20, 3, 0, 0x84, 0], "set protocol = \"3.1.1\""),
        (Protocol::V5, &[0x20, 2, 1, 0], "set protocol = \"3.1.1\""),
        (Protocol::V311, &[0x20, 2, 0, 1], "set protocol = \"5\""),
        (Protocol::V311, &[0x20, 3, 0, 0x84, 0], "set protocol = \"5\""),
        (Protocol::V311, &[0x20, 3, 1, 0, 0], "set protocol = \"5\""),
    ] {
        let error = opened(ours).receive(bytes).expect_err("another version");
        assert_eq!(error, SessionError::OtherProtocol { ours }, "{bytes:02X?}");
        assert_eq!(error.retry(), Retry::Slowly);
        assert!(error.to_string().contains(remedy), "{error}");
    }
}

/// In 3.1.1 only clients send it.
#[test]
fn a_disconnect_of_the_broker_is_a_breach_in_3_1_1() {
    for bytes in [&[0xE0, 0][..], &[0xE0, 1, 0x8E]] {
        let answer = Peer::established(Protocol::V311).receive(bytes);
        assert_eq!(answer, Err(SessionError::OtherProtocol { ours: Protocol::V311 }));
    }
}
