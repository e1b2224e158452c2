//! The reference, the schema, the file of defaults and the example say the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::config::{reference, schema::schema, show};

/// A mark at the end of lines that must be filled in.
const REQUIRED: &str = "  # required";

#[test]
fn the_defaults_pass_when_what_is_required_is_filled_in() {
    let text = show::defaults(&reference::record());
    let bare = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    assert!(!parse(&bare).unwrap_err().to_string().contains("unknown"), "{bare}");
    let filled = text.lines().map(|line| match line.split_once(REQUIRED) {
        Some((line, _)) => line.trim_start_matches("# "),
        None => line,
    });
    // Inside of what is commented out nothing is required.
    let mut filled: Vec<&str> = filled.collect();
    let mut is_optional = false;
    filled.retain(|line| {
        if line.trim_start_matches("# ").starts_with('[') {
            is_optional = line.starts_with('#');
        }
        !is_optional
    });
    let filled = filled.join("\n").replace("\"file\"", "\"identity.key\"");
    let config = parse(&filled).unwrap_or_else(|errors| panic!("{errors}\n{filled}"));
    assert_eq!(config.notes(), []);
    for (path, key) in reference::record().keys() {
        assert!(text.contains(&format!("{} = ", key.name)), "{path}");
    }
}

#[test]
fn the_example_shows_every_key() {
    for (path, key) in reference::record().keys() {
        let line =
            |line: &str| line.trim_start_matches("# ").starts_with(&format!("{} =", key.name));
        let is_own_shape =
            ["kind.", "mapping.", "key."].iter().any(|shape| path.starts_with(shape));
        assert!(
            is_own_shape || EXAMPLE.lines().any(line),
            "{path} is not in config/trygg.example.toml"
        );
    }
}

#[test]
fn what_the_example_sets_is_the_default() {
    let (_, record) = Config::examine(Path::new("example"), EXAMPLE, |_| None, &[]);
    let mut compared = 0;
    for (path, key) in record.keys() {
        let Some(default) = &key.default else { continue };
        compared += usize::from(key.origin != Origin::Default);
        assert_eq!(key.value.as_ref(), Some(default), "{path}");
    }
    assert!(compared > 25, "{compared}");
}

/// A value that differs from the default, as TOML.
pub(super) fn other_value(key: &Key) -> String {
    let default = key.default.clone().unwrap_or_default();
    let word = key.form.words.iter().map(|word| format!("\"{word}\""));
    let mut candidates: Vec<String> = match (key.form.kind, &key.bounds) {
        (FormKind::Whole, None) if !key.form.words.is_empty() => {
            key.form.words.iter().map(|word| (*word).to_owned()).collect()
        }
        (_, Some((low, high))) => vec![high.clone(), low.clone()],
        (FormKind::State, None) => vec!["true".into(), "false".into()],
        (FormKind::Whole, None) => vec!["50000".into()],
        (FormKind::Number, None) => vec!["2.5".into()],
        (FormKind::Text | FormKind::Texts | FormKind::Scalar, None) => word.collect(),
    };
    candidates.push(key.example.to_owned());
    let example = key.example.replace("9464", "9465").replace("trygg.", "other.");
    candidates.push(example.replace("north", "south"));
    candidates.into_iter().find(|candidate| *candidate != default).unwrap()
}

#[test]
fn every_key_can_be_set_and_shows_its_value() {
    let mut set = 0;
    for (path, key) in reference::record().keys() {
        let (table, name) = path.rsplit_once('.').unwrap();
        let value = other_value(key);
        let header = |path: &str| match path {
            "link" | "link.filter" | "kind" | "key" | "mapping" | "mapping.reading" => {
                format!("[[{path}]]")
            }
            _ => format!("[{path}]"),
        };
        let ends = table.match_indices('.').map(|(end, _)| end).chain([table.len()]);
        let headers = ends.map(|end| header(table.get(..end).unwrap()));
        let last = header(table);
        let headers = headers.filter(|header| header.starts_with("[[") || *header == last);
        let text = headers.chain([format!("{name} = {value}")]).collect::<Vec<_>>().join("\n");
        let (_, record) = Config::examine(Path::new("f"), &text, |_| None, &[]);
        let shown = record.key(&path).unwrap();
        let expected = if secret::is_hidden(&path) { "\"***\"" } else { &value };
        assert_eq!(shown.value.as_deref(), Some(expected), "{path}");
        let line = text.lines().count();
        assert_eq!(shown.origin, Origin::File { line }, "{path}");
        let effective = show::effective(&record);
        let row = effective.lines().find(|line| line.starts_with(&format!("{name} = {expected} ")));
        assert!(row.unwrap().ends_with(&format!("# line {line}")), "{path}: {effective}");
        set += 1;
    }
    assert!(set > 60, "{set}");
}

/// Keys that go together, written over the minimal file: together they reach every key that only
/// some links and some logins may have. What `--effective` shows of each must be a right file.
const FITTING: [(&str, &str); 6] = [
    ("protocol = \"5\"\nreceive_maximum = 50\nsession_expiry = \"1h\"", ""),
    ("protocol = \"3.1.1\"\ninflight = 50", ""),
    ("transport = \"ws\"\nwebsocket_path = \"/broker\"", ""),
    ("transport = \"tls\"\ntls = { ca_file = \"CA\", server_name = \"b\" }", ""),
    ("", "[kafka.tls]\n"),
    (
        "",
        "[kafka.sasl]\nmechanism = \"SCRAM-SHA-512\"\nuser = \"u\"\npassword_env = \"NORTH_PASS\"\n",
    ),
];

#[test]
fn what_is_shown_as_effective_is_a_right_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["b".to_owned()]).unwrap();
    fs::write(&authority, certificate.self_signed(&key).unwrap().pem()).unwrap();
    let environment: Environment = |name| (name == "NORTH_PASS").then(|| "geheim".to_owned());
    let minimal = MINIMAL.replace("key_file = \"identity.key\"", "clear_names = true");
    for (link, sections) in FITTING {
        let link = link.replace("CA", &authority.to_string_lossy());
        let text = minimal.replace("    [[link.filter]]", &format!("{link}\n    [[link.filter]]"));
        let text = text + sections;
        let (config, record) = Config::examine(Path::new("f"), &text, environment, &[]);
        let config = config.unwrap_or_else(|errors| panic!("{errors}"));
        // A variable's name is masked: it may by mistake be the password.
        let shown = show::effective(&record).replace("\"***\"", "\"NORTH_PASS\"");
        let again = Config::parse(Path::new("f"), &shown, environment);
        let again = again.unwrap_or_else(|errors| panic!("{errors}\n{shown}"));
        assert_eq!(format!("{again:?}"), format!("{config:?}"), "{shown}");
    }
}

/// Every object of a schema that describes a table, with its path.
fn tables_of<'a>(schema: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
    found.push((path.to_owned(), schema));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let child = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match property["type"].as_str() {
            Some("object") => tables_of(property, &child, found),
            Some("array") if property["items"]["type"] == "object" => {
                tables_of(&property["items"], &child, found);
            }
            _ => {}
        }
    }
}

#[test]
fn the_schema_describes_every_key_and_no_other() {
    let record = reference::record();
    let schema = schema(&record);
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["required"], serde_json::json!(["link", "kafka"]));
    let mut tables = Vec::new();
    tables_of(&schema, "", &mut tables);
    let mut described = BTreeSet::new();
    for (path, table) in &tables {
        let is_free = table["additionalProperties"].is_object();
        assert!(is_free || table["additionalProperties"] == false, "{path} takes anything");
        for (name, property) in table["properties"].as_object().into_iter().flatten() {
            assert!(property["type"] != Value::Null, "{path}.{name} has no type");
            let is_table =
                property["properties"].is_object() || property["items"]["properties"].is_object();
            let is_free = property["additionalProperties"].is_object();
            if !is_table && !is_free {
                assert!(!property["description"].as_str().unwrap().is_empty(), "{path}.{name}");
                described.insert(format!("{path}.{name}"));
            }
        }
    }
    let known: BTreeSet<String> = record.keys().map(|(path, _)| path).collect();
    assert_eq!(described, known);
    let linger = &schema["properties"]["batch"]["properties"]["linger"];
    assert_eq!(linger["default"], "20ms");
    assert_eq!(linger["pattern"], "^[0-9]+ *(ms|s|m|h|d)$");
    let link = &schema["properties"]["link"]["items"];
    assert_eq!(link["properties"]["port"]["maximum"], 65535);
    assert_eq!(link["required"], serde_json::json!(["name", "host", "client_id", "filter"]));
}
