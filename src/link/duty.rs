//! What a link owes: takes messages in, hands records over, books what comes back.
//!
//! I/O-free. [`Core`](super::core::Core) puts the MQTT session in front of it, the shell the
//! socket and the clock.

mod intake;
mod refused;
mod spooling;

use std::sync::Arc;

use super::{books::Books, memory::Memory, settings::LinkSettings};
use crate::{
    ack::{Epoch, Outstanding, Standing},
    batch::FlushReason,
    kafka::Report,
    model::{Moment, Mono, QoS, RecordKey},
    pipeline::Pipeline,
    record::{Record, RecordPool},
    registry::Registry,
    sink::{Blocked, Poison, Producer, Sink},
};

/// See the module.
#[derive(Debug)]
pub struct Duty<P> {
    settings: LinkSettings,
    pipeline: Pipeline,
    sink: Sink<P>,
    pool: RecordPool,
    ready: Vec<Record>,
    poison: Vec<Poison>,
    current: Option<Outstanding>,
    /// Windows of ended connections whose records are still on their way.
    old: Vec<Outstanding>,
    epochs: u32,
    /// Messages taken since every batch was closed.
    unflushed: usize,
    memory: Memory,
    books: Books,
}

/// Whether there is room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Yes.
    Free,
    /// Only for messages the broker will not send again: above this, QoS 0 is put aside.
    Tight,
    /// No: stop reading.
    Full,
    /// Kafka refuses a topic that readings go to: stop reading.
    Refused(Blocked),
}

/// What to do with a PUBLISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It occupies a slot.
    Admitted,
    /// QoS 0 and no room.
    Shed,
    /// QoS 1 and not a single slot left: the broker went on past every limit.
    Overrun,
}

/// Spare records kept for reuse: as many as a burst opens, small enough to be forgotten.
const SPARE_RECORDS: usize = 4096;

impl<P: Producer> Duty<P> {
    /// Nothing owed yet.
    pub fn new(settings: LinkSettings, pipeline: Pipeline, sink: Sink<P>) -> Self {
        Self {
            settings,
            pipeline,
            sink,
            pool: RecordPool::new(SPARE_RECORDS),
            ready: Vec::new(),
            poison: Vec::new(),
            current: None,
            old: Vec::new(),
            epochs: 0,
            unflushed: 0,
            memory: Memory::default(),
            books: Books::default(),
        }
    }

    /// A connection begins: it gets a window of its own.
    pub fn begin_epoch(&mut self) {
        self.epochs += 1;
        let capacity = self.settings.outstanding_messages;
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::StaleWindow)
            && let Some(old) = self.old.pop()
        {
            self.current = Some(old.reuse(Epoch(self.epochs)));
            return;
        }
        self.current = Some(Outstanding::new(Epoch(self.epochs), capacity));
    }

    /// The connection is gone. What is open is sent; what was not acknowledged comes again.
    /// `unwritten`: PUBACKs that were ready and did not leave.
    pub fn end_epoch(&mut self, unwritten: u64, now: Moment) {
        self.flush(FlushReason::Drain, now.mono);
        let Some(window) = self.current.take() else { return };
        self.books.orphaned(QoS::AtLeastOnce, unwritten);
        for (arrival, standing) in window.iter() {
            if arrival.qos == QoS::AtLeastOnce {
                match standing {
                    Standing::Waiting => self.books.orphaned(QoS::AtLeastOnce, 1),
                    Standing::Abandoned => {
                        self.books.abandoned(QoS::AtLeastOnce);
                        self.memory.abandoned(arrival.fingerprint);
                    }
                }
            }
        }
        // The answered ones too: their PUBACKs may have been lost with the connection.
        for arrival in window.remembered().filter(|arrival| arrival.qos == QoS::AtLeastOnce) {
            self.memory.leave(arrival.packet_id, arrival.fingerprint, arrival.event_id);
        }
        self.old.push(window.into_remainder());
        self.settle_old();
    }

    /// The broker has forgotten us: no redelivery is to be recognised.
    pub fn session_lost(&mut self) {
        self.memory.session_lost();
    }

    /// Closes every open batch.
    pub fn flush(&mut self, reason: FlushReason, now: Mono) {
        self.unflushed = 0;
        self.pipeline.flush(reason, &mut self.ready);
        self.hand_over(now);
    }

    /// Goes on with another list of devices, between two steps. What is open was taken by the old
    /// one; whether it may be handed over, the new one says.
    pub fn replace_registry(&mut self, registry: &Arc<Registry>, now: Mono) {
        self.unflushed = 0;
        self.pipeline.replace_registry(Arc::clone(registry), &mut self.ready);
        self.sink.replace_registry(Arc::clone(registry));
        self.hand_over(now);
    }

    /// Closes what has waited long enough, and everything when waiting gains nothing.
    pub fn flush_due(&mut self, socket: Socket, now: Mono) {
        let window = self.settings.receive_maximum;
        // Half a window on its way to Kafka while the other half fills: neither side waits for
        // the other to finish.
        if self.waiting() >= window || self.unflushed >= window.div_ceil(2) {
            self.flush(FlushReason::Window, now);
        } else if socket == Socket::Drained && self.sink.live() == 0 {
            self.flush(FlushReason::Idle, now);
        } else {
            self.pipeline.flush_due(now, &mut self.ready);
            self.hand_over(now);
        }
    }

    /// Books Kafka's reports.
    pub fn reports(&mut self, reports: &mut Vec<Report>, now: Moment) {
        let refused = self.sink.counts().failed_record;
        for report in reports.drain(..) {
            self.sink.report(report, now.mono, &mut self.pool);
        }
        if self.sink.counts().failed_record != refused {
            self.pipeline.distrust_repeats();
        }
        self.bury_poison(now);
    }

    /// Lets the sink retry what waits for its time.
    pub fn tick(&mut self, now: Moment) {
        if self.room() == Room::Full {
            self.sink.spill(now.mono);
        }
        self.sink.tick(now.mono, &mut self.pool);
        self.bury_poison(now);
    }

    /// Hands out the packet ids that may be acknowledged now, in receive order.
    pub fn settle(&mut self, now: Mono, mut acknowledge: impl FnMut(u16)) -> u64 {
        let mut acknowledged = 0;
        if let Some(window) = &mut self.current {
            while let Some(arrival) = window.pop_done() {
                self.books.proven(&arrival, now);
                match arrival.qos {
                    QoS::AtLeastOnce => {
                        acknowledge(arrival.packet_id);
                        acknowledged += 1;
                    }
                    QoS::AtMostOnce => self.books.settled(QoS::AtMostOnce, 1),
                }
            }
        }
        if !self.old.is_empty() {
            self.settle_old();
        }
        acknowledged
    }

    /// PUBACKs have left.
    pub fn acknowledgements_written(&mut self, count: u64) {
        self.books.settled(QoS::AtLeastOnce, count);
    }

    /// Is there room for another message?
    pub fn room(&self) -> Room {
        // With a spool, what Kafka refuses waits there.
        if let Some(blocked) = self.sink.blocked()
            && blocked.to.lane != crate::model::Lane::DeadLetters
            && !self.sink.has_log()
        {
            return Room::Refused(blocked);
        }
        let (messages, bytes) =
            self.current.as_ref().map_or((0, 0), |window| (window.len(), window.bytes()));
        let bytes = bytes.max(self.sink.live_bytes());
        let limit = self.settings.outstanding_bytes;
        if messages >= self.settings.outstanding_messages || bytes >= limit {
            Room::Full
        } else if messages >= self.tight_messages() || bytes >= limit / 2 {
            Room::Tight
        } else {
            Room::Free
        }
    }

    /// From here on only what the broker would repeat is taken. The window alone does not say it:
    /// that of MQTT 3.1.1 is small, and QoS 0 comes in bursts beside it.
    fn tight_messages(&self) -> usize {
        self.settings.receive_maximum.max(self.settings.outstanding_messages / 2)
    }

    /// Has a token been dropped on this connection?
    pub fn is_abandoned(&self) -> bool {
        self.current.as_ref().is_some_and(|window| window.window().abandoned() > 0)
    }

    /// Whether the oldest message is older than allowed, and if so whether that is right because
    /// a record as old is still on its way. Asked about once a second.
    pub fn age(&self, now: Mono) -> Age {
        let Some(received) = self.current.as_ref().and_then(Outstanding::oldest) else {
            return Age::Young;
        };
        if now.since(received) <= self.settings.max_age {
            return Age::Young;
        }
        match self.sink.oldest() {
            // Records are opened by their oldest message, so only these can hold this one.
            Some((to, opened)) if opened <= received => Age::Waiting(to),
            Some(_) | None => Age::Stuck,
        }
    }

    /// Unacknowledged messages of the present connection.
    pub fn waiting(&self) -> usize {
        self.current.as_ref().map_or(0, Outstanding::at_least_once)
    }

    /// Messages of the present connection in flight, QoS 0 included.
    pub fn in_flight(&self) -> usize {
        self.current.as_ref().map_or(0, Outstanding::len)
    }

    /// QoS 0 messages in flight, of this and of ended connections.
    pub fn at_most_once_in_flight(&self) -> usize {
        let windows = self.current.iter().chain(&self.old);
        windows.flat_map(Outstanding::iter).filter(|(a, _)| a.qos == QoS::AtMostOnce).count()
    }

    /// Messages of ended connections whose records are still on their way.
    pub fn in_flight_of_old_epochs(&self) -> usize {
        self.old.iter().map(Outstanding::len).sum()
    }

    /// Ended connections whose records are still on their way.
    pub fn old_epochs(&self) -> usize {
        self.old.len()
    }

    /// Records handed over and not yet confirmed.
    pub fn records_live(&self) -> usize {
        self.sink.live()
    }

    /// Records whose proof somebody waits for.
    pub fn records_owed(&self) -> usize {
        self.sink.owed()
    }

    /// When the next batch or retry is due.
    pub fn deadline(&mut self) -> Option<Mono> {
        let batch = self.pipeline.deadline();
        [batch, self.sink.deadline()].into_iter().flatten().min()
    }

    /// A partition that refuses, dead letters included.
    pub fn blocked(&self) -> Option<Blocked> {
        self.sink.blocked()
    }

    /// Gives up what is still out, at the shutdown deadline.
    pub fn abandon_all(&mut self) {
        self.sink.abandon_all();
        self.settle_old();
    }

    /// The books.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The books, to add what only the outer layers know.
    pub fn books_mut(&mut self) -> &mut Books {
        &mut self.books
    }

    /// The parts a snapshot is made of.
    pub fn parts(&mut self) -> Parts<'_, P> {
        let windows = self.current.iter().chain(&self.old);
        Parts {
            books: &mut self.books,
            pipeline: &self.pipeline,
            sink: &self.sink,
            current: self.current.as_ref(),
            windows: windows.collect(),
            old: &self.old,
        }
    }

    fn hand_over(&mut self, now: Mono) {
        for record in self.ready.drain(..) {
            self.sink.hand_over(record, now);
        }
        self.discard_withheld();
    }

    fn settle_old(&mut self) {
        for window in &mut self.old {
            while let Some((arrival, state)) = window.pop_resolved() {
                self.books.resolved_late(&arrival, state);
            }
        }
        self.old.retain(|window| !window.is_empty());
    }
}

/// How the oldest unacknowledged message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Within the limit.
    Young,
    /// Older, and a record as old still waits for this partition: waiting is right.
    Waiting(RecordKey),
    /// Older, and nothing that could hold it is on its way.
    Stuck,
}

/// Is there more to read at this moment?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// Everything that had arrived was read.
    Drained,
    /// There may be more.
    Filled,
}

/// Borrowed parts for the snapshot.
#[derive(Debug)]
pub struct Parts<'a, P> {
    /// The books.
    pub books: &'a mut Books,
    /// For its counts.
    pub pipeline: &'a Pipeline,
    /// For its counts.
    pub sink: &'a Sink<P>,
    /// Window of the present connection.
    pub current: Option<&'a Outstanding>,
    /// All windows.
    pub windows: Vec<&'a Outstanding>,
    /// Windows of ended connections.
    pub old: &'a [Outstanding],
}

#[cfg(test)]
mod tests;
