//! Bad readings, bad payloads, and panics.

use super::*;
use crate::plant::{Bug, plant};

#[test]
fn refused_readings_share_one_dead_letter_and_the_good_ones_flow() {
    let mut line = Line::new();
    let payload = r#"{"readings":[{"kind":"heart_rate","value":99999},
        {"kind":"air_temperature","value":"21.5","unit":"Cel"},{"kind":"mood","value":3},
        {"kind":"door_open","value":"ajar"}]}"#;
    let accepted = line.send("homes/7/json/a", payload);
    assert_eq!((accepted.readings, accepted.refused), (1, 3));
    assert_eq!(accepted.rejected, Some("readings_refused"));
    let stored = line.stored();
    assert_eq!(stored.told(), "7/a air_temperature=21.5; -readings_refused");
    let letter = &stored.letters[0];
    assert_eq!((letter.refused_count, letter.payload.as_slice()), (3, payload.as_bytes()));
    let refused: Vec<(&str, &str, Option<f64>)> = letter
        .refused
        .iter()
        .map(|refused| (refused.kind.as_str(), refused.reason.as_str(), refused.number))
        .collect();
    assert_eq!(
        refused,
        [
            ("", "kind_unknown", None),
            ("door_open", "state_unreadable", None),
            ("heart_rate", "out_of_range", Some(99_999.0)),
        ]
    );
    assert_eq!(line.pipeline.counts().refused.total(), 3);
}

#[test]
fn a_message_of_refused_readings_only_is_a_dead_letter() {
    let mut line = Line::new();
    let accepted = line.send("homes/7/z/a", r#"{"temperature":9999}"#);
    assert_eq!((accepted.readings, accepted.refused), (0, 1));
    assert_eq!(line.stored().told(), "-readings_refused");
}

#[test]
fn many_refusals_are_listed_in_part_and_counted_in_whole() {
    let mut line = Line::new();
    let one = r#"{"kind":"nonsense"}"#;
    let payload = format!(r#"{{"readings":[{}]}}"#, vec![one; 900].join(","));
    assert_eq!(line.send("homes/7/json/a", payload).refused, 900);
    let letter = &line.stored().letters[0];
    assert_eq!((letter.refused.len(), letter.refused_count), (32, 900));
}

#[test]
fn every_bad_payload_has_its_reason() {
    let deep = "[".repeat(10_000);
    let nonsense = "x".repeat(1 << 20);
    let many = format!(r#"{{"readings":[{}]}}"#, vec![r#"{"kind":"sos"}"#; 1_001].join(","));
    for (topic, payload, expected) in [
        ("homes/7/json/a", &b"not json"[..], "-json_malformed"),
        ("homes/7/json/a", b"{\"kind\":\"\xff\"}", "-utf8_invalid"),
        ("homes/7/json/a", deep.as_bytes(), "-json_too_deep"),
        ("homes/7/json/a", nonsense.as_bytes(), "-json_malformed"),
        ("homes/7/json/a", b"{\"kind\":\"heart_rate\",\"value\":NaN}", "-json_malformed"),
        ("homes/7/json/a", br#"{"kind":"heart_rate","value":"inf"}"#, "-readings_refused"),
        ("homes/7/json/a", b"[1]", "-json_shape"),
        ("homes/7/json/a", many.as_bytes(), "-too_many_readings"),
        ("homes/7/json/a", b"", ""),
        ("homes/7/z/a", b"\x00\x01", "-json_malformed"),
        ("homes/7/z/a", b"{}", ""),
        ("homes/7/z/a/set", b"{\"contact\":true}", ""),
        ("homes/7/z/bridge/state", b"online", ""),
        ("homes/7/pb/a", b"\xff\xff\xff", "-protobuf_malformed"),
        ("homes/7/pb/a", b"", ""),
    ] {
        let mut line = Line::new();
        line.send(topic, payload);
        for record in &line.ready {
            assert!(record.bytes() <= 64 * 1024, "{topic}: {} bytes", record.bytes());
        }
        let stored = line.stored();
        assert_eq!(stored.told(), expected, "{topic}");
        if let Some(letter) = stored.letters.first() {
            assert_eq!(letter.payload_length, payload.len() as u64);
            assert_eq!(letter.truncated, payload.len() > 56 * 1024);
        }
    }
}

#[test]
fn non_readings_are_counted_by_what_they_are() {
    let mut line = Line::new();
    line.send("homes/7/z/a", "");
    line.send("homes/7/z/a", "{}");
    line.send("homes/7/z/a", r#"{"battery":null}"#);
    line.send("homes/7/z/a/get", r#"{"state":""}"#);
    line.send("homes/7/z/a", r#"{"colour_of_the_wall":3,"battery":3}"#);
    let counts: Vec<_> = line.pipeline.counts().non_readings.iter().collect();
    assert_eq!(counts, [("empty", 1), ("no_known_key", 1), ("no_value", 1), ("command", 1)]);
    assert_eq!(line.pipeline.counts().unknown_keys, 1);
    line.stored();
}

#[test]
fn a_long_topic_is_cut_in_its_dead_letter() {
    let mut line = Line::new();
    let topic = format!("homes/7/z/{}", "ö/".repeat(20_000));
    line.send(&topic, r#"{"battery":5}"#);
    let letter = &line.stored().letters[0];
    assert_eq!(letter.reason, "device_name_too_long");
    assert!(topic.starts_with(&letter.topic) && letter.topic.len() > 4_000);
}

#[test]
fn a_panic_is_a_dead_letter_and_the_link_goes_on() {
    for bug in [Bug::PanickingDecoder, Bug::PanickingEncoder] {
        let mut line = Line::new();
        line.send("homes/7/z/hall", r#"{"contact":true}"#);
        {
            let _planted = plant(bug);
            let accepted = line.send("homes/7/z/hall", r#"{"contact":false}"#);
            assert_eq!(accepted.rejected, Some("internal_error"), "{bug:?}");
            assert_eq!(accepted.readings, 0, "{bug:?}");
        }
        line.send("homes/7/z/hall", r#"{"battery":5}"#);
        let stored = line.stored();
        let told = "7/hall door_open=false; 7/hall battery_level=5; -internal_error";
        assert_eq!(stored.told(), told, "{bug:?}: nothing half-written stays behind");
        assert_eq!(stored.letters[0].payload, br#"{"contact":false}"#);
    }
}

#[test]
fn what_cannot_be_decoded_at_all_is_buried() {
    let mut line = Line::new();
    let (_, token) = line.window.admit(arrival()).expect("room");
    let burial = Burial {
        topic: b"homes/\xff",
        payload: Payload::Head { head: b"begin", length: 2 << 20 },
        qos: QoS::AtLeastOnce,
        retained: false,
        received: line.now,
        reason: "oversize",
    };
    let accepted = line.pipeline.bury(&burial, token, &mut line.pool, &mut line.ready);
    assert_eq!(accepted.rejected, Some("oversize"));
    let letter = &line.stored().letters[0];
    assert_eq!((letter.payload_length, letter.truncated), (2 << 20, true));
    assert!(letter.payload_sha256.is_empty());
}

#[test]
fn a_record_kafka_refused_becomes_a_dead_letter_with_its_obligations() {
    let mut line = Line::new();
    line.send("homes/7/z/a", r#"{"contact":true}"#);
    line.send("homes/7/z/b", r#"{"contact":true}"#);
    line.pipeline.flush(FlushReason::Drain, &mut line.ready);
    let record = line.ready.pop().expect("a batch");
    let value = record.value.clone();
    let later = Moment { mono: Mono(9_000_000), wall: UnixMicros(NOW.0 + 9_000_000) };
    let code = "message_size_too_large";
    line.pipeline.bury_record(record, code, later, &mut line.pool, &mut line.ready);
    let letter = &line.ready[0];
    assert_eq!((letter.shares.len(), letter.opened), (2, Mono(1_000)));
    let letter = &line.stored().letters[0];
    assert_eq!((letter.reason.as_str(), &letter.payload), ("kafka_refused", &value));
    assert_eq!(letter.refused_by, "readings message_size_too_large");
}
