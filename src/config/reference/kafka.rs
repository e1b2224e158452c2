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
        "kafka.tls",
        "The presence of this section switches TLS on, even when it is empty. The brokers' \
         certificates and names are always checked.",
    ),
    why(
        "kafka.tls.ca_file",
        "Who signed the brokers' certificates. Without it the system's list of authorities is \
         taken.",
    )
    .range("PEM file"),
    why(
        "kafka.tls.certificate_file",
        "trygg's own certificate with its intermediates, where the brokers ask for one (mutual \
         TLS).",
    )
    .range("PEM file"),
    why(
        "kafka.tls.key_file",
        "Its private key. Encrypted: give `ssl.key.password` in `[kafka.secret_files]`.",
    )
    .range("PEM file of mode 0600 or 0400"),
    why("kafka.sasl", "The presence of this section switches a login on."),
    why(
        "kafka.sasl.mechanism",
        "One that the brokers' listener has enabled, and that the Kafka client in this trygg was \
         built with (`trygg --version` lists what it has). Without TLS, PLAIN and OAUTHBEARER send \
         the secret in clear. SCRAM does not, but who listens can try passwords against what it \
         sends, and reads every record.",
    ),
    why("kafka.sasl.user", "Whom the brokers take trygg for.")
        .default("required, but for OAUTHBEARER"),
    why(
        "kafka.sasl.password_file",
        "The password, one line. Read again at every try of the start, and when a running trygg \
         cannot log in: another password is taken up without a restart.",
    )
    .range("file of mode 0600 or 0400"),
    why(
        "kafka.sasl.password_env",
        "Or the name of an environment variable that holds it; a change takes a restart.",
    )
    .range("variable name"),
    why(
        "kafka.sasl.token_file",
        "The token for OAUTHBEARER, one line. Read every minute: whatever writes it must renew it \
         well before it expires. trygg fetches no tokens itself: the Kafka client is built without \
         OIDC.",
    )
    .range("file of mode 0600 or 0400"),
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
