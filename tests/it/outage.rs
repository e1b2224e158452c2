//! Kafka goes away and comes back. `make outage OUTAGE=60`.

use std::{sync::Arc, time::Duration};

use crate::support::{
    kafka::Kafka,
    load::{DeviceTime, Load},
    reader::Reading,
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

/// Messages a second during the outage: below the window for a minute.
const RATE: u64 = 100;

#[test]
fn kafka_stopped_longer_than_the_keep_alive() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let outage = Duration::from_secs(tools::setting("TRYGG_OUTAGE_S", 15));
    let keep_alive = if outage.as_secs() < 30 { 5 } else { 10 };
    let kafka = Arc::new(Kafka::start(tools));
    let mut site = Site::on(tools, Arc::clone(&kafka));
    // Without a spool the broker keeps what Kafka does not take.
    site.config.spool = "ack = \"kafka\"\n".to_owned();
    // Shorter than the outage: waiting is right while librdkafka holds the records.
    site.link().more = format!("keep_alive = \"{keep_alive}s\"\nmax_age = \"6s\"\n");
    let mut engine = site.up();
    let load = Load::start(site.publisher(), RATE, DeviceTime::Sent);
    wait::until("it flows", SOON, || (site.relay.acknowledged() > RATE).then_some(()));

    kafka.kill();
    // What Kafka had confirmed may still be acknowledged; then it must be still.
    let confirmed = wait::until("acknowledgements stop", SOON, || {
        let before = site.relay.acknowledged();
        let moved = wait::within(Duration::from_secs(1), || {
            (site.relay.acknowledged() > before).then_some(())
        });
        moved.is_none().then_some(before)
    });
    wait::until("readiness says so", SOON, || {
        engine.get("/readyz").filter(|answer| answer.status == 503)
    });
    wait::throughout("no connection lost, nothing acknowledged", outage, || {
        site.relay.acknowledged() == confirmed && site.relay.lives().len() == 1
    });
    let pings = site.relay.ask(|lives| lives[0].pings);
    println!("outage of {outage:?}: {} outstanding, {pings} pings", site.relay.outstanding());
    assert!(pings >= outage.as_secs() / keep_alive - 1, "the keep-alive was kept");
    engine.scrape();

    kafka.restart();
    let published = load.stop();
    site.wait_until_tags_acknowledged(published);
    engine.wait_until_ready();
    assert!(!engine.has_ended(), "no restart");
    assert_eq!(site.relay.lives().len(), 1, "MQTT stayed connected");
    site.relay.assert_well_behaved();
    engine.scrape();
    assert_eq!(engine.terminate(), Some(0));

    let seen = site.read_all();
    let mut numbers: Vec<_> = seen.readings.iter().map(Reading::number).collect();
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len() as u64, published, "all delivered");
    println!(
        "outage: {published} messages, {confirmed} confirmed before, {} repeated",
        all - numbers.len()
    );
}
