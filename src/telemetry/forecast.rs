//! When the spool will be full, if it goes on filling as it does.

use std::{collections::VecDeque, time::Duration};

use crate::model::Mono;

/// How far back the forecast looks.
const WINDOW: Duration = Duration::from_mins(1);
/// Less than this says nothing yet.
const LEAST: Duration = Duration::from_secs(5);
/// A fill that begins after this much rest is a new one: the rest would only make it look slower.
const REST: Duration = Duration::from_secs(15);
/// Samples kept, whatever the caller's pace; pairs of them are compared.
const SAMPLES: usize = 64;

/// The fill of the last minute. Fed about once a second.
#[derive(Debug, Default)]
pub struct Forecast {
    samples: VecDeque<(Mono, u64)>,
    /// Since when the fill has not grown.
    resting_since: Option<Mono>,
}

impl Forecast {
    /// Notes how many of the bytes that count against the limit are used.
    pub fn note(&mut self, now: Mono, used: u64) {
        if let Some(&(at, last)) = self.samples.back() {
            if used <= last {
                self.resting_since.get_or_insert(at);
            } else if let Some(since) = self.resting_since.take()
                && at.since(since) >= REST
            {
                self.samples.clear();
                self.samples.push_back((at, last));
            }
        }
        self.samples.push_back((now, used));
        let is_old = |&(at, _): &(Mono, u64)| now.since(at) > WINDOW;
        while self.samples.len() > SAMPLES || self.samples.front().is_some_and(is_old) {
            self.samples.pop_front();
        }
    }

    /// Time until `limit` is reached at the present slope; `None` while it does not grow, or is not
    /// known to.
    pub fn time_to_full(&self, limit: u64) -> Option<Duration> {
        let &(last, used) = self.samples.back()?;
        let &(first, _) = self.samples.front()?;
        if used >= limit {
            return Some(Duration::ZERO);
        }
        let slope = if last.since(first) < LEAST { 0.0 } else { self.slope()? };
        let seconds = (slope > 0.0).then(|| real(limit - used) / slope)?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Bytes a second: the median over all pairs of samples (Theil and Sen). What is copied at once
    /// when spooling begins, or freed at once with a segment, moves it less than it would move a
    /// line fitted by least squares.
    fn slope(&self) -> Option<f64> {
        let pair = |&(later, more): &(Mono, u64), &(earlier, less): &(Mono, u64)| {
            let span = later.since(earlier).as_secs_f64();
            (span > 0.0).then(|| (real(more) - real(less)) / span)
        };
        let later = |(position, sample)| {
            self.samples.iter().take(position).filter_map(move |earlier| pair(sample, earlier))
        };
        let mut slopes: Vec<f64> = self.samples.iter().enumerate().flat_map(later).collect();
        let last = slopes.len().checked_sub(1)?;
        let (_, median, _) = slopes.select_nth_unstable_by(last / 2, f64::total_cmp);
        Some(*median)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a spool has less than 2^53 bytes")]
fn real(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests;
