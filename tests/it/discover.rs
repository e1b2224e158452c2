//! `trygg discover` and `trygg explain --live` against the real Mosquitto, and what is proposed
//! against the engine.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use crate::support::{
    engine::Engine,
    mosquitto::Mosquitto,
    process::{self, Daemon, Signal},
    reader::Reader,
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

fn trygg(arguments: &[&str]) -> Command {
    let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    trygg(arguments).output().expect("trygg")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn what_is_discovered_is_a_configuration_that_runs() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    site.create_topics();
    let url = format!("mqtt://127.0.0.1:{}", site.mosquitto.port);
    let folder = process::scratch("discover");
    let file = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    let (config, devices) = (file("trygg.toml"), file("devices.csv"));

    let mut homes =
        trygg(&["simulate", "--homes", "3", "--seed", "1", "--speed", "1200", "--broker"]);
    homes.arg(&url);
    let mut homes = Daemon::start("simulate", homes, &folder.join("simulate.log"));
    let discover = [
        "discover",
        "--broker",
        &url,
        "--for",
        "6s",
        "--write",
        &config,
        "--registry",
        &devices,
        "--kafka",
        &site.kafka.brokers(),
    ];
    let said = run(&discover);
    let told = text(&said.stderr);
    println!("{told}");
    assert_eq!(said.status.code(), Some(0), "{told}");
    assert!(told.contains("zigbee2mqtt") && told.contains("json"), "{told}");
    assert!(!told.contains("no format was recognised"), "{told}");
    let proposal = fs::read_to_string(&config).expect("a configuration");
    for filter in ["homes/{home}/zigbee2mqtt/{device...}", "homes/{home}/band/{device}"] {
        assert!(proposal.contains(&format!("topic = \"{filter}\"")), "{filter}: {proposal}");
    }
    let lines = fs::read_to_string(&devices).expect("a list").lines().count();
    assert!(lines > 20, "{lines} devices of three homes");
    // A file that is there is nobody's to write over.
    assert_eq!(run(&discover).status.code(), Some(64));

    let key = folder.join("identity.key");
    fs::write(&key, [7; 32]).expect("a key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
    let checked = run(&["check", &config]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));

    let mut command = trygg(&["run", "--config", &config]);
    let spool = process::scratch("spool");
    command
        .env("TRYGG__KAFKA__TOPICS__READINGS", &site.config.readings)
        .env("TRYGG__KAFKA__TOPICS__ALERTS", &site.config.alerts)
        .env("TRYGG__KAFKA__TOPICS__DEAD_LETTERS", &site.config.dead_letters)
        .env("TRYGG__SPOOL__DIRECTORY", &spool)
        .env("TRYGG__ADMIN__LISTEN", format!("127.0.0.1:{}", site.config.admin_port));
    let daemon = Daemon::start("trygg", command, &folder.join("trygg.log"));
    let mut engine = Engine::of(daemon, site.config.admin_port);
    engine.wait_until_ready();
    let topics = [site.config.readings.as_str()];
    let mut found = 0;
    wait::until("readings of every home", SOON, || {
        let seen = Reader::read_all(tools, &site.kafka, &topics);
        found = seen.readings.len();
        let has = |home: &str| seen.readings.iter().any(|reading| reading.home == home);
        ["home-1", "home-2", "home-3"].iter().all(|home| has(home)).then_some(())
    });
    println!("{found} readings of {lines} devices");
    homes.signal(Signal::Terminate);
    assert_eq!(homes.exit_code(SOON), Some(0));
    assert_eq!(engine.terminate(), Some(0));
    assert_eq!(site.kafka.records(&site.config.dead_letters), 0, "nothing was refused");
}

#[test]
fn a_live_look_takes_nothing_from_the_engine() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let mut engine = site.up();
    let folder = process::scratch("explain");
    let file = folder.join("trygg.toml");
    let direct = site.config.toml().replace(
        &format!("port = {}\n", site.relay.port),
        &format!("port = {}\n", site.mosquitto.port),
    );
    fs::write(&file, direct).expect("a configuration");
    let publish = |topic: &str, payload: &str, more: &[&str]| {
        let url = format!("mqtt://127.0.0.1:{}", site.mosquitto.port);
        let mut arguments = vec!["pub", "--topic", topic, "--message", payload, "--broker", &url];
        arguments.extend(more);
        assert_eq!(run(&arguments).status.code(), Some(0));
    };
    publish("homes/h-1/zigbee2mqtt/hall", "{\"contact\":false}", &["--retain"]);
    let live = ["explain", "--live", "--count", "1", "--output", "json", "--config"];
    let said = trygg(&live).arg(&file).output().expect("trygg");
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    let line: serde_json::Value = serde_json::from_slice(&said.stdout).expect("one line");
    let reading = &line["readings"][0];
    assert_eq!((&reading["kind"], &reading["value"]), (&"door_open".into(), &true.into()));
    assert_eq!(reading["flags"][0], "retained");
    // The engine still has its session, and everything that was sent.
    publish("homes/h-1/zigbee2mqtt/hall", "{\"contact\":true}", &[]);
    site.wait_until_acknowledged(2);
    assert_eq!(site.relay.lives().len(), 1, "nobody took its session over");
    assert_eq!(engine.terminate(), Some(0));
    let seen = site.read_all();
    assert_eq!(seen.readings.len(), 2);
}

#[test]
fn a_broker_that_is_silent_or_away_is_said() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mosquitto = Mosquitto::start(tools);
    let url = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let said = run(&["discover", "--broker", &url, "--for", "500ms", "--protocol", "3.1.1"]);
    assert_eq!(said.status.code(), Some(75));
    assert!(text(&said.stderr).contains("heard 0 messages"), "{}", text(&said.stderr));
    let nobody = format!("mqtt://127.0.0.1:{}", process::free_port());
    let said = run(&["discover", "--broker", &nobody, "--for", "500ms"]);
    assert_eq!(said.status.code(), Some(75));
    assert!(text(&said.stderr).contains("refused"), "{}", text(&said.stderr));
}
