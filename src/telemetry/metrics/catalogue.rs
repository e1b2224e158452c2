//! The table of metrics. docs/metrics.md is held to it by a test.

use Kind::{Counter, Gauge, Histogram};

mod formats;
mod registry;
mod repeats;
mod spool;

pub use formats::*;
pub use registry::*;
pub use repeats::*;
pub use spool::*;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Bucketed; inclusive upper bounds in microseconds.
    Histogram(&'static [u64]),
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Full name; the unit is in it.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// Help text.
    pub help: &'static str,
    /// Label names.
    pub labels: &'static [&'static str],
}

const SECOND: u64 = 1_000_000;

/// Receive to proof: 1 ms to 5 min.
pub const LATENCY: &[u64] = &[
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
    5 * SECOND,
    15 * SECOND,
    60 * SECOND,
    300 * SECOND,
];

/// Device time to receive: 100 ms to a day.
pub const LAG: &[u64] = &[
    100_000,
    500_000,
    SECOND,
    5 * SECOND,
    15 * SECOND,
    60 * SECOND,
    300 * SECOND,
    900 * SECOND,
    3_600 * SECOND,
    86_400 * SECOND,
];

/// PUBLISH packets taken from the socket.
pub const MESSAGES_RECEIVED: Metric = Metric {
    name: "trygg_messages_received_total",
    kind: Counter,
    help: "PUBLISH packets taken from the socket",
    labels: &["link", "qos"],
};

/// Messages acknowledged to the broker; QoS 0: confirmed by Kafka.
pub const MESSAGES_SETTLED: Metric = Metric {
    name: "trygg_messages_settled_total",
    kind: Counter,
    help: "Messages acknowledged to the broker; QoS 0: confirmed by Kafka",
    labels: &["link", "qos"],
};

/// QoS 0 messages put aside because the window or the byte limit was used up.
pub const MESSAGES_SHED: Metric = Metric {
    name: "trygg_messages_shed_total",
    kind: Counter,
    help: "QoS 0 messages put aside because the window or the byte limit was used up",
    labels: &["link", "qos"],
};

/// Messages whose acknowledgement token was dropped; the broker delivers them again.
pub const MESSAGES_ABANDONED: Metric = Metric {
    name: "trygg_messages_abandoned_total",
    kind: Counter,
    help: "Messages whose acknowledgement token was dropped; the broker delivers them again",
    labels: &["link", "qos"],
};

/// Messages whose connection ended before their acknowledgement; the broker delivers them again.
pub const MESSAGES_ORPHANED: Metric = Metric {
    name: "trygg_messages_orphaned_total",
    kind: Counter,
    help: "Messages whose connection ended before their acknowledgement; the broker delivers them again",
    labels: &["link", "qos"],
};

/// Messages received and neither settled nor given up.
pub const MESSAGES_IN_FLIGHT: Metric = Metric {
    name: "trygg_messages_in_flight",
    kind: Gauge,
    help: "Messages received and neither settled nor given up",
    labels: &["link", "qos"],
};

/// Bytes of the received PUBLISH packets.
pub const MESSAGE_BYTES_RECEIVED: Metric = Metric {
    name: "trygg_message_bytes_received_total",
    kind: Counter,
    help: "Bytes of the received PUBLISH packets",
    labels: &["link"],
};

/// Messages that became a dead letter.
pub const MESSAGES_REJECTED: Metric = Metric {
    name: "trygg_messages_rejected_total",
    kind: Counter,
    help: "Messages that became a dead letter",
    labels: &["link", "reason"],
};

/// Readings found in messages.
pub const READINGS_DECODED: Metric = Metric {
    name: "trygg_readings_decoded_total",
    kind: Counter,
    help: "Readings found in messages",
    labels: &["link"],
};

/// Readings confirmed by Kafka in every topic they go to.
pub const READINGS_DELIVERED: Metric = Metric {
    name: "trygg_readings_delivered_total",
    kind: Counter,
    help: "Readings confirmed by Kafka in every topic they go to",
    labels: &["link"],
};

/// Readings acknowledged because the spool has them.
pub const READINGS_SPOOLED: Metric = Metric {
    name: "trygg_readings_spooled_total",
    kind: Counter,
    help: "Readings acknowledged because the spool has them",
    labels: &["link"],
};

/// Readings refused, their dead letter confirmed by Kafka.
pub const READINGS_DEAD_LETTERED: Metric = Metric {
    name: "trygg_readings_dead_lettered_total",
    kind: Counter,
    help: "Readings refused, their dead letter confirmed by Kafka",
    labels: &["link"],
};

/// Readings given up with their abandoned message.
pub const READINGS_UNDELIVERED: Metric = Metric {
    name: "trygg_readings_undelivered_total",
    kind: Counter,
    help: "Readings given up with their abandoned message",
    labels: &["link"],
};

/// Readings of messages in flight.
pub const READINGS_IN_FLIGHT: Metric = Metric {
    name: "trygg_readings_in_flight",
    kind: Gauge,
    help: "Readings of messages in flight",
    labels: &["link"],
};

/// Readings refused, by reason.
pub const READINGS_REFUSED: Metric = Metric {
    name: "trygg_readings_refused_total",
    kind: Counter,
    help: "Readings refused, by reason",
    labels: &["link", "reason"],
};

/// Messages and readings the ledger cannot account for: anything but 0 is a bug of trygg.
pub const LEDGER_IMBALANCE: Metric = Metric {
    name: "trygg_ledger_imbalance",
    kind: Gauge,
    help: "Messages and readings the ledger cannot account for: anything but 0 is a bug of trygg",
    labels: &["link"],
};

/// Urgent readings sent to the alerts topic.
pub const ALERTS_PRODUCED: Metric = Metric {
    name: "trygg_alerts_produced_total",
    kind: Counter,
    help: "Urgent readings sent to the alerts topic",
    labels: &["link"],
};

/// Batches closed, by reason.
pub const BATCHES_FLUSHED: Metric = Metric {
    name: "trygg_batches_flushed_total",
    kind: Counter,
    help: "Batches closed, by reason",
    labels: &["link", "reason"],
};

/// Readings in closed batches.
pub const BATCHED_READINGS: Metric = Metric {
    name: "trygg_batched_readings_total",
    kind: Counter,
    help: "Readings in closed batches",
    labels: &["link"],
};

/// Kafka records confirmed by all in-sync replicas.
pub const RECORDS_DELIVERED: Metric = Metric {
    name: "trygg_records_delivered_total",
    kind: Counter,
    help: "Kafka records confirmed by all in-sync replicas",
    labels: &["link", "lane"],
};

/// Bytes of those records before compression.
pub const RECORD_BYTES_DELIVERED: Metric = Metric {
    name: "trygg_record_bytes_delivered_total",
    kind: Counter,
    help: "Bytes of those records before compression",
    labels: &["link", "lane"],
};

/// Failed delivery reports: record (tried again singly), world (tried again slowly), unknown (sent again in order).
pub const RECORDS_FAILED: Metric = Metric {
    name: "trygg_records_failed_total",
    kind: Counter,
    help: "Failed delivery reports: record (tried again singly), world (tried again slowly), unknown (sent again in order)",
    labels: &["link", "class"],
};

/// Records sent singly to tell poison from its neighbours.
pub const RECORDS_RETRIED_SINGLY: Metric = Metric {
    name: "trygg_records_retried_singly_total",
    kind: Counter,
    help: "Records sent singly to tell poison from its neighbours",
    labels: &["link"],
};

/// Records handed over and not yet confirmed.
pub const RECORDS_LIVE: Metric = Metric {
    name: "trygg_records_live",
    kind: Gauge,
    help: "Records handed over and not yet confirmed",
    labels: &["link"],
};

/// Bytes of those records.
pub const RECORD_BYTES_LIVE: Metric = Metric {
    name: "trygg_record_bytes_live",
    kind: Gauge,
    help: "Bytes of those records",
    labels: &["link"],
};

/// Receive maximum told to the broker: most QoS 1 messages in flight.
pub const WINDOW_LIMIT: Metric = Metric {
    name: "trygg_window_limit",
    kind: Gauge,
    help: "Receive maximum told to the broker: most QoS 1 messages in flight",
    labels: &["link"],
};

/// Bytes of messages in flight.
pub const OUTSTANDING_BYTES: Metric = Metric {
    name: "trygg_outstanding_bytes",
    kind: Gauge,
    help: "Bytes of messages in flight",
    labels: &["link"],
};

/// Limit of those bytes: above it the link stops reading.
pub const OUTSTANDING_BYTES_LIMIT: Metric = Metric {
    name: "trygg_outstanding_bytes_limit",
    kind: Gauge,
    help: "Limit of those bytes: above it the link stops reading",
    labels: &["link"],
};

/// Age of the oldest unacknowledged message; 0 without one.
pub const OLDEST_UNACKNOWLEDGED: Metric = Metric {
    name: "trygg_oldest_unacknowledged_seconds",
    kind: Gauge,
    help: "Age of the oldest unacknowledged message; 0 without one",
    labels: &["link"],
};

/// 1 while connected with every subscription granted.
pub const LINK_CONNECTED: Metric = Metric {
    name: "trygg_link_connected",
    kind: Gauge,
    help: "1 while connected with every subscription granted",
    labels: &["link"],
};

/// Partitions whose records go through the spool.
pub const LINK_PARTITIONS_SPOOLING: Metric = Metric {
    name: "trygg_link_partitions_spooling",
    kind: Gauge,
    help: "Partitions whose records go through the spool",
    labels: &["link"],
};

/// Connections that ended or failed, by reason.
pub const LINK_RECONNECTS: Metric = Metric {
    name: "trygg_link_reconnects_total",
    kind: Counter,
    help: "Connections that ended or failed, by reason",
    labels: &["link", "reason"],
};

/// Times the broker had lost this process's session: what it held in it is gone.
pub const LINK_SESSION_LOST: Metric = Metric {
    name: "trygg_link_session_lost_total",
    kind: Counter,
    help: "Times the broker had lost this process's session: what it held in it is gone",
    labels: &["link"],
};

/// Redelivered messages recognised, so that their event id was kept.
pub const REDELIVERIES_RECOGNISED: Metric = Metric {
    name: "trygg_redeliveries_recognised_total",
    kind: Counter,
    help: "Redelivered messages recognised, so that their event id was kept",
    labels: &["link"],
};

/// Messages the broker says it has discarded since its start ($SYS, whole broker).
pub const BROKER_DROPPED: Metric = Metric {
    name: "trygg_broker_messages_dropped",
    kind: Gauge,
    help: "Messages the broker says it has discarded since its start ($SYS, whole broker)",
    labels: &["link"],
};

/// From receiving a message to holding every proof for it.
pub const ACKNOWLEDGE: Metric = Metric {
    name: "trygg_acknowledge_seconds",
    kind: Histogram(LATENCY),
    help: "From receiving a message to holding every proof for it",
    labels: &["link"],
};

/// From device time to receiving; messages with a plausible device time only.
pub const DEVICE_LAG: Metric = Metric {
    name: "trygg_device_to_receive_seconds",
    kind: Histogram(LAG),
    help: "From device time to receiving; messages with a plausible device time only",
    labels: &["link"],
};

/// Records inside librdkafka.
pub const KAFKA_QUEUE_RECORDS: Metric = Metric {
    name: "trygg_kafka_queue_records",
    kind: Gauge,
    help: "Records inside librdkafka",
    labels: &[],
};

/// Bytes of the records inside librdkafka.
pub const KAFKA_QUEUE_BYTES: Metric = Metric {
    name: "trygg_kafka_queue_bytes",
    kind: Gauge,
    help: "Bytes of the records inside librdkafka",
    labels: &[],
};

/// Brokers with an established connection.
pub const KAFKA_BROKERS_UP: Metric = Metric {
    name: "trygg_kafka_brokers_up",
    kind: Gauge,
    help: "Brokers with an established connection",
    labels: &[],
};

/// Produce requests sent again, of the present producer.
pub const KAFKA_REQUEST_RETRIES: Metric = Metric {
    name: "trygg_kafka_request_retries",
    kind: Gauge,
    help: "Produce requests sent again, of the present producer",
    labels: &[],
};

/// Requests that timed out, of the present producer.
pub const KAFKA_REQUEST_TIMEOUTS: Metric = Metric {
    name: "trygg_kafka_request_timeouts",
    kind: Gauge,
    help: "Requests that timed out, of the present producer",
    labels: &[],
};

/// Transmission errors, of the present producer.
pub const KAFKA_TRANSMIT_ERRORS: Metric = Metric {
    name: "trygg_kafka_transmit_errors",
    kind: Gauge,
    help: "Transmission errors, of the present producer",
    labels: &[],
};

/// Slowest broker's 99th percentile round trip.
pub const KAFKA_ROUND_TRIP: Metric = Metric {
    name: "trygg_kafka_round_trip_p99_seconds",
    kind: Gauge,
    help: "Slowest broker's 99th percentile round trip",
    labels: &[],
};

/// Producers replaced after a fatal error.
pub const KAFKA_REBUILDS: Metric = Metric {
    name: "trygg_kafka_producer_rebuilds_total",
    kind: Counter,
    help: "Producers replaced after a fatal error",
    labels: &[],
};

/// Always 1; the build is in the labels.
pub const BUILD_INFO: Metric = Metric {
    name: "trygg_build_info",
    kind: Gauge,
    help: "Always 1; the build is in the labels",
    labels: &["version", "commit"],
};

/// Every metric.
pub const CATALOGUE: &[Metric] = &[
    MESSAGES_RECEIVED,
    MESSAGES_SETTLED,
    MESSAGES_SHED,
    MESSAGES_ABANDONED,
    MESSAGES_ORPHANED,
    MESSAGES_IN_FLIGHT,
    MESSAGE_BYTES_RECEIVED,
    MESSAGES_REJECTED,
    NON_READINGS,
    READINGS_DECODED,
    READINGS_DELIVERED,
    READINGS_SPOOLED,
    READINGS_DEAD_LETTERED,
    READINGS_DISCARDED,
    READINGS_REPEATED,
    REPEATS_BYTES,
    REPEATS_FORGOTTEN,
    READINGS_UNDELIVERED,
    READINGS_IN_FLIGHT,
    READINGS_REFUSED,
    LEDGER_IMBALANCE,
    UNKNOWN_KEYS,
    MESSAGES_MISSED,
    REQUESTS,
    FORMAT_MEMORY_ENTRIES,
    FORMAT_MEMORY_BYTES,
    FORMAT_MEMORY_FORGOTTEN,
    ALERTS_PRODUCED,
    BATCHES_FLUSHED,
    BATCHED_READINGS,
    RECORDS_DELIVERED,
    RECORD_BYTES_DELIVERED,
    RECORDS_FAILED,
    RECORDS_RETRIED_SINGLY,
    RECORDS_LIVE,
    RECORD_BYTES_LIVE,
    WINDOW_LIMIT,
    OUTSTANDING_BYTES,
    OUTSTANDING_BYTES_LIMIT,
    OLDEST_UNACKNOWLEDGED,
    LINK_CONNECTED,
    LINK_PARTITIONS_SPOOLING,
    LINK_RECONNECTS,
    LINK_SESSION_LOST,
    REDELIVERIES_RECOGNISED,
    BROKER_DROPPED,
    ACKNOWLEDGE,
    DEVICE_LAG,
    KAFKA_QUEUE_RECORDS,
    KAFKA_QUEUE_BYTES,
    KAFKA_BROKERS_UP,
    KAFKA_REQUEST_RETRIES,
    KAFKA_REQUEST_TIMEOUTS,
    KAFKA_TRANSMIT_ERRORS,
    KAFKA_ROUND_TRIP,
    KAFKA_REBUILDS,
    SPOOL_BYTES,
    SPOOL_LIMIT_BYTES,
    SPOOL_RECORDS,
    SPOOL_OLDEST_AGE,
    SPOOL_TIME_TO_FULL,
    SPOOL_STATE,
    SPOOL_APPENDED,
    SPOOL_APPENDED_BYTES,
    SPOOL_RECOVERED,
    SPOOL_DELIVERED,
    SPOOL_DAMAGED,
    SPOOL_DRAINED,
    SPOOL_DRAINED_BYTES,
    SPOOL_WITHHELD_GROUPS,
    SPOOL_QUARANTINED,
    SPOOL_FSYNC,
    SPOOL_BOOKKEEPING_ERROR,
    REGISTRY_RELOADS,
    REGISTRY_DEVICES,
    REGISTRY_HOMES,
    REGISTRY_BYTES,
    REGISTRY_LAST_SUCCESS,
    READINGS_WITHOUT_CONSENT,
    RECORDS_WITHHELD,
    BUILD_INFO,
];
