//! The list of devices while the engine runs: looked at every second, read on a thread of its own,
//! and exchanged when it is right.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use rustix::process::nice;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use crate::{
    catalogue::Catalogue,
    config::Config,
    link::Clock,
    registry::{Identity, Registry, RegistryErrors},
    telemetry::metrics::{Publisher, catalogue as m, number},
};

/// How often the file is looked at. A home that is refused is refused within five seconds: one until
/// the change is seen, one or two to read, one until the slowest link looks.
const LOOK: Duration = Duration::from_secs(1);
/// By how much the thread that reads a list stands back.
const NICENESS: i32 = 10;
/// Mistakes that are said in the log.
const MISTAKES_SAID: usize = 20;

/// See the module.
#[derive(Debug)]
pub(super) struct Devices {
    source: Arc<Source>,
    current: Arc<ArcSwap<Registry>>,
    stamp: Option<Stamp>,
    board: Arc<Board>,
}

/// Where the list comes from.
#[derive(Debug)]
struct Source {
    file: Option<Arc<Path>>,
    tenant: Arc<str>,
    identity: Identity,
    catalogue: Arc<Catalogue>,
}

/// By what a file is known to be another one, or to say something else. It is that of the file a
/// link leads to, so an exchanged link is seen too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// For the metrics.
#[derive(Debug, Default)]
pub(super) struct Board {
    devices: AtomicU64,
    homes: AtomicU64,
    bytes: AtomicU64,
    loaded: AtomicU64,
    refused: AtomicU64,
    /// Unix seconds.
    succeeded: AtomicI64,
}

/// Why the file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// It is time to.
    Time,
    /// Somebody wants it read.
    Asked,
}

/// What a look has brought.
enum Look {
    /// It is as it was.
    Same,
    /// It changes at this moment: better to wait.
    Changing,
    /// It was read.
    Read { stamp: Option<Stamp>, outcome: Result<Arc<Registry>, RegistryErrors> },
}

impl Devices {
    /// Reads the list for the first time.
    pub(super) fn load(config: &Config) -> Result<Self, RegistryErrors> {
        let source = Source {
            file: config.registry.file.as_deref().map(Arc::from),
            tenant: Arc::clone(&config.engine.tenant),
            identity: config.identity.clone(),
            catalogue: Arc::clone(&config.catalogue),
        };
        // Before it is read: what is written meanwhile is seen as a change.
        let stamp = source.stamp();
        let registry = match &source.file {
            Some(file) => source.read(file)?,
            None => Registry::default(),
        };
        let board = Board::default();
        board.show(&registry);
        Ok(Self {
            source: Arc::new(source),
            current: Arc::new(ArcSwap::from_pointee(registry)),
            stamp,
            board: Arc::new(board),
        })
    }

    /// The list that is in force, for the links.
    pub(super) fn current(&self) -> Arc<ArcSwap<Registry>> {
        Arc::clone(&self.current)
    }

    /// For a scrape.
    pub(super) fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// Looks for changes, for as long as the engine runs. SIGHUP makes it look at once, and read the
    /// file even if nothing seems to have changed.
    pub(super) async fn watch(self, clock: Clock) {
        let Self { source, current, mut stamp, board } = self;
        board.succeeded(clock);
        let mut hangup = signal(SignalKind::hangup()).ok();
        let mut retired: Vec<Arc<Registry>> = Vec::new();
        loop {
            let occasion = tokio::select! {
                () = tokio::time::sleep(LOOK) => Occasion::Time,
                () = hung_up(&mut hangup) => Occasion::Asked,
            };
            // A list is freed here and not by the last link that lets go of it.
            retired.retain(|old| Arc::strong_count(old) > 1);
            let glancing = Arc::clone(&source);
            let glance = tokio::task::spawn_blocking(move || glancing.stamp()).await;
            if occasion == Occasion::Time && glance.is_ok_and(|seen| seen == stamp) {
                continue;
            }
            let Some(look) = look_aside(Arc::clone(&source), occasion, stamp).await else {
                tracing::error!("reading the list of devices failed: the old one stays in force");
                continue;
            };
            match look {
                Look::Same | Look::Changing => {}
                Look::Read { stamp: seen, outcome: Ok(registry) } => {
                    stamp = seen;
                    board.loaded.fetch_add(1, Ordering::Relaxed);
                    board.show(&registry);
                    board.succeeded(clock);
                    tracing::info!(
                        devices = registry.len(),
                        rules = registry.rules(),
                        homes = registry.homes(),
                        "the list of devices was read again and is in force"
                    );
                    retired.push(current.swap(registry));
                }
                Look::Read { stamp: seen, outcome: Err(errors) } => {
                    stamp = seen;
                    board.refused.fetch_add(1, Ordering::Relaxed);
                    say(&errors);
                }
            }
        }
    }
}

/// Looks on a thread of its own, which leaves the processors to the links where they are scarce.
async fn look_aside(source: Arc<Source>, occasion: Occasion, stamp: Option<Stamp>) -> Option<Look> {
    let (answer, look) = oneshot::channel();
    let looking = move || {
        if let Err(error) = nice(NICENESS) {
            tracing::debug!(%error, "the list of devices is read without standing back");
        }
        drop(answer.send(source.look(occasion, stamp)));
    };
    std::thread::Builder::new().name("registry".to_owned()).spawn(looking).ok()?;
    look.await.ok()
}

/// Says mistakes. They name lines and columns, never devices.
fn say(errors: &RegistryErrors) {
    for error in errors.iter().take(MISTAKES_SAID) {
        tracing::error!(line = error.line, mistake = %error.mistake, "the list of devices");
    }
    tracing::error!(
        mistakes = errors.count(),
        "the list of devices has mistakes: the old one stays in force"
    );
}

async fn hung_up(signal: &mut Option<Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending::<()>().await;
    }
}

impl Source {
    /// Reads the file if it is not as it was known to be, or if somebody wants that. A file that is gone is a mistake.
    fn look(&self, occasion: Occasion, known: Option<Stamp>) -> Look {
        let Some(file) = &self.file else { return Look::Same };
        let stamp = self.stamp();
        if occasion == Occasion::Time && known == stamp {
            return Look::Same;
        }
        let outcome = self.read(file);
        if stamp != self.stamp() {
            return Look::Changing;
        }
        Look::Read { stamp, outcome: outcome.map(Arc::new) }
    }

    fn read(&self, file: &Path) -> Result<Registry, RegistryErrors> {
        Registry::load(file, &self.tenant, &self.identity, &self.catalogue)
    }

    fn stamp(&self) -> Option<Stamp> {
        let data = fs::metadata(self.file.as_ref()?).ok()?;
        Some(Stamp {
            device: data.dev(),
            inode: data.ino(),
            bytes: data.size(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }
}

impl Board {
    fn show(&self, registry: &Registry) {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.devices.store(wide(registry.len()), Ordering::Relaxed);
        self.homes.store(wide(registry.homes()), Ordering::Relaxed);
        self.bytes.store(wide(registry.bytes()), Ordering::Relaxed);
    }

    fn succeeded(&self, clock: Clock) {
        self.succeeded.store(clock.now().wall.0 / 1_000_000, Ordering::Relaxed);
    }

    /// Writes what is known.
    pub(super) fn publish(&self, to: &Publisher) {
        let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        for (outcome, count) in [("loaded", &self.loaded), ("refused", &self.refused)] {
            to.counter(&m::REGISTRY_RELOADS, &[("outcome", outcome.to_owned())], load(count));
        }
        to.gauge(&m::REGISTRY_DEVICES, &[], number(load(&self.devices)));
        to.gauge(&m::REGISTRY_HOMES, &[], number(load(&self.homes)));
        to.gauge(&m::REGISTRY_BYTES, &[], number(load(&self.bytes)));
        let succeeded = self.succeeded.load(Ordering::Relaxed);
        to.gauge(&m::REGISTRY_LAST_SUCCESS, &[], number(succeeded.unsigned_abs()));
    }
}

#[cfg(test)]
mod tests;
