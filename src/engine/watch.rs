//! Watches Kafka from outside the links: shows its health, replaces a dead producer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    kafka::Kafka,
    telemetry::health::{Health, KafkaState},
};

/// How often Kafka's state is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Shortest time between two rebuilds: whatever kills a producer may kill the next one as well.
const REBUILD_PAUSE: Duration = Duration::from_secs(1);

/// A count of rebuilds, and the future that watches.
pub(super) fn watch(
    kafka: Arc<Kafka>,
    health: Arc<Health>,
) -> (Arc<AtomicU64>, impl Future<Output = ()>) {
    let rebuilds = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&rebuilds);
    let watching = async move {
        loop {
            tokio::select! {
                () = kafka.state().fatal() => {
                    count.fetch_add(1, Ordering::Relaxed);
                    tracing::error!("the Kafka producer failed for good: replacing it");
                    let dying = Arc::clone(&kafka);
                    let rebuilt = tokio::task::spawn_blocking(move || dying.rebuild()).await;
                    match rebuilt {
                        Ok(Ok(())) => tracing::info!("the Kafka producer was replaced"),
                        Ok(Err(error)) => {
                            tracing::error!(%error, "the Kafka producer could not be replaced");
                            kafka.state().raise_fatal();
                        }
                        Err(_) => kafka.state().raise_fatal(),
                    }
                    tokio::time::sleep(REBUILD_PAUSE).await;
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            let state = kafka.state();
            if state.all_brokers_down.load(Ordering::Acquire) {
                health.set_kafka(KafkaState::Down { reason: "all_brokers_down" });
            } else {
                health.set_kafka(KafkaState::Up);
            }
        }
    };
    (rebuilds, watching)
}
