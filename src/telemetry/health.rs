//! What the process knows about its own state, in closed words.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::model::{Lane, LinkName, Mono};

mod report;
mod spool;

pub use report::{Check, Report, Verdict};
pub use spool::SpoolState;

/// A loop that has not come round for this long is stuck.
pub const STUCK_AFTER: Duration = Duration::from_secs(20);

/// State shared by the engine, its links and the admin server.
#[derive(Debug)]
pub struct Health {
    links: Vec<LinkHealth>,
    kafka: Mutex<KafkaState>,
    lanes: [Mutex<LaneState>; Lane::ALL.len()],
    spool: Mutex<SpoolState>,
    started: AtomicBool,
    draining: AtomicBool,
}

/// State of one link.
#[derive(Debug)]
pub struct LinkHealth {
    name: LinkName,
    state: Mutex<LinkState>,
    /// Last time its loop came round, as [`Mono`]; zero before the first.
    heartbeat: AtomicU64,
}

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not begun.
    Starting,
    /// No connection yet, or none again.
    Connecting {
        /// Why the last one ended.
        reason: Option<&'static str>,
    },
    /// Waiting for the broker to grant the filters.
    Subscribing,
    /// Messages flow.
    Established,
    /// Connected, and for the moment not reading.
    Paused {
        /// What is full.
        reason: &'static str,
    },
    /// Not connecting before earlier connections' messages are settled.
    WaitingForOldEpoch,
    /// The broker grants less than was asked for, or refuses.
    Fault {
        /// What it is.
        reason: &'static str,
    },
    /// Finishing.
    Stopping,
}

impl LinkState {
    /// Word for metrics and bodies.
    pub fn label(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Connecting { .. } => "connecting",
            Self::Subscribing => "subscribing",
            Self::Established => "established",
            Self::Paused { .. } => "paused",
            Self::WaitingForOldEpoch => "waiting_for_old_epoch",
            Self::Fault { .. } => "fault",
            Self::Stopping => "stopping",
        }
    }

    /// A paused link is connected and loses nothing, so it is able.
    fn verdict(self) -> Verdict {
        match self {
            Self::Established | Self::Paused { .. } => Verdict::Able,
            Self::Starting
            | Self::Connecting { .. }
            | Self::Subscribing
            | Self::WaitingForOldEpoch
            | Self::Fault { .. }
            | Self::Stopping => Verdict::Unable,
        }
    }

    fn reason(self) -> Option<&'static str> {
        match self {
            Self::Connecting { reason } => reason,
            Self::Paused { reason } | Self::Fault { reason } => Some(reason),
            Self::Starting
            | Self::Subscribing
            | Self::Established
            | Self::WaitingForOldEpoch
            | Self::Stopping => None,
        }
    }
}

/// Where the Kafka cluster stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaState {
    /// Nothing heard yet.
    Unknown,
    /// Reachable.
    Up,
    /// Not reachable.
    Down {
        /// Why.
        reason: &'static str,
    },
}

impl KafkaState {
    /// Word for metrics and bodies.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down { .. } => "down",
        }
    }
}

/// Where one topic stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneState {
    /// Takes records.
    Taking,
    /// Refuses all records with one code.
    Refusing {
        /// librdkafka's name of it.
        code: &'static str,
    },
    /// Records wait longer than they should.
    Waiting {
        /// Where.
        partition: i32,
    },
}

impl LaneState {
    /// Word for metrics and bodies.
    pub fn label(self) -> &'static str {
        match self {
            Self::Taking => "taking",
            Self::Refusing { .. } => "refusing",
            Self::Waiting { .. } => "waiting",
        }
    }
}

impl Health {
    /// Everything at its beginning.
    pub fn new(links: impl IntoIterator<Item = LinkName>) -> Self {
        let link = |name| LinkHealth {
            name,
            state: Mutex::new(LinkState::Starting),
            heartbeat: AtomicU64::new(0),
        };
        Self {
            links: links.into_iter().map(link).collect(),
            kafka: Mutex::new(KafkaState::Unknown),
            lanes: Lane::ALL.map(|_| Mutex::new(LaneState::Taking)),
            spool: Mutex::new(SpoolState::Absent),
            started: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        }
    }

    /// The links, in the order of the configuration.
    pub fn links(&self) -> &[LinkHealth] {
        &self.links
    }

    /// Notes the state of the cluster.
    pub fn set_kafka(&self, state: KafkaState) {
        set(&self.kafka, state);
    }

    /// The state of the cluster.
    pub fn kafka(&self) -> KafkaState {
        get(&self.kafka)
    }

    /// Notes the state of a topic.
    pub fn set_lane(&self, lane: Lane, state: LaneState) {
        if let Some(known) = self.lanes.get(lane as usize) {
            set(known, state);
        }
    }

    /// The state of a topic.
    pub fn lane(&self, lane: Lane) -> LaneState {
        self.lanes.get(lane as usize).map_or(LaneState::Taking, get)
    }

    /// Notes the state of the spool.
    pub fn set_spool(&self, state: SpoolState) {
        set(&self.spool, state);
    }

    /// The state of the spool.
    pub fn spool(&self) -> SpoolState {
        get(&self.spool)
    }

    /// Notes that the start is over: topics checked, links begun.
    pub fn set_started(&self) {
        self.started.store(true, Ordering::Relaxed);
    }

    /// Is the start over?
    pub fn has_started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    /// Notes that the end has begun; from now on nothing is ready.
    pub fn set_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Can messages be taken and kept, by Kafka or by the spool? One check a link, topic, and so
    /// on.
    pub fn readiness(&self) -> Report {
        let process = match (self.draining.load(Ordering::Relaxed), self.has_started()) {
            (true, _) => ("draining", Verdict::Unable),
            (false, false) => ("starting", Verdict::Unable),
            (false, true) => ("running", Verdict::Able),
        };
        let (kafka, spool) = (self.kafka(), self.spool());
        let (kafka_verdict, kafka_reason) = match kafka {
            KafkaState::Up => (Verdict::Able, None),
            KafkaState::Unknown => (Verdict::Unable, None),
            KafkaState::Down { reason } => (spool.soften(), Some(reason.to_owned())),
        };
        let mut checks = vec![
            Check::new("process", process.1, process.0, None),
            Check::new("kafka", kafka_verdict, kafka.label(), kafka_reason),
        ];
        checks.extend(spool.check(kafka, Lane::ALL.into_iter().map(|lane| self.lane(lane))));
        checks.extend(Lane::ALL.map(|lane| {
            let state = self.lane(lane);
            let (verdict, reason) = match state {
                LaneState::Taking => (Verdict::Able, None),
                LaneState::Refusing { code } => (spool.soften(), Some(code.to_owned())),
                LaneState::Waiting { partition } => {
                    (spool.soften(), Some(format!("partition {partition}")))
                }
            };
            Check::new(format!("topic {}", lane.label()), verdict, state.label(), reason)
        }));
        checks.extend(self.links.iter().map(|link| {
            let state = link.state();
            let reason = state.reason().map(str::to_owned);
            Check::new(format!("link {}", link.name), state.verdict(), state.label(), reason)
        }));
        Report::new(checks)
    }

    /// Does every loop that has begun and not ended still come round? Asks nobody outside the
    /// process.
    pub fn liveness(&self, now: Mono) -> Report {
        let check = |link: &LinkHealth| {
            let silent = link.last_beat().map(|beat| now.since(beat));
            let name = format!("link {}", link.name);
            match silent {
                None => Check::new(name, Verdict::Able, "not_begun", None),
                Some(_) if link.state() == LinkState::Stopping => {
                    Check::new(name, Verdict::Able, "stopping", None)
                }
                Some(silent) if silent > STUCK_AFTER => {
                    let reason = format!("no progress for {} s", silent.as_secs());
                    Check::new(name, Verdict::Unable, "stuck", Some(reason))
                }
                Some(_) => Check::new(name, Verdict::Able, "moving", None),
            }
        };
        Report::new(self.links.iter().map(check).collect())
    }
}

impl LinkHealth {
    /// Configured name.
    pub fn name(&self) -> &LinkName {
        &self.name
    }

    /// Notes where the link stands.
    pub fn set(&self, state: LinkState) {
        set(&self.state, state);
    }

    /// Where the link stands.
    pub fn state(&self) -> LinkState {
        get(&self.state)
    }

    /// Says that the loop has come round. A loop with nothing to do beats at least every
    /// quarter of [`STUCK_AFTER`].
    pub fn beat(&self, now: Mono) {
        self.heartbeat.store(now.0.max(1), Ordering::Relaxed);
    }

    fn last_beat(&self) -> Option<Mono> {
        let beat = self.heartbeat.load(Ordering::Relaxed);
        (beat > 0).then_some(Mono(beat))
    }
}

fn get<T: Copy>(state: &Mutex<T>) -> T {
    *state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set<T>(state: &Mutex<T>, new: T) {
    *state.lock().unwrap_or_else(PoisonError::into_inner) = new;
}

#[cfg(test)]
mod tests;
