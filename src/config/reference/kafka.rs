//! What `[kafka]` is for.

use super::{Entry, why};

pub(super) const ENTRIES: &[Entry] = &[
    why("kafka", "Where records go, and how."),
    why("kafka.brokers", "Some brokers of the cluster; the others are learned from them.")
        .range("list of `host:port`"),
    why("kafka.client_id", "Name in the brokers' logs and quotas."),
    why("kafka.compression", "`zstd` is smaller and costs more CPU."),
    why("kafka.linger", "How long librdkafka waits to fill a request.")
        .default("5ms; 1ms if a link's window is 1 000 or less"),
    why(
        "kafka.create_topics",
        "`true` makes missing topics at start; otherwise a missing topic ends the start with \
         the command that makes it.",
    ),
    why(
        "kafka.partitions",
        "Of topics trygg makes. As few as the consumers need: each costs CPU, and a later \
         change breaks the order of homes.",
    ),
    why(
        "kafka.replication",
        "Of topics trygg makes. Use 3 in production, with `min.insync.replicas` 2: \"stored\" \
         means what the topic makes of it.",
    ),
    why(
        "kafka.dead_letter_max_bytes",
        "How much of an unusable payload is kept. Must stay below what the topic takes.",
    ),
    why("kafka.metadata_timeout", "How long the start waits to hear from the cluster."),
    why(
        "kafka.librdkafka",
        "Settings passed to librdkafka as they stand. Keys with dots are quoted. What carries a \
         promise of trygg is refused by name.",
    ),
    why(
        "kafka.secret_files",
        "librdkafka settings that are secrets, each with the file it is read from.",
    ),
    why("kafka.topics", "Three different topics; all are checked at start."),
    why("kafka.topics.readings", "Batches of readings, keyed by home.").range("topic name"),
    why("kafka.topics.alerts", "A copy of each urgent reading, sent at once.").range("topic name"),
    why(
        "kafka.topics.dead_letters",
        "What could not be used, with the reason and the bytes. Give it a short retention: it \
         may hold anything.",
    )
    .range("topic name"),
];
