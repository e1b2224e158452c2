//! What the sections about the process and its readings are for.

use super::{Entry, why};

pub(super) const ENTRIES: &[Entry] = &[
    why("engine", "The process as a whole."),
    why("engine.tenant", "Tenant written for homes the registry does not know."),
    why(
        "engine.shutdown_deadline",
        "After a signal: how long reports are waited for. What is unacknowledged then stays \
         with the broker and comes again. Keep it below the grace period of whatever stops the \
         process.",
    ),
    why(
        "batch",
        "Readings of one home travel in one Kafka record. A batch leaves when any of these is \
         reached, and also when the window is full, when the link falls idle, and at once with \
         an urgent reading.",
    ),
    why("batch.max_readings", "`1` gives one reading a record, at the price of more records."),
    why("batch.max_bytes", "Must stay below what the topic takes (Kafka's default is 1 MiB)."),
    why(
        "batch.linger",
        "How long a reading waits for company. Longer means fewer, larger records and later \
         delivery.",
    ),
    why(
        "clock",
        "Device clocks lie; trygg keeps what they say, adds its own time and flags what is odd.",
    ),
    why(
        "clock.future_tolerance",
        "Device time further ahead than this is flagged `clock_in_future`.",
    ),
    why("clock.late_after", "A reading older than this at reception is flagged `late`."),
    why(
        "repeats",
        "A device that says an unchanged value again, and the same message that came by several \
         ways, as an advertisement that two gateways heard. Only what is stored for certain counts \
         as said; alarms, events and series never count as repeats.",
    ),
    why(
        "repeats.policy",
        "What happens to a repeat, beside that it is counted. `mark`: it is stored with the flag \
         `REPEATED`. `discard`: it is acknowledged and not stored, but for one a heartbeat. `off`: \
         nothing.",
    ),
    why(
        "repeats.heartbeat",
        "With `discard`, a value that stays is stored at least so often, flagged, as long as its \
         device says it.",
    ),
    why(
        "repeats.duplicate_within",
        "The same values of one device by another way within this time are one message: the later \
         copy is discarded and counted, whatever the policy. `\"0s\"` stores every copy.",
    ),
    why(
        "repeats.budget",
        "Memory of each link for it, at most 64 bytes for each kind of a device. When it is used \
         up, the devices that were silent for the longest time are forgotten: their next values \
         count as new.",
    ),
    why("registry", "Which device stands where."),
    why(
        "registry.file",
        "The [list of devices](registry.md): which one stands where, and what its home \
         consents to. Looked at every second.",
    )
    .range("`.csv` or `.toml`"),
    why(
        "registry.unknown",
        "Devices the file does not name. `accept`: taken in under the captured home (without \
         one: dead letter `no_home`). `discard`: counted and acknowledged; urgent readings are \
         taken in nevertheless, under a home that stands for the link if none was captured.",
    ),
    why("identity", "The key of the pseudonyms. Exactly one of the two."),
    why(
        "identity.key_file",
        "Key of the hashes that stand for homes and devices outside the registry (HMAC-SHA-256, \
         first 16 bytes). Whoever has it can find out which name a hash stands for; with another \
         key every hash changes. Use one key for all processes that write to the same topics.",
    )
    .default("required, or `clear_names`")
    .range(
        "file of mode 0600: 64 or more hexadecimal digits, or at least 32 bytes taken as they \
         are",
    ),
    why("identity.clear_names", "Names as they are. For test beds."),
    why("admin", "Metrics and health."),
    why(
        "admin.listen",
        "`/metrics`, `/livez`, `/readyz`, `/startupz`. There is no login and nothing about \
         persons; still keep it to this machine or a closed network.",
    )
    .range("address and port"),
    why("log", "Lines on stderr."),
    why("log.format", "Lines on stderr, for people or for machines."),
    why("log.level", "No level shows payloads, topics or names of devices.").range(
        "`error`, `warn`, `info`, `debug`, `trace`, or pairs such as `info,trygg::mqtt=debug`",
    ),
];
