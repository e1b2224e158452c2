//! A histogram of one writer: an array increment a value, handed to Prometheus at a scrape.

use std::mem;

/// Counts and sums by bucket; the last one has no upper bound.
#[derive(Clone, Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    buckets: Vec<Bucket>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    count: u64,
    sum: u64,
}

impl Histogram {
    /// `bounds`: inclusive upper bounds in microseconds, ascending.
    pub fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, buckets: vec![Bucket::default(); bounds.len() + 1] }
    }

    /// Counts one value.
    pub fn record(&mut self, micros: u64) {
        let position = self.bounds.partition_point(|bound| *bound < micros);
        if let Some(bucket) = self.buckets.get_mut(position) {
            bucket.count += 1;
            bucket.sum = bucket.sum.saturating_add(micros);
        }
    }

    /// Hands over what was collected and starts anew.
    #[must_use = "what is taken is no longer counted here"]
    pub fn take(&mut self) -> Self {
        let empty = vec![Bucket::default(); self.buckets.len()];
        Self { bounds: self.bounds, buckets: mem::replace(&mut self.buckets, empty) }
    }

    /// Mean and count of each used bucket: recorded so, counts and the sum come out exact.
    #[expect(clippy::cast_precision_loss, reason = "sums of microseconds below 2^53")]
    pub fn means(&self) -> impl Iterator<Item = (f64, u64)> {
        let used = self.buckets.iter().filter(|bucket| bucket.count > 0);
        used.map(|bucket| (bucket.sum as f64 / bucket.count as f64, bucket.count))
    }
}
