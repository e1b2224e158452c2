//! Kafka goes away, and acknowledgements go on: the spool holds what it does not take.

use std::sync::Arc;

use crate::{
    kill::Aftermath,
    support::{
        engine::Engine,
        kafka::Kafka,
        load::{DeviceTime, Load},
        relay::Life,
        site::Site,
        tools, turn,
        wait::{self, SOON},
    },
};

/// Messages a second.
const RATE: u64 = 500;

#[test]
fn an_outage_goes_to_the_disk_and_comes_back_in_order_even_when_killed() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let kafka = Arc::new(Kafka::start(tools));
    let site = Site::on(tools, Arc::clone(&kafka));
    let mut engine = site.up();
    let load = Load::start(site.publisher(), RATE, DeviceTime::Sent);
    wait::until("it flows", SOON, || (site.relay.acknowledged() > RATE).then_some(()));
    let idle = engine.scrape().count("trygg_spool_appended_records_total", &[]);
    assert_eq!(idle, 0, "the disk is idle while Kafka keeps up");

    kafka.kill();
    let mut outstanding = 0;
    for life in 1..=3 {
        goes_on(&site);
        is_degraded(&engine);
        wait::until("records wait in the spool", SOON, || (waiting(&engine) > 0).then_some(()));
        engine.kill();
        outstanding += wait::until("the relay has seen the end", SOON, || {
            site.relay.ask(|lives| lives.last().filter(|life| life.ended).map(Life::outstanding))
        });
        engine = Engine::start(&site.config);
        engine.wait_until_ready();
        println!("spool: life {life} ended with {outstanding} outstanding in all");
    }
    goes_on(&site);

    kafka.restart();
    let published = load.stop();
    site.wait_until_tags_acknowledged(published);
    wait::until("the spool is empty", SOON, || (waiting(&engine) == 0).then_some(()));
    wait::until("readiness has nothing to say", SOON, || {
        engine.get("/readyz").filter(|answer| answer.is_ok() && !answer.body.contains("spooling"))
    });
    wait::until("records go past the disk again", SOON, || {
        (engine.scrape().sum("trygg_link_partitions_spooling", &[]) < 0.5).then_some(())
    });
    site.relay.assert_well_behaved();
    assert_eq!(engine.terminate(), Some(0));
    let after = Aftermath { published, outstanding, seen: site.read_all() };
    after.assert_nothing_lost();
    after.assert_one_id_a_message();
    after.assert_first_occurrences_in_order();
    println!(
        "spool: {published} messages, 3 kills, {} repeated, {outstanding} outstanding",
        after.seen.readings.len() as u64 - published
    );
}

/// Acknowledgements go on, for two seconds' worth of messages.
fn goes_on(site: &Site) {
    let before = site.relay.acknowledged();
    wait::until("acknowledgements go on", SOON, || {
        (site.relay.acknowledged() > before + 2 * RATE).then_some(())
    });
}

fn is_degraded(engine: &Engine) {
    wait::until("readiness is degraded", SOON, || {
        let answer = engine.get("/readyz")?;
        (answer.is_ok() && answer.body.contains("spooling")).then_some(())
    });
}

fn waiting(engine: &Engine) -> u64 {
    engine.scrape().count("trygg_spool_records", &[])
}
