//! Signs of life of the spool's thread.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::model::Mono;

/// A call of the disk that takes longer will hardly return.
const STUCK_AFTER: Duration = Duration::from_secs(20);

/// What the thread shows of itself, even while a call of the disk holds it.
#[derive(Debug, Default)]
pub struct Pulse {
    /// When the round began that it is in; 0 while it sleeps, until it is rung for.
    beat: AtomicU64,
    is_over: AtomicBool,
}

impl Pulse {
    /// A round begins.
    pub(super) fn beat(&self, now: Mono) {
        self.beat.store(now.0.max(1), Ordering::Relaxed);
    }

    /// There is nothing to be done.
    pub(super) fn rest(&self) {
        self.beat.store(0, Ordering::Relaxed);
    }

    /// The thread ends.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Has the thread ended, one way or another?
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Has there been work for a long time, and no end of it?
    pub fn is_stuck(&self) -> bool {
        self.is_stuck_at(mono())
    }

    pub(super) fn is_stuck_at(&self, now: Mono) -> bool {
        let beat = self.beat.load(Ordering::Relaxed);
        beat > 0 && now.since(Mono(beat)) > STUCK_AFTER
    }
}

/// Time since the first call.
pub(super) fn mono() -> Mono {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    Mono(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_takes_too_long_is_stuck_and_a_sleep_is_not() {
        let pulse = Pulse::default();
        let after = |seconds: u64| Mono(0) + Duration::from_secs(seconds);
        assert!(!pulse.is_stuck_at(after(100)), "it has not begun");
        pulse.beat(after(100));
        assert!(!pulse.is_stuck_at(after(120)));
        assert!(pulse.is_stuck_at(after(121)));
        pulse.beat(after(121));
        assert!(!pulse.is_stuck_at(after(122)));
        pulse.rest();
        assert!(!pulse.is_stuck_at(after(1_000)));
    }
}
