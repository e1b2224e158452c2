//! Doors, whose state is said again and again, also by two ways: what is left out as a repeat or as
//! a copy must stand in the log already.

use std::collections::{BTreeMap, BTreeSet};

use super::{World, broker::Published, log::Log};
use crate::wire::v1::{ReadingBatch, reading};

/// What a message said of a door.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) door: String,
    pub(super) is_open: bool,
    /// The device's counter: that of the first, for a copy by another way.
    pub(super) sequence: u32,
    pub(super) qos: u8,
    /// Nothing else is in the message.
    pub(super) is_alone: bool,
}

/// What the log says of the doors.
#[derive(Debug, Default)]
pub(super) struct Doors {
    /// By door, then by the device's counter.
    stored: BTreeMap<String, BTreeMap<u32, bool>>,
    last: BTreeMap<String, Last>,
    met: BTreeSet<(Vec<u8>, u32)>,
    /// Those of records that Kafka refused for good.
    buried: BTreeMap<String, BTreeMap<u32, bool>>,
    /// Doors with a reading behind later ones, which says so.
    late: BTreeSet<String>,
}

/// How a door stands.
#[derive(Clone, Copy, Debug)]
struct Last {
    /// For who takes every reading.
    with_copies: bool,
    /// For who ignores ids that were met before.
    without: bool,
    /// The last of an id that was new stands behind what its device said later.
    is_behind: bool,
}

/// When doors are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AtRest {
    First,
    /// After each has said its state once more.
    SaidAgain,
}

/// Door, counter and state of every door in a batch, with id and ordinal.
pub(super) fn doors(
    batch: &ReadingBatch,
) -> impl Iterator<Item = (String, u32, bool, (Vec<u8>, u32))> {
    batch.reports.iter().flat_map(|report| {
        report.readings.iter().filter_map(|reading| {
            let Some(reading::Value::State(is_open)) = reading.value else { return None };
            let door = format!("{}/{}", batch.home, report.device);
            let sequence = u32::try_from(report.sequence?).ok()?;
            Some((door, sequence, is_open, (report.event_id.clone(), reading.ordinal)))
        })
    })
}

impl Doors {
    pub(super) fn append(&mut self, batch: &ReadingBatch) {
        for (door, sequence, is_open, id) in doors(batch) {
            if batch.delivered_late {
                self.late.insert(door.clone());
            }
            let stored = self.stored.entry(door.clone()).or_default();
            stored.insert(sequence, is_open);
            let is_behind = stored.range(sequence + 1..).next().is_some();
            let new = Last { with_copies: is_open, without: is_open, is_behind };
            let last = self.last.entry(door).or_insert(new);
            last.with_copies = is_open;
            if self.met.insert(id) {
                *last = new;
            }
        }
    }

    /// A record that Kafka refused for good.
    pub(super) fn bury(&mut self, batch: &ReadingBatch) {
        for (door, sequence, is_open, _) in doors(batch) {
            self.buried.entry(door).or_default().insert(sequence, is_open);
        }
    }
}

impl World {
    /// The state of a door, for a message that is about to be published.
    pub(super) fn say_door(&mut self, door: &str) -> bool {
        let changes = self.chance.one_in(3);
        let is_open = self.open_doors.contains(door) != changes;
        if is_open {
            self.open_doors.insert(door.to_owned());
        } else {
            self.open_doors.remove(door);
        }
        is_open
    }

    /// A message of a door alone, and perhaps its copy by another way.
    pub(super) fn publish_door(&mut self) {
        let (home, device) = (self.chance.below(3), self.chance.below(2));
        let door = format!("h{home}/d{device}");
        let is_open = self.say_door(&door);
        let sequence = self.next_number;
        let ways = if self.chance.one_in(3) { 2 } else { 1 };
        let first = 1 + self.chance.below(2);
        for way in [first, 3 - first].into_iter().take(ways) {
            let qos = u8::from(!self.chance.one_in(3));
            if way == first && self.chance.one_in(40) && !self.is_quiet {
                self.kafka.0.borrow_mut().poison.insert(sequence);
            }
            let said = Said { door: door.clone(), is_open, sequence, qos, is_alone: true };
            self.publish_said(said, way);
        }
    }

    fn publish_said(&mut self, said: Said, way: usize) {
        let number = self.next_number;
        self.next_number += 1;
        let Said { is_open, sequence, qos, .. } = said;
        let payload = format!(
            r#"{{"sequence":{sequence},"way":{way},"readings":[{{"kind":"door_open","value":{is_open}}}]}}"#
        );
        let (home, device) = said.door.split_once('/').expect("a home and a device");
        let topic = format!("homes/{home}/json/{device}");
        self.said.insert(number, said);
        let payload = payload.into_bytes();
        let message = Published { number, topic, payload, qos, retain: false };
        self.published.push(message.clone());
        self.broker.publish(message);
    }

    /// Every door says once more how it stands.
    pub(super) fn say_doors_again(&mut self) {
        let doors: BTreeSet<_> = self.said.values().map(|said| said.door.clone()).collect();
        for door in doors {
            let is_open = self.open_doors.contains(&door);
            let sequence = self.next_number;
            self.publish_said(Said { door, is_open, sequence, qos: 1, is_alone: true }, 1);
        }
    }

    /// An acknowledged message's door is stored or safe, or it was before and nothing else is
    /// between: in the order of publishing, which is that of the device.
    pub(super) fn check_door(&self, number: u32, log: &Log) {
        let Some(said) = self.said.get(&number) else { return };
        let is_buried = self.shelf.iter().any(|shelf| shelf.has(|n| n.has_buried(said.sequence)));
        if is_buried || log.buried.contains(&said.sequence) {
            return;
        }
        // What the spool had acknowledged may be refused long after.
        let refused = log.doors.buried.get(&said.door).filter(|_| self.shelf.is_some());
        let stored = log.doors.stored.get(&said.door).into_iter().chain(refused).flatten();
        let mut known: BTreeMap<u32, bool> = stored.map(|(at, state)| (*at, *state)).collect();
        let safe = self.shelf.iter().flat_map(super::shelf::Shelf::safe);
        for (door, sequence, is_open) in safe.flat_map(|numbers| numbers.doors.iter()) {
            if *door == said.door {
                known.insert(*sequence, *is_open);
            }
        }
        let last = known.range(..=said.sequence).next_back().map(|(_, state)| *state);
        assert_eq!(
            last,
            Some(said.is_open),
            "message {number} was acknowledged and its door is not stored: {said:?}"
        );
    }

    /// Is a door all that a message says?
    pub(super) fn is_door_alone(&self, number: u32) -> bool {
        self.said.get(&number).is_some_and(|said| said.is_alone)
    }

    /// Who keeps the last state of each door knows how it stands, with copies and without.
    pub(super) fn check_doors_at_rest(&self, log: &Log, at: AtRest) {
        let mut last: BTreeMap<&str, (u32, &Said)> = BTreeMap::new();
        for (number, said) in &self.said {
            last.insert(&said.door, (*number, said));
        }
        for (door, (number, said)) in last {
            let is_unclear = said.qos == 0
                || self.is_doubtful(number)
                || self.broker.forgotten.contains(&number)
                || log.buried.contains(&said.sequence)
                || log.doors.late.contains(door)
                || self.shelf.is_some() && log.doors.buried.contains_key(door);
            if is_unclear {
                continue;
            }
            let last = log.doors.last[door];
            assert_eq!(last.with_copies, said.is_open, "door {door}, for who takes every reading");
            // What was left out, and comes again after a cut, is new to who ignores ids, and what it
            // stands behind is not: until the next ordinary reading.
            if !last.is_behind || at == AtRest::SaidAgain {
                assert_eq!(last.without, said.is_open, "door {door}, for who ignores copies");
            }
        }
    }
}
