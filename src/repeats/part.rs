//! What is told of a message, and what is answered.

use std::time::Duration;

use super::table::NO_CLOCK;
use crate::model::{Reading, UnixMicros};

/// What happens to a repeat. It is counted in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing.
    Off,
    /// It is flagged.
    #[default]
    Mark,
    /// It is not stored, but for one a heartbeat, which is flagged.
    Discard,
}

impl Policy {
    /// The word in the configuration.
    pub fn label(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Mark => "mark",
            Self::Discard => "discard",
        }
    }
}

/// Limits of one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatLimits {
    /// Where repeats are discarded, one goes through at least so often.
    pub heartbeat: Duration,
    /// How much later the same may come by another way. Zero: there are no duplicates.
    pub duplicate_within: Duration,
    /// Bytes to remember devices in.
    pub budget: usize,
}

impl Default for RepeatLimits {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_mins(15),
            duplicate_within: Duration::from_secs(5),
            budget: 16 * 1024 * 1024,
        }
    }
}

/// One device's part of a message.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its number; what is known of it ends with [`forget_all`](super::Repeats::forget_all).
    pub device: u32,
    /// By what way it came, where there are several.
    pub way: u32,
    /// The device's counter.
    pub sequence: Option<u64>,
    /// Device time of the report.
    pub measured_at: Option<UnixMicros>,
    /// Device times beyond it are not believed.
    pub latest: UnixMicros,
    /// Whether it says what is now.
    pub freshness: Freshness,
    /// What happens to repeats.
    pub policy: Policy,
}

/// Whether a message says what is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It does, as far as is known.
    Live,
    /// Retained, historical or a redelivery: it may say what was.
    Replayed,
}

impl Part {
    pub(super) fn is_live(&self) -> bool {
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::RepeatOfReplay) {
            return true;
        }
        self.freshness == Freshness::Live
    }
}

/// What is not stored of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct LeftOut {
    /// Repeats.
    pub repeats: u32,
    /// Readings of a duplicate.
    pub duplicates: u32,
}

/// What a link counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepeatCounts {
    /// Repeats, whatever happened to them.
    pub repeats: u64,
    /// Readings of duplicates.
    pub duplicates: u64,
}

/// Device time of a reading, if it can be true.
pub(super) fn own_time(reading: &Reading, part: &Part) -> i64 {
    let time = reading.measured_at.or(part.measured_at);
    let time = time.filter(|time| (UnixMicros::YEAR_2020..=part.latest).contains(time));
    time.map_or(NO_CLOCK, |time| time.0)
}
