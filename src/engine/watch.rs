//! Watches Kafka from outside the links: shows its health, replaces a dead producer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    kafka::{Cause, Kafka, LOGIN_RENEWED},
    telemetry::{
        health::{Health, KafkaState},
        logging::limit::RateLimited,
    },
};

/// How often Kafka's state is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Time between two rebuilds, more from each to the next: whatever kills a producer may kill the
/// next one as well.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// After this long the next one is the first again.
const CALM: Duration = Duration::from_mins(2);

/// A count of rebuilds, and the future that watches.
pub(super) fn watch(
    kafka: Arc<Kafka>,
    health: Arc<Health>,
) -> (Arc<AtomicU64>, impl Future<Output = ()>) {
    let rebuilds = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&rebuilds);
    let mut voice = Voice::default();
    let (mut last, mut pause) = (Instant::now(), SHORTEST);
    let watching = async move {
        loop {
            tokio::select! {
                code = kafka.state().fatal() => {
                    count.fetch_add(1, Ordering::Relaxed);
                    let is_login = code == LOGIN_RENEWED;
                    if is_login {
                        tracing::info!("a password or token was replaced: logging in to Kafka anew");
                    } else {
                        tracing::error!(code, "the Kafka producer failed for good: replacing it");
                    }
                    let dying = Arc::clone(&kafka);
                    let rebuilt = tokio::task::spawn_blocking(move || dying.rebuild()).await;
                    match rebuilt {
                        Ok(Ok(())) if is_login => tracing::info!("the Kafka login was renewed"),
                        Ok(Ok(())) => tracing::info!("the Kafka producer was replaced"),
                        Ok(Err(error)) => {
                            tracing::error!(%error, "the Kafka producer could not be replaced");
                            kafka.state().raise_fatal(code);
                        }
                        Err(_) => kafka.state().raise_fatal(code),
                    }
                    pause = if last.elapsed() > CALM { SHORTEST } else { LONGEST.min(pause * 2) };
                    last = Instant::now();
                    tokio::time::sleep(pause).await;
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            show(&kafka, &health, &mut voice).await;
        }
    };
    (rebuilds, watching)
}

/// What has been said of Kafka's state.
#[derive(Default)]
struct Voice {
    said: Option<Cause>,
    limit: RateLimited,
}

/// Notes Kafka's state, and says what is wrong when it begins, not as long as it lasts.
async fn show(kafka: &Kafka, health: &Health, voice: &mut Voice) {
    let trouble = kafka.trouble().await;
    let cause = trouble.as_ref().map(|trouble| trouble.cause);
    let is_down = kafka.state().all_brokers_down.load(Ordering::Acquire);
    health.set_kafka(if is_down {
        KafkaState::Down { reason: cause.map_or("all_brokers_down", Cause::code) }
    } else {
        KafkaState::Up
    });
    if cause == Some(Cause::AuthenticationFailed) && kafka.renew_login().await {
        return;
    }
    match trouble {
        Some(trouble) if voice.said != cause && (is_down || trouble.cause.asks_for_a_hand()) => {
            voice.said = cause;
            let Some(suppressed) = voice.limit.permit(trouble.cause.code()) else { return };
            tracing::warn!(
                code = trouble.cause.code(),
                fix = trouble.cause.fix(),
                broker = trouble.broker,
                detail = trouble.detail,
                suppressed_lines = suppressed,
                "Kafka cannot be reached"
            );
        }
        None if !is_down && voice.said.take().is_some() => {
            tracing::info!("Kafka can be reached again");
        }
        Some(_) | None => {}
    }
}
