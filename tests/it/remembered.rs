//! Starts without Kafka: with the topics as they were, or, the first time, not at all. And what the
//! tools say of a spool that an engine works on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use crate::support::{
    engine::Engine,
    kafka::Kafka,
    mqtt::Send,
    payload,
    reader::Reading,
    site::Site,
    tools::{self, root},
    turn,
    wait::{self, SOON},
};

/// Messages that come while Kafka is away.
const MESSAGES: u64 = 60;
/// Longer than Kafka is waited for when trygg can go on without it.
const LONGER: Duration = Duration::from_secs(5);

#[test]
fn without_kafka_it_starts_with_the_topics_as_they_were() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let kafka = Arc::new(Kafka::start(tools));
    let site = Site::on(tools, Arc::clone(&kafka));
    site.create_topics();
    kafka.kill();
    let directory = directory(&site);

    // The first time there is nothing to start with.
    let mut engine = Engine::start(&site.config);
    wait::until("it answers", SOON, || engine.get("/livez"));
    wait::throughout("it waits for Kafka", LONGER, || {
        engine.get("/startupz").is_some_and(|answer| answer.status == 503)
    });
    kafka.restart();
    engine.wait_until_ready();
    assert!(directory.join("topics.toml").exists(), "the topics are noted");
    assert_eq!(engine.terminate(), Some(0));

    // The second time there is.
    kafka.kill();
    let mut publisher = site.publisher();
    for number in 0..MESSAGES {
        let reading = payload::plug(number, None);
        publisher.publish("homes/h1/zigbee2mqtt/plug", reading.as_bytes(), Send::Acknowledged);
    }
    publisher.settle();
    let mut engine = Engine::start(&site.config);
    engine.wait_until_ready();
    site.wait_until_acknowledged(MESSAGES);
    let answer = wait::until("it is degraded", SOON, || {
        engine.get("/readyz").filter(|answer| answer.body.contains("\"degraded: spooling"))
    });
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("kafka down"), "{}", answer.body);

    let file = look_beside_the_engine(&directory);
    kafka.restart();
    wait::until("the spool is empty", SOON, || {
        (engine.scrape().count("trygg_spool_records", &[]) == 0).then_some(())
    });
    wait::until("it is able", SOON, || {
        engine.get("/readyz").filter(|answer| answer.body.contains("\"status\":\"able\""))
    });
    assert_eq!(engine.terminate(), Some(0));
    assert_eq!(numbers(&site), (0..MESSAGES).collect::<Vec<_>>(), "all are there once, in order");

    // What was exported can be brought to Kafka by other means.
    let program = root().join("examples/replay_spool.py");
    let mut replay = Command::new(&tools.python);
    let output = replay.arg(program).arg(kafka.brokers()).arg(file).output().expect("python");
    assert!(output.status.success(), "{}", said(&output));
    let seen = site.read_all();
    assert_eq!(seen.readings.len() as u64, 2 * MESSAGES, "once more");
    let mut ids: Vec<_> = seen.readings.iter().map(|reading| &reading.event_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len() as u64, MESSAGES, "under the same event ids");
}

/// The tools read a spool that an engine works on; what it holds is exported to a file.
fn look_beside_the_engine(directory: &Path) -> PathBuf {
    let checked = spool(&["check"], directory);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    let stats = spool(&["stats", "--output", "json"], directory);
    let stats: Value = serde_json::from_slice(&stats.stdout).expect("JSON");
    let stats = stats.as_array().expect("logs");
    let sum = |key: &str| stats.iter().filter_map(|log| log[key].as_u64()).sum::<u64>();
    assert_eq!(sum("waiting_readings"), MESSAGES);
    let file = directory.with_file_name("records.jsonl");
    fs::remove_file(&file).ok();
    let exported = spool(&["export", "--to", file.to_str().expect("UTF-8")], directory);
    assert_eq!(exported.status.code(), Some(0), "{}", said(&exported));
    let lines = fs::read_to_string(&file).expect("records").lines().count() as u64;
    assert_eq!(lines, sum("waiting"));
    let repaired = spool(&["repair"], directory);
    assert_eq!(repaired.status.code(), Some(78), "{}", said(&repaired));
    assert!(said(&repaired).contains("is in use by process"), "{}", said(&repaired));
    file
}

fn spool(args: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trygg"));
    command.arg("spool").args(args).arg(directory).output().expect("trygg")
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// The directory of the site's spool.
fn directory(site: &Site) -> PathBuf {
    let (_, after) = site.config.spool.split_once("directory = \"").expect("a directory");
    after.split('"').next().expect("its end").into()
}

/// What the readings count, in Kafka's order.
fn numbers(site: &Site) -> Vec<u64> {
    site.read_all().readings.iter().map(Reading::number).collect()
}
