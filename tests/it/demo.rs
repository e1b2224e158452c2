//! `trygg demo`: one command, a house, a message of one's own, and the books at the end.

use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

use crate::support::{
    process::{self, Daemon, Signal},
    tools::{self, Tools},
    turn, wait,
};

/// From the start of the built program to the first event of a home.
const FIRST_EVENT: Duration = Duration::from_secs(10);
/// From Ctrl-C to the end.
const END: Duration = Duration::from_secs(2);

const CONTACT: &str = "homes/my-home/zigbee2mqtt/front_door";

struct Demo {
    daemon: Daemon,
    started: Instant,
}

impl Demo {
    fn start(options: &[&str]) -> Self {
        let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
        command.args(["demo", "--plain"]).args(options);
        let log = process::scratch("demo").join("demo.log");
        Self { started: Instant::now(), daemon: Daemon::start("demo", command, &log) }
    }

    /// What stands behind a word at the beginning of a line.
    fn place(&self, what: &str) -> String {
        wait::until(what, wait::SOON, || {
            let output = self.daemon.output();
            let line = output.lines().find_map(|line| line.trim_start().strip_prefix(what))?;
            line.split_whitespace().next().map(|place| place.trim_end_matches(',').to_owned())
        })
    }

    fn line(&self, holds: &[&str]) -> String {
        wait::until(&format!("a line with {holds:?}"), wait::SOON, || {
            let output = self.daemon.output();
            let line = output.lines().find(|line| holds.iter().all(|part| line.contains(part)));
            line.map(str::to_owned)
        })
    }
}

fn trygg(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trygg")).args(args).output().expect("trygg")
}

/// A Kafka client in another language, which knows trygg's proto file and nothing else of it.
const READ: &str = "import sys\n\
        from confluent_kafka import Consumer\n\
        from trygg.v1 import trygg_pb2 as pb\n\
        consumer = Consumer({'bootstrap.servers': sys.argv[1], 'group.id': 'g',\n\
            'auto.offset.reset': 'earliest'})\n\
        consumer.subscribe(['trygg.readings'])\n\
        while True:\n\
        \x20   message = consumer.poll(30)\n\
        \x20   assert message is not None and not message.error()\n\
        \x20   batch = pb.ReadingBatch.FromString(message.value())\n\
        \x20   for report in batch.reports:\n\
        \x20       for reading in report.readings:\n\
        \x20           if batch.home == 'my-home' and reading.state:\n\
        \x20               print(report.device, reading.kind)\n\
        \x20               sys.exit(0)\n";

fn stock_client(tools: &Tools, kafka: &str) -> String {
    let python = Command::new(&tools.python)
        .args(["-c", READ, kafka])
        .env("PYTHONPATH", &tools.python_stubs)
        .output()
        .expect("python");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    String::from_utf8_lossy(&python.stdout).trim().to_owned()
}

#[test]
fn a_message_of_ones_own_goes_through_the_demo_and_the_books_balance() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let mut demo = Demo::start(&["--speed", "600"]);
    demo.line(&[" home-"]);
    let first = demo.started.elapsed();
    assert!(first < FIRST_EVENT, "the first event came after {first:?}");

    let (mqtt, kafka) = (demo.place("MQTT"), demo.place("Kafka"));
    let broker = format!("mqtt://{mqtt}");
    for message in [r#"{"contact":true}"#, r#"{"contact":false}"#] {
        let sent = trygg(&["pub", "--broker", &broker, "--topic", CONTACT, "--message", message]);
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    }
    demo.line(&["my-home", "front door opened"]);

    // Zigbee2MQTT's contact is true when closed; trygg's door_open is the other way round.
    let tail = ["tail", "--brokers", &kafka, "--from", "beginning", "--readings"];
    let wanted = ["--home", "my-home", "--kind", "door_open", "--limit", "2"];
    let told = trygg(&[&tail[..], &wanted, &["--output", "jsonl"]].concat());
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let values: Vec<serde_json::Value> = told
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["value"].clone())
        .collect();
    assert_eq!(values, [false, true], "{told}");
    let words = trygg(&[&tail[..], &wanted].concat());
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(words.contains("front door opened"), "{words}");

    assert_eq!(stock_client(tools, &kafka), "front_door door_open");

    demo.daemon.signal(Signal::Terminate);
    assert_eq!(demo.daemon.exit_code(END), Some(0));
    let output = demo.daemon.output();
    assert!(output.ends_with("The books balance: nothing is missing.\n"), "{output}");
    for word in ["WARN", "ERROR", "panicked", "NOT balance"] {
        assert!(!output.contains(word), "{word} in:\n{output}");
    }
}

#[test]
fn two_demos_share_a_machine_and_one_ends_by_itself() {
    let _turn = turn::alone();
    let mut first = Demo::start(&["--homes", "1"]);
    let mqtt = first.place("MQTT");
    let mut second = Demo::start(&["--homes", "1", "--duration", "1s"]);
    assert_ne!(second.place("MQTT"), mqtt);
    assert_eq!(second.daemon.exit_code(wait::SOON), Some(0));
    first.daemon.signal(Signal::Terminate);
    assert_eq!(first.daemon.exit_code(END), Some(0));
}
