//! Connections come and go; messages and obligations do not.

use std::sync::Arc;

use crate::support::{
    kafka::Kafka,
    mosquitto::Store,
    mqtt::Send,
    payload,
    process::Signal,
    reader::Reading,
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

/// feasibility: five stale PUBACKs deleted five new messages when packet ids were used again.
#[test]
fn a_broker_that_forgot_everything_gets_no_stale_ack() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Arc::new(Kafka::start(tools));
    let mut site = Site::on(tools, Arc::clone(&kafka));
    let engine = site.up();

    // Five messages wait for a frozen Kafka, as packet ids 1 to 5.
    kafka.signal(Signal::Stop);
    let mut publisher = site.publisher();
    for number in 1..=5 {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
    wait::until("five messages are outstanding", SOON, || {
        (site.relay.outstanding() == 5).then_some(())
    });

    // The broker loses its memory; the sixth message is packet id 1 again.
    site.mosquitto.kill(Store::Lost);
    site.mosquitto.restart();
    wait::until("the engine has subscribed again", SOON, || {
        site.relay.ask(|lives| lives.iter().skip(1).find(|life| life.subscribed > 0).map(drop))
    });
    let mut publisher = site.publisher();
    publisher.publish(
        "homes/h1/zigbee2mqtt/plug",
        payload::plug(6, None).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    wait::until("the sixth is outstanding", SOON, || (site.relay.outstanding() == 1).then_some(()));

    // All six reports come in: five of an epoch that is over, one of this.
    kafka.signal(Signal::Continue);
    site.reader().wait("all six", SOON, |seen| seen.readings.len() == 6);
    site.wait_until_acknowledged(1);
    site.relay.assert_well_behaved();
    assert_eq!(site.relay.acknowledged(), 1);
    assert!(engine.scrape().sum("trygg_messages_orphaned_total", &[]) >= 5.0);
    let mut numbers: Vec<_> = site.read_all().readings.iter().map(Reading::number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_broker_that_was_killed_with_its_store_goes_on_where_it_was() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Arc::new(Kafka::start(tools));
    let mut site = Site::on(tools, Arc::clone(&kafka));
    let engine = site.up();
    kafka.signal(Signal::Stop);
    let mut publisher = site.publisher();
    for number in 1..=20 {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
    wait::until("twenty are outstanding", SOON, || (site.relay.outstanding() == 20).then_some(()));
    site.mosquitto.kill(Store::Kept);
    site.mosquitto.restart();
    wait::until("twenty came again", SOON, || {
        site.relay.ask(|lives| lives.last().is_some_and(|life| life.duplicates == 20)).then_some(())
    });
    kafka.signal(Signal::Continue);
    site.wait_until_acknowledged(20);
    site.relay.assert_well_behaved();

    // Recognised as what they are, the redelivered ones kept their ids.
    let seen = site.read_all();
    let mut ids: Vec<_> =
        seen.readings.iter().map(|reading| (reading.number(), &reading.event_id)).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20, "one id a message: {ids:?}");
    assert!(engine.scrape().sum("trygg_messages_received_total", &[]) >= 40.0);
}

#[test]
fn a_cut_in_the_middle_of_a_stream_loses_nothing() {
    const MESSAGES: u64 = 3000;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let engine = site.up();
    let mut publisher = site.publisher();
    for number in 0..MESSAGES {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
        if number % 500 == 250 {
            publisher.flush();
            site.relay.cut();
        }
    }
    publisher.settle();
    site.wait_until_tags_acknowledged(MESSAGES);
    assert!(site.relay.lives().len() > 1, "there was a cut");
    site.relay.assert_well_behaved();
    engine.scrape();
    let mut numbers: Vec<_> = site.read_all().readings.iter().map(Reading::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len() as u64, MESSAGES);
}

#[test]
fn a_frozen_broker_is_noticed_by_the_keep_alive() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.link().more = "keep_alive = \"5s\"\n".to_owned();
    let engine = site.up();
    site.mosquitto.signal(Signal::Stop);
    wait::until("the connection is given up", SOON, || {
        site.relay.ask(|lives| lives[0].ended).then_some(())
    });
    wait::until("readiness says so", SOON, || {
        engine.get("/readyz").filter(|answer| answer.status == 503)
    });
    site.mosquitto.signal(Signal::Continue);
    let mut publisher = site.publisher();
    publisher.publish(
        "homes/h1/zigbee2mqtt/plug",
        payload::plug(1, None).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    site.wait_until_acknowledged(1);
    site.relay.assert_well_behaved();
}
