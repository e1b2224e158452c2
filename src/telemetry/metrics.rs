//! Every metric: name, kind, unit, help, labels. Nowhere else does a metric macro appear.
//!
//! Links count in plain fields of their own. A scrape asks each link for a [`LinkSnapshot`]
//! between two steps of its loop and publishes the answers under one lock, so the ledger adds
//! up in every scrape and the hot path pays for no shared counter.

use std::sync::{Mutex, PoisonError};

use metrics::with_local_recorder;
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use self::catalogue::{CATALOGUE, Kind, Metric};
pub use self::{
    histogram::Histogram,
    snapshot::{Ledger, LinkSnapshot},
    spool::{SpoolBooks, SpoolFigures, SpoolLane},
};

pub mod catalogue;
pub mod histogram;
pub mod snapshot;
pub mod spool;

/// The process's metrics.
pub struct Metrics {
    recorder: PrometheusRecorder,
    publishing: Mutex<()>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A label and its value. Values come from closed sets: link names, reason codes, enum labels.
pub type Label = (&'static str, String);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// An own set, so that tests do not share one.
    pub fn new() -> Self {
        let mut builder = PrometheusBuilder::new();
        for metric in CATALOGUE {
            if let Kind::Histogram(bounds) = metric.kind {
                let bounds: Vec<f64> = bounds.iter().map(|micros| seconds(*micros)).collect();
                let matcher = Matcher::Full(metric.name.to_owned());
                // Fails on an empty list only.
                if let Ok(with_buckets) = builder.set_buckets_for_metric(matcher, &bounds) {
                    builder = with_buckets;
                } else {
                    builder = PrometheusBuilder::new();
                }
            }
        }
        let recorder = builder.build_recorder();
        with_local_recorder(&recorder, || CATALOGUE.iter().for_each(describe));
        Self { recorder, publishing: Mutex::new(()) }
    }

    /// Publishes what `write` says and renders everything in Prometheus's text format.
    pub fn render(&self, write: impl FnOnce(&Publisher)) -> String {
        let _alone = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = self.recorder.handle();
        let publisher = Publisher { handle: handle.clone() };
        with_local_recorder(&self.recorder, || write(&publisher));
        handle.run_upkeep();
        handle.render()
    }
}

/// The right to publish, inside [`Metrics::render`].
#[derive(Debug)]
pub struct Publisher {
    handle: PrometheusHandle,
}

/// The exporter keeps every sample until its upkeep: so many at once, however long nobody asked.
const SAMPLES: u64 = 4_096;

#[expect(clippy::disallowed_macros, reason = "the one place where metrics are written")]
impl Publisher {
    /// Sets a counter to its present count.
    pub fn counter(&self, metric: &'static Metric, labels: &[Label], value: u64) {
        metrics::counter!(metric.name, labels).absolute(value);
    }

    /// Sets a gauge.
    pub fn gauge(&self, metric: &'static Metric, labels: &[Label], value: f64) {
        metrics::gauge!(metric.name, labels).set(value);
    }

    /// Adds what a local histogram has collected since its last turn.
    pub fn histogram(&self, metric: &'static Metric, labels: &[Label], collected: &Histogram) {
        let handle = metrics::histogram!(metric.name, labels);
        for (mean_micros, mut count) in collected.means() {
            while count > 0 {
                let portion = count.min(SAMPLES);
                count -= portion;
                handle.record_many(mean_micros / 1e6, usize::try_from(portion).unwrap_or(1));
                if count > 0 {
                    self.handle.run_upkeep();
                }
            }
        }
    }
}

fn describe(metric: &Metric) {
    match metric.kind {
        Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
        Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
        Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.help),
    }
}

/// Microseconds as Prometheus's base unit.
#[expect(clippy::cast_precision_loss, reason = "2^53 microseconds are 285 years")]
pub fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// A count as a gauge's value.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
