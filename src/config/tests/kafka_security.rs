//! `[kafka.tls]`, `[kafka.sasl]`, and the raw keys beside them.

use super::*;
use crate::kafka::{Connection, Mechanism};

/// What must be seen nowhere.
const MARKER: &str = "marke-4711";

fn parse_kafka(sections: &str) -> Result<Config, ConfigErrors> {
    parse_beside_secrets(MINIMAL, sections)
}

/// This file and these sections, parsed beside some secrets.
fn parse_beside_secrets(file: &str, sections: &str) -> Result<Config, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let certificate = "-----BEGIN CERTIFICATE-----\n";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{MARKER}\n");
    for (name, content, mode) in [
        ("identity.key", "................................", 0o600),
        ("ca.pem", certificate, 0o644),
        ("trygg.pem", certificate, 0o644),
        ("trygg.key", key.as_str(), 0o600),
        ("open.key", key.as_str(), 0o644),
        ("kafka.pass", MARKER, 0o600),
        ("open.pass", MARKER, 0o640),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    let environment: Environment = |name| (name == "PASS").then(|| MARKER.to_owned());
    let text = file.to_owned() + "\n" + sections;
    let parsed = Config::parse(&folder.path().join("trygg.toml"), &text, environment);
    let shown = match &parsed {
        Ok(config) => format!("{config:?} {:?} {:?}", config.kafka.connection(), config.notes()),
        Err(errors) => format!("{errors} {errors:?}"),
    };
    assert!(!shown.contains(MARKER), "a secret is shown: {shown}");
    parsed
}

fn connection(sections: &str) -> Connection {
    parse_kafka(sections).unwrap_or_else(|errors| panic!("{errors}")).kafka.connection()
}

/// librdkafka's keys about security, files without their folder.
fn properties(sections: &str) -> Vec<(String, String)> {
    let properties = connection(sections).properties().into_iter();
    let security = properties.filter(|(key, _)| key != "bootstrap.servers" && key != "client.id");
    security
        .map(|(key, value)| (key, value.rsplit('/').next().unwrap_or_default().to_owned()))
        .collect()
}

/// Key and fix of each mistake.
fn refused(sections: &str) -> Vec<(String, String)> {
    let errors = parse_kafka(sections).expect_err(sections);
    errors.iter().map(|error| (error.key.clone(), error.to_string())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

const CHECKED: [(&str, &str); 2] =
    [("enable.ssl.certificate.verification", "true"), ("security.protocol", "SSL")];

#[test]
fn an_empty_section_switches_tls_on_and_none_leaves_it_off() {
    assert_eq!(properties(""), []);
    let [checked, protocol] = CHECKED;
    let name = ("ssl.endpoint.identification.algorithm", "https");
    let system = ("ssl.ca.location", "probe");
    assert_eq!(properties("[kafka.tls]"), pairs(&[checked, protocol, system, name]));
}

#[test]
fn files_and_logins_reach_librdkafka() {
    let sections = "[kafka.tls]\nca_file = \"ca.pem\"\ncertificate_file = \"trygg.pem\"\n\
                    key_file = \"trygg.key\"\n[kafka.sasl]\nmechanism = \"SCRAM-SHA-512\"\n\
                    user = \"trygg\"\npassword_file = \"kafka.pass\"\n";
    assert_eq!(
        properties(sections),
        pairs(&[
            ("enable.ssl.certificate.verification", "true"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.password", MARKER),
            ("sasl.username", "trygg"),
            ("security.protocol", "SASL_SSL"),
            ("ssl.ca.location", "ca.pem"),
            ("ssl.certificate.location", "trygg.pem"),
            ("ssl.endpoint.identification.algorithm", "https"),
            ("ssl.key.location", "trygg.key"),
        ])
    );
    let clear = "[kafka.sasl]\nmechanism = \"PLAIN\"\nuser = \"trygg\"\npassword_env = \"PASS\"\n";
    assert!(properties(clear).contains(&("sasl.password".to_owned(), MARKER.to_owned())));
    let token = "[kafka.sasl]\nmechanism = \"OAUTHBEARER\"\ntoken_file = \"kafka.pass\"\n";
    assert_eq!(
        properties(token),
        pairs(&[("sasl.mechanism", "OAUTHBEARER"), ("security.protocol", "SASL_PLAINTEXT")])
    );
}

#[test]
fn a_login_without_tls_gets_a_note_that_says_what_is_seen() {
    let login = "[kafka.sasl]\nmechanism = \"PLAIN\"\nuser = \"trygg\"\npassword_env = \"PASS\"\n";
    assert_eq!(parse_kafka(login).unwrap().notes(), [], "on this machine");
    let far = MINIMAL.replace("127.0.0.1:9092", "kafka.example:9092");
    let notes = |sections: &str| parse_beside_secrets(&far, sections).unwrap().notes().to_vec();
    assert_eq!(notes(login), [Note::KafkaInClear { mechanism: Mechanism::Plain }]);
    assert_eq!(notes(&(login.to_owned() + "[kafka.tls]\n")), []);
    let plain = notes(login)[0].to_string();
    assert!(plain.ends_with("the password crosses the network in clear"), "{plain}");
    let scram = Note::KafkaInClear { mechanism: Mechanism::ScramSha256 }.to_string();
    assert!(scram.contains("does not send the password"), "{scram}");
}

#[test]
fn the_same_thing_both_ways_is_refused_with_the_key_to_use() {
    for (key, instead) in [
        ("security.protocol", "it follows from"),
        ("ssl.ca.location", "kafka.tls.ca_file"),
        ("ssl.key.location", "kafka.tls.key_file"),
        ("sasl.mechanisms", "kafka.sasl.mechanism"),
        ("sasl.username", "kafka.sasl.user"),
    ] {
        let raw = format!("[kafka.librdkafka]\n\"{key}\" = \"ssl\"\n");
        parse_kafka(&raw).unwrap_or_else(|errors| panic!("{errors}"));
        let found = refused(&(raw + "[kafka.tls]\n"));
        assert_eq!((found.len(), found[0].0.as_str()), (1, &*format!("kafka.librdkafka.{key}")));
        assert!(found[0].1.contains(instead), "{found:?}");
    }
    let secret = "[kafka.secret_files]\n\"sasl.password\" = \"kafka.pass\"\n";
    parse_kafka(secret).unwrap();
    assert_eq!(
        refused(&(secret.to_owned() + "[kafka.tls]\n"))[0].0,
        "kafka.secret_files.sasl.password"
    );
    let beside = "[kafka.tls]\n[kafka.librdkafka]\n\"ssl.cipher.suites\" = \"DEFAULT\"\n";
    assert!(properties(beside).iter().any(|(key, _)| key == "ssl.cipher.suites"));
}

#[test]
fn nothing_switches_the_check_of_the_brokers_off() {
    for (key, off, on) in [
        ("enable.ssl.certificate.verification", "false", "true"),
        ("ssl.endpoint.identification.algorithm", "none", "https"),
        ("enable.sasl.oauthbearer.unsecure.jwt", "true", "false"),
    ] {
        let raw = |value: &str| format!("[kafka.librdkafka]\n\"{key}\" = \"{value}\"\n");
        parse_kafka(&raw(on)).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(refused(&raw(off))[0].0, format!("kafka.librdkafka.{key}"));
    }
    let raw = "[kafka.librdkafka]\n\"enable.ssl.certificate.verification\" = false\n";
    assert!(refused(raw)[0].1.contains("kafka.tls.ca_file"), "with its fix");
}

#[test]
fn a_mechanism_the_build_lacks_is_refused_with_what_it_has() {
    for (sections, key) in [
        ("[kafka.sasl]\nmechanism = \"GSSAPI\"\nuser = \"x\"\n", "kafka.sasl.mechanism"),
        (
            "[kafka.librdkafka]\n\"sasl.mechanism\" = \"GSSAPI\"\n",
            "kafka.librdkafka.sasl.mechanism",
        ),
    ] {
        let found = refused(sections);
        let (_, text) = found.iter().find(|(found, _)| found == key).expect("the mechanism");
        assert!(text.contains("built without sasl_gssapi; it has "), "{text}");
        assert!(text.contains("sasl_scram"), "{text}");
    }
    let unknown = refused("[kafka.sasl]\nmechanism = \"SCRAM\"\nuser = \"x\"\n");
    assert_eq!(unknown.len(), 1, "nothing else is asked for then");
    assert!(unknown[0].1.contains("did you mean \"SCRAM-SHA-"), "{unknown:?}");
    let small = refused("[kafka.sasl]\nmechanism = \"plain\"\nuser = \"x\"\n");
    assert!(small[0].1.contains("did you mean \"PLAIN\"?"), "{small:?}");
    let oidc = "[kafka.librdkafka]\n\"sasl.oauthbearer.method\" = \"oidc\"\n";
    assert!(refused(oidc)[0].1.contains("built without oidc"));
}

#[test]
fn what_is_missing_or_open_to_others_is_named() {
    let keys =
        |sections: &str| refused(sections).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let sasl = |rest: &str| format!("[kafka.sasl]\nmechanism = \"PLAIN\"\n{rest}");
    assert_eq!(keys("[kafka.tls]\nca_file = \"no.pem\"\n"), ["kafka.tls.ca_file"]);
    assert_eq!(keys("[kafka.tls]\nca_file = \"trygg.key\"\n"), ["kafka.tls.ca_file"]);
    assert_eq!(keys("[kafka.tls]\nkey_file = \"trygg.key\"\n"), ["kafka.tls.key_file"]);
    assert_eq!(
        keys("[kafka.tls]\ncertificate_file = \"trygg.pem\"\nkey_file = \"open.key\"\n"),
        ["kafka.tls.key_file"]
    );
    assert_eq!(keys(&sasl("password_env = \"PASS\"\n")), ["kafka.sasl.user"]);
    assert_eq!(keys(&sasl("user = \"x\"\n")), ["kafka.sasl.password_file"]);
    assert_eq!(
        keys(&sasl("user = \"x\"\npassword_file = \"open.pass\"\n")),
        ["kafka.sasl.password_file"]
    );
    assert_eq!(
        keys(&sasl("user = \"x\"\npassword_file = \"kafka.pass\"\npassword_env = \"PASS\"\n")),
        ["kafka.sasl.password_env"]
    );
    assert_eq!(
        keys(&sasl("user = \"x\"\npassword_env = \"PASS\"\ntoken_file = \"kafka.pass\"\n")),
        ["kafka.sasl.token_file"]
    );
    let token =
        "[kafka.sasl]\nmechanism = \"OAUTHBEARER\"\nuser = \"x\"\ntoken_file = \"kafka.pass\"\n";
    assert_eq!(keys(token), ["kafka.sasl.user"]);
}

#[test]
fn a_secret_written_where_its_file_was_meant_is_not_shown() {
    for key in ["password_file", "password_env", "token_file"] {
        let sasl =
            format!("[kafka.sasl]\nmechanism = \"PLAIN\"\nuser = \"x\"\n{key} = \"{MARKER}\"\n");
        assert!(!refused(&sasl).is_empty(), "{key}");
        let text = MINIMAL.to_owned() + "\n" + &sasl;
        let (_, record) = Config::examine(Path::new("f"), &text, |_| None, &[]);
        let shown = show::effective(&record);
        assert!(shown.contains(&format!("{key} = \"***\"")) && !shown.contains(MARKER), "{shown}");
    }
}

#[test]
fn a_password_that_was_replaced_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kafka.pass");
    let write = |content: &str| {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    };
    write("old\n");
    let files = SecretFiles::beside(Path::new("/nowhere/trygg.toml"), |_| None);
    let credential = files.credential(&path, secret::Lines::One).unwrap();
    assert!(!credential.has_changed());
    write("new\n");
    assert!(credential.has_changed());
    assert_eq!(&*credential.current(), "new");
    assert!(credential.has_changed(), "reading it is not using it");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(!credential.has_changed());
    assert_eq!(&*credential.current(), "old", "as in use");
}

#[test]
fn a_key_in_pem_form_has_several_lines_and_a_password_has_one() {
    let secret = |key: &str| format!("[kafka.secret_files]\n\"{key}\" = \"trygg.key\"\n");
    let told = properties(&secret("ssl.key.pem"));
    let key = format!("-----BEGIN PRIVATE KEY-----\n{MARKER}");
    assert_eq!(told, [("ssl.key.pem".to_owned(), key)]);
    for key in ["sasl.password", "ssl.key.password"] {
        let refused = refused(&secret(key));
        assert!(refused[0].1.contains("one line of text"), "{refused:?}");
    }
}
