//! A link that speaks MQTT 3.1.1: the same promises, with the window of its broker.

use std::{
    fs::{self, Permissions},
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    sync::Arc,
    thread,
};

use crate::{
    kill::kill_loop,
    support::{
        engine::Engine,
        kafka::Kafka,
        load::DeviceTime,
        mosquitto::Store,
        mqtt::Send,
        payload, process,
        process::Signal,
        reader::Reading,
        site::Site,
        tools::{self, Tools},
        turn,
        wait::{self, SOON},
    },
};

/// Mosquitto's default, and trygg's.
const INFLIGHT: usize = 20;

const LINK: &str = "protocol = \"3.1.1\"\n";

/// A site whose link speaks 3.1.1, at a broker with its usual limit.
fn site(tools: &'static Tools, kafka: Arc<Kafka>) -> Site {
    let mut site = Site::on(tools, kafka);
    site.mosquitto.configure(&format!("max_inflight_messages {INFLIGHT}"));
    LINK.clone_into(&mut site.link().more);
    site
}

fn publish(site: &Site, numbers: std::ops::RangeInclusive<u64>) {
    let mut publisher = site.publisher();
    for number in numbers {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
}

#[test]
fn readings_arrive_and_the_brokers_window_is_filled() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Arc::new(Kafka::start(tools));
    let site = site(tools, Arc::clone(&kafka));
    let engine = site.up();
    kafka.signal(Signal::Stop);
    publish(&site, 1..=100);
    wait::until("the broker's window is full", SOON, || {
        (site.relay.outstanding() == INFLIGHT).then_some(())
    });
    kafka.signal(Signal::Continue);
    site.wait_until_acknowledged(100);
    site.relay.assert_well_behaved();
    let mut numbers: Vec<_> = site.read_all().readings.iter().map(Reading::number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
    // Mosquitto before 2.0.12 goes beyond its own limit once PUBACKs come in: that is no fault here.
    assert!((engine.scrape().sum("trygg_window_limit", &[]) - 20.0).abs() < 0.5);
}

#[test]
fn nothing_is_lost_when_the_engine_is_killed() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::alone();
    let after = kill_loop(&site(tools, Kafka::shared(tools)), 5, 1000, DeviceTime::Sent);
    after.assert_nothing_lost();
    after.assert_one_id_a_message();
    println!(
        "kill loop over MQTT 3.1.1: {} messages, 5 kills, 0 lost, {} outstanding at the kills",
        after.published, after.outstanding
    );
    assert!(after.outstanding > 0, "the kills hit nothing");
    assert!(after.outstanding <= 5 * INFLIGHT, "more than the broker's window");
}

#[test]
fn a_broker_that_was_killed_with_its_store_goes_on_where_it_was() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Arc::new(Kafka::start(tools));
    let mut site = site(tools, Arc::clone(&kafka));
    let engine = site.up();
    kafka.signal(Signal::Stop);
    publish(&site, 1..=15);
    wait::until("all are outstanding", SOON, || (site.relay.outstanding() == 15).then_some(()));
    site.mosquitto.kill(Store::Kept);
    site.mosquitto.restart();
    wait::until("all came again", SOON, || {
        site.relay.ask(|lives| lives.last().is_some_and(|life| life.duplicates == 15)).then_some(())
    });
    kafka.signal(Signal::Continue);
    site.wait_until_acknowledged(15);
    site.relay.assert_well_behaved();
    let seen = site.read_all();
    let mut ids: Vec<_> =
        seen.readings.iter().map(|reading| (reading.number(), &reading.event_id)).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 15, "one id a message: {ids:?}");
    assert!(engine.scrape().sum("trygg_link_session_lost_total", &[]) < 0.5);
}

#[test]
fn a_lost_session_is_noticed_and_subscribed_anew() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = site(tools, Kafka::shared(tools));
    let engine = site.up();
    publish(&site, 1..=1);
    site.wait_until_acknowledged(1);
    site.mosquitto.kill(Store::Lost);
    site.mosquitto.restart();
    engine.wait_for_metric("trygg_link_session_lost_total", &[], 1.0);
    wait::until("the engine has subscribed again", SOON, || {
        site.relay.ask(|lives| lives.last().filter(|life| life.subscribed > 0).map(drop))
    });
    publish(&site, 2..=2);
    site.reader().wait("both", SOON, |seen| seen.readings.len() == 2);
    assert!(engine.log().contains("the broker has lost this session"), "{}", engine.log());
}

/// In 3.1.1 every SUBSCRIBE has the broker replay what it retains, and every start subscribes.
#[test]
fn a_restart_replays_what_is_retained_and_rings_nobody() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = site(tools, Kafka::shared(tools));
    let mut engine = site.up();
    let mut publisher = site.publisher();
    publisher.publish(
        "homes/h1/zigbee2mqtt/pendant",
        payload::emergency(None).as_bytes(),
        Send::Retained,
    );
    publisher.settle();
    site.wait_until_acknowledged(1);
    assert_eq!(engine.terminate(), Some(0));
    let engine = site.engine();
    site.wait_until_acknowledged(2);
    engine.scrape();

    let seen = site.read_all();
    let presses = |topic: &str| {
        let wanted =
            |it: &&Reading| it.topic == topic && it.device == "pendant" && it.kind == "sos";
        seen.readings.iter().filter(wanted).collect::<Vec<_>>()
    };
    assert_eq!(presses(&site.config.alerts).len(), 1, "a replay rang");
    let flags: Vec<_> =
        presses(&site.config.readings).iter().map(|it| it.report_has("RETAINED")).collect();
    assert_eq!(flags, [false, true]);
}

#[test]
fn a_wrong_password_is_named_and_not_shown() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = site(tools, Kafka::shared(tools));
    site.create_topics();
    site.mosquitto.configure("allow_anonymous false");
    let password = process::scratch("password").join("password");
    fs::write(&password, "hunter2").expect("a password file");
    fs::set_permissions(&password, Permissions::from_mode(0o600)).expect("its owner's alone");
    site.link().more =
        format!("{LINK}user = \"trygg\"\npassword_file = \"{}\"\n", password.display());
    let engine = Engine::start(&site.config);
    wait::until("the refusal is logged", SOON, || {
        engine.log().contains("broker refused the connection: not_authorized").then_some(())
    });
    assert!(!engine.log().contains("hunter2"), "{}", engine.log());
    let answer = wait::until("readiness says so", SOON, || {
        engine.get("/readyz").filter(|answer| answer.body.contains("connect_refused"))
    });
    assert_eq!(answer.status, 503);
}

/// A broker without MQTT 5 answers its CONNECT with return code 1.
#[test]
fn a_broker_that_lacks_the_protocol_is_told_by_its_remedy() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.create_topics();
    let old = TcpListener::bind("127.0.0.1:0").expect("a port");
    site.link().port = old.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in old.incoming() {
            let Ok(mut stream) = stream else { return };
            if stream.read(&mut [0; 256]).is_ok() {
                stream.write_all(&[0x20, 2, 0, 1]).ok();
            }
        }
    });
    let engine = Engine::start(&site.config);
    wait::until("the remedy is logged", SOON, || {
        engine.log().contains("set protocol = \"3.1.1\"").then_some(())
    });
    wait::until("readiness says so", SOON, || {
        engine.get("/readyz").filter(|answer| answer.body.contains("other_protocol"))
    });
}
