//! A link without its socket: session, windows, pipeline and sink behind one entry function.
//!
//! The shell reads and writes through [`Core::both_ways`] and calls [`Core::step`]. The simulation does the same with a clock of its own.

mod answers;
mod ending;
mod spooling;

use std::{mem, time::Duration};

use super::{
    close::Close,
    duty::{Age, Duty, Room, Socket, Taken},
    notice::{LeftBehind, Notice},
    settings::LinkSettings,
};
use crate::{
    kafka::Report,
    model::{Moment, Mono, ReasonCounts, RecordKey},
    mqtt::{
        Incoming, ReadBuffer, Session,
        session::{Intake, Origin},
    },
    pipeline::Pipeline,
    sink::{Blocked, Producer, Sink},
};

/// A message without a clock that arrives so soon after a resumed session may have waited there.
const RESUMED_RECENTLY: Duration = Duration::from_secs(30);
/// Ended connections whose records are still on their way: each keeps a window of some 100 KiB.
const OLD_EPOCHS_MAX: usize = 64;
/// How often ages are looked at and the sink is asked to retry.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// How far the connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No connection.
    Closed,
    /// CONNECT sent, or subscriptions not yet granted.
    Opening,
    /// Every subscription is granted.
    Established,
}

/// Whether the broker went past receive maximum on this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overshoot {
    Unseen,
    Seen,
}

/// Whether new messages are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Taking,
    Draining,
}

/// See the module.
pub struct Core<P> {
    pub(super) settings: LinkSettings,
    session: Session,
    buffer: ReadBuffer,
    out: Vec<u8>,
    sent: usize,
    /// PUBACKs in `out`.
    unwritten: u64,
    pub(super) duty: Duty<P>,
    pub(super) phase: Phase,
    work: Work,
    intake: Intake,
    resumed_until: Mono,
    housekeeping: Mono,
    waiting_for: Option<RecordKey>,
    left: LeftBehind,
    /// Messages the last connection left unacknowledged, while there is no other.
    owed: u64,
    /// A few a connection.
    notices: Vec<Notice>,
    overshoot: Overshoot,
}

/// CONNECT with its password may stand in `out`, so bytes are only counted.
impl<P> std::fmt::Debug for Core<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("link", &self.settings.name)
            .field("phase", &self.phase)
            .field("unsent_bytes", &self.out.len())
            .finish_non_exhaustive()
    }
}

impl<P: Producer> Core<P> {
    /// A link that is not connected.
    pub fn new(
        settings: LinkSettings,
        session: Session,
        pipeline: Pipeline,
        sink: Sink<P>,
    ) -> Self {
        Self {
            buffer: ReadBuffer::new(settings.packet_bytes),
            duty: Duty::new(settings.clone(), pipeline, sink),
            settings,
            session,
            out: Vec::with_capacity(16 * 1024),
            sent: 0,
            unwritten: 0,
            phase: Phase::Closed,
            work: Work::Taking,
            intake: Intake::Flowing,
            resumed_until: Mono::default(),
            housekeeping: Mono::default(),
            waiting_for: None,
            left: LeftBehind::default(),
            owed: 0,
            notices: Vec::new(),
            overshoot: Overshoot::Unseen,
        }
    }

    /// The TCP connection stands: a new epoch begins with CONNECT.
    pub fn opened(&mut self, now: Moment) {
        self.duty.begin_epoch();
        self.session.open(&mut self.buffer, now.mono, &mut self.out);
        self.sent = 0;
        self.unwritten = 0;
        self.intake = Intake::Flowing;
        self.overshoot = Overshoot::Unseen;
        self.owed = 0;
        self.phase = Phase::Opening;
    }

    /// The connection is gone.
    pub fn closed(&mut self, close: &Close, now: Moment) {
        if self.phase != Phase::Closed {
            self.owed = self.unwritten + wide(self.duty.waiting());
        }
        if self.work == Work::Draining {
            self.left.with_broker += mem::take(&mut self.owed);
        }
        self.duty.end_epoch(self.unwritten, now);
        self.duty.books_mut().reconnect(close.reason());
        self.buffer.clear();
        self.out.clear();
        self.sent = 0;
        self.unwritten = 0;
        self.phase = Phase::Closed;
        self.waiting_for = None;
    }

    /// Why the connection ended, when the socket is all one sees of it.
    pub fn explain(&self, close: Close) -> Close {
        close.explained(&self.session)
    }

    /// What is to be written, and where the shell puts what it reads.
    pub fn both_ways(&mut self) -> (&[u8], &mut bytes::BytesMut) {
        (self.out.get(self.sent..).unwrap_or_default(), self.buffer.buffer_mut())
    }

    /// What is to be written next.
    pub fn unsent(&self) -> &[u8] {
        self.out.get(self.sent..).unwrap_or_default()
    }

    /// That many of them have been written.
    pub fn wrote(&mut self, count: usize, now: Mono) {
        if count == 0 {
            return;
        }
        self.sent += count;
        self.session.wrote(now);
        if self.sent >= self.out.len() {
            self.out.clear();
            self.sent = 0;
            self.duty.acknowledgements_written(self.unwritten);
            self.unwritten = 0;
        }
    }

    /// Should the socket be read?
    pub fn intake(&self) -> Intake {
        self.intake
    }

    /// One step: Kafka's reports, what has been read, what is due, what may be acknowledged.
    ///
    /// # Errors
    /// When the connection must be closed; what it left behind is booked by [`Self::closed`].
    pub fn step(
        &mut self,
        reports: &mut Vec<Report>,
        socket: Socket,
        now: Moment,
    ) -> Result<(), Close> {
        if !reports.is_empty() {
            self.duty.reports(reports, now);
        }
        let keeping_house = now.mono >= self.housekeeping;
        if keeping_house {
            self.housekeeping = now.mono + HOUSEKEEPING;
        }
        self.duty.tick(now);
        if self.phase == Phase::Closed {
            self.duty.flush_due(Socket::Drained, now.mono);
            self.duty.settle(now.mono, |_| {});
            return Ok(());
        }
        let received = self.receive(now);
        let drained = socket == Socket::Drained && self.buffer.is_empty();
        self.duty.flush_due(if drained { Socket::Drained } else { Socket::Filled }, now.mono);
        self.answer(now.mono);
        received?;
        self.session.tick(now.mono, self.intake, &mut self.out)?;
        self.intake = self.wanted_intake();
        if self.duty.is_abandoned() {
            return Err(Close::Abandoned);
        }
        if keeping_house {
            self.check_age(now.mono)?;
        }
        self.watch_overshoot();
        Ok(())
    }

    /// What has happened that an operator should know, since the last call.
    pub fn take_notices(&mut self) -> std::vec::Drain<'_, Notice> {
        self.notices.drain(..)
    }

    /// Dead letters by reason, to log what is new.
    pub fn rejected(&self) -> &ReasonCounts {
        self.duty.books().rejected_by_reason()
    }

    /// Bytes have arrived since the last step.
    pub fn bytes_arrived(&mut self, now: Mono) {
        self.session.bytes_arrived(now);
    }

    /// The link's limits and name.
    pub fn settings(&self) -> &LinkSettings {
        &self.settings
    }

    /// When [`Self::step`] has something to do at the latest.
    pub fn deadline(&mut self) -> Mono {
        let session = match self.phase {
            // A session whose connection is gone has nothing to do until the next one.
            Phase::Closed => Mono(u64::MAX),
            Phase::Opening | Phase::Established => self.session.deadline(),
        };
        let duty = self.duty.deadline().unwrap_or(Mono(u64::MAX));
        let busy = self.duty.records_live() > 0 || self.duty.in_flight() > 0;
        let house = if busy { self.housekeeping } else { Mono(u64::MAX) };
        session.min(duty).min(house)
    }

    /// Messages in flight: while there are some, reads are worth collecting.
    pub fn in_flight(&self) -> usize {
        self.duty.in_flight()
    }

    /// Records handed over and not yet confirmed.
    pub fn records_live(&self) -> usize {
        self.duty.records_live()
    }

    /// Records whose proof somebody waits for.
    pub fn records_owed(&self) -> usize {
        self.duty.records_owed()
    }

    /// A window's worth of messages of ended connections is still on its way, or there is no room
    /// for another: connecting now would only add duplicates and memory.
    pub fn must_wait_for_old_epochs(&self) -> bool {
        let has_room = match self.duty.room() {
            Room::Free | Room::Tight => true,
            Room::Full | Room::Refused(_) => false,
        };
        !has_room
            || self.duty.in_flight_of_old_epochs() >= self.settings.receive_maximum
            || self.duty.old_epochs() >= OLD_EPOCHS_MAX
    }

    /// PUBACKs that are ready and have not left.
    pub(super) fn unwritten(&self) -> u64 {
        self.unwritten
    }

    /// How far the connection has come.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// A partition that refuses.
    pub fn blocked(&self) -> Option<Blocked> {
        self.duty.blocked()
    }

    /// The partition that holds the oldest message back beyond `max_age`.
    pub fn waiting_for(&self) -> Option<RecordKey> {
        self.waiting_for
    }

    fn receive(&mut self, now: Moment) -> Result<(), Close> {
        loop {
            match self.duty.room() {
                Room::Full | Room::Refused(_) => return Ok(()),
                Room::Free | Room::Tight => {}
            }
            let incoming = self.session.next(&mut self.buffer, now.mono, &mut self.out)?;
            let taken = match incoming {
                None => return Ok(()),
                Some(Incoming::Connected(connected)) => {
                    match connected.origin {
                        Origin::Resumed => self.resumed_until = now.mono + RESUMED_RECENTLY,
                        Origin::Fresh => {
                            self.notices.push(Notice::SessionFresh);
                            self.duty.session_lost();
                        }
                        Origin::Lost => {
                            self.notices.push(Notice::SessionLost);
                            self.duty.session_lost();
                            self.duty.books_mut().session_lost();
                        }
                    }
                    Taken::Admitted
                }
                Some(Incoming::Subscribed) => {
                    self.phase = Phase::Established;
                    self.notices.push(Notice::Established);
                    Taken::Admitted
                }
                Some(Incoming::Publish(publish)) => {
                    let statistics = self.settings.broker_statistics.as_deref();
                    if statistics.is_some_and(|topic| topic.as_bytes() == publish.topic) {
                        self.duty.take_broker_statistics(publish.payload);
                        Taken::Admitted
                    } else if self.work == Work::Draining {
                        self.left.count(publish.qos);
                        self.duty.leave(publish.qos, publish.topic.len() + publish.payload.len());
                        Taken::Admitted
                    } else {
                        self.duty.take(&publish, now.mono < self.resumed_until, now)
                    }
                }
                Some(Incoming::Oversize(oversize)) if self.work == Work::Draining => {
                    let bytes = oversize.topic.len() + oversize.payload_len;
                    self.left.count(oversize.qos);
                    self.duty.leave(oversize.qos, bytes);
                    Taken::Admitted
                }
                Some(Incoming::Oversize(oversize)) => self.duty.take_oversize(&oversize, now),
            };
            match taken {
                Taken::Admitted | Taken::Shed => {}
                Taken::Overrun => return Err(Close::Overrun),
            }
        }
    }

    fn watch_overshoot(&mut self) {
        let messages = self.duty.waiting();
        if self.overshoot == Overshoot::Unseen && messages > self.settings.receive_maximum {
            self.overshoot = Overshoot::Seen;
            self.notices.push(Notice::Overshoot { messages });
        }
    }

    fn wanted_intake(&self) -> Intake {
        match self.duty.room() {
            Room::Full | Room::Refused(_) => Intake::Paused,
            Room::Free | Room::Tight => Intake::Flowing,
        }
    }

    fn check_age(&mut self, now: Mono) -> Result<(), Close> {
        match self.duty.age(now) {
            Age::Young => {
                self.waiting_for = None;
                Ok(())
            }
            Age::Waiting(to) => {
                self.waiting_for = Some(to);
                Ok(())
            }
            Age::Stuck => Err(Close::MaxAge),
        }
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
