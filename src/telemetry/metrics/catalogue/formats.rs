//! What formats say, remember and miss.

use super::{
    Kind::{Counter, Gauge},
    Metric,
};

/// Messages that did not come, by their senders' own counts.
pub const MESSAGES_MISSED: Metric = Metric {
    name: "trygg_messages_missed_total",
    kind: Counter,
    help: "Messages that did not come, by their senders' own counts",
    labels: &["link"],
};

/// Requests to senders, by purpose and outcome: sent, discarded.
pub const REQUESTS: Metric = Metric {
    name: "trygg_requests_total",
    kind: Counter,
    help: "Requests to senders, by purpose and outcome: sent, discarded",
    labels: &["link", "purpose", "outcome"],
};

/// Entries in what formats remember between messages.
pub const FORMAT_MEMORY_ENTRIES: Metric = Metric {
    name: "trygg_format_memory_entries",
    kind: Gauge,
    help: "Entries in what formats remember between messages",
    labels: &["link"],
};

/// Bytes of what formats remember between messages.
pub const FORMAT_MEMORY_BYTES: Metric = Metric {
    name: "trygg_format_memory_bytes",
    kind: Gauge,
    help: "Bytes of what formats remember between messages",
    labels: &["link"],
};

/// Entries of that memory that had to go for newer ones, or that had no room.
pub const FORMAT_MEMORY_FORGOTTEN: Metric = Metric {
    name: "trygg_format_memory_forgotten_total",
    kind: Counter,
    help: "Entries of that memory that had to go for newer ones, or that had no room",
    labels: &["link"],
};

/// Keys in payloads that no decoder knows.
pub const UNKNOWN_KEYS: Metric = Metric {
    name: "trygg_unknown_keys_total",
    kind: Counter,
    help: "Keys in payloads that no decoder knows",
    labels: &["link"],
};

/// Messages understood to hold no measurement, acknowledged without being stored.
pub const NON_READINGS: Metric = Metric {
    name: "trygg_messages_without_reading_total",
    kind: Counter,
    help: "Messages understood to hold no measurement, acknowledged without being stored",
    labels: &["link", "reason"],
};
