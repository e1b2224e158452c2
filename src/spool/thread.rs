//! The one thread that writes to the disk, for the whole engine.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    disk::RealDisk,
    error::SpoolError,
    figures::Board,
    hand::{Bell, Desk, Hand},
    inspect,
    keeper::{Keeper, Next},
    lock::{self, Lock},
    orders::Orders,
    pulse::{Pulse, mono},
    room::Limits,
    tidings::{Recovered, Tiding},
    voice,
};
use crate::model::{LinkName, Moment, UnixMicros};

/// The longest sleep; there is nothing special about it.
const SLEEP: Duration = Duration::from_mins(1);

/// Settings of the spool. Validated by `config`.
#[derive(Clone, Debug)]
pub struct SpoolSettings {
    /// Where it lies.
    pub directory: PathBuf,
    /// How large it gets.
    pub limits: Limits,
}

/// The spool of an engine.
#[derive(Debug)]
pub struct Spool {
    bell: Arc<Bell>,
    board: Arc<Board>,
    orphans: Vec<Orphan>,
    thread: Option<JoinHandle<()>>,
}

/// What lies there of a link that is not configured any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The link's name.
    pub link: String,
    /// Records that are not known to be delivered, at most.
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What [`Spool::open`] gives: the spool, and for each link its hand and what was found of its logs.
pub type Opened = (Spool, Vec<Hand>, Vec<[Recovered; 3]>);

impl Spool {
    /// Takes the directory, opens the logs of every link, and starts the thread. `partitions` of the
    /// three topics size the marks.
    pub fn open(
        settings: &SpoolSettings,
        links: &[LinkName],
        partitions: [i32; 3],
    ) -> Result<Opened, SpoolError> {
        links.iter().try_for_each(|link| lock::check_name(link))?;
        let root = settings.directory.clone();
        let lock = Lock::take(&root)?;
        directories(&root, links)?;
        let orphans = orphans(&root, links)?;
        let limits = settings.limits;
        let (mut keeper, recovered) =
            Keeper::open(RealDisk, root.clone(), limits, links, partitions, mono)?;
        for news in keeper.take_news() {
            voice::tell(&news);
        }
        let desks: Vec<Arc<Desk>> = links.iter().map(|_| Arc::default()).collect();
        let bell = Arc::new(Bell::default());
        let hands = desks.iter().map(|desk| Hand::new(Arc::clone(desk), Arc::clone(&bell)));
        let hands = hands.collect();
        let board = keeper.board();
        let shift = Shift { keeper, desks, bell: Arc::clone(&bell), _lock: lock };
        let thread = thread::Builder::new().name("spool".to_owned()).spawn(move || shift.work());
        let thread = thread.map_err(SpoolError::io("start the thread of", root))?;
        Ok((Self { bell, board, orphans, thread: Some(thread) }, hands, recovered))
    }

    /// The figures.
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// Logs of links that are not configured any more. They are left as they are.
    pub fn orphans(&self) -> &[Orphan] {
        &self.orphans
    }

    /// Signs of life of its thread.
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.bell.pulse)
    }

    /// Writes what was ordered before, brings the cursors to the medium, and waits for the thread.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.bell.is_closing.store(true, Ordering::Release);
        self.bell.ring();
        if let Some(thread) = self.thread.take() {
            // Its panic has been reported when it happened.
            drop(thread.join());
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread has.
struct Shift {
    keeper: Keeper<RealDisk>,
    desks: Vec<Arc<Desk>>,
    bell: Arc<Bell>,
    _lock: Lock,
}

impl Shift {
    fn work(mut self) {
        // Dropped last, also when this thread panics: nobody waits for a dead one.
        let _end = End { desks: self.desks.clone(), bell: Arc::clone(&self.bell) };
        let mut orders = Orders::default();
        let mut is_closing = false;
        loop {
            let now = moment();
            self.bell.pulse.beat(now.mono);
            // Once it is closing, orders are taken one last time: busy links would have no end.
            if !is_closing {
                is_closing = self.bell.is_closing.load(Ordering::Acquire);
                for (link, desk) in self.desks.iter().enumerate() {
                    desk.take(&mut orders);
                    self.keeper.accept(link, &mut orders, now);
                }
            }
            let desks = &self.desks;
            let mut tell = |link: usize, tiding: Tiding| {
                if let Some(desk) = desks.get(link) {
                    desk.tell(tiding);
                }
            };
            let next = self.keeper.step(now, &mut tell);
            for news in self.keeper.take_news() {
                voice::tell(&news);
            }
            match next {
                Next::More => {}
                Next::Idle(_) if is_closing => break,
                Next::Idle(at) => {
                    let pause = at.map_or(SLEEP, |at| at.since(mono()));
                    self.bell.pulse.rest();
                    self.bell.wait(pause.min(SLEEP));
                }
            }
        }
        self.keeper.close();
    }
}

/// Says that the thread is gone.
struct End {
    desks: Vec<Arc<Desk>>,
    bell: Arc<Bell>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.bell.pulse.end();
        for desk in &self.desks {
            desk.ring();
        }
    }
}

/// Sees to it that the directories of links are ours alone.
fn directories(root: &Path, links: &[LinkName]) -> Result<(), SpoolError> {
    for entry in fs::read_dir(root).map_err(SpoolError::io("list", root))? {
        let entry = entry.map_err(SpoolError::io("list", root))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && links.iter().any(|link| **link == *name) {
            lock::check(&entry.path())?;
        }
    }
    Ok(())
}

/// Looks at what lies there of other links.
fn orphans(root: &Path, links: &[LinkName]) -> Result<Vec<Orphan>, SpoolError> {
    let mut orphans: Vec<Orphan> = Vec::new();
    for log in inspect::logs(root)? {
        if links.iter().any(|link| **link == *log.link) {
            continue;
        }
        let (records, bytes) = inspect::weigh(&log)?;
        match orphans.last_mut().filter(|last| last.link == log.link) {
            Some(last) => {
                last.records = last.records.saturating_add(records);
                last.bytes = last.bytes.saturating_add(bytes);
            }
            None => orphans.push(Orphan { link: log.link, records, bytes }),
        }
    }
    orphans.retain(|orphan| orphan.records > 0);
    Ok(orphans)
}

fn moment() -> Moment {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    let wall = wall.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
    Moment { mono: mono(), wall: UnixMicros(wall) }
}
