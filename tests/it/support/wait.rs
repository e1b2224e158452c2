//! Waiting for a condition, never for a time.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a condition that should hold soon may take on a busy machine.
pub const SOON: Duration = Duration::from_mins(1);

/// Polls until `probe` answers; panics with `what` when it has not within `limit`.
pub fn until<T>(what: &str, limit: Duration, probe: impl FnMut() -> Option<T>) -> T {
    match within(limit, probe) {
        Some(found) => found,
        None => panic!("still waiting after {limit:?}: {what}"),
    }
}

/// Polls until `probe` answers or `limit` is over.
pub fn within<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = probe() {
            return Some(found);
        }
        if started.elapsed() > limit {
            return None;
        }
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// Demands that `holds` keeps holding for the whole of `period`.
pub fn throughout(what: &str, period: Duration, mut holds: impl FnMut() -> bool) {
    let broken = within(period, || (!holds()).then_some(()));
    assert!(broken.is_none(), "did not hold for {period:?}: {what}");
}
