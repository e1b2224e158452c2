//! The spool's figures, to be read at any time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::damage::Place;
use crate::model::UnixMicros;

/// How a log is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogState {
    /// Takes records.
    #[default]
    Open,
    /// The limit is reached: records wait in memory, and their messages are not acknowledged.
    Full,
    /// The file system is full, with the same effect.
    NoSpace,
    /// The disk fails, with the same effect.
    Failed {
        /// The system's error code, 0 when there is none.
        code: i32,
    },
}

/// One log's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFigures {
    /// Which.
    pub place: Place,
    /// Bytes on disk.
    pub bytes: u64,
    /// Its segments.
    pub segments: u64,
    /// The next record's sequence number.
    pub next: u64,
    /// Everything below is delivered.
    pub low: u64,
    /// Records found at start that were not known to be delivered.
    pub recovered: u64,
    /// Records that are or were on the medium, since start.
    pub appended: u64,
    /// Records that the marks have passed, since start.
    pub delivered: u64,
    /// Records read back, since start.
    pub read: u64,
    /// Bytes of their frames.
    pub read_bytes: u64,
    /// Records that were delivered before there was room to write them: never written.
    pub discarded: u64,
    /// Records lost to damage, since start.
    pub damaged: u64,
    /// Records on the medium of which not all before them are delivered.
    pub waiting: u64,
    /// Records that could not be written yet.
    pub withheld: u64,
    /// The groups they came in.
    pub withheld_groups: u64,
    /// When the oldest of those that wait was received, as closely as that is known.
    pub oldest: Option<UnixMicros>,
    /// Bytes written since start.
    pub appended_bytes: u64,
    /// How it is doing.
    pub state: LogState,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// One a link and lane.
    pub logs: Vec<LogFigures>,
    /// Most bytes the spool may take up.
    pub limit: u64,
    /// Bytes in quarantine.
    pub quarantined: u64,
    /// Syncs of records since start.
    pub syncs: u64,
    /// Failed writes and syncs since start.
    pub failures: u64,
    /// How long the last syncs took, in microseconds; at most [`SYNC_TIMES`].
    pub sync_times: Vec<u32>,
}

/// Sync times that are kept until somebody asks for them.
pub const SYNC_TIMES: usize = 1024;

/// Where the keeper writes them and everybody reads them.
#[derive(Debug, Default)]
pub struct Board(Mutex<Figures>);

impl Board {
    /// As they are. Sync times are given out once.
    pub fn read(&self) -> Figures {
        let mut figures = self.lock();
        let sync_times = std::mem::take(&mut figures.sync_times);
        Figures { sync_times, ..figures.clone() }
    }

    /// As they are, without the sync times.
    pub fn look(&self) -> Figures {
        let figures = self.lock();
        Figures {
            logs: figures.logs.clone(),
            limit: figures.limit,
            quarantined: figures.quarantined,
            syncs: figures.syncs,
            failures: figures.failures,
            sync_times: Vec::new(),
        }
    }

    pub(super) fn count_failure(&self) {
        let mut figures = self.lock();
        figures.failures = figures.failures.saturating_add(1);
    }

    pub(super) fn count_sync(&self, micros: u128) {
        let mut figures = self.lock();
        figures.syncs = figures.syncs.saturating_add(1);
        if figures.sync_times.len() < SYNC_TIMES {
            figures.sync_times.push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
