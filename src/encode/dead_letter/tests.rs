use proptest::{collection::vec, prelude::*};
use prost::Message;

use super::*;
use crate::wire::v1;

const LETTER: DeadLetter<'_> = DeadLetter {
    topic: b"homes/7/z/hall",
    payload: Payload::Whole(b"{\"contact\":"),
    reason: "json_malformed",
    detail: "invalid JSON at line 1, column 11",
    format: "zigbee2mqtt",
    received_at: UnixMicros(1_790_000_000_000_000),
    qos: QoS::AtLeastOnce,
    retained: false,
    refused_count: 0,
    refused_by: "",
};

fn written(letter: &DeadLetter<'_>, refused: &[RefusedReading], max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let refused = refused.iter().copied();
    DeadLetterEncoder::new("north", max).write(letter, refused, &Catalogue::builtin(), &mut out);
    out
}

fn read(bytes: &[u8]) -> v1::DeadLetter {
    let letter = v1::DeadLetter::decode(bytes).expect("a dead letter");
    assert_eq!(letter.encode_to_vec(), bytes, "prost writes the same");
    letter
}

#[test]
fn every_field_is_what_prost_writes() {
    let kind = Catalogue::builtin().find("heart_rate");
    let refused = [
        RefusedReading { kind, reason: "out_of_range", number: Some(900.0) },
        RefusedReading { kind, reason: "value_type", number: None },
        RefusedReading { kind: None, reason: "kind_unknown", number: Some(0.0) },
    ];
    let letter = DeadLetter {
        retained: true,
        refused_count: 3,
        refused_by: "readings message_size_too_large",
        ..LETTER
    };
    let told = read(&written(&letter, &refused, 100));
    let number = |kind: &str, reason: &str, number| v1::RefusedReading {
        kind: kind.to_owned(),
        reason: reason.to_owned(),
        number,
    };
    let expected = v1::DeadLetter {
        link: "north".to_owned(),
        topic: "homes/7/z/hall".to_owned(),
        payload: b"{\"contact\":".to_vec(),
        payload_length: 11,
        payload_sha256: Sha256::digest(b"{\"contact\":").to_vec(),
        truncated: false,
        reason: "json_malformed".to_owned(),
        detail: "invalid JSON at line 1, column 11".to_owned(),
        format: "zigbee2mqtt".to_owned(),
        received_at_us: 1_790_000_000_000_000,
        qos: 1,
        retained: true,
        refused: vec![
            number("heart_rate", "out_of_range", Some(900.0)),
            number("heart_rate", "value_type", None),
            number("", "kind_unknown", Some(0.0)),
        ],
        refused_count: 3,
        refused_by: "readings message_size_too_large".to_owned(),
    };
    assert_eq!(told, expected);
}

#[test]
fn a_payload_is_cut_and_its_hash_is_that_of_the_whole() {
    let payload = b"0123456789";
    let letter = DeadLetter { payload: Payload::Whole(payload), ..LETTER };
    for (max, kept, truncated) in [(11, 10, false), (10, 10, false), (9, 9, true), (0, 0, true)] {
        let told = read(&written(&letter, &[], max));
        assert_eq!(told.payload, &payload[..kept], "at most {max}");
        assert_eq!((told.payload_length, told.truncated), (10, truncated));
        assert_eq!(told.payload_sha256, Sha256::digest(payload).to_vec());
    }
}

#[test]
fn of_a_payload_never_held_whole_there_is_no_hash() {
    let payload = Payload::Head { head: b"begin", length: 2_000_000 };
    let told = read(&written(&DeadLetter { payload, ..LETTER }, &[], 100));
    assert_eq!((told.payload.as_slice(), told.payload_length), (&b"begin"[..], 2_000_000));
    assert!(told.truncated && told.payload_sha256.is_empty());
    let payload = Payload::Head { head: b"all", length: 3 };
    assert!(!read(&written(&DeadLetter { payload, ..LETTER }, &[], 100)).truncated);
}

#[test]
fn an_empty_payload_is_not_truncated() {
    let told = read(&written(&DeadLetter { payload: Payload::Whole(b""), ..LETTER }, &[], 100));
    assert!(!told.truncated);
    assert_eq!(told.payload_sha256, Sha256::digest(b"").to_vec());
}

#[test]
fn thirty_two_refused_readings_are_listed_and_all_are_counted() {
    let one = RefusedReading { kind: None, reason: "kind_unknown", number: None };
    let letter = DeadLetter { refused_count: 1_000, ..LETTER };
    let told = read(&written(&letter, &vec![one; 1_000], 100));
    assert_eq!((told.refused.len(), told.refused_count), (REFUSED_LISTED_MAX, 1_000));
    assert_eq!(REFUSED_LISTED_MAX, 32);
}

#[test]
fn a_topic_is_cut_at_four_kibibytes_and_its_wrong_bytes_are_replaced() {
    let long = "t/".repeat(30_000);
    let told = read(&written(&DeadLetter { topic: long.as_bytes(), ..LETTER }, &[], 100));
    assert_eq!(told.topic.len(), 4 * 1024);
    let told = read(&written(&DeadLetter { topic: b"a\0\xff/b", ..LETTER }, &[], 100));
    assert_eq!(told.topic, "a\0\u{fffd}/b");
    let told = read(&written(&DeadLetter { topic: &vec![0xff; 60_000], ..LETTER }, &[], 100));
    assert_eq!(told.topic.len(), 4 * 1024 - 1, "of three-byte replacements");
}

proptest! {
    #[test]
    fn any_dead_letter_is_what_prost_writes(
        topic in vec(any::<u8>(), 0..6_000),
        payload in vec(any::<u8>(), 0..400),
        max in 0..500_usize,
    ) {
        let payload_held = Payload::Whole(&payload);
        let letter = DeadLetter { topic: &topic, payload: payload_held, ..LETTER };
        let told = read(&written(&letter, &[], max));
        prop_assert_eq!(told.payload.as_slice(), &payload[..max.min(payload.len())]);
        prop_assert_eq!(told.truncated, max < payload.len());
        prop_assert!(told.topic.len() <= 4 * 1024);
    }
}
