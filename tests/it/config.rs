//! `trygg check` and `trygg config` as a user meets them: a process with an environment.

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::tools;

/// What no output may hold.
const MARKER: &str = "planted-7f3a9c";

/// A configuration that names a secret in every way there is.
const CONFIG: &str = r#"
[[link]]
name = "north"
host = "broker.example"
client_id = "one"
user = "u"
password_file = "secret"
[[link.filter]]
topic = "a/{home}/{device}"
format = "json"
[[link]]
name = "south"
host = "broker.example"
client_id = "two"
user = "u"
password_env = "SOUTH_PASS"
[[link.filter]]
topic = "a/{home}/{device}"
format = "json"
[[link]]
name = "east"
host = "broker.example"
client_id = "three"
user = "u"
password_file = "credential:east"
[[link.filter]]
topic = "a/{home}/{device}"
format = "json"
[kafka]
brokers = ["127.0.0.1:9"]
[kafka.secret_files]
"sasl.password" = "secret"
[identity]
key_file = "identity.key"
"#;

/// A folder with a configuration and its secrets, all of them the marker.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let key = format!("{MARKER}-that-is-as-long-as-a-key-must-be");
        for (name, text) in [("secret", MARKER), ("east", MARKER), ("identity.key", &key)] {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("secret");
            fs::set_permissions(&path, Permissions::from_mode(0o400)).expect("mode");
        }
        fs::write(folder.path().join("trygg.toml"), config).expect("configuration");
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("trygg.toml")
    }

    /// Runs the program; `FILE` stands for the configuration.
    fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(args).envs(variables.iter().copied()).output().expect("trygg")
    }

    fn command(&self, args: &[&str]) -> Command {
        let file = self.file();
        let args =
            args.iter().map(|arg| if *arg == "FILE" { file.as_os_str() } else { arg.as_ref() });
        let mut command = Command::new(env!("CARGO_BIN_EXE_trygg"));
        command.args(args).env("SOUTH_PASS", MARKER);
        command.env("CREDENTIALS_DIRECTORY", self.folder.path());
        command
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(output)))
}

#[test]
fn no_command_shows_a_planted_secret() {
    let good = Site::new(CONFIG);
    let checked = good.run(&["check", "FILE"], &[]);
    assert!(checked.status.success(), "{}", text(&checked));
    let bad = Site::new(&format!("{CONFIG}\n[engine]\npassword = \"{MARKER}\"\n"));
    let commands: [&[&str]; 7] = [
        &["check", "FILE"],
        &["check", "FILE", "--output", "json"],
        &["config", "--effective", "FILE"],
        &["config", "--effective", "FILE", "--output", "json"],
        &["config", "--schema"],
        &["config", "--defaults"],
        &["config", "--defaults", "--output", "json"],
    ];
    let variables: [&[(&str, &str)]; 4] = [
        &[],
        &[("TRYGG__LINK__NORTH__PASSWORD", MARKER)],
        &[("TRYGG__LINK__NORTH__PASSWORD_FILE", MARKER)],
        &[("TRYGG__KAFKA__SECRET_FILES__SASL_PASSWORD", MARKER)],
    ];
    for site in [&good, &bad] {
        for args in commands {
            for variables in variables {
                let said = text(&site.run(args, variables));
                assert!(!said.is_empty(), "{args:?}");
                assert!(!said.contains(MARKER), "{args:?} {variables:?}: {said}");
            }
        }
    }
    let refused = bad.run(&["run", "--config", "FILE"], &[]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(text(&refused).contains("engine.password") && !text(&refused).contains(MARKER));
}

#[test]
fn effective_says_where_each_value_comes_from() {
    let site = Site::new(CONFIG);
    let variables = [("TRYGG__BATCH__LINGER", "5ms"), ("TRYGG__LINK__SOUTH__HOST", "10.0.0.7")];
    let shown = text(&site.run(&["config", "--effective", "FILE"], &variables));
    let row = |begins: &str| {
        let mut rows = shown.lines().filter(|line| line.starts_with(begins));
        rows.next().unwrap_or_else(|| panic!("no {begins} in {shown}")).to_owned()
    };
    assert!(row("linger = \"5ms\" ").ends_with("# TRYGG__BATCH__LINGER"));
    assert!(row("host = \"10.0.0.7\" ").ends_with("# TRYGG__LINK__SOUTH__HOST"));
    assert!(row("client_id = \"one\" ").ends_with("# line 5"));
    assert!(row("keep_alive = \"30s\" ").ends_with("# default"));
    assert!(row("password_file = \"***\" ").ends_with("# line 7"));
    let listed =
        json(&site.run(&["config", "--effective", "FILE", "--output", "json"], &variables));
    let find = |address: &str| {
        let mut keys = listed.as_array().expect("a list").iter();
        keys.find(|key| key["address"] == address).unwrap_or_else(|| panic!("{address}")).clone()
    };
    assert_eq!(find("batch.linger")["variable"], "TRYGG__BATCH__LINGER");
    assert_eq!(find("link.1.host")["value"], "10.0.0.7");
    assert_eq!(find("link.0.host")["line"], 4);
    assert_eq!(find("link.0.port")["origin"], "default");
    assert_eq!(find("link.0.port")["value"], 1883);
    assert_eq!(find("link.0.password_file")["value"], "***");
}

#[test]
fn check_tells_scripts_what_it_tells_people() {
    let site = Site::new(&CONFIG.replace("[kafka]", "[kafka]\ncompresion = \"lz4\""));
    let variables = [("TRYGG__LOG__LEVEL", "inof")];
    let said = site.run(&["check", "FILE"], &variables);
    assert_eq!(said.status.code(), Some(78));
    assert!(!text(&said).contains('\u{1b}'), "colours without a terminal");
    let forced = [("TRYGG__LOG__LEVEL", "inof"), ("CLICOLOR_FORCE", "1")];
    assert!(text(&site.run(&["check", "FILE"], &forced)).contains("\u{1b}[1m"));
    let listed = site.run(&["check", "FILE", "--output", "json"], &variables);
    assert_eq!(listed.status.code(), Some(78));
    let listed = json(&listed);
    let [key, level] = listed.as_array().expect("a list").as_slice() else {
        panic!("two mistakes: {listed}")
    };
    assert_eq!((&key["line"], &key["column"]), (&30.into(), &1.into()));
    assert_eq!((&key["key"], &key["nearest"]), (&"kafka.compresion".into(), &"compression".into()));
    assert_eq!(key["file"], site.file().display().to_string());
    assert_eq!((&level["variable"], &level["line"]), (&"TRYGG__LOG__LEVEL".into(), &Value::Null));
    assert_eq!((&level["found"], &level["nearest"]), (&"inof".into(), &"\"info\"".into()));
    for mistake in [key, level] {
        assert_eq!(mistake["severity"], "mistake");
        assert!(text(&said).contains(mistake["fix"].as_str().expect("a fix")), "{}", text(&said));
    }
}

#[test]
fn a_variable_that_is_no_text_is_a_mistake() {
    let site = Site::new(CONFIG);
    let mut command = site.command(&["check", "FILE"]);
    let said = command.env("TRYGG__KAFKA__CLIENT_ID", OsStr::from_bytes(b"a\xff")).output();
    let said = said.expect("trygg");
    assert_eq!(said.status.code(), Some(78));
    assert!(text(&said).contains("TRYGG__KAFKA__CLIENT_ID: kafka.client_id: expected text"));
}

#[test]
fn notes_end_with_0_and_have_their_lines() {
    let site = Site::new(CONFIG);
    let listed = site.run(&["check", "FILE", "--output", "json"], &[]);
    assert_eq!(listed.status.code(), Some(0));
    let listed = json(&listed);
    let lines: Vec<_> =
        listed.as_array().expect("a list").iter().map(|note| &note["line"]).collect();
    assert_eq!(lines, [&Value::from(6), &15.into(), &24.into()], "{listed}");
    assert!(listed.as_array().expect("a list").iter().all(|note| note["severity"] == "note"));
}

#[test]
fn a_stock_validator_takes_the_example_and_refuses_wrong_ones() {
    let Some(tools) = tools::find() else { return };
    let site = Site::new(CONFIG);
    let schema = site.folder.path().join("schema.json");
    fs::write(&schema, site.run(&["config", "--schema"], &[]).stdout).expect("schema");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check_schema.py");
    let example = tools::root().join("config/trygg.example.toml");
    let run =
        Command::new(&tools.python).arg(golden).arg(schema).arg(example).output().expect("python");
    assert!(run.status.success(), "{}", text(&run));
    assert!(text(&run).contains("the example fits, 13 wrong ones do not"), "{}", text(&run));
}

#[test]
fn the_example_passes_before_its_key_is_made_and_does_not_run() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/trygg.example.toml");
    let site = Site::new(&fs::read_to_string(example).expect("the example"));
    fs::remove_file(site.folder.path().join("identity.key")).expect("removed");
    let checked = site.run(&["check", "FILE"], &[]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    let said = text(&checked);
    assert!(said.starts_with("note: ") && said.contains("identity.key_file"), "{said}");
    assert!(said.contains("> identity.key; chmod 600 identity.key"), "{said}");
    let listed = json(&site.run(&["check", "FILE", "--output", "json"], &[]));
    assert_eq!(listed[0]["severity"], "note", "{listed}");
    assert_eq!(listed[0]["key"], "identity.key_file", "{listed}");
    let refused = site.run(&["run", "--config", "FILE"], &[]);
    assert_eq!(refused.status.code(), Some(78), "{}", text(&refused));
    assert!(text(&refused).contains("> identity.key; chmod 600 identity.key"));
}

#[test]
fn wrong_arguments_are_named_as_they_were_given() {
    let site = Site::new(CONFIG);
    let rows: [(&[&str], &str); 9] = [
        (&["config"], "Usage: trygg config <--defaults|--effective [FILE]|--schema>"),
        (&["config", "--output", "json"], "Usage: trygg config <--defaults"),
        (&["man", "/no/dir"], "/no/dir: "),
        (&["pub", "-t", "t", "-f", "/no/file"], "--file /no/file: "),
        (&["pub", "--jsonl", "/no/file"], "--jsonl /no/file: "),
        (&["pub", "-t", "a/#", "-m", "1"], "for subscribers"),
        (&["pub", "-t", "t", "-m", "1", "--rate", "1e-19/s"], "from 0.001 to 1000000"),
        (&["simulate", "--duration", "-5s"], "not negative"),
        (&["tail", "--brokers", "nonsense"], "expected HOST:PORT"),
    ];
    for (args, says) in rows {
        let output = site.run(args, &[]);
        assert_eq!(output.status.code(), Some(64), "{args:?}: {}", text(&output));
        assert!(text(&output).contains(says), "{args:?}: {}", text(&output));
        assert!(!text(&output).contains("--markdown"), "{args:?}");
    }
}
