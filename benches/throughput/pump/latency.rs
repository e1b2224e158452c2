//! Time from sending to what is waited for: from handing a record to librdkafka to its delivery
//! report, or from PUBLISH to PUBACK.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tokio::time::Instant;

use super::slots::Slots;

/// Width of a bucket, microseconds.
const BUCKET_US: u64 = 10;
/// One second in buckets; longer times stand in the last.
const BUCKETS: usize = 100_000;

pub(crate) struct Latency {
    begin: Instant,
    sent_us: Box<[AtomicU64]>,
    buckets: Box<[AtomicU32]>,
}

impl Latency {
    pub(crate) fn new(window: usize) -> Self {
        let slots = Slots::capacity(window);
        Self {
            begin: Instant::now(),
            sent_us: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            buckets: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    pub(crate) fn sent(&self, slot: usize) {
        if let Some(at) = self.sent_us.get(slot) {
            at.store(self.now_us(), Ordering::Relaxed);
        }
    }

    pub(crate) fn delivered(&self, slot: usize) {
        let Some(at) = self.sent_us.get(slot) else { return };
        let bucket = self.now_us().saturating_sub(at.load(Ordering::Relaxed)) / BUCKET_US;
        let bucket = usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS - 1);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What this share of the messages since the last call took at most, microseconds.
    pub(crate) fn take(&self, share: f64) -> u64 {
        let counts: Vec<u32> =
            self.buckets.iter().map(|bucket| bucket.swap(0, Ordering::Relaxed)).collect();
        let all = counts.iter().map(|count| u64::from(*count)).sum::<u64>();
        let mut seen = 0;
        let mut at = 0;
        for count in counts {
            seen += u64::from(count);
            at += BUCKET_US;
            if crate::float(seen) > share * crate::float(all) {
                break;
            }
        }
        at
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
