//! Who may write when there is little room.

use super::disk::Disk;
use crate::model::Lane;
use std::path::Path;

/// What the spool may take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All of it.
    pub max_bytes: u64,
    /// Left free on the file system.
    pub keep_free: u64,
}

/// Segments of a large spool.
const SEGMENT_MAX: u64 = 16 << 20;
/// And of a small one.
const SEGMENT_MIN: u64 = 64 << 10;

impl Limits {
    /// How long a segment gets: room comes back a segment at a time.
    pub(super) fn segment_bytes(&self) -> u64 {
        (self.max_bytes / 16).clamp(SEGMENT_MIN, SEGMENT_MAX)
    }

    /// How many bytes may be written for a lane, when so many lie there? The last tenth is for alerts,
    /// and dead letters never have more than a tenth.
    pub(super) fn admits(&self, lane: Lane, all: u64, dead_letters: u64) -> u64 {
        let tenth = self.max_bytes / 10;
        let others = (self.max_bytes - tenth).saturating_sub(all);
        match lane {
            Lane::Alerts => self.max_bytes.saturating_sub(all),
            Lane::Readings => others,
            Lane::DeadLetters => others.min(tenth.saturating_sub(dead_letters)),
        }
    }

    /// And how many for the sake of the file system? If it does not say, writing will tell.
    pub(super) fn leaves<D: Disk>(&self, disk: &D, root: &Path) -> u64 {
        if self.keep_free == 0 {
            return u64::MAX;
        }
        disk.free(root).map_or(u64::MAX, |free| free.saturating_sub(self.keep_free))
    }
}
