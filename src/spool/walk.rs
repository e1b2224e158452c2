//! What the bytes of a segment mean: which records are there, which are damaged, and which were never
//! safe to begin with.

use std::io;

use super::{
    damage::{Damage, DamageKind, TornTail},
    disk::Disk,
    frame::Header,
    scan::{Found, Scan},
};

/// The next thing of a segment of which it is known where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A record; its bytes are the scan's frame.
    Record {
        /// Its header.
        header: Header,
        /// Where it begins.
        offset: u64,
    },
    /// Something is gone.
    Damage(Damage),
    /// Everything up to the segment's end has been seen.
    End,
}

/// A walk through the records of a segment below `until`.
#[derive(Debug)]
pub(super) struct Walk<'a, D: Disk> {
    scan: Scan<'a, D>,
    segment: u64,
    expected: u64,
    until: u64,
    /// Bad bytes behind the last record.
    hole: Option<(u64, u64)>,
    /// A record that was found behind a hole.
    behind: Option<(Header, u64)>,
    is_over: bool,
}

impl<'a, D: Disk> Walk<'a, D> {
    /// Of `segment`, from where `scan` stands, where `expected` should be.
    pub(super) fn new(scan: Scan<'a, D>, segment: u64, expected: u64, until: u64) -> Self {
        Self { scan, segment, expected, until, hole: None, behind: None, is_over: false }
    }

    /// Header and body of the record found last.
    pub(super) fn frame(&self) -> &[u8] {
        self.scan.frame()
    }

    /// Goes on.
    pub(super) fn next(&mut self) -> io::Result<Step> {
        if let Some((header, offset)) = self.behind.take() {
            self.expected = header.sequence.saturating_add(1);
            return Ok(Step::Record { header, offset });
        }
        while !self.is_over && self.expected < self.until {
            match self.scan.next()? {
                Found::Record { header, .. } | Found::BadBody { header, .. }
                    if header.sequence >= self.until =>
                {
                    self.is_over = true;
                }
                Found::Record { header, offset } => {
                    if let Some(damage) = self.gap(header.sequence, offset) {
                        self.behind = Some((header, offset));
                        return Ok(Step::Damage(damage));
                    }
                    self.expected = header.sequence.saturating_add(1);
                    return Ok(Step::Record { header, offset });
                }
                Found::BadBody { header, offset } => {
                    let hole = self.hole.take();
                    let kind = if hole.is_some() { DamageKind::Frame } else { DamageKind::Body };
                    let begin = hole.map_or(offset, |(begin, _)| begin);
                    let to = header.sequence.saturating_add(1);
                    let end = offset.saturating_add(header.frame_bytes());
                    return Ok(Step::Damage(self.damage(kind, begin, end, to)));
                }
                Found::Bare(header) => {
                    let next = header.sequence.min(self.until);
                    if let Some(damage) = self.gap(next, self.scan.offset()) {
                        return Ok(Step::Damage(damage));
                    }
                }
                Found::Hole { offset, end } => self.hole = Some((offset, end)),
                Found::End { offset } => {
                    self.is_over = true;
                    self.hole.get_or_insert((offset, offset));
                }
            }
        }
        if self.expected < self.until {
            let (begin, end) = self.hole.unwrap_or((self.scan.offset(), self.scan.offset()));
            return Ok(Step::Damage(self.damage(DamageKind::Tail, begin, end, self.until)));
        }
        Ok(Step::End)
    }

    /// The damage before a frame that is all right, if there is any.
    fn gap(&mut self, next: u64, offset: u64) -> Option<Damage> {
        let hole = self.hole.take();
        if hole.is_none() && next <= self.expected {
            return None;
        }
        let (begin, end) = hole.unwrap_or((offset, offset));
        Some(self.damage(DamageKind::Frame, begin, end, next))
    }

    fn damage(&mut self, kind: DamageKind, offset: u64, end: u64, to: u64) -> Damage {
        let to_expect = to.max(self.expected);
        let from = std::mem::replace(&mut self.expected, to_expect);
        Damage { segment: self.segment, offset, end, from: from.min(to), to, kind }
    }
}

/// What the newest segment of a log holds, of which no later one says where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Records below are kept, or damaged.
    pub(super) end: u64,
    /// No record has been seen at or above this.
    pub(super) highest: u64,
    /// What of it is void.
    pub(super) torn: Option<TornTail>,
}

/// Finds the end of the newest segment. `owed`: below this everything was known to be on the medium.
///
/// One group of records is on its way to the medium at a time, and each says what was proven before it.
/// So a hole with something *proven* behind it is damage, and any other hole ends the log: what follows
/// it belongs to a group that nobody was told is safe, and the broker will send it again.
pub(super) fn find_end<D: Disk>(
    mut scan: Scan<'_, D>,
    segment: u64,
    owed: u64,
) -> io::Result<Tail> {
    let (mut owed, mut expected) = (owed.max(segment), segment);
    let mut gaps: Vec<(u64, u64, u64)> = Vec::new();
    let mut hole = None;
    let length = loop {
        let (header, begin, is_whole) = match scan.next()? {
            Found::Record { header, offset } => (header, offset, true),
            Found::BadBody { header, offset } => (header, offset, false),
            Found::Bare(header) => (header, scan.offset(), true),
            Found::Hole { offset, .. } => {
                hole = hole.or(Some(offset));
                continue;
            }
            Found::End { offset } => break offset,
        };
        let begin = hole.take().unwrap_or(begin);
        owed = owed.max(header.proven);
        let next = header.sequence.saturating_add(u64::from(!header.is_bare()));
        let missing = if is_whole { header.sequence } else { next };
        if missing > expected {
            gaps.push((expected, missing, begin));
        }
        expected = expected.max(next);
    };
    let cut = gaps.into_iter().find(|(_, to, _)| *to > owed);
    let (end, torn_at) = match cut {
        Some((from, _, offset)) => (from.max(owed), Some(offset)),
        None if expected < owed => (owed, None),
        None => (expected, hole),
    };
    let torn = torn_at.filter(|offset| *offset < length).map(|offset| TornTail {
        segment,
        from: end,
        bytes: length - offset,
    });
    Ok(Tail { end, highest: expected, torn })
}
