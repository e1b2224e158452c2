//! What became unreadable on disk.

use crate::model::{Lane, LinkName};

/// What is wrong with a stretch of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DamageKind {
    /// The segment's own header. Its records are readable all the same.
    SegmentHeader,
    /// Bytes that are no record, where one or more were.
    Frame,
    /// One record's body.
    Body,
    /// The end of a segment is missing.
    Tail,
}

impl DamageKind {
    /// Label value.
    pub fn label(self) -> &'static str {
        match self {
            Self::SegmentHeader => "segment_header",
            Self::Frame => "frame",
            Self::Body => "body",
            Self::Tail => "tail",
        }
    }
}

/// A damaged stretch: records `from` up to, not including, `to` are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// First sequence number of the segment.
    pub segment: u64,
    /// Where the bytes begin.
    pub offset: u64,
    /// Where they end.
    pub end: u64,
    /// First record that is gone.
    pub from: u64,
    /// First record behind them that is not.
    pub to: u64,
    /// What is wrong.
    pub kind: DamageKind,
}

impl Damage {
    /// Records that are gone; none when only a carrier of sequence numbers was hit.
    pub fn records(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Bytes set aside.
    pub fn bytes(&self) -> u64 {
        self.end.saturating_sub(self.offset)
    }
}

/// The end of a log that was being written when the engine or the machine stopped: never proven, so
/// nobody was told that it is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// First sequence number of the segment.
    pub segment: u64,
    /// The first record that is not kept.
    pub from: u64,
    /// Bytes that are not used.
    pub bytes: u64,
}

/// Where something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the link.
    pub link: LinkName,
    /// Which of its logs.
    pub lane: Lane,
}
