//! The two clocks. The core never reads either: the shell passes a [`Moment`] in.

use std::{ops::Add, time::Duration};

/// Monotonic time in microseconds since the engine started. Every timeout uses this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

impl Mono {
    /// Time that has passed since `earlier`; zero when `earlier` lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

/// Wall-clock time in microseconds since 1970-01-01 UTC. It labels data; it never times out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMicros(pub i64);

impl UnixMicros {
    /// 2020-01-01: no deployment of ours is older, so an earlier device time is an unset clock.
    pub const YEAR_2020: Self = Self(1_577_836_800_000_000);

    /// Signed difference `self - other` in microseconds.
    pub fn minus(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }
}

/// Both clocks, read once a wake-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// For timeouts and ages.
    pub mono: Mono,
    /// For what is written into events.
    pub wall: UnixMicros,
}
