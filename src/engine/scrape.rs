//! One scrape: asks every link for its figures and renders them under one lock.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use super::{devices::Board, keeping::Watch};
use crate::{
    kafka::Kafka,
    link::{Clock, SnapshotRequest},
    telemetry::{
        admin::{Scrape, ScrapeError},
        metrics::{Ledger, LinkSnapshot, Metrics, Publisher, catalogue as m, number, seconds},
    },
};

/// A link answers between two steps, so within milliseconds; one that does not is stuck.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Scraper {
    metrics: Arc<Metrics>,
    clock: Clock,
    devices: Arc<Board>,
    sources: OnceLock<Sources>,
    /// Histograms are handed over by a snapshot, so scrapes take turns.
    turn: Mutex<()>,
}

struct Sources {
    links: Vec<mpsc::Sender<SnapshotRequest>>,
    kafka: Arc<Kafka>,
    rebuilds: Arc<AtomicU64>,
    spool: Option<Arc<Watch>>,
}

impl Scraper {
    pub(super) fn new(metrics: Arc<Metrics>, clock: Clock, devices: Arc<Board>) -> Self {
        Self { metrics, clock, devices, sources: OnceLock::new(), turn: Mutex::new(()) }
    }

    /// From now on there are links to ask.
    pub(super) fn start(
        &self,
        links: Vec<mpsc::Sender<SnapshotRequest>>,
        kafka: Arc<Kafka>,
        rebuilds: Arc<AtomicU64>,
        spool: Option<Arc<Watch>>,
    ) {
        let started = self.sources.set(Sources { links, kafka, rebuilds, spool });
        debug_assert!(started.is_ok(), "the scraper is started once");
    }

    /// What `/metrics` calls.
    pub(super) fn scrape_on_request(self: &Arc<Self>) -> Scrape {
        let scraper = Arc::clone(self);
        Arc::new(move || {
            let scraper = Arc::clone(&scraper);
            Box::pin(async move { scraper.scrape().await })
        })
    }

    async fn scrape(&self) -> Result<String, ScrapeError> {
        self.publish().await.1
    }

    /// The books of every running link together; `None` until there are links.
    pub(super) async fn ledger(&self) -> Option<Ledger> {
        self.sources.get()?;
        let (snapshots, _text) = self.publish().await;
        Some(snapshots.iter().map(|snapshot| &snapshot.ledger).sum())
    }

    async fn publish(&self) -> (Vec<LinkSnapshot>, Result<String, ScrapeError>) {
        let _turn = self.turn.lock().await;
        let mut snapshots: Vec<LinkSnapshot> = Vec::new();
        let mut stuck = Ok(());
        if let Some(sources) = self.sources.get() {
            for link in &sources.links {
                match timeout(ANSWER_TIMEOUT, ask(link)).await {
                    Ok(figures) => snapshots.extend(figures),
                    Err(_elapsed) => stuck = Err(ScrapeError::Timeout),
                }
            }
        }
        let now = self.clock.now().wall;
        // Published even then: histograms were handed over and would be lost.
        let text = self.metrics.render(|to| {
            publish_build(to);
            self.devices.publish(to);
            if let Some(sources) = self.sources.get() {
                publish_kafka(to, sources);
                if let Some(spool) = &sources.spool {
                    spool.scrape().publish(to, now);
                }
            }
            for snapshot in &snapshots {
                snapshot.publish(to);
            }
        });
        (snapshots, stuck.map(|()| text))
    }
}

/// A link's figures; none from one that has ended.
async fn ask(link: &mpsc::Sender<SnapshotRequest>) -> Option<LinkSnapshot> {
    let (answer, figures) = oneshot::channel();
    link.send(answer).await.ok()?;
    figures.await.ok()
}

fn publish_build(to: &Publisher) {
    let labels =
        [("version", env!("CARGO_PKG_VERSION").to_owned()), ("commit", crate::COMMIT.to_owned())];
    to.gauge(&m::BUILD_INFO, &labels, 1.0);
}

fn publish_kafka(to: &Publisher, sources: &Sources) {
    let statistics = &sources.kafka.state().statistics;
    let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
    to.gauge(&m::KAFKA_QUEUE_RECORDS, &[], number(load(&statistics.queue_records)));
    to.gauge(&m::KAFKA_QUEUE_BYTES, &[], number(load(&statistics.queue_bytes)));
    to.gauge(&m::KAFKA_BROKERS_UP, &[], number(load(&statistics.brokers_up)));
    to.gauge(&m::KAFKA_REQUEST_RETRIES, &[], number(load(&statistics.request_retries)));
    to.gauge(&m::KAFKA_REQUEST_TIMEOUTS, &[], number(load(&statistics.request_timeouts)));
    to.gauge(&m::KAFKA_TRANSMIT_ERRORS, &[], number(load(&statistics.transmit_errors)));
    to.gauge(&m::KAFKA_ROUND_TRIP, &[], seconds(load(&statistics.round_trip_p99_us)));
    to.counter(&m::KAFKA_REBUILDS, &[], load(&sources.rebuilds));
}
