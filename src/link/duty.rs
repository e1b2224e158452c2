//! What a link owes: takes messages in, hands records over, books what comes back.
//!
//! I/O-free. [`Core`](super::core::Core) puts the MQTT session in front of it, the shell the
//! socket and the clock.

use std::mem;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    books::Books,
    memory::{Acquaintance, Dup, Memory},
    settings::LinkSettings,
};
use crate::{
    ack::{Arrival, Epoch, Outstanding, Settlement, Standing},
    batch::FlushReason,
    encode::dead_letter::Payload,
    kafka::Report,
    model::{Message, Moment, Mono, QoS, RecordKey},
    mqtt::{Oversize, Publish},
    pipeline::{Burial, Pipeline},
    record::{Record, RecordPool},
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
        self.old.push(window);
        self.settle_old();
    }

    /// The broker has forgotten us: no redelivery is to be recognised.
    pub fn session_lost(&mut self) {
        self.memory.session_lost();
    }

    /// Takes a message in and hands its parts on.
    pub fn take(&mut self, publish: &Publish<'_>, resumed_recently: bool, now: Moment) -> Taken {
        let size = publish.topic.len() + publish.payload.len();
        self.books.received(publish.qos, size);
        if publish.qos == QoS::AtMostOnce && self.room() != Room::Free {
            self.books.shed();
            return Taken::Shed;
        }
        let fingerprint = xxh3_64_with_seed(publish.payload, xxh3_64_with_seed(publish.topic, 0));
        let Some((slot, token)) = self.current.as_mut().and_then(|window| {
            window.admit(arrival(publish.packet_id, publish.qos, size, fingerprint, now.mono))
        }) else {
            return self.overrun(publish.qos);
        };
        let known = match publish.qos {
            QoS::AtLeastOnce => {
                self.memory.recognise(publish.packet_id, Dup::from(publish.dup), fingerprint)
            }
            QoS::AtMostOnce => Acquaintance::New,
        };
        let inherited = match known {
            Acquaintance::Redelivery(event_id) => {
                self.books.redelivery_recognised();
                Some(event_id)
            }
            Acquaintance::New => None,
        };
        let burial = |reason| Burial {
            topic: publish.topic,
            payload: Payload::Whole(publish.payload),
            qos: publish.qos,
            retained: publish.retain,
            received: now,
            reason,
        };
        let (pool, ready) = (&mut self.pool, &mut self.ready);
        let accepted = match publish.topic_name() {
            None => self.pipeline.bury(&burial("topic_invalid"), token, pool, ready),
            Some(_) if self.memory.is_hopeless(fingerprint) => {
                self.pipeline.bury(&burial("abandoned_repeatedly"), token, pool, ready)
            }
            Some(topic) => {
                let message = Message {
                    topic,
                    payload: publish.payload,
                    qos: publish.qos,
                    retain: publish.retain,
                    dup: publish.dup,
                    resumed_recently,
                    received: now,
                };
                self.pipeline.accept(&message, inherited, token, pool, ready)
            }
        };
        self.books.accepted(&accepted);
        if let Some(arrival) = self.current.as_mut().and_then(|window| window.arrival_mut(slot)) {
            arrival.event_id = accepted.event_id;
            arrival.readings = accepted.readings;
            arrival.refused = accepted.refused;
        }
        self.hand_over(now.mono);
        Taken::Admitted
    }

    /// Takes a message above the size limit: its beginning becomes a dead letter.
    pub fn take_oversize(&mut self, oversize: &Oversize, now: Moment) -> Taken {
        let size = oversize.topic.len() + oversize.payload_start.len();
        self.books.received(oversize.qos, oversize.topic.len() + oversize.payload_len);
        let fingerprint = xxh3_64_with_seed(
            &oversize.payload_start,
            xxh3_64_with_seed(&oversize.topic, u64::try_from(oversize.payload_len).unwrap_or(0)),
        );
        let Some((_, token)) = self.current.as_mut().and_then(|window| {
            window.admit(arrival(oversize.packet_id, oversize.qos, size, fingerprint, now.mono))
        }) else {
            return self.overrun(oversize.qos);
        };
        let burial = Burial {
            topic: &oversize.topic,
            payload: Payload::Head {
                head: &oversize.payload_start,
                length: u64::try_from(oversize.payload_len).unwrap_or(u64::MAX),
            },
            qos: oversize.qos,
            retained: oversize.retain,
            received: now,
            reason: "oversize",
        };
        let accepted = self.pipeline.bury(&burial, token, &mut self.pool, &mut self.ready);
        self.books.accepted(&accepted);
        self.hand_over(now.mono);
        Taken::Admitted
    }

    /// A PUBLISH that is read and left alone, because the engine stops: it comes again.
    pub fn leave(&mut self, qos: QoS, bytes: usize) {
        self.books.received(qos, bytes);
        match qos {
            QoS::AtLeastOnce => self.books.orphaned(QoS::AtLeastOnce, 1),
            QoS::AtMostOnce => self.books.shed(),
        }
    }

    /// The broker's own count of discarded messages. It is no sensor's message, so it does not
    /// enter the ledger.
    pub fn take_broker_statistics(&mut self, payload: &[u8]) {
        if let Some(count) = str::from_utf8(payload).ok().and_then(|text| text.parse().ok()) {
            self.books.broker_dropped(count);
        }
    }

    /// Closes every open batch.
    pub fn flush(&mut self, reason: FlushReason, now: Mono) {
        self.pipeline.flush(reason, &mut self.ready);
        self.hand_over(now);
    }

    /// Closes what has waited long enough, and everything when waiting gains nothing.
    pub fn flush_due(&mut self, socket: Socket, now: Mono) {
        if self.waiting() >= self.settings.receive_maximum {
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
        for report in reports.drain(..) {
            self.sink.report(report, now.mono, &mut self.pool);
        }
        self.bury_poison(now);
    }

    /// Lets the sink retry what waits for its time.
    pub fn tick(&mut self, now: Moment) {
        self.sink.tick(now.mono);
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
        if let Some(blocked) = self.sink.blocked()
            && blocked.to.lane != crate::model::Lane::DeadLetters
        {
            return Room::Refused(blocked);
        }
        let (messages, bytes) =
            self.current.as_ref().map_or((0, 0), |window| (window.len(), window.bytes()));
        let bytes = bytes.max(self.sink.live_bytes());
        let limit = self.settings.outstanding_bytes;
        if messages >= self.settings.outstanding_messages || bytes >= limit {
            Room::Full
        } else if messages >= self.settings.receive_maximum || bytes >= limit / 2 {
            Room::Tight
        } else {
            Room::Free
        }
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

    /// Records handed over and not yet confirmed.
    pub fn records_live(&self) -> usize {
        self.sink.live()
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

    fn overrun(&mut self, qos: QoS) -> Taken {
        match qos {
            QoS::AtMostOnce => {
                self.books.shed();
                Taken::Shed
            }
            QoS::AtLeastOnce => {
                self.books.orphaned(QoS::AtLeastOnce, 1);
                Taken::Overrun
            }
        }
    }

    fn hand_over(&mut self, now: Mono) {
        for record in self.ready.drain(..) {
            self.sink.hand_over(record, now);
        }
    }

    fn bury_poison(&mut self, now: Moment) {
        self.sink.take_poison(&mut self.poison);
        let mut poison = mem::take(&mut self.poison);
        for Poison { record, code } in poison.drain(..) {
            if let Some(epoch) = record.shares.window().map(|window| window.epoch()) {
                let windows = self.current.iter_mut().chain(&mut self.old);
                for window in windows.filter(|window| window.window().epoch() == epoch) {
                    for slot in record.shares.slots() {
                        if let Some(arrival) = window.arrival_mut(*slot) {
                            arrival.settlement = Settlement::DeadLettered;
                        }
                    }
                }
            }
            self.books.rejected("kafka_refused");
            self.pipeline.bury_record(record, code, now, &mut self.pool, &mut self.ready);
        }
        self.poison = poison;
        self.hand_over(now.mono);
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

fn arrival(packet_id: u16, qos: QoS, size: usize, fingerprint: u64, received: Mono) -> Arrival {
    Arrival {
        packet_id,
        qos,
        bytes: u32::try_from(size).unwrap_or(u32::MAX),
        received,
        fingerprint,
        event_id: 0,
        readings: 0,
        refused: 0,
        settlement: Settlement::Delivered,
    }
}
