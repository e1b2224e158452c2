//! Scripts of what happens to a sink, each with what it must do next.
//!
//! Records are letters: `a`..`m` go to the first partition of the readings, `n`..`z` to the
//! second, capitals to the alerts, digits to the dead letters. An action is one of
//! `+a` handed over, `ok:a` confirmed, `size:a` and `form:a` refused (two codes of a record),
//! `auth:a` refused (a code of the world), `lost:a` unknown, `old:a` confirmed under its first
//! ticket, `full` and `large` the next send is not taken, `replace` another producer, `settle`
//! the reports of its predecessors will not come, `wait:5000` milliseconds go by.
//! What follows: `a` sent, `a!` sent singly, `a~` marked as late, `=a` settled, `-a` poison.

mod gate;
mod logged;
mod matters;
mod poison;
mod rebuild;

use std::collections::{BTreeMap, VecDeque};

use prost::Message;

use super::*;
use crate::{
    ack::{Arrival, Epoch, Outstanding, Settlement},
    kafka::{Failure, mailbox::Ticket},
    model::{QoS, UnixMicros},
    record::RecordPool,
    wire::v1::ReadingBatch,
};

const TOO_LARGE: Failure = Failure { class: FailureClass::Record, code: "message_size_too_large" };
const MALFORMED: Failure = Failure { class: FailureClass::Record, code: "invalid_record" };
const FORBIDDEN: Failure =
    Failure { class: FailureClass::World, code: "topic_authorization_failed" };
const UNKNOWN: Failure = Failure { class: FailureClass::Unknown, code: "message_timed_out" };

/// A producer that notes what it is given.
#[derive(Debug, Default)]
struct Fake {
    sent: Vec<String>,
    tickets: BTreeMap<char, Vec<Ticket>>,
    generation: u16,
    settled: u16,
    /// What the next sends fail with.
    not_taken: VecDeque<Failure>,
}

impl Producer for Fake {
    fn send(
        &mut self,
        index: u32,
        grouping: Grouping,
        behind: Option<u16>,
        record: &Record,
    ) -> Result<Ticket, Failure> {
        if behind.is_some_and(|generation| generation != self.generation) {
            return Err(Failure::PRODUCER_LOST);
        }
        if let Some(failure) = self.not_taken.pop_front() {
            return Err(failure);
        }
        let name = char::from(record.key[0]);
        let late = record.to.lane != Lane::DeadLetters
            && ReadingBatch::decode(record.value.as_slice()).expect("a batch").delivered_late;
        let grouping = match grouping {
            Grouping::Batched => "",
            Grouping::Single => "!",
        };
        self.sent.push(format!("{name}{grouping}{}", if late { "~" } else { "" }));
        let ticket = Ticket { record: index, generation: self.generation };
        self.tickets.entry(name).or_default().push(ticket);
        Ok(ticket)
    }

    fn settled_generation(&self) -> u16 {
        self.settled
    }
}

impl<P: Producer> Sink<P> {
    /// As if every partition's broker had written records of the first producer.
    pub(crate) fn known(mut self) -> Self {
        for track in self.tracks.iter_mut().flatten() {
            track.knows(0, Mono::default());
        }
        self
    }
}

/// A sink with a clock and one window for each record.
struct Stage {
    sink: Sink<Fake>,
    pool: RecordPool,
    now: Mono,
    windows: BTreeMap<char, Outstanding>,
    bytes: BTreeMap<char, usize>,
    spool: Option<logged::Spool>,
}

impl Stage {
    fn new() -> Self {
        let stage = Self::unknown();
        Self { sink: stage.sink.known(), ..stage }
    }

    /// The brokers have never heard of the producer.
    fn unknown() -> Self {
        Self {
            sink: Sink::new(Fake::default(), [2, 1, 1]),
            pool: RecordPool::new(8),
            now: Mono(1_000_000),
            windows: BTreeMap::new(),
            bytes: BTreeMap::new(),
            spool: None,
        }
    }

    fn play(&mut self, actions: &str) -> String {
        for action in actions.split_whitespace() {
            self.act(action);
            self.check(action);
        }
        let mut told = mem::take(&mut self.sink.producer.sent);
        let settled = self.windows.iter_mut().filter_map(|(name, window)| {
            assert_eq!(window.window().abandoned(), 0, "{name} was abandoned");
            window.pop_done().map(|_| format!("={name}"))
        });
        told.extend(settled);
        let mut poison = Vec::new();
        self.sink.take_poison(&mut poison);
        for mut refused in poison {
            told.push(format!("-{}", char::from(refused.record.key[0])));
            refused.record.shares.settle(receipt());
            self.windows.retain(|_, window| window.pop_done().is_none());
        }
        self.windows.retain(|_, window| !window.is_empty());
        told.join(" ")
    }

    fn act(&mut self, action: &str) {
        let (verb, object) = action.split_once(':').unwrap_or((action, ""));
        let name = object.chars().next().unwrap_or_default();
        match verb {
            "ok" => self.report(name, Ok(receipt())),
            "size" => self.report(name, Err(TOO_LARGE)),
            "form" => self.report(name, Err(MALFORMED)),
            "auth" => self.report(name, Err(FORBIDDEN)),
            "lost" => self.report(name, Err(UNKNOWN)),
            "old" => {
                let ticket = self.sink.producer.tickets[&name][0];
                let report = Report { ticket, outcome: Ok(receipt()) };
                self.sink.report(report, self.now, &mut self.pool);
            }
            "full" => self.sink.producer.not_taken.push_back(Failure::QUEUE_FULL),
            "large" => self.sink.producer.not_taken.push_back(TOO_LARGE),
            "replace" => self.sink.producer.generation += 1,
            "settle" => {
                self.sink.producer.settled = self.sink.producer.generation;
                self.sink.tick(self.now, &mut self.pool);
            }
            "wait" => {
                self.now = self.now + Duration::from_millis(object.parse().expect("ms"));
                self.sink.tick(self.now, &mut self.pool);
                let due = self.sink.deadline();
                assert!(due.is_none_or(|due| due > self.now), "{due:?} is over at {:?}", self.now);
            }
            "disk" | "dead" | "mended" | "restart" => self.act_on_spool(verb),
            _ => self.hand_over(verb.strip_prefix('+').expect("an action")),
        }
    }

    fn hand_over(&mut self, name: &str) {
        let name = name.chars().next().expect("a name");
        assert!(!self.windows.contains_key(&name), "{name} is already on its way");
        self.hand_over_again(name);
    }

    fn hand_over_again(&mut self, name: char) {
        let mut record = self.pool.take();
        record.key.push(u8::try_from(name).expect("ASCII"));
        record.value.extend_from_slice(b"\x0a\x01t");
        record.to = match name {
            'a'..='m' => RecordKey { lane: Lane::Readings, partition: 0 },
            'n'..='z' => RecordKey { lane: Lane::Readings, partition: 1 },
            'A'..='Z' => RecordKey { lane: Lane::Alerts, partition: 0 },
            _ => RecordKey { lane: Lane::DeadLetters, partition: 0 },
        };
        record.opened = self.now;
        record.timestamp = UnixMicros(7);
        let mut window = Outstanding::new(Epoch(1), 1);
        let (_, mut token) = window.admit(arrival()).expect("room");
        token.split(&mut record.shares);
        token.hand_on();
        self.windows.insert(name, window);
        self.bytes.insert(name, record.bytes());
        self.sink.hand_over(record, self.now);
    }

    fn report(&mut self, name: char, outcome: Result<Receipt, Failure>) {
        let ticket = *self.sink.producer.tickets[&name].last().expect("sent");
        self.sink.report(Report { ticket, outcome }, self.now, &mut self.pool);
    }

    /// What must hold at any moment.
    fn check(&self, action: &str) {
        let occupied = || self.sink.entries.iter().filter(|entry| entry.place != Place::Vacant);
        let waiting = || self.sink.backlog.iter().flat_map(Backlog::waiting);
        assert_eq!(self.sink.live(), occupied().count() + waiting().count(), "{action}");
        let owed = occupied().filter(|entry| entry.debt == Debt::Owed).map(|entry| &entry.record);
        let bytes: usize = owed.chain(waiting()).map(Record::bytes).sum();
        assert_eq!(self.sink.live_bytes(), bytes, "{action}");
        let taken = self.sink.entries.len() - self.sink.free.len();
        assert_eq!(taken, occupied().count(), "{action}");
        // Nothing is forgotten: what is not with Kafka has a time at which it moves.
        if occupied().any(|entry| entry.place == Place::Here) {
            let with_kafka = |place| matches!(place, Place::WithKafka { .. });
            let moves = occupied().any(|entry| with_kafka(entry.place));
            assert!(moves || self.sink.deadline().is_some(), "{action}: stuck");
        }
    }
}

fn arrival() -> Arrival {
    Arrival {
        packet_id: 1,
        qos: QoS::AtLeastOnce,
        bytes: 1,
        received: Mono(0),
        fingerprint: 0,
        event_id: 0,
        readings: 1,
        refused: 0,
        settlement: Settlement::Delivered,
    }
}

#[expect(clippy::disallowed_methods, reason = "this test stands for Kafka")]
fn receipt() -> Receipt {
    Receipt::new()
}

fn script(name: &str, lines: &[(&str, &str)]) -> Stage {
    play(Stage::new(), name, lines)
}

fn play(mut stage: Stage, name: &str, lines: &[(&str, &str)]) -> Stage {
    for (actions, expected) in lines {
        assert_eq!(stage.play(actions), *expected, "{name}: {actions}");
    }
    stage
}
