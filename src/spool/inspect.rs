//! A spool seen from outside: for the tools, with or without an engine that works on it.
//!
//! Nothing here takes the lock or changes a byte. A segment that disappears while we look was
//! delivered meanwhile. What an engine is writing just now is the *torn tail* of a log, never damage.
//!
//! [`logs`] lists what lies in a directory, [`look`] examines one log as a whole, [`records`] hands out
//! its records. [`super::repair`] needs the spool for itself.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    damage::{Damage, TornTail},
    disk::{Disk, RealDisk},
    error::SpoolError,
    keeper::folder_of,
    orders::{Body, HEADER_BYTES},
    quarantine,
    recovery::{self, Survey},
    scan::Scan,
    segment::{self, SEGMENT_HEADER},
    walk::{Step, Walk},
};
use crate::model::Lane;

/// One log of a spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFolder {
    /// Name of its link.
    pub link: String,
    /// Which of its logs.
    pub lane: Lane,
    /// Where it lies.
    pub path: PathBuf,
}

/// What is known of a log after all of it has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogView {
    /// Its segments, oldest first.
    pub segments: Vec<SegmentView>,
    /// What became unreadable, in order.
    pub damage: Vec<Damage>,
    /// The end of the newest segment, when a part of it was never finished. Of a running engine it may
    /// be what it is writing just now.
    pub torn: Option<TornTail>,
    /// Cursor files that are damaged.
    pub damaged_cursors: u32,
    /// Segments that cannot be read at all, because nothing says of which log they are: their first
    /// sequence numbers.
    pub unreadable: Vec<u64>,
    /// By partition: everything below is delivered. Empty when there is no cursor.
    pub marks: Vec<u64>,
    /// Behind the last record that is kept.
    pub end: u64,
    /// The next record's sequence number.
    pub next: u64,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentView {
    /// Its file.
    pub path: PathBuf,
    /// Sequence number of its first record.
    pub first: u64,
    /// Records of it are below this.
    pub until: u64,
    /// When it was created, in milliseconds since 1970; 0 when that is not known.
    pub created_ms: u64,
    /// Length of its file.
    pub bytes: u64,
    /// Records that are whole.
    pub records: u64,
}

impl LogView {
    /// Everything below is delivered. 0 when there is no cursor.
    pub fn low(&self) -> u64 {
        self.marks.iter().copied().min().unwrap_or(0)
    }

    /// Is there anything to repair?
    pub fn is_damaged(&self) -> bool {
        !self.damage.is_empty() || self.damaged_cursors > 0 || !self.unreadable.is_empty()
    }
}

/// The logs in a spool's directory, by name of their link. Directories without one are left out.
pub fn logs(root: &Path) -> Result<Vec<LogFolder>, SpoolError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(SpoolError::io("list", root))? {
        let entry = entry.map_err(SpoolError::io("list", root))?;
        let Ok(link) = entry.file_name().into_string() else {
            continue;
        };
        if link == quarantine::FOLDER {
            continue;
        }
        for lane in Lane::ALL {
            let path = entry.path().join(folder_of(lane));
            if path.is_dir() {
                found.push(LogFolder { link: link.clone(), lane, path });
            }
        }
    }
    found.sort_by(|one, other| (&one.link, one.lane).cmp(&(&other.link, other.lane)));
    Ok(found)
}

/// How many records wait in a log, at most, and how many bytes it takes up. Reads its newest segment
/// only.
pub fn weigh(log: &LogFolder) -> Result<(u64, u64), SpoolError> {
    let survey = recovery::survey(&RealDisk, &log.path)?;
    let marks = survey.loaded.cursor.as_ref().map(|cursor| cursor.marks.iter().copied().min());
    let low = marks.flatten().unwrap_or(0);
    let spans = survey.segments.iter().enumerate();
    let records = spans
        .map(|(index, segment)| survey.until(index).saturating_sub(segment.header.first.max(low)));
    Ok((records.sum(), survey.segments.iter().map(|segment| segment.length).sum()))
}

/// Reads all of a log.
pub fn look(log: &LogFolder) -> Result<LogView, SpoolError> {
    let mut view = look_once(&RealDisk, &log.path)?;
    if !view.damage.is_empty() {
        // An engine may have replaced a file under our eyes. Damage stays.
        let again = look_once(&RealDisk, &log.path)?;
        view.damage.retain(|damage| again.damage.contains(damage));
    }
    Ok(view)
}

pub(super) fn look_once<D: Disk>(disk: &D, folder: &Path) -> Result<LogView, SpoolError> {
    let survey = recovery::survey(disk, folder)?;
    let mut segments = Vec::new();
    let mut damage = survey.findings.damage.clone();
    for (index, segment) in survey.segments.iter().enumerate() {
        let until = survey.until(index);
        let mut records = 0;
        let is_there = walk_segment(disk, folder, &survey, index, |step| match step {
            Met::Record(..) => records += 1,
            Met::Damage(found) => damage.push(found),
        })?;
        if is_there {
            segments.push(SegmentView {
                path: folder.join(segment::name(segment.header.first)),
                first: segment.header.first,
                until: until.max(segment.header.first),
                created_ms: segment.header.created_ms,
                bytes: segment.length,
                records,
            });
        }
    }
    damage.sort_unstable();
    let (end, next) = (survey.end(), survey.next());
    Ok(LogView {
        segments,
        damage,
        torn: survey.findings.torn,
        damaged_cursors: survey.findings.damaged_cursors,
        unreadable: survey.findings.unreadable,
        marks: survey.loaded.cursor.map_or_else(Vec::new, |cursor| cursor.marks),
        end,
        next,
    })
}

/// Hands out every whole record from `from` on, in order: its sequence number and what it holds, until
/// `each` says `false`. A record that is none of ours although its checksum fits is left out.
pub fn records(
    log: &LogFolder,
    from: u64,
    mut each: impl FnMut(u64, Body<'_>) -> bool,
) -> Result<(), SpoolError> {
    let survey = recovery::survey(&RealDisk, &log.path)?;
    let mut is_wanted = true;
    for index in 0..survey.segments.len() {
        if survey.until(index) <= from {
            continue;
        }
        walk_segment(&RealDisk, &log.path, &survey, index, |met| match met {
            Met::Record(sequence, frame) if is_wanted && sequence >= from => {
                let body = Body::parse(frame.get(HEADER_BYTES..).unwrap_or_default());
                is_wanted = body.is_none_or(|body| each(sequence, body));
            }
            Met::Record(..) | Met::Damage(_) => {}
        })?;
        if !is_wanted {
            break;
        }
    }
    Ok(())
}

/// What a walk comes by.
pub(super) enum Met<'a> {
    /// A record with its whole frame.
    Record(u64, &'a [u8]),
    /// Something that is gone.
    Damage(Damage),
}

/// Walks through one segment. `false` when it is not there any more.
pub(super) fn walk_segment<D: Disk>(
    disk: &D,
    folder: &Path,
    survey: &Survey,
    index: usize,
    mut meet: impl FnMut(Met<'_>),
) -> Result<bool, SpoolError> {
    let Some(segment) = survey.segments.get(index) else {
        return Ok(false);
    };
    let first = segment.header.first;
    let path = folder.join(segment::name(first));
    let failed = |path: PathBuf| SpoolError::io("read", path);
    let file = match disk.open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(path)(error)),
    };
    let seed = segment.header.seed();
    let scan = Scan::new(disk, &file, seed, SEGMENT_HEADER, first).map_err(failed(path.clone()))?;
    let mut walk = Walk::new(scan.leniently(), first, first, survey.until(index));
    loop {
        match walk.next().map_err(failed(path.clone()))? {
            Step::Record { header, .. } => meet(Met::Record(header.sequence, walk.frame())),
            Step::Damage(damage) => meet(Met::Damage(damage)),
            Step::End => return Ok(true),
        }
    }
}
