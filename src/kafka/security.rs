//! How trygg and Kafka make sure of each other: TLS, SASL, and librdkafka's keys for them.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What protects the connection. Nothing of it by default.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// Encrypt, and check the brokers' certificates.
    pub tls: Option<Tls>,
    /// Log in.
    pub sasl: Option<Sasl>,
}

/// TLS. The brokers' certificates and names are always checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates that vouch for the brokers; the system's when there is none.
    pub ca_file: Option<PathBuf>,
    /// Our certificate, where the brokers ask for one.
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
}

/// A login.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// How.
    pub mechanism: Mechanism,
    /// As whom; empty for a token, which says it itself.
    pub user: String,
    /// The password, or the token.
    pub credential: Credential,
}

/// How a login goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// The password as it is.
    Plain,
    /// Proof of the password.
    ScramSha256,
    /// Proof of the password.
    ScramSha512,
    /// A token from a file.
    OauthBearer,
}

impl Mechanism {
    /// Every one.
    pub const ALL: [Self; 4] =
        [Self::Plain, Self::ScramSha256, Self::ScramSha512, Self::OauthBearer];

    /// Kafka's name of it, and ours.
    pub fn label(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }
}

/// The feature librdkafka must be built with for a mechanism; none for a name it never knew.
pub fn feature_of(mechanism: &str) -> Option<&'static str> {
    match mechanism {
        "PLAIN" => Some("sasl_plain"),
        "SCRAM-SHA-256" | "SCRAM-SHA-512" => Some("sasl_scram"),
        "OAUTHBEARER" => Some("sasl_oauthbearer"),
        "GSSAPI" => Some("sasl_gssapi"),
        _ => None,
    }
}

type Reader = Arc<dyn Fn() -> Option<Arc<str>> + Send + Sync>;

/// A secret, and where a newer one would be. `Debug` shows neither.
#[derive(Clone)]
pub struct Credential {
    in_use: Arc<Mutex<Arc<str>>>,
    read: Option<Reader>,
}

impl Credential {
    /// One that stays.
    pub fn fixed(secret: &str) -> Self {
        Self { in_use: Arc::new(Mutex::new(secret.into())), read: None }
    }

    /// One that may be replaced while trygg runs; `read` looks.
    pub fn renewable(
        secret: &str,
        read: impl Fn() -> Option<Arc<str>> + Send + Sync + 'static,
    ) -> Self {
        Self { read: Some(Arc::new(read)), ..Self::fixed(secret) }
    }

    /// What holds now: what is in use, where it cannot be read any more.
    pub fn current(&self) -> Arc<str> {
        self.newest().unwrap_or_else(|| Arc::clone(&self.lock_in_use()))
    }

    /// Notes what the producer logs in with. Others may read a newer one long before it does, and
    /// must not make it look old.
    pub(super) fn set_in_use(&self, secret: &str) {
        *self.lock_in_use() = secret.into();
    }

    /// Is there another than the producer logs in with?
    pub fn has_changed(&self) -> bool {
        self.newest().is_some_and(|newest| newest != *self.lock_in_use())
    }

    fn newest(&self) -> Option<Arc<str>> {
        self.read.as_ref().and_then(|read| read())
    }

    fn lock_in_use(&self) -> MutexGuard<'_, Arc<str>> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// librdkafka's word for the authorities of the system.
pub(super) const SYSTEM: &str = "probe";

impl Security {
    /// librdkafka's keys and values, the password apart: the one place that knows them.
    pub(super) fn properties(&self) -> BTreeMap<&'static str, String> {
        let protocol = match (&self.tls, &self.sasl) {
            // Perhaps it is given by librdkafka's own key.
            (None, None) => return BTreeMap::new(),
            (Some(_), None) => "SSL",
            (Some(_), Some(_)) => "SASL_SSL",
            (None, Some(_)) => "SASL_PLAINTEXT",
        };
        let mut keys = BTreeMap::from([("security.protocol", protocol.to_owned())]);
        if let Some(tls) = &self.tls {
            let mut file = |key, path: &Option<PathBuf>| {
                if let Some(path) = path {
                    keys.insert(key, path.display().to_string());
                }
            };
            // OpenSSL is built in, so its own idea of the system's list leads nowhere.
            file("ssl.ca.location", &Some(tls.ca_file.clone().unwrap_or(SYSTEM.into())));
            file("ssl.certificate.location", &tls.certificate_file);
            file("ssl.key.location", &tls.key_file);
            keys.insert("ssl.endpoint.identification.algorithm", "https".to_owned());
            keys.insert("enable.ssl.certificate.verification", "true".to_owned());
        }
        if let Some(sasl) = &self.sasl {
            keys.insert("sasl.mechanism", sasl.mechanism.label().to_owned());
            // A token is asked for by a callback instead.
            if sasl.mechanism != Mechanism::OauthBearer {
                keys.insert("sasl.username", sasl.user.clone());
            }
        }
        keys
    }

    /// Whom the brokers take us for, where it is known from here.
    pub(super) fn user(&self) -> Option<&str> {
        let sasl = self.sasl.as_ref();
        sasl.map(|sasl| sasl.user.as_str()).filter(|user| !user.is_empty())
    }

    /// The password and its key, where the login goes by one.
    pub(super) fn password(&self) -> Option<(&'static str, &Credential)> {
        let sasl = self.sasl.as_ref();
        let sasl = sasl.filter(|sasl| sasl.mechanism != Mechanism::OauthBearer);
        sasl.map(|sasl| ("sasl.password", &sasl.credential))
    }

    /// The token, where the login goes by one.
    pub(super) fn token(&self) -> Option<&Credential> {
        let sasl = self.sasl.as_ref();
        let sasl = sasl.filter(|sasl| sasl.mechanism == Mechanism::OauthBearer);
        sasl.map(|sasl| &sasl.credential)
    }
}
