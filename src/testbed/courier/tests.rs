//! A courier against a broker that is played by the test, over a pipe and a paused clock.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::mqtt::{Protocol, ProtocolError, PublisherSettings, ReasonCode, SessionError};

/// The other end.
struct Played(DuplexStream);

/// A PUBLISH as it arrived.
#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    topic: String,
    qos: u8,
    retain: bool,
    packet_id: Option<u16>,
    payload: String,
}

impl Played {
    /// First byte and body of the next packet; `None` at the end of the stream.
    async fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await.ok()?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.0.read_u8().await.unwrap();
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        Some((first, body))
    }

    /// Takes CONNECT and accepts it, with properties.
    async fn accept(&mut self, properties: &[u8]) {
        assert_eq!(self.packet().await.unwrap().0, 0x10);
        let length = u8::try_from(properties.len()).unwrap();
        let mut connack = vec![0x20, 3 + length, 0, 0, length];
        connack.extend_from_slice(properties);
        self.0.write_all(&connack).await.unwrap();
    }

    async fn publish(&mut self) -> Arrived {
        let (first, body) = self.packet().await.unwrap();
        assert_eq!(first & 0xf0, 0x30, "{first:x}");
        let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
        let topic = String::from_utf8(body[2..2 + length].to_vec()).unwrap();
        let mut rest = &body[2 + length..];
        let qos = first >> 1 & 3;
        let packet_id = (qos > 0).then(|| u16::from_be_bytes([rest[0], rest[1]]));
        rest = &rest[packet_id.map_or(0, |_| 2)..];
        assert_eq!(rest[0], 0, "no properties");
        let payload = String::from_utf8(rest[1..].to_vec()).unwrap();
        Arrived { topic, qos, retain: first & 1 == 1, packet_id, payload }
    }

    async fn acknowledge(&mut self, packet_id: u16, code: u8) {
        let [high, low] = packet_id.to_be_bytes();
        let packet: &[u8] =
            if code == 0 { &[0x40, 2, high, low] } else { &[0x40, 4, high, low, code, 0] };
        self.0.write_all(packet).await.unwrap();
    }

    /// DISCONNECT, and the end of the stream.
    async fn expect_leave(&mut self) {
        assert_eq!(self.packet().await, Some((0xe0, vec![])));
        assert_eq!(self.packet().await, None);
    }
}

fn outgoing(number: u64, qos: QoS) -> Outgoing {
    Outgoing {
        topic: format!("t/{number}"),
        payload: number.to_string().into(),
        qos,
        retain: false,
    }
}

fn numbered(count: u64) -> Vec<Fed> {
    let due = Duration::ZERO;
    (1..=count)
        .map(|number| {
            let outgoing = outgoing(number, QoS::AtLeastOnce);
            Ok(Scheduled { due, position: number, outgoing })
        })
        .collect()
}

/// Runs one conversation against what the test plays, and returns how it ended, with the
/// courier's tally and everything it said.
async fn converse<P: Future<Output = ()>>(
    manner: Manner,
    fed: Vec<Fed>,
    stop: &Stop,
    play: impl FnOnce(Played) -> P,
) -> (Result<(), Failure>, Tally, Vec<String>) {
    let (ours, theirs) = duplex(256);
    let (sender, source) = mpsc::channel(WAITING);
    for fed in fed {
        sender.try_send(fed).unwrap();
    }
    drop(sender);
    let mut said = Vec::new();
    let mut notice = |notice: Notice<'_>| match notice {
        Notice::Skipped(failure) => said.push(failure.to_string()),
        Notice::Tally(_) | Notice::Connected | Notice::Disconnected { .. } => {}
    };
    let mut courier = Courier::new(publisher(), manner, source, &mut notice);
    let (ended, ()) = tokio::join!(courier.converse(ours, stop), play(Played(theirs)));
    let tally = courier.tally();
    (ended, tally, said)
}

const WAITING: usize = 256;

fn publisher() -> Publisher {
    Publisher::new(PublisherSettings {
        client_id: "c".into(),
        protocol: Protocol::V5,
        login: None,
        keep_alive_s: 30,
    })
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_in_any_order_end_it_cleanly() {
    let (ended, tally, _) =
        converse(Manner::default(), numbered(100), &Stop::default(), |mut broker| async move {
            broker.accept(&[]).await;
            let mut ids = Vec::new();
            for number in 1..=100 {
                let arrived = broker.publish().await;
                assert_eq!(arrived.payload, number.to_string());
                assert_eq!((arrived.qos, arrived.retain), (1, false));
                ids.push(arrived.packet_id.unwrap());
            }
            for id in ids.iter().rev() {
                broker.acknowledge(*id, 0).await;
            }
            broker.expect_leave().await;
        })
        .await;
    assert_eq!(ended, Ok(()));
    assert_eq!((tally.acknowledged, tally.unacknowledged, tally.position), (100, 0, 100));
}

#[tokio::test(start_paused = true)]
async fn no_more_is_under_way_than_the_broker_allows() {
    let (ended, tally, _) =
        converse(Manner::default(), numbered(10), &Stop::default(), |mut broker| async move {
            // Receive maximum 2.
            broker.accept(&[0x21, 0, 2]).await;
            for _ in 0..5 {
                let (first, second) = (broker.publish().await, broker.publish().await);
                let third = tokio::time::timeout(Duration::from_secs(1), broker.publish()).await;
                assert!(third.is_err(), "{third:?}");
                broker.acknowledge(first.packet_id.unwrap(), 0).await;
                broker.acknowledge(second.packet_id.unwrap(), 0x10).await;
            }
            broker.expect_leave().await;
        })
        .await;
    assert_eq!((ended, tally.acknowledged), (Ok(()), 10));
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_ends_it_unless_it_shall_keep_going() {
    let play = |mut broker: Played| async move {
        broker.accept(&[]).await;
        for number in 1..=3 {
            let id = broker.publish().await.packet_id.unwrap();
            broker.acknowledge(id, if number == 2 { 0x87 } else { 0 }).await;
        }
        // It may have gone already.
        drop(broker.packet().await);
    };
    let refused = Failure::Refused { code: ReasonCode::NotAuthorized };
    let manner = Manner { keep_going: true, ..Manner::default() };
    let (ended, tally, said) = converse(manner, numbered(3), &Stop::default(), play).await;
    assert_eq!((ended, tally.acknowledged, tally.refused), (Ok(()), 2, 1));
    assert_eq!(said, [refused.to_string()]);
    let (ended, tally, said) =
        converse(Manner::default(), numbered(3), &Stop::default(), play).await;
    assert_eq!((ended, tally.refused, said.len()), (Err(refused), 1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_does_not_take_is_not_sent() {
    let retained = Outgoing { retain: true, ..outgoing(1, QoS::AtLeastOnce) };
    let due = Duration::ZERO;
    let fed = vec![Ok(Scheduled { due, position: 1, outgoing: retained })];
    let (ended, tally, _) =
        converse(Manner::default(), fed, &Stop::default(), |mut broker| async move {
            // No retained messages.
            broker.accept(&[0x25, 0]).await;
            assert_eq!(broker.packet().await, None);
        })
        .await;
    assert_eq!(ended, Err(Failure::Message(PublishError::RetainUnavailable)));
    assert_eq!((tally.published(), tally.refused), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_is_an_error_and_what_was_not_answered_is_owed() {
    let (ended, tally, _) =
        converse(Manner::default(), numbered(3), &Stop::default(), |mut broker| async move {
            broker.accept(&[]).await;
            let first = broker.publish().await;
            broker.publish().await;
            broker.acknowledge(first.packet_id.unwrap(), 0).await;
        })
        .await;
    assert_eq!(ended, Err(Failure::Closed));
    assert_eq!((tally.acknowledged, tally.unacknowledged), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_next_connection_sends_what_is_owed_first_and_in_order() {
    let (sender, source) = mpsc::channel(WAITING);
    for fed in numbered(4) {
        sender.try_send(fed).unwrap();
    }
    drop(sender);
    let mut notice = |_: Notice<'_>| {};
    let mut courier = Courier::new(publisher(), Manner::default(), source, &mut notice);
    let stop = Stop::default();
    let (ours, theirs) = duplex(1024);
    let play = |mut broker: Played| async move {
        broker.accept(&[0x21, 0, 3]).await;
        broker.publish().await;
        let second = broker.publish().await;
        broker.publish().await;
        broker.acknowledge(second.packet_id.unwrap(), 0).await;
    };
    let (ended, ()) = tokio::join!(courier.converse(ours, &stop), play(Played(theirs)));
    assert_eq!(ended, Err(Failure::Closed));
    courier.recall();
    let (ours, theirs) = duplex(1024);
    let play = |mut broker: Played| async move {
        broker.accept(&[]).await;
        for expected in ["1", "3", "4"] {
            let arrived = broker.publish().await;
            assert_eq!(arrived.payload, expected);
            broker.acknowledge(arrived.packet_id.unwrap(), 0).await;
        }
        broker.expect_leave().await;
    };
    let (ended, ()) = tokio::join!(courier.converse(ours, &stop), play(Played(theirs)));
    assert_eq!(ended, Ok(()));
    let tally = courier.tally();
    assert_eq!((tally.acknowledged, tally.unacknowledged), (4, 0));
    assert!((2..=3).contains(&tally.resent), "{}", tally.resent);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_falls_silent_is_given_up() {
    let began = Instant::now();
    let (ended, ..) =
        converse(Manner::default(), numbered(1), &Stop::default(), |mut broker| async move {
            broker.accept(&[]).await;
            broker.publish().await;
            assert_eq!(broker.packet().await, None);
        })
        .await;
    assert_eq!(ended, Err(Failure::Silent { seconds: 20 }));
    assert_eq!(began.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_long_pause_is_bridged_by_pings() {
    let mut fed = numbered(1);
    let due = Duration::from_secs(100);
    fed.push(Ok(Scheduled { due, position: 2, outgoing: outgoing(2, QoS::AtMostOnce) }));
    let (ended, tally, _) =
        converse(Manner::default(), fed, &Stop::default(), |mut broker| async move {
            broker.accept(&[]).await;
            let id = broker.publish().await.packet_id.unwrap();
            broker.acknowledge(id, 0).await;
            for _ in 0..3 {
                assert_eq!(broker.packet().await, Some((0xc0, vec![])));
                broker.0.write_all(&[0xd0, 0]).await.unwrap();
            }
            let arrived = broker.publish().await;
            assert_eq!((arrived.qos, arrived.payload.as_str()), (0, "2"));
            broker.expect_leave().await;
        })
        .await;
    assert_eq!((ended, tally.acknowledged, tally.unconfirmed), (Ok(()), 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept() {
    let rate = "10/s".parse().ok();
    let began = Instant::now();
    let manner = Manner { rate, ..Manner::default() };
    let (ended, ..) = converse(manner, numbered(50), &Stop::default(), |mut broker| async move {
        broker.accept(&[]).await;
        for _ in 0..50 {
            let id = broker.publish().await.packet_id.unwrap();
            broker.acknowledge(id, 0).await;
        }
        broker.expect_leave().await;
    })
    .await;
    assert_eq!(ended, Ok(()));
    assert!((4_700..5_100).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_gentle_stop_waits_for_answers_and_sends_nothing_more() {
    let stop = Stop::default();
    let mut fed = numbered(2);
    let due = Duration::from_secs(10);
    fed.push(Ok(Scheduled { due, position: 3, outgoing: outgoing(3, QoS::AtLeastOnce) }));
    let gently = stop.gently.clone();
    let (ended, tally, _) = converse(Manner::default(), fed, &stop, |mut broker| async move {
        broker.accept(&[]).await;
        let (first, second) = (broker.publish().await, broker.publish().await);
        gently.cancel();
        sleep(Duration::from_secs(3)).await;
        broker.acknowledge(first.packet_id.unwrap(), 0).await;
        broker.acknowledge(second.packet_id.unwrap(), 0).await;
        broker.expect_leave().await;
    })
    .await;
    assert_eq!((ended, tally.acknowledged), (Ok(()), 2));
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_once_or_without_answers_says_that_something_is_owed() {
    for at_once in [true, false] {
        let stop = Stop::default();
        let token = if at_once { stop.at_once.clone() } else { stop.gently.clone() };
        let (ended, tally, _) =
            converse(Manner::default(), numbered(1), &stop, |mut broker| async move {
                broker.accept(&[]).await;
                broker.publish().await;
                token.cancel();
                assert_eq!(broker.packet().await, None);
            })
            .await;
        assert_eq!((ended, tally.unacknowledged), (Err(Failure::Interrupted), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_line_ends_it_behind_what_came_before() {
    let mut fed = numbered(3);
    let error = crate::testbed::RecordError::NotText;
    let broken = crate::testbed::SourceError::Line { file: "f".into(), line: 2, error };
    fed.insert(1, Err(broken.clone()));
    let (sender, source) = mpsc::channel(WAITING);
    for fed in fed {
        sender.try_send(fed).unwrap();
    }
    let mut notice = |_: Notice<'_>| {};
    let mut courier = Courier::new(publisher(), Manner::default(), source, &mut notice);
    let (ours, theirs) = duplex(256);
    let play = |mut broker: Played| async move {
        broker.accept(&[]).await;
        let id = broker.publish().await.packet_id.unwrap();
        broker.acknowledge(id, 0).await;
        broker.expect_leave().await;
    };
    let stop = Stop::default();
    let (ended, ()) = tokio::join!(courier.converse(ours, &stop), play(Played(theirs)));
    assert_eq!(ended, Ok(()));
    assert_eq!(courier.failed, Some(Failure::Source(broken)));
    assert_eq!((courier.tally.acknowledged, courier.tally.broken), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_and_a_hang_up_tell_their_reasons() {
    let (ended, ..) =
        converse(Manner::default(), numbered(1), &Stop::default(), |mut broker| async move {
            broker.packet().await.unwrap();
            broker.0.write_all(&[0x20, 3, 0, 0x86, 0]).await.unwrap();
            assert_eq!(broker.packet().await, None);
        })
        .await;
    let code = ReasonCode::BadUserNameOrPassword;
    assert_eq!(ended, Err(SessionError::Refused { code }.into()));
    let (ended, ..) =
        converse(Manner::default(), numbered(1), &Stop::default(), |mut broker| async move {
            broker.packet().await.unwrap();
        })
        .await;
    let error = SessionError::ClosedUnanswered { ours: Protocol::V5 };
    assert_eq!(ended, Err(error.into()));
    let (ended, ..) =
        converse(Manner::default(), numbered(1), &Stop::default(), |mut broker| async move {
            broker.accept(&[]).await;
            broker.publish().await;
            broker.acknowledge(77, 0).await;
            assert_eq!(broker.packet().await, None);
        })
        .await;
    assert_eq!(ended, Err(ProtocolError::AcknowledgementMismatch.into()));
}
