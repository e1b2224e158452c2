//! Serving one log.

use std::{io::ErrorKind, path::Path, time::Duration};

use super::{Keeper, News};
#[cfg(test)]
use crate::plant::{Bug, is_planted};
use crate::{
    model::{Lane, Moment, Mono},
    spool::{
        damage::Damage,
        disk::Disk,
        figures::LogState,
        orders::HEADER_BYTES,
        post::Post,
        quarantine, segment,
        tidings::{Chunk, Synced, Tiding},
    },
};

/// A chunk has so many bytes, or one record.
const CHUNK_BYTES: usize = 1 << 20;
/// How often a log that has reached the limit looks again, should nobody wake it.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A delivered segment that is longer is replaced by an empty one, when the log has been quiet.
const SPENT_BYTES: u64 = 64 << 10;
const QUIET: Duration = Duration::from_secs(1);
/// What a group may cost beside its frames: a segment's header, and a carrier of *proven*.
const OVERHEAD: u64 = segment::SEGMENT_HEADER + HEADER_BYTES as u64;
/// Buffers kept for the next orders, and how large they may be.
const SPARE: usize = 8;
const SPARE_BYTES: usize = 1 << 20;

impl<D: Disk> Keeper<D> {
    pub(super) fn discard(&mut self, index: usize) {
        if let Some(post) = self.posts.get_mut(index) {
            let before = post.state();
            post.discard_delivered();
            self.tell_state(index, before);
        }
    }

    pub(super) fn append(
        &mut self,
        index: usize,
        now: Moment,
        out: &mut impl FnMut(usize, Tiding),
    ) {
        let (mut all, mut dead_letters) = self.bytes();
        let Some(post) = self.posts.get_mut(index) else {
            return;
        };
        if post.groups.is_empty() || post.write_at > now.mono {
            return;
        }
        let (lane, before) = (post.lane(), post.state());
        let (mut count, mut bytes) = (0, 0);
        let mut result = Ok(());
        // After a failure one after the other: what still fits is not to wait for what does not.
        let most = if post.is_troubled() { 1 } else { usize::MAX };
        let room = self.limits.admits(lane, all, dead_letters);
        let room = room.min(self.limits.leaves(&self.disk, &self.root));
        post.split_front(room.saturating_sub(OVERHEAD));
        for group in post.groups.iter_mut().take(most) {
            let length = group.frames.len() as u64 + OVERHEAD;
            let room = self.limits.admits(lane, all, dead_letters);
            if length > room.min(self.limits.leaves(&self.disk, &self.root)) {
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
                for _ in 0..count {
                    let Some(group) = post.groups.pop_front() else { break };
                    post.book_appended(&group);
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
        if let Some(post) = self.posts.get(index).filter(|post| post.state() != before) {
            self.news.push(News::State(post.place.clone(), post.state()));
        }
    }

    /// Saves the cursor and removes what is delivered.
    pub(super) fn move_cursor(&mut self, index: usize) {
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
        let (mut is_removed, mut is_quarantined) = (false, false);
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
            if result.is_err_and(|error| error.kind() != ErrorKind::NotFound) {
                break;
            }
            is_quarantined |= is_damaged;
            post.log.forget_front();
            is_removed = true;
        }
        if is_quarantined {
            self.weigh_quarantine();
        }
        if is_removed {
            for post in &mut self.posts {
                post.wake();
            }
        }
    }

    pub(super) fn read(&mut self, index: usize, now: Moment, out: &mut impl FnMut(usize, Tiding)) {
        let Some(post) = self.posts.get_mut(index) else {
            return;
        };
        let Some(from) = post.read.filter(|_| post.read_at <= now.mono) else {
            return;
        };
        let (given_up, before) = (post.given_up(now.mono), post.state());
        let stretch = match post.log.read(&self.disk, from, CHUNK_BYTES, given_up) {
            Ok(stretch) => stretch,
            Err(error) => {
                post.read_failed(&error, now.mono);
                self.tell_state(index, before);
                return;
            }
        };
        post.read_succeeded();
        let is_damaged = !stretch.damage.is_empty();
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
        if is_damaged {
            self.weigh_quarantine();
        }
        self.tell_state(index, before);
        self.show(index);
        out(link, Tiding::Read(chunk));
    }

    /// What can wait until there is nothing else.
    pub(super) fn rest(&mut self, now: Moment) -> Option<Mono> {
        let mut due = None;
        for index in 0..self.posts.len() {
            let Some(post) = self.posts.get_mut(index) else {
                break;
            };
            post.log.mark_proven(&self.disk);
            let quiet = post.appended_at + QUIET;
            let mut at = post.next_due();
            // Or something waits for just the room that it takes.
            let is_in_the_way = post.state == LogState::Full && post.log.is_spent(OVERHEAD);
            if is_in_the_way || post.groups.is_empty() && post.log.is_spent(SPENT_BYTES) {
                if quiet > now.mono && !is_in_the_way {
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

    /// All bytes, and those of dead letters.
    fn bytes(&self) -> (u64, u64) {
        let bytes = |post: &Post<D>| post.log.bytes();
        let dead_letters = self.posts.iter().filter(|post| post.lane() == Lane::DeadLetters);
        (self.posts.iter().map(bytes).sum(), dead_letters.map(bytes).sum())
    }
}

/// Copies damaged stretches. What the disk refused to give may be there another day: that segment is
/// put away as a whole when it goes.
fn set_aside<D: Disk>(disk: &D, root: &Path, post: &mut Post<D>) {
    let (place, folder, refused) = (&post.place, &post.log.folder, &post.log.refused);
    let copied = |damage: &Damage| {
        !refused.contains(&damage.segment)
            && quarantine::copy(disk, root, place, folder, damage).is_ok()
    };
    post.log.to_set_aside.retain(|damage| !copied(damage));
}

fn reuse(spare: &mut Vec<Vec<u8>>, mut buffer: Vec<u8>) {
    if spare.len() < SPARE && buffer.capacity() <= SPARE_BYTES {
        buffer.clear();
        spare.push(buffer);
    }
}
