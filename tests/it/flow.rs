//! Messages become readings, in order, under the right key.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use crate::support::{
    mqtt::Send,
    payload,
    reader::{Reading, Seen},
    site::Site,
    tools, turn,
    wait::SOON,
};

fn of<'a>(seen: &'a Seen, device: &str, kind: &str) -> Vec<&'a Reading> {
    seen.readings
        .iter()
        .filter(|reading| reading.device == device && reading.kind == kind)
        .collect()
}

#[test]
fn an_open_door_reaches_the_reader() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let mut engine = site.up();
    let reader = site.reader();
    let mut publisher = site.publisher();
    publisher.publish(
        "homes/h1/zigbee2mqtt/Hall/front door",
        payload::contact(false).as_bytes(),
        Send::Acknowledged,
    );
    publisher.publish(
        "homes/h1/zigbee2mqtt/Hall/front door",
        payload::contact(true).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    reader.wait("both states of the door", SOON, |seen| {
        of(seen, "Hall/front door", "door_open").len() == 2
    });

    let seen = reader.seen();
    let [opened, closed] = of(&seen, "Hall/front door", "door_open")[..] else { unreachable!() };
    assert_eq!((&opened.value, &closed.value), (&json!(true), &json!(false)));
    assert_eq!((opened.home.as_str(), opened.key.as_str()), ("h1", "h1"));
    assert_eq!((opened.tenant.as_str(), opened.link.as_str()), ("testbed", "main"));
    assert_eq!((opened.basis.as_str(), opened.clock.as_str()), ("RECEPTION", "NONE"));
    assert_ne!(opened.event_id, closed.event_id);
    assert_eq!(
        opened.timestamp_ms,
        opened.received_at_us / 1000,
        "the record's time is the receive time"
    );
    assert!(seen.dead_letters.is_empty(), "{:?}", seen.dead_letters);

    site.wait_until_acknowledged(2);
    engine.scrape();
    assert_eq!(engine.terminate(), Some(0));
    site.relay.assert_well_behaved();
}

#[test]
fn a_device_time_is_kept_and_makes_the_event_id_repeatable() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let reader = site.reader();
    let time = payload::now() / 1000 * 1000;
    let message = payload::plug(7, Some(time));
    let mut publisher = site.publisher();
    for _ in 0..2 {
        publisher.publish("homes/h1/zigbee2mqtt/plug", message.as_bytes(), Send::Acknowledged);
    }
    publisher.settle();
    reader.wait("both copies", SOON, |seen| of(seen, "plug", "energy").len() == 2);
    let seen = reader.seen();
    let [first, second] = of(&seen, "plug", "energy")[..] else { unreachable!() };
    assert_eq!(first.event_id, second.event_id, "same content, same id");
    assert_eq!((first.basis.as_str(), first.clock.as_str()), ("CONTENT", "PAYLOAD"));
    assert_eq!(first.measured_at_us, Some(time));
    assert_eq!((first.number(), first.unit.as_str()), (7, "kW.h"));
}

#[test]
fn own_json_and_own_protobuf_become_readings() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let reader = site.reader();
    let time = payload::now();
    let json = format!(
        "{{\"time\":\"{}\",\"sequence\":7,\"readings\":[\
         {{\"kind\":\"air_temperature\",\"value\":68,\"unit\":\"[degF]\"}},\
         {{\"kind\":\"bed_occupied\",\"value\":true}}]}}",
        payload::rfc3339(time)
    );
    let mut publisher = site.publisher();
    publisher.publish("homes/h1/json/gateway", json.as_bytes(), Send::Acknowledged);
    publisher.publish(
        "homes/h2/protobuf/band",
        &payload::heart_rate(time, 9, 72.0),
        Send::Acknowledged,
    );
    publisher.settle();
    reader.wait("three readings", SOON, |seen| seen.readings.len() == 3);

    let seen = reader.seen();
    let temperature = of(&seen, "gateway", "air_temperature")[0];
    assert!(
        (temperature.value.as_f64().expect("a number") - 20.0).abs() < 1e-9,
        "converted: {:?}",
        temperature.value
    );
    assert_eq!((temperature.unit.as_str(), temperature.sequence), ("Cel", Some(7)));
    let bed = of(&seen, "gateway", "bed_occupied")[0];
    assert_eq!((&bed.value, bed.ordinal, &bed.event_id), (&json!(true), 1, &temperature.event_id));
    let heart = of(&seen, "band", "heart_rate")[0];
    assert_eq!((heart.number(), heart.home.as_str(), heart.sequence), (72, "h2", Some(9)));
    assert_eq!((heart.basis.as_str(), heart.measured_at_us), ("CONTENT", Some(time)));
    site.wait_until_acknowledged(2);
}

/// A bed strip with a format of its own: which field is which kind is configured.
const BED_STRIP: &str = r#"
[[mapping]]
name = "bed-strip"
device = "/id"
[mapping.time]
pointer = "/at"
[[mapping.reading]]
pointer = "/strip/empty"
kind = "bed_occupied"
invert = true
[[mapping.reading]]
pointer = "/strip/pulse_per_second"
kind = "heart_rate"
scale = 60.0
"#;

#[test]
fn a_configured_mapping_reads_a_format_of_its_own() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.link().filters.push(("beds/{home}".to_owned(), "bed-strip"));
    site.config.sections = BED_STRIP.to_owned();
    let _engine = site.up();
    let reader = site.reader();
    let time = payload::now();
    let at = payload::rfc3339(time);
    let message = format!(
        "{{\"id\":\"strip-1\",\"at\":\"{at}\",\"strip\":{{\"empty\":false,\"pulse_per_second\":1.2}}}}"
    );
    let mut publisher = site.publisher();
    publisher.publish("beds/h1", message.as_bytes(), Send::Acknowledged);
    publisher.settle();
    reader.wait("both readings", SOON, |seen| seen.readings.len() == 2);

    let seen = reader.seen();
    let bed = of(&seen, "strip-1", "bed_occupied")[0];
    assert_eq!(
        (&bed.value, bed.home.as_str(), bed.measured_at_us),
        (&json!(true), "h1", Some(time))
    );
    let heart = of(&seen, "strip-1", "heart_rate")[0];
    assert_eq!((heart.number(), heart.basis.as_str()), (72, "CONTENT"));
    site.wait_until_acknowledged(1);
}

#[test]
fn many_homes_stand_each_in_one_partition_and_in_order() {
    const MESSAGES: u64 = 2000;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let mut engine = site.up();
    let mut publisher = site.publisher();
    for number in 0..MESSAGES {
        let topic = format!("homes/h{}/zigbee2mqtt/plug{}", number % 20, number % 60);
        publisher.publish(&topic, payload::plug(number, None).as_bytes(), Send::Acknowledged);
    }
    publisher.settle();
    site.wait_until_acknowledged(MESSAGES);
    assert_eq!(engine.terminate(), Some(0));

    let seen = site.read_all();
    let mut partitions: HashMap<&str, HashSet<i32>> = HashMap::new();
    let mut last: HashMap<&str, u64> = HashMap::new();
    for reading in &seen.readings {
        partitions.entry(&reading.home).or_default().insert(reading.partition);
        let number = reading.number();
        let before = last.insert(&reading.device, number);
        assert!(
            before.is_none_or(|before| before < number),
            "{}: {before:?}, then {number}",
            reading.device
        );
    }
    assert_eq!(seen.readings.len() as u64, MESSAGES);
    assert_eq!(partitions.len(), 20);
    assert!(partitions.values().all(|used| used.len() == 1), "{partitions:?}");
    assert!(partitions.values().flatten().collect::<HashSet<_>>().len() > 1, "{partitions:?}");
    site.relay.assert_well_behaved();
}

#[test]
fn qos_0_is_delivered_too() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let engine = site.up();
    let reader = site.reader();
    let mut publisher = site.publisher();
    for number in 0..50 {
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Forget,
        );
    }
    publisher.flush();
    reader.wait("50 readings", SOON, |seen| seen.readings.len() == 50);
    engine.wait_for_metric("trygg_messages_settled_total", &[("qos", "0")], 50.0);
    assert_eq!(site.relay.acknowledged(), 0);
}
