//! What `[spool]` is for.

use super::{Entry, why};

pub(super) const ENTRIES: &[Entry] = &[
    why("spool", "What the disk keeps while Kafka is away."),
    why(
        "spool.ack",
        "What a message is acknowledged for. `auto`: for Kafka's report while Kafka keeps up, and \
         for the spool's fsync where it does not; the disk is idle as long as Kafka is well. \
         `kafka`: for Kafka's report alone; there is no spool, and the broker holds what Kafka \
         does not take. `spool`: everything goes through the spool.",
    ),
    why(
        "spool.directory",
        "Where it lies: a local disk of its own user, never a network share. One process at a \
         time; made at start when its parent is there.",
    )
    .range("folder"),
    why(
        "spool.max_bytes",
        "How much the spool may take, urgent readings' reserve included. When it is full, \
         messages stay with the broker. [How much an outage needs](operating.md#kafka-is-down).",
    )
    .also("at least ten times `kafka.dead_letter_max_bytes` and 8KiB"),
    why(
        "spool.keep_free",
        "How much of its filesystem stays free for others: the spool counts as full before.",
    ),
    why(
        "spool.after",
        "How long Kafka may owe the report of a record before its partition goes to the disk. \
         Shorter spools sooner and answers brokers sooner; longer leaves short pauses of Kafka to \
         memory.",
    )
    .also("below every link's `max_age`, at least four times `batch.linger`"),
];
