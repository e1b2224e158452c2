//! What a link knows of its part of the spool: what was appended, what is safe, and what waits to
//! be handed over, by partition.
//!
//! A partition goes *direct* while Kafka keeps up: the disk is idle. It goes by the *log* when its
//! oldest unanswered record gets too old: then every record of it is appended first, and handed
//! over when all earlier ones of the partition have been and credits last. So librdkafka's queue is
//! the head of one order, and the log is its tail.

use std::{mem, time::Duration};

use super::{
    lane_log::{LaneLog, Pending},
    tail::{Route, Tail},
};
use crate::{
    model::{Lane, Mono, RecordKey},
    record::Record,
    spool::{Chunk, Orders, Recovered},
};

/// Bytes of a link's records that came from its logs and are with Kafka, in equal parts by
/// partition: one that is stuck takes nothing from the others.
const CREDIT_BYTES: usize = 16 << 20;
/// What a partition has of them at least.
const CREDIT_BYTES_MIN: usize = 64 << 10;
/// Bytes that may be on their way to a disk that does not keep up. Above, partitions go direct if
/// they can, and what waits stays with the broker.
const UNSYNCED_BYTES: usize = 16 << 20;
/// How long reports must have been quick before a partition goes direct again.
const CALM: Duration = Duration::from_secs(5);
/// How often ages are looked at and marks are told.
const WATCH: Duration = Duration::from_millis(200);
/// So many reports are told at once.
const MARK_REPORTS: u32 = 1_000;

/// When records go by the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// When Kafka keeps a record waiting for so long.
    After(Duration),
    /// Every one.
    Always,
}

/// See the module.
#[derive(Debug)]
pub struct Backlog {
    habit: Habit,
    pub(super) orders: Orders,
    lanes: [LaneLog; 3],
    watch_at: Mono,
    /// Reports since the marks were told.
    reports: u32,
    /// Bytes of the frames on their way to the disk.
    unsynced_bytes: usize,
    /// The engine stops: nothing more is read from the log, unless that makes room.
    pub(super) closed: bool,
}

impl Backlog {
    /// With what was found at start.
    pub fn new(habit: Habit, recovered: &[Recovered; 3], partitions: [usize; 3]) -> Self {
        let [readings, alerts, letters] = recovered;
        let [of_readings, of_alerts, of_letters] = partitions;
        let all = partitions.iter().sum::<usize>().max(1);
        let credit_bytes = (CREDIT_BYTES / all).max(CREDIT_BYTES_MIN);
        Self {
            habit,
            orders: Orders::default(),
            lanes: [
                LaneLog::new(readings, of_readings, habit, credit_bytes),
                LaneLog::new(alerts, of_alerts, habit, credit_bytes),
                LaneLog::new(letters, of_letters, habit, credit_bytes),
            ],
            watch_at: Mono::default(),
            reports: 0,
            unsynced_bytes: 0,
            closed: false,
        }
    }

    pub(super) fn lane_mut(&mut self, lane: Lane) -> &mut LaneLog {
        let [readings, alerts, letters] = &mut self.lanes;
        match lane {
            Lane::Readings => readings,
            Lane::Alerts => alerts,
            Lane::DeadLetters => letters,
        }
    }

    fn lane(&self, lane: Lane) -> &LaneLog {
        let [readings, alerts, letters] = &self.lanes;
        match lane {
            Lane::Readings => readings,
            Lane::Alerts => alerts,
            Lane::DeadLetters => letters,
        }
    }

    /// How records of a partition go.
    pub(super) fn route(&self, to: RecordKey) -> Route {
        let tail = super::position(to).and_then(|index| self.lane(to.lane).tails.get(index));
        tail.map_or(Route::Direct, |tail| tail.route)
    }

    pub(super) fn tail_mut(&mut self, to: RecordKey) -> Option<&mut Tail> {
        let index = super::position(to)?;
        self.lane_mut(to.lane).tails.get_mut(index)
    }

    /// Puts a record's frame behind the others; returns its sequence number.
    pub(super) fn append(&mut self, record: &Record) -> u64 {
        let lane = record.to.lane;
        let log = self.lane_mut(lane);
        let sequence = log.next;
        log.next += 1;
        self.unsynced_bytes += record.bytes();
        self.orders.lane_mut(lane).append(sequence, record);
        sequence
    }

    /// A logged record was delivered, after so long.
    pub(super) fn delivered(&mut self, to: RecordKey, sequence: u64, waited: Duration, now: Mono) {
        let is_slow = matches!(self.habit, Habit::After(after) if waited > after / 2);
        if let Some(tail) = self.tail_mut(to) {
            tail.done(sequence);
            if is_slow {
                tail.calm_since = now;
            }
        }
        self.reports += 1;
        if self.reports >= MARK_REPORTS {
            self.tell_marks();
        }
    }

    /// A logged record is not handed over: it is done with. The marks are told at the next look,
    /// since this may happen in the middle of a stretch.
    pub(super) fn withheld(&mut self, to: RecordKey, sequence: u64) {
        if let Some(tail) = self.tail_mut(to) {
            tail.done(sequence);
        }
        self.reports += 1;
    }

    /// Is it time to look at ages?
    pub(super) fn is_due(&self, now: Mono) -> bool {
        now >= self.watch_at
    }

    /// When to look, as long as there is something to look at.
    pub(super) fn deadline(&self, live: usize) -> Option<Mono> {
        let may_change = self.tails().any(|tail| {
            !tail.is_caught_up() || (tail.route == Route::Logged && self.habit != Habit::Always)
        });
        (live > 0 || self.reports > 0 || may_change).then_some(self.watch_at)
    }

    /// Partitions that go by the log.
    pub fn partitions_logged(&self) -> usize {
        self.tails().filter(|tail| tail.route == Route::Logged).count()
    }

    fn tails(&self) -> impl Iterator<Item = &Tail> {
        self.lanes.iter().flat_map(|log| &log.tails)
    }

    /// Begins a look: forgets the ages of the last one.
    pub(super) fn begin_watch(&mut self, now: Mono) {
        self.watch_at = now + WATCH;
        for tail in self.lanes.iter_mut().flat_map(|log| &mut log.tails) {
            tail.oldest = None;
        }
    }

    /// A record in the table, of this age.
    pub(super) fn seen(&mut self, to: RecordKey, opened: Mono) {
        if let Some(tail) = self.tail_mut(to) {
            tail.oldest = Some(tail.oldest.map_or(opened, |oldest| oldest.min(opened)));
        }
    }

    /// Ends a look: partitions that have been calm go direct again; those whose records have got
    /// too old are returned.
    pub(super) fn end_watch(&mut self, now: Mono, into: &mut Vec<RecordKey>) {
        let after = match self.habit {
            Habit::After(after) => after,
            Habit::Always => Duration::ZERO,
        };
        let is_swamped = self.is_swamped();
        for (lane, log) in Lane::ALL.into_iter().zip(&mut self.lanes) {
            for (partition, tail) in (0_i32..).zip(&mut log.tails) {
                let age = tail.oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
                match tail.route {
                    Route::Direct if age >= after && !is_swamped => {
                        into.push(RecordKey { lane, partition });
                    }
                    Route::Direct => {}
                    Route::Logged => {
                        if !tail.is_caught_up() || age > after / 2 || self.habit == Habit::Always {
                            tail.calm_since = now;
                        }
                        #[cfg(test)]
                        if crate::plant::is_planted(crate::plant::Bug::DirectTooEarly) {
                            tail.route = Route::Direct;
                        }
                        if now.since(tail.calm_since) >= CALM {
                            tail.route = Route::Direct;
                        }
                    }
                }
            }
        }
        self.tell_marks();
    }

    /// Does the disk not keep up?
    pub(super) fn is_swamped(&self) -> bool {
        self.unsynced_bytes >= UNSYNCED_BYTES
    }

    /// A frame is safe, or nobody asks for it any more.
    pub(super) fn written(&mut self, bytes: usize) {
        self.unsynced_bytes -= bytes.min(self.unsynced_bytes);
    }

    /// From now on this partition goes by the log.
    pub(super) fn log_from_now(&mut self, to: RecordKey, now: Mono) {
        let next = self.lane_mut(to.lane).next;
        if let Some(tail) = self.tail_mut(to)
            && tail.route == Route::Direct
        {
            tail.route = Route::Logged;
            tail.calm_since = now;
            if tail.is_caught_up() {
                (tail.next, tail.end) = (next, next);
            }
            #[cfg(test)]
            if crate::plant::is_planted(crate::plant::Bug::HandedTwice)
                && let Some((first, _)) = tail.outstanding.first_key_value()
            {
                tail.next = *first;
            }
        }
    }

    /// Partitions that go direct.
    pub(super) fn direct(&self) -> Vec<RecordKey> {
        let tails = Lane::ALL.into_iter().zip(&self.lanes).flat_map(|(lane, log)| {
            (0_i32..).zip(&log.tails).map(move |(partition, tail)| (lane, partition, tail))
        });
        tails
            .filter(|(_, _, tail)| tail.route == Route::Direct)
            .map(|(lane, partition, _)| RecordKey { lane, partition })
            .collect()
    }

    /// Records in memory that are not handed over.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Record> {
        self.lanes.iter().flat_map(|log| &log.pending).filter_map(|pending| match pending {
            Pending::Waiting(record) => Some(record),
            Pending::Handed { .. } => None,
        })
    }

    /// Gives up on proof of what is not safe yet.
    pub(super) fn abandon_all(&mut self) {
        for pending in self.lanes.iter_mut().flat_map(|log| &mut log.pending) {
            match pending {
                Pending::Waiting(record) => record.shares.abandon(),
                Pending::Handed { .. } => {}
            }
        }
    }

    /// Tells the spool what is delivered, if there is news.
    pub(super) fn tell_marks(&mut self) {
        self.reports = 0;
        for lane in Lane::ALL {
            let log = self.lane_mut(lane);
            let marks = log.marks();
            if marks == log.told || (log.told.is_empty() && marks.iter().all(|mark| *mark == 0)) {
                continue;
            }
            // Delivered before their frame was safe: nobody asks for that any more.
            let low = marks.iter().copied().min().unwrap_or(0);
            let mut written = 0;
            while log.synced < low
                && let Some(pending) = log.pending.pop_front()
            {
                log.synced += 1;
                written += pending.bytes();
            }
            log.told.clone_from(&marks);
            #[cfg(test)]
            let marks = if crate::plant::is_planted(crate::plant::Bug::MarkAtHandOver) {
                log.tails.iter().map(|tail| tail.next).collect()
            } else {
                marks
            };
            self.orders.lane_mut(lane).marks = Some(marks);
            self.written(written);
        }
    }

    /// The stretch in memory of a lane, to go through.
    pub(super) fn take_chunk(&mut self, lane: Lane) -> Chunk {
        mem::take(&mut self.lane_mut(lane).chunk)
    }
}
