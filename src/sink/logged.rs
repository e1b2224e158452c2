//! The way by the log: append, settle when safe, hand over when it is a record's turn.

use std::mem;

use super::{Debt, Place, Sink, backlog::Backlog, entry, lane_log::Pending, tail::Route};
use crate::{
    kafka::settings::Grouping,
    model::{Lane, Mono, RecordKey},
    record::{LogPlace, Record, RecordPool},
    spool::{Body, Chunk, Orders, Synced, Tiding},
};

/// An alarm goes first; what could not be used goes last.
const BY_URGENCY: [Lane; 3] = [Lane::Alerts, Lane::Readings, Lane::DeadLetters];

impl<P: super::Producer> Sink<P> {
    /// What the spool is asked to do since the last time; none without a spool.
    pub fn orders(&mut self) -> Option<&mut Orders> {
        self.backlog.as_mut().map(|backlog| &mut backlog.orders)
    }

    /// Takes what the spool says. [`Self::tick`] draws the conclusions.
    pub fn told(&mut self, tiding: Tiding, pool: &mut RecordPool) {
        match tiding {
            Tiding::Synced(synced) => self.synced(&synced, pool),
            Tiding::Read(chunk) => {
                if let (Some(backlog), Some(lane)) = (&mut self.backlog, chunk.lane) {
                    let log = backlog.lane_mut(lane);
                    log.reading = None;
                    log.chunk = chunk;
                }
            }
        }
    }

    /// There is no room for more messages: what is out goes to the log.
    pub fn spill(&mut self, now: Mono) {
        let Some(backlog) = self.backlog.as_ref().filter(|backlog| !backlog.is_swamped()) else {
            return;
        };
        for to in backlog.direct() {
            self.log_from_now(to, now);
        }
    }

    /// Nothing more is taken from the log; what was is waited for.
    pub fn close_log(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            backlog.closed = true;
        }
    }

    /// The last word to the spool: what is delivered.
    pub fn tell_marks(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            backlog.tell_marks();
        }
    }

    /// Partitions that go by the log.
    pub fn partitions_logged(&self) -> usize {
        self.backlog.as_ref().map_or(0, Backlog::partitions_logged)
    }

    /// Is there a spool to fall back to?
    pub fn has_log(&self) -> bool {
        self.backlog.is_some()
    }

    /// A new record of a partition that goes by the log.
    pub(super) fn log(&mut self, record: Record, now: Mono) {
        let to = record.to;
        let Some(backlog) = &mut self.backlog else { return };
        let is_swamped = backlog.is_swamped();
        if let Some(tail) = backlog.tail_mut(to)
            && is_swamped
            && tail.is_caught_up()
        {
            // Kafka takes what the disk does not; the next look sees whether that has changed.
            tail.route = Route::Direct;
            let index = self.insert(record);
            self.hand(index, to, now);
            return;
        }
        let (sequence, bytes) = (backlog.append(&record), record.bytes());
        let Some(tail) = backlog.tail_mut(to) else { return };
        if tail.is_caught_up() && tail.has_credit() {
            (tail.next, tail.end) = (sequence + 1, sequence + 1);
            tail.hand(sequence, bytes);
            let index = self.insert(record);
            if let Some(entry) = entry(&mut self.entries, index) {
                entry.logged = Some(sequence);
            }
            self.pend(to.lane, Pending::Handed { index, bytes });
            self.hand(index, to, now);
        } else {
            if tail.is_caught_up() {
                tail.next = sequence;
            }
            tail.end = sequence + 1;
            self.pend(to.lane, Pending::Waiting(record));
        }
    }

    fn pend(&mut self, lane: Lane, pending: Pending) {
        if let Some(backlog) = &mut self.backlog {
            backlog.lane_mut(lane).pending.push_back(pending);
        }
    }

    /// Copies what is out of a partition, in order, and logs what follows.
    pub(super) fn log_from_now(&mut self, to: RecordKey, now: Mono) {
        let Some(backlog) = &mut self.backlog else { return };
        let mut out: Vec<(u64, u32)> = (0_u32..)
            .zip(&self.entries)
            .filter(|(_, entry)| {
                entry.place != Place::Vacant && entry.record.to == to && entry.logged.is_none()
            })
            .map(|(index, entry)| (entry.sequence, index))
            .collect();
        out.sort_unstable();
        for (_, index) in out {
            let Some(entry) = entry(&mut self.entries, index) else { continue };
            let sequence = backlog.append(&entry.record);
            entry.logged = Some(sequence);
            let bytes = entry.record.bytes();
            if let Some(tail) = backlog.tail_mut(to) {
                tail.hand(sequence, bytes);
            }
            backlog.lane_mut(to.lane).pending.push_back(Pending::Handed { index, bytes });
        }
        backlog.log_from_now(to, now);
    }

    /// Looks at ages: who has to go by the log, and who may go direct again.
    pub(super) fn watch(&mut self, now: Mono) {
        let Some(backlog) = &mut self.backlog else { return };
        backlog.begin_watch(now);
        for entry in &self.entries {
            if entry.place != Place::Vacant {
                backlog.seen(entry.record.to, entry.record.opened);
            }
        }
        let mut too_old = Vec::new();
        backlog.end_watch(now, &mut too_old);
        for to in too_old {
            self.log_from_now(to, now);
        }
    }

    fn synced(&mut self, synced: &Synced, pool: &mut RecordPool) {
        let lane = synced.lane();
        loop {
            let Some(backlog) = &mut self.backlog else { return };
            let log = backlog.lane_mut(lane);
            let sequence = log.synced;
            let Some(receipt) = synced.receipt(sequence) else { return };
            let Some(pending) = log.pending.pop_front() else { return };
            log.synced += 1;
            backlog.written(pending.bytes());
            let buried = match pending {
                Pending::Waiting(mut record) => {
                    self.live -= 1;
                    self.live_bytes -= record.bytes();
                    record.shares.settle_in_spool(receipt);
                    let buried = record.buries.take();
                    pool.put(record);
                    buried
                }
                Pending::Handed { index, .. } => match entry(&mut self.entries, index) {
                    Some(entry)
                        if entry.place != Place::Vacant
                            && entry.record.to.lane == lane
                            && entry.logged == Some(sequence) =>
                    {
                        entry.record.shares.settle_in_spool(receipt);
                        if mem::replace(&mut entry.debt, Debt::Settled) == Debt::Owed {
                            self.live_bytes -= entry.record.bytes();
                        }
                        entry.record.buries.take()
                    }
                    Some(_) | None => None,
                },
            };
            if let Some(place) = buried {
                self.buried(place);
            }
        }
    }

    /// The dead letter of a logged record is safe: the record is done with.
    pub(super) fn buried(&mut self, place: LogPlace) {
        let tail = self.backlog.as_mut().and_then(|backlog| backlog.tail_mut(place.to));
        if let Some(tail) = tail {
            tail.done(place.sequence);
        }
    }

    /// Hands over what waits, as far as credits go.
    pub(super) fn drain(&mut self, now: Mono, pool: &mut RecordPool) {
        for lane in BY_URGENCY {
            self.drain_memory(lane, now);
            while let Some(backlog) = &mut self.backlog {
                let is_closed = backlog.closed;
                let log = backlog.lane_mut(lane);
                // What waits for a full disk is owed, and only draining makes room for it.
                if is_closed && !log.has_waiting() {
                    break;
                }
                if log.wants_chunk() {
                    self.drain_chunk(lane, now, pool);
                } else {
                    if log.reading.is_none()
                        && let Some(next) = log.wants_read()
                    {
                        log.reading = Some(next);
                        backlog.orders.lane_mut(lane).read = Some(next);
                    }
                    break;
                }
            }
        }
    }

    /// Frames on their way to the disk: handing over is not acknowledging, so it need not wait for
    /// them. Else a busy partition would never catch up.
    fn drain_memory(&mut self, lane: Lane, now: Mono) {
        let Some(backlog) = &mut self.backlog else { return };
        let log = backlog.lane_mut(lane);
        if !log.wants_pending() {
            return;
        }
        let mut pending = mem::take(&mut log.pending);
        let first = log.synced;
        for tail in &mut log.tails {
            tail.stopped = tail.is_caught_up() || tail.next < first;
        }
        for (sequence, pending) in (first..).zip(&mut pending) {
            let Pending::Waiting(record) = pending else { continue };
            let to = record.to;
            let Some(tail) = self.backlog.as_mut().and_then(|backlog| backlog.tail_mut(to)) else {
                continue;
            };
            if tail.stopped {
                continue;
            }
            if !tail.has_credit() {
                tail.stopped = true;
                tail.next = sequence;
                continue;
            }
            let bytes = record.bytes();
            tail.next = sequence + 1;
            tail.hand(sequence, bytes);
            let index = self.insert(mem::take(record));
            if let Some(entry) = entry(&mut self.entries, index) {
                entry.logged = Some(sequence);
            }
            *pending = Pending::Handed { index, bytes };
            self.hand(index, to, now);
        }
        if let Some(backlog) = &mut self.backlog {
            backlog.lane_mut(lane).pending = pending;
        }
    }

    /// A stretch from the disk.
    fn drain_chunk(&mut self, lane: Lane, now: Mono, pool: &mut RecordPool) {
        let Some(backlog) = &mut self.backlog else { return };
        let chunk = backlog.take_chunk(lane);
        for tail in &mut backlog.lane_mut(lane).tails {
            tail.stopped = tail.next < chunk.first;
        }
        for (sequence, body) in chunk.records() {
            self.drain_record(lane, sequence, &body, now, pool);
        }
        let Some(backlog) = &mut self.backlog else { return };
        let log = backlog.lane_mut(lane);
        for tail in log.tails.iter_mut().filter(|tail| !tail.stopped) {
            tail.next = tail.next.max(chunk.next);
        }
        log.chunk =
            if log.tails.iter().any(|tail| tail.stopped) { chunk } else { Chunk::default() };
    }

    fn drain_record(
        &mut self,
        lane: Lane,
        sequence: u64,
        body: &Body<'_>,
        now: Mono,
        pool: &mut RecordPool,
    ) {
        let Some(backlog) = &mut self.backlog else { return };
        let Some((partition, tail)) = backlog.lane_mut(lane).tail_of(body.partition) else {
            return;
        };
        if tail.stopped || sequence < tail.next || sequence >= tail.end {
            return;
        }
        if !tail.has_credit() {
            tail.stopped = true;
            tail.next = sequence;
            return;
        }
        tail.next = sequence + 1;
        tail.hand(sequence, body.key.len() + body.value.len());
        let to = RecordKey { lane, partition };
        let mut record = pool.take();
        record.to = to;
        record.key.extend_from_slice(body.key);
        record.value.extend_from_slice(body.value);
        record.timestamp = body.timestamp;
        record.readings = body.readings;
        record.lateness = body.lateness;
        // Ages from here on are Kafka's.
        record.opened = now;
        self.live += 1;
        let index = self.insert(record);
        if let Some(entry) = entry(&mut self.entries, index) {
            entry.logged = Some(sequence);
            entry.debt = Debt::Settled;
        }
        self.hand(index, to, now);
    }

    /// Gives a record to its partition: to Kafka while it flows, else behind those that wait.
    pub(super) fn hand(&mut self, index: u32, to: RecordKey, now: Mono) {
        let Some(track) = super::track(&mut self.tracks, to) else { return };
        if track.flows() && track.may_follow(now) {
            self.send(index, to, Grouping::Batched, now);
        } else {
            if track.flows() {
                self.troubled.push(to);
            }
            track.hold(index);
            self.progress(to, now);
        }
    }
}
