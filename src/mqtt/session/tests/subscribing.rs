//! SUBSCRIBE and its answers, over several connections.

use std::time::Duration;

use rumqttc::v5::mqttbytes::{
    QoS as WireQos,
    v5::{ConnAckProperties, Filter, Packet, RetainForwardRule, Subscribe},
};

use crate::{
    model::QoS,
    mqtt::{
        Downgrade, Feature, Necessity, ProtocolError, ReasonCode, Retry, SessionError,
        SessionSettings, Subscription,
        session::Intake,
        testkit::{
            Event, Peer, connack, grant_all, no_connack_properties, publish, settings, suback,
            subscription,
        },
    },
};

fn with(subscriptions: Vec<Subscription>) -> Peer {
    Peer::new(SessionSettings { subscriptions, ..settings() })
}

fn counters() -> Subscription {
    Subscription {
        filter: "$SYS/broker/publish/messages/dropped".to_owned(),
        qos: QoS::AtMostOnce,
        necessity: Necessity::Optional,
    }
}

/// Opens, accepts, and says what was asked for.
fn asked(peer: &mut Peer, session: &[u8]) -> Vec<Packet> {
    peer.open();
    peer.out.clear();
    peer.receive(session).expect("accepted");
    peer.sent()
}

fn filters(packets: &[Packet]) -> Vec<&str> {
    let mut filters = Vec::new();
    for packet in packets {
        if let Packet::Subscribe(it) = packet {
            filters.extend(it.filters.iter().map(|it| it.path.as_str()));
        } else if let Packet::Unsubscribe(it) = packet {
            filters.extend(it.filters.iter().map(String::as_str));
        } else {
            panic!("{packet:?}");
        }
    }
    filters
}

fn present() -> Vec<u8> {
    connack(true, None)
}

fn absent() -> Vec<u8> {
    connack(false, None)
}

#[test]
fn the_first_connection_of_a_process_subscribes_even_to_a_kept_session() {
    let mut peer = with(vec![subscription("a/+")]);
    let asked = asked(&mut peer, &present());
    let [Packet::Subscribe(Subscribe { filters, properties: None, .. })] = &asked[..] else {
        panic!("{asked:?}");
    };
    let filter = Filter {
        path: "a/+".to_owned(),
        qos: WireQos::AtLeastOnce,
        nolocal: false,
        preserve_retain: false,
        retain_forward_rule: RetainForwardRule::OnNewSubscribe,
    };
    assert_eq!(filters[..], [filter]);
}

#[test]
fn a_kept_session_is_not_asked_again() {
    let mut peer = Peer::established();
    peer.open();
    peer.out.clear();
    let events = peer.receive(&present()).expect("accepted");
    assert!(matches!(events[..], [Event::Connected(_), Event::Subscribed]), "{events:?}");
    assert!(peer.out.is_empty());
}

/// A new session has no subscriptions, whatever was granted to the one before.
#[test]
fn a_new_session_is_asked_again() {
    let mut peer = Peer::established();
    assert_eq!(filters(&asked(&mut peer, &absent())), ["homes/+/zigbee2mqtt/#"]);
}

#[test]
fn a_connection_that_broke_before_suback_leaves_the_question_open() {
    let mut peer = with(vec![subscription("a"), subscription("b")]);
    asked(&mut peer, &absent());
    let second = asked(&mut peer, &present());
    assert_eq!(filters(&second), ["a", "b"]);
    assert_eq!(peer.receive(&grant_all(&second)), Ok(vec![Event::Subscribed]));
}

#[test]
fn changed_subscriptions_are_asked_for_and_old_ones_ended_after_them() {
    let mut peer = with(vec![subscription("a"), subscription("b")]);
    let first = grant_all(&asked(&mut peer, &absent()));
    peer.receive(&first).expect("granted");
    peer.session.set_subscriptions(vec![subscription("b"), subscription("c")]).expect("good");
    let second = asked(&mut peer, &present());
    assert_eq!(filters(&second), ["c"]);
    assert_eq!(peer.receive(&grant_all(&second)), Ok(Vec::new()), "not before the old one ended");
    let ended = peer.sent();
    assert!(matches!(ended[..], [Packet::Unsubscribe(_)]));
    assert_eq!(filters(&ended), ["a"]);
    assert_eq!(peer.receive(&grant_all(&ended)), Ok(vec![Event::Subscribed]));
    assert!(asked(&mut peer, &present()).is_empty(), "nothing is left to ask");
}

#[test]
fn a_changed_qos_is_asked_for() {
    let mut peer = with(vec![subscription("a")]);
    let first = grant_all(&asked(&mut peer, &absent()));
    peer.receive(&first).expect("granted");
    let lower = Subscription { qos: QoS::AtMostOnce, ..subscription("a") };
    peer.session.set_subscriptions(vec![lower]).expect("good");
    assert_eq!(filters(&asked(&mut peer, &present())), ["a"]);
}

#[test]
fn a_new_session_has_nothing_to_end() {
    let mut peer = with(vec![subscription("a")]);
    let first = grant_all(&asked(&mut peer, &absent()));
    peer.receive(&first).expect("granted");
    peer.session.set_subscriptions(vec![subscription("c")]).expect("good");
    let second = asked(&mut peer, &absent());
    assert_eq!(peer.receive(&grant_all(&second)), Ok(vec![Event::Subscribed]));
    assert!(peer.out.is_empty());
}

#[test]
fn a_refused_unsubscribe_is_a_fault_and_a_needless_one_is_not() {
    for (code, expected) in [
        (0x11, Ok(vec![Event::Subscribed])),
        (0x87, Err(SessionError::UnsubscribeRefused { code: ReasonCode::NotAuthorized })),
    ] {
        let mut peer = with(vec![subscription("a")]);
        let first = grant_all(&asked(&mut peer, &absent()));
        peer.receive(&first).expect("granted");
        peer.session.set_subscriptions(Vec::new()).expect("good");
        let ended = asked(&mut peer, &present());
        let [Packet::Unsubscribe(unsubscribe)] = &ended[..] else { panic!("{ended:?}") };
        let [high, low] = unsubscribe.pkid.to_be_bytes();
        assert_eq!(peer.receive(&[0xB0, 4, high, low, 0, code]), expected);
    }
}

#[test]
fn codes_are_judged_one_by_one() {
    let three = || vec![subscription("a"), subscription("b"), subscription("c")];
    for (codes, expected) in [
        (&[1, 1, 1][..], Ok(vec![Event::Subscribed])),
        (
            &[1, 0x87, 1],
            Err(SessionError::SubscriptionRefused { index: 1, code: ReasonCode::NotAuthorized }),
        ),
        (&[1, 1, 0], Err(SessionError::Downgraded(Downgrade::GrantedQos { index: 2 }))),
        (&[1, 2, 1], Err(ProtocolError::AcknowledgementMismatch.into())),
        (&[1, 1, 0x7F], Err(ProtocolError::AcknowledgementMismatch.into())),
        (&[1, 1], Err(ProtocolError::AcknowledgementMismatch.into())),
        (&[1, 1, 1, 1], Err(ProtocolError::AcknowledgementMismatch.into())),
        (&[], Err(ProtocolError::AcknowledgementMismatch.into())),
    ] {
        let mut peer = with(three());
        let asked = asked(&mut peer, &absent());
        let [Packet::Subscribe(subscribe)] = &asked[..] else { panic!("{asked:?}") };
        let answer = peer.receive(&suback(subscribe.pkid, codes));
        assert_eq!(answer, expected, "{codes:?}");
        if let Err(
            error @ (SessionError::SubscriptionRefused { .. } | SessionError::Downgraded(_)),
        ) = answer
        {
            assert_eq!(error.retry(), Retry::Slowly);
        }
    }
}

#[test]
fn more_than_asked_for_is_an_error() {
    let mut peer = with(vec![Subscription { qos: QoS::AtMostOnce, ..subscription("a") }]);
    let asked = asked(&mut peer, &absent());
    let [Packet::Subscribe(subscribe)] = &asked[..] else { panic!("{asked:?}") };
    let answer = peer.receive(&suback(subscribe.pkid, &[1]));
    assert_eq!(answer, Err(ProtocolError::AcknowledgementMismatch.into()));
}

#[test]
fn an_answer_to_nothing_is_an_error() {
    for stray in [suback(99, &[1]), vec![0xB0, 4, 0, 1, 0, 0]] {
        let mut peer = with(vec![subscription("a")]);
        asked(&mut peer, &absent());
        assert_eq!(peer.receive(&stray), Err(ProtocolError::AcknowledgementMismatch.into()));
    }
    let late = Peer::established().receive(&suback(1, &[1]));
    assert_eq!(late, Err(ProtocolError::UnexpectedPacket.into()));
}

#[test]
fn a_downgraded_subscription_passes_when_allowed() {
    let mut peer = Peer::new(SessionSettings { allow_downgrade: true, ..settings() });
    let asked = asked(&mut peer, &absent());
    let [Packet::Subscribe(subscribe)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(peer.receive(&suback(subscribe.pkid, &[0])), Ok(vec![Event::Subscribed]));
}

#[test]
fn an_optional_subscription_may_be_refused() {
    let mut peer = with(vec![counters(), subscription("a")]);
    let asked = asked(&mut peer, &absent());
    let [Packet::Subscribe(required), Packet::Subscribe(optional)] = &asked[..] else {
        panic!("not apart: {asked:?}");
    };
    assert_eq!(required.filters[0].path, "a");
    assert_eq!(optional.filters[0].path, counters().filter);
    assert_eq!(optional.filters[0].qos, WireQos::AtMostOnce);
    assert_eq!(peer.receive(&suback(optional.pkid, &[0x87])), Ok(Vec::new()));
    assert_eq!(peer.receive(&suback(required.pkid, &[1])), Ok(vec![Event::Subscribed]));
}

#[test]
fn packets_hold_few_filters_and_fit_the_broker() {
    let many: Vec<_> = (0..20).map(|at| subscription(&format!("homes/{at}/#"))).collect();
    let mut peer = with(many.clone());
    let first = asked(&mut peer, &absent());
    let sizes: Vec<_> = first.iter().map(|it| filters(std::slice::from_ref(it)).len()).collect();
    assert_eq!(sizes, [8, 8, 4]);
    assert_eq!(peer.receive(&grant_all(&first)), Ok(vec![Event::Subscribed]));

    let small = ConnAckProperties { max_packet_size: Some(40), ..no_connack_properties() };
    let second = asked(&mut peer, &connack(false, Some(small)));
    assert!(second.iter().all(|packet| packet.size() <= 40));
    assert_eq!(filters(&second).len(), 20);

    let tiny = ConnAckProperties { max_packet_size: Some(15), ..no_connack_properties() };
    peer.open();
    let error = peer.receive(&connack(false, Some(tiny))).expect_err("nothing fits");
    assert_eq!(error, SessionError::Unsupported(Feature::PacketSize));
}

#[test]
fn what_the_broker_lacks_is_named_before_asking() {
    let no_wildcards =
        ConnAckProperties { wildcard_subscription_available: Some(0), ..no_connack_properties() };
    let no_sharing =
        ConnAckProperties { shared_subscription_available: Some(0), ..no_connack_properties() };
    for (filter, properties, feature) in [
        ("a/+", &no_wildcards, Some(Feature::Wildcards)),
        ("a/#", &no_wildcards, Some(Feature::Wildcards)),
        ("a/b", &no_wildcards, None),
        ("$share/g/a", &no_sharing, Some(Feature::SharedSubscriptions)),
        ("a/+", &no_sharing, None),
    ] {
        let mut peer = with(vec![subscription(filter)]);
        peer.open();
        let answer = peer.receive(&connack(false, Some(properties.clone())));
        assert_eq!(answer.err(), feature.map(SessionError::Unsupported), "{filter}");
    }
    let wild = Subscription { filter: "$SYS/#".to_owned(), ..counters() };
    let mut peer = with(vec![subscription("a"), wild]);
    assert_eq!(filters(&asked(&mut peer, &connack(false, Some(no_wildcards)))), ["a"]);
}

#[test]
fn messages_before_suback_are_delivered() {
    let mut peer = with(vec![subscription("a")]);
    let asked = asked(&mut peer, &present());
    let stream = [publish("a", b"waited", 3), grant_all(&asked), publish("a", b"new", 4)].concat();
    let events = peer.receive(&stream).expect("a good stream");
    assert!(
        matches!(
            events[..],
            [
                Event::Publish { packet_id: 3, .. },
                Event::Subscribed,
                Event::Publish { packet_id: 4, .. }
            ]
        ),
        "{events:?}"
    );
    peer.session.acknowledge(3, &mut peer.out);
    assert_eq!(peer.out, [0x40, 2, 0, 3]);
}

#[test]
fn a_missing_suback_is_a_fault_unless_it_may_stand_behind_messages() {
    let seconds = Duration::from_secs;
    let mut peer = with(vec![subscription("a")]);
    asked(&mut peer, &present());
    let tick = |peer: &mut Peer, intake| {
        let deadline = peer.session.deadline();
        (peer.session.tick(peer.now, intake, &mut peer.out), deadline)
    };
    peer.pass(seconds(19));
    peer.receive(&publish("a", b"", 1)).expect("a good packet");
    peer.pass(seconds(19));
    assert_eq!(tick(&mut peer, Intake::Flowing).0, Ok(()), "bytes arrived");
    assert_eq!(tick(&mut peer, Intake::Paused).0, Ok(()));
    peer.pass(seconds(40));
    assert_eq!(tick(&mut peer, Intake::Paused).0, Ok(()), "nothing can arrive");
    assert_eq!(tick(&mut peer, Intake::Flowing).0, Ok(()), "it may lie in the socket");
    peer.pass(seconds(20));
    let (fault, deadline) = tick(&mut peer, Intake::Flowing);
    assert_eq!((fault, deadline), (Err(SessionError::SubscribeTimeout), peer.now));
}
