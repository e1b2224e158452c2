//! What the clients of Kafka need to know, and librdkafka's keys made from it.

use std::{collections::BTreeMap, fmt, time::Duration};

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

use super::{
    security::{Credential, Security},
    token::LoginContext,
};
use crate::model::Lane;

/// Compression of record batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// None.
    None,
    /// Cheap, good enough: the default.
    #[default]
    Lz4,
    /// When the network is the limit; about 1 us of CPU a message more.
    Zstd,
}

impl Compression {
    /// librdkafka's word for it, and ours.
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// How a cluster is reached, by producers and consumers alike.
#[derive(Clone, Default)]
pub struct Connection {
    /// `host:port`, comma separated.
    pub brokers: String,
    /// Client id shown to the brokers.
    pub client_id: String,
    /// TLS and login.
    pub security: Security,
    /// Further librdkafka keys. `config` refuses those that would break a promise; ours come last,
    /// so none of these overrides one.
    pub librdkafka: BTreeMap<String, String>,
    /// Further keys whose values are secrets.
    pub secrets: BTreeMap<String, Credential>,
}

/// Settings of the producer. Validated by `config`.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// The cluster.
    pub connection: Connection,
    /// Compression of record batches.
    pub compression: Compression,
    /// librdkafka's own linger, on top of the batch's.
    pub linger: Duration,
    /// Topic of each lane, indexed by `Lane as usize`.
    pub topics: [String; 3],
    /// Create missing topics with these, instead of refusing to start.
    pub create: Option<TopicShape>,
    /// Most records all links together may have with librdkafka.
    pub queue_records: usize,
    /// Most bytes all links together may have with librdkafka.
    pub queue_bytes: usize,
    /// Largest record we make.
    pub record_bytes: usize,
    /// How long the start waits for the brokers' metadata.
    pub metadata_timeout: Duration,
}

/// How missing topics are created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicShape {
    /// Number of partitions; fixed for good, since another number breaks order.
    pub partitions: i32,
    /// Replication factor.
    pub replication: i32,
}

/// How many records share a request. Batched is the rule; singly tells poison from its
/// neighbours, since Kafka refuses a whole batch for one bad record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// As many as fit.
    Batched,
    /// One.
    Single,
}

/// Beginnings of the keys that mean the same to every client.
const COMMON: [&str; 16] = [
    "api.version.",
    "broker.",
    "client.",
    "connections.",
    "debug",
    "enable.sasl.",
    "enable.ssl.",
    "https.",
    "log",
    "metadata.",
    "reconnect.",
    "resolve.",
    "sasl.",
    "security.",
    "socket.",
    "ssl.",
];

/// What librdkafka logs goes to our own log at `debug` and below; but at this level it also tells
/// why connections were closed.
const LOG_LEVEL: RDKafkaLogLevel = RDKafkaLogLevel::Info;

impl Connection {
    /// librdkafka's keys for any client of this cluster, the present passwords among them.
    pub fn properties(&self) -> BTreeMap<String, String> {
        let secrets = self.secrets();
        let secrets =
            secrets.map(|(key, secret)| (key.to_owned(), secret.current().as_ref().into()));
        self.open_properties().into_iter().chain(secrets).collect()
    }

    /// Those that are no secrets: nothing is read for them.
    pub(super) fn open_properties(&self) -> BTreeMap<String, String> {
        let common = |key: &&String| COMMON.iter().any(|begin| key.starts_with(begin));
        let passed = self.librdkafka.iter().filter(|(key, _)| common(key));
        let passed = passed.map(|(key, value)| (key.clone(), value.clone()));
        let own = self.security.properties().into_iter();
        let own = own.map(|(key, value)| (key.to_owned(), value)).chain([
            ("bootstrap.servers".to_owned(), self.brokers.clone()),
            ("client.id".to_owned(), self.client_id.clone()),
        ]);
        passed.chain(own).collect()
    }

    /// Secrets that are values of librdkafka's keys: all but a token.
    fn secrets(&self) -> impl Iterator<Item = (&str, &Credential)> {
        let passed = self.secrets.iter().map(|(key, secret)| (key.as_str(), secret));
        passed.chain(self.security.password())
    }

    /// Notes what the producer was made with.
    pub(super) fn set_in_use(&self, made_with: &ClientConfig) {
        for (key, secret) in self.secrets() {
            if let Some(value) = made_with.get(key) {
                secret.set_in_use(value);
            }
        }
    }

    /// The same, as a new client's configuration.
    pub fn client_config(&self) -> ClientConfig {
        let mut config: ClientConfig = self.properties().into_iter().collect();
        config.set_log_level(LOG_LEVEL);
        config
    }

    /// The context a client needs besides, for logins by token.
    pub fn context(&self) -> LoginContext {
        LoginContext { token: self.security.token().cloned() }
    }

    /// Has a password or token been replaced since the producer took it? Reads files.
    pub(super) fn has_new_credentials(&self) -> bool {
        let secrets = self.secrets().map(|(_, secret)| secret);
        secrets.chain(self.security.token()).any(Credential::has_changed)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl KafkaSettings {
    /// Topic of a lane.
    pub fn topic(&self, lane: Lane) -> &str {
        let [readings, alerts, dead_letters] = &self.topics;
        match lane {
            Lane::Readings => readings,
            Lane::Alerts => alerts,
            Lane::DeadLetters => dead_letters,
        }
    }

    pub(super) fn client_config(&self, grouping: Grouping) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(LOG_LEVEL);
        config.extend(self.connection.librdkafka.clone());
        config.extend(self.connection.properties());
        let (linger, batch) = match grouping {
            Grouping::Batched => (self.linger.as_millis(), "10000"),
            Grouping::Single => (0, "1"),
        };
        // Twice the links' own limits, so that librdkafka's queue is never the one that is full.
        let records = self.queue_records.saturating_mul(2).clamp(1_000, 10_000_000);
        let kilobytes = (self.queue_bytes.saturating_mul(2) / 1024).clamp(16 * 1024, 2_097_151);
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // Never: a record that "timed out" may have been written, and later ones overtake it.
            .set("message.timeout.ms", "0")
            .set("max.in.flight.requests.per.connection", "5")
            .set("linger.ms", linger.to_string())
            .set("batch.num.messages", batch)
            .set("batch.size", "1000000")
            .set("compression.type", self.compression.label())
            .set("queue.buffering.max.messages", records.to_string())
            .set("queue.buffering.max.kbytes", kilobytes.to_string())
            // Protocol overhead of a record is below 1 KiB.
            .set("message.max.bytes", (self.record_bytes + 1024).max(1_000_000).to_string())
            .set("allow.auto.create.topics", "false")
            .set("statistics.interval.ms", "5000")
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "2000");
        config
    }
}

/// What the Kafka client was built with, in librdkafka's words.
pub fn builtin_features() -> String {
    let config = ClientConfig::new();
    let native = config.create_native_config();
    native.and_then(|native| native.get("builtin.features")).unwrap_or_default()
}

/// Was the Kafka client built with this?
pub fn has_feature(feature: &str) -> bool {
    builtin_features().split(',').any(|built| built.trim() == feature)
}
