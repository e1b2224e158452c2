//! The spool as the engine sees it: opened before the links, watched beside them, closed after
//! them.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    config::{Ack, Config},
    link::Clock,
    model::{Lane, LinkName},
    sink::Habit,
    spool::{
        Hand, Limits, Recovered, Spool, SpoolError, SpoolSettings,
        figures::{Board, Figures, LogState},
        inspect,
        pulse::Pulse,
    },
    telemetry::{
        forecast::Forecast,
        health::{Health, SpoolState},
        metrics::{
            Histogram, catalogue as m,
            spool::{SpoolBooks, SpoolFigures},
        },
    },
};

/// How often the fill is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A link's part of the spool.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) hand: Hand,
    pub(super) recovered: [Recovered; 3],
    pub(super) habit: Habit,
}

/// The spool, and a part of it for each link.
#[derive(Debug)]
pub(super) struct Keeping {
    spool: Spool,
    pub(super) watch: Arc<Watch>,
}

/// What is known of the fill.
#[derive(Debug)]
pub(super) struct Watch {
    board: Arc<Board>,
    pulse: Arc<Pulse>,
    /// The thread is to end.
    is_closing: AtomicBool,
    forecast: Mutex<Forecast>,
}

impl Keeping {
    /// Opens it; `None` when Kafka alone acknowledges.
    pub(super) async fn open(
        config: &Config,
        partitions: [i32; 3],
    ) -> Result<Option<(Self, Vec<Part>)>, SpoolError> {
        let habit = match config.spool.ack {
            Ack::Kafka => {
                let directory = config.spool.directory.clone();
                let looking = tokio::task::spawn_blocking(move || left_behind(&directory));
                if let Ok(records @ 1..) = looking.await {
                    tracing::error!(
                        records,
                        "the spool holds records that nobody delivers while spool.ack is kafka: run \
                         with auto until they are, or export them"
                    );
                }
                return Ok(None);
            }
            Ack::Spool => Habit::Always,
            Ack::Auto => Habit::After(config.spool.after),
        };
        let settings = SpoolSettings {
            directory: config.spool.directory.clone(),
            limits: Limits {
                max_bytes: wide(config.spool.max_bytes.bytes()),
                keep_free: wide(config.spool.keep_free.bytes()),
            },
        };
        let names: Vec<LinkName> = config.links.iter().map(|link| Arc::clone(&link.name)).collect();
        // A disk is read.
        let opening =
            tokio::task::spawn_blocking(move || Spool::open(&settings, &names, partitions));
        let (spool, hands, recovered) = match opening.await {
            Ok(opened) => opened?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        for orphan in spool.orphans() {
            tracing::error!(
                link = orphan.link,
                records = orphan.records,
                bytes = orphan.bytes,
                "the spool holds records of a link that is not configured: configure it again \
                 until they are delivered, or export them"
            );
        }
        let parts = hands.into_iter().zip(recovered);
        let parts = parts.map(|(hand, recovered)| Part { hand, recovered, habit }).collect();
        let watch = Watch::new(spool.board(), spool.pulse());
        Ok(Some((Self { spool, watch: Arc::new(watch) }, parts)))
    }

    /// After the links: writes what they ordered, and tells what stays.
    pub(super) async fn close(self, longest: Duration) {
        let Self { spool, watch } = self;
        watch.is_closing.store(true, Ordering::Release);
        let closing = tokio::task::spawn_blocking(move || spool.close());
        if tokio::time::timeout(longest, closing).await.is_err() {
            tracing::warn!("the disk of the spool is slow: not waiting for it any longer");
        }
        let waiting = watch.figures(&watch.board.look()).waiting();
        if waiting > 0 {
            tracing::info!(records = waiting, "the spool keeps what Kafka has not confirmed");
        }
    }
}

impl Watch {
    fn new(board: Arc<Board>, pulse: Arc<Pulse>) -> Self {
        Self { board, pulse, is_closing: AtomicBool::new(false), forecast: Mutex::default() }
    }

    /// Has the thread ended, although nobody closed the spool?
    fn is_dead(&self) -> bool {
        self.pulse.is_over() && !self.is_closing.load(Ordering::Acquire)
    }

    /// Shows the spool's state. Returns when its thread has ended on its own.
    pub(super) async fn show(self: Arc<Self>, health: Arc<Health>, clock: Clock) {
        let mut was_stuck = false;
        while !self.is_dead() {
            let figures = self.board.look();
            self.forecast().note(clock.now().mono, used(&figures));
            health.set_spool(self.state(&figures));
            let is_stuck = self.pulse.is_stuck();
            if is_stuck && !was_stuck {
                tracing::error!(
                    "the disk of the spool does not answer: nothing is acknowledged until it does"
                );
            }
            was_stuck = is_stuck;
            tokio::time::sleep(LOOK).await;
        }
        health.set_spool(self.state(&self.board.look()));
        tracing::error!("the spool's thread has ended on its own");
    }

    /// The worst of the logs speaks for all, unless their thread is not heard of.
    fn state(&self, figures: &Figures) -> SpoolState {
        if self.is_dead() {
            SpoolState::Failed { code: "thread_ended" }
        } else if self.pulse.is_stuck() {
            SpoolState::Failed { code: "disk_stuck" }
        } else {
            state(figures)
        }
    }

    /// For a scrape; sync times are handed over.
    pub(super) fn scrape(&self) -> SpoolFigures {
        self.figures(&self.board.read())
    }

    fn figures(&self, figures: &Figures) -> SpoolFigures {
        let mut shown = SpoolFigures {
            state: self.state(figures),
            limit_bytes: figures.limit,
            quarantined_bytes: figures.quarantined,
            time_to_full: self.forecast().time_to_full(room_of_readings(figures)),
            fsync: Histogram::new(m::FSYNC),
            ..SpoolFigures::default()
        };
        for log in &figures.logs {
            let [readings, alerts, dead_letters] = &mut shown.lanes;
            let lane = match log.place.lane {
                Lane::Readings => readings,
                Lane::Alerts => alerts,
                Lane::DeadLetters => dead_letters,
            };
            lane.bytes += log.bytes;
            lane.waiting += log.waiting;
            lane.oldest = [lane.oldest, log.oldest].into_iter().flatten().min();
            let SpoolBooks { recovered, appended, delivered, damaged } = &mut shown.books;
            *recovered += log.recovered;
            *appended += log.appended;
            *delivered += log.delivered;
            *damaged += log.damaged;
            shown.appended_bytes += log.appended_bytes;
            shown.drained += log.read;
            shown.drained_bytes += log.read_bytes;
            shown.withheld_groups += log.withheld_groups;
        }
        for micros in &figures.sync_times {
            shown.fsync.record(u64::from(*micros));
        }
        shown
    }

    fn forecast(&self) -> MutexGuard<'_, Forecast> {
        self.forecast.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records in a spool nobody opens. What cannot be read says nothing.
fn left_behind(directory: &Path) -> u64 {
    let logs = inspect::logs(directory).unwrap_or_default();
    logs.iter().filter_map(|log| inspect::weigh(log).ok()).map(|(records, _)| records).sum()
}

/// Bytes that readings may fill: the rest is for alarms.
fn room_of_readings(figures: &Figures) -> u64 {
    figures.limit - figures.limit / 10
}

fn used(figures: &Figures) -> u64 {
    figures.logs.iter().map(|log| log.bytes).sum()
}

fn state(figures: &Figures) -> SpoolState {
    let mut state = SpoolState::Idle;
    for log in &figures.logs {
        let next = match log.state {
            LogState::Failed { .. } => SpoolState::Failed { code: "disk_failure" },
            LogState::Full | LogState::NoSpace => SpoolState::Full,
            LogState::Open if log.waiting > 0 => SpoolState::Spooling,
            LogState::Open => SpoolState::Idle,
        };
        state = match (state, next) {
            (SpoolState::Failed { .. }, _)
            | (_, SpoolState::Idle | SpoolState::Absent)
            | (SpoolState::Full, SpoolState::Spooling) => state,
            (_, worse) => worse,
        };
    }
    state
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
