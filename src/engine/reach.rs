//! Reaching Kafka at the start, for as long as it takes.

use std::{sync::Arc, time::Duration};

use super::{StartError, assembly::Assembly};
use crate::{
    kafka::{Kafka, KafkaError, TopicError},
    telemetry::{
        health::{Health, KafkaState},
        logging::limit::RateLimited,
    },
};

/// Pause between tries, when Kafka may be back at any moment.
const SHORTEST: Duration = Duration::from_secs(2);
/// Pause between tries at most, when somebody must change something first: many wrong logins in
/// a row may lock an account.
const LONGEST: Duration = Duration::from_secs(30);

/// Kafka away is no reason to end: the broker keeps the messages. A missing topic is, and a
/// missing right.
pub(super) async fn connect(
    assembly: &Assembly,
    health: &Health,
) -> Result<Arc<Kafka>, StartError> {
    let limit = RateLimited::new();
    let mut pause = SHORTEST;
    loop {
        // Made anew each time: a password may have been corrected meanwhile.
        let settings = assembly.kafka_settings();
        let links = assembly.link_count();
        let handle = tokio::runtime::Handle::current();
        // Fetching metadata blocks its thread.
        let connecting =
            tokio::task::spawn_blocking(move || handle.block_on(Kafka::connect(settings, links)));
        match connecting.await {
            Ok(Ok(kafka)) => return Ok(kafka),
            Ok(Err(KafkaError::Topics(TopicError::Unreachable { brokers, trouble }))) => {
                let cause = trouble.cause;
                health.set_kafka(KafkaState::Down { reason: cause.code() });
                if !cause.asks_for_a_hand() {
                    pause = SHORTEST;
                }
                if let Some(suppressed) = limit.permit(cause.code()) {
                    tracing::warn!(
                        code = cause.code(),
                        fix = cause.fix(),
                        brokers,
                        broker = trouble.broker,
                        detail = trouble.detail,
                        retry_in_ms = millis(pause),
                        suppressed_lines = suppressed,
                        "waiting for Kafka"
                    );
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
            }
            Ok(Err(error)) => return Err(StartError::Kafka(error)),
            Err(_) => tokio::time::sleep(SHORTEST).await,
        }
    }
}

fn millis(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}
