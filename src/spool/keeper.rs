//! Carries out what links order, a log at a time. Knows no thread and no clock.
//!
//! A log is served as a whole: what is queued is written, synced once and answered, then the cursor
//! moves, segments that are delivered go, and what was asked for is read. Alerts come first, but never
//! twice in a row while somebody else waits.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    damage::{Damage, Place, TornTail},
    disk::Disk,
    error::SpoolError,
    figures::{Board, LogState},
    orders::{Body, HEADER_BYTES, Orders},
    post::{Group, Post},
    quarantine, recovery,
    room::Limits,
    segment,
    tidings::{Chunk, Recovered, Synced, Tiding},
};
use crate::model::{Lane, LinkName, Moment, Mono};
#[cfg(test)]
use crate::plant::{Bug, is_planted};

/// A chunk has so many bytes, or one record.
const CHUNK_BYTES: usize = 1 << 20;
/// How often a log that has reached the limit looks again, should nobody wake it.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A delivered segment that is longer is replaced by an empty one, when the log has been quiet.
const SPENT_BYTES: u64 = 64 << 10;
const QUIET: Duration = Duration::from_secs(1);
/// Buffers kept for the next orders, and how large they may be.
const SPARE: usize = 8;
const SPARE_BYTES: usize = 1 << 20;

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

    fn discard(&mut self, index: usize) {
        if let Some(post) = self.posts.get_mut(index) {
            let before = post.state;
            post.discard_delivered();
            self.tell_state(index, before);
        }
    }

    fn append(&mut self, index: usize, now: Moment, out: &mut impl FnMut(usize, Tiding)) {
        let (mut all, mut dead_letters) = self.bytes();
        let Some(post) = self.posts.get_mut(index) else {
            return;
        };
        if post.groups.is_empty() || post.write_at > now.mono {
            return;
        }
        let (lane, before) = (post.lane(), post.state);
        let (mut count, mut bytes) = (0, 0);
        let mut result = Ok(());
        // After a failure one after the other: what still fits is not to wait for what does not.
        let most = if post.is_troubled() { 1 } else { usize::MAX };
        for group in post.groups.iter_mut().take(most) {
            let length = group.frames.len() as u64 + segment::SEGMENT_HEADER + HEADER_BYTES as u64;
            if !self.limits.admits(lane, length, all, dead_letters)
                || !self.limits.leaves(&self.disk, &self.root, length)
            {
                break;
            }
            result = post.log.write(&self.disk, &mut group.frames, group.first, now.wall);
            if result.is_err() {
                break;
            }
            (all, dead_letters) = (all + length, dead_letters + length);
            count += 1;
            bytes += group.frames.len() as u64;
            #[cfg(test)]
            if is_planted(Bug::ReceiptBeforeSync) {
                out(post.link, Tiding::Synced(Synced::new(lane, group.next())));
            }
        }
        let is_withheld = result.is_ok() && count < post.groups.len().min(most);
        let began = (self.sync_clock)();
        if result.is_ok() && count > 0 {
            result = post.log.sync(&self.disk);
        }
        let took = (self.sync_clock)().since(began).as_micros();
        let mut synced = None;
        match result {
            Err(error) => {
                self.board.count_failure();
                post.failed(&error, now.mono);
            }
            Ok(()) if count > 0 => {
                self.board.count_sync(took);
                for group in post.groups.drain(..count) {
                    post.appended = post.appended.saturating_add(group.count);
                    reuse(&mut self.spare, group.frames);
                }
                post.appended_bytes = post.appended_bytes.saturating_add(bytes);
                post.succeeded();
                synced = Some((post.link, Synced::new(lane, post.log.proven)));
            }
            Ok(()) => {}
        }
        if is_withheld {
            post.state = LogState::Full;
            post.write_at = now.mono + LOOK_AGAIN;
        }
        self.tell_state(index, before);
        if let Some((link, synced)) = synced {
            // The figures first: who hears of it may look at them.
            self.show(index);
            out(link, Tiding::Synced(synced));
        }
    }

    fn tell_state(&mut self, index: usize, before: LogState) {
        if let Some(post) = self.posts.get(index).filter(|post| post.state != before) {
            self.news.push(News::State(post.place.clone(), post.state));
        }
    }

    /// Saves the cursor and removes what is delivered.
    fn move_cursor(&mut self, index: usize) {
        let Some(post) = self.posts.get_mut(index) else {
            return;
        };
        if !std::mem::take(&mut post.is_moved) {
            return;
        }
        // An old cursor costs duplicates, so a failure is no reason to stop.
        let is_saved = post.log.save_cursor(&self.disk).is_ok();
        if post.log.is_front_delivered() {
            self.remove_delivered(index, is_saved);
        }
    }

    /// The cursor is safe before a segment goes; but on a full disk the room comes first, and a
    /// missing front is no damage.
    fn remove_delivered(&mut self, index: usize, is_saved: bool) {
        let Some(post) = self.posts.get_mut(index) else {
            return;
        };
        if is_saved {
            drop(post.log.cursor.sync(&self.disk));
        }
        let mut is_removed = false;
        while post.log.is_front_delivered() {
            let Some(first) = post.log.segments.first().map(|segment| segment.header.first) else {
                break;
            };
            set_aside(&self.disk, &self.root, post);
            let folder = post.log.folder.clone();
            let is_damaged = post.log.to_set_aside.iter().any(|damage| damage.segment == first);
            let result = if is_damaged {
                quarantine::put_away(&self.disk, &self.root, &post.place, &folder, first)
            } else {
                self.disk.remove(&folder.join(segment::name(first)))
            };
            if result.is_err_and(|error| error.kind() != std::io::ErrorKind::NotFound) {
                break;
            }
            post.log.forget_front();
            is_removed = true;
        }
        if is_removed {
            for post in &mut self.posts {
                post.wake();
            }
        }
    }

    fn read(&mut self, index: usize, now: Moment, out: &mut impl FnMut(usize, Tiding)) {
        let Some(post) = self.posts.get_mut(index) else {
            return;
        };
        let Some(from) = post.read.filter(|_| post.read_at <= now.mono) else {
            return;
        };
        let is_lenient = post.is_read_lenient();
        let Ok(stretch) = post.log.read(&self.disk, from, CHUNK_BYTES, is_lenient) else {
            post.read_failed(now.mono);
            return;
        };
        post.read = None;
        post.read_failures = 0;
        for damage in stretch.damage {
            post.note_damage(damage.from, damage.records());
            self.news.push(News::Damaged(post.place.clone(), damage));
        }
        set_aside(&self.disk, &self.root, post);
        let chunk = Chunk {
            lane: Some(post.lane()),
            first: from,
            next: stretch.next,
            frames: stretch.frames,
        };
        post.records_read += chunk.records().count() as u64;
        post.bytes_read += chunk.frames.len() as u64;
        let link = post.link;
        self.show(index);
        out(link, Tiding::Read(chunk));
    }

    /// What can wait until there is nothing else.
    fn rest(&mut self, now: Moment) -> Option<Mono> {
        let mut due = None;
        for index in 0..self.posts.len() {
            let Some(post) = self.posts.get_mut(index) else {
                break;
            };
            post.log.mark_proven(&self.disk);
            let quiet = post.appended_at + QUIET;
            let mut at = post.next_due();
            if post.groups.is_empty() && post.log.is_spent(SPENT_BYTES) {
                if quiet > now.mono {
                    at = Some(at.map_or(quiet, |at| at.min(quiet)));
                } else {
                    post.appended_at = now.mono;
                    let next = post.log.written;
                    if post.log.begin_segment(&self.disk, next, now.wall).is_ok() {
                        let is_saved = post.log.save_cursor(&self.disk).is_ok();
                        self.remove_delivered(index, is_saved);
                    }
                    self.show(index);
                }
            }
            due = [due, at].into_iter().flatten().min();
        }
        due
    }

    fn show(&mut self, index: usize) {
        if let Some(post) = self.posts.get_mut(index) {
            let figures = post.figures();
            if let Some(shown) = self.board.lock().logs.get_mut(index) {
                *shown = figures;
            }
        }
    }

    /// All bytes, and those of dead letters.
    fn bytes(&self) -> (u64, u64) {
        let bytes = |post: &Post<D>| post.log.bytes();
        let dead_letters = self.posts.iter().filter(|post| post.lane() == Lane::DeadLetters);
        (self.posts.iter().map(bytes).sum(), dead_letters.map(bytes).sum())
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

fn set_aside<D: Disk>(disk: &D, root: &std::path::Path, post: &mut Post<D>) {
    let (place, folder) = (&post.place, &post.log.folder);
    let copied = |damage: &Damage| quarantine::copy(disk, root, place, folder, damage).is_ok();
    post.log.to_set_aside.retain(|damage| !copied(damage));
}

fn reuse(spare: &mut Vec<Vec<u8>>, mut buffer: Vec<u8>) {
    if spare.len() < SPARE && buffer.capacity() <= SPARE_BYTES {
        buffer.clear();
        spare.push(buffer);
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
