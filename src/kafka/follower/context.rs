//! What librdkafka tells beside the records.

use rdkafka::{
    ClientContext, config::RDKafkaLogLevel, consumer::ConsumerContext, error::KafkaError,
};

/// Keeps librdkafka's log off the terminal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listener;

impl ClientContext for Listener {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, message);
    }

    fn error(&self, error: KafkaError, _reason: &str) {
        // Polling hands it out as well.
        tracing::debug!(target: "librdkafka", code = ?error.rdkafka_error_code(), "client error");
    }
}

impl ConsumerContext for Listener {}
