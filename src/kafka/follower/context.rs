//! What librdkafka tells beside the records.

use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::{ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext};

use crate::kafka::statistics::Statistics;

/// Keeps librdkafka's word on whether a broker is connected, and its log off the terminal.
#[derive(Debug, Default)]
pub(super) struct Listener {
    statistics: Statistics,
    is_up: AtomicBool,
}

impl Listener {
    /// Has a broker been connected since it was last asked?
    pub(super) fn take_up(&self) -> bool {
        self.is_up.swap(false, Ordering::AcqRel)
    }
}

impl ClientContext for Listener {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, message);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        let is_up = self.statistics.update(statistics);
        self.is_up.store(is_up, Ordering::Release);
    }

    fn error(&self, error: rdkafka::error::KafkaError, _reason: &str) {
        // Polling hands it out as well.
        tracing::debug!(target: "librdkafka", code = ?error.rdkafka_error_code(), "client error");
    }
}

impl ConsumerContext for Listener {}
