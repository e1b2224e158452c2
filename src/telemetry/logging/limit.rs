//! Log lines whose number must not follow the traffic.

use std::{
    collections::HashMap,
    fmt,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

/// Lines of one reason at once before it is limited.
const BURST: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// After the burst, one line of a reason in this time.
const PERIOD: Duration = Duration::from_secs(15);

/// Lines a minute over all reasons; as many again at once.
const TOTAL_A_MINUTE: NonZeroU32 = NonZeroU32::new(45).unwrap();

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Decides which lines are written. Reasons are closed sets, so there is one bucket for each.
pub struct RateLimited<C: Clock = DefaultClock> {
    clock: C,
    total: Bucket<C>,
    reasons: Mutex<HashMap<&'static str, Reason<C>>>,
}

struct Reason<C: Clock> {
    bucket: Bucket<C>,
    suppressed: u64,
}

impl RateLimited {
    /// A limiter that has let nothing through yet.
    pub fn new() -> Self {
        Self::with_clock(DefaultClock::default())
    }
}

impl Default for RateLimited {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Clock + Clone> RateLimited<C> {
    fn with_clock(clock: C) -> Self {
        let quota = Quota::per_minute(TOTAL_A_MINUTE);
        let total = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { clock, total, reasons: Mutex::default() }
    }

    /// Asks to write a line. `Some` says yes, and how many lines of this reason were suppressed
    /// since the last one.
    pub fn permit(&self, reason: &'static str) -> Option<u64> {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let state = reasons.entry(reason).or_insert_with(|| Reason {
            bucket: RateLimiter::direct_with_clock(quota_of_a_reason(), self.clock.clone()),
            suppressed: 0,
        });
        if state.bucket.check().is_ok() && self.total.check().is_ok() {
            return Some(std::mem::take(&mut state.suppressed));
        }
        state.suppressed += 1;
        None
    }
}

fn quota_of_a_reason() -> Quota {
    Quota::with_period(PERIOD).map_or(Quota::per_minute(BURST), |quota| quota.allow_burst(BURST))
}

impl<C: Clock> fmt::Debug for RateLimited<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimited").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const REASONS: [&str; 20] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
        "s", "t",
    ];

    #[test]
    fn a_million_bad_messages_make_a_hundred_lines_at_most() {
        let clock = FakeRelativeClock::default();
        let limit = RateLimited::with_clock(clock.clone());
        let mut written = 0_u64;
        let mut suppressed = 0;
        for number in 0..1_000_000_usize {
            clock.advance(Duration::from_micros(60));
            if let Some(count) = limit.permit(REASONS[number % REASONS.len()]) {
                written += 1;
                suppressed += count;
            }
        }
        assert!((20..=100).contains(&written), "{written}");
        let still: u64 = limit.reasons.lock().unwrap().values().map(|r| r.suppressed).sum();
        assert_eq!(written + suppressed + still, 1_000_000, "every line is written or counted");
    }

    #[test]
    fn one_loud_reason_does_not_silence_another() {
        let limit = RateLimited::with_clock(FakeRelativeClock::default());
        let written = (0..1000).filter(|_| limit.permit("loud").is_some()).count();
        assert_eq!(written, 5);
        assert_eq!(limit.permit("quiet"), Some(0));
    }

    #[test]
    fn the_next_line_says_how_many_are_missing() {
        let clock = FakeRelativeClock::default();
        let limit = RateLimited::with_clock(clock.clone());
        for _ in 0..12 {
            limit.permit("loud");
        }
        clock.advance(PERIOD);
        assert_eq!(limit.permit("loud"), Some(7));
        assert_eq!(limit.permit("loud"), None);
    }
}
