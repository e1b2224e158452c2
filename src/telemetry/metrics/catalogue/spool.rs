//! The metrics of the spool.

use super::{
    Kind::{Counter, Gauge, Histogram},
    Metric, SECOND,
};

/// One fdatasync: 100 us to 10 s.
pub const FSYNC: &[u64] = &[
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    SECOND,
    10 * SECOND,
];

/// Bytes of the spool's segments.
pub const SPOOL_BYTES: Metric = Metric {
    name: "trygg_spool_bytes",
    kind: Gauge,
    help: "Bytes of the spool's segments",
    labels: &["lane"],
};

/// Bytes the spool may take: `spool.max_bytes`.
pub const SPOOL_LIMIT_BYTES: Metric = Metric {
    name: "trygg_spool_limit_bytes",
    kind: Gauge,
    help: "Bytes the spool may take: `spool.max_bytes`",
    labels: &[],
};

/// Records in the spool that Kafka has not confirmed.
pub const SPOOL_RECORDS: Metric = Metric {
    name: "trygg_spool_records",
    kind: Gauge,
    help: "Records in the spool that Kafka has not confirmed",
    labels: &["lane"],
};

/// Age of the oldest of them by its Kafka timestamp; 0 without one.
pub const SPOOL_OLDEST_AGE: Metric = Metric {
    name: "trygg_spool_oldest_record_age_seconds",
    kind: Gauge,
    help: "Age of the oldest of them by its Kafka timestamp; 0 without one",
    labels: &["lane"],
};

/// When the spool will be full at the slope of the last minute; +Inf while it does not grow.
pub const SPOOL_TIME_TO_FULL: Metric = Metric {
    name: "trygg_spool_time_to_full_seconds",
    kind: Gauge,
    help: "When the spool will be full at the slope of the last minute; +Inf while it does not grow",
    labels: &[],
};

/// 1 for the state the spool is in, 0 for the others.
pub const SPOOL_STATE: Metric = Metric {
    name: "trygg_spool_state",
    kind: Gauge,
    help: "1 for the state the spool is in, 0 for the others",
    labels: &["state"],
};

/// Records written to the spool since the start.
pub const SPOOL_APPENDED: Metric = Metric {
    name: "trygg_spool_appended_records_total",
    kind: Counter,
    help: "Records written to the spool since the start",
    labels: &[],
};

/// Bytes of those records with their frames.
pub const SPOOL_APPENDED_BYTES: Metric = Metric {
    name: "trygg_spool_appended_bytes_total",
    kind: Counter,
    help: "Bytes of those records with their frames",
    labels: &[],
};

/// Records found in the spool at the start.
pub const SPOOL_RECOVERED: Metric = Metric {
    name: "trygg_spool_recovered_records_total",
    kind: Counter,
    help: "Records found in the spool at the start",
    labels: &[],
};

/// Records of the spool that Kafka has confirmed.
pub const SPOOL_DELIVERED: Metric = Metric {
    name: "trygg_spool_delivered_records_total",
    kind: Counter,
    help: "Records of the spool that Kafka has confirmed",
    labels: &[],
};

/// Records of the spool that could not be read: their bytes are in quarantine.
pub const SPOOL_DAMAGED: Metric = Metric {
    name: "trygg_spool_damaged_records_total",
    kind: Counter,
    help: "Records of the spool that could not be read: their bytes are in quarantine",
    labels: &[],
};

/// Records read back from the spool: its rate is the rate of draining.
pub const SPOOL_DRAINED: Metric = Metric {
    name: "trygg_spool_drained_records_total",
    kind: Counter,
    help: "Records read back from the spool: its rate is the rate of draining",
    labels: &[],
};

/// Bytes of those records with their frames.
pub const SPOOL_DRAINED_BYTES: Metric = Metric {
    name: "trygg_spool_drained_bytes_total",
    kind: Counter,
    help: "Bytes of those records with their frames",
    labels: &[],
};

/// Groups that are written and not yet safe because the disk refused: nothing is acknowledged for them.
pub const SPOOL_WITHHELD_GROUPS: Metric = Metric {
    name: "trygg_spool_withheld_groups",
    kind: Gauge,
    help: "Groups that are written and not yet safe because the disk refused: nothing is acknowledged for them",
    labels: &[],
};

/// Bytes in the spool's `quarantine/`.
pub const SPOOL_QUARANTINED: Metric = Metric {
    name: "trygg_spool_quarantined_bytes",
    kind: Gauge,
    help: "Bytes that were set aside as damaged, in the spool's `quarantine/`",
    labels: &[],
};

/// One fdatasync of a log of the spool.
pub const SPOOL_FSYNC: Metric = Metric {
    name: "trygg_spool_fsync_seconds",
    kind: Histogram(FSYNC),
    help: "One fdatasync of a log of the spool",
    labels: &[],
};

/// Records the spool's books cannot account for: anything but 0 is a bug of trygg.
pub const SPOOL_BOOKKEEPING_ERROR: Metric = Metric {
    name: "trygg_spool_bookkeeping_error_records",
    kind: Gauge,
    help: "Records the spool's books cannot account for: anything but 0 is a bug of trygg",
    labels: &[],
};
