//! Why Kafka cannot be reached, in closed words, made from librdkafka's texts.

use rdkafka::types::RDKafkaErrorCode;

/// Most characters of librdkafka's own words that are kept.
const DETAIL_CHARS: usize = 300;

/// What librdkafka said last, as long as nothing shows that it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The word for it.
    pub cause: Cause,
    /// `host:port` of the broker it is about; empty when it is about none.
    pub broker: String,
    /// librdkafka's words.
    pub detail: String,
    /// Has a handshake of our own been tried on it?
    pub(super) probed: bool,
}

/// Why a broker cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No answer, and librdkafka gave no reason.
    Unreachable,
    /// Nobody listens.
    Refused,
    /// The name has no address.
    NameNotFound,
    /// Nothing comes back.
    TimedOut,
    /// Connected, and cut off.
    Disconnected,
    /// The broker wants TLS, trygg speaks none.
    TlsExpected,
    /// trygg speaks TLS, the broker does not.
    TlsNotSpoken,
    /// The broker's certificate comes from nobody we trust.
    TlsUnknownCa,
    /// The broker's certificate, or that of its CA, has expired.
    TlsExpired,
    /// It is not valid yet.
    TlsNotYetValid,
    /// It is made out to another name.
    TlsWrongName,
    /// It is refused, and it is not known for what.
    TlsBadCertificate,
    /// The broker refuses our certificate, or wants one.
    TlsClientCertificate,
    /// TLS failed otherwise.
    TlsFailed,
    /// User, password or token are wrong.
    AuthenticationFailed,
    /// The broker has not enabled the mechanism.
    MechanismUnsupported,
    /// The broker wants a login.
    AuthenticationExpected,
    /// There is no token to log in with.
    TokenUnusable,
}

impl Cause {
    /// Every one.
    pub const ALL: [Self; 18] = [
        Self::Unreachable,
        Self::Refused,
        Self::NameNotFound,
        Self::TimedOut,
        Self::Disconnected,
        Self::TlsExpected,
        Self::TlsNotSpoken,
        Self::TlsUnknownCa,
        Self::TlsExpired,
        Self::TlsNotYetValid,
        Self::TlsWrongName,
        Self::TlsBadCertificate,
        Self::TlsClientCertificate,
        Self::TlsFailed,
        Self::AuthenticationFailed,
        Self::MechanismUnsupported,
        Self::AuthenticationExpected,
        Self::TokenUnusable,
    ];

    /// Word for logs and health, and what to do.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreachable => ("unreachable", "look at the network, and at kafka.brokers"),
            Self::Refused => ("refused", "start Kafka there, or correct kafka.brokers"),
            Self::NameNotFound => {
                ("name_not_found", "correct the name in kafka.brokers, or the name service")
            }
            Self::TimedOut => ("timed_out", "look at firewalls and at kafka.brokers"),
            Self::Disconnected => {
                ("disconnected", "look at the broker's log, which says why it hangs up")
            }
            Self::TlsExpected => (
                "tls_expected",
                "the listener seems to want TLS: add [kafka.tls], or take another port",
            ),
            Self::TlsNotSpoken => {
                ("tls_not_spoken", "the listener speaks no TLS: take the TLS port of the broker")
            }
            Self::TlsUnknownCa => (
                "tls_unknown_ca",
                "name the CA that signed the broker's certificate in kafka.tls.ca_file",
            ),
            Self::TlsExpired => (
                "tls_expired",
                "renew the broker's certificate; look at the clocks of both machines",
            ),
            Self::TlsNotYetValid => {
                ("tls_not_yet_valid", "look at the clocks of both machines and at the certificate")
            }
            Self::TlsWrongName => (
                "tls_wrong_name",
                "use the name in the broker's certificate in kafka.brokers and in the broker's \
                 advertised.listeners, or add this name to the certificate",
            ),
            Self::TlsBadCertificate => {
                ("tls_bad_certificate", "look at the broker's certificate and at kafka.tls.ca_file")
            }
            Self::TlsClientCertificate => (
                "tls_client_certificate",
                "the broker wants a certificate it trusts: set kafka.tls.certificate_file and \
                 kafka.tls.key_file, renewed and signed by a CA the broker knows",
            ),
            Self::TlsFailed => ("tls_failed", "look at the broker's log; TLS 1.2 or 1.3 is needed"),
            Self::AuthenticationFailed => (
                "authentication_failed",
                "correct kafka.sasl.user and the password or token; the file is read again",
            ),
            Self::MechanismUnsupported => (
                "mechanism_unsupported",
                "set kafka.sasl.mechanism to one the broker's listener has enabled",
            ),
            Self::AuthenticationExpected => {
                ("authentication_expected", "the listener seems to want a login: add [kafka.sasl]")
            }
            Self::TokenUnusable => {
                ("token_unusable", "write a valid token to kafka.sasl.token_file")
            }
        }
    }

    /// The word of a closed list.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// What to do about it.
    pub fn fix(self) -> &'static str {
        self.words().1
    }

    /// Will it stay until somebody changes something? The others come and go with the brokers.
    pub fn asks_for_a_hand(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Refused
            | Self::NameNotFound
            | Self::TimedOut
            | Self::Disconnected => false,
            Self::TlsExpected
            | Self::TlsNotSpoken
            | Self::TlsUnknownCa
            | Self::TlsExpired
            | Self::TlsNotYetValid
            | Self::TlsWrongName
            | Self::TlsBadCertificate
            | Self::TlsClientCertificate
            | Self::TlsFailed
            | Self::AuthenticationFailed
            | Self::MechanismUnsupported
            | Self::AuthenticationExpected
            | Self::TokenUnusable => true,
        }
    }

    /// Could a handshake of our own say more? librdkafka does not tell why OpenSSL refuses a
    /// certificate, and a broker that hangs up says nothing at all.
    pub(super) fn is_vague_about_tls(self) -> bool {
        matches!(self, Self::TlsBadCertificate | Self::TlsFailed | Self::Disconnected)
    }
}

/// Texts of librdkafka 2.12 and OpenSSL 3, the telling ones first. `tests/it/kafka_security.rs`
/// holds them.
const TEXTS: &[(&str, Cause)] = &[
    // A guess of librdkafka's at every connection that ends during the handshake.
    ("connecting to a PLAINTEXT broker listener", Cause::Disconnected),
    ("SSL transport error", Cause::Disconnected),
    ("unexpected eof while reading", Cause::Disconnected),
    ("wrong version number", Cause::TlsNotSpoken),
    ("certificate verify failed", Cause::TlsBadCertificate),
    ("broker certificate", Cause::TlsBadCertificate),
    ("alert certificate required", Cause::TlsClientCertificate),
    ("alert bad certificate", Cause::TlsClientCertificate),
    ("alert certificate expired", Cause::TlsClientCertificate),
    ("alert certificate unknown", Cause::TlsClientCertificate),
    ("alert unknown ca", Cause::TlsClientCertificate),
    ("client SSL authentication might be", Cause::TlsClientCertificate),
    ("SSL handshake failed", Cause::TlsFailed),
    ("SSL routines", Cause::TlsFailed),
    ("mechanism handshake failed", Cause::MechanismUnsupported),
    ("OAUTHBEARER token", Cause::TokenUnusable),
    ("Connection refused", Cause::Refused),
    ("timed out", Cause::TimedOut),
];

impl Trouble {
    /// What an error or a log line of librdkafka says, if it says anything about the way to a
    /// broker.
    pub(super) fn told(code: Option<RDKafkaErrorCode>, text: &str) -> Option<Self> {
        let by_text = TEXTS.iter().find(|(part, _)| text.contains(part)).map(|(_, cause)| *cause);
        let by_code = match code {
            Some(RDKafkaErrorCode::Resolve) => Some(Cause::NameNotFound),
            Some(RDKafkaErrorCode::SSL) => Some(Cause::TlsFailed),
            Some(
                RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::UnsupportedSASLMechanism,
            ) => Some(Cause::AuthenticationFailed),
            Some(RDKafkaErrorCode::BrokerTransportFailure) => Some(Cause::Disconnected),
            _ => None,
        };
        let (broker, words) = parts(text);
        Some(Self {
            cause: hung_up(text).or(by_text).or(by_code)?,
            broker: broker.to_owned(),
            detail: words.chars().take(DETAIL_CHARS).collect(),
            probed: false,
        })
    }

    /// Nothing is known.
    pub(super) fn unknown(detail: String) -> Self {
        Self { cause: Cause::Unreachable, broker: String::new(), detail, probed: true }
    }
}

/// A listener that wants TLS does not understand the first request of a client in clear, one that
/// wants a login not the second, and each hangs up at once. (librdkafka means to say so; at most
/// of these places it does not.)
fn hung_up(text: &str) -> Option<Cause> {
    const AT_ONCE_MS: u32 = 300;
    let (said, after) = text.split_once("Disconnected")?.1.rsplit_once(" (after ")?;
    let (time, state) = after.split_once("ms in state ")?;
    if said.contains("PLAINTEXT") || time.parse::<u32>().ok()? > AT_ONCE_MS {
        return None;
    }
    if state.starts_with("APIVERSION_QUERY") && !text.contains("ssl://") {
        return Some(Cause::TlsExpected);
    }
    (state.starts_with("UP") && !text.contains("sasl_")).then_some(Cause::AuthenticationExpected)
}

/// The broker's `host:port` and the words about it, out of
/// `[thrd:x]: ssl://host:port/bootstrap: words (after 5ms in state UP)`.
fn parts(text: &str) -> (&str, &str) {
    let text =
        text.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: ")).unwrap_or(("", text)).1;
    let text = text.split_once(" (after ").map_or(text, |(words, _)| words);
    let named = text.split_once(": ").and_then(|(name, words)| {
        let (address, _) = name.split_once("://").map_or(name, |(_, rest)| rest).split_once('/')?;
        Some((address, words))
    });
    named.unwrap_or(("", text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn told(code: RDKafkaErrorCode, text: &str) -> (Cause, String, String) {
        let trouble = Trouble::told(Some(code), text).expect("a trouble");
        (trouble.cause, trouble.broker, trouble.detail)
    }

    #[test]
    fn the_cause_and_the_broker_come_out_of_librdkafkas_words() {
        let transport = RDKafkaErrorCode::BrokerTransportFailure;
        assert_eq!(
            told(
                transport,
                "k1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)"
            ),
            (
                Cause::Refused,
                "k1:9092".to_owned(),
                "Connect to ipv4#10.0.0.1:9092 failed: Connection refused".to_owned()
            )
        );
        let (cause, broker, _) = told(
            RDKafkaErrorCode::SSL,
            "sasl_ssl://k1:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured",
        );
        assert_eq!((cause, broker.as_str()), (Cause::TlsBadCertificate, "k1:9093"));
        let (cause, ..) = told(
            RDKafkaErrorCode::Authentication,
            "sasl_plaintext://k1:9092/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: ",
        );
        assert_eq!(cause, Cause::MechanismUnsupported);
        assert_eq!(
            told(RDKafkaErrorCode::Resolve, "no:1/bootstrap: Failed").0,
            Cause::NameNotFound
        );
        assert_eq!(told(transport, "k1:9092/1: Broken pipe").0, Cause::Disconnected);
        for cut_off in [
            "Disconnected: connecting to a PLAINTEXT broker listener?",
            "SSL transport error: Connection reset by peer",
            "error:0A000126:SSL routines::unexpected eof while reading",
        ] {
            let text = format!(
                "ssl://k1:9093/1: SSL handshake failed: {cut_off} (after 3ms in state SSL_HANDSHAKE)"
            );
            let (cause, ..) = told(RDKafkaErrorCode::SSL, &text);
            assert_eq!(cause, Cause::Disconnected, "{cut_off}");
            assert!(cause.is_vague_about_tls() && !cause.asks_for_a_hand());
        }
        assert_eq!(Trouble::told(None, "nothing of the kind"), None);
    }

    #[test]
    fn a_listener_that_hangs_up_at_once_wants_what_the_client_did_not_bring() {
        let cause = |protocol: &str, after: &str| {
            let text = format!(
                "[thrd:k1:9092/1]: {protocol}k1:9092/1: Disconnected: connection closed by peer: \
                 receive 0 after POLLIN (after {after})"
            );
            let told = Trouble::told(None, &text);
            assert!(told.iter().all(|told| told.broker == "k1:9092"), "{told:?}");
            told.map(|told| told.cause)
        };
        assert_eq!(cause("", "5ms in state APIVERSION_QUERY"), Some(Cause::TlsExpected));
        assert_eq!(cause("ssl://", "5ms in state APIVERSION_QUERY"), None);
        assert_eq!(cause("", "5ms in state UP"), Some(Cause::AuthenticationExpected));
        assert_eq!(cause("sasl_plaintext://", "5ms in state UP"), None);
        assert_eq!(cause("", "9000ms in state UP"), None, "a restart");
    }

    #[test]
    fn every_cause_has_a_code_of_its_own_and_a_fix() {
        let codes: BTreeSet<&str> = Cause::ALL.map(Cause::code).into();
        assert_eq!(codes.len(), Cause::ALL.len());
        assert!(Cause::ALL.iter().all(|cause| cause.fix().len() > 20));
    }
}
