//! One Kafka with a listener for every way to protect it, and the files its clients need.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use super::certificates::{Authority, Identity, Valid};
use crate::support::{
    kafka::{Kafka, Listener},
    process,
    tools::Tools,
};

/// What must never be seen in a log.
pub const PASSWORD: &str = "geheim-4711-marke";
pub const WRONG: &str = "falsch-0815-marke";

pub struct Cluster {
    pub kafka: Arc<Kafka>,
    pub authority: Authority,
    pub stranger: Authority,
    pub client: Identity,
    pub folder: PathBuf,
    listeners: Vec<Listener>,
}

impl Cluster {
    /// The one that tests share which leave it as it is.
    pub fn shared(tools: &'static Tools) -> Arc<Self> {
        static SHARED: LazyLock<Mutex<Option<Arc<Cluster>>>> = LazyLock::new(Mutex::default);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(shared.get_or_insert_with(|| Arc::new(Self::start(tools))))
    }

    /// One of the test's own.
    pub fn start(tools: &'static Tools) -> Self {
        let folder = process::scratch("security");
        let authority = Authority::new(&folder, "authority");
        let stranger = Authority::new(&folder, "stranger");
        let sign = |name, hosts: &[&str], valid| authority.sign(name, hosts, valid);
        let here = &["127.0.0.1", "localhost"];
        let good = keystore(&sign("broker", here, Valid::Now));
        let expired = keystore(&sign("expired", here, Valid::LastYear));
        let misnamed = keystore(&sign("misnamed", &["kafka.example"], Valid::Now));
        let trust = format!(
            "ssl.truststore.type=PEM\nssl.truststore.location={}\nssl.client.auth=required\n",
            authority.file().display()
        );
        let listener = |name, protocol, settings| Listener {
            name,
            protocol,
            port: process::free_port(),
            settings,
        };
        let listeners = vec![
            listener("TLS", "SSL", good.clone()),
            listener("MUTUAL", "SSL", good.clone() + &trust),
            listener("EXPIRED", "SSL", expired),
            listener("MISNAMED", "SSL", misnamed),
            listener("LOGINTLS", "SASL_SSL", good + &logins(&["PLAIN", "SCRAM-SHA-512"])),
            listener("LOGIN", "SASL_PLAINTEXT", logins(&["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"])),
        ];
        let more = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
                    super.users=User:ANONYMOUS\n\
                    allow.everyone.if.no.acl.found=true\n";
        let kafka = Arc::new(Kafka::start_with(tools, &listeners, more));
        kafka.create_user("trygg", PASSWORD);
        let client = authority.sign("client", &["trygg"], Valid::Now);
        Self { kafka, authority, stranger, client, folder, listeners }
    }

    /// Port of a listener.
    pub fn port(&self, name: &str) -> u16 {
        if name == "PLAINTEXT" {
            return self.kafka.port;
        }
        self.listeners.iter().find(|listener| listener.name == name).expect("a listener").port
    }

    /// A file of mode 0600.
    pub fn secret(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.join(name);
        write_secret(&path, content);
        path
    }

    /// `[kafka.tls]` that trusts `authority`.
    pub fn tls(authority: &Authority) -> String {
        format!("[kafka.tls]\nca_file = \"{}\"\n", authority.file().display())
    }

    /// The same with a certificate of ours.
    pub fn mutual(&self) -> String {
        let Identity { certificate, key, .. } = &self.client;
        Self::tls(&self.authority)
            + &format!(
                "certificate_file = \"{}\"\nkey_file = \"{}\"\n",
                certificate.display(),
                key.display()
            )
    }

    /// `[kafka.sasl]` of user `user` with this password.
    pub fn login(&self, mechanism: &str, user: &str, password: &str) -> String {
        let file = self.secret(&format!("{mechanism}-{user}-{password}.pass"), password);
        format!(
            "[kafka.sasl]\nmechanism = \"{mechanism}\"\nuser = \"{user}\"\npassword_file = \"{}\"\n",
            file.display()
        )
    }
}

/// Writes it aside and moves it into place: nobody reads half a password.
pub fn write_secret(path: &Path, content: &str) {
    let aside = path.with_extension("new");
    fs::write(&aside, content).expect("a secret");
    fs::set_permissions(&aside, fs::Permissions::from_mode(0o600)).expect("its mode");
    fs::rename(&aside, path).expect("in place");
}

fn keystore(identity: &Identity) -> String {
    format!("ssl.keystore.type=PEM\nssl.keystore.location={}\n", identity.keystore.display())
}

/// A listener's mechanisms; PLAIN's user stands there, SCRAM's with the controller.
fn logins(mechanisms: &[&str]) -> String {
    let mut settings = format!("sasl.enabled.mechanisms={}\n", mechanisms.join(","));
    for mechanism in mechanisms {
        let module = match *mechanism {
            "PLAIN" => format!("plain.PlainLoginModule required user_trygg=\"{PASSWORD}\""),
            "OAUTHBEARER" => {
                "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"trygg\""
                    .to_owned()
            }
            _ => "scram.ScramLoginModule required".to_owned(),
        };
        let key = mechanism.to_lowercase();
        writeln!(settings, "{key}.sasl.jaas.config=org.apache.kafka.common.security.{module};")
            .expect("text");
    }
    settings
}
