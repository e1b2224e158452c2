//! What a pipeline counts for itself.

use crate::model::ReasonCounts;

/// What the pipeline counts for itself.
#[derive(Clone, Debug, Default)]
pub struct PipelineCounts {
    /// Refused readings by reason.
    pub refused: ReasonCounts,
    /// Readings put aside, by reason.
    pub discarded: Discarded,
    /// Messages without measurement by what they were.
    pub non_readings: ReasonCounts,
    /// Keys no decoder knows.
    pub unknown_keys: u64,
    /// Messages that did not come, by their senders' own counts.
    pub missed: u64,
    /// Urgent readings sent to the alerts topic.
    pub alerts: u64,
}

/// Readings put aside, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Of devices nobody knows.
    pub unknown_device: u64,
    /// Of homes that do not consent to them.
    pub no_consent: u64,
    /// State that had not changed.
    pub repeat: u64,
    /// What had come by another way.
    pub duplicate: u64,
}

impl Discarded {
    /// Each reason with its count.
    pub fn by_reason(&self) -> [(&'static str, u64); 4] {
        [
            ("unknown_device", self.unknown_device),
            ("no_consent", self.no_consent),
            ("repeat", self.repeat),
            ("duplicate", self.duplicate),
        ]
    }
}
