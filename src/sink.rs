//! One link's way out: records in hand-over order, and what to do when Kafka refuses some.
//!
//! I/O-free. Every partition of every topic is a track: while it flows, records go straight
//! to the producer. When one comes back, later ones of that partition are held until the
//! returned ones have gone through again or were found to be poison, so order holds.
//!
//! - *The record may be at fault*: Kafka fails a whole batch for one bad record, so the
//!   returned ones are sent again singly. The refused ones are handed out as dead letters.
//! - *The world refuses*: more than [`POISON_RUN_MAX`] single refusals of a topic in a row with
//!   one code, or a code that no other record would escape. Nothing is given up; one record is tried
//!   again every few seconds, and the link stops taking new messages.
//! - *Nobody knows*: the producer was lost or purged. All are sent again, in order.

mod backlog;
mod gate;
mod lane_log;
mod logged;
mod outcome;
mod producer;
mod tail;
pub mod track;
mod trouble;

use std::{mem, time::Duration};

pub use backlog::{Backlog, Habit};
use gate::Gate;
pub use outcome::{Blocked, Poison, SinkCounts};
pub use producer::Producer;
use tail::Route;
pub use track::POISON_RUN_MAX;
use track::{Fate, Run, Track};
use trouble::mark_late;

#[cfg(test)]
use crate::kafka::FailureClass;
use crate::{
    ack::Receipt,
    kafka::{Report, settings::Grouping},
    model::{Lane, Mono, RecordKey},
    record::{Record, RecordPool},
    spool::Recovered,
};

/// See the module.
#[derive(Debug)]
pub struct Sink<P> {
    producer: P,
    entries: Vec<Entry>,
    free: Vec<u32>,
    tracks: [Vec<Track>; 3],
    troubled: Vec<RecordKey>,
    /// Single refusals in a row, by lane.
    runs: [Run; 3],
    poison: Vec<Poison>,
    live: usize,
    live_bytes: usize,
    next_sequence: u64,
    settled_generation: u16,
    counts: SinkCounts,
    /// `None`: Kafka alone acknowledges.
    backlog: Option<Backlog>,
    gate: Gate,
    /// Records that are not to be handed over any more.
    withheld: Vec<Record>,
}

/// A place of the table. Its index is what librdkafka carries.
#[derive(Debug)]
struct Entry {
    record: Record,
    sequence: u64,
    place: Place,
    fate: Fate,
    /// Records of its topic that were confirmed when it was refused singly last.
    heard: Option<u64>,
    /// Sequence number of its copy in the log, if there is one.
    logged: Option<u64>,
    debt: Debt,
}

/// Does somebody wait for the record's proof?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Debt {
    Owed,
    Settled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Vacant,
    WithKafka { generation: u16, grouping: Grouping },
    Here,
}

impl<P: Producer> Sink<P> {
    /// `partitions`: of each lane's topic.
    pub fn new(producer: P, partitions: [i32; 3]) -> Self {
        let settled_generation = producer.settled_generation();
        Self {
            producer,
            entries: Vec::new(),
            free: Vec::new(),
            tracks: partitions
                .map(|count| (0..count.max(1)).map(|_| Track::default()).collect::<Vec<_>>()),
            troubled: Vec::new(),
            runs: Default::default(),
            poison: Vec::new(),
            live: 0,
            live_bytes: 0,
            next_sequence: 0,
            settled_generation,
            counts: SinkCounts::default(),
            backlog: None,
            gate: Gate::default(),
            withheld: Vec::new(),
        }
    }

    /// With a spool to fall back to.
    #[must_use]
    pub fn with_log(mut self, habit: Habit, recovered: &[Recovered; 3]) -> Self {
        let partitions = self.tracks.each_ref().map(Vec::len);
        self.backlog = Some(Backlog::new(habit, recovered, partitions));
        self
    }

    /// Partitions of a lane.
    pub fn partitions(&self, lane: Lane) -> i32 {
        let [readings, alerts, dead_letters] = &self.tracks;
        let tracks = match lane {
            Lane::Readings => readings,
            Lane::Alerts => alerts,
            Lane::DeadLetters => dead_letters,
        };
        i32::try_from(tracks.len()).unwrap_or(i32::MAX)
    }

    /// Takes a record over: straight to Kafka while its partition flows, else behind those that
    /// wait.
    pub fn hand_over(&mut self, record: Record, now: Mono) {
        let to = record.to;
        if self.gate.refuses(&record) {
            return self.put_aside(record);
        }
        self.live += 1;
        self.live_bytes += record.bytes();
        match self.backlog.as_ref().map_or(Route::Direct, |backlog| backlog.route(to)) {
            Route::Direct => {
                let index = self.insert(record);
                self.hand(index, to, now);
            }
            Route::Logged => self.log(record, now),
        }
    }

    /// Takes what Kafka said of a record. Settled records go back to the pool.
    pub fn report(&mut self, report: Report, now: Mono, pool: &mut RecordPool) {
        let Report { ticket, outcome } = report;
        let Some(entry) = entry(&mut self.entries, ticket.record) else { return };
        let Place::WithKafka { generation, grouping } = entry.place else { return };
        if generation != ticket.generation {
            return;
        }
        let to = entry.record.to;
        if let Some(track) = track(&mut self.tracks, to) {
            track.returned_by_kafka();
            if outcome.is_ok() {
                track.knows(generation, now);
            }
        }
        match outcome {
            Ok(receipt) => self.delivered(ticket.record, to, receipt, now, pool),
            #[cfg(test)]
            #[expect(clippy::disallowed_methods, reason = "the planted bug")]
            Err(failure)
                if failure.class == FailureClass::Unknown
                    && crate::plant::is_planted(crate::plant::Bug::EarlyAcknowledgement) =>
            {
                self.delivered(ticket.record, to, Receipt::new(), now, pool);
            }
            Err(failure) => self.failed(ticket.record, to, failure, grouping, now),
        }
        if !self.troubled.is_empty() {
            self.progress(to, now);
        }
    }

    /// Moves on what waits for a time or for a lost producer. Call it at [`Self::deadline`].
    pub fn tick(&mut self, now: Mono, pool: &mut RecordPool) {
        self.sweep_lost(now);
        for to in self.troubled.clone() {
            self.progress(to, now);
        }
        if self.backlog.as_ref().is_some_and(|backlog| backlog.is_due(now)) {
            self.watch(now);
        }
        self.drain(now, pool);
    }

    /// When [`Self::tick`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        let track_of = |to: &RecordKey| lane(&self.tracks, to.lane).get(position(*to)?);
        let tracks = self.troubled.iter().filter_map(|to| track_of(to)?.deadline());
        let watch = self.backlog.as_ref().and_then(|backlog| backlog.deadline(self.live));
        tracks.chain(watch).min()
    }

    /// Records that were refused for good since the last call.
    pub fn take_poison(&mut self, into: &mut Vec<Poison>) {
        into.append(&mut self.poison);
    }

    /// Records not yet confirmed.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Bytes of the records not yet confirmed.
    pub fn live_bytes(&self) -> usize {
        self.live_bytes
    }

    /// What was done so far.
    pub fn counts(&self) -> &SinkCounts {
        &self.counts
    }

    /// A partition that refuses, readings and alerts before dead letters.
    pub fn blocked(&self) -> Option<Blocked> {
        let blocked = |to: &RecordKey| {
            let code = lane(&self.tracks, to.lane).get(position(*to)?)?.refusal()?;
            Some(Blocked { to: *to, code })
        };
        self.troubled.iter().filter_map(blocked).min_by_key(|blocked| blocked.to.lane)
    }

    /// The oldest record not yet confirmed: where it goes and when its first message came.
    /// Walks the table; ask about once a second.
    pub fn oldest(&self) -> Option<(RecordKey, Mono)> {
        let live = self
            .entries
            .iter()
            .filter(|entry| entry.place != Place::Vacant && entry.debt == Debt::Owed)
            .map(|entry| &entry.record);
        let waiting = self.backlog.iter().flat_map(Backlog::waiting);
        live.chain(waiting)
            .map(|record| (record.to, record.opened))
            .min_by_key(|(_, opened)| *opened)
    }

    /// Records somebody waits for.
    pub fn owed(&self) -> usize {
        let live = self
            .entries
            .iter()
            .filter(|entry| entry.place != Place::Vacant && entry.debt == Debt::Owed);
        live.count() + self.backlog.iter().flat_map(Backlog::waiting).count()
    }

    /// Gives up everything: at the shutdown deadline, and in tests. The messages come again.
    pub fn abandon_all(&mut self) {
        for entry in &mut self.entries {
            if entry.place != Place::Vacant {
                entry.record.shares.abandon();
            }
        }
        if let Some(backlog) = &mut self.backlog {
            backlog.abandon_all();
        }
    }

    fn insert(&mut self, record: Record) -> u32 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let entry = Entry {
            record,
            sequence,
            place: Place::Here,
            fate: Fate::Open,
            heard: None,
            logged: None,
            debt: Debt::Owed,
        };
        if let Some(index) = self.free.pop() {
            if let Some(place) = self.entries.get_mut(usize_from(index)) {
                *place = entry;
            }
            index
        } else {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        }
    }

    fn send(&mut self, index: u32, to: RecordKey, grouping: Grouping, now: Mono) {
        let Some(entry) = entry(&mut self.entries, index) else { return };
        if self.gate.refuses_waiting(&entry.record) {
            return self.withhold(index, to, now);
        }
        let Some(track) = track(&mut self.tracks, to) else { return };
        if track.is_overtaken(entry.sequence, entry.fate) {
            let grown = mark_late(&mut entry.record);
            match entry.debt {
                Debt::Owed => self.live_bytes += grown,
                Debt::Settled => {}
            }
        }
        match self.producer.send(index, grouping, track.behind(), &entry.record) {
            Ok(ticket) => {
                entry.place = Place::WithKafka { generation: ticket.generation, grouping };
                track.given_to_kafka(ticket.generation);
            }
            Err(failure) => self.failed(index, to, failure, grouping, now),
        }
    }

    fn delivered(
        &mut self,
        index: u32,
        to: RecordKey,
        receipt: Receipt,
        now: Mono,
        pool: &mut RecordPool,
    ) {
        let (sequence, logged) = entry(&mut self.entries, index)
            .map_or((0, None), |entry| (entry.sequence, entry.logged));
        let Some(mut record) = self.remove(index) else { return };
        let Some(own_track) = track(&mut self.tracks, to) else { return };
        own_track.confirmed(sequence);
        let lane = to.lane as usize;
        if let Some(count) = self.counts.delivered.get_mut(lane) {
            *count += 1;
        }
        if let Some(bytes) = self.counts.delivered_bytes.get_mut(lane) {
            *bytes += u64::try_from(record.bytes()).unwrap_or(u64::MAX);
        }
        record.shares.settle(receipt);
        let buried = record.buries.take();
        if let (Some(backlog), Some(logged)) = (&mut self.backlog, logged) {
            backlog.delivered(to, logged, now.since(record.opened), now);
        }
        pool.put(record);
        if let Some(place) = buried {
            self.buried(place);
        }
        if let Some(run) = self.runs.get_mut(lane).filter(|run| !run.is_over()) {
            *run = Run::default();
            let tracks = self.tracks.get_mut(lane).into_iter().flatten();
            let convicted = tracks.flat_map(Track::convict).collect();
            self.give_up(convicted);
        }
    }

    fn remove(&mut self, index: u32) -> Option<Record> {
        let entry = entry(&mut self.entries, index)?;
        entry.place = Place::Vacant;
        let record = mem::take(&mut entry.record);
        let debt = entry.debt;
        self.free.push(index);
        self.live -= 1;
        match debt {
            Debt::Owed => self.live_bytes -= record.bytes(),
            Debt::Settled => {}
        }
        Some(record)
    }
}

/// How often a link looks whether the producer was replaced, while records are out.
pub const REBUILD_CHECK: Duration = Duration::from_secs(1);

fn lane<T>(lanes: &[T; 3], lane: Lane) -> &T {
    let [readings, alerts, dead_letters] = lanes;
    match lane {
        Lane::Readings => readings,
        Lane::Alerts => alerts,
        Lane::DeadLetters => dead_letters,
    }
}

fn track(lanes: &mut [Vec<Track>; 3], to: RecordKey) -> Option<&mut Track> {
    lanes.get_mut(to.lane as usize)?.get_mut(position(to)?)
}

fn position(to: RecordKey) -> Option<usize> {
    usize::try_from(to.partition).ok()
}

fn entry(entries: &mut [Entry], index: u32) -> Option<&mut Entry> {
    entries.get_mut(usize_from(index))
}

fn usize_from(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
