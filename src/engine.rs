//! Builds the sink first and starts the links last; stops the sources first.

mod assembly;
mod scrape;
mod watch;

use std::{sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use self::{assembly::Assembly, scrape::Scraper};
use crate::{
    config::Config,
    kafka::{Kafka, KafkaError, TopicError},
    link::{Clock, LeftBehind},
    registry::RegistryErrors,
    telemetry::{
        admin::{Admin, AdminError},
        health::{Health, KafkaState},
        metrics::Metrics,
    },
};

/// Why the engine could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The registry has mistakes.
    #[error(transparent)]
    Registry(#[from] RegistryErrors),
    /// A link's settings are impossible.
    #[error("link {link}: {error}")]
    Link {
        /// Its name.
        link: crate::model::LinkName,
        /// What the session says.
        error: crate::mqtt::SettingsError,
    },
    /// A mapping is impossible.
    #[error("mapping {name}: {error}")]
    Mapping {
        /// Its name.
        name: String,
        /// What the decoder says.
        error: crate::decode::MappingError,
    },
    /// Kafka or its topics.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The admin address cannot be listened on.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

/// How the engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing unacknowledged.
    Drained,
    /// Messages left with the broker, or QoS 0 lost.
    Left(LeftBehind),
    /// A part of the engine ended on its own.
    Failed,
    /// A second signal: at once.
    Interrupted,
}

/// Pause between tries to reach Kafka at the start.
const KAFKA_RETRY: Duration = Duration::from_secs(2);

/// How a critical task ended.
enum End {
    Link(LeftBehind),
    Service,
}

/// Runs until a signal.
///
/// # Errors
/// When something is wrong that only the operator can change.
pub async fn run(config: Config, signals: Signals) -> Result<Exit, StartError> {
    let clock = Clock::new(Instant::now());
    let assembly = Assembly::prepare(&config)?;
    let names = config.links.iter().map(|link| Arc::clone(&link.name));
    let health = Arc::new(Health::new(names));
    let metrics = Arc::new(Metrics::new());
    let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
    let stop_admin = CancellationToken::new();
    let mut tasks: JoinSet<End> = JoinSet::new();

    let listen = config.admin.listen;
    let scraper = Arc::new(Scraper::new(metrics));
    let mono = Arc::new(move || clock.now().mono);
    let admin = Admin::bind(listen, Arc::clone(&health), scraper.scrape_on_request(), mono).await?;
    let listen = admin.address();
    let stop_server = stop_admin.clone();
    tasks.spawn(async move {
        if let Err(error) = admin.serve(stop_server).await {
            tracing::error!(%error, "the admin server failed");
        }
        End::Service
    });

    tracing::info!(admin = %listen, brokers = ?config.kafka.brokers, "connecting to Kafka");
    let mut signals = signals;
    let kafka = tokio::select! {
        kafka = connect(&assembly, &health) => kafka?,
        () = signals.first() => return Ok(Exit::Drained),
    };
    let (rebuilds, watcher) = watch::watch(Arc::clone(&kafka), Arc::clone(&health));
    tasks.spawn(async move {
        watcher.await;
        End::Service
    });

    let mut snapshots = Vec::new();
    let mut running = 0_usize;
    for link in assembly.links(&kafka, &health, clock, &stop, &abort)? {
        snapshots.push(link.requests);
        let task = link.task;
        // A thread of its own: a link shares nothing, and it sleeps with its thread.
        tasks.spawn_blocking(move || match single_threaded() {
            Ok(runtime) => End::Link(runtime.block_on(task.run())),
            Err(error) => {
                tracing::error!(%error, "a link's runtime could not be started");
                End::Service
            }
        });
        running += 1;
    }
    scraper.start(snapshots, Arc::clone(&kafka), rebuilds);
    health.set_started();
    tracing::info!(links = running, admin = %listen, "trygg is running");

    let mut stopping = Shutdown { deadline: config.engine.shutdown_deadline, stop, abort };
    let exit = attend(&mut tasks, running, &kafka, &health, &mut signals, &mut stopping).await;
    stop_admin.cancel();
    Ok(exit)
}

/// A runtime for one thread.
///
/// # Errors
/// When the system gives no more descriptors.
pub fn single_threaded() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

struct Shutdown {
    deadline: Duration,
    stop: CancellationToken,
    abort: CancellationToken,
}

/// Waits for the links to end, after a signal or because one of them failed.
async fn attend(
    tasks: &mut JoinSet<End>,
    mut running: usize,
    kafka: &Arc<Kafka>,
    health: &Arc<Health>,
    signals: &mut Signals,
    shutdown: &mut Shutdown,
) -> Exit {
    let mut left = LeftBehind::default();
    let mut failed = false;
    let mut deadline: Option<Instant> = None;
    while running > 0 {
        let at = deadline.unwrap_or_else(|| Instant::now() + Duration::from_hours(24));
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(Ok(End::Link(behind))) => {
                    running -= 1;
                    left.with_broker += behind.with_broker;
                    left.lost += behind.lost;
                }
                Some(Ok(End::Service)) | None => {
                    tracing::error!("a service of the engine ended on its own");
                    failed = true;
                    running = 0;
                }
                Some(Err(error)) => {
                    // The panic's text may hold data, so it is not logged.
                    tracing::error!(panicked = error.is_panic(), "a task of the engine died");
                    failed = true;
                    running = 0;
                }
            },
            () = signals.first() => {
                if deadline.is_some() {
                    return Exit::Interrupted;
                }
                tracing::info!("stopping: taking no new messages");
                health.set_draining();
                deadline = Some(Instant::now() + shutdown.deadline);
                shutdown.stop.cancel();
            }
            () = tokio::time::sleep_until(at), if deadline.is_some() => {
                tracing::warn!("the shutdown deadline has passed: giving up what Kafka has not confirmed");
                kafka.purge();
                shutdown.abort.cancel();
                deadline = Some(Instant::now() + Duration::from_hours(24));
            }
        }
    }
    if failed {
        return Exit::Failed;
    }
    if left == LeftBehind::default() {
        tracing::info!("stopped: nothing is unacknowledged");
        Exit::Drained
    } else {
        tracing::warn!(
            left_with_broker = left.with_broker,
            lost = left.lost,
            "stopped: the broker keeps what is unacknowledged and delivers it again"
        );
        Exit::Left(left)
    }
}

/// Kafka away is no reason to end: the broker keeps the messages. A missing topic is.
async fn connect(assembly: &Assembly, health: &Arc<Health>) -> Result<Arc<Kafka>, StartError> {
    loop {
        let settings = assembly.kafka_settings();
        let links = assembly.link_count();
        let handle = tokio::runtime::Handle::current();
        // Fetching metadata blocks its thread.
        let connecting =
            tokio::task::spawn_blocking(move || handle.block_on(Kafka::connect(settings, links)));
        match connecting.await {
            Ok(Ok(kafka)) => return Ok(kafka),
            Ok(Err(KafkaError::Topics(error @ TopicError::Unreachable { .. }))) => {
                health.set_kafka(KafkaState::Down { reason: "unreachable" });
                tracing::warn!(%error, "waiting for Kafka");
                tokio::time::sleep(KAFKA_RETRY).await;
            }
            Ok(Err(error)) => return Err(StartError::Kafka(error)),
            Err(_) => tokio::time::sleep(KAFKA_RETRY).await,
        }
    }
}

/// SIGINT and SIGTERM, one after the other.
#[derive(Debug)]
pub struct Signals {
    received: mpsc::Receiver<()>,
}

impl Signals {
    /// Signals as they come through a channel: from the system, or from a test.
    pub fn new(received: mpsc::Receiver<()>) -> Self {
        Self { received }
    }

    /// Waits for the next one.
    async fn first(&mut self) {
        if self.received.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
