//! `make replay`: recorded homes, wristbands and a corpus of real messages, through everything,
//! with every one of them accounted for. The data is not part of this repository.

mod corpus;
mod datasets;
mod home;

use std::{collections::BTreeMap, env, path::PathBuf};

use crate::support::{
    mqtt::{Publisher, Send},
    reader::Seen,
    site::Site,
    tools, turn,
};

/// One message to publish.
struct Message {
    topic: String,
    payload: String,
}

#[test]
#[ignore = "needs recorded data: make replay"]
fn recorded_homes_are_accounted_for() {
    let shared = PathBuf::from(env::var("TRYGG_SHARED").expect("run by make replay"));
    let tools = tools::find().expect("make replay takes no SKIP");
    let _turn = turn::alone();
    let home = home::Recording::load(&shared);
    let corpus = corpus::Corpus::load(&shared);
    let site = Site::open(tools);
    let mut engine = site.up();

    let mut publisher = site.publisher();
    publish(&mut publisher, home.messages());
    publish(&mut publisher, corpus.messages());
    publisher.settle();
    let sent = home.len() + corpus.len();
    site.wait_until_acknowledged(sent as u64);

    let scrape = engine.scrape();
    assert_eq!(engine.terminate(), Some(0));
    site.relay.assert_well_behaved();
    let seen = in_readings_topic(site.read_all(), &site.config.readings);

    let (found, fates) = (home.assert_found(&seen), corpus.fates(&seen));
    let metric = |name: &str| scrape.count(name, &[]);
    let rows = [
        ("messages published", sent as u64, metric("trygg_messages_received_total")),
        (
            "messages acknowledged",
            site.relay.acknowledged(),
            metric("trygg_messages_settled_total"),
        ),
        ("readings in Kafka", seen.readings.len() as u64, metric("trygg_readings_delivered_total")),
        (
            "dead letters in Kafka",
            seen.dead_letters.len() as u64,
            scrape.count("trygg_records_delivered_total", &[("lane", "dead_letters")]),
        ),
        (
            "messages without a reading",
            fates.without_reading as u64,
            metric("trygg_messages_without_reading_total"),
        ),
    ];
    println!("home: {} events, {found} found in order per device", home.len());
    println!(
        "corpus: {} lines = {} with readings ({} of them also with a dead letter) + {} dead letters only + {} \
         non-readings",
        corpus.len(),
        fates.with_readings,
        fates.both,
        fates.dead_letter_only,
        fates.without_reading
    );
    for (reason, count) in reasons(&seen) {
        println!("  dead letters, {reason}: {count}");
    }
    for sample in
        scrape.0.iter().filter(|sample| sample.name == "trygg_messages_without_reading_total")
    {
        println!("  without a reading, {}: {}", sample.label("reason"), sample.value);
    }
    println!("{:<30} {:>10} {:>10}", "sum", "outside", "metric");
    for (what, outside, inside) in rows {
        println!("{what:<30} {outside:>10} {inside:>10}");
    }
    for (what, outside, inside) in rows {
        assert_eq!(outside, inside, "{what}: outside, and by the metrics");
    }
    assert_eq!(corpus.len(), fates.with_readings + fates.dead_letter_only + fates.without_reading);
    println!("the sums match and the ledger balances");
}

#[test]
#[ignore = "needs recorded data: make replay"]
fn published_recordings_arrive_whole_and_in_order() {
    let shared = PathBuf::from(env::var("TRYGG_SHARED").expect("run by make replay"));
    let tools = tools::find().expect("make replay takes no SKIP");
    let _turn = turn::alone();
    let site = Site::open(tools);
    let mut engine = site.up();
    let sets = ["casas-tm000-week", "ordonez-home-a", "wrist-e4"];
    let port = site.mosquitto.port;
    let sent = sets.map(|set| datasets::replay(&shared.join("data").join(set), port));
    let all = sent.iter().sum();
    site.wait_until_acknowledged(all);
    let scrape = engine.scrape();
    assert_eq!(engine.terminate(), Some(0));
    site.relay.assert_well_behaved();
    let seen = in_readings_topic(site.read_all(), &site.config.readings);

    for (set, sent) in sets.iter().zip(sent) {
        println!("{set}: {sent} messages replayed");
    }
    println!("casas: {} readings, each sensor's in order", datasets::assert_casas(&seen, &shared));
    println!("ordonez: {} readings", datasets::assert_ordonez(&seen, &shared));
    for (kind, samples) in datasets::assert_wrist(&seen, &shared) {
        println!("wrist: {samples} samples of {kind} in series, in order");
    }
    let received = scrape.count("trygg_messages_received_total", &[]);
    let delivered = scrape.count("trygg_readings_delivered_total", &[]);
    assert_eq!((received, delivered), (all, seen.readings.len() as u64));
    assert_eq!(seen.dead_letters.len(), 0, "{:?}", reasons(&seen));
    println!("{all} messages, {delivered} readings in Kafka, no dead letter");
}

fn publish(publisher: &mut Publisher, messages: impl Iterator<Item = Message>) {
    for Message { topic, payload } in messages {
        publisher.publish(&topic, payload.as_bytes(), Send::Acknowledged);
    }
}

fn in_readings_topic(mut seen: Seen, topic: &str) -> Seen {
    seen.readings.retain(|reading| reading.topic == topic);
    seen
}

fn reasons(seen: &Seen) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    for letter in &seen.dead_letters {
        *reasons.entry(letter.reason.as_str()).or_default() += 1;
    }
    reasons
}
