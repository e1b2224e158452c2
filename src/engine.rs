//! Builds the sink first and starts the links last; stops the sources first.

mod apart;
mod assembly;
mod devices;
mod keeping;
mod layout;
mod reach;
mod scrape;
mod signals;
mod watch;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use thiserror::Error;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

pub use self::{apart::Apart, layout::topics_noted, signals::Signals};
use self::{assembly::Assembly, devices::Devices, keeping::Keeping, scrape::Scraper};
use crate::{
    config::Config,
    kafka::{Kafka, KafkaError},
    link::{Account, Clock, LeftBehind},
    registry::RegistryErrors,
    spool::SpoolError,
    telemetry::{
        admin::{Admin, AdminError},
        health::Health,
        metrics::{Ledger, Metrics},
    },
};

/// How long the disk is waited for after a second signal.
const AT_ONCE: Duration = Duration::from_secs(2);

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
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The admin address cannot be listened on.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

/// How the engine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// In which way.
    pub exit: Exit,
    /// The books of all links that came to their end.
    pub ledger: Ledger,
}

/// In which way the engine ended.
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

/// How a critical task ended.
enum End {
    Link(Account),
    Service,
}

/// A look into the engine's books from outside, while it runs.
#[derive(Clone, Default)]
pub struct Observer {
    seen: Arc<OnceLock<(Arc<Scraper>, Arc<Health>)>>,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").field("running", &self.seen.get().is_some()).finish()
    }
}

impl Observer {
    /// The books of all links together; `None` before there are links.
    pub async fn ledger(&self) -> Option<Ledger> {
        self.seen.get()?.0.ledger().await
    }

    /// Is every link connected and subscribed, and every topic taking records?
    pub fn is_ready(&self) -> bool {
        self.seen.get().is_some_and(|(_, health)| health.readiness().is_ready())
    }
}

/// Runs until a signal.
///
/// # Errors
/// When something is wrong that only the operator can change.
pub async fn run(
    config: Config,
    mut signals: Signals,
    observer: &Observer,
) -> Result<Ending, StartError> {
    let clock = Clock::new(Instant::now());
    let devices = Devices::load(&config)?;
    let assembly = Assembly::prepare(&config, devices.current())?;
    let names = config.links.iter().map(|link| Arc::clone(&link.name));
    let health = Arc::new(Health::new(names));
    let metrics = Arc::new(Metrics::new());
    let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
    let stop_admin = CancellationToken::new();
    let mut tasks: JoinSet<End> = JoinSet::new();

    let listen = config.admin.listen;
    let scraper = Arc::new(Scraper::new(metrics, clock, devices.board()));
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

    tasks.spawn(async move {
        devices.watch(clock).await;
        End::Service
    });

    tracing::info!(admin = %listen, brokers = ?config.kafka.brokers, "connecting to Kafka");
    let reach::Reached { kafka, is_verified } = tokio::select! {
        reached = reach::connect(&assembly, &health) => reached?,
        () = signals.next() => {
            return Ok(Ending { exit: Exit::Drained, ledger: Ledger::default() });
        }
    };
    let (rebuilds, watcher) = watch::watch(Arc::clone(&kafka), Arc::clone(&health));
    let verifying = reach::verify(Arc::clone(&kafka), is_verified);
    tasks.spawn(async move {
        tokio::join!(watcher, verifying);
        End::Service
    });

    let (keeping, parts) = Keeping::open(&config, kafka.partitions()).await?.unzip();
    let watch = keeping.as_ref().map(|keeping| Arc::clone(&keeping.watch));
    if let Some(watch) = &watch {
        let showing = Arc::clone(watch).show(Arc::clone(&health), clock);
        tasks.spawn(async move {
            showing.await;
            End::Service
        });
    }
    let mut snapshots = Vec::new();
    let mut running = 0_usize;
    for link in assembly.links(&kafka, parts, &health, clock, (&stop, &abort))? {
        snapshots.push(link.requests);
        let task = link.task;
        // A thread of its own: a link shares nothing, and it sleeps with its thread.
        tasks.spawn_blocking(move || on_its_own(task.run()));
        running += 1;
    }
    scraper.start(snapshots, Arc::clone(&kafka), rebuilds, watch);
    // An observer watches one engine; a second one has nothing to see.
    observer.seen.get_or_init(|| (scraper, Arc::clone(&health)));
    health.set_started();
    tracing::info!(links = running, admin = %listen, "trygg is running");

    let mut stopping = Shutdown { deadline: config.engine.shutdown_deadline, stop, abort };
    let ending = attend(&mut tasks, running, &kafka, &health, &mut signals, &mut stopping).await;
    put_down(keeping, ending.exit, &stopping).await;
    stop_admin.cancel();
    Ok(ending)
}

/// Runs a link on a runtime of its own.
fn on_its_own(link: impl Future<Output = Account>) -> End {
    match single_threaded() {
        Ok(runtime) => {
            let account = runtime.block_on(link);
            // A name that is still being looked up must not hold the end up.
            runtime.shutdown_background();
            End::Link(account)
        }
        Err(error) => {
            tracing::error!(%error, "a link's runtime could not be started");
            End::Service
        }
    }
}

/// Closes the spool, and waits for its disk no longer than the ending allows.
async fn put_down(keeping: Option<Keeping>, exit: Exit, shutdown: &Shutdown) {
    if exit == Exit::Failed {
        // Links that still run are not to order what nobody writes.
        shutdown.abort.cancel();
    }
    if let Some(keeping) = keeping {
        let is_hurried = exit == Exit::Interrupted;
        keeping.close(if is_hurried { AT_ONCE } else { shutdown.deadline }).await;
    }
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
) -> Ending {
    let mut accounts: Vec<Account> = Vec::new();
    let mut failed = false;
    let mut deadline: Option<Instant> = None;
    while running > 0 {
        let at = deadline.unwrap_or_else(|| Instant::now() + Duration::from_hours(24));
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(Ok(End::Link(account))) => {
                    running -= 1;
                    accounts.push(account);
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
            () = signals.next() => {
                if deadline.is_some() {
                    return close(&accounts, Exit::Interrupted);
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
        return close(&accounts, Exit::Failed);
    }
    let mut left = LeftBehind::default();
    for account in &accounts {
        left.with_broker += account.left.with_broker;
        left.lost += account.left.lost;
    }
    if left == LeftBehind::default() {
        tracing::info!("stopped: nothing is unacknowledged");
        return close(&accounts, Exit::Drained);
    }
    tracing::warn!(
        left_with_broker = left.with_broker,
        lost = left.lost,
        "stopped: the broker keeps what is unacknowledged and delivers it again"
    );
    close(&accounts, Exit::Left(left))
}

/// Adds up the books.
fn close(accounts: &[Account], exit: Exit) -> Ending {
    let ledger: Ledger = accounts.iter().map(|account| &account.ledger).sum();
    tracing::info!(
        received = ledger.received.iter().sum::<u64>(),
        settled = ledger.settled.iter().sum::<u64>(),
        readings = ledger.decoded,
        delivered = ledger.delivered,
        dead_lettered = ledger.dead_lettered,
        imbalance = ledger.message_imbalance().abs() + ledger.reading_imbalance().abs(),
        "the books"
    );
    Ending { exit, ledger }
}
