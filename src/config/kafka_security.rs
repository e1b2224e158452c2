//! `[kafka.tls]` and `[kafka.sasl]`.

use std::path::PathBuf;

use toml::de::DeValue;

use super::{
    Environment,
    document::{Mistake, Section},
    form::Form,
    secret::{Lines, SecretFiles},
    setting::{Setting, quoted},
};
use crate::kafka::{
    Credential, Mechanism, Sasl, Security, Tls,
    security::feature_of,
    settings::{builtin_features, has_feature},
};

/// Reads both; a section that stands there, even an empty one, switches its protection on.
pub(super) fn read_security(
    kafka: &mut Section<'_>,
    files: &SecretFiles<'_>,
    environment: Environment,
) -> Security {
    Security {
        tls: kafka.has("tls").then(|| read_tls(kafka.section("tls"), files)),
        sasl: if kafka.has("sasl") {
            read_sasl(kafka.section("sasl"), files, environment)
        } else {
            None
        },
    }
}

fn read_tls(mut section: Section<'_>, files: &SecretFiles<'_>) -> Tls {
    let mut pem = |key, holds: &str| {
        let path = files.resolve(&section.get::<PathBuf>(key)?);
        let text = std::fs::read_to_string(&path);
        if text.as_ref().is_ok_and(|text| text.contains(holds)) {
            return Some(path);
        }
        let fix = "give its path, relative to the folder of this configuration; openssl x509 -in \
                   FILE turns DER into PEM";
        let mistake = Mistake::new("a readable PEM file of certificates", fix);
        let found = text.map_or_else(|error| error.to_string(), |_| "no certificate".to_owned());
        section.refuse(key, mistake.found(found));
        None
    };
    let ca_file = pem("ca_file", "-----BEGIN CERTIFICATE-----");
    let certificate_file = pem("certificate_file", "-----BEGIN CERTIFICATE-----");
    let key_file: Option<PathBuf> = section.get("key_file");
    if let Some(file) = &key_file {
        let refusal = match files.read(file) {
            Ok(key) if String::from_utf8_lossy(&key).contains("PRIVATE KEY-----") => None,
            Ok(_) => Some(Mistake::new(
                "a PEM file with a private key",
                "write the key there; openssl pkey -in FILE turns DER into PEM",
            )),
            Err(error) => Some(error.into_mistake()),
        };
        if let Some(mistake) = refusal {
            section.refuse("key_file", mistake);
        }
    }
    let pairs = [("certificate_file", "key_file"), ("key_file", "certificate_file")];
    for (one, other) in pairs {
        if section.has(one) && !section.has(other) {
            let fix = format!("add {other}, or remove {one}");
            section.refuse(one, Mistake::new(format!("{other} beside it"), fix));
        }
    }
    section.finish();
    Tls { ca_file, certificate_file, key_file: key_file.map(|file| files.resolve(&file)) }
}

fn read_sasl(
    mut section: Section<'_>,
    files: &SecretFiles<'_>,
    environment: Environment,
) -> Option<Sasl> {
    let mechanism = read_mechanism(&mut section);
    // Which of them must be there goes by the mechanism; what they are does not.
    let user: Option<String> = section.get("user");
    let sources = Sources {
        password_file: section.get("password_file"),
        password_env: section.get("password_env"),
        token_file: section.get("token_file"),
    };
    let Some(mechanism) = mechanism else {
        section.finish();
        return None;
    };
    let is_token = mechanism == Mechanism::OauthBearer;
    for key in ["user", "password_file", "password_env", "token_file"] {
        if section.has(key) && is_token != (key == "token_file") {
            let mistake = if is_token {
                Mistake::new("token_file alone", "remove it: a token says itself whose it is")
            } else {
                Mistake::new("nothing", "remove it: tokens are for mechanism = \"OAUTHBEARER\"")
            };
            section.refuse(key, mistake);
        }
    }
    if !is_token {
        section.demand::<String>("user");
    }
    let credential = sources.read(&mut section, is_token, files, environment);
    section.finish();
    Some(Sasl { mechanism, user: user.unwrap_or_default(), credential: credential? })
}

fn read_mechanism(section: &mut Section<'_>) -> Option<Mechanism> {
    let MechanismName(name) = section.demand("mechanism")?;
    let offered = || Mechanism::ALL.into_iter().filter(|one| lacking(one.label()).is_none());
    let names = || offered().map(Mechanism::label).collect::<Vec<_>>().join(", ");
    let found = offered().find(|one| one.label() == name);
    if found.is_none() {
        let reason = lacking(&name).map(|reason| format!(" ({reason})")).unwrap_or_default();
        let fix = format!("write one of them, one that the brokers have enabled: {}", names());
        section.refuse_found(
            "mechanism",
            Mistake::new(format!("a mechanism this trygg can do{reason}"), fix),
        );
    }
    found
}

/// Why this build cannot do a mechanism that librdkafka knows.
pub(super) fn lacking(mechanism: &str) -> Option<String> {
    let feature = feature_of(mechanism)?;
    let what = "its Kafka client was built without";
    let built = || builtin_features().replace(',', ", ");
    (!has_feature(feature)).then(|| format!("{what} {feature}; it has {}", built()))
}

/// Where the password or the token is.
struct Sources {
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    token_file: Option<PathBuf>,
}

impl Sources {
    fn read(
        self,
        section: &mut Section<'_>,
        is_token: bool,
        files: &SecretFiles<'_>,
        environment: Environment,
    ) -> Option<Credential> {
        if is_token || !section.has("password_env") {
            let (key, file) = if is_token {
                ("token_file", self.token_file)
            } else {
                ("password_file", self.password_file)
            };
            if !section.has(key) {
                section.demand::<PathBuf>(key);
            }
            let credential = files.credential(&file?, Lines::One);
            return credential.map_err(|error| section.refuse(key, error.into_mistake())).ok();
        }
        if section.has("password_file") {
            let fix = "remove one of the two";
            let mistake = Mistake::new("either password_file or password_env", fix).found("both");
            section.refuse("password_env", mistake);
            return None;
        }
        let password = environment(&self.password_env?).filter(|password| !password.is_empty());
        if password.is_none() {
            let fix = "set it where trygg is started, or use password_file";
            section.refuse("password_env", Mistake::new("the name of a variable that is set", fix));
        }
        password.map(|password| Credential::fixed(&password))
    }
}

/// A mechanism that librdkafka knows by name. Of these the build lacks some, and trygg offers few.
struct MechanismName(String);

impl Setting for MechanismName {
    const EXPECTED: &'static str =
        "\"PLAIN\", \"SCRAM-SHA-256\", \"SCRAM-SHA-512\" or \"OAUTHBEARER\"";
    const EXAMPLE: &'static str = "\"SCRAM-SHA-512\"";
    const FORM: Form = Form::words(&["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let name = value.as_str()?;
        feature_of(name).map(|_| Self(name.to_owned()))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}
