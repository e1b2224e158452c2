//! When to connect again.
//!
//! Waits double from a quarter of a second to half a minute, each drawn from its upper half, so
//! that links that fell together do not return together. A quarter of a second is short against
//! any broker's restart, and half a minute is short against every session expiry in use. Only a
//! connection that lasted resets the doubling: one that breaks right after its CONNACK counts as
//! failed, whatever the broker said first.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::error::{Retry, SessionError};
use crate::model::Mono;

/// The waits of one link between its connections.
#[derive(Debug)]
pub struct Backoff {
    stable: Duration,
    /// The coming wait lies between half of it and all of it.
    ceiling: Duration,
    established: Option<Mono>,
    last_takeover: Option<Mono>,
    rivalry: Rivalry,
    random: SmallRng,
}

/// What ended a connection, or an attempt at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// Worth another try in a moment; also every failure of the network.
    Passing,
    /// Somebody has to change something first.
    Lasting,
    /// Another connection came with our client id.
    TakenOver,
}

/// How long to wait, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// From the setback to the next attempt.
    pub duration: Duration,
    /// For log and readiness.
    pub pace: Pace,
}

/// Why a wait is as long as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pace {
    /// The ordinary doubling.
    Doubling,
    /// The longest ordinary wait at once.
    Slow,
    /// Two clients with one client id evict each other in turn.
    TakeoverRivalry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rivalry {
    None,
    Suspected,
}

const FIRST_CEILING: Duration = Duration::from_millis(500);
const LAST_CEILING: Duration = Duration::from_secs(30);

/// Ceiling while rivals evict each other: twice the longest, so that each holds the session for
/// half a minute and gets some work done.
const RIVALRY_CEILING: Duration = Duration::from_mins(1);

/// Two takeovers this close are no restart of a colleague but a fight.
const RIVALRY_WINDOW: Duration = Duration::from_mins(1);

/// A rival that waits as we do comes back within two ceilings; silence for longer ends it.
const RIVALRY_OVER: Duration = Duration::from_mins(3);

impl Backoff {
    /// Waits drawn from `seed`; a connection that lasted `stable` (default 30 s) resets them.
    pub fn new(stable: Duration, seed: u64) -> Self {
        Self {
            stable,
            ceiling: FIRST_CEILING,
            established: None,
            last_takeover: None,
            rivalry: Rivalry::None,
            random: SmallRng::seed_from_u64(seed),
        }
    }

    /// Default of `stable`.
    pub const STABLE: Duration = Duration::from_secs(30);

    /// The link is established: connected and subscribed.
    pub fn established(&mut self, now: Mono) {
        self.established = Some(now);
    }

    /// A connection or an attempt has ended: how long to wait before the next.
    pub fn setback(&mut self, setback: Setback, now: Mono) -> Wait {
        let lasted = self.established.take().map(|since| now.since(since));
        if lasted.is_some_and(|lasted| lasted >= self.stable) {
            self.ceiling = FIRST_CEILING;
        }
        self.note_takeover(setback, now);
        let (ceiling, pace) = match (self.rivalry, setback) {
            (Rivalry::Suspected, _) => (RIVALRY_CEILING, Pace::TakeoverRivalry),
            (Rivalry::None, Setback::Lasting) => (LAST_CEILING, Pace::Slow),
            (Rivalry::None, Setback::Passing | Setback::TakenOver) => {
                (self.ceiling, Pace::Doubling)
            }
        };
        self.ceiling = (self.ceiling * 2).min(LAST_CEILING);
        let duration = self.random.random_range(ceiling / 2..=ceiling);
        Wait { duration, pace }
    }

    fn note_takeover(&mut self, setback: Setback, now: Mono) {
        let quiet = self.last_takeover.map(|last| now.since(last));
        if quiet.is_none_or(|quiet| quiet >= RIVALRY_OVER) {
            self.rivalry = Rivalry::None;
        }
        if setback == Setback::TakenOver {
            if quiet.is_some_and(|quiet| quiet <= RIVALRY_WINDOW) {
                self.rivalry = Rivalry::Suspected;
            }
            self.last_takeover = Some(now);
        }
    }
}

impl From<&SessionError> for Setback {
    fn from(error: &SessionError) -> Self {
        match error.retry() {
            _ if error.is_takeover() => Self::TakenOver,
            Retry::Soon => Self::Passing,
            Retry::Slowly => Self::Lasting,
        }
    }
}

#[cfg(test)]
mod tests;
