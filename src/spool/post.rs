//! One log with what was asked of it.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    time::Duration,
};

use super::{
    damage::Place,
    disk::Disk,
    figures::{LogFigures, LogState},
    log::{self, Log},
    orders::HEADER_BYTES,
    reader::GivenUp,
};
use crate::model::{Lane, Mono, UnixMicros};

/// First pause after an error.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest pause on a full disk, and on a broken one.
const PAUSE_FULL: Duration = Duration::from_secs(1);
const PAUSE_FAILED: Duration = Duration::from_secs(5);
/// A read that failed so often is shown.
const READS_SHOWN: u32 = 3;
/// After so many in a row a segment that is not there is not waited for any more,
const MISSING_TRIES: u32 = 5;
/// and after this time nothing that the disk refuses to give.
const UNREADABLE_AFTER: Duration = Duration::from_mins(2);
/// So many new files may fail in a row.
const FILES: u32 = 3;
/// Points in time that are remembered, to tell the age of the oldest record.
const AGES: usize = 1024;

/// Records that came together.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) first: u64,
    pub(super) count: u64,
    pub(super) frames: Vec<u8>,
}

impl Group {
    pub(super) fn next(&self) -> u64 {
        self.first.saturating_add(self.count)
    }

    /// Keeps the whole frames at its beginning that take up `bytes` at most, and gives the rest. `None`
    /// when all of them fit, or not one.
    pub(super) fn split(&mut self, bytes: u64) -> Option<Self> {
        if self.frames.len() as u64 <= bytes {
            return None;
        }
        let (mut count, mut kept) = (0_u64, 0_usize);
        while let Some(length) = frame_bytes(self.frames.get(kept..)?) {
            let end = kept.saturating_add(length);
            if end as u64 > bytes || end > self.frames.len() {
                break;
            }
            (count, kept) = (count + 1, end);
        }
        if count == 0 || count >= self.count {
            return None;
        }
        let first = self.first.saturating_add(count);
        let rest = Self { first, count: self.count - count, frames: self.frames.split_off(kept) };
        self.count = count;
        Some(rest)
    }
}

/// Failed reads in a row.
#[derive(Clone, Copy, Debug)]
struct Unread {
    failures: u32,
    since: Mono,
    /// The system's, of the last one.
    code: i32,
}

/// The log and its orders.
#[derive(Debug)]
pub(super) struct Post<D: Disk> {
    pub(super) link: usize,
    pub(super) place: Place,
    pub(super) log: Log<D>,
    /// Not on the medium yet, in order.
    pub(super) groups: VecDeque<Group>,
    /// The marks have moved since the cursor was saved.
    pub(super) is_moved: bool,
    /// To be read from here.
    pub(super) read: Option<u64>,
    /// How writing does.
    pub(super) state: LogState,
    /// Failed writes in a row.
    failures: u32,
    /// And reads.
    unread: Option<Unread>,
    /// Not before.
    pub(super) write_at: Mono,
    pub(super) read_at: Mono,
    pub(super) appended_at: Mono,
    /// When records were received, by sequence number, sparsely.
    ages: BTreeMap<u64, UnixMicros>,
    recovered: u64,
    pub(super) appended: u64,
    pub(super) appended_bytes: u64,
    pub(super) delivered: u64,
    pub(super) records_read: u64,
    pub(super) bytes_read: u64,
    pub(super) discarded: u64,
    pub(super) damaged: u64,
    /// Of those, above the lowest mark: their number, by the first.
    holes: BTreeMap<u64, u64>,
}

impl<D: Disk> Post<D> {
    pub(super) fn new(link: usize, place: Place, log: Log<D>) -> Self {
        let ages = log.segments.iter().map(|segment| {
            let micros = segment.header.created_ms.saturating_mul(1_000);
            (segment.header.first, UnixMicros(i64::try_from(micros).unwrap_or(0)))
        });
        let mut post = Self {
            link,
            place,
            ages: ages.filter(|(_, age)| age.0 > 0).collect(),
            log,
            groups: VecDeque::new(),
            is_moved: false,
            read: None,
            state: LogState::Open,
            failures: 0,
            unread: None,
            write_at: Mono::default(),
            read_at: Mono::default(),
            appended_at: Mono::default(),
            recovered: 0,
            appended: 0,
            appended_bytes: 0,
            delivered: 0,
            records_read: 0,
            bytes_read: 0,
            discarded: 0,
            damaged: 0,
            holes: BTreeMap::new(),
        };
        post.recovered = post.waiting();
        post
    }

    pub(super) fn lane(&self) -> Lane {
        self.place.lane
    }

    /// Is there something that can be done now?
    pub(super) fn is_due(&self, now: Mono) -> bool {
        self.is_moved
            || !self.groups.is_empty() && self.write_at <= now
            || self.read.is_some() && self.read_at <= now
    }

    /// When there will be.
    pub(super) fn next_due(&self) -> Option<Mono> {
        let write = (!self.groups.is_empty()).then_some(self.write_at);
        let read = self.read.map(|_| self.read_at);
        [write, read].into_iter().flatten().min()
    }

    /// What is delivered, by partition.
    pub(super) fn move_marks(&mut self, marks: &[u64]) {
        let before = self.waiting();
        self.is_moved |= self.log.move_marks(marks);
        self.delivered += before.saturating_sub(self.waiting());
    }

    /// A group has reached the medium. Of its records, marks may have passed some already.
    pub(super) fn book_appended(&mut self, group: &Group) {
        self.appended = self.appended.saturating_add(group.count);
        let passed = self.log.low().min(group.next()).saturating_sub(group.first);
        self.delivered = self.delivered.saturating_add(passed);
    }

    /// Groups of which every record is delivered need not be written any more.
    pub(super) fn discard_delivered(&mut self) {
        let low = self.log.low();
        while let Some(group) = self.groups.front().filter(|group| group.next() <= low) {
            self.discarded = self.discarded.saturating_add(group.count);
            self.groups.pop_front();
        }
        // Whatever kept them from the disk, nothing waits for it any more.
        if self.groups.is_empty() && (self.is_troubled() || self.state != LogState::Open) {
            self.succeeded();
        }
    }

    /// A group that was gathered while there was more room is written as far as there is.
    pub(super) fn split_front(&mut self, bytes: u64) {
        if let Some(rest) = self.groups.front_mut().and_then(|group| group.split(bytes)) {
            self.groups.insert(1, rest);
        }
    }

    /// Has the last write failed?
    pub(super) fn is_troubled(&self) -> bool {
        self.failures > 0
    }

    /// A write or a sync has failed.
    pub(super) fn failed(&mut self, error: &io::Error, now: Mono) {
        self.failures = self.failures.saturating_add(1);
        if log::is_full(error) {
            self.state = LogState::NoSpace;
            self.write_at = now + pause(self.failures - 1, PAUSE_FULL);
        } else if self.failures > FILES {
            self.state = LogState::Failed { code: error.raw_os_error().unwrap_or(0) };
            self.write_at = now + pause(self.failures - FILES, PAUSE_FAILED);
        } else {
            // Into a new file, at once.
            self.write_at = now;
        }
    }

    /// Records have reached the medium, or need not any more.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.state = LogState::Open;
        self.write_at = Mono::default();
    }

    /// A read has failed.
    pub(super) fn read_failed(&mut self, error: &io::Error, now: Mono) {
        let first = Unread { failures: 0, since: now, code: 0 };
        let unread = self.unread.get_or_insert(first);
        unread.failures = unread.failures.saturating_add(1);
        unread.code = error.raw_os_error().unwrap_or(0);
        self.read_at = now + pause(unread.failures, PAUSE_FULL);
    }

    /// A read has succeeded.
    pub(super) fn read_succeeded(&mut self) {
        self.read = None;
        self.unread = None;
    }

    /// What is there no use in asking the disk for again?
    pub(super) fn given_up(&self, now: Mono) -> GivenUp {
        match self.unread {
            Some(unread) if now.since(unread.since) >= UNREADABLE_AFTER => GivenUp::Unreadable,
            Some(unread) if unread.failures >= MISSING_TRIES => GivenUp::Missing,
            Some(_) | None => GivenUp::Nothing,
        }
    }

    /// How it does as a whole.
    pub(super) fn state(&self) -> LogState {
        match (self.state, self.unread) {
            (LogState::Failed { .. }, _) | (_, None) => self.state,
            (_, Some(unread)) if unread.failures >= READS_SHOWN => {
                LogState::Failed { code: unread.code }
            }
            (_, Some(_)) => self.state,
        }
    }

    /// There may be room again.
    pub(super) fn wake(&mut self) {
        if matches!(self.state, LogState::Full | LogState::NoSpace) {
            self.write_at = Mono::default();
        }
    }

    /// Remembers when a record was received.
    pub(super) fn note_age(&mut self, sequence: u64, received: UnixMicros) {
        let newest = self.ages.last_key_value().map_or(0, |(_, age)| age.0);
        if received.0.saturating_sub(newest) < 1_000_000 && !self.ages.is_empty() {
            return;
        }
        self.ages.insert(sequence, received);
        if self.ages.len() > AGES {
            let mut is_kept = false;
            self.ages.retain(|_, _| {
                is_kept = !is_kept;
                is_kept
            });
        }
    }

    /// Records are lost.
    pub(super) fn note_damage(&mut self, from: u64, records: u64) {
        self.damaged = self.damaged.saturating_add(records);
        if records > 0 {
            self.holes.insert(from, records);
        }
    }

    /// Records on the medium, from the lowest mark on.
    fn waiting(&self) -> u64 {
        let low = self.log.low();
        let spans = self.log.segments.iter().enumerate().map(|(index, segment)| {
            self.log.until(index).saturating_sub(segment.header.first.max(low))
        });
        let lost = self.holes.iter().map(|(from, records)| {
            from.saturating_add(*records).saturating_sub((*from).max(low)).min(*records)
        });
        spans.sum::<u64>().saturating_sub(lost.sum())
    }

    /// For the board.
    pub(super) fn figures(&mut self) -> LogFigures {
        let low = self.log.low();
        self.holes.retain(|from, records| from.saturating_add(*records) > low);
        while self.ages.keys().nth(1).is_some_and(|second| *second <= low) {
            self.ages.pop_first();
        }
        let waiting = self.waiting();
        let withheld = self.groups.iter().map(|group| group.count).sum();
        let oldest = self.ages.first_key_value().map(|(_, age)| *age);
        LogFigures {
            place: self.place.clone(),
            bytes: self.log.bytes(),
            segments: self.log.segments.len() as u64,
            next: self.groups.back().map_or(self.log.written, Group::next),
            low,
            recovered: self.recovered,
            appended: self.appended,
            delivered: self.delivered,
            read: self.records_read,
            read_bytes: self.bytes_read,
            discarded: self.discarded,
            damaged: self.damaged,
            waiting,
            withheld,
            withheld_groups: self.groups.len() as u64,
            oldest: oldest.filter(|_| waiting > 0),
            appended_bytes: self.appended_bytes,
            state: self.state(),
        }
    }
}

/// How long the first frame of some is.
fn frame_bytes(frames: &[u8]) -> Option<usize> {
    let length = frames.get(4..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*length)).ok()?.checked_add(HEADER_BYTES)
}

fn pause(failures: u32, longest: Duration) -> Duration {
    PAUSE.saturating_mul(1 << failures.min(10)).min(longest)
}
