//! What came of records, for those above.

use crate::{model::RecordKey, record::Record};

/// A record that Kafka refused for itself alone.
#[derive(Debug)]
pub struct Poison {
    /// The record with its shares, to be made a dead letter of.
    pub record: Record,
    /// Kafka's code.
    pub code: &'static str,
}

/// A partition that does not take records, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Topic and partition.
    pub to: RecordKey,
    /// Kafka's code.
    pub code: &'static str,
}

/// What the sink has done, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinkCounts {
    /// Records confirmed, by lane.
    pub delivered: [u64; 3],
    /// Bytes of those, by lane.
    pub delivered_bytes: [u64; 3],
    /// Reports of failure that put a record on trial.
    pub failed_record: u64,
    /// Reports of failure that the world is to blame for.
    pub failed_world: u64,
    /// Reports that leave open whether the record was written.
    pub failed_unknown: u64,
    /// Records sent again singly.
    pub retried_singly: u64,
    /// Records refused for good.
    pub poison: u64,
    /// Records not handed over because their home does not consent any more, by lane.
    pub withheld: [u64; 3],
    /// Readings of those that were for the readings topic.
    pub withheld_readings: u64,
}
