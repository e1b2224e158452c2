//! The list of devices.

use super::{
    Kind::{Counter, Gauge},
    Metric,
};

/// Times the list of devices was read again: loaded, or refused for its mistakes.
pub const REGISTRY_RELOADS: Metric = Metric {
    name: "trygg_registry_reloads_total",
    kind: Counter,
    help: "Times the list of devices was read again: loaded, or refused for its mistakes",
    labels: &["outcome"],
};

/// Lines of the list in force that name one device each.
pub const REGISTRY_DEVICES: Metric = Metric {
    name: "trygg_registry_devices",
    kind: Gauge,
    help: "Lines of the list in force that name one device each",
    labels: &[],
};

/// Homes that the list in force names.
pub const REGISTRY_HOMES: Metric = Metric {
    name: "trygg_registry_homes",
    kind: Gauge,
    help: "Homes that the list in force names",
    labels: &[],
};

/// Memory of the list in force.
pub const REGISTRY_BYTES: Metric = Metric {
    name: "trygg_registry_bytes",
    kind: Gauge,
    help: "Memory of the list in force",
    labels: &[],
};

/// When the list in force was read, in Unix seconds.
pub const REGISTRY_LAST_SUCCESS: Metric = Metric {
    name: "trygg_registry_last_success_timestamp_seconds",
    kind: Gauge,
    help: "When the list in force was read, in Unix seconds",
    labels: &[],
};

/// Readings discarded because their home does not consent to them.
pub const READINGS_WITHOUT_CONSENT: Metric = Metric {
    name: "trygg_readings_without_consent_total",
    kind: Counter,
    help: "Readings discarded because their home does not consent to them (no_consent)",
    labels: &["link"],
};

/// Records not handed to Kafka because their home consents to nothing any more.
pub const RECORDS_WITHHELD: Metric = Metric {
    name: "trygg_records_withheld_total",
    kind: Counter,
    help: "Records not handed to Kafka because their home consents to nothing any more",
    labels: &["link", "lane"],
};
