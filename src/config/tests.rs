use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    time::Duration,
};

use super::*;

mod kafka_security;
mod mistakes;
mod notes;
mod overrides;
mod reference;
mod secrets;
mod spool;

const EXAMPLE: &str = include_str!("../../config/trygg.example.toml");

/// What must be given, and nothing else.
const MINIMAL: &str = r#"
    [[link]]
    name = "north"
    host = "127.0.0.1"
    client_id = "trygg-north"
    [[link.filter]]
    topic = "homes/{home}/zigbee2mqtt/{device...}"
    format = "zigbee2mqtt"
    [kafka]
    brokers = ["127.0.0.1:9092"]
    [identity]
    key_file = "identity.key"
"#;

/// Parses beside an `identity.key`, with one variable in the environment.
fn parse(text: &str) -> Result<Config, ConfigErrors> {
    parse_in(tempfile::tempdir().unwrap().path(), text)
}

fn parse_in(folder: &Path, text: &str) -> Result<Config, ConfigErrors> {
    let key = folder.join("identity.key");
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let environment: Environment = |name| (name == "NORTH_PASS").then(|| "geheim".to_owned());
    Config::parse(&folder.join("trygg.toml"), text, environment)
}

/// Line, key and the rest of each mistake.
fn mistakes(text: &str) -> Vec<(usize, String, ConfigError)> {
    let errors = parse(text).unwrap_err();
    let line = |error: &ConfigError| error.place.line().unwrap();
    errors.iter().map(|error| (line(error), error.key.clone(), error.clone())).collect()
}

/// The minimal file with some keys added to its link, and with further sections.
fn minimal_with(link: &str, sections: &str) -> String {
    MINIMAL.replace("    [[link.filter]]", &format!("{link}\n    [[link.filter]]")) + sections
}

#[test]
fn the_example_says_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let example = parse_in(folder.path(), EXAMPLE).unwrap();
    let minimal = parse_in(folder.path(), MINIMAL).unwrap();
    assert_eq!(format!("{example:?}"), format!("{minimal:?}"));
    assert_eq!(minimal.links[0].max_age, Duration::from_mins(1));
    assert_eq!(minimal.links[0].max_outstanding_messages, 20_000);
    assert_eq!(minimal.notes(), []);
}

const PLANTED: &str = r#"[engine]
tenant = "Norra Sjön"
shutdown_deadlin = "25s"
worker_threads = 0

[[link]]
name = "north"
client_id = "one"
host = "127.0.0.1"
keep_alive = "1s"
receive_maximum = 70000
max_outstanding_messages = 5
password_env = "NOT_SET"
max_age = 60
[[link.filter]]
topic = "a/{home}/{device}"
format = "xml-dialect"
[[link.filter]]
topic = "a/{home}/{device}"
format = "json"
qos = 2

[[link]]
name = "north"
host = "127.0.0.1"
client_id = "one"

[[kind]]
name = "gait_speed"
value_type = "numbers"
[[kind]]
name = "gait_speed"
value_type = "number"
hard_min = 3
hard_max = 2

[kafka]
brokers = ["no port"]
compression = "gzip"
[kafka.topics]
alerts = "trygg.readings"
[kafka.librdkafka]
acks = 1
"queue.buffering.max.ms" = "5"
"socket.timeout.ms" = 60000

[registry]
file = "devices.xls"

[log]
level = "loud=very"
"#;

#[test]
fn every_planted_mistake_is_named_with_its_line() {
    let found = mistakes(PLANTED);
    let places: Vec<(usize, &str)> =
        found.iter().map(|(line, key, _)| (*line, key.as_str())).collect();
    assert_eq!(
        places,
        [
            (1, "identity.key_file"),
            (2, "engine.tenant"),
            (3, "engine.shutdown_deadlin"),
            (4, "engine.worker_threads"),
            (6, "link.user"),
            (10, "link.keep_alive"),
            (11, "link.receive_maximum"),
            (12, "link.max_outstanding_messages"),
            (13, "link.password_env"),
            (14, "link.max_age"),
            (17, "link.filter.format"),
            (19, "link.filter.topic"),
            (21, "link.filter.qos"),
            (23, "link.filter"),
            (24, "link.name"),
            (26, "link.client_id"),
            (30, "kind.value_type"),
            (32, "kind.name"),
            (32, "kind.name"),
            (38, "kafka.brokers"),
            (39, "kafka.compression"),
            (41, "kafka.topics.alerts"),
            (43, "kafka.librdkafka.acks"),
            (44, "kafka.librdkafka.queue.buffering.max.ms"),
            (48, "registry.file"),
            (51, "log.level"),
        ]
    );
}

#[test]
fn a_mistake_reads_like_a_sentence_with_a_remedy() {
    let (_, _, mistake) = mistakes(&minimal_with("    keep_aliv = \"5s\"", "")).remove(0);
    assert_eq!(mistake.nearest.as_deref(), Some("keep_alive"));
    let shown = mistake.to_string();
    let (first, fix) = shown.split_once('\n').unwrap();
    assert!(first.ends_with("6:5: link.keep_aliv: expected a known key, found an unknown one"));
    assert_eq!(fix, "  fix: did you mean keep_alive?");
}

#[test]
fn a_key_like_none_gets_the_list() {
    let (_, _, mistake) = mistakes(&minimal_with("", "    [clock]\n    xyz = 1\n")).remove(0);
    assert_eq!(mistake.nearest, None);
    assert_eq!(mistake.fix, "remove it; [clock] knows future_tolerance, late_after");
}

#[test]
fn broken_syntax_is_one_of_the_mistakes() {
    let found = mistakes("[engine]\ntenant = \n[kafka]\nbrokers = 7\n");
    assert!(found.iter().any(|(line, key, _)| (*line, key.as_str()) == (2, "")), "{found:?}");
    assert!(found.iter().any(|(line, key, _)| (*line, key.as_str()) == (4, "kafka.brokers")));
}

#[test]
fn a_password_comes_from_the_environment_and_is_never_shown() {
    let link = "    user = \"u\"\n    password_env = \"NORTH_PASS\"\n    host = \"broker.example\"";
    let text = minimal_with(link, "").replacen("    host = \"127.0.0.1\"\n", "", 1);
    let config = parse(&text).unwrap();
    assert_eq!(config.links[0].password.as_ref().unwrap().reveal(), "geheim");
    assert!(!format!("{config:?}").contains("geheim"));
    assert_eq!(config.notes(), [Note::PasswordInClear { link: "north".into() }]);
}

#[test]
fn both_sources_of_a_password_or_none_of_identity_are_refused() {
    let link = "    user = \"u\"\n    password_env = \"NORTH_PASS\"\n    password_file = \"x\"";
    assert_eq!(mistakes(&minimal_with(link, ""))[0].1, "link.password_env");
    let both = MINIMAL.to_owned() + "    clear_names = true\n";
    assert_eq!(mistakes(&both)[0].1, "identity.clear_names");
    let neither = MINIMAL.replace("key_file = \"identity.key\"", "");
    assert_eq!(mistakes(&neither)[0].1, "identity.key_file");
    let clear = MINIMAL.replace("key_file = \"identity.key\"", "clear_names = true");
    assert_eq!(parse(&clear).unwrap().notes(), [Note::ClearNames]);
}

#[test]
fn a_secret_in_the_file_is_sent_elsewhere_and_not_repeated() {
    let found = mistakes(&minimal_with("", "[kafka.librdkafka]\n\"sasl.password\" = \"geheim\"\n"));
    assert_eq!(found[0].1, "kafka.librdkafka.sasl.password");
    assert!(!format!("{found:?}").contains("geheim"));
    assert!(found[0].2.fix.contains("[kafka.secret_files]"));
}

#[test]
fn an_age_limit_near_the_lingers_is_refused() {
    let sections = "[batch]\nlinger = \"500ms\"\n";
    let found = mistakes(&minimal_with("    max_age = \"5s\"", sections));
    assert_eq!((found.len(), found[0].1.as_str()), (1, "link.max_age"));
    parse(&minimal_with("    max_age = \"6s\"", sections)).unwrap();
}

#[test]
fn a_link_of_3_1_1_has_the_window_of_its_broker() {
    let config = parse(&minimal_with("    protocol = \"3.1.1\"", "")).unwrap();
    let link = &config.links[0];
    assert_eq!((link.protocol, link.receive_maximum), (Protocol::V311, 20));
    assert_eq!(link.max_outstanding_messages, 20_000, "QoS 0 has no window");
    let [small] = config.notes() else { panic!("{:?}", config.notes()) };
    assert_eq!(
        *small,
        Note::SmallWindow { link: "north".into(), protocol: Protocol::V311 },
        "and it names the key that this link has"
    );
    assert_eq!(small.key(), "link.inflight");
    assert!(small.to_string().starts_with("link north: inflight is below 100"), "{small}");
    let wide = "    protocol = \"3.1.1\"\n    inflight = 500";
    let config = parse(&minimal_with(wide, "")).unwrap();
    assert_eq!(config.links[0].receive_maximum, 500);
    assert_eq!((config.links[0].max_outstanding_messages, config.notes().len()), (20_000, 0));
}

#[test]
fn a_key_of_the_other_version_is_refused_with_its_remedy() {
    let of_3_1_1 = |key: &str| format!("    protocol = \"3.1.1\"\n    {key}");
    for (link, key, remedy) in [
        (of_3_1_1("receive_maximum = 100"), "link.receive_maximum", "inflight"),
        (
            of_3_1_1("session_expiry = \"1h\""),
            "link.session_expiry",
            "persistent_client_expiration",
        ),
        ("    inflight = 100".to_owned(), "link.inflight", "receive_maximum"),
        ("    protocol = \"4\"".to_owned(), "link.protocol", "protocol = \"5\""),
        (of_3_1_1("max_outstanding_messages = 3"), "link.max_outstanding_messages", "inflight"),
    ] {
        let found = mistakes(&minimal_with(&link, ""));
        assert_eq!((found.len(), found[0].1.as_str()), (1, key), "{link}");
        assert!(found[0].2.fix.contains(remedy), "{}", found[0].2);
    }
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_too() {
    let errors = Config::load(Path::new("no/such/trygg.toml")).unwrap_err();
    assert_eq!(errors.count(), 1);
    assert!(errors.to_string().starts_with("no/such/trygg.toml: expected a readable file"));
}

const MAPPING: &str = r#"
[[mapping]]
name = "box"
[[mapping.reading]]
pointer = "/door"
kind = "door_open"
"#;

#[test]
fn mappings_are_checked_against_the_catalogue_and_the_filters() {
    let link = MINIMAL.replace("\"zigbee2mqtt\"", "\"box\"");
    assert_eq!(parse(&(link.clone() + MAPPING)).unwrap().mappings[0].name, "box");
    let at = link.lines().count();
    let mistake = |mapping: &str| {
        let found = mistakes(&(link.clone() + mapping));
        (found[0].0, found[0].1.clone(), found.len())
    };
    assert_eq!(mistake(""), (8, "link.filter.format".to_owned(), 1));
    let wrong_kind = MAPPING.replace("door_open", "door_opn");
    assert_eq!(mistake(&wrong_kind), (at + 6, "mapping.reading.kind".to_owned(), 1));
    let twice = [MAPPING, MAPPING].concat();
    assert_eq!(mistake(&twice), (at + 9, "mapping.name".to_owned(), 1));
    let built_in = [MAPPING, &MAPPING.replace("box", "json")].concat();
    assert_eq!(mistake(&built_in), (at + 9, "mapping.name".to_owned(), 1));
    let unknown_key = MAPPING.replace("pointer", "path");
    assert_eq!(mistake(&unknown_key), (at + 4, "mapping.reading.pointer".to_owned(), 2));
    let found = mistakes(&(link.clone() + &unknown_key));
    assert_eq!((found[1].0, found[1].1.as_str()), (at + 5, "mapping.reading.path"));
}
