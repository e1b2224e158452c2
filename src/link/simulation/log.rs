//! Kafka as the sink sees it: partitions that append, refuse, lose replies and die.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use prost::Message as _;

use super::{
    Chance,
    doors::{Doors, doors},
};
use crate::{
    ack::Receipt,
    encode::report::home_of,
    kafka::{Failure, FailureClass, Report, mailbox::Ticket, settings::Grouping},
    model::{Lane, RecordKey},
    record::Record,
    sink::Producer,
    wire::v1::{DeadLetter, Reading, ReadingBatch, reading},
};

#[derive(Clone, Debug)]
struct Sent {
    ticket: Ticket,
    lane: Lane,
    grouping: Grouping,
    value: Vec<u8>,
}

/// What is stored, and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Log {
    queues: BTreeMap<RecordKey, VecDeque<Sent>>,
    reports: Vec<Report>,
    generation: u16,
    settled: u16,
    pub(super) slow: bool,
    /// No failures.
    pub(super) is_quiet: bool,
    /// Readings that came again.
    pub(super) copies: u32,
    pub(super) world_refuses: bool,
    /// Nothing of it may be handed over.
    pub(super) refused_home: Option<&'static str>,
    /// Numbers of messages whose records Kafka refuses for themselves.
    pub(super) poison: BTreeSet<u32>,
    pub(super) readings: BTreeSet<u32>,
    pub(super) alerts: BTreeSet<u32>,
    pub(super) buried: BTreeSet<u32>,
    pub(super) doors: Doors,
    /// First occurrence of each event id, by device, in the order of the partition.
    pub(super) order: BTreeMap<String, Vec<u32>>,
    seen: BTreeSet<(Vec<u8>, u32)>,
    pub(super) late: BTreeSet<u32>,
    /// Kafka refused a record with them, while later ones may have been written.
    pub(super) refused: BTreeSet<u32>,
}

/// A shared hand on the log.
#[derive(Clone, Debug, Default)]
pub(super) struct Hand(pub(super) Rc<RefCell<Log>>);

impl Producer for Hand {
    fn send(
        &mut self,
        index: u32,
        grouping: Grouping,
        behind: Option<u16>,
        record: &Record,
    ) -> Result<Ticket, Failure> {
        let mut log = self.0.borrow_mut();
        if behind.is_some_and(|generation| generation != log.generation) {
            return Err(Failure::PRODUCER_LOST);
        }
        if let (Some(refused), Lane::Readings | Lane::Alerts) = (log.refused_home, record.to.lane) {
            let (_, home) = home_of(&record.value).expect("our own bytes");
            assert_ne!(home, refused, "a record of a refused home is handed over");
        }
        let ticket = Ticket { record: index, generation: log.generation };
        let value = record.value.clone();
        let sent = Sent { ticket, lane: record.to.lane, grouping, value };
        log.queues.entry(record.to).or_default().push_back(sent);
        Ok(ticket)
    }

    fn settled_generation(&self) -> u16 {
        self.0.borrow().settled
    }
}

/// Numbers of the messages a record was made of.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    readings: Vec<u32>,
    alerts: Vec<u32>,
    buried: Vec<u32>,
    /// Door, counter and state, also of a record that Kafka refused.
    pub(super) doors: Vec<(String, u32, bool)>,
}

impl Numbers {
    pub(super) fn of(lane: Lane, value: &[u8]) -> Self {
        let mut found = Self::default();
        match lane {
            Lane::Readings => {
                let batch = ReadingBatch::decode(value).expect("our own bytes");
                found.readings = numbers_of(&batch);
                found.doors = said_in(&batch);
            }
            Lane::Alerts => found.alerts = alerted(value),
            Lane::DeadLetters => {
                found.buried = buried(value);
                found.doors = refused(value).map_or_else(Vec::new, |batch| said_in(&batch));
            }
        }
        found
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.readings.contains(&number) || self.buried.contains(&number)
    }

    pub(super) fn has_buried(&self, number: u32) -> bool {
        self.buried.contains(&number)
    }

    pub(super) fn has_alert(&self, number: u32) -> bool {
        self.alerts.contains(&number) || self.buried.contains(&number)
    }
}

impl Log {
    pub(super) fn take_reports(&mut self, chance: &mut Chance) -> Vec<Report> {
        let count = if chance.one_in(3) {
            chance.below(self.reports.len() + 1)
        } else {
            self.reports.len()
        };
        self.reports.drain(..count).collect()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.queues.values().map(VecDeque::len).sum::<usize>() + self.reports.len()
    }

    /// The producer dies: some of what it held was written, and most reports never come.
    pub(super) fn kill_producer(&mut self, chance: &mut Chance) {
        for (_, queue) in std::mem::take(&mut self.queues) {
            let written = chance.below(queue.len() + 1);
            for (position, sent) in queue.into_iter().enumerate() {
                if position < written {
                    self.append(&sent);
                }
                if chance.one_in(2) {
                    let failure = Failure { class: FailureClass::Unknown, code: "purged" };
                    self.reports.push(Report { ticket: sent.ticket, outcome: Err(failure) });
                }
            }
        }
        self.generation += 1;
        self.settled = self.generation;
    }

    /// One batch of one partition comes to an end.
    pub(super) fn progress(&mut self, chance: &mut Chance) {
        if self.slow && !chance.one_in(10) {
            return;
        }
        let keys: Vec<RecordKey> = self.queues.keys().copied().collect();
        if keys.is_empty() {
            return;
        }
        let key = keys[chance.below(keys.len())];
        let queue = self.queues.get_mut(&key).expect("listed");
        let mut batch: Vec<Sent> = Vec::new();
        let most = 1 + chance.below(8);
        while batch.len() < most
            && let Some(sent) = queue.pop_front()
        {
            let single = sent.grouping == Grouping::Single;
            if single && !batch.is_empty() {
                queue.push_front(sent);
                break;
            }
            batch.push(sent);
            if single {
                break;
            }
        }
        if queue.is_empty() {
            self.queues.remove(&key);
        }
        let poisoned = batch.iter().any(|sent| {
            sent.lane != Lane::DeadLetters
                && numbers(&sent.value).iter().any(|number| self.poison.contains(number))
        });
        let failure = if self.world_refuses {
            Some(Failure { class: FailureClass::World, code: "topic_authorization_failed" })
        } else if poisoned {
            Some(Failure { class: FailureClass::Record, code: "message_size_too_large" })
        } else if !self.is_quiet && chance.one_in(60) {
            Some(Failure { class: FailureClass::Unknown, code: "message_timed_out" })
        } else {
            None
        };
        // A failure of unknown kind may have been written all the same.
        let written = match failure {
            None => true,
            Some(failure) => failure.class == FailureClass::Unknown && chance.one_in(2),
        };
        let attempted = batch.len();
        if failure.is_some_and(|failure| failure.class == FailureClass::Unknown) {
            // Idempotence: what was sent behind a lost batch is not taken either.
            batch.extend(self.queues.remove(&key).into_iter().flatten());
        }
        for (position, sent) in batch.into_iter().enumerate() {
            if written && position < attempted {
                self.append(&sent);
            }
            if failure.is_some() {
                self.refused.extend(numbers(&sent.value));
            }
            let outcome = match failure {
                Some(failure) => Err(failure),
                None => Ok(receipt()),
            };
            self.reports.push(Report { ticket: sent.ticket, outcome });
        }
    }

    /// The process that sent it all is gone: a part of what was on its way still arrives, in order
    /// and without gaps, and nobody is told.
    pub(super) fn lose_client(&mut self, chance: &mut Chance) {
        for (_, queue) in std::mem::take(&mut self.queues) {
            let written = chance.below(queue.len() + 1);
            queue.iter().take(written).for_each(|sent| self.append(sent));
        }
        self.reports.clear();
        self.generation = 0;
        self.settled = 0;
    }

    fn append(&mut self, sent: &Sent) {
        match sent.lane {
            Lane::Readings => {
                self.readings.extend(numbers(&sent.value));
                let batch = ReadingBatch::decode(sent.value.as_slice()).expect("our own bytes");
                self.doors.append(&batch);
                for report in batch.reports {
                    for reading in &report.readings {
                        let Some(number) = number(reading.value.as_ref()) else { continue };
                        if batch.delivered_late {
                            self.late.insert(number);
                        }
                        if self.seen.insert((report.event_id.clone(), reading.ordinal)) {
                            let device = format!("{}/{}", batch.home, report.device);
                            self.order.entry(device).or_default().push(number);
                        } else {
                            self.copies += 1;
                        }
                    }
                }
            }
            Lane::Alerts => self.alerts.extend(alerted(&sent.value)),
            Lane::DeadLetters => {
                self.buried.extend(buried(&sent.value));
                if let Some(batch) = refused(&sent.value) {
                    self.doors.bury(&batch);
                }
            }
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.readings.contains(&number) || self.buried.contains(&number)
    }
}

#[expect(clippy::disallowed_methods, reason = "this log stands for Kafka")]
fn receipt() -> Receipt {
    Receipt::new()
}

fn number(value: Option<&reading::Value>) -> Option<u32> {
    match value {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
        Some(reading::Value::Number(number)) => Some(*number as u32),
        _ => None,
    }
}

fn said_in(batch: &ReadingBatch) -> Vec<(String, u32, bool)> {
    doors(batch).map(|(door, number, state, _)| (door, number, state)).collect()
}

/// The record a dead letter was made of, if it was one.
fn refused(letter: &[u8]) -> Option<ReadingBatch> {
    let letter = DeadLetter::decode(letter).expect("our own bytes");
    ReadingBatch::decode(letter.payload.as_slice()).ok()
}

/// Numbers of the messages a batch holds.
fn numbers(value: &[u8]) -> Vec<u32> {
    ReadingBatch::decode(value).map_or_else(|_| Vec::new(), |batch| numbers_of(&batch))
}

/// The energy readings carry them, and the device's counter where a door is alone.
fn numbers_of(batch: &ReadingBatch) -> Vec<u32> {
    let mut found = Vec::new();
    for report in &batch.reports {
        let energy = report.readings.iter().find_map(|reading| number(reading.value.as_ref()));
        let is_door = |reading: &Reading| matches!(reading.value, Some(reading::Value::State(_)));
        let door = report.sequence.filter(|_| report.readings.iter().any(is_door));
        found.extend(energy.or(door.and_then(|number| u32::try_from(number).ok())));
    }
    found
}

/// Numbers of the messages whose alert a batch holds: the device's sequence carries them.
fn alerted(value: &[u8]) -> Vec<u32> {
    let Ok(batch) = ReadingBatch::decode(value) else { return Vec::new() };
    let alerts = batch.reports.into_iter().filter(|report| {
        report.readings.iter().all(|reading| number(reading.value.as_ref()).is_none())
    });
    alerts.filter_map(|report| report.sequence).filter_map(|n| u32::try_from(n).ok()).collect()
}

/// Numbers of the messages a dead letter was made of.
fn buried(value: &[u8]) -> Vec<u32> {
    let letter = DeadLetter::decode(value).expect("our own bytes");
    if letter.reason == "kafka_refused" {
        let mut numbers = numbers(&letter.payload);
        numbers.extend(alerted(&letter.payload));
        return numbers;
    }
    let text = String::from_utf8_lossy(&letter.payload).into_owned();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().into_iter().collect()
}
