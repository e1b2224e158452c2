//! What the operator may not tell librdkafka, and why.

use super::{document::Mistake, kafka_security::lacking};

/// Why a librdkafka key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Why nothing may stand there.
    pub(super) reason: &'static str,
    /// What to do instead.
    pub(super) instead: &'static str,
}

impl Refusal {
    /// For the operator.
    pub(super) fn into_mistake(self) -> Mistake {
        Mistake::new(format!("nothing here: {}", self.reason), self.instead)
    }
}

/// Keys whose values are secrets.
const SECRETS: [&str; 5] = [
    "sasl.oauthbearer.client.secret",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

const SECRET: Refusal = Refusal {
    reason: "secrets do not belong in this file",
    instead: "write it to a file of mode 0600 and name that file in [kafka.secret_files]",
};

/// Keys, or beginnings of keys that end in a dot, with the reason and the remedy.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (
        &["acks", "request.required.acks"],
        "a message is acknowledged only when all in-sync replicas have it",
        "remove it; set min.insync.replicas on the topic",
    ),
    (
        &["enable.idempotence"],
        "order and single delivery hang on the idempotent producer, which is always on",
        "remove it",
    ),
    (
        &["enable.gapless.guarantee"],
        "one refused record would stop all others; trygg sends refused records singly instead",
        "remove it",
    ),
    (
        &["message.timeout.ms", "delivery.timeout.ms"],
        "a record that times out inside librdkafka would leave a gap; trygg waits for Kafka",
        "remove it; see link.max_age",
    ),
    (
        &["retries", "message.send.max.retries"],
        "a bounded number of retries turns a pause of Kafka into a failed record",
        "remove it; retry.backoff.ms may be set",
    ),
    (
        &["max.in.flight", "max.in.flight.requests.per.connection"],
        "above 5 the order within a partition is lost",
        "remove it",
    ),
    (
        &["delivery.report.only.error", "dr_cb", "dr_msg_cb"],
        "without reports of success nothing would ever be acknowledged",
        "remove it",
    ),
    (
        &["transactional.id", "transaction.timeout.ms"],
        "trygg delivers at least once and uses no transactions",
        "remove it",
    ),
    (
        &["partitioner", "partitioner_cb", "msg_order_cmp"],
        "trygg computes the partition itself, as Java clients do",
        "remove it",
    ),
    (
        &["queue.buffering.max."],
        "trygg's own credits bound what librdkafka holds",
        "remove it; see link.max_outstanding_messages, link.max_outstanding_bytes, kafka.linger",
    ),
    (
        &["message.max.bytes", "max.request.size"],
        "it follows from batch.max_bytes and kafka.dead_letter_max_bytes",
        "remove it and set those",
    ),
    (
        &["allow.auto.create.topics"],
        "a topic made by accident has the wrong number of partitions",
        "remove it; see kafka.create_topics",
    ),
    (
        &["bootstrap.servers", "metadata.broker.list"],
        "it has a key of its own",
        "use kafka.brokers",
    ),
    (&["client.id"], "it has a key of its own", "use kafka.client_id"),
    (
        &["compression.codec", "compression.type"],
        "it has a key of its own",
        "use kafka.compression",
    ),
    (&["linger.ms"], "it has a key of its own", "use kafka.linger"),
    (&["statistics.interval.ms"], "trygg's metrics are made of these statistics", "remove it"),
    (
        &["plugin.library.paths", "ssl.engine.location", "ssl.providers"],
        "foreign code in the process could confirm what is not stored",
        "remove it",
    ),
    (&["test.mock."], "a broker inside the process stores nothing", "remove it"),
];

/// Why `key` may not be passed through, if it may not.
pub(super) fn refusal(key: &str) -> Option<Refusal> {
    // librdkafka takes the settings of topics with and without this prefix.
    let key = key.strip_prefix("topic.").unwrap_or(key);
    if is_secret(key) {
        return Some(SECRET);
    }
    let meant = |name: &&str| *name == key || (name.ends_with('.') && key.starts_with(*name));
    REFUSED
        .iter()
        .find(|(keys, ..)| keys.iter().any(meant))
        .map(|(_, reason, instead)| Refusal { reason, instead })
}

/// What `[kafka.tls]` and `[kafka.sasl]` say, by librdkafka's names.
const TYPED: [(&str, &str); 11] = [
    ("enable.ssl.certificate.verification", "remove it: certificates are always checked"),
    ("sasl.mechanism", "use kafka.sasl.mechanism"),
    ("sasl.mechanisms", "use kafka.sasl.mechanism"),
    ("sasl.password", "use kafka.sasl.password_file"),
    ("sasl.username", "use kafka.sasl.user"),
    ("security.protocol", "remove it: it follows from [kafka.tls] and [kafka.sasl]"),
    ("ssl.ca.location", "use kafka.tls.ca_file"),
    ("ssl.certificate.location", "use kafka.tls.certificate_file"),
    ("ssl.endpoint.identification.algorithm", "remove it: names are always checked"),
    ("ssl.key.location", "use kafka.tls.key_file"),
    ("sasl.oauthbearer.config", "use kafka.sasl.token_file"),
];

/// Why `key` may not stand beside `[kafka.tls]` or `[kafka.sasl]`, if it may not.
pub(super) fn refusal_of_second(key: &str) -> Option<Mistake> {
    let (_, fix) = TYPED.iter().find(|(typed, _)| *typed == key)?;
    Some(Mistake::new("nothing here beside [kafka.tls] or [kafka.sasl], which say it", *fix))
}

/// Why `key` may not have this value, if it may not: what would weaken the check of the brokers,
/// and what this build cannot do.
pub(super) fn refusal_of_value(key: &str, value: &str) -> Option<Mistake> {
    let value = value.trim();
    let is_off = ["false", "f", "0", "none", "n", "no"].contains(&&*value.to_ascii_lowercase());
    let unchecked = |what: &str| {
        let expected = format!("a check of the brokers: without it anybody could {what}");
        Mistake::new(expected, "remove it, and give kafka.tls.ca_file: the CA of the brokers")
    };
    match key {
        "enable.ssl.certificate.verification" if is_off => Some(unchecked("be the broker")),
        "ssl.endpoint.identification.algorithm" if is_off => {
            Some(unchecked("be the broker who has any certificate of that CA"))
        }
        "enable.sasl.oauthbearer.unsecure.jwt" if !is_off => {
            let fix = "remove it; use [kafka.sasl] with token_file";
            Some(Mistake::new("signed tokens: unsigned ones prove nothing", fix))
        }
        "sasl.mechanism" | "sasl.mechanisms" => {
            let reason = lacking(value)?;
            let fix = "use another mechanism, one that the brokers have enabled";
            Some(Mistake::new(format!("a mechanism this trygg can do ({reason})"), fix))
        }
        "sasl.oauthbearer.method" if value.eq_ignore_ascii_case("oidc") => {
            let fix = "use [kafka.sasl] with token_file, kept fresh by a program of your own";
            let expected = "a method this trygg can do (its Kafka client was built without oidc)";
            (!crate::kafka::settings::has_feature("oidc")).then(|| Mistake::new(expected, fix))
        }
        _ => None,
    }
}

/// Settings that are made, so that the nearest can be offered for a misspelt one.
pub(super) const USUAL: &[&str] = &[
    "broker.address.family",
    "broker.address.ttl",
    "client.rack",
    "compression.level",
    "connections.max.idle.ms",
    "debug",
    "enable.ssl.certificate.verification",
    "log_level",
    "metadata.max.age.ms",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.kerberos.keytab",
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.username",
    "security.protocol",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.max.fails",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.sigalgs.list",
    "topic.metadata.refresh.interval.ms",
];

/// Does this key hold a secret, and so is read from a file?
pub fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::property::{self, Verdict};

    #[test]
    fn what_would_break_a_promise_is_refused() {
        for key in [
            "acks",
            "request.required.acks",
            "topic.acks",
            "enable.idempotence",
            "message.timeout.ms",
            "delivery.timeout.ms",
            "retries",
            "message.send.max.retries",
            "max.in.flight",
            "max.in.flight.requests.per.connection",
            "delivery.report.only.error",
            "enable.gapless.guarantee",
            "transactional.id",
            "partitioner",
            "queue.buffering.max.messages",
            "queue.buffering.max.kbytes",
            "queue.buffering.max.ms",
            "linger.ms",
            "message.max.bytes",
            "allow.auto.create.topics",
            "test.mock.num.brokers",
            "plugin.library.paths",
            "ssl.engine.location",
            "ssl.providers",
        ] {
            assert!(refusal(key).is_some(), "{key}");
        }
        assert_eq!(refusal("sasl.password"), Some(SECRET));
    }

    #[test]
    fn librdkafka_knows_what_is_offered() {
        for key in USUAL {
            assert_eq!(refusal(key), None, "{key}");
            assert_ne!(property::judge(key, "1"), Verdict::Unknown, "{key}");
        }
    }

    #[test]
    fn the_rest_passes() {
        for key in ["socket.timeout.ms", "security.protocol", "ssl.ca.location", "sasl.username"] {
            assert_eq!(refusal(key), None, "{key}");
        }
    }
}
