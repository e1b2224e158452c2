//! Makes a damaged log whole again, as far as that goes: what is readable stays, under the same
//! sequence numbers, and what is not goes into quarantine.
//!
//! A damaged segment is replaced by one for each run of readable records. Each new one says where
//! earlier ones end, so the log is sound at every step, should the repair be interrupted.

use std::{io, path::Path};

use super::{
    damage::{Damage, Place},
    disk::{Disk, RealDisk},
    error::SpoolError,
    frame,
    inspect::{self, LogFolder, Met},
    lock::Lock,
    quarantine,
    recovery::{self, Survey},
    segment::{self, SegmentHeader},
};

/// What was done to a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Segments that were replaced.
    pub segments: u64,
    /// Records that were in them and are still there.
    pub kept: u64,
    /// Records that are lost.
    pub lost: u64,
    /// Bytes in quarantine.
    pub set_aside: u64,
}

/// Repairs one log of the spool at `root`. Needs the spool for itself, and some room on the disk.
pub fn repair(root: &Path, log: &LogFolder) -> Result<Repair, SpoolError> {
    let _lock = Lock::take(root)?;
    let place = Place { link: log.link.as_str().into(), lane: log.lane };
    repair_on(&RealDisk, root, &place, &log.path)
}

pub(super) fn repair_on<D: Disk>(
    disk: &D,
    root: &Path,
    place: &Place,
    folder: &Path,
) -> Result<Repair, SpoolError> {
    let mut done = Repair::default();
    let survey = recovery::survey(disk, folder)?;
    let failed = || SpoolError::io("repair", folder);
    for first in &survey.findings.unreadable {
        quarantine::put_away(disk, root, place, folder, *first).map_err(failed())?;
        done.segments += 1;
    }
    // From the newest to the oldest: what a segment is cut to stands in the next one.
    for (index, segment) in survey.segments.iter().enumerate().rev() {
        let (mut runs, mut damage) = (Vec::<Run>::new(), Vec::new());
        inspect::walk_segment(disk, folder, &survey, index, |met| match met {
            Met::Record(sequence, frame) => match runs.last_mut() {
                Some(run) if run.end() == sequence => run.push(frame),
                _ => runs.push(Run::new(sequence, frame)),
            },
            Met::Damage(found) => damage.push(found),
        })?;
        let header = survey.findings.damage.iter();
        damage.extend(header.filter(|damage| damage.segment == segment.header.first));
        if !damage.is_empty() {
            for damage in damage.iter().filter(|damage| damage.bytes() > 0) {
                quarantine::copy(disk, root, place, folder, damage).map_err(failed())?;
                done.set_aside += damage.bytes();
            }
            done.lost += damage.iter().map(Damage::records).sum::<u64>();
            done.kept += runs.iter().map(|run| run.count).sum::<u64>();
            done.segments += 1;
            replace(disk, folder, &survey, index, runs).map_err(failed())?;
        }
    }
    if survey.findings.damaged_cursors > 0 {
        super::cursor::remove_damaged(disk, folder).map_err(failed())?;
    }
    Ok(done)
}

/// Records without a gap between them.
struct Run {
    first: u64,
    count: u64,
    frames: Vec<u8>,
}

impl Run {
    fn new(first: u64, frame: &[u8]) -> Self {
        Self { first, count: 1, frames: frame.to_vec() }
    }

    fn push(&mut self, frame: &[u8]) {
        self.count = self.count.saturating_add(1);
        self.frames.extend_from_slice(frame);
    }

    fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }
}

/// Replaces a segment by its runs.
fn replace<D: Disk>(
    disk: &D,
    folder: &Path,
    survey: &Survey,
    index: usize,
    mut runs: Vec<Run>,
) -> io::Result<()> {
    let Some(old) = survey.segments.get(index).map(|segment| segment.header) else {
        return Ok(());
    };
    let end = runs.last().map_or(old.follows, Run::end);
    if end < survey.until(index) {
        if let Some(next) = next_of(disk, folder, old.first)? {
            // The next segment says that this one is longer.
            relink(disk, folder, next, end)?;
        } else {
            let (first, created_ms) = (survey.next(), old.created_ms);
            let header = SegmentHeader { log: old.log, first, follows: end, created_ms };
            drop(segment::create(disk, folder, &header, &[])?);
        }
    }
    let mut is_replaced = false;
    while let Some(mut run) = runs.pop() {
        let follows = runs.last().map_or(old.follows, Run::end);
        let header = SegmentHeader { first: run.first, follows, ..old };
        let (end, seed) = (run.end(), header.seed());
        frame::fill(&mut run.frames, run.first, follows, seed);
        run.frames.extend_from_slice(&frame::bare(end, end, seed));
        segment::create(disk, folder, &header, &run.frames)?;
        is_replaced |= run.first == old.first;
    }
    if !is_replaced {
        disk.remove(&folder.join(segment::name(old.first)))?;
        disk.sync_directory(folder)?;
    }
    Ok(())
}

/// The segment behind one, as it is now: it may have been replaced.
fn next_of<D: Disk>(disk: &D, folder: &Path, first: u64) -> io::Result<Option<u64>> {
    let names = disk.list(folder)?;
    let firsts = names.iter().filter_map(|name| segment::first_of(name));
    Ok(firsts.filter(|other| *other > first).min())
}

/// Writes a segment again with another end of those before it.
fn relink<D: Disk>(disk: &D, folder: &Path, first: u64, follows: u64) -> io::Result<()> {
    let file = disk.open(&folder.join(segment::name(first)))?;
    let length = disk.length(&file)?;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let count = disk.read_at(&file, &mut bytes, 0)?;
    bytes.truncate(count);
    // It is whole, or it would have been replaced.
    let header = SegmentHeader::parse(&bytes).map_err(|_| io::ErrorKind::InvalidData)?;
    let frames = bytes.get(64..).unwrap_or_default();
    drop(segment::create(disk, folder, &SegmentHeader { follows, ..header }, frames)?);
    Ok(())
}
