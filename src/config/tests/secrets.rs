//! Secrets are planted wherever one can stand, and must appear nowhere.

use super::*;
use crate::config::show;

/// What is planted.
const MARKER: &str = "geheim-4711";

/// A valid configuration that names a secret in every way there is.
const EVERYWHERE: &str = r#"
    [[link]]
    name = "north"
    host = "127.0.0.1"
    client_id = "one"
    user = "u"
    password_file = "secret"
    [[link.filter]]
    topic = "a/{home}/{device}"
    format = "json"
    [[link]]
    name = "south"
    host = "127.0.0.1"
    client_id = "two"
    user = "u"
    password_env = "SOUTH_PASS"
    [[link.filter]]
    topic = "a/{home}/{device}"
    format = "json"
    [[link]]
    name = "east"
    host = "127.0.0.1"
    client_id = "three"
    user = "u"
    password_file = "credential:east"
    [[link.filter]]
    topic = "a/{home}/{device}"
    format = "json"
    [kafka]
    brokers = ["127.0.0.1:9092"]
    [kafka.secret_files]
    "sasl.password" = "secret"
    "ssl.key.password" = "credential:east"
    [identity]
    key_file = "identity.key"
"#;

/// Reads a text where every secret it names is the marker.
fn examine(text: &str, overrides: &[(String, String)]) -> Examined {
    // A variable of the environment cannot be borrowed from the test: one folder for all.
    static FOLDER: std::sync::LazyLock<tempfile::TempDir> =
        std::sync::LazyLock::new(|| tempfile::tempdir().unwrap());
    let folder = FOLDER.path();
    let key = format!("{MARKER}-and-so-long-that-it-is-a-key-of-32-bytes");
    for (name, content) in [("secret", MARKER), ("east", MARKER), ("identity.key", &key)] {
        // Written aside and moved, for other tests are reading.
        let new = tempfile::NamedTempFile::new_in(folder).unwrap();
        fs::write(new.path(), content).unwrap();
        fs::set_permissions(new.path(), Permissions::from_mode(0o400)).unwrap();
        new.persist(folder.join(name)).unwrap();
    }
    let environment: Environment = |name| match name {
        "SOUTH_PASS" => Some(MARKER.to_owned()),
        "CREDENTIALS_DIRECTORY" => Some(FOLDER.path().to_str().unwrap().to_owned()),
        _ => None,
    };
    Config::examine(&folder.join("trygg.toml"), text, environment, overrides)
}

#[test]
fn no_overview_shows_a_secret_that_was_read() {
    let (config, record) = examine(EVERYWHERE, &[]);
    let config = config.unwrap();
    for link in &config.links {
        assert_eq!(link.password.as_ref().unwrap().reveal(), MARKER);
    }
    assert_eq!(&*config.kafka.secrets["sasl.password"].current(), MARKER);
    let shown = [
        format!("{config:?}"),
        format!("{record:?}"),
        show::effective(&record),
        show::effective_json(&record).to_string(),
        show::defaults(&record),
        schema::schema(&record).to_string(),
        config.notes().iter().map(ToString::to_string).collect(),
    ];
    for text in &shown {
        assert!(!text.contains(MARKER), "{text}");
        assert!(!text.contains("geheim"), "{text}");
    }
    assert_eq!(shown[2].matches("= \"***\"").count(), 5, "{}", shown[2]);
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let wrong = [
        ("password_file = \"secret\"", "password_file = \"geheim-4711\""),
        ("password_file = \"secret\"", "password_file = [\"geheim-4711\"]"),
        ("password_file = \"secret\"", "password = \"geheim-4711\""),
        ("password_file = \"secret\"", "passphrase = \"geheim-4711\""),
        ("password_env = \"SOUTH_PASS\"", "password_env = \"geheim-4711\""),
        ("password_env = \"SOUTH_PASS\"", "password_env = 4711"),
        ("\"credential:east\"\n    [[link", "\"credential:geheim-4711\"\n    [[link"),
        ("\"sasl.password\" = \"secret\"", "\"sasl.password\" = \"geheim-4711\""),
        ("\"sasl.password\" = \"secret\"", "\"sasl.pasword\" = \"geheim-4711\""),
        ("\"sasl.password\" = \"secret\"", "\"sasl.password\" = [\"geheim-4711\"]"),
        ("[kafka.secret_files]", "[kafka.librdkafka]"),
        ("key_file = \"identity.key\"", "key_file = \"geheim-4711\""),
        ("key_file = \"identity.key\"", "key_file = [\"geheim-4711\"]"),
        ("key_file = \"identity.key\"", "key = \"geheim-4711\""),
    ];
    for (right, wrong) in wrong {
        let text = EVERYWHERE.replacen(right, wrong, 1);
        assert_ne!(text, EVERYWHERE, "{right}");
        let (config, record) = examine(&text, &[]);
        let errors = config.unwrap_err();
        for shown in [errors.to_string(), format!("{errors:?}"), show::effective(&record)] {
            let repeats = shown.contains("4711") && !shown.contains("key_file = \"geheim-4711\"");
            assert!(!repeats, "{wrong}: {shown}");
        }
    }
    for key in ["LINK__NORTH__PASSWORD", "LINK__NORTH__PASSWORD_FILE", "KAFKA__PASSWORD"] {
        let variable = (format!("{PREFIX}{key}"), MARKER.to_owned());
        let errors = examine(EVERYWHERE, &[variable]).0.unwrap_err();
        assert!(!format!("{errors}{errors:?}").contains("geheim"), "{errors}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_with_the_ways_there_are() {
    let text = EVERYWHERE.replacen("password_file = \"secret\"", "password = \"x\"", 1);
    let errors = examine(&text, &[]).0.unwrap_err();
    let error = errors.iter().next().unwrap();
    assert_eq!(error.key, "link.password");
    for way in ["password_file = ", "password_env", "credential:", "[kafka.secret_files]"] {
        assert!(error.fix.contains(way), "{error}");
    }
}
