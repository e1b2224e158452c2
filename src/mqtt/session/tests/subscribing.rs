//! SUBSCRIBE and its answers, over several connections.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::ConnAckProperties;

use crate::{
    model::QoS,
    mqtt::{
        Downgrade, Feature, Necessity, Protocol, ProtocolError, ReasonCode, Replay, Retry,
        SessionError, SessionSettings, Subscription,
        session::Intake,
        testkit::{
            BOTH, Event, Peer, Sent, accepted, connack, grant_all, message, no_connack_properties,
            settings, suback, subscription, unsuback,
        },
    },
};

fn with(protocol: Protocol, subscriptions: Vec<Subscription>) -> Peer {
    Peer::new(SessionSettings { subscriptions, ..settings(protocol) })
}

fn counters() -> Subscription {
    Subscription {
        filter: "$SYS/broker/publish/messages/dropped".to_owned(),
        qos: QoS::AtMostOnce,
        necessity: Necessity::Optional,
        replay: Replay::New,
    }
}

/// Opens, accepts, and says what was asked for.
fn asked(peer: &mut Peer, session: &[u8]) -> Vec<Sent> {
    peer.open();
    peer.out.clear();
    peer.receive(session).expect("accepted");
    peer.sent()
}

fn filters(packets: &[Sent]) -> Vec<&str> {
    let mut found = Vec::new();
    for packet in packets {
        match packet {
            Sent::Subscribe { filters, .. } => {
                found.extend(filters.iter().map(|(it, _)| it.as_str()));
            }
            Sent::Unsubscribe { filters, .. } => found.extend(filters.iter().map(String::as_str)),
            Sent::Connect => panic!("CONNECT asks for no filter"),
        }
    }
    found
}

#[test]
fn the_first_connection_of_a_process_subscribes_even_to_a_kept_session() {
    for protocol in BOTH {
        let mut peer = with(protocol, vec![subscription("a/+")]);
        let filters = vec![("a/+".to_owned(), 1)];
        let asked = asked(&mut peer, &accepted(protocol, true));
        assert_eq!(asked, [Sent::Subscribe { packet_id: 1, filters }], "{protocol}");
    }
}

#[test]
fn a_kept_session_is_not_asked_again() {
    for protocol in BOTH {
        let mut peer = Peer::established(protocol);
        peer.open();
        peer.out.clear();
        let events = peer.receive(&accepted(protocol, true)).expect("accepted");
        assert!(matches!(events[..], [Event::Connected(_), Event::Subscribed]), "{events:?}");
        assert!(peer.out.is_empty());
    }
}

/// A new session has no subscriptions, whatever was granted to the one before.
#[test]
fn a_new_session_is_asked_again() {
    for protocol in BOTH {
        let mut peer = Peer::established(protocol);
        assert_eq!(
            filters(&asked(&mut peer, &accepted(protocol, false))),
            ["homes/+/zigbee2mqtt/#"]
        );
    }
}

#[test]
fn a_connection_that_broke_before_suback_leaves_the_question_open() {
    for protocol in BOTH {
        let mut peer = with(protocol, vec![subscription("a"), subscription("b")]);
        asked(&mut peer, &accepted(protocol, false));
        let second = asked(&mut peer, &accepted(protocol, true));
        assert_eq!(filters(&second), ["a", "b"]);
        assert_eq!(peer.receive(&grant_all(protocol, &second)), Ok(vec![Event::Subscribed]));
    }
}

#[test]
fn changed_subscriptions_are_asked_for_and_old_ones_ended_after_them() {
    for protocol in BOTH {
        let mut peer = with(protocol, vec![subscription("a"), subscription("b")]);
        let first = grant_all(protocol, &asked(&mut peer, &accepted(protocol, false)));
        peer.receive(&first).expect("granted");
        peer.session.set_subscriptions(vec![subscription("b"), subscription("c")]).expect("good");
        let second = asked(&mut peer, &accepted(protocol, true));
        assert_eq!(filters(&second), ["c"]);
        assert_eq!(
            peer.receive(&grant_all(protocol, &second)),
            Ok(Vec::new()),
            "not before the old one ended"
        );
        let ended = peer.sent();
        assert!(matches!(ended[..], [Sent::Unsubscribe { .. }]));
        assert_eq!(filters(&ended), ["a"]);
        assert_eq!(peer.receive(&grant_all(protocol, &ended)), Ok(vec![Event::Subscribed]));
        assert!(asked(&mut peer, &accepted(protocol, true)).is_empty(), "nothing is left to ask");
    }
}

#[test]
fn a_changed_qos_is_asked_for() {
    for protocol in BOTH {
        let mut peer = with(protocol, vec![subscription("a")]);
        let first = grant_all(protocol, &asked(&mut peer, &accepted(protocol, false)));
        peer.receive(&first).expect("granted");
        let lower = Subscription { qos: QoS::AtMostOnce, ..subscription("a") };
        peer.session.set_subscriptions(vec![lower]).expect("good");
        assert_eq!(filters(&asked(&mut peer, &accepted(protocol, true))), ["a"]);
    }
}

#[test]
fn a_new_session_has_nothing_to_end() {
    for protocol in BOTH {
        let mut peer = with(protocol, vec![subscription("a")]);
        let first = grant_all(protocol, &asked(&mut peer, &accepted(protocol, false)));
        peer.receive(&first).expect("granted");
        peer.session.set_subscriptions(vec![subscription("c")]).expect("good");
        let second = asked(&mut peer, &accepted(protocol, false));
        assert_eq!(peer.receive(&grant_all(protocol, &second)), Ok(vec![Event::Subscribed]));
        assert!(peer.out.is_empty());
    }
}

#[test]
fn a_refused_unsubscribe_is_a_fault_and_a_needless_one_is_not() {
    for (code, expected) in [
        (0x11, Ok(vec![Event::Subscribed])),
        (0x87, Err(SessionError::UnsubscribeRefused { code: ReasonCode::NotAuthorized })),
    ] {
        let mut peer = with(Protocol::V5, vec![subscription("a")]);
        let first = grant_all(Protocol::V5, &asked(&mut peer, &accepted(Protocol::V5, false)));
        peer.receive(&first).expect("granted");
        peer.session.set_subscriptions(Vec::new()).expect("good");
        let ended = asked(&mut peer, &accepted(Protocol::V5, true));
        let [high, low] = ended[0].packet_id().to_be_bytes();
        assert_eq!(peer.receive(&[0xB0, 4, high, low, 0, code]), expected);
    }
}

#[test]
fn codes_are_judged_one_by_one() {
    let refused = |index, code| Err(SessionError::SubscriptionRefused { index, code });
    let mismatch = || Err(ProtocolError::AcknowledgementMismatch.into());
    for protocol in BOTH {
        for (codes, expected) in [
            (&[1, 1, 1][..], Ok(vec![Event::Subscribed])),
            (&[1, 0x80, 1], refused(1, ReasonCode::Unspecified)),
            (&[1, 0x87, 1], refused(1, ReasonCode::NotAuthorized)),
            (&[1, 1, 0], Err(SessionError::Downgraded(Downgrade::GrantedQos { index: 2 }))),
            (&[1, 2, 1], mismatch()),
            (&[1, 1, 0x7F], mismatch()),
            (&[1, 1], mismatch()),
            (&[1, 1, 1, 1], mismatch()),
            (&[], mismatch()),
        ] {
            let three = vec![subscription("a"), subscription("b"), subscription("c")];
            let mut peer = with(protocol, three);
            let asked = asked(&mut peer, &accepted(protocol, false));
            let answer = peer.receive(&suback(protocol, asked[0].packet_id(), codes));
            assert_eq!(answer, expected, "{protocol}, {codes:?}");
            if let Err(
                error @ (SessionError::SubscriptionRefused { .. } | SessionError::Downgraded(_)),
            ) = answer
            {
                assert_eq!(error.retry(), Retry::Slowly);
            }
        }
    }
}

#[test]
fn more_than_asked_for_is_an_error() {
    for protocol in BOTH {
        let mut peer =
            with(protocol, vec![Subscription { qos: QoS::AtMostOnce, ..subscription("a") }]);
        let asked = asked(&mut peer, &accepted(protocol, false));
        let answer = peer.receive(&suback(protocol, asked[0].packet_id(), &[1]));
        assert_eq!(answer, Err(ProtocolError::AcknowledgementMismatch.into()));
    }
}

#[test]
fn an_answer_to_nothing_is_an_error() {
    for protocol in BOTH {
        for stray in [suback(protocol, 99, &[1]), unsuback(protocol, 1)] {
            let mut peer = with(protocol, vec![subscription("a")]);
            asked(&mut peer, &accepted(protocol, false));
            assert_eq!(peer.receive(&stray), Err(ProtocolError::AcknowledgementMismatch.into()));
        }
        let late = Peer::established(protocol).receive(&suback(protocol, 1, &[1]));
        assert_eq!(late, Err(ProtocolError::UnexpectedPacket.into()));
    }
}

#[test]
fn a_downgraded_subscription_passes_when_allowed() {
    for protocol in BOTH {
        let mut peer = Peer::new(SessionSettings { allow_downgrade: true, ..settings(protocol) });
        let asked = asked(&mut peer, &accepted(protocol, false));
        assert_eq!(
            peer.receive(&suback(protocol, asked[0].packet_id(), &[0])),
            Ok(vec![Event::Subscribed])
        );
    }
}

#[test]
fn an_optional_subscription_may_be_refused() {
    for protocol in BOTH {
        let mut peer = with(protocol, vec![counters(), subscription("a")]);
        let asked = asked(&mut peer, &accepted(protocol, false));
        let [
            Sent::Subscribe { packet_id: required, filters: own },
            Sent::Subscribe { packet_id: optional, filters: statistics },
        ] = &asked[..]
        else {
            panic!("not apart: {asked:?}");
        };
        assert_eq!(own[..], [("a".to_owned(), 1)]);
        assert_eq!(statistics[..], [(counters().filter, 0)]);
        assert_eq!(peer.receive(&suback(protocol, *optional, &[0x80])), Ok(Vec::new()));
        let granted = suback(protocol, *required, &[1]);
        assert_eq!(peer.receive(&granted), Ok(vec![Event::Subscribed]), "{protocol}");
    }
}

#[test]
fn packets_hold_few_filters_and_fit_the_broker() {
    let many: Vec<_> = (0..20).map(|at| subscription(&format!("homes/{at}/#"))).collect();
    let mut peer = with(Protocol::V5, many.clone());
    let first = asked(&mut peer, &accepted(Protocol::V5, false));
    let sizes: Vec<_> = first.iter().map(|it| filters(std::slice::from_ref(it)).len()).collect();
    assert_eq!(sizes, [8, 8, 4]);
    assert_eq!(peer.receive(&grant_all(Protocol::V5, &first)), Ok(vec![Event::Subscribed]));

    let small = ConnAckProperties { max_packet_size: Some(40), ..no_connack_properties() };
    let second = asked(&mut peer, &connack(false, Some(small)));

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
        let mut peer = with(Protocol::V5, vec![subscription(filter)]);
        peer.open();
        let answer = peer.receive(&connack(false, Some(properties.clone())));
        assert_eq!(answer.err(), feature.map(SessionError::Unsupported), "{filter}");
    }
    let wild = Subscription { filter: "$SYS/#".to_owned(), ..counters() };
    let mut peer = with(Protocol::V5, vec![subscription("a"), wild]);
    assert_eq!(filters(&asked(&mut peer, &connack(false, Some(no_wildcards)))), ["a"]);
}

#[test]
fn messages_before_suback_are_delivered() {
    for protocol in BOTH {
        let mut peer = with(protocol, vec![subscription("a")]);
        let asked = asked(&mut peer, &accepted(protocol, true));
        let stream = [
            message(protocol, "a", b"waited", 3),
            grant_all(protocol, &asked),
            message(protocol, "a", b"new", 4),
        ]
        .concat();
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
}

#[test]
fn a_missing_suback_is_a_fault_unless_it_may_stand_behind_messages() {
    for protocol in BOTH {
        let seconds = Duration::from_secs;
        let mut peer = with(protocol, vec![subscription("a")]);
        asked(&mut peer, &accepted(protocol, true));
        let tick = |peer: &mut Peer, intake| {
            let deadline = peer.session.deadline();
            (peer.session.tick(peer.now, intake, &mut peer.out), deadline)
        };
        peer.pass(seconds(19));
        peer.receive(&message(protocol, "a", b"", 1)).expect("a good packet");
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
}

/// UNSUBACK of 3.1.1 has no codes: it is the packet id and nothing more.
#[test]
fn an_unsuback_of_3_1_1_with_codes_is_malformed() {
    let mut peer = with(Protocol::V311, vec![subscription("a")]);
    let first = grant_all(Protocol::V311, &asked(&mut peer, &accepted(Protocol::V311, false)));
    peer.receive(&first).expect("granted");
    peer.session.set_subscriptions(Vec::new()).expect("good");
    let ended = asked(&mut peer, &accepted(Protocol::V311, true));
    let [high, low] = ended[0].packet_id().to_be_bytes();
    let answer = peer.receive(&[0xB0, 3, high, low, 0]);
    assert_eq!(answer, Err(ProtocolError::TrailingBytes.into()));
}
