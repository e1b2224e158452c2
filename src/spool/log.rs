//! The log of one lane of one link: segments in a directory, and the cursor.
//!
//! ```text
//! low <= floor <= proven <= written
//! ```
//!
//! Everything below *low* is delivered, everything below *floor* was written and synced (or read back
//! at start). *proven* lies above *floor* only when what is between them was never written. A file of
//! which a write or a sync has failed is given up: the same records go into a new one.

use std::{collections::BTreeSet, io, path::PathBuf};

use super::{
    cursor::{Cursor, CursorFiles},
    damage::Damage,
    disk::Disk,
    frame,
    segment::{self, SEGMENT_HEADER, SegmentHeader},
};
use crate::model::UnixMicros;
#[cfg(test)]
use crate::plant::{Bug, is_planted};

/// A segment of a log.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) header: SegmentHeader,
    /// Bytes it takes up.
    pub(super) length: u64,
}

/// The segment that is written to.
#[derive(Debug)]
struct Active<D: Disk> {
    file: D::File,
    /// Where the next frame goes.
    length: u64,
    /// Where the first frame begins that is not synced.
    synced: u64,
}

/// A place in a segment where a reader stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hint {
    pub(super) sequence: u64,
    pub(super) segment: u64,
    pub(super) offset: u64,
}

/// The log.
#[derive(Debug)]
pub(super) struct Log<D: Disk> {
    pub(super) folder: PathBuf,
    pub(super) id: u64,
    pub(super) segments: Vec<Segment>,
    active: Option<Active<D>>,
    pub(super) floor: u64,
    pub(super) proven: u64,
    pub(super) written: u64,
    pub(super) cursor: CursorFiles<D>,
    /// By partition: everything below is delivered.
    pub(super) marks: Vec<u64>,
    /// A new segment is begun when one is longer.
    pub(super) segment_bytes: u64,
    /// The last frame's *proven* is not the last word.
    is_unmarked: bool,
    pub(super) hints: Vec<Hint>,
    /// Damage that has been reported, by segment and first byte.
    pub(super) reported: BTreeSet<(u64, u64)>,
    /// Damage of which the bytes have still to be set aside.
    pub(super) to_set_aside: Vec<Damage>,
    /// Segments of which the disk refused to give something.
    pub(super) refused: BTreeSet<u64>,
}

impl<D: Disk> Log<D> {
    /// A log of which nothing is known yet but its end.
    pub(super) fn new(
        folder: PathBuf,
        id: u64,
        cursor: CursorFiles<D>,
        segments: Vec<Segment>,
        end: u64,
        next: u64,
    ) -> Self {
        Self {
            folder,
            id,
            segments,
            active: None,
            floor: end,
            proven: next,
            written: next,
            cursor,
            marks: Vec::new(),
            segment_bytes: u64::MAX,
            is_unmarked: false,
            hints: Vec::new(),
            reported: BTreeSet::new(),
            to_set_aside: Vec::new(),
            refused: BTreeSet::new(),
        }
    }

    /// Everything below is delivered.
    pub(super) fn low(&self) -> u64 {
        self.marks.iter().copied().min().unwrap_or(0)
    }

    /// Takes marks over; they only rise. Has one?
    pub(super) fn move_marks(&mut self, marks: &[u64]) -> bool {
        let mut is_moved = false;
        for (known, mark) in self.marks.iter_mut().zip(marks) {
            is_moved |= *known < *mark;
            *known = (*known).max(*mark);
        }
        is_moved
    }

    /// The oldest segment is gone.
    pub(super) fn forget_front(&mut self) {
        if self.segments.is_empty() {
            return;
        }
        let gone = self.segments.remove(0).header.first;
        self.hints.retain(|hint| hint.segment != gone);
        self.reported.retain(|(segment, _)| *segment != gone);
        self.to_set_aside.retain(|damage| damage.segment != gone);
        self.refused.remove(&gone);
    }

    /// Bytes on the disk.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    /// Records of the segment at `index` are below this.
    pub(super) fn until(&self, index: usize) -> u64 {
        self.segments.get(index + 1).map_or(self.floor, |next| next.header.follows)
    }

    /// Writes frames; they are safe after [`Self::sync`] only. `first` is the number of the first,
    /// which may lie above the last one's: what is between them is never written.
    pub(super) fn write(
        &mut self,
        disk: &D,
        frames: &mut [u8],
        first: u64,
        wall: UnixMicros,
    ) -> io::Result<()> {
        debug_assert!(
            first == self.written || self.written == self.proven && first <= self.low(),
            "what was left out before {first} is not delivered"
        );
        let is_full = self.active.as_ref().is_none_or(|file| file.length >= self.segment_bytes);
        // A group under way stays in one file: it is synced once.
        let is_begun = self.written > self.floor;
        if self.active.is_none() || first != self.written || is_full && !is_begun {
            self.begin_segment(disk, first, wall)?;
        }
        let (Some(active), Some(segment)) = (&mut self.active, self.segments.last_mut()) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let next = frame::fill(frames, first, self.floor, segment.header.seed());
        let next = next.ok_or(io::ErrorKind::InvalidInput)?;
        let result = disk.write_at(&active.file, frames, active.length);
        if let Err(error) = result {
            self.give_up(disk, &error);
            return Err(error);
        }
        active.length = active.length.saturating_add(frames.len() as u64);
        segment.length = active.length;
        self.written = next;
        Ok(())
    }

    /// Brings everything written to the medium.
    pub(super) fn sync(&mut self, disk: &D) -> io::Result<()> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let result = disk.sync(&active.file);
        #[cfg(test)]
        let result = if is_planted(Bug::IgnoredSyncFailure) { Ok(()) } else { result };
        if let Err(error) = result {
            self.give_up(disk, &error);
            return Err(error);
        }
        active.synced = active.length;
        self.floor = self.written;
        self.proven = self.written;
        self.is_unmarked = true;
        Ok(())
    }

    /// Says in the segment how far it is proven, once no next group does so. Not synced.
    pub(super) fn mark_proven(&mut self, disk: &D) {
        let (Some(active), Some(segment)) = (&mut self.active, self.segments.last_mut()) else {
            return;
        };
        if !std::mem::take(&mut self.is_unmarked) || self.written > self.floor {
            return;
        }
        let bytes = frame::bare(self.floor, self.floor, segment.header.seed());
        if let Err(error) = disk.write_at(&active.file, &bytes, active.length) {
            self.give_up(disk, &error);
            return;
        }
        active.length = active.length.saturating_add(bytes.len() as u64);
        segment.length = active.length;
    }

    /// Never writes to this file again. What of it was not proven counts as not written.
    fn give_up(&mut self, disk: &D, error: &io::Error) {
        self.written = self.proven;
        self.is_unmarked = false;
        if let Some(active) = self.active.take()
            && is_full(error)
        {
            // The bytes of a group that did not fit would only keep the next try from fitting.
            drop(disk.cut(&active.file, active.synced));
            if let (Ok(length), Some(segment)) =
                (disk.length(&active.file), self.segments.last_mut())
            {
                segment.length = length;
            }
        }
    }

    /// Begins a segment at `first`. Everything written is proven then.
    pub(super) fn begin_segment(
        &mut self,
        disk: &D,
        first: u64,
        wall: UnixMicros,
    ) -> io::Result<()> {
        self.active = None;
        self.is_unmarked = false;
        if self.segments.is_empty() {
            disk.make_directory(&self.folder)?;
            // Both cursors have their room from the beginning, so that a full disk cannot stop them.
            for _ in 0..2 {
                self.save_cursor(disk)?;
                self.cursor.sync(disk)?;
            }
        }
        let created_ms = u64::try_from(wall.0 / 1_000).unwrap_or(0);
        let header = SegmentHeader { log: self.id, first, follows: self.floor, created_ms };
        let created = match segment::create(disk, &self.folder, &header, &[]) {
            Err(failed) if !failed.is_named => return Err(failed.error),
            created => created,
        };
        // A segment of this name was given up before anything of it was proven: it has been replaced.
        self.segments.retain(|segment| segment.header.first != first);
        self.segments.push(Segment { header, length: SEGMENT_HEADER });
        self.hints.retain(|hint| hint.segment != first);
        let file = created?;
        self.active = Some(Active { file, length: SEGMENT_HEADER, synced: SEGMENT_HEADER });
        self.written = first;
        Ok(())
    }

    /// Writes the cursor. Unsynced: an old one costs duplicates, no more.
    pub(super) fn save_cursor(&mut self, disk: &D) -> io::Result<()> {
        let marks = self.marks.clone();
        #[cfg(test)]
        let marks = if is_planted(Bug::EagerCursor) {
            marks.iter().map(|mark| mark.saturating_add(3)).collect()
        } else {
            marks
        };
        let cursor = Cursor { log: self.id, turn: 0, proven: self.floor, marks };
        self.cursor.save(disk, cursor)
    }

    /// Can the oldest segment go?
    pub(super) fn is_front_delivered(&self) -> bool {
        self.segments.len() > 1 && self.until(0) <= self.low()
    }

    /// Is all delivered, and the newest segment worth replacing by an empty one?
    pub(super) fn is_spent(&self, bytes: u64) -> bool {
        self.low() >= self.written
            && self.written == self.proven
            && self.segments.last().is_some_and(|segment| segment.length > bytes)
    }
}

/// No room, rather than a broken disk?
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
