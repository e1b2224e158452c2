//! What a link knows of its part of the spool: what was appended, what is safe, and what waits to
//! be handed over, by partition.
//!
//! A partition goes *direct* while Kafka keeps up: the disk is idle. It goes by the *log* when its
//! oldest unanswered record gets too old: then every record of it is appended first, and handed
//! over when all earlier ones of the partition have been and credits last. So librdkafka's queue is
//! the head of one order, and the log is its tail.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    time::Duration,
};

use crate::{
    model::{Lane, Mono, RecordKey},
    record::Record,
    spool::{Chunk, Orders, Recovered},
};

/// Records of one partition that came from the log and are with Kafka. What a crash finds there
/// comes twice, so this bounds the repeats.
pub(super) const CREDITS: usize = 256;
/// Bytes of all those of a link, in equal parts by partition: one that is stuck takes nothing
/// from the others.
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

/// One log.
#[derive(Debug)]
pub(super) struct LaneLog {
    /// The next sequence number.
    next: u64,
    /// Everything below needs no proof any more.
    pub(super) synced: u64,
    /// From `synced` on, in order.
    pub(super) pending: VecDeque<Pending>,
    pub(super) tails: Vec<Tail>,
    /// A stretch that was asked for and has not come.
    pub(super) reading: Option<u64>,
    /// The last stretch that came.
    pub(super) chunk: Chunk,
    told: Vec<u64>,
    /// The partition that was read for last.
    turn: usize,
}

/// A record whose frame is on its way to the disk.
#[derive(Debug)]
pub(super) enum Pending {
    /// Not handed over yet.
    Waiting(Record),
    /// Handed over: it is in the table, unless it was reported already.
    Handed {
        /// Place in the table.
        index: u32,
        bytes: usize,
    },
}

impl Pending {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Waiting(record) => record.bytes(),
            Self::Handed { bytes, .. } => *bytes,
        }
    }
}

/// How records of a partition go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Direct,
    Logged,
}

/// One partition's end of the log.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) route: Route,
    /// Everything of the partition below was handed over.
    pub(super) next: u64,
    /// Everything from here on was handed over, too: in between wait the others.
    pub(super) end: u64,
    /// Handed over and not delivered, with their bytes.
    outstanding: BTreeMap<u64, usize>,
    outstanding_bytes: usize,
    /// Its part of [`CREDIT_BYTES`].
    credit_bytes: usize,
    /// Since when reports have been quick.
    calm_since: Mono,
    /// Oldest record in the table, at the last look.
    pub(super) oldest: Option<Mono>,
    /// Out of credits in the pass under way.
    pub(super) stopped: bool,
}

impl Tail {
    /// Does nothing wait?
    pub(super) fn is_caught_up(&self) -> bool {
        self.next >= self.end
    }

    /// One record may always be out, however large it is.
    pub(super) fn has_credit(&self) -> bool {
        self.outstanding.is_empty()
            || self.outstanding.len() < CREDITS && self.outstanding_bytes < self.credit_bytes
    }

    /// Would it take some? In larger helpings, so that a stretch is not gone through for each.
    fn wants(&self) -> bool {
        !self.is_caught_up()
            && (self.outstanding.is_empty()
                || self.outstanding.len() <= CREDITS / 2
                    && self.outstanding_bytes <= self.credit_bytes / 2)
    }

    /// A record of the log is handed over.
    pub(super) fn hand(&mut self, sequence: u64, bytes: usize) {
        self.outstanding.insert(sequence, bytes);
        self.outstanding_bytes += bytes;
    }

    /// It is delivered, or its dead letter is safe.
    pub(super) fn done(&mut self, sequence: u64) {
        self.outstanding_bytes -= self.outstanding.remove(&sequence).unwrap_or(0);
    }

    fn mark(&self, next: u64) -> u64 {
        let waiting = if self.is_caught_up() { next } else { self.next };
        self.outstanding.first_key_value().map_or(waiting, |(first, _)| waiting.min(*first))
    }
}

impl LaneLog {
    fn new(recovered: &Recovered, partitions: usize, habit: Habit, credit_bytes: usize) -> Self {
        let tails = (0..partitions).map(|partition| {
            let start = if recovered.is_empty {
                recovered.next
            } else {
                recovered.marks.get(partition).copied().unwrap_or(0)
            };
            let route = match habit {
                Habit::After(_) if start >= recovered.next => Route::Direct,
                Habit::After(_) | Habit::Always => Route::Logged,
            };
            #[cfg(test)]
            let route = if crate::plant::is_planted(crate::plant::Bug::DirectBeforeReplay) {
                Route::Direct
            } else {
                route
            };
            Tail {
                route,
                next: start,
                end: recovered.next,
                outstanding: BTreeMap::new(),
                outstanding_bytes: 0,
                credit_bytes,
                calm_since: Mono::default(),
                oldest: None,
                stopped: false,
            }
        });
        Self {
            next: recovered.next,
            synced: recovered.next,
            pending: VecDeque::new(),
            tails: tails.collect(),
            reading: None,
            chunk: Chunk::default(),
            told: Vec::new(),
            turn: 0,
        }
    }

    /// Which of today's partitions a logged record belongs to. A topic made anew with fewer keeps
    /// its records, though not their neighbours.
    pub(super) fn tail_of(&mut self, partition: i32) -> Option<(i32, &mut Tail)> {
        let count = i32::try_from(self.tails.len()).ok().filter(|count| *count > 0)?;
        let partition = partition.rem_euclid(count);
        let tail = self.tails.get_mut(usize::try_from(partition).ok()?)?;
        Some((partition, tail))
    }

    /// Is there a record in memory that is not handed over?
    pub(super) fn has_waiting(&self) -> bool {
        self.pending.iter().any(|pending| matches!(pending, Pending::Waiting(_)))
    }

    /// Would some partition take records that are in memory?
    pub(super) fn wants_pending(&self) -> bool {
        self.tails.iter().any(|tail| tail.wants() && tail.next >= self.synced)
    }

    /// Would some partition take records of the stretch in memory?
    pub(super) fn wants_chunk(&self) -> bool {
        let chunk = self.chunk.first..self.chunk.next;
        self.tails.iter().any(|tail| tail.wants() && chunk.contains(&tail.next))
    }

    /// Where to read next. Partitions take turns: one that is far behind must not keep the others
    /// waiting.
    pub(super) fn wants_read(&mut self) -> Option<u64> {
        let count = self.tails.len();
        let turn = (1..=count).map(|ahead| (self.turn + ahead) % count).find(|index| {
            let tail = self.tails.get(*index);
            tail.is_some_and(|tail| tail.wants() && tail.next < self.synced)
        })?;
        self.turn = turn;
        self.tails.get(turn).map(|tail| tail.next)
    }

    fn marks(&self) -> Vec<u64> {
        self.tails.iter().map(|tail| tail.mark(self.next)).collect()
    }
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
                        into.push(RecordKey { lane, partition })
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
