//! CONNECT, CONNACK, DISCONNECT, and what belongs to which connection.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::{ConnAckProperties, Packet};

use crate::{
    model::{Mono, QoS},
    mqtt::{
        Connected, Downgrade, Login, Origin, ProtocolError, ReasonCode, Retry, Session,
        SessionError, SettingsError,
        session::Intake,
        testkit::{
            Event, Peer, connack, grant_all, no_connack_properties, publish, settings, suback,
            subscription,
        },
    },
};

fn opened() -> Peer {
    let mut peer = Peer::new(settings());
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
    let mut peer = Peer::new(settings());
    peer.open();
    assert!(matches!(peer.sent()[..], [Packet::Connect(..)]));
    assert_eq!(peer.session.deadline(), peer.now + Duration::from_secs(10));
}

#[test]
fn a_broker_that_never_answers_is_given_up() {
    let mut peer = opened();
    peer.pass(Duration::from_micros(9_999_999));
    assert_eq!(peer.session.tick(peer.now, Intake::Flowing, &mut peer.out), Ok(()));
    peer.pass(Duration::from_micros(1));
    let tick = peer.session.tick(peer.now, Intake::Flowing, &mut peer.out);
    assert_eq!(tick, Err(SessionError::ConnectTimeout));
    assert!(peer.out.is_empty(), "no PINGREQ before CONNACK");
    assert_eq!(peer.session.deadline(), Mono(u64::MAX), "closed");
}

#[test]
fn the_origin_of_the_session_is_told() {
    let mut peer = opened();
    assert_eq!(origin(&peer.receive(&connack(false, None)).expect("accepted")), Origin::Fresh);
    peer.open();
    assert_eq!(origin(&peer.receive(&connack(true, None)).expect("accepted")), Origin::Resumed);
    peer.open();
    assert_eq!(origin(&peer.receive(&connack(false, None)).expect("accepted")), Origin::Lost);

    let mut restarted = opened();
    assert_eq!(
        origin(&restarted.receive(&connack(true, None)).expect("accepted")),
        Origin::Resumed
    );
}

#[test]
fn nothing_but_connack_may_come_first() {
    for early in [publish("a", b"", 1), vec![0xD0, 0], suback(1, &[1]), vec![0xB0, 4, 0, 1, 0, 0]] {
        assert_eq!(opened().receive(&early), Err(ProtocolError::UnexpectedPacket.into()));
    }
    let mut peer = Peer::established();
    let again = peer.receive(&connack(true, None));
    assert_eq!(again, Err(ProtocolError::UnexpectedPacket.into()));
}

#[test]
fn an_oversize_message_may_not_come_first_either() {
    let early = publish("a", &[0; 5000], 1);
    assert_eq!(opened().receive(&early), Err(ProtocolError::UnexpectedPacket.into()));
}

/// A stale acknowledgement deletes somebody else's message, and a stale message would be
/// acknowledged in the wrong epoch.
#[test]
fn nothing_of_the_old_connection_reaches_the_new_one() {
    let mut peer = Peer::established();
    let leftovers = [publish("old", b"1", 1), publish("old", b"2", 2)].concat();
    peer.buffer.buffer_mut().extend_from_slice(&leftovers);
    peer.session.acknowledge(1, &mut peer.out);
    peer.open();
    assert!(peer.buffer.is_empty());
    peer.session.acknowledge(2, &mut peer.out);
    assert!(matches!(peer.sent()[..], [Packet::Connect(..)]));
    let events = peer.receive(&connack(true, None)).expect("accepted");
    assert_eq!(events.len(), 2, "{events:?}");
}

#[test]
fn a_closed_session_reads_and_writes_nothing() {
    let mut peer = Peer::established();
    peer.session.disconnect(&mut peer.out);
    assert_eq!(peer.out, [0xE0, 0]);
    peer.out.clear();
    peer.session.acknowledge(1, &mut peer.out);
    peer.session.disconnect(&mut peer.out);
    peer.pass(Duration::from_secs(1000));
    assert_eq!(peer.session.tick(peer.now, Intake::Flowing, &mut peer.out), Ok(()));
    assert_eq!(peer.receive(&publish("late", b"", 9)), Ok(Vec::new()));
    assert!(peer.out.is_empty());
    assert_eq!(peer.session.deadline(), Mono(u64::MAX));
}

#[test]
fn an_error_closes_the_session() {
    let mut peer = Peer::established();
    let poison = [&[0x36, 0][..], &publish("a", b"", 1)].concat();
    assert_eq!(peer.receive(&poison), Err(ProtocolError::QosThree.into()));
    assert_eq!(peer.receive(&[]), Ok(Vec::new()));
    peer.session.acknowledge(1, &mut peer.out);
    assert!(peer.out.is_empty());
}

#[test]
fn acknowledgements_are_written_as_they_come() {
    let mut peer = Peer::established();
    for packet_id in [1, 256, 65_535] {
        peer.session.acknowledge(packet_id, &mut peer.out);
    }
    assert_eq!(peer.out, [0x40, 2, 0, 1, 0x40, 2, 1, 0, 0x40, 2, 255, 255]);
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
        let error = opened().receive(&[0x20, 3, 0, byte, 0]).expect_err("refused");
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
        let error = accept(&mut opened(), properties.clone()).expect_err("a fault");
        assert_eq!(error, SessionError::Downgraded(downgrade));
        assert_eq!(error.retry(), Retry::Slowly);

        let mut indulgent = settings();
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
    assert!(accept(&mut opened(), longer).is_ok());
    let mut modest = settings();
    modest.subscriptions[0].qos = QoS::AtMostOnce;
    let mut peer = Peer::new(modest);
    peer.open();
    let no_qos_one = ConnAckProperties { max_qos: Some(0), ..no_connack_properties() };
    assert!(accept(&mut peer, no_qos_one).is_ok());
}

/// A session that the broker lost is asked for again even when CONNACK was no good otherwise.
#[test]
fn a_lost_session_stays_lost_when_the_connack_was_a_downgrade() {
    let mut peer = Peer::established();
    peer.open();
    let short = ConnAckProperties { session_expiry_interval: Some(1), ..no_connack_properties() };
    assert!(accept(&mut peer, short).is_err());
    peer.open();
    peer.out.clear();
    assert_eq!(peer.receive(&connack(true, None)).map(|events| events.len()), Ok(1));
    let answers = grant_all(&peer.sent());
    assert_eq!(peer.receive(&answers), Ok(vec![Event::Subscribed]));
}

#[test]
fn settings_that_mqtt_cannot_carry_are_refused() {
    let long = "x".repeat(65_536);
    for client_id in ["", "a\0b", &long] {
        let wrong = crate::mqtt::SessionSettings { client_id: client_id.to_owned(), ..settings() };
        assert_eq!(Session::new(wrong).err(), Some(SettingsError::ClientId));
    }
    for (username, password) in [("u", long.as_str()), (long.as_str(), "p"), ("a\0b", "p")] {
        let login = Login { username: username.to_owned(), password: password.to_owned() };
        let wrong = crate::mqtt::SessionSettings { login: Some(login), ..settings() };
        assert_eq!(Session::new(wrong).err(), Some(SettingsError::Login));
    }
    for filter in ["", "a\0b", &long] {
        let subscriptions = vec![subscription("a"), subscription(filter)];
        let wrong = crate::mqtt::SessionSettings { subscriptions, ..settings() };
        assert_eq!(Session::new(wrong).err(), Some(SettingsError::Filter { index: 1 }));
    }
    let twice = vec![subscription("a"), subscription("b"), subscription("a")];
    let mut session = Session::new(settings()).expect("good settings");
    assert_eq!(session.set_subscriptions(twice), Err(SettingsError::DuplicateFilter { index: 2 }));
}

#[test]
fn debug_shows_no_secrets() {
    let login = Login { username: "anna".to_owned(), password: "hunter2".to_owned() };
    let secret = crate::mqtt::SessionSettings { login: Some(login), ..settings() };
    let shown = format!("{:?}", Session::new(secret).expect("good settings"));
    assert!(!shown.contains("anna") && !shown.contains("hunter2"), "{shown}");
    let in_bytes = format!("{:?}", b"hunter2").replace(['[', ']'], "");
    assert!(!shown.contains(&in_bytes), "{shown}");
}
