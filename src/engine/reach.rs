//! Reaching Kafka at the start: for as long as it takes, or for a moment where a spool can take what
//! comes meanwhile.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    StartError,
    assembly::Assembly,
    layout::{Layout, LayoutFile},
};
use crate::{
    kafka::{Kafka, KafkaError, KafkaSettings, TopicError, Trouble},
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
/// How long Kafka is waited for when trygg can go on without it.
const MOMENT: Duration = Duration::from_secs(3);

/// The producer, and whether Kafka has said what topics it has.
pub(super) struct Reached {
    pub(super) kafka: Arc<Kafka>,
    pub(super) is_verified: bool,
}

/// Kafka away is no reason to end: the broker keeps the messages, or the spool does. A missing
/// topic is, and a missing right.
pub(super) async fn connect(assembly: &Assembly, health: &Health) -> Result<Reached, StartError> {
    let file = assembly.spool_directory().map(LayoutFile::inside);
    let remembered = file.as_ref().and_then(LayoutFile::read);
    let remembered =
        remembered.and_then(|layout| layout.partitions_for(&assembly.kafka_settings()));
    let limit = RateLimited::new();
    let mut pause = SHORTEST;
    loop {
        // Made anew each time: a password may have been corrected meanwhile.
        let mut settings = assembly.kafka_settings();
        let links = assembly.link_count();
        if remembered.is_some() {
            settings.metadata_timeout = settings.metadata_timeout.min(MOMENT);
        }
        let handle = tokio::runtime::Handle::current();
        // Fetching metadata blocks its thread.
        let connecting =
            tokio::task::spawn_blocking(move || handle.block_on(Kafka::connect(settings, links)));
        match connecting.await {
            Ok(Ok(kafka)) => {
                if let Some(file) = &file {
                    remember(file, &kafka);
                }
                return Ok(Reached { kafka, is_verified: true });
            }
            Ok(Err(KafkaError::Topics(TopicError::Unreachable { brokers, trouble }))) => {
                let cause = trouble.cause;
                health.set_kafka(KafkaState::Down { reason: cause.code() });
                if let Some(partitions) = remembered {
                    return go_on(assembly.kafka_settings(), links, partitions, &trouble);
                }
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

/// Starts with the topics as they were.
fn go_on(
    settings: KafkaSettings,
    links: usize,
    partitions: [i32; 3],
    trouble: &Trouble,
) -> Result<Reached, StartError> {
    tracing::warn!(
        code = trouble.cause.code(),
        fix = trouble.cause.fix(),
        broker = trouble.broker,
        detail = trouble.detail,
        "starting without Kafka, with the topics as they were"
    );
    let kafka = Kafka::remembered(settings, links, partitions)?;
    Ok(Reached { kafka, is_verified: false })
}

/// Notes the topics for a start without Kafka.
fn remember(file: &LayoutFile, kafka: &Kafka) {
    let layout = Layout::new(&kafka.settings().topics, kafka.partitions());
    if let Err(error) = file.write(&layout) {
        tracing::warn!(%error, "the topics could not be noted: a start without Kafka would wait for it");
    }
}

/// After a start without Kafka: looks, until Kafka has said what topics it has.
pub(super) async fn verify(kafka: Arc<Kafka>, is_verified: bool) {
    if is_verified {
        return;
    }
    let limit = RateLimited::new();
    let mut pause = SHORTEST;
    loop {
        tokio::time::sleep(pause).await;
        if kafka.state().all_brokers_down.load(Ordering::Acquire) {
            continue;
        }
        let asked = Arc::clone(&kafka);
        let found = tokio::task::spawn_blocking(move || asked.look()).await;
        match found {
            Ok(Ok(found)) if found == kafka.partitions() => {
                return tracing::info!("Kafka has the topics as they were");
            }
            Ok(Ok(found)) => {
                return tracing::error!(
                    remembered = ?kafka.partitions(),
                    found = ?found,
                    "the topics have other partitions than they had: start trygg again"
                );
            }
            // Whoever watches Kafka says when it is away.
            Ok(Err(TopicError::Unreachable { .. })) | Err(_) => pause = SHORTEST,
            Ok(Err(error)) => {
                if let Some(suppressed_lines) = limit.permit("topics") {
                    tracing::error!(%error, suppressed_lines, "the topics are not as they were");
                }
                pause = (pause * 2).min(LONGEST);
            }
        }
    }
}

fn millis(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}
