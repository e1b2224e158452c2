//! `trygg tail` beside the engine, on the real Kafka.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{
    mqtt::{Publisher, Send},
    payload,
    process::{self, Signal, free_port},
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

/// Exit codes of sysexits.
const USAGE: i32 = 64;
const TEMPORARY_FAILURE: i32 = 75;
const CONFIGURATION: i32 = 78;

/// `trygg tail` as a process; killed when dropped.
struct Tail {
    child: Child,
    lines: mpsc::Receiver<String>,
    complaints: mpsc::Receiver<String>,
}

impl Tail {
    fn start(arguments: &[&str]) -> Self {
        let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
        command.arg("tail").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process::spawn(command);
        let lines = lines_of(child.stdout.take().expect("piped"));
        let complaints = lines_of(child.stderr.take().expect("piped"));
        Self { child, lines, complaints }
    }

    /// On the topics of a site.
    fn of(site: &Site, arguments: &[&str]) -> Self {
        Self::start(&[&on(site)[..], arguments].concat())
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(SOON).expect("a line in time")
    }

    fn complaint(&self) -> String {
        self.complaints.recv_timeout(SOON).expect("a complaint in time")
    }

    fn exit_code(&mut self) -> Option<i32> {
        wait::until("tail ends", SOON, || self.child.try_wait().expect("wait")).code()
    }

    fn signal(&self, name: &str) {
        let sent = std::process::Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status();
        assert!(sent.expect("sh").success());
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn lines_of(stream: impl Read + std::marker::Send + 'static) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Arguments that name a site's Kafka and topics.
fn on(site: &Site) -> Vec<&str> {
    let config = &site.config;
    vec![
        "--brokers",
        &config.brokers,
        "--topic",
        &config.readings,
        &config.alerts,
        &config.dead_letters,
    ]
}

/// What stands in a site's topics now, as `trygg tail` shows it.
fn all(site: &Site, arguments: &[&str]) -> Vec<String> {
    let output = run(&[&on(site)[..], &["--from", "beginning", "--until-end"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

fn run(arguments: &[&str]) -> Output {
    let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
    command.arg("tail").args(arguments).output().expect("trygg")
}

fn publish(publisher: &mut Publisher, topic: &str, payload: &str) {
    publisher.publish(topic, payload.as_bytes(), Send::Acknowledged);
    publisher.settle();
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn an_opened_door_is_told_in_words_and_in_json() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let mut publisher = site.publisher();
    publish(&mut publisher, "homes/h0/zigbee2mqtt/Hall/front door", &payload::contact(true));
    site.wait_until_acknowledged(1);

    // From before until the end: deterministic, and the old state stands in it.
    let old = all(&site, &["--kind", "door_open"]);
    assert!(old[0].ends_with(" h0      Hall/front door  front door closed"), "{old:?}");

    let text = Tail::of(&site, &["--kind", "door_*", "--from", "10m"]);
    let json = Tail::of(&site, &["--kind", "door_*", "--from", "10m", "--output", "jsonl"]);
    assert!(text.line().ends_with("front door closed"));
    assert_eq!(object(&json.line())["value"], Value::Bool(false));
    publish(&mut publisher, "homes/h1/zigbee2mqtt/Hall/front door", &payload::contact(false));
    let line = text.line();
    assert!(line.contains(" h1 ") && line.ends_with("front door opened"), "{line}");

    let object = object(&json.line());
    for (field, expected) in [
        ("kind", Value::from("door_open")),
        ("value", Value::from(true)),
        ("unit", Value::from("")),
        ("tenant", Value::from("testbed")),
        ("home", Value::from("h1")),
        ("device", Value::from("Hall/front door")),
        ("lane", Value::from("readings")),
        ("topic", Value::from(site.config.readings.as_str())),
        ("event_id_basis", Value::from("reception")),
        ("measured_at", Value::Null),
    ] {
        assert_eq!(object[field], expected, "{field}");
    }
    let seen = site.read_all();
    let reading = seen.readings.iter().find(|one| one.home == "h1" && one.kind == "door_open");
    let reading = reading.expect("the independent reader sees it too");
    assert_eq!(object["event_id"], reading.event_id.as_str());
    assert_eq!(object["offset"], reading.offset);
    assert_eq!(object["received_at"], payload::rfc3339(reading.received_at_us).as_str());
}

#[test]
fn filters_show_only_what_was_asked_for() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let mut publisher = site.publisher();
    for home in ["h-01", "h-02", "x-01"] {
        let topic = format!("homes/{home}/zigbee2mqtt/door");
        publish(&mut publisher, &topic, &payload::contact(false));
    }
    publish(&mut publisher, "homes/h-01/zigbee2mqtt/button", &payload::emergency(None));
    publish(&mut publisher, "homes/h-01/json/gateway", "{ not json");
    site.wait_until_acknowledged(5);

    let doors = all(&site, &["--home", "h-*", "--kind", "door_open"]);
    assert_eq!(doors.len(), 2, "{doors:?}");
    let batteries = all(&site, &["--device", "button", "--kind", "battery*"]);
    assert_eq!(batteries.len(), 1, "{batteries:?}");
    assert!(batteries[0].contains("button: battery 90 %"), "{batteries:?}");
    let pressed = all(&site, &["--kind", "sos"]);
    assert_eq!(pressed.len(), 2, "readings and alerts tell it: {pressed:?}");
    assert!(pressed.iter().all(|line| line.ends_with("SOS pressed")), "{pressed:?}");
    assert_eq!(pressed.iter().filter(|line| line.contains(" ! ")).count(), 1, "{pressed:?}");

    // One topic alone, and one under a name that says nothing.
    let letters = ["--brokers", &site.config.brokers, "--topic", &site.config.dead_letters];
    let letters = run(&[&letters[..], &["--from", "beginning", "--until-end"]].concat());
    let letters = String::from_utf8(letters.stdout).expect("text");
    assert!(letters.contains(" ? ") && letters.contains("not understood: json_"), "{letters}");
    assert!(letters.contains("(10 bytes)"), "{letters}");
    let wrong = ["--brokers", &site.config.brokers, "--topic", &site.config.dead_letters];
    let wrong = [&wrong[..], &["--as", "readings", "--from", "beginning", "--until-end"]].concat();
    let wrong = run(&wrong);
    let complaint = String::from_utf8(wrong.stderr).expect("text");
    assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(0), 0), "{complaint}");
    assert_eq!(complaint.lines().count(), 2, "{complaint}");
    assert!(complaint.contains("1 record was not trygg's and left out"), "{complaint}");
}

#[test]
fn a_time_divides_old_from_new() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let mut publisher = site.publisher();
    for number in 1..=3 {
        publish(&mut publisher, "homes/h1/zigbee2mqtt/plug", &payload::plug(number, None));
        // Each in a record of its own, with a time of its own.
        site.wait_until_acknowledged(number);
    }
    let energies = |since: &str| -> Vec<u64> {
        let kind = ["--kind", "energy", "--output", "jsonl"];
        let arguments = [&on(&site)[..], &["--until-end", "--from", since], &kind].concat();
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
        let number = |line: &str| object(line)["value"].as_f64().expect("a number") as u64;
        text.lines().map(number).collect()
    };
    assert_eq!(energies("beginning"), [1, 2, 3]);
    assert_eq!(energies("5m"), [1, 2, 3]);
    assert!(energies("now").is_empty());
    let seen = site.read_all();
    let second = &seen.readings.iter().find(|one| one.kind == "energy" && one.number() == 2);
    let second = second.expect("the second").timestamp_ms;
    assert_eq!(energies(&payload::rfc3339(second * 1_000)), [2, 3]);
    assert_eq!(energies(&payload::rfc3339((second + 1) * 1_000)), [3]);
}

#[test]
fn it_ends_when_nobody_reads_and_on_a_signal() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let mut publisher = site.publisher();
    for number in 0..20 {
        publish(&mut publisher, "homes/h1/zigbee2mqtt/plug", &payload::plug(number, None));
    }
    site.wait_until_acknowledged(20);

    // The pipe is closed while nothing comes any more: it must not wait for the next event.
    let script = "timeout 20 \"$0\" tail \"$@\" --from beginning 2>\"$COMPLAINTS\" | head -n 1; \
                  echo \"ended with ${PIPESTATUS[0]}\"";
    let complaints = process::scratch("tail").join("complaints");
    let mut command = process::command("bash");
    command.args(["-c", script, env!("CARGO_BIN_EXE_trygg")]).args(on(&site));
    command.env("COMPLAINTS", &complaints);
    let begun = Instant::now();
    let output = command.output().expect("bash");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.ends_with("\nended with 0\n"), "{said}");
    assert_eq!(said.lines().count(), 2, "{said}");
    let complaints = std::fs::read_to_string(complaints).expect("written");
    assert_eq!(complaints, "", "nothing is said of a closed pipe");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    let limited = all(&site, &["--limit", "3"]);
    assert_eq!(limited.len(), 3, "{limited:?}");
    for signal in ["INT", "TERM"] {
        let mut tail = Tail::of(&site, &["--from", "beginning"]);
        tail.line();
        let sent = Instant::now();
        tail.signal(signal);
        assert_eq!(tail.exit_code(), Some(0), "{signal}");
        assert!(sent.elapsed() < Duration::from_secs(3), "{signal}: {:?}", sent.elapsed());
    }
}

#[test]
fn a_kafka_that_is_away_is_waited_for_unless_a_timeout_is_given() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    site.create_topics();
    let nowhere = format!("127.0.0.1:{}", free_port());
    let output = run(&["--brokers", &nowhere, "--timeout", "2s"]);
    let complaint = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(TEMPORARY_FAILURE), "{complaint}");
    assert_eq!(
        complaint,
        format!(
            "trygg tail: Kafka cannot be reached at {nowhere}; waiting for it\n\
             trygg tail: Kafka cannot be reached at {nowhere} within 2 s\n"
        )
    );
    let mut patient = Tail::start(&["--brokers", &nowhere]);
    assert!(patient.complaint().ends_with("waiting for it"));
    assert_eq!(patient.child.try_wait().expect("wait"), None);
    patient.signal("TERM");
    assert_eq!(patient.exit_code(), Some(0));
}

#[test]
fn a_kafka_that_comes_back_is_followed_on() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = std::sync::Arc::new(crate::support::kafka::Kafka::start(tools));
    let site = Site::on(tools, std::sync::Arc::clone(&kafka));
    let _engine = site.up();
    let mut publisher = site.publisher();
    publish(&mut publisher, "homes/h1/zigbee2mqtt/plug", &payload::plug(1, None));
    let tail = Tail::of(&site, &["--from", "beginning"]);
    assert!(tail.line().ends_with("energy 1 kWh"));
    kafka.kill();
    assert!(tail.complaint().ends_with("waiting for it"));
    kafka.restart();
    assert!(tail.complaint().contains("Kafka answers"));
    publish(&mut publisher, "homes/h1/zigbee2mqtt/plug", &payload::plug(2, None));
    assert!(tail.line().ends_with("energy 2 kWh"));
    kafka.signal(Signal::Continue);
}

#[test]
fn an_unknown_topic_is_named_with_those_there_are() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    site.create_topics();
    let brokers = site.config.brokers.as_str();
    let output = run(&["--brokers", brokers, "--topic", "no.such.readings"]);
    let complaint = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(CONFIGURATION), "{complaint}");
    assert!(complaint.starts_with("trygg tail: Kafka has no topic no.such.readings; it has "));
    for topic in [&site.config.readings, &site.config.alerts, &site.config.dead_letters] {
        assert!(complaint.contains(topic.as_str()), "{complaint}");
    }
    assert_eq!(run(&["--topic", "homes"]).status.code(), Some(USAGE));
    let secret = run(&["-X", "sasl.password=geheim"]);
    assert_eq!(secret.status.code(), Some(USAGE));
    assert!(String::from_utf8_lossy(&secret.stderr).contains("sasl.password=@FILE"));
}

#[test]
fn a_reader_that_stands_still_costs_no_memory_and_no_patience() {
    const MEBIBYTE: u64 = 1 << 20;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    site.create_topics();
    let produced = produce_much(&site);
    assert!(produced > 120 * MEBIBYTE, "{produced} bytes");
    let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
    command.arg("tail").args(on(&site)).args(["--from", "beginning"]).stdout(Stdio::piped());
    let mut child = process::spawn(command);
    let mut first = [0];
    child.stdout.as_mut().expect("piped").read_exact(&mut first).expect("a byte");

    // Nobody reads on. What it holds stops growing, far below what there is.
    let (mut last, mut steady) = (0, 0);
    wait::until("its memory is steady", SOON, || {
        let now = memory(child.id());
        steady = if now == last { steady + 1 } else { 0 };
        last = now;
        (steady == 40).then_some(())
    });
    println!(
        "{} MiB of records, reader stands still: {} MiB",
        produced / MEBIBYTE,
        last / MEBIBYTE
    );
    assert!(last < 64 * MEBIBYTE, "{} MiB", last / MEBIBYTE);

    let mut tail = Tail { child, lines: mpsc::channel().1, complaints: mpsc::channel().1 };
    let sent = Instant::now();
    tail.signal("TERM");
    assert_eq!(tail.exit_code(), Some(0));
    assert!(sent.elapsed() < Duration::from_secs(3), "{:?}", sent.elapsed());
}

/// Bytes a process holds.
fn memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("alive");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Fills the readings of a site with large records of many readings. Returns their bytes.
fn produce_much(site: &Site) -> u64 {
    const SCRIPT: &str = "import sys\n\
        from confluent_kafka import Producer\n\
        from trygg.v1 import trygg_pb2 as pb\n\
        report = pb.DeviceReport(event_id=bytes(16), device='band', received_at_us=1700000000100000,\n\
            readings=[pb.Reading(kind='heart_rate', unit='/min', number=n) for n in range(1500)])\n\
        value = pb.ReadingBatch(tenant='t', home='h1', reports=[report]).SerializeToString()\n\
        producer = Producer({'bootstrap.servers': sys.argv[1]})\n\
        for _ in range(3000): producer.produce(sys.argv[2], key=b'h1', value=value)\n\
        left = producer.flush(60)\n\
        print(3000 * len(value) if left == 0 else 0)\n";
    let run = process::command(&site.tools.python)
        .args(["-c", SCRIPT, &site.config.brokers, &site.config.readings])
        .env("PYTHONPATH", &site.tools.python_stubs)
        .output()
        .expect("python");
    let said = String::from_utf8_lossy(&run.stdout).trim().to_owned();
    said.parse().unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&run.stderr)))
}
