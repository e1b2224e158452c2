//! What librdkafka tells beside the records.

use std::error::Error;

use rdkafka::{
    ClientContext, client::OAuthToken, config::RDKafkaLogLevel, consumer::ConsumerContext,
    error::KafkaError,
};

use crate::kafka::token::{self, LoginContext};

/// Keeps librdkafka's log off the terminal, and logs in by token where there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct Listener(pub(super) LoginContext);

impl ClientContext for Listener {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        token::read(self.0.token.as_ref())
    }

    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, message);
    }

    fn error(&self, error: KafkaError, _reason: &str) {
        // Polling hands it out as well.
        tracing::debug!(target: "librdkafka", code = ?error.rdkafka_error_code(), "client error");
    }
}

impl ConsumerContext for Listener {}
