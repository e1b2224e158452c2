//! Reading a log back.

use std::io;

use super::{
    damage::Damage,
    disk::Disk,
    log::{Hint, Log},
    scan::Scan,
    segment,
    walk::{Step, Walk},
};

/// Places that are remembered: readers of a log, one for each partition that has to catch up.
const HINTS: usize = 16;

/// What is damage, rather than a reason to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GivenUp {
    /// Only what is there and wrong.
    Nothing,
    /// Also a segment that is not there.
    Missing,
    /// Also what the disk refuses to give.
    Unreadable,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// Whole frames.
    pub(super) frames: Vec<u8>,
    /// Where to go on.
    pub(super) next: u64,
    /// Damage met for the first time.
    pub(super) damage: Vec<Damage>,
}

impl<D: Disk> Log<D> {
    /// Reads from `from` on, up to what is proven: at least one frame if there is one, and no more
    /// than `bytes` but for that one.
    pub(super) fn read(
        &mut self,
        disk: &D,
        from: u64,
        bytes: usize,
        given_up: GivenUp,
    ) -> io::Result<Stretch> {
        let mut stretch = Stretch { next: from, ..Stretch::default() };
        for index in 0..self.segments.len() {
            let until = self.until(index);
            if until <= stretch.next {
                continue;
            }
            if !self.read_segment(disk, index, until, bytes, given_up, &mut stretch)? {
                return Ok(stretch);
            }
        }
        stretch.next = stretch.next.max(self.proven);
        Ok(stretch)
    }

    /// `false` when there is enough.
    fn read_segment(
        &mut self,
        disk: &D,
        index: usize,
        until: u64,
        bytes: usize,
        given_up: GivenUp,
        stretch: &mut Stretch,
    ) -> io::Result<bool> {
        let Some(segment) = self.segments.get(index) else {
            return Ok(true);
        };
        let (first, seed) = (segment.header.first, segment.header.seed());
        let length = segment.length;
        let (sequence, offset) = self.hint(first, stretch.next);
        let opened = disk.open(&self.folder.join(segment::name(first)));
        let opened = opened.and_then(|file| Ok((disk.length(&file)?, file)));
        let file = match opened {
            Ok((_, file)) => file,
            // Somebody removed it, or it is out of reach: everything of it is damaged.
            Err(error) if is_given_up(&error, given_up) => {
                let from = first.max(stretch.next);
                let kind = super::damage::DamageKind::Tail;
                let damage = Damage { segment: first, offset, end: offset, from, to: until, kind };
                self.note(damage, given_up, stretch);
                stretch.next = until;
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        let scan = Scan::new(disk, &file, seed, offset, sequence)?.up_to(length);
        let is_lenient = given_up == GivenUp::Unreadable;
        let scan = if is_lenient { scan.leniently() } else { scan };
        let mut walk = Walk::new(scan, first, sequence, until);
        // Where the last record that was taken ends, when nothing bad came behind it.
        let mut behind = 0;
        loop {
            match walk.next()? {
                Step::Record { header, .. } if header.sequence < stretch.next => {}
                Step::Record { header, offset } => {
                    let is_enough = stretch.frames.len() + walk.frame().len() > bytes;
                    if is_enough && !stretch.frames.is_empty() {
                        self.remember(Hint { sequence: header.sequence, segment: first, offset });
                        return Ok(false);
                    }
                    stretch.frames.extend_from_slice(walk.frame());
                    stretch.next = header.sequence.saturating_add(1);
                    behind = offset.saturating_add(header.frame_bytes());
                }
                Step::Damage(damage) => {
                    behind = 0;
                    if damage.to >= stretch.next {
                        stretch.next = damage.to.max(stretch.next);
                        self.note(damage, given_up, stretch);
                    }
                }
                Step::End => {
                    if behind > 0 && stretch.next == until {
                        let hint = Hint { sequence: until, segment: first, offset: behind };
                        self.remember(hint);
                    }
                    stretch.next = until;
                    return Ok(true);
                }
            }
        }
    }

    fn note(&mut self, damage: Damage, given_up: GivenUp, stretch: &mut Stretch) {
        if self.reported.insert((damage.segment, damage.offset)) {
            stretch.damage.push(damage);
            let is_refused = given_up == GivenUp::Unreadable;
            if is_refused {
                self.refused.insert(damage.segment);
            }
            if is_refused || damage.bytes() > 0 {
                self.to_set_aside.push(damage);
            }
        }
    }

    /// The nearest place before a record in its segment from which to read on.
    fn hint(&self, segment: u64, sequence: u64) -> (u64, u64) {
        let here = self.hints.iter().filter(|hint| hint.segment == segment);
        let before = here.filter(|hint| hint.sequence <= sequence);
        before
            .max_by_key(|hint| hint.sequence)
            .map_or((segment, segment::SEGMENT_HEADER), |hint| (hint.sequence, hint.offset))
    }

    fn remember(&mut self, hint: Hint) {
        self.hints.retain(|known| known.sequence != hint.sequence);
        if self.hints.len() >= HINTS {
            self.hints.remove(0);
        }
        self.hints.push(hint);
    }
}

fn is_given_up(error: &io::Error, given_up: GivenUp) -> bool {
    match given_up {
        GivenUp::Nothing => false,
        GivenUp::Missing => error.kind() == io::ErrorKind::NotFound,
        GivenUp::Unreadable => true,
    }
}
