//! Kafka refuses: one record is poison, everything is the world.

use std::time::Duration;

use crate::support::{
    mqtt::Send,
    payload,
    reader::Reading,
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

#[test]
fn one_refused_record_becomes_a_dead_letter_and_its_neighbours_arrive() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    site.kafka.create_topic(&site.config.readings, 1, &[]);
    site.kafka.create_topic(&site.config.alerts, 1, &[]);
    site.kafka.create_topic(&site.config.dead_letters, 1, &[]);
    let engine = site.engine();
    // Takes a record of one reading alone, not that of two hundred.
    site.kafka.alter_topic(&site.config.readings, &["max.message.bytes=1200"]);
    let mut publisher = site.publisher();
    for number in 0..10 {
        let topic = format!("homes/h{number}/zigbee2mqtt/plug");
        publisher.publish(&topic, payload::plug(number, None).as_bytes(), Send::Acknowledged);
        if number == 5 {
            publisher.publish(
                "homes/big/json/gateway",
                payload::temperatures(200).as_bytes(),
                Send::Acknowledged,
            );
        }
    }
    publisher.settle();
    site.wait_until_acknowledged(11);
    let seen = site.read_all();
    let mut numbers: Vec<_> = seen.readings.iter().map(Reading::number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    let [letter] = seen.dead_letters.as_slice() else {
        panic!("one dead letter: {:?}", seen.dead_letters)
    };
    assert_eq!(letter.reason, "kafka_refused");
    assert!(letter.refused_by.starts_with("readings"), "{}", letter.refused_by);
    let home = "03626967"; // "big" in the refused record, which is the letter's payload
    assert!(letter.payload.contains(home));
    engine.scrape();
    site.relay.assert_well_behaved();
}

#[test]
fn a_topic_that_refuses_everything_stops_the_acknowledgements() {
    const MESSAGES: u64 = 40;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.config.spool = "ack = \"kafka\"\n".to_owned();
    let mut engine = site.up();
    // Smaller than any batch: every record is refused.
    site.kafka.alter_topic(&site.config.readings, &["max.message.bytes=60"]);
    let mut publisher = site.publisher();
    for number in 0..MESSAGES {
        let topic = format!("homes/h{}/zigbee2mqtt/plug", number % 8);
        publisher.publish(&topic, payload::plug(number, None).as_bytes(), Send::Acknowledged);
    }
    publisher.settle();
    let answer = wait::until("readiness is lost", SOON, || {
        engine.get("/readyz").filter(|answer| answer.status == 503)
    });
    println!("readiness said: {}", answer.body);
    wait::throughout("nothing is acknowledged", Duration::from_secs(5), || {
        site.relay.acknowledged() == 0
    });
    assert!(!engine.has_ended());
    engine.scrape();

    site.kafka.alter_topic(&site.config.readings, &["max.message.bytes=1048588"]);
    site.wait_until_tags_acknowledged(MESSAGES);
    engine.wait_until_ready();
    let seen = site.read_all();
    let mut numbers: Vec<_> = seen.readings.iter().map(Reading::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len() as u64, MESSAGES);
    assert!(seen.dead_letters.is_empty(), "the world is not poison: {:?}", seen.dead_letters);
    site.relay.assert_well_behaved();
}

#[test]
fn a_dead_letter_topic_that_refuses_holds_up_nothing_else() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.config.spool = "ack = \"kafka\"\n".to_owned();
    let engine = site.up();
    site.kafka.alter_topic(&site.config.dead_letters, &["max.message.bytes=60"]);
    let reader = site.reader();
    let mut publisher = site.publisher();
    for _ in 0..20 {
        publisher.publish("homes/h1/zigbee2mqtt/bad", b"{", Send::Acknowledged);
    }
    for number in 0..20 {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
    reader.wait("the readings flow", SOON, |seen| seen.readings.len() >= 20);
    wait::until("readiness names it", SOON, || {
        engine.get("/readyz").filter(|answer| answer.status == 503 && answer.body.contains("dead"))
    });
    assert_eq!(site.relay.acknowledged(), 0, "the poison stands first and waits");
    site.kafka.alter_topic(&site.config.dead_letters, &["max.message.bytes=1048588"]);
    site.wait_until_acknowledged(40);
    site.relay.assert_well_behaved();
}

#[test]
fn with_a_spool_topics_that_refuse_hold_up_no_acknowledgement() {
    const MESSAGES: u64 = 40;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let engine = site.up();
    let topics = [&site.config.readings, &site.config.dead_letters];
    for topic in topics {
        site.kafka.alter_topic(topic, &["max.message.bytes=60"]);
    }
    let mut publisher = site.publisher();
    for number in 0..MESSAGES / 2 {
        let topic = format!("homes/h{}/zigbee2mqtt/plug", number % 8);
        publisher.publish(&topic, payload::plug(number, None).as_bytes(), Send::Acknowledged);
        publisher.publish("homes/h1/zigbee2mqtt/bad", b"{", Send::Acknowledged);
    }
    publisher.settle();
    site.wait_until_acknowledged(MESSAGES);
    let answer = wait::until("readiness says it is degraded", SOON, || {
        engine.get("/readyz").filter(|answer| answer.body.contains("spooling"))
    });
    assert!(answer.is_ok(), "{}", answer.body);
    engine.scrape();

    let reader = site.reader();
    for topic in topics {
        site.kafka.alter_topic(topic, &["max.message.bytes=1048588"]);
    }
    reader.wait("everything comes", SOON, |seen| {
        seen.readings.len() as u64 >= MESSAGES / 2 && seen.dead_letters.len() as u64 >= MESSAGES / 2
    });
    wait::until("the spool is empty", SOON, || {
        (engine.scrape().count("trygg_spool_records", &[]) == 0).then_some(())
    });
    site.relay.assert_well_behaved();
}
