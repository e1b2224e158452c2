//! A segment: one file of a log, named after its first sequence number.
//!
//! ```text
//! magic 8 | version 2 | flags 2 | log 8 | first 8 | follows 8 | created (ms) 8
//!         | key 4 | salt 12 | crc 4
//! ```
//!
//! *follows*: earlier segments hold records up to here. What they hold at or above it was never proven
//! and is void; what they do not hold below it is damaged. Between *follows* and *first* nothing was
//! ever written. Key and salt are for encryption to come; they are zero.

use std::{io, path::Path};

use super::{
    disk::Disk,
    frame::{self, Seed},
};

/// Bytes before the first frame.
pub(super) const SEGMENT_HEADER: u64 = 64;
/// What this release writes, and the newest it reads.
pub(super) const VERSION: u16 = 1;
const MAGIC: [u8; 8] = *b"tryggSEG";
const ENDING: &str = ".seg";
/// A file that was not finished. Swept away at every start.
pub(super) const UNFINISHED: &str = ".tmp";

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// Which log it belongs to.
    pub(super) log: u64,
    /// Sequence number of its first record.
    pub(super) first: u64,
    /// Where earlier segments end.
    pub(super) follows: u64,
    /// When it was created.
    pub(super) created_ms: u64,
}

/// Why a segment's header is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHeader {
    /// Written by a later release.
    Newer(u16),
    /// Damaged.
    Damaged,
}

impl SegmentHeader {
    /// For the frames inside.
    pub(super) fn seed(&self) -> Seed {
        Seed::new(self.log, self.first)
    }

    /// As bytes.
    pub(super) fn write(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let fields: [&[u8]; 8] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &[0; 2],
            &self.log.to_le_bytes(),
            &self.first.to_le_bytes(),
            &self.follows.to_le_bytes(),
            &self.created_ms.to_le_bytes(),
            &[0; 16],
        ];
        frame::put(&mut bytes, &fields);
        let (checked, crc) = bytes.split_at_mut(60);
        crc.copy_from_slice(&crc32c::crc32c(checked).to_le_bytes());
        bytes
    }

    /// From bytes.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadHeader> {
        let (checked, crc) = bytes
            .first_chunk::<64>()
            .and_then(|bytes| bytes.split_last_chunk::<4>())
            .ok_or(BadHeader::Damaged)?;
        if crc32c::crc32c(checked) != u32::from_le_bytes(*crc) || !checked.starts_with(&MAGIC) {
            return Err(BadHeader::Damaged);
        }
        let version = checked.get(8..).and_then(|rest| rest.first_chunk::<2>());
        let version = u16::from_le_bytes(*version.ok_or(BadHeader::Damaged)?);
        if version > VERSION {
            return Err(BadHeader::Newer(version));
        }
        let number = |at: usize| {
            let bytes = checked.get(at..).and_then(|rest| rest.first_chunk::<8>());
            bytes.map(|bytes| u64::from_le_bytes(*bytes)).ok_or(BadHeader::Damaged)
        };
        Ok(Self {
            log: number(12)?,
            first: number(20)?,
            follows: number(28)?,
            created_ms: number(36)?,
        })
    }
}

/// Name of the segment that begins with a sequence number.
pub(super) fn name(first: u64) -> String {
    format!("{first:020}{ENDING}")
}

/// The sequence number in a name; `None` when the file is no segment.
pub(super) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// A segment could not be created.
#[derive(Debug)]
pub(super) struct NotCreated {
    pub(super) error: io::Error,
    /// It has its name already, although perhaps not for ever.
    pub(super) is_named: bool,
}

/// Creates a segment so that it is there with its frames or not at all, in place of one of the same
/// name.
pub(super) fn create<D: Disk>(
    disk: &D,
    folder: &Path,
    header: &SegmentHeader,
    frames: &[u8],
) -> Result<D::File, NotCreated> {
    let unfinished = folder.join(format!("{:020}{UNFINISHED}", header.first));
    let named = (|| {
        let file = disk.create(&unfinished)?;
        disk.write_at(&file, &header.write(), 0)?;
        if !frames.is_empty() {
            disk.write_at(&file, frames, SEGMENT_HEADER)?;
        }
        disk.sync(&file)?;
        disk.rename(&unfinished, &folder.join(name(header.first)))?;
        Ok(file)
    })();
    let file = named.map_err(|error| {
        // It would only take room. If it stays, the next start sweeps it away.
        drop(disk.remove(&unfinished));
        NotCreated { error, is_named: false }
    })?;
    let entered = disk.sync_directory(folder);
    entered.map_err(|error| NotCreated { error, is_named: true })?;
    Ok(file)
}

impl From<NotCreated> for io::Error {
    fn from(failed: NotCreated) -> Self {
        failed.error
    }
}
