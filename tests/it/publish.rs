//! `trygg pub` and `trygg simulate` against the real Mosquitto, and into the engine.

use std::{
    fmt::Write as _,
    fs::{self, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
    time::Instant,
};

use serde_json::{Value, json};

use crate::support::{
    mosquitto::{Mosquitto, Store},
    process::{self, Daemon, Signal},
    site::Site,
    subscriber::Subscriber,
    tools, turn,
    wait::{self, SOON},
};

fn trygg(arguments: &[&str]) -> Command {
    let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str], broker: &str) -> Output {
    trygg(arguments).args(["--broker", broker]).output().expect("trygg")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What `--output json` said, with exit code 0.
fn summary(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "nothing to complain about");
    serde_json::from_slice(&output.stdout).expect("one object")
}

#[test]
fn one_message_reaches_a_subscriber_and_is_kept_for_later_ones() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mosquitto = Mosquitto::start(tools);
    let url = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let live = Subscriber::on(mosquitto.port, "homes/#");
    let topic = "homes/home-1/zigbee2mqtt/front_door";
    let said =
        run(&["pub", "--topic", topic, "--message", r#"{"contact":false}"#, "--retain"], &url);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    assert!(text(&said.stdout).starts_with("published 1 message: 1 acknowledged; "));
    let message = &live.wait(1)[0];
    assert_eq!((message.topic.as_str(), message.qos, message.retain), (topic, 1, false));
    assert_eq!(message.payload, br#"{"contact":false}"#);
    let late = &Subscriber::on(mosquitto.port, "homes/#").wait(1)[0];
    assert!(late.retain && late.payload == message.payload);

    for protocol in ["5", "3.1.1"] {
        let file = process::scratch("publish").join("payload.bin");
        fs::write(&file, [0, 255, 10]).expect("payload");
        let file = file.to_str().expect("UTF-8");
        let said =
            run(&["pub", "-t", "homes/raw", "-f", file, "-q", "0", "--protocol", protocol], &url);
        assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    }
    let all = live.wait(3);
    for message in &all[1..] {
        assert_eq!((message.qos, message.payload.as_slice()), (0, &[0, 255, 10][..]));
    }
}

#[test]
fn a_file_of_messages_arrives_in_order_and_no_faster_than_asked() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mosquitto = Mosquitto::start(tools);
    let url = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let subscriber = Subscriber::on(mosquitto.port, "lines/#");
    let mut lines = String::new();
    for number in 0..40 {
        let qos = number % 2;
        let line =
            json!({"topic": format!("lines/{number}"), "payload": {"n": number}, "qos": qos});
        writeln!(lines, "{line}").expect("text");
    }
    let file = process::scratch("publish").join("lines.jsonl");
    fs::write(&file, &lines).expect("lines");
    let file = file.to_str().expect("UTF-8");
    let began = Instant::now();
    let said = summary(&run(&["pub", "--jsonl", file, "--rate", "50/s", "--output", "json"], &url));
    assert!(began.elapsed().as_millis() >= 700, "{:?}", began.elapsed());
    assert_eq!((&said["published"], &said["acknowledged"]), (&json!(40), &json!(20)));
    assert_eq!((&said["unconfirmed"], &said["failure"]), (&json!(20), &json!(null)));
    let heard = subscriber.wait(40);
    for (number, message) in heard.iter().enumerate() {
        assert_eq!(message.payload, format!(r#"{{"n":{number}}}"#).into_bytes());
        assert_eq!(usize::from(message.qos), number % 2);
    }

    // A broken line ends it behind what came before, unless it shall keep going.
    let broken = lines.replacen(r#""payload""#, r#""pay load""#, 1);
    fs::write(file, broken).expect("lines");
    let said = run(&["pub", "--jsonl", file], &url);
    assert_eq!(said.status.code(), Some(64));
    let named = format!("{file}, line 1: column ");
    assert!(text(&said.stderr).starts_with(&named), "{}", text(&said.stderr));
    let said = run(&["pub", "--jsonl", file, "--keep-going"], &url);
    assert_eq!(said.status.code(), Some(64));
    let out = text(&said.stdout);
    assert!(out.starts_with("published 39 messages: 20 acknowledged, "), "{out}");
    assert!(out.contains("1 line that is no message;"), "{out}");
}

#[test]
fn who_is_refused_learns_why_and_what_to_do() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let folder = process::scratch("publish");
    let (users, acl) = (folder.join("users"), folder.join("acl"));
    Mosquitto::write_password(tools, &users, "anna", "planted-marker");
    fs::write(&acl, "user anna\ntopic write homes/#\n").expect("acl");
    let secret = |name: &str, content: &str| {
        let file = folder.join(name);
        fs::write(&file, content).expect("secret");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("mode");
        file.to_str().expect("UTF-8").to_owned()
    };
    let (right, wrong) = (secret("right", "planted-marker\n"), secret("wrong", "planted-other\n"));
    let port = process::free_port();
    let listener = format!(
        "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\nacl_file {}\n",
        users.display(),
        acl.display()
    );
    let _mosquitto = Mosquitto::start_with(tools, &listener);
    let (anna, nobody) =
        (format!("mqtt://anna@127.0.0.1:{port}"), format!("mqtt://127.0.0.1:{port}"));
    let home: &[&str] = &["pub", "-t", "homes/h", "-m", "planted-payload"];
    let elsewhere: &[&str] = &["pub", "-t", "elsewhere", "-m", "planted-payload"];
    let [right, wrong]: [&[&str]; 2] = [&["--password-file", &right], &["--password-file", &wrong]];
    let closed = format!("mqtt://127.0.0.1:{}", process::free_port());
    for (arguments, broker, code, reason) in [
        ([home, right].concat(), &anna, 0, ""),
        ([home, wrong].concat(), &anna, 78, "not_authorized"),
        (home.to_vec(), &nobody, 78, "--password-file"),
        ([elsewhere, right].concat(), &anna, 78, "ACL"),
        ([home, right].concat(), &nobody, 64, "USER@HOST"),
        (home.to_vec(), &closed, 75, "is the broker running"),
    ] {
        let said = run(&arguments, broker);
        let (out, err) = (text(&said.stdout), text(&said.stderr));
        println!("{code} {err}");
        assert_eq!(said.status.code(), Some(code), "{arguments:?}: {err}");
        assert!(err.contains(reason) && (code == 0) == err.is_empty(), "{reason}: {err}");
        assert!(!out.contains("planted") && !err.contains("planted"), "{out}{err}");
    }
}

#[test]
fn simulated_homes_pass_the_engine_without_a_dead_letter() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.link().filters = trygg::testbed::filters()
        .iter()
        .map(|filter| (filter.topic.to_owned(), filter.format))
        .collect();
    let mut engine = site.up();
    let url = format!("mqtt://127.0.0.1:{}", site.mosquitto.port);
    let said = summary(&run(
        &[
            "simulate",
            "--homes",
            "3",
            "--speed",
            "600",
            "--duration",
            "5s",
            "--seed",
            "1",
            "--output",
            "json",
        ],
        &url,
    ));
    println!("{said}");
    let published = said["published"].as_u64().expect("a count");
    assert!(published > 110, "the homes introduce themselves and begin their day: {said}");
    assert_eq!((&said["acknowledged"], &said["unacknowledged"]), (&json!(published), &json!(0)));
    site.wait_until_acknowledged(published);
    let seen = site.read_all();
    assert!(seen.dead_letters.is_empty(), "{:?}", seen.dead_letters);
    for home in ["home-1", "home-2", "home-3"] {
        let of_home = seen.readings.iter().filter(|reading| reading.home == home);
        assert!(of_home.count() > 100, "{home}");
    }
    println!("{published} messages, {} readings", seen.readings.len());
    engine.scrape();
    assert_eq!(engine.terminate(), Some(0));
}

#[test]
fn what_is_printed_can_be_published_and_replayed() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mosquitto = Mosquitto::start(tools);
    let url = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let printed = trygg(&["simulate", "--print", "--simulated", "1h", "--homes", "2"]);
    let printed = { printed }.output().expect("trygg").stdout;
    let count = text(&printed).lines().count();
    let mut piped = trygg(&["pub", "--jsonl", "-", "--output", "json", "--broker", &url]);
    let piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("trygg");
    child.stdin.take().expect("a pipe").write_all(&printed).expect("written");
    let said = summary(&child.wait_with_output().expect("trygg"));
    assert_eq!(said["acknowledged"], json!(count));

    let file = process::scratch("publish").join("hour.jsonl");
    fs::write(&file, &printed).expect("file");
    let file = file.to_str().expect("UTF-8");
    let began = Instant::now();
    let replay = ["simulate", "--replay", file, "--speed", "1800", "--output", "json"];
    let said = summary(&run(&replay, &url));
    assert_eq!(said["acknowledged"], json!(count));
    assert!(began.elapsed().as_millis() > 1_800, "an hour in two seconds: {:?}", began.elapsed());
}

#[test]
fn a_simulation_outlives_its_broker_and_ends_cleanly_when_asked() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut mosquitto = Mosquitto::start(tools);
    let url = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let log = process::scratch("publish").join("simulate.log");
    let command = {
        let mut command = trygg(&["simulate", "--speed", "1200", "--broker"]);
        command.arg(&url);
        command
    };
    let mut simulation = Daemon::start("simulate", command, &log);
    wait::until("it has begun", SOON, || {
        std::net::TcpStream::connect(("127.0.0.1", mosquitto.port)).ok()
    });
    Subscriber::on(mosquitto.port, "homes/#").wait(20);
    mosquitto.kill(Store::Lost);
    mosquitto.restart();
    Subscriber::on(mosquitto.port, "homes/#").wait(20);
    simulation.signal(Signal::Terminate);
    assert_eq!(simulation.exit_code(SOON), Some(0), "{}", simulation.output());
    let said = simulation.output();
    assert!(said.contains("; again in "), "{said}");
    assert!(said.contains("published ") && !said.contains("not acknowledged"), "{said}");
}

#[test]
fn a_broker_that_hangs_up_on_a_large_message_is_asked_about_its_limit() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let port = process::free_port();
    let listener = format!("listener {port} 127.0.0.1\nallow_anonymous true\n");
    let limits = format!("{listener}max_packet_size 100000\n");
    let _mosquitto = Mosquitto::start_with(tools, &limits);
    let url = format!("mqtt://127.0.0.1:{port}");
    let file = process::scratch("publish").join("large.bin");
    fs::write(&file, vec![7; 1024 * 1024]).expect("payload");
    let file = file.to_str().expect("UTF-8");
    // In MQTT 5 it says its limit beforehand.
    for (protocol, code, says) in
        [("3.1.1", 75, "a message of 1024 KiB was on its way"), ("5", 78, "")]
    {
        let args = ["pub", "-t", "raw", "-f", file, "--protocol", protocol];
        let said = run(&args, &url);
        let err = text(&said.stderr);
        println!("{protocol}: {err}");
        assert_eq!(said.status.code(), Some(code), "{protocol}: {err}");
        assert!(err.contains(says), "{protocol}: {err}");
    }
}
