//! The three ways of measuring a body.

use std::hint::black_box;

use tokio::time::Instant;

use crate::{Outcome, body::Body, callgrind, stage::Stage};

/// How much is repeated.
pub(crate) struct Effort {
    /// Rounds of one measurement, of which the fastest counts.
    pub(crate) rounds: u64,
    /// Messages over which allocations are counted.
    pub(crate) counted_over: u64,
    /// Messages of the two lengths under callgrind, if it is asked: it takes a second to start.
    lengths: Option<[u64; 2]>,
    /// Stages whose instructions are counted.
    pub(crate) counted: fn(Stage) -> bool,
    /// Messages before anything is measured: every device is seen, and nearly every buffer has
    /// held the most it will ever hold.
    warm_up: u64,
}

pub(crate) const FULL: Effort = Effort {
    rounds: 100,
    counted_over: 200_000,
    lengths: Some([20_000, 60_000]),
    counted: |_| true,
    warm_up: 2_000_000,
};
pub(crate) const SMOKE: Effort = Effort {
    rounds: 10,
    counted_over: 10_000,
    lengths: Some([100, 600]),
    counted: Stage::is_whole,
    warm_up: 2_000_000,
};
/// Of decoders alone and of look-ups, which remember little: they are warm soon.
pub(crate) const FULL_APART: Effort = Effort {
    rounds: 100,
    counted_over: 10_000,
    lengths: Some([500, 2_500]),
    warm_up: 20_000,
    ..FULL
};
pub(crate) const SMOKE_APART: Effort =
    Effort { counted_over: 1_000, rounds: 3, lengths: None, warm_up: 1_000, ..SMOKE };

/// Messages of a round: short enough to fit between two turns of other work on the machine.
const ROUND: u64 = 2_500;

/// Sees every device once, and lets every buffer grow.
pub(crate) fn warm_up(body: &mut Body<'_>, effort: &Effort) -> Outcome {
    body(effort.warm_up)
}

/// The fastest of so many rounds.
pub(crate) fn nanoseconds(body: &mut Body<'_>, effort: &Effort) -> Outcome<f64> {
    let [least] = side_by_side([body], effort)?;
    Ok(least)
}

/// Of each body; a ratio of these is worth more than one of figures that were taken at different
/// times, as a machine is now slower and now faster for seconds.
pub(crate) fn side_by_side<const N: usize>(
    mut bodies: [&mut Body<'_>; N],
    effort: &Effort,
) -> Outcome<[f64; N]> {
    let mut least = [f64::INFINITY; N];
    for _ in 0..effort.rounds {
        for (body, least) in bodies.iter_mut().zip(&mut least) {
            let begin = Instant::now();
            body(black_box(ROUND))?;
            let nanos = begin.elapsed().as_secs_f64() * 1e9;
            *least = least.min(nanos / crate::float(ROUND));
        }
    }
    Ok(least)
}

/// So many of a message are the last growth of reused buffers: a batch now and then holds more
/// messages than any before it. A path that allocates does so for every message or batch.
pub(crate) const GROWTH: f64 = 1e-4;

/// Heap allocations a message once everything is warm.
pub(crate) fn allocations(body: &mut Body<'_>, effort: &Effort) -> Outcome<f64> {
    let mut outcome = Ok(());
    let counted = allocation_counter::measure(|| outcome = body(effort.counted_over));
    outcome?;
    Ok(crate::float(counted.count_total) / crate::float(effort.counted_over))
}

/// Instructions a message of what the arguments name; nothing where there is no valgrind.
pub(crate) fn instructions(what: &[&str], effort: &Effort) -> Outcome<Option<f64>> {
    let Some([short, long]) = effort.lengths else { return Ok(None) };
    let (Some(less), Some(more)) = (callgrind(what, short)?, callgrind(what, long)?) else {
        return Ok(None);
    };
    Ok(Some(crate::float(more.saturating_sub(less)) / crate::float(long - short)))
}

fn callgrind(what: &[&str], count: u64) -> Outcome<Option<u64>> {
    callgrind::collected(&[], &[what, &["--count", &count.to_string()]].concat())
}
