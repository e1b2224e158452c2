//! Secrets come in by file, credential and variable, and come out nowhere: a planted marker is
//! looked for in everything that every command says.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Output,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::support::{
    engine::{Config, Engine, Link},
    process::{self, Daemon, free_port},
    turn, wait,
};

/// What no output may hold.
const MARKER: &str = "planted-4c1d7e-planted-4c1d7e-planted";

/// The marker as careless code would show it: as text, as list of bytes, in base64, in hexadecimal.
fn shapes() -> Vec<String> {
    let bytes = MARKER.as_bytes();
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Base64 of a longer text holds it at one of three offsets; its ends depend on neighbours.
    let encoded = (0..3).map(|offset| {
        let text = BASE64_STANDARD.encode([&b"\0\0\0"[..offset], bytes].concat());
        text.get(4..text.len() - 4).expect("letters").to_owned()
    });
    [MARKER.to_owned(), list.join(", "), digits.concat()].into_iter().chain(encoded).collect()
}

fn assert_clean(what: &str, said: &str) {
    for shape in shapes() {
        if let Some((before, _)) = said.split_once(&shape) {
            let near = before.lines().last().unwrap_or_default();
            panic!("{what} shows a secret behind: {near}");
        }
    }
}

/// A folder of secrets, all of them the marker.
struct Site {
    folder: PathBuf,
}

impl Site {
    fn new() -> Self {
        let folder = process::scratch("secrets");
        for name in ["mqtt.pass", "kafka.pass", "identity.key", "east"] {
            let path = folder.join(name);
            fs::write(&path, MARKER).expect("secret");
            fs::set_permissions(&path, Permissions::from_mode(0o400)).expect("mode");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Links with a password from a file, a variable and a credential, and this of Kafka.
    fn config(&self, mqtt: u16, kafka: &str, sections: &str) -> Config {
        let logins = [
            ("north", format!("password_file = \"{}\"", self.path("mqtt.pass"))),
            ("south", "password_env = \"SOUTH_PASS\"".to_owned()),
            ("east", "password_file = \"credential:east\"".to_owned()),
        ];
        let links = logins.map(|(name, login)| Link {
            name,
            port: mqtt,
            client_id: format!("secrets-{name}"),
            filters: vec![(format!("{name}/{{home}}/{{device}}"), "json")],
            more: format!("user = \"anna\"\n{login}\nbroker_statistics = false\nallow_downgrade = true\nreceive_maximum = 50\n"),
        });
        Config {
            brokers: kafka.to_owned(),
            readings: "trygg.readings".to_owned(),
            alerts: "trygg.alerts".to_owned(),
            dead_letters: "trygg.dead-letters".to_owned(),
            links: links.to_vec(),
            kafka: String::new(),
            spool: String::new(),
            sections: sections.to_owned(),
            admin_port: free_port(),
        }
    }

    /// The file's text, with pseudonyms by the marker as key.
    fn toml(&self, config: &Config) -> String {
        let key = format!("key_file = \"{}\"", self.path("identity.key"));
        config.toml().replace("clear_names = true", &key)
    }

    fn sasl(&self) -> String {
        let pass = self.path("kafka.pass");
        format!(
            "[kafka.sasl]\nmechanism = \"PLAIN\"\nuser = \"trygg\"\npassword_file = \"{pass}\"\n"
        )
    }

    fn secret_files(&self) -> String {
        let pass = self.path("kafka.pass");
        format!(
            "[kafka.librdkafka]\n\"security.protocol\" = \"sasl_plaintext\"\n\
             \"sasl.mechanism\" = \"PLAIN\"\n\"sasl.username\" = \"trygg\"\n\
             [kafka.secret_files]\n\"sasl.password\" = \"{pass}\"\n"
        )
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.join(name), text).expect("a file");
        self.path(name)
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
        command.args(args).env("SOUTH_PASS", MARKER).env("CREDENTIALS_DIRECTORY", &self.folder);
        command
    }

    /// Runs a command to its end, and looks at what it said.
    fn ask(&self, args: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.command(args).output().expect("trygg");
        let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        assert!(!said.is_empty(), "{args:?}");
        assert_clean(&args.join(" "), &said);
        (status.code(), said)
    }

    /// Runs the engine until `is_enough`, and looks at its log and metrics.
    fn watch(&self, config: &Config, format: &str, is_enough: impl Fn(&Engine) -> bool) -> String {
        let file = self.write("run.toml", &self.toml(config));
        let mut command = self.command(&["run", "--config", &file]);
        command.env("TRYGG__LOG__LEVEL", "trace").env("TRYGG__LOG__FORMAT", format);
        let log = self.folder.join(format!("{}.log", config.admin_port));
        let mut engine = Engine::of(Daemon::start("trygg", command, &log), config.admin_port);
        wait::until("enough", wait::SOON, || is_enough(&engine).then_some(()));
        for path in ["/metrics", "/readyz", "/livez", "/startupz"] {
            let answer = engine.get(path).expect("an answer");
            assert!(!answer.body.is_empty());
            assert_clean(path, &answer.body);
        }
        engine.terminate();
        assert_clean("the log", &engine.log());
        engine.log()
    }
}

#[test]
fn shapes_of_a_secret_are_found() {
    let hidden = BASE64_STANDARD.encode(format!("\0anna\0{MARKER}"));
    let bytes = format!("{:?}", MARKER.as_bytes());
    for said in [format!("password {MARKER}"), hidden, bytes] {
        let found = std::panic::catch_unwind(|| assert_clean("it", &said));
        assert!(found.is_err(), "{said}");
    }
    assert_clean("it", "password ***");
}

#[test]
fn what_looks_at_a_configuration_shows_no_secret() {
    let site = Site::new();
    for sections in [site.sasl(), site.secret_files()] {
        let good = site.toml(&site.config(1883, "127.0.0.1:9092", &sections));
        let file = site.write("good.toml", &good);
        let (code, said) = site.ask(&["check", &file]);
        assert_eq!(code, Some(0), "{said}");
        // Secrets where none may stand, and files of secrets where others belong.
        let mistakes = [
            good.replace("[engine]", &format!("[engine]\npassword = \"{MARKER}\"")),
            good.replacen("user = ", &format!("password = \"{MARKER}\"\nuser = "), 1),
            good.replace("password_file", "pasword_file"),
            format!("{good}\n[kafka.topcs]\nreadings = 3\n"),
            format!("{good}\n[admin]\n"),
        ];
        let wrong = mistakes.iter().enumerate();
        let wrong = wrong.map(|(number, text)| site.write(&format!("wrong-{number}.toml"), text));
        for (file, expected) in [(file, 0)].into_iter().chain(wrong.map(|file| (file, 78))) {
            for output in ["text", "json"] {
                let (code, said) = site.ask(&["check", &file, "--output", output]);
                assert_eq!(code, Some(expected), "{said}");
                let (code, said) = site.ask(&["config", "--output", output, "--effective", &file]);
                assert_eq!(code, Some(expected), "{said}");
            }
            if expected == 78 {
                assert_eq!(site.ask(&["run", "--config", &file]).0, Some(78));
                let tail = ["tail", "--timeout", "1s", "--config", &file];
                assert_eq!(site.ask(&tail).0, Some(78));
            }
        }
    }
    site.ask(&["config", "--schema"]);
    site.ask(&["config", "--defaults"]);
}

#[test]
fn an_engine_that_reaches_nobody_shows_no_secret() {
    let _turn = turn::shared();
    let site = Site::new();
    let dead = format!("127.0.0.1:{}", free_port());
    for (sections, format) in [(site.sasl(), "text"), (site.secret_files(), "json")] {
        let config = site.config(free_port(), &dead, &sections);
        let log = site.watch(&config, format, |engine| {
            engine.log().contains("waiting for Kafka") && engine.get("/metrics").is_some()
        });
        assert!(log.contains("TRACE") || log.contains("DEBUG"), "{log}");
    }
}

#[test]
fn an_engine_at_work_shows_no_secret_and_no_payload() {
    let _turn = turn::shared();
    let site = Site::new();
    let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
    command.args(["demo", "--plain", "--homes", "1"]);
    let demo = Daemon::start("demo", command, &site.folder.join("demo.log"));
    let place = |what: &str| {
        wait::until(what, wait::SOON, || {
            let output = demo.output();
            let line = output.lines().find_map(|line| line.trim_start().strip_prefix(what))?;
            line.split_whitespace().next().map(str::to_owned)
        })
    };
    let (mqtt, kafka) = (place("MQTT"), place("Kafka"));
    let port: u16 = mqtt.rsplit(':').next().expect("a port").parse().expect("a number");
    let broker = format!("mqtt://anna@{mqtt}");
    for format in ["text", "json"] {
        let config = site.config(port, &kafka, "");
        let log = site.watch(&config, format, |engine| {
            if engine.get("/readyz").is_none_or(|answer| !answer.is_ok()) {
                return false;
            }
            // One that is understood, and one that is not.
            for payload in ["{\"readings\":[{\"kind\":\"sos\"}],\"note\":\"MARKER\"}", "MARKER"] {
                let file = site.write("payload", &payload.replace("MARKER", MARKER));
                let login = ["--password-env", "SOUTH_PASS", "--file", &file];
                let to = ["pub", "--broker", &broker, "--topic", "north/h1/d1"];
                assert_eq!(site.ask(&[&to[..], &login].concat()).0, Some(0));
            }
            engine.scrape().sum("trygg_messages_received_total", &[]) >= 2.0
        });
        assert!(log.contains("TRACE") || log.contains("DEBUG"), "{log}");
    }
    drop(demo);
}

#[test]
fn commands_with_logins_show_no_secret() {
    let _turn = turn::shared();
    let site = Site::new();
    let dead = format!("127.0.0.1:{}", free_port());
    let broker = format!("mqtt://anna@{dead}");
    let file = site.path("mqtt.pass");
    let with_file = ["--broker", &broker, "--password-file", &file];
    let with_variable = ["--broker", &broker, "--password-env", "SOUTH_PASS"];
    for login in [with_file, with_variable] {
        let (code, said) =
            site.ask(&[&["pub", "--topic", "t", "--message", "m"], &login[..]].concat());
        assert_eq!(code, Some(75), "{said}");
        let simulate = ["simulate", "--duration", "1s", "--homes", "1"];
        site.ask(&[&simulate, &login[..]].concat());
    }
    // Mistakes with a secret in hand.
    let in_address = format!("mqtt://anna:{MARKER}@{dead}");
    assert_eq!(site.ask(&["pub", "-t", "t", "-m", "m", "--broker", &in_address]).0, Some(64));
    assert_eq!(site.ask(&["simulate", "--broker", &in_address]).0, Some(64));
    let plain = format!("sasl.password={MARKER}");
    let brokers = ["tail", "--timeout", "1s", "--brokers", &dead];
    assert_eq!(site.ask(&[&brokers[..], &["-X", &plain]].concat()).0, Some(64));

    let pass = format!("sasl.password=@{file}");
    let login =
        ["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN", "sasl.username=u", &pass];
    let options = login.into_iter().flat_map(|property| ["-X", property]);
    let args: Vec<&str> = brokers.into_iter().chain(options).collect();
    assert_eq!(site.ask(&args).0, Some(75));
    assert_eq!(site.ask(&[&args[..], &["-X", "debug=all"]].concat()).0, Some(75));
    for sections in [site.sasl(), site.secret_files()] {
        let text = site.toml(&site.config(1883, &dead, &sections));
        let file = site.write("tail.toml", &text);
        assert_eq!(site.ask(&["tail", "--timeout", "1s", "--config", &file]).0, Some(75));
    }
}
