use std::{cell::RefCell, rc::Rc, time::Duration};

use prost::Message as _;

use super::*;
use crate::{
    decode::Format,
    kafka::{Failure, FailureClass, mailbox::Ticket, settings::Grouping},
    link::testkit::{after, duty, limits, receipt},
    model::Lane,
    mqtt::Publish,
    record::Record,
    wire::v1::ReadingBatch,
};

/// Keeps what it is given until it is told what to say of it.
#[derive(Clone, Debug, Default)]
struct Patient(Rc<RefCell<Vec<Sent>>>);

#[derive(Debug)]
struct Sent {
    ticket: Ticket,
    lane: Lane,
    value: Vec<u8>,
}

impl Producer for Patient {
    fn send(
        &mut self,
        index: u32,
        _: Grouping,
        _: Option<u16>,
        record: &Record,
    ) -> Result<Ticket, Failure> {
        let ticket = Ticket { record: index, generation: 0 };
        let (lane, value) = (record.to.lane, record.value.clone());
        self.0.borrow_mut().push(Sent { ticket, lane, value });
        Ok(ticket)
    }

    fn settled_generation(&self) -> u16 {
        0
    }
}

struct Scene {
    duty: Duty<Patient>,
    kafka: Patient,
    now: Moment,
}

impl Scene {
    /// Receive maximum 4, twice as many at most, 10 000 bytes.
    fn new() -> Self {
        Self::with_room_for(8)
    }

    fn with_room_for(messages: usize) -> Self {
        let kafka = Patient::default();
        let mut limits = limits();
        limits.receive_maximum = 4;
        limits.outstanding_messages = messages;
        limits.outstanding_bytes = 10_000;
        let duty = duty(Format::Json, limits, kafka.clone());
        Self { duty, kafka, now: after(Duration::from_secs(1)) }
    }

    fn publish(&mut self, packet_id: u16, payload: &str) -> Taken {
        self.publish_as(packet_id, payload, |_| {})
    }

    fn publish_as(
        &mut self,
        packet_id: u16,
        payload: &str,
        change: impl FnOnce(&mut Publish<'_>),
    ) -> Taken {
        let qos = if packet_id == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let topic = b"homes/7/a";
        let payload = payload.as_bytes();
        let mut publish = Publish { topic, payload, qos, retain: false, dup: false, packet_id };
        change(&mut publish);
        self.duty.take(&publish, false, self.now)
    }

    fn answer(&mut self, outcome: impl Fn(Lane) -> Option<Failure>) -> Vec<ReadingBatch> {
        let sent = std::mem::take(&mut *self.kafka.0.borrow_mut());
        let mut reports = Vec::new();
        let mut batches = Vec::new();
        for Sent { ticket, lane, value } in sent {
            let outcome = outcome(lane).map_or_else(|| Ok(receipt()), Err);
            if outcome.is_ok() && lane == Lane::Readings {
                batches.push(ReadingBatch::decode(value.as_slice()).expect("ours"));
            }
            reports.push(Report { ticket, outcome });
        }
        self.duty.reports(&mut reports, self.now);
        batches
    }

    fn confirm(&mut self) -> Vec<ReadingBatch> {
        self.answer(|_| None)
    }

    fn acknowledged(&mut self) -> Vec<u16> {
        let mut ids = Vec::new();
        self.duty.settle(self.now.mono, |id| ids.push(id));
        ids
    }

    fn sent(&self) -> usize {
        self.kafka.0.borrow().len()
    }
}

const MOTION: &str = r#"{"kind":"motion","value":true}"#;

#[test]
fn a_burst_of_qos_0_beside_a_small_window_is_taken() {
    // As with MQTT 3.1.1: the window says how much the broker repeats, and nothing of QoS 0.
    let mut scene = Scene::with_room_for(40);
    for number in 0..20 {
        let taken = scene.publish(0, &format!("{{\"door_open\":true,\"n\":{number}}}"));
        assert!(matches!(taken, Taken::Admitted), "{number}");
    }
    assert!(matches!(scene.publish(0, "{}"), Taken::Shed), "half of what may be outstanding");
    assert!(matches!(scene.publish(7, "{}"), Taken::Admitted), "QoS 1 still has room");
}

#[test]
fn a_lone_message_leaves_at_once_and_others_wait_for_the_linger() {
    let mut scene = Scene::new();
    scene.publish(1, MOTION);
    scene.duty.flush_due(Socket::Filled, scene.now.mono);
    assert_eq!(scene.sent(), 0, "more may follow");
    scene.duty.flush_due(Socket::Drained, scene.now.mono);
    assert_eq!(scene.sent(), 1, "waiting would gain nothing");
    scene.publish(2, MOTION);
    scene.duty.flush_due(Socket::Drained, scene.now.mono);
    assert_eq!(scene.sent(), 1, "Kafka is busy anyway");
    scene.duty.flush_due(Socket::Drained, scene.now.mono + Duration::from_millis(20));
    assert_eq!(scene.sent(), 2);
    assert_eq!(scene.acknowledged(), [0; 0]);
    scene.confirm();
    assert_eq!(scene.acknowledged(), [1, 2]);
}

#[test]
fn a_full_window_does_not_wait_for_the_linger() {
    let mut scene = Scene::new();
    scene.publish(1, r#"{"kind":"sos"}"#);
    for id in 2..=4 {
        scene.publish(id, MOTION);
    }
    assert_eq!(scene.sent(), 2);
    scene.duty.flush_due(Socket::Filled, scene.now.mono);
    assert_eq!(scene.sent(), 3, "nothing more can arrive before these are acknowledged");
}

#[test]
fn an_overshooting_broker_meets_a_limit_and_qos_0_makes_way() {
    let mut scene = Scene::new();
    assert_eq!(scene.duty.room(), Room::Free);
    for id in 1..=4 {
        assert_eq!(scene.publish(id, MOTION), Taken::Admitted);
    }
    assert_eq!(scene.duty.room(), Room::Tight);
    assert_eq!(scene.publish(0, MOTION), Taken::Shed);
    for id in 5..=8 {
        assert_eq!(scene.publish(id, MOTION), Taken::Admitted);
    }
    assert_eq!(scene.duty.room(), Room::Full);
    assert_eq!(scene.publish(9, MOTION), Taken::Overrun);
    scene.duty.flush(FlushReason::Drain, scene.now.mono);
    scene.confirm();
    assert_eq!(scene.acknowledged(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(scene.duty.room(), Room::Free);
    assert_eq!(scene.publish(0, MOTION), Taken::Admitted);
}

#[test]
fn bytes_are_a_limit_too() {
    let mut scene = Scene::new();
    scene.publish(1, &format!(r#"{{"kind":"motion","value":true,"x":"{}"}}"#, "y".repeat(5_000)));
    assert_eq!(scene.duty.room(), Room::Tight);
    scene.publish(2, &format!(r#"{{"kind":"motion","value":true,"x":"{}"}}"#, "y".repeat(5_000)));
    assert_eq!(scene.duty.room(), Room::Full);
    scene.duty.flush(FlushReason::Drain, scene.now.mono);
    scene.confirm();
}

#[test]
fn a_refusing_readings_topic_stops_the_intake_and_a_refusing_dead_letter_topic_does_not() {
    let refusal = Failure { class: FailureClass::World, code: "topic_authorization_failed" };
    let mut scene = Scene::new();
    scene.publish(1, "not json");
    scene.publish(2, r#"{"kind":"sos"}"#);
    scene.answer(|lane| (lane == Lane::DeadLetters).then_some(refusal));
    assert_eq!(scene.duty.room(), Room::Free);
    assert_eq!(scene.duty.blocked().map(|blocked| blocked.to.lane), Some(Lane::DeadLetters));
    assert_eq!(scene.acknowledged(), [0; 0], "the first message waits for its dead letter");

    scene.publish(3, r#"{"kind":"sos"}"#);
    scene.answer(|lane| (lane == Lane::Readings).then_some(refusal));
    assert!(matches!(scene.duty.room(), Room::Refused(_)));

    scene.now = after(Duration::from_secs(3));
    scene.duty.tick(scene.now);
    scene.confirm();
    assert_eq!(scene.duty.room(), Room::Free);
    assert_eq!(scene.acknowledged(), [1, 2, 3]);
}

#[test]
fn a_recognised_redelivery_keeps_its_event_id() {
    let mut scene = Scene::new();
    scene.publish(1, MOTION);
    scene.publish(2, MOTION);
    scene.duty.end_epoch(0, scene.now);
    scene.duty.begin_epoch();
    scene.publish_as(1, MOTION, |publish| publish.dup = true);
    scene.publish(2, MOTION);
    scene.duty.flush(FlushReason::Drain, scene.now.mono);
    let batches = scene.confirm();
    let ids: Vec<&[u8]> = batches
        .iter()
        .flat_map(|batch| &batch.reports)
        .map(|report| report.event_id.as_slice())
        .collect();
    let [first, second, first_again, third] = ids[..] else { panic!("{} reports", ids.len()) };
    assert_eq!(first, first_again);
    assert_ne!(second, third, "without DUP it is another message under the same packet id");
    assert_eq!(scene.acknowledged(), [1, 2], "those of the present connection");
}

#[test]
fn proof_that_comes_after_a_reconnect_acknowledges_nothing_new() {
    let mut scene = Scene::new();
    scene.publish(1, MOTION);
    scene.duty.end_epoch(0, scene.now);
    scene.duty.begin_epoch();
    scene.publish(1, r#"{"kind":"motion","value":false}"#);
    assert_eq!(scene.duty.in_flight_of_old_epochs(), 1);
    scene.confirm();
    assert_eq!(scene.acknowledged(), [0; 0], "packet id 1 is another message now");
    assert_eq!(scene.duty.in_flight_of_old_epochs(), 0);
    scene.duty.flush(FlushReason::Drain, scene.now.mono);
    scene.confirm();
    assert_eq!(scene.acknowledged(), [1]);
}

#[test]
fn old_age_is_a_fault_only_of_a_message_nothing_is_on_its_way_for() {
    let mut scene = Scene::new();
    scene.publish(1, MOTION);
    let late = (scene.now.mono) + Duration::from_secs(61);
    assert_eq!(scene.duty.age(scene.now.mono), Age::Young);
    assert_eq!(scene.duty.age(late), Age::Stuck, "it lies in an open batch");
    scene.duty.flush(FlushReason::Drain, scene.now.mono);
    assert!(matches!(scene.duty.age(late), Age::Waiting(to) if to.lane == Lane::Readings));
    scene.confirm();
    assert_eq!(scene.duty.age(late), Age::Stuck, "it was not taken from the window");
    scene.now = after(Duration::from_secs(30));
    scene.publish(2, MOTION);
    scene.duty.flush(FlushReason::Drain, scene.now.mono);
    assert_eq!(scene.duty.age(late), Age::Stuck, "a younger record cannot hold it");
    assert_eq!(scene.acknowledged(), [1]);
    assert_eq!(scene.duty.age(late), Age::Young);
}

#[test]
fn a_topic_that_is_no_text_is_buried_and_acknowledged() {
    let mut scene = Scene::new();
    scene.publish_as(1, MOTION, |publish| publish.topic = b"homes/\xff/\0");
    assert_eq!(scene.acknowledged(), [0; 0]);
    scene.confirm();
    assert_eq!(scene.acknowledged(), [1]);
}

#[test]
fn what_a_stopping_engine_leaves_is_owed_to_nobody() {
    let mut scene = Scene::new();
    scene.duty.leave(QoS::AtLeastOnce, 10);
    scene.duty.leave(QoS::AtMostOnce, 10);
    let ledger = &scene.duty.books_mut().take().ledger;
    assert_eq!((ledger.received, ledger.orphaned, ledger.shed), ([1, 1], [0, 1], [1, 0]));
}

#[test]
fn the_brokers_own_count_of_discarded_messages_is_taken_if_it_is_one() {
    let mut scene = Scene::new();
    for (payload, expected) in [(&b"17"[..], Some(17)), (b"many", Some(17)), (b"\xff", Some(17))] {
        scene.duty.take_broker_statistics(payload);
        assert_eq!(scene.duty.books_mut().take().broker_dropped, expected);
    }
    assert_eq!(scene.duty.books_mut().take().ledger.received, [0, 0], "it is no sensor's");
}
