//! What cannot be used becomes a dead letter with a reason, is acknowledged once that is stored,
//! and holds up nothing.

use crate::support::{mqtt::Send, payload, reader::DeadLetter, site::Site, tools, turn};

/// Payloads nobody can read as Zigbee2MQTT, with the reason code of their dead letter.
fn poison() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![
        ("truncated", b"{\"contact\":".to_vec(), "json_malformed"),
        ("not-utf8", b"{\"contact\":\"\xff\xfe\"}".to_vec(), "utf8_invalid"),
        (
            "noise",
            (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
            "utf8_invalid",
        ),
        ("deep", [vec![b'['; 10_000], vec![b']'; 10_000]].concat(), "json_too_deep"),
        ("nan", b"{\"temperature\":NaN}".to_vec(), "json_malformed"),
        ("out-of-range", b"{\"temperature\":4000}".to_vec(), "readings_refused"),
    ]
}

fn letter<'a>(letters: &'a [DeadLetter], device: &str) -> &'a DeadLetter {
    let topic = format!("homes/h1/zigbee2mqtt/{device}");
    let mut found = letters.iter().filter(|letter| letter.mqtt_topic == topic);
    let letter = found.next().unwrap_or_else(|| panic!("{device}: no dead letter"));
    assert!(found.next().is_none(), "{device}: more than one dead letter");
    letter
}

#[test]
fn each_poison_has_its_reason_and_its_neighbours_flow() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let engine = site.up();
    let mut publisher = site.publisher();
    let poison = poison();
    for (number, (device, payload, _)) in (0..).zip(&poison) {
        publisher.publish(&format!("homes/h1/zigbee2mqtt/{device}"), payload, Send::Acknowledged);
        publisher.publish(
            "homes/h1/zigbee2mqtt/plug",
            payload::plug(number, None).as_bytes(),
            Send::Acknowledged,
        );
    }
    publisher.settle();
    site.wait_until_acknowledged(2 * poison.len() as u64);

    let seen = site.read_all();
    assert_eq!(
        seen.readings.iter().filter(|reading| reading.device == "plug").count(),
        poison.len()
    );
    assert_eq!(seen.dead_letters.len(), poison.len(), "{:?}", seen.dead_letters);
    for (device, payload, reason) in &poison {
        let letter = letter(&seen.dead_letters, device);
        assert_eq!(&letter.reason, reason, "{device}: {}", letter.detail);
        assert_eq!((letter.format.as_str(), letter.link.as_str()), ("zigbee2mqtt", "main"));
        assert_eq!(letter.payload, hex(payload), "{device}: the original bytes");
        assert_eq!(letter.payload_length, payload.len() as u64);
        assert!(!letter.truncated);
    }
    engine.scrape();
    site.relay.assert_well_behaved();
}

#[test]
fn one_bad_value_does_not_lose_its_neighbours() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let mut publisher = site.publisher();
    let payload = b"{\"temperature\":4000,\"humidity\":40.5,\"battery\":\"80.00\"}";
    publisher.publish("homes/h1/zigbee2mqtt/climate", payload, Send::Acknowledged);
    publisher.settle();
    site.wait_until_acknowledged(1);
    let seen = site.read_all();
    let humidity =
        seen.readings.iter().find(|reading| reading.unit == "%" && reading.value == 40.5);
    assert!(humidity.is_some(), "{:?}", seen.readings);
    let letter = letter(&seen.dead_letters, "climate");
    assert_eq!((letter.refused_count, letter.refused.len()), (1, 1));
    assert_eq!(
        (letter.refused[0].reason.as_str(), letter.refused[0].number),
        ("out_of_range", Some(4000.0))
    );
}

#[test]
fn ten_thousand_poisoned_messages_do_not_use_up_the_window() {
    const POISONED: u64 = 10_000;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.link().more = "receive_maximum = 1000\n".to_owned();
    let engine = site.up();
    let mut publisher = site.publisher();
    for _ in 0..POISONED {
        publisher.publish("homes/h1/zigbee2mqtt/bad", b"{", Send::Acknowledged);
    }
    publisher.publish(
        "homes/h1/zigbee2mqtt/plug",
        payload::plug(1, None).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    site.wait_until_acknowledged(POISONED + 1);
    let seen = site.read_all();
    assert_eq!((seen.dead_letters.len() as u64, seen.readings.len()), (POISONED, 1));
    engine.scrape();
}

#[test]
fn an_oversize_packet_is_skipped_and_kept_as_a_dead_letter() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let mut publisher = site.publisher();
    let huge = vec![b'x'; 3 << 20];
    publisher.publish("homes/h1/zigbee2mqtt/huge", &huge, Send::Acknowledged);
    publisher.publish(
        "homes/h1/zigbee2mqtt/plug",
        payload::plug(1, None).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    site.wait_until_acknowledged(2);
    let seen = site.read_all();
    let letter = letter(&seen.dead_letters, "huge");
    assert_eq!((letter.reason.as_str(), letter.truncated), ("oversize", true));
    assert_eq!(letter.payload_length, huge.len() as u64);
    assert!(letter.payload.starts_with("7878"), "the first bytes are kept");
    assert_eq!(seen.readings.len(), 1);
    assert_eq!(site.relay.lives().len(), 1, "the connection lived on");
}

#[test]
fn a_topic_no_filter_knows_any_more_is_a_dead_letter() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut site = Site::open(tools);
    site.create_topics();
    site.link().filters.push(("old/{home}/{device}".to_owned(), "zigbee2mqtt"));
    assert_eq!(site.engine().terminate(), Some(0));
    // The broker still has the subscription; this engine does not know of it.
    site.link().filters.pop();
    let _engine = site.engine();
    let mut publisher = site.publisher();
    publisher.publish("old/h1/plug", payload::plug(1, None).as_bytes(), Send::Acknowledged);
    publisher.settle();
    site.wait_until_acknowledged(1);
    let seen = site.read_all();
    let [letter] = seen.dead_letters.as_slice() else {
        panic!("one dead letter: {:?}", seen.dead_letters)
    };
    assert_eq!((letter.reason.as_str(), letter.mqtt_topic.as_str()), ("no_route", "old/h1/plug"));
    assert!(seen.readings.is_empty());
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text");
        text
    })
}
