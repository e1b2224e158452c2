//! What is found of a log at start.

use std::{io, path::Path};

use super::{
    cursor::{self, CursorFiles, Loaded},
    damage::{Damage, DamageKind, TornTail},
    disk::Disk,
    error::SpoolError,
    frame::Seed,
    log::{Log, Segment},
    scan::{Found, Scan},
    segment::{self, BadHeader, SEGMENT_HEADER, SegmentHeader, UNFINISHED},
    tidings::Recovered,
    walk::{self, Tail},
};

/// An opened log, and what was wrong with it.
#[derive(Debug)]
pub(super) struct Opened<D: Disk> {
    pub(super) log: Log<D>,
    pub(super) findings: Findings,
}

/// What reading a log's directory has shown. Nothing is changed by it.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The end of the newest segment, if something of it is void.
    pub(super) torn: Option<TornTail>,
    /// Segments whose header is damaged.
    pub(super) damage: Vec<Damage>,
    /// Cursors that are none.
    pub(super) damaged_cursors: u32,
    /// Files that are no segments although they are named like one, and nothing says of which log.
    pub(super) unreadable: Vec<u64>,
}

/// What is known of a log without its records.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) loaded: Loaded,
    pub(super) id: Option<u64>,
    pub(super) segments: Vec<Segment>,
    /// Of the newest segment.
    pub(super) tail: Option<Tail>,
    pub(super) findings: Findings,
}

impl Survey {
    /// Records of the segment at `index` are below this.
    pub(super) fn until(&self, index: usize) -> u64 {
        self.segments.get(index + 1).map_or_else(|| self.end(), |next| next.header.follows)
    }

    /// Where the records end that are kept.
    pub(super) fn end(&self) -> u64 {
        match (self.segments.last(), self.tail) {
            // Nothing of it is kept: the log ends where it ended before.
            (Some(newest), Some(tail)) if tail.end <= newest.header.first => newest.header.follows,
            (_, Some(tail)) => tail.end,
            (_, None) => self.next(),
        }
    }

    /// The next record's sequence number: above every one that was ever used.
    pub(super) fn next(&self) -> u64 {
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::SequenceRestart) {
            let records = self.tail.filter(|tail| {
                self.segments.last().is_some_and(|newest| tail.highest > newest.header.first)
            });
            return records.map_or(0, |tail| tail.highest);
        }
        let segments = self.segments.iter().map(|segment| segment.header.first);
        let cursor = self.loaded.cursor.iter();
        let marks = cursor.flat_map(|cursor| cursor.marks.iter().copied().chain([cursor.proven]));
        let tail = self.tail.iter().flat_map(|tail| [tail.end, tail.highest]);
        segments.chain(marks).chain(tail).max().unwrap_or(0)
    }
}

/// Looks at the cursor, at every segment's header, and at the whole of the newest segment.
pub(super) fn survey<D: Disk>(disk: &D, folder: &Path) -> Result<Survey, SpoolError> {
    // Before the names: what it counts as proven lies in a segment that has one then.
    let loaded =
        cursor::load(disk, folder).map_err(SpoolError::io("read the cursor in", folder))?;
    let loaded =
        loaded.map_err(|version| SpoolError::Newer { path: folder.join("cursor"), version })?;
    let names = match disk.list(folder) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(SpoolError::io("list", folder)(error)),
    };
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| segment::first_of(name)).collect();
    firsts.sort_unstable();
    let mut findings = Findings { damaged_cursors: loaded.damaged, ..Findings::default() };
    let mut heads = Vec::new();
    for first in firsts {
        let path = folder.join(segment::name(first));
        match head(disk, &path, first) {
            Ok(found) => heads.push(found?),
            // Delivered and removed while we looked: only a reader without the lock sees that.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(SpoolError::io("read", path)(error)),
        }
    }
    let known = heads.iter().rev().find_map(|head| head.header).map(|header| header.log);
    let id = known.or(loaded.cursor.as_ref().map(|cursor| cursor.log));
    let mut segments = Vec::new();
    for head in heads {
        let Some(log) = id else {
            findings.unreadable.push(head.first);
            continue;
        };
        let header = if let Some(header) = head.header {
            header
        } else {
            findings.damage.push(head.damage());
            restore(disk, folder, &head, log)
        };
        segments.push(Segment { header, length: head.length });
    }
    let owed = loaded.cursor.as_ref().map_or(0, |cursor| cursor.proven);
    let tail = match segments.last() {
        None => None,
        Some(newest) => Some(find_end(disk, folder, newest, owed)?),
    };
    findings.torn = tail.and_then(|tail| tail.torn);
    Ok(Survey { loaded, id, segments, tail, findings })
}

fn find_end<D: Disk>(
    disk: &D,
    folder: &Path,
    newest: &Segment,
    owed: u64,
) -> Result<Tail, SpoolError> {
    let path = folder.join(segment::name(newest.header.first));
    let scanned = disk.open(&path).and_then(|file| {
        let header = &newest.header;
        let scan = Scan::new(disk, &file, header.seed(), SEGMENT_HEADER, header.first)?;
        // What the disk does not give is found damaged or void, as if it were zero.
        walk::find_end(scan.leniently(), header.first, owed)
    });
    scanned.map_err(SpoolError::io("read", path))
}

/// The beginning of a segment's file.
struct Head {
    first: u64,
    header: Option<SegmentHeader>,
    length: u64,
}

impl Head {
    fn damage(&self) -> Damage {
        let (first, kind) = (self.first, DamageKind::SegmentHeader);
        let end = self.length.min(SEGMENT_HEADER);
        Damage { segment: first, offset: 0, end, from: first, to: first, kind }
    }
}

fn head<D: Disk>(disk: &D, path: &Path, first: u64) -> io::Result<Result<Head, SpoolError>> {
    let file = disk.open(path)?;
    let length = disk.length(&file)?;
    let mut bytes = [0; 64];
    // A header that the disk does not give is a damaged one.
    let count = disk.read_at(&file, &mut bytes, 0).unwrap_or(0);
    Ok(match SegmentHeader::parse(bytes.get(..count).unwrap_or_default()) {
        Err(BadHeader::Newer(version)) => Err(SpoolError::Newer { path: path.into(), version }),
        Ok(header) if header.first == first => Ok(Head { first, header: Some(header), length }),
        Ok(_) | Err(BadHeader::Damaged) => Ok(Head { first, header: None, length }),
    })
}

/// A damaged header made from what else is known. Its first frame says what was proven before it,
/// which is where earlier segments end.
fn restore<D: Disk>(disk: &D, folder: &Path, head: &Head, log: u64) -> SegmentHeader {
    let (first, seed) = (head.first, Seed::new(log, head.first));
    let path = folder.join(segment::name(first));
    let follows = disk.open(&path).ok().and_then(|file| {
        let scan = Scan::new(disk, &file, seed, SEGMENT_HEADER, first).ok()?;
        match scan.leniently().next().ok()? {
            Found::Record { header, .. } | Found::BadBody { header, .. } | Found::Bare(header) => {
                Some(header.proven)
            }
            Found::Hole { .. } | Found::End { .. } => None,
        }
    });
    // A carrier of *proven* may stand first and say more than that.
    let follows = follows.map_or(first, |follows| follows.min(first));
    SegmentHeader { log, first, follows, created_ms: 0 }
}

/// Opens a log for writing. Needs no room on the disk, and begins no segment before it is needed.
pub(super) fn open<D: Disk>(
    disk: &D,
    folder: &Path,
    partitions: usize,
    new_id: u64,
) -> Result<Opened<D>, SpoolError> {
    sweep(disk, folder);
    let survey = survey(disk, folder)?;
    let (end, next) = (survey.end(), survey.next());
    if let Some(newest) = survey.segments.last() {
        // Read back, it counts as proven from here on. If the disk disagrees, that will be damage.
        let path = folder.join(segment::name(newest.header.first));
        drop(disk.open(&path).and_then(|file| disk.sync(&file)));
    }
    let id = survey.id.unwrap_or(new_id);
    let cursor = CursorFiles::new(folder.to_path_buf(), &survey.loaded);
    let first = survey.segments.first().map_or(next, |segment| segment.header.first);
    let known = survey.loaded.cursor.filter(|cursor| cursor.log == id);
    let known = known.map_or_else(Vec::new, |cursor| cursor.marks);
    // Records of a partition the cursor does not know may lie anywhere. Where there are fewer
    // partitions than there were, one takes over from others, at the earliest mark of all.
    let marks = (0..partitions).map(|partition| {
        known.iter().skip(partition).step_by(partitions).copied().min().unwrap_or(first)
    });
    let marks: Vec<u64> = marks.collect();
    let mut log = Log::new(folder.to_path_buf(), id, cursor, survey.segments, end, next);
    log.marks = marks;
    Ok(Opened { log, findings: survey.findings })
}

impl<D: Disk> Log<D> {
    /// What its link is told at start.
    pub(super) fn recovered(&self) -> Recovered {
        let is_empty = self.segments.is_empty() || self.low() >= self.floor;
        Recovered { marks: self.marks.clone(), next: self.proven, is_empty }
    }
}

/// Removes what a stop left unfinished. What cannot be removed does no harm.
fn sweep<D: Disk>(disk: &D, folder: &Path) {
    let names = disk.list(folder).unwrap_or_default();
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        drop(disk.remove(&folder.join(name)));
    }
}
