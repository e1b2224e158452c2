//! What the spool tells a link.

use super::orders::{Body, HEADER_BYTES};
use crate::{ack::Receipt, model::Lane};

/// News from the spool's thread for one link.
#[derive(Debug)]
pub enum Tiding {
    /// Records of a lane are on disk.
    Synced(Synced),
    /// What was asked to be read.
    Read(Chunk),
}

/// Every record of a lane's log below a sequence number has been fsynced, in a file no sync of which
/// has failed.
#[derive(Debug)]
pub struct Synced {
    lane: Lane,
    below: u64,
}

impl Synced {
    /// Call only after fsync returned without an error.
    pub(super) fn new(lane: Lane, below: u64) -> Self {
        Self { lane, below }
    }

    /// Of which log.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// All below are safe.
    pub fn below(&self) -> u64 {
        self.below
    }

    /// The proof for one record of this log.
    #[expect(clippy::disallowed_methods, reason = "fsync has returned: the record is safe")]
    pub fn receipt(&self, sequence: u64) -> Option<Receipt> {
        (sequence < self.below).then(Receipt::new)
    }
}

/// A stretch of a log.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The log.
    pub lane: Option<Lane>,
    /// From where it was asked for.
    pub first: u64,
    /// Where to go on: everything readable from `first` to here is in `frames`, or was damaged and is
    /// reported as such.
    pub next: u64,
    /// Whole frames, verified, in order: [`HEADER_BYTES`] of header (mark 4, length of the body 4,
    /// sequence number 8, and what only the spool needs), then the body.
    pub frames: Vec<u8>,
}

impl Chunk {
    /// The records inside, with their sequence numbers.
    pub fn records(&self) -> impl Iterator<Item = (u64, Body<'_>)> {
        let mut rest = self.frames.as_slice();
        std::iter::from_fn(move || {
            let (header, after) = rest.split_first_chunk::<HEADER_BYTES>()?;
            let (_mark, header) = header.split_first_chunk::<4>()?;
            let (length, header) = header.split_first_chunk::<4>()?;
            let (sequence, _) = header.split_first_chunk::<8>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (body, after) = after.split_at_checked(length)?;
            rest = after;
            Some((u64::from_le_bytes(*sequence), Body::parse(body)?))
        })
    }
}

/// What was found of one log at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// By partition, as far as the cursor knew: everything below is delivered.
    pub marks: Vec<u64>,
    /// The next record's sequence number. Everything from the marks to here is to be read.
    pub next: u64,
    /// Is there nothing to be read?
    pub is_empty: bool,
}
