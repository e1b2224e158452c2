//! What of a log is delivered, on disk: for each partition the sequence number below which everything
//! of it is.
//!
//! ```text
//! magic 8 | version 2 | flags 2 | partitions 4 | log 8 | turn 8 | proven 8 | mark 8 each | crc 4
//! ```
//!
//! Two files. One is on the medium and stays untouched, the other is written again and again until it
//! is synced; then they change places. So there is always a whole one, and an unsynced one that was
//! torn only costs duplicates.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    disk::Disk,
    frame,
    segment::{BadHeader, VERSION},
};

const MAGIC: [u8; 8] = *b"tryggCUR";
const FIXED_BYTES: usize = 40;
/// Largest file that is read: some thousands of partitions, with room.
const BYTES_MAX: u64 = 8 << 20;
const NAMES: [&str; 2] = ["cursor-a", "cursor-b"];

/// What the files hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Which log it belongs to.
    pub(super) log: u64,
    /// The higher, the newer.
    pub(super) turn: u64,
    /// All below had been written and synced, or never will be.
    pub(super) proven: u64,
    /// By partition.
    pub(super) marks: Vec<u64>,
}

impl Cursor {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = vec![0; FIXED_BYTES];
        let partitions = u32::try_from(self.marks.len()).unwrap_or(u32::MAX);
        let fields: [&[u8]; 7] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &[0; 2],
            &partitions.to_le_bytes(),
            &self.log.to_le_bytes(),
            &self.turn.to_le_bytes(),
            &self.proven.to_le_bytes(),
        ];
        frame::put(&mut bytes, &fields);
        bytes.extend(self.marks.iter().flat_map(|mark| mark.to_le_bytes()));
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadHeader> {
        Self::fields(bytes).ok_or(BadHeader::Damaged).and_then(|(version, cursor)| {
            if version > VERSION { Err(BadHeader::Newer(version)) } else { Ok(cursor) }
        })
    }

    fn fields(bytes: &[u8]) -> Option<(u16, Self)> {
        let (head, rest) = bytes.split_at_checked(FIXED_BYTES)?;
        let (magic, head) = head.split_first_chunk::<8>()?;
        let (version, head) = head.split_first_chunk::<2>()?;
        let (_flags, head) = head.split_first_chunk::<2>()?;
        let (partitions, head) = head.split_first_chunk::<4>()?;
        let partitions = usize::try_from(u32::from_le_bytes(*partitions)).ok()?;
        let (marks, rest) = rest.split_at_checked(partitions.checked_mul(8)?)?;
        // What follows is of a longer cursor that lay here before.
        let crc = rest.first_chunk::<4>()?;
        let checked = bytes.get(..FIXED_BYTES + marks.len())?;
        if *magic != MAGIC || crc32c::crc32c(checked) != u32::from_le_bytes(*crc) {
            return None;
        }
        let [log, turn, proven] = head.as_chunks::<8>().0 else { return None };
        let marks = marks.as_chunks::<8>().0.iter().map(|mark| u64::from_le_bytes(*mark));
        let cursor = Self {
            log: u64::from_le_bytes(*log),
            turn: u64::from_le_bytes(*turn),
            proven: u64::from_le_bytes(*proven),
            marks: marks.collect(),
        };
        Some((u16::from_le_bytes(*version), cursor))
    }
}

/// Reads both files: the newest whole one. A later release's is an error, as is a disk that cannot be
/// read; damaged or missing files are not.
pub(super) fn load<D: Disk>(disk: &D, folder: &Path) -> io::Result<Result<Loaded, u16>> {
    let mut loaded = Loaded::default();
    for (index, name) in NAMES.iter().enumerate() {
        let bytes = match read(disk, &folder.join(name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        match Cursor::parse(&bytes) {
            Ok(cursor) if loaded.cursor.as_ref().is_none_or(|best| best.turn < cursor.turn) => {
                loaded.cursor = Some(cursor);
                loaded.newest = index;
            }
            Ok(_) => {}
            Err(BadHeader::Newer(version)) => return Ok(Err(version)),
            Err(BadHeader::Damaged) => loaded.damaged += 1,
        }
    }
    Ok(Ok(loaded))
}

/// Removes files that are no cursor, so that new ones are written.
pub(super) fn remove_damaged<D: Disk>(disk: &D, folder: &Path) -> io::Result<()> {
    for path in NAMES.iter().map(|name| folder.join(name)) {
        match read(disk, &path).map(|bytes| Cursor::parse(&bytes)) {
            Ok(Err(BadHeader::Damaged)) => disk.remove(&path)?,
            Ok(Ok(_) | Err(BadHeader::Newer(_))) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn read<D: Disk>(disk: &D, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path)?;
    let length = disk.length(&file)?.min(BYTES_MAX);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let count = disk.read_at(&file, &mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// What [`load`] found.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The newest whole one.
    pub(super) cursor: Option<Cursor>,
    /// Which file it is.
    newest: usize,
    /// Files that are no cursor.
    pub(super) damaged: u32,
}

/// The files, to write to. They are written in place, so that a full disk does not stop them.
#[derive(Debug)]
pub(super) struct CursorFiles<D: Disk> {
    folder: PathBuf,
    /// The one that is written now.
    open: Option<D::File>,
    index: usize,
    turn: u64,
    /// The other one may not be on the medium yet.
    is_other_unsynced: bool,
    /// Whose names are on the medium.
    is_entered: [bool; 2],
}

impl<D: Disk> CursorFiles<D> {
    /// The newest is kept, the other written.
    pub(super) fn new(folder: PathBuf, loaded: &Loaded) -> Self {
        let is_other_unsynced = loaded.cursor.is_some();
        let turn = loaded.cursor.as_ref().map_or(0, |cursor| cursor.turn);
        let index = if is_other_unsynced { 1 - loaded.newest } else { 0 };
        Self { folder, open: None, index, turn, is_other_unsynced, is_entered: [false; 2] }
    }

    /// Writes; the page cache has it then.
    pub(super) fn save(&mut self, disk: &D, mut cursor: Cursor) -> io::Result<()> {
        if std::mem::take(&mut self.is_other_unsynced) {
            let synced = disk.open(&self.path(1 - self.index)).and_then(|file| disk.sync(&file));
            if synced.is_err() {
                // Then the older one is the only one that is safe, and has to stay.
                self.index = 1 - self.index;
            }
        }
        cursor.turn = self.turn.saturating_add(1);
        let file = match self.open.take() {
            Some(file) => file,
            None => disk.reopen(&self.path(self.index))?,
        };
        // A file that has failed is not kept open: what it says of itself is worth nothing.
        disk.write_at(&file, &cursor.write(), 0)?;
        self.turn = cursor.turn;
        self.open = Some(file);
        Ok(())
    }

    /// Brings what was just saved to the medium.
    pub(super) fn sync(&mut self, disk: &D) -> io::Result<()> {
        let Some(file) = self.open.take() else {
            return Ok(());
        };
        disk.sync(&file)?;
        if let Some(is_entered) = self.is_entered.get_mut(self.index)
            && !*is_entered
        {
            disk.sync_directory(&self.folder)?;
            *is_entered = true;
        }
        self.index = 1 - self.index;
        Ok(())
    }

    fn path(&self, index: usize) -> PathBuf {
        let [a, b] = NAMES;
        self.folder.join(if index == 0 { a } else { b })
    }
}
