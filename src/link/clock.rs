//! The time of a link.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::model::{Moment, Mono, UnixMicros};

/// Clock of the shell: one reading a wake-up.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Counts from `start`.
    pub fn new(start: Instant) -> Self {
        Self { start }
    }

    /// Both clocks.
    pub fn now(&self) -> Moment {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        let wall = wall.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        let mono = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        Moment { mono: Mono(mono), wall: UnixMicros(wall) }
    }

    /// The runtime's instant for a time of ours.
    pub fn instant(&self, mono: Mono) -> Instant {
        // A year is for ever; further away the sum could overflow.
        let year = 365 * 86_400 * 1_000_000;
        self.start + Duration::from_micros(mono.0.min(self.now().mono.0 + year))
    }
}
