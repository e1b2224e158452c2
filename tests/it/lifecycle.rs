//! Start and end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::support::{
    engine::Engine,
    kafka::Kafka,
    mqtt::Send,
    payload,
    process::Signal,
    reader::Reading,
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

/// Exit codes of sysexits.
const TEMPORARY_FAILURE: i32 = 75;
const CONFIGURATION: i32 = 78;

#[test]
fn a_missing_topic_fails_the_start_with_the_command_that_creates_it() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let mut engine = Engine::start(&site.config);
    assert_eq!(engine.exit_code(), Some(CONFIGURATION), "{}", engine.log());
    let log = engine.log();
    for topic in [&site.config.readings, &site.config.alerts, &site.config.dead_letters] {
        let command =
            log.lines().find(|line| line.contains("--create") && line.contains(topic.as_str()));
        assert!(command.is_some(), "no command for {topic} in: {log}");
    }
}

#[test]
fn missing_topics_are_made_when_the_configuration_says_so() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.config.kafka = "create_topics = true\npartitions = 2\n".to_owned();
    let _engine = site.engine();
    let mut publisher = site.publisher();
    publisher.publish(
        "homes/h1/zigbee2mqtt/plug",
        payload::plug(1, None).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    site.wait_until_acknowledged(1);
    assert_eq!(site.kafka.records(&site.config.readings), 1);
}

#[test]
fn a_configuration_mistake_ends_with_its_code() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.link().more = "keep_alivee = \"10s\"\n".to_owned();
    let mut engine = Engine::start(&site.config);
    assert_eq!(engine.exit_code(), Some(CONFIGURATION), "{}", engine.log());
    assert!(engine.log().contains("keep_alive"), "{}", engine.log());
}

#[test]
fn sigterm_leaves_nothing_unacknowledged_and_keeps_the_session() {
    const MESSAGES: u64 = 500;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let mut engine = site.up();
    let mut publisher = site.publisher();
    for number in 0..MESSAGES {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
    site.wait_until_tags_acknowledged(MESSAGES);
    assert_eq!(engine.terminate(), Some(0), "{}", engine.log());
    let life = site.relay.lives().remove(0);
    assert!(life.disconnected, "DISCONNECT was sent");

    // What came while it was away, and what it left, comes again: the session was kept.
    for number in MESSAGES..MESSAGES + 100 {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
    let _engine = site.engine();
    site.wait_until_tags_acknowledged(MESSAGES + 100);
    let mut numbers: Vec<_> = site.read_all().readings.iter().map(Reading::number).collect();
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (0..MESSAGES + 100).collect::<Vec<_>>(),
        "each once: nothing it handled was left open"
    );
    site.relay.assert_well_behaved();
}

/// An engine that has taken ten messages, and a Kafka that is stopped.
fn with_ten_messages_while_kafka_hangs(site: &Site) -> Engine {
    let engine = site.up();
    site.kafka.signal(Signal::Stop);
    let mut publisher = site.publisher();
    for number in 0..10 {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
    engine.wait_for_metric("trygg_messages_received_total", &[("qos", "1")], 10.0);
    engine
}

#[test]
fn sigterm_while_kafka_hangs_leaves_the_messages_with_the_broker() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Arc::new(Kafka::start(tools));
    let mut site = Site::on(tools, Arc::clone(&kafka));
    site.config.spool = "ack = \"kafka\"\n".to_owned();
    let mut engine = with_ten_messages_while_kafka_hangs(&site);
    assert_eq!(engine.terminate(), Some(TEMPORARY_FAILURE), "{}", engine.log());
    assert_eq!(site.relay.acknowledged(), 0);
    kafka.signal(Signal::Continue);
    let _engine = site.engine();
    site.wait_until_tags_acknowledged(10);
    site.relay.assert_well_behaved();
}

#[test]
fn sigterm_while_kafka_hangs_leaves_the_messages_in_the_spool() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Arc::new(Kafka::start(tools));
    let site = Site::on(tools, Arc::clone(&kafka));
    let mut engine = with_ten_messages_while_kafka_hangs(&site);
    assert_eq!(engine.terminate(), Some(0), "{}", engine.log());
    assert!(engine.log().contains("the spool keeps"), "{}", engine.log());
    assert_eq!(site.relay.acknowledged_tags(), 10, "the spool has answered for them");
    kafka.signal(Signal::Continue);
    let engine = site.engine();
    wait::until("the spool is empty", SOON, || {
        (engine.scrape().count("trygg_spool_records", &[]) == 0).then_some(())
    });
    let seen = site.read_all();
    assert!(seen.readings.len() >= 10, "{} arrived", seen.readings.len());
    site.relay.assert_well_behaved();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Arc::new(Kafka::start(tools));
    let mut site = Site::on(tools, Arc::clone(&kafka));
    site.config.spool = "ack = \"kafka\"\n".to_owned();
    let mut engine = site.up();
    kafka.signal(Signal::Stop);
    let mut publisher = site.publisher();
    publisher.publish(
        "homes/h1/zigbee2mqtt/plug",
        payload::plug(1, None).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    // Past the relay is not yet inside: what still lies in a socket is none of a stopping link's.
    engine.wait_for_metric("trygg_messages_received_total", &[("qos", "1")], 1.0);
    engine.signal(Signal::Terminate);
    wait::until("it is stopping", SOON, || {
        engine.get("/readyz").filter(|answer| answer.status == 503)
    });
    let second = Instant::now();
    engine.signal(Signal::Terminate);
    assert_ne!(engine.exit_code(), Some(0));
    assert!(second.elapsed() < Duration::from_secs(10), "well before the deadline of 20 s");
    kafka.signal(Signal::Continue);
}
