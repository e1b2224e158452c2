//! Variables of the environment over the file.

use super::*;
use crate::config::{reference, show};

/// Reads the minimal file with one variable over it.
fn with(name: &str, value: &str) -> Examined {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("identity.key");
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let variables = [(name.to_owned(), value.to_owned())];
    Config::examine(&folder.path().join("trygg.toml"), MINIMAL, |_| None, &variables)
}

/// The one mistake of the minimal file with one variable over it.
fn mistake(name: &str, value: &str) -> ConfigError {
    let errors = with(name, value).0.unwrap_err();
    assert_eq!(errors.count(), 1, "{errors}");
    errors.iter().next().unwrap().clone()
}

#[test]
fn a_variable_goes_over_the_file() {
    let config = with("TRYGG__BATCH__LINGER", "5ms").0.unwrap();
    assert_eq!(config.batch.linger, Duration::from_millis(5));
    let config = with("TRYGG__KAFKA__BROKERS", "[\"a:1\", \"b:2\"]").0.unwrap();
    assert_eq!(config.kafka.brokers, ["a:1", "b:2"]);
    let config = with("TRYGG__LINK__NORTH__HOST", "mqtt.example").0.unwrap();
    assert_eq!(config.links[0].host, "mqtt.example");
    let config = with("TRYGG__LINK__NORTH__FILTER__0__QOS", "0").0.unwrap();
    assert_eq!(config.links[0].filters[0].qos.level(), 0);
    let config = with("TRYGG__KAFKA__TOPICS__ALERTS", "urgent").0.unwrap();
    assert_eq!(config.kafka.topics.alerts, "urgent");
    let config = with("TRYGG__KAFKA__LIBRDKAFKA__SOCKET_TIMEOUT_MS", "30000").0.unwrap();
    assert_eq!(config.kafka.librdkafka["socket.timeout.ms"], "30000");
}

#[test]
fn a_variable_can_hold_a_whole_table_or_list() {
    let table = "{ 'socket.timeout.ms' = 9000, \"log_level\" = 3 }";
    let config = with("TRYGG__KAFKA__LIBRDKAFKA", table).0.unwrap();
    assert_eq!(config.kafka.librdkafka["socket.timeout.ms"], "9000");
    assert_eq!(config.kafka.librdkafka["log_level"], "3");
    let list = "[{ name = 'west', host = 'h', client_id = 'w', filter = [{ topic = '{home}/x', \
                format = 'json' }] }]";
    let config = with("TRYGG__LINK", list).0.unwrap();
    assert_eq!((config.links.len(), &*config.links[0].name), (1, "west"));
    let found = mistake("TRYGG__LINK", &list.replace("'h'", "7"));
    assert_eq!(found.place, Place::Variable { name: "TRYGG__LINK".into() });
    assert_eq!((found.key.as_str(), found.found.as_deref()), ("link.host", Some("7")));
}

#[test]
fn a_value_that_should_be_text_need_not_be_quoted() {
    for (value, client_id) in [("12", "12"), ("true", "true"), ("\"x y\"", "x y"), ("x y", "x y")] {
        let config = with("TRYGG__LINK__NORTH__CLIENT_ID", value).0.unwrap();
        assert_eq!(config.links[0].client_id, client_id);
    }
}

#[test]
fn a_mistake_in_a_variable_names_the_variable() {
    let found = mistake("TRYGG__BATCH__LINGER", "9s");
    assert_eq!(found.place, Place::Variable { name: "TRYGG__BATCH__LINGER".into() });
    assert_eq!((found.key.as_str(), found.found.as_deref()), ("batch.linger", Some("9s")));
    assert!(found.to_string().starts_with("TRYGG__BATCH__LINGER: batch.linger: expected a dur"));
    let found = mistake("TRYGG__KAFKA__LIBRDKAFKA__ACKS", "1");
    assert_eq!(found.place, Place::Variable { name: "TRYGG__KAFKA__LIBRDKAFKA__ACKS".into() });
}

#[test]
fn an_unknown_variable_gets_the_nearest() {
    for (wrong, right) in [
        ("TRYGG__BATCH__LINGR", "TRYGG__BATCH__LINGER"),
        ("TRYGG__BATHC__LINGER", "TRYGG__BATCH__LINGER"),
        ("TRYGG__BATCH_LINGER", "TRYGG__BATCH__LINGER"),
        ("TRYGG__LINK__NORHT__HOST", "TRYGG__LINK__NORTH__HOST"),
        ("TRYGG__LINK__NORTH__HOSTT", "TRYGG__LINK__NORTH__HOST"),
        ("TRYGG__LINK__NORTH__FILTER__0__QSO", "TRYGG__LINK__NORTH__FILTER__0__QOS"),
    ] {
        let found = mistake(wrong, "1");
        assert_eq!(found.place, Place::Variable { name: wrong.into() });
        assert_eq!(found.nearest.as_deref(), Some(right), "{found}");
        assert_eq!(found.fix, format!("did you mean {right}?"));
    }
    let found = mistake("TRYGG__CLOCK__XYZ", "1");
    assert_eq!(found.fix, "remove the variable; [clock] knows future_tolerance, late_after");
}

#[test]
fn every_scalar_key_can_be_overridden() {
    let text = "[[link]]\nname = 'north'\n[[link.filter]]\n[[kind]]\nname = 'one'\n[[mapping]]\n\
                name = 'box'\n[[mapping.reading]]\n[[key]]\n[kafka]\n";
    let mut set = 0;
    for (path, key) in reference::record().keys() {
        let (table, name) = path.rsplit_once('.').unwrap();
        let table = match table {
            "link" => "LINK__NORTH".to_owned(),
            "link.filter" => "LINK__NORTH__FILTER__0".to_owned(),
            "kind" => "KIND__ONE".to_owned(),
            "key" => "KEY__0".to_owned(),
            "mapping" => "MAPPING__BOX".to_owned(),
            "mapping.time" => "MAPPING__BOX__TIME".to_owned(),
            "mapping.reading" => "MAPPING__BOX__READING__0".to_owned(),
            inner => match inner.strip_prefix("link.") {
                Some(inner) => format!("LINK__NORTH__{}", inner.to_uppercase()),
                None => inner.replace('.', "__").to_uppercase(),
            },
        };
        let variable = format!("{PREFIX}{table}__{}", name.to_uppercase());
        let value = super::reference::other_value(key);
        let given = value.trim_matches('"').to_owned();
        let overrides = [(variable.clone(), given)];
        let (config, record) = Config::examine(Path::new("f"), text, |_| None, &overrides);
        let shown = record.key(&path).unwrap();
        assert_eq!(shown.origin, Origin::Environment { variable: variable.clone() }, "{path}");
        let hidden = secret::is_hidden(&path);
        let expected = if hidden { "\"***\"" } else { &value };
        assert_eq!(shown.value.as_deref(), Some(expected), "{variable}");
        assert!(show::effective(&record).contains(&format!("# {variable}\n")), "{variable}");
        let errors = config.unwrap_err();
        let complaint = errors.iter().find(|error| error.key.is_empty());
        assert!(complaint.is_none(), "{complaint:?}");
        set += 1;
    }
    assert!(set > 60, "{set}");
}

#[test]
fn a_table_that_the_file_does_not_have_can_be_made_of_variables() {
    let text = MINIMAL.replace("[kafka]\n    brokers = [\"127.0.0.1:9092\"]\n", "");
    assert!(!text.contains("brokers"));
    let variables = [("TRYGG__KAFKA__BROKERS".to_owned(), "['a:1']".to_owned())];
    let (config, _) = Config::examine(Path::new("f"), &text, |_| None, &variables);
    let errors = config.unwrap_err();
    assert!(errors.iter().all(|error| error.key == "identity.key_file"), "{errors}");
}
