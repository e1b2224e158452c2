//! The loop around [`Core`]: connect, converse, back off, stop.

mod shown;

use std::{future::pending, mem, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep_until,
};
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    close::Close,
    core::{Core, Phase},
    duty::Socket,
    exchange::{Ended, Look, Traffic, exchange, part},
    notice::Account,
    stage::{Sent, Stage, Stopping},
    voice::{News, Voice},
};
use crate::{
    kafka::{LinkProducer, Mailbox, Report},
    model::{Lane, Moment, Mono},
    mqtt::{Backoff, Pace, session::Intake},
    registry::Registry,
    spool::{Hand, Tiding},
    telemetry::{
        health::{Health, LaneState, LinkState},
        metrics::LinkSnapshot,
    },
    transport::{Address, DialError, Wire, dial},
};

/// Asks a link for its figures; answered between two steps.
pub type SnapshotRequest = oneshot::Sender<LinkSnapshot>;

/// While something is outstanding, reads and reports are collected for so long: below 50 000
/// messages a second wake-ups cost more than the work they wake for. Never when idle, so a lone
/// alarm is not delayed. The link's thread sleeps, not its task: under a timer every arriving
/// packet would still wake the thread to note that the socket is readable.
const COALESCE: Duration = Duration::from_millis(1);
/// A window below this empties within a millisecond: collecting would only idle the broker.
const COALESCE_WINDOW_MIN: usize = 1_000;
/// How often a stopping link says for whom it waits.
const DRAIN_REPORT: Duration = Duration::from_secs(5);
/// How often a link without a connection looks around.
const IDLE_LOOK: Duration = Duration::from_secs(1);
/// How often a link shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Everything one link needs.
#[derive(Debug)]
pub struct LinkTask {
    /// The link without its socket.
    pub core: Core<LinkProducer>,
    /// Where to connect to.
    pub address: Address,
    /// When to connect again.
    pub backoff: Backoff,
    /// Where Kafka's reports arrive.
    pub mailbox: Arc<Mailbox>,
    /// Its part of the spool, if there is one.
    pub spool: Option<Hand>,
    /// Requests for figures.
    pub snapshots: mpsc::Receiver<SnapshotRequest>,
    /// Where its state is shown.
    pub health: Arc<Health>,
    /// Its position there.
    pub position: usize,
    /// Both clocks.
    pub clock: Clock,
    /// Says begin to stop.
    pub stop: CancellationToken,
    /// Says stop now: the deadline has passed.
    pub abort: CancellationToken,
    /// The list of devices it goes by.
    pub registry: Arc<Registry>,
    /// Where another one appears.
    pub registries: Arc<ArcSwap<Registry>>,
    /// What it tells the log.
    pub voice: Voice,
    /// The topic it has trouble with, as last shown.
    pub troubled_lane: Option<(Lane, LaneState)>,
}

enum Event {
    Stop,
    Abort,
    Snapshot(SnapshotRequest),
    Dialed(Result<Wire, DialError>),
    Moved(Result<Traffic, DialError>),
    Reports,
    Tidings,
    Timer,
}

impl LinkTask {
    /// Runs until stopped and drained, or until the deadline.
    pub async fn run(mut self) -> Account {
        let mut stage = Stage::Waiting { until: Mono::default() };
        let mut reports: Vec<Report> = Vec::with_capacity(1024);
        let mut tidings: Vec<Tiding> = Vec::new();
        let mut stopping = Stopping::No;
        let mut heartbeat = Mono::default();
        loop {
            let before = self.clock.now().mono;
            if before >= heartbeat {
                heartbeat = before + HEARTBEAT;
                self.beat(before);
                self.show_state(&stage);
                self.show_lanes();
                self.voice.rejections(&self.core);
            }
            let event = self.next_event(&mut stage, &stopping).await;
            let now = self.clock.now();
            self.take_registry(now.mono);
            self.mailbox.take(&mut reports);
            if let Some(spool) = &self.spool {
                spool.take(&mut tidings);
                self.core.told(&mut tidings);
            }
            let had_reports = !reports.is_empty();
            match self.apply(event, &mut stage, &mut reports, &mut stopping, now) {
                Ok(Moved::Something) => self.collect(&mut stage, now.mono),
                Ok(Moved::Nothing) if had_reports => self.collect(&mut stage, now.mono),
                Ok(Moved::Nothing) => {}
                Err(close) => self.close(&mut stage, &close, &stopping, now),
            }
            self.order();
            if self.voice.notices(&mut self.core) == News::Established {
                self.backoff.established(now.mono);
            }
            self.move_on(&mut stage, &mut stopping, now);
            if matches!(stage, Stage::Over) && stopping.is_finished(&self.core, now.mono) {
                self.core.tell_marks();
                self.order();
                return self.core.account(now.mono);
            }
        }
    }

    /// Takes the list of devices that is in force now, if it is another one.
    fn take_registry(&mut self, now: Mono) {
        let current = self.registries.load();
        if !Arc::ptr_eq(&current, &self.registry) {
            self.registry = Arc::clone(&current);
            self.core.replace_registry(&self.registry, now);
        }
    }

    async fn next_event(&mut self, stage: &mut Stage, stopping: &Stopping) -> Event {
        let now = self.clock.now().mono;
        let mut deadline = match stage {
            Stage::Waiting { until } => *until,
            Stage::Dialing(_) | Stage::Talking(_) | Stage::Parting { .. } => Mono(u64::MAX),
            Stage::Over => now + IDLE_LOOK,
        };
        deadline = deadline.min(self.core.deadline()).min(now + IDLE_LOOK);
        let look = match self.core.intake() {
            Intake::Paused => Look::WriteOnly,
            Intake::Flowing => Look::ReadAndWrite,
        };
        let Self { core, mailbox, spool, snapshots, clock, stop, abort, .. } = self;
        tokio::select! {
            biased;
            () = abort.cancelled(), if !stopping.is_aborted() => Event::Abort,
            () = stop.cancelled(), if stopping.is_no() => Event::Stop,
            Some(request) = snapshots.recv() => Event::Snapshot(request),
            event = Self::io(core, stage, look) => event,
            () = mailbox.arrived() => Event::Reports,
            () = arrived(spool.as_ref()) => Event::Tidings,
            () = sleep_until(clock.instant(deadline)) => Event::Timer,
        }
    }

    async fn io(core: &mut Core<LinkProducer>, stage: &mut Stage, look: Look) -> Event {
        match stage {
            Stage::Waiting { .. } | Stage::Over => pending().await,
            Stage::Dialing(dialing) => Event::Dialed(dialing.await),
            Stage::Talking(wire) => {
                let (unsent, buffer) = core.both_ways();
                Event::Moved(exchange(wire, unsent, buffer, look).await)
            }
            Stage::Parting { wire, sent: Sent::NotYet } => {
                let (unsent, buffer) = core.both_ways();
                buffer.clear();
                Event::Moved(exchange(wire, unsent, buffer, Look::ReadAndWrite).await)
            }
            Stage::Parting { wire, sent: Sent::All } => {
                let (_, buffer) = core.both_ways();
                buffer.clear();
                Event::Moved(part(wire, buffer).await)
            }
        }
    }

    fn apply(
        &mut self,
        event: Event,
        stage: &mut Stage,
        reports: &mut Vec<Report>,
        stopping: &mut Stopping,
        now: Moment,
    ) -> Result<Moved, Close> {
        let mut socket = Socket::Drained;
        let mut moved = Moved::Nothing;
        let mut ended = Ended::No;
        match event {
            Event::Abort => stopping.abort(),
            Event::Stop => {
                *stopping =
                    Stopping::Draining { since: now.mono, report_at: now.mono + DRAIN_REPORT };
                self.core.begin_drain(now);
            }
            Event::Snapshot(request) => {
                // A scrape that has gone away is nobody's loss.
                drop(request.send(self.core.snapshot(now.mono)));
            }
            Event::Dialed(Ok(wire)) => {
                *stage = Stage::Talking(wire);
                self.core.opened(now);
            }
            Event::Dialed(Err(error)) | Event::Moved(Err(error)) => {
                self.core.step(reports, Socket::Drained, now)?;
                return Err(self.core.explain(error.into()));
            }
            Event::Moved(Ok(traffic)) => {
                if traffic.written > 0 {
                    self.core.wrote(traffic.written, now.mono);
                }
                if traffic.read > 0 {
                    self.core.bytes_arrived(now.mono);
                }
                socket = traffic.socket;
                if traffic.read > 0 && socket == Socket::Drained {
                    moved = Moved::Something;
                }
                ended = traffic.ended;
            }
            Event::Reports | Event::Tidings | Event::Timer => {}
        }
        self.core.step(reports, socket, now)?;
        match ended {
            Ended::No => Ok(moved),
            Ended::Yes => Err(self.core.explain(Close::EndOfStream)),
        }
    }

    /// Gives the spool what the core has for it.
    fn order(&mut self) {
        if let (Some(spool), Some(orders)) = (&self.spool, self.core.orders())
            && !orders.is_empty()
        {
            spool.submit(orders);
        }
    }

    /// Takes the steps that follow from the present state rather than from an event.
    fn move_on(&mut self, stage: &mut Stage, stopping: &mut Stopping, now: Moment) {
        if let Stage::Waiting { until } = stage
            && *until <= now.mono
        {
            if self.core.must_wait_for_old_epochs() {
                *stage = Stage::Waiting { until: now.mono + IDLE_LOOK };
            } else {
                let address = self.address.clone();
                *stage = Stage::Dialing(Box::pin(async move { dial(&address).await }));
            }
            self.show_state(stage);
        }
        let Stopping::Draining { report_at, .. } = stopping else {
            if stopping.is_aborted() {
                self.core.abandon_all();
                if self.core.phase() != Phase::Closed {
                    self.core.closed(&Close::Stopped, now);
                }
                *stage = Stage::Over;
            }
            return;
        };
        if now.mono >= *report_at {
            *report_at = now.mono + DRAIN_REPORT;
            tracing::info!(
                link = %self.core.settings().name,
                messages = self.core.in_flight(),
                records = self.core.records_live(),
                "stopping: waiting for Kafka's reports"
            );
        }
        *stage = match mem::replace(stage, Stage::Over) {
            Stage::Waiting { .. } | Stage::Dialing(_) | Stage::Over => Stage::Over,
            Stage::Talking(wire) if self.core.is_drained() => {
                self.core.disconnect();
                Stage::Parting { wire, sent: Sent::NotYet }
            }
            // The broker answers the half-close with its own; until then we read.
            Stage::Parting { wire, sent: Sent::NotYet } if self.core.unsent().is_empty() => {
                Stage::Parting { wire, sent: Sent::All }
            }
            other @ (Stage::Talking(_) | Stage::Parting { .. }) => other,
        };
    }

    fn close(&mut self, stage: &mut Stage, close: &Close, stopping: &Stopping, now: Moment) {
        if let Stage::Parting { sent: Sent::All, .. } = stage {
            self.core.parted(now);
            *stage = Stage::Over;
            return;
        }
        self.core.closed(close, now);
        if !stopping.is_no() {
            *stage = Stage::Over;
            return;
        }
        let wait = self.backoff.setback(close.setback(), now.mono);
        *stage = Stage::Waiting { until: now.mono + wait.duration };
        self.show(LinkState::Fault { reason: close.reason() });
        let Some(suppressed_lines) = self.voice.permit(close.reason()) else { return };
        match wait.pace {
            Pace::TakeoverRivalry => tracing::error!(
                link = %self.core.settings().name,
                "another client uses this link's client_id: each connection ends the other's"
            ),
            Pace::Doubling | Pace::Slow => tracing::warn!(
                link = %self.core.settings().name,
                reason = close.reason(),
                %close,
                suppressed_lines,
                retry_in_ms = u64::try_from(wait.duration.as_millis()).unwrap_or(u64::MAX),
                "connection ended"
            ),
        }
    }

    /// Lets a moment pass in which messages and reports gather, after what is ready has been
    /// written.
    fn collect(&mut self, stage: &mut Stage, now: Mono) {
        if self.core.settings().receive_maximum < COALESCE_WINDOW_MIN || self.core.in_flight() == 0
        {
            return;
        }
        if let Stage::Talking(wire) = stage {
            match wire.try_write(self.core.unsent()) {
                Ok(written) => self.core.wrote(written, now),
                // Not now, or not any more: the next look at the socket tells.
                Err(_) => return,
            }
        }
        std::thread::park_timeout(COALESCE);
    }
}

/// Waits for the spool, if there is one.
async fn arrived(spool: Option<&Hand>) {
    match spool {
        Some(spool) => spool.arrived().await,
        None => pending().await,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    Something,
    Nothing,
}
