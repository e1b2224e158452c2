//! `[kafka]`: where records go and how.

use std::{collections::BTreeMap, path::Path, time::Duration};

use toml::de::DeValue;

use super::{
    Environment,
    document::{Mistake, Section, nearest},
    form::{Form, FormKind},
    kafka_security::read_security,
    librdkafka,
    secret::{Lines, SecretFiles},
    setting::{Setting, Size, quoted, quoted_list},
};
use crate::kafka::{
    Compression, Connection, Credential, Security,
    property::{self, Verdict},
};

/// `[kafka]`.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// `host:port` of some brokers of the cluster, at least one.
    pub brokers: Vec<String>,
    /// Name of the producer in the brokers' logs and quotas. Default `trygg`.
    pub client_id: String,
    /// Compression of what is sent. Default `lz4`.
    pub compression: Compression,
    /// How long librdkafka waits for company of a record. Default: 5 ms, fitted to the smallest
    /// window; 0 to 1 s.
    pub linger: Option<Duration>,
    /// Make missing topics at start instead of refusing to start. Default false.
    pub create_topics: bool,
    /// Partitions of topics made by trygg. Default 4, 1 to 10 000. A later change breaks order.
    pub partitions: i32,
    /// Replication of topics made by trygg. Default 1, 1 to 32.
    pub replication: i32,
    /// Names of the topics.
    pub topics: TopicSettings,
    /// Bytes of an original payload that a dead letter keeps. Default 256 KiB, 4 KiB to 900 KiB.
    pub dead_letter_max_bytes: Size,
    /// TLS and login. Default: none.
    pub security: Security,
    /// Passed to librdkafka as it stands.
    pub librdkafka: BTreeMap<String, String>,
    /// Passed to librdkafka too, but read from files and never shown.
    pub secrets: BTreeMap<String, Credential>,
    /// How long the start waits for the cluster's metadata. Default 10 s, 1 s to 5 min.
    pub metadata_timeout: Duration,
}

/// `[kafka.topics]`: three different topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSettings {
    /// Default `trygg.readings`.
    pub readings: String,
    /// Default `trygg.alerts`.
    pub alerts: String,
    /// Default `trygg.dead-letters`.
    pub dead_letters: String,
}

impl KafkaSettings {
    /// How the cluster is reached, for any client of it.
    pub fn connection(&self) -> Connection {
        Connection {
            brokers: self.brokers.join(","),
            client_id: self.client_id.clone(),
            security: self.security.clone(),
            librdkafka: self.librdkafka.clone(),
            secrets: self.secrets.clone(),
        }
    }

    pub(super) fn read(
        mut section: Section<'_>,
        files: &SecretFiles<'_>,
        environment: Environment,
    ) -> Self {
        let second = Duration::from_secs(1);
        let mut settings = Self {
            brokers: section.demand::<Brokers>("brokers").unwrap_or_default().0,
            client_id: section.get_or("client_id", "trygg".to_owned()),
            compression: section.get_or("compression", Compression::Lz4),
            linger: section.get_within("linger", &(Duration::ZERO..=second)),
            create_topics: section.get_or("create_topics", false),
            partitions: section.within("partitions", 4, &(1..=10_000)),
            replication: section.within("replication", 1, &(1..=32)),
            topics: TopicSettings::read(section.section("topics")),
            dead_letter_max_bytes: section.within(
                "dead_letter_max_bytes",
                Size::kib(256),
                &(Size::kib(4)..=Size::kib(900)),
            ),
            security: read_security(&mut section, files, environment),
            librdkafka: BTreeMap::new(),
            secrets: BTreeMap::new(),
            metadata_timeout: section.within(
                "metadata_timeout",
                second * 10,
                &(second..=second * 300),
            ),
        };
        let typed = section.has("tls") || section.has("sasl");
        settings.librdkafka = read_librdkafka(section.section("librdkafka"), typed);
        settings.secrets = read_secrets(section.section("secret_files"), files, typed);
        section.finish();
        settings
    }
}

impl TopicSettings {
    fn read(mut section: Section<'_>) -> Self {
        let mut name = |key, default: &str| section.get_or(key, TopicName(default.to_owned())).0;
        let readings = name("readings", "trygg.readings");
        let alerts = name("alerts", "trygg.alerts");
        let dead_letters = name("dead_letters", "trygg.dead-letters");
        let fix = "give each of the three topics a name of its own";
        if alerts == readings {
            section.refuse_found("alerts", Mistake::new("another name than readings", fix));
        }
        if dead_letters == readings || dead_letters == alerts {
            let expected = "another name than readings and alerts";
            section.refuse_found("dead_letters", Mistake::new(expected, fix));
        }
        section.finish();
        Self { readings, alerts, dead_letters }
    }
}

/// `typed`: is there a `[kafka.tls]` or `[kafka.sasl]` that says the same?
fn read_librdkafka(mut section: Section<'_>, typed: bool) -> BTreeMap<String, String> {
    let mut passed = BTreeMap::new();
    for (key, text, spot) in section.texts() {
        // Nothing here is quoted: a secret may have been written into the wrong place.
        let refusal = librdkafka::refusal(&key).map(librdkafka::Refusal::into_mistake);
        let refusal = refusal
            .or_else(|| librdkafka::refusal_of_value(&key, &text))
            .or_else(|| typed.then(|| librdkafka::refusal_of_second(&key))?)
            .or_else(|| refusal_of_property(&key, &text));
        match refusal {
            None => {
                passed.insert(key, text);
            }
            Some(mistake) => section.document().refuse(&spot, &section.path(&key), mistake),
        }
    }
    passed
}

/// What librdkafka itself says of a key and its value.
fn refusal_of_property(key: &str, text: &str) -> Option<Mistake> {
    match property::judge(key, text) {
        Verdict::Taken => None,
        Verdict::Unknown => {
            let fix = "remove it, or look it up in librdkafka's CONFIGURATION.md";
            let nearest = nearest(key, librdkafka::USUAL);
            Some(Mistake::new("a key librdkafka knows", fix).or_nearest(nearest))
        }
        Verdict::Refused => {
            let fix = "look up its range in librdkafka's CONFIGURATION.md";
            Some(Mistake::new("a value librdkafka takes for this key", fix))
        }
    }
}

fn read_secrets(
    mut section: Section<'_>,
    files: &SecretFiles<'_>,
    typed: bool,
) -> BTreeMap<String, Credential> {
    let mut secrets = BTreeMap::new();
    for (key, file, spot) in section.texts() {
        let second = typed.then(|| librdkafka::refusal_of_second(&key)).flatten();
        let mistake = if let Some(mistake) = second {
            mistake
        } else if librdkafka::is_secret(&key) {
            let lines = key.strip_suffix(".pem").map_or(Lines::One, |_| Lines::Several);
            match files.credential(Path::new(&file), lines) {
                Ok(secret) => {
                    secrets.insert(key, secret);
                    continue;
                }
                Err(error) => error.into_mistake(),
            }
        } else {
            Mistake::new("a librdkafka key that holds a secret", "move it to [kafka.librdkafka]")
        };
        section.document().refuse(&spot, &section.path(&key), mistake);
    }
    secrets
}

#[derive(Default)]
struct Brokers(Vec<String>);

impl Setting for Brokers {
    const EXPECTED: &'static str = "a list of host:port";
    const EXAMPLE: &'static str = "[\"127.0.0.1:9092\"]";
    const FORM: Form = Form::of(FormKind::Texts);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let list = value.as_array()?;
        let broker = |text: &str| {
            let (host, port) = text.rsplit_once(':')?;
            let fits = !host.is_empty() && !host.contains([',', ' ', '/']);
            (fits && port.parse::<u16>().is_ok_and(|port| port > 0)).then(|| text.to_owned())
        };
        let brokers: Option<Vec<_>> =
            list.iter().map(|entry| broker(entry.get_ref().as_str()?)).collect();
        brokers.filter(|brokers| !brokers.is_empty()).map(Self)
    }

    fn show(&self) -> String {
        quoted_list(&self.0)
    }
}

/// A name Kafka accepts for a topic.
struct TopicName(String);

impl Setting for TopicName {
    const EXPECTED: &'static str = "a topic name (1 to 249 of letters, digits, . _ -)";
    const EXAMPLE: &'static str = "\"trygg.readings\"";
    const FORM: Form = Form::like("^[A-Za-z0-9._-]{1,249}$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let name = value.as_str()?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=249).contains(&name.len()) && name.bytes().all(allowed);
        (fits && name != "." && name != "..").then(|| Self(name.to_owned()))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

impl Setting for Compression {
    const EXPECTED: &'static str = "\"lz4\", \"zstd\" or \"none\"";
    const EXAMPLE: &'static str = "\"lz4\"";
    const FORM: Form = Form::words(&["lz4", "zstd", "none"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "lz4" => Some(Self::Lz4),
            "zstd" => Some(Self::Zstd),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.label())
    }
}
