//! The metrics of what is put aside, and of values that are said again.

use super::{
    Kind::{Counter, Gauge},
    Metric,
};

/// Readings put aside by policy: unknown devices, no consent, unchanged values, copies by another way.
pub const READINGS_DISCARDED: Metric = Metric {
    name: "trygg_readings_discarded_total",
    kind: Counter,
    help: "Readings put aside by policy: unknown devices, no consent, unchanged values, copies by another way",
    labels: &["link", "reason"],
};

/// Readings that said a confirmed value again, stored or not.
pub const READINGS_REPEATED: Metric = Metric {
    name: "trygg_readings_repeated_total",
    kind: Counter,
    help: "Readings that said a confirmed value again, stored or not",
    labels: &["link"],
};

/// Bytes in which a link remembers what devices said last.
pub const REPEATS_BYTES: Metric = Metric {
    name: "trygg_repeats_bytes",
    kind: Gauge,
    help: "Bytes in which a link remembers what devices said last",
    labels: &["link"],
};

/// Devices whose last values were forgotten because the budget was used up.
pub const REPEATS_FORGOTTEN: Metric = Metric {
    name: "trygg_repeats_forgotten_devices_total",
    kind: Counter,
    help: "Devices whose last values were forgotten because the budget was used up",
    labels: &["link"],
};
