//! Carries out what links order, a log at a time. Knows no thread and no clock.
//!
//! A log is served as a whole: what is queued is written, synced once and answered, then the cursor
//! moves, segments that are delivered go, and what was asked for is read. Alerts come first, but never
//! twice in a row while somebody else waits.

mod serve;

use std::{path::PathBuf, sync::Arc};

use super::{
    damage::{Damage, Place, TornTail},
    disk::Disk,
    error::SpoolError,
    figures::{Board, LogState},
    orders::{Body, HEADER_BYTES, Orders},
    post::{Group, Post},
    quarantine, recovery,
    room::Limits,
    tidings::{Recovered, Tiding},
};
use crate::model::{Lane, LinkName, Moment, Mono};

/// Something the operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Records are lost.
    Damaged(Place, Damage),
    /// The end of a log was never safe; nobody was told that it is.
    Torn(Place, TornTail),
    /// A cursor is damaged: what was delivered may be delivered again.
    CursorDamaged(Place),
    /// Files nobody can read were set aside.
    Unreadable(Place),
    /// A log takes records again, or takes none.
    State(Place, LogState),
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is more.
    More,
    /// Nothing, until orders come or this time.
    Idle(Option<Mono>),
}

/// All logs of all links.
#[derive(Debug)]
pub struct Keeper<D: Disk> {
    disk: D,
    root: PathBuf,
    limits: Limits,
    posts: Vec<Post<D>>,
    board: Arc<Board>,
    news: Vec<News>,
    /// Served last.
    last: usize,
    spare: Vec<Vec<u8>>,
    sync_clock: fn() -> Mono,
}

impl<D: Disk> Keeper<D> {
    /// Opens every log of every link. `sync_clock` measures how long syncs take.
    pub fn open(
        disk: D,
        root: PathBuf,
        limits: Limits,
        links: &[LinkName],
        partitions: [i32; 3],
        sync_clock: fn() -> Mono,
    ) -> Result<(Self, Vec<[Recovered; 3]>), SpoolError> {
        let (board, spare) = (Arc::default(), Vec::new());
        let (posts, news) = (Vec::new(), Vec::new());
        let mut keeper =
            Self { disk, root, limits, posts, board, news, last: 0, spare, sync_clock };
        let mut recovered = Vec::new();
        for (link, name) in links.iter().enumerate() {
            let [readings, alerts, dead_letters] = partitions;
            recovered.push([
                keeper.open_log(link, name, Lane::Readings, readings)?,
                keeper.open_log(link, name, Lane::Alerts, alerts)?,
                keeper.open_log(link, name, Lane::DeadLetters, dead_letters)?,
            ]);
        }
        let figures = keeper.posts.iter_mut().map(Post::figures).collect();
        let mut board = keeper.board.lock();
        board.logs = figures;
        board.limit = limits.max_bytes;
        drop(board);
        keeper.weigh_quarantine();
        Ok((keeper, recovered))
    }

    fn open_log(
        &mut self,
        link: usize,
        name: &LinkName,
        lane: Lane,
        partitions: i32,
    ) -> Result<Recovered, SpoolError> {
        let folder = self.root.join(&**name).join(folder_of(lane));
        let place = Place { link: Arc::clone(name), lane };
        let partitions = usize::try_from(partitions).unwrap_or(0);
        let opened = recovery::open(&self.disk, &folder, partitions, rand::random())?;
        let (mut log, findings) = (opened.log, opened.findings);
        log.segment_bytes = self.limits.segment_bytes();
        self.news.extend(findings.torn.map(|torn| News::Torn(place.clone(), torn)));
        let damage = findings.damage.into_iter();
        self.news.extend(damage.map(|damage| News::Damaged(place.clone(), damage)));
        if findings.damaged_cursors > 0 {
            self.news.push(News::CursorDamaged(place.clone()));
        }
        for first in findings.unreadable {
            self.news.push(News::Unreadable(place.clone()));
            quarantine::put_away(&self.disk, &self.root, &place, &folder, first)
                .map_err(SpoolError::io("set aside a damaged file of", folder.clone()))?;
        }
        let recovered = log.recovered();
        self.posts.push(Post::new(link, place, log));
        Ok(recovered)
    }

    /// The figures.
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// What the operator should know.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Takes a link's orders, and leaves them empty.
    pub fn accept(&mut self, link: usize, orders: &mut Orders, now: Moment) {
        for lane in Lane::ALL {
            let orders = orders.lane_mut(lane);
            let Some(post) = self.posts.get_mut(link * Lane::ALL.len() + lane as usize) else {
                continue;
            };
            if orders.count > 0 {
                let spare = self.spare.pop().unwrap_or_default();
                let frames = std::mem::replace(&mut orders.frames, spare);
                let (first, count) = (orders.first, std::mem::take(&mut orders.count));
                if let Some(received) = received(&frames) {
                    post.note_age(first, received);
                }
                post.groups.push_back(Group { first, count, frames });
                post.appended_at = now.mono;
            }
            if let Some(marks) = orders.marks.take() {
                post.move_marks(&marks);
            }
            if let Some(from) = orders.read.take() {
                post.read = Some(from);
                post.read_at = Mono::default();
            }
        }
    }

    /// Serves the log whose turn it is.
    pub fn step(&mut self, now: Moment, out: &mut impl FnMut(usize, Tiding)) -> Next {
        let Some(index) = self.whose_turn(now.mono) else {
            return Next::Idle(self.rest(now));
        };
        self.last = index;
        self.discard(index);
        self.append(index, now, out);
        self.move_cursor(index);
        self.read(index, now, out);
        self.show(index);
        Next::More
    }

    /// Serves until there is nothing to be done. When there will be, if nobody orders anything.
    pub fn turn(&mut self, now: Moment, out: &mut impl FnMut(usize, Tiding)) -> Option<Mono> {
        loop {
            if let Next::Idle(at) = self.step(now, out) {
                return at;
            }
        }
    }

    fn whose_turn(&self, now: Mono) -> Option<usize> {
        let due = |(index, post): (usize, &Post<D>)| post.is_due(now).then_some(index);
        let is_alerts =
            |index: &usize| self.posts.get(*index).is_some_and(|post| post.lane() == Lane::Alerts);
        let urgent = self.posts.iter().enumerate().filter_map(due).find(is_alerts);
        let behind = self.posts.iter().enumerate().skip(self.last + 1);
        let mut round = behind.chain(self.posts.iter().enumerate()).filter_map(due);
        let other = round.find(|index| !is_alerts(index));
        if is_alerts(&self.last) { other.or(urgent) } else { urgent.or(other) }
    }

    fn weigh_quarantine(&self) {
        self.board.lock().quarantined = quarantine::weigh(&self.disk, &self.root);
    }

    fn show(&mut self, index: usize) {
        if let Some(post) = self.posts.get_mut(index) {
            let figures = post.figures();
            if let Some(shown) = self.board.lock().logs.get_mut(index) {
                *shown = figures;
            }
        }
    }

    /// The last words of an orderly stop: everything written is proven, and the cursor safe.
    pub fn close(&mut self) {
        for post in &mut self.posts {
            post.log.mark_proven(&self.disk);
            drop(post.log.sync(&self.disk));
            if post.log.save_cursor(&self.disk).is_ok() {
                drop(post.log.cursor.sync(&self.disk));
            }
        }
    }
}

/// When the first record of a group was received.
fn received(frames: &[u8]) -> Option<crate::model::UnixMicros> {
    let body = frames.get(HEADER_BYTES..)?;
    Body::timestamp_of(body)
}

/// Directory of a lane's log.
pub(super) fn folder_of(lane: Lane) -> &'static str {
    match lane {
        Lane::Readings => "readings",
        Lane::Alerts => "alerts",
        Lane::DeadLetters => "dead-letters",
    }
}
