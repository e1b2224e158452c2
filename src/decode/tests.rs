//! What holds for every format; and the helpers of the formats' own tests.

mod bounds;
mod samples;
mod whatever;

use std::{fmt::Write, sync::LazyLock};

use proptest::prelude::*;

use super::*;
use crate::model::{Moment, QoS, ReadingFlag, Value};

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::builtin()));

pub(super) fn catalogue() -> Arc<Catalogue> {
    Arc::clone(&CATALOGUE)
}

pub(super) fn message<'a>(topic: &'a str, payload: &'a [u8]) -> Message<'a> {
    Message {
        topic,
        payload,
        qos: QoS::AtLeastOnce,
        retain: false,
        dup: false,
        resumed_recently: false,
        received: Moment::default(),
    }
}

/// Outcome and readings in short: `air_temperature=21.5 tvoc=3~ sos -battery_level:value_type`,
/// with `~` for an assumed unit, `#` before a channel, and `-` before a refused kind.
pub(super) fn told(decoder: &Decoder, topic: &str, device: &str, payload: &[u8]) -> String {
    let mut out = Decoded::default();
    match decoder.decode(device, &message(topic, payload), &mut Memory::default(), &mut out) {
        Err(error) => return format!("error {}", error.reason()),
        Ok(Outcome::NonReading(what)) => return format!("none {}", what.reason()),
        Ok(Outcome::Readings) => {}
    }
    assert_whole(&out);
    tell(&out)
}

/// The readings in short.
pub(super) fn tell(out: &Decoded) -> String {
    let catalogue = catalogue();
    let mut text = String::new();
    for reading in &out.readings {
        let name = &catalogue.get(reading.kind).name;
        let name = match reading.channel {
            0 => name.to_string(),
            channel => format!("{name}#{channel}"),
        };
        match reading.value {
            Value::Number(number) => write!(text, "{name}={number}"),
            Value::State(state) => write!(text, "{name}={state}"),
            Value::Category(word) => {
                write!(text, "{name}={}", catalogue.category_name(reading.kind, word))
            }
            Value::Event => write!(text, "{name}"),
            Value::Series(index) => {
                let series = out.series.get(index);
                write!(text, "{name}={:?}/{}", series.samples, series.period_us)
            }
        }
        .unwrap();
        text.push_str(if reading.flags.has(ReadingFlag::UnitAssumed) { "~ " } else { " " });
    }
    for refused in &out.refused {
        let name = refused.kind.map_or("?", |kind| &catalogue.get(kind).name);
        write!(text, "-{name}:{} ", refused.reason.reason()).unwrap();
    }
    text.trim_end().to_owned()
}

/// Devices share out the readings without gap or overlap, and every bound holds.
pub(super) fn assert_whole(out: &Decoded) {
    let mut next = 0;
    for part in &out.devices {
        assert_eq!(part.readings.start, next);
        assert!(part.readings.end >= next);
        next = part.readings.end;
        if let DeviceName::Own(range) = &part.name {
            assert!(out.names.get(range.clone()).is_some_and(|name| !name.is_empty()));
        }
    }
    assert_eq!(next, out.readings.len());
    assert!(out.readings.len() + out.refused_count as usize <= READINGS_MAX);
    assert_eq!(out.refused.len(), REFUSED_LISTED_MAX.min(out.refused_count as usize));
}

/// Zigbee2MQTT, JSON, protobuf, mapping.
static DECODERS: LazyLock<[Decoder; 4]> = LazyLock::new(|| {
    [
        Decoder::usual(Format::Zigbee2Mqtt, &CATALOGUE),
        Decoder::usual(Format::Json, &CATALOGUE),
        Decoder::usual(Format::Protobuf, &CATALOGUE),
        samples::mapping(),
    ]
});

const UTF8: &str = "error utf8_invalid";
const MALFORMED: &str = "error json_malformed";
const DEEP: &str = "error json_too_deep";
const SHAPE: &str = "error json_shape";
const PROTOBUF: &str = "error protobuf_malformed";

/// What each of [`DECODERS`] says of a payload.
fn assert_told(payload: &[u8], expected: [&str; 4]) {
    let head = String::from_utf8_lossy(&payload[..payload.len().min(20)]);
    for (decoder, expected) in DECODERS.iter().zip(expected) {
        assert_eq!(told(decoder, "z/hall", "hall", payload), expected, "{head}");
    }
}

#[test]
fn small_nonsense_has_its_reason() {
    let cases: [(&[u8], [&str; 4]); 6] = [
        (b"", ["none empty"; 4]),
        (b"{\"a\":\xff}", [UTF8, UTF8, PROTOBUF, UTF8]),
        (b"[1,2", [SHAPE, SHAPE, PROTOBUF, MALFORMED]),
        (b"{\"kind\":NaN}", [MALFORMED, MALFORMED, PROTOBUF, MALFORMED]),
        (b"{\"battery\":5}{}", [MALFORMED, SHAPE, PROTOBUF, MALFORMED]),
        (b"\xef\xbb\xbf{}", ["none no_known_key", SHAPE, PROTOBUF, "-sos:value_type"]),
    ];
    for (payload, expected) in cases {
        assert_told(payload, expected);
    }
}

#[test]
fn large_nonsense_has_its_reason() {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let noise: Vec<u8> = (0..1 << 20).map(|_| random()).collect();
    assert_told(&noise, [UTF8, UTF8, PROTOBUF, UTF8]);
    // As protobuf, field 15 with a small number again and again: well-formed, and nothing of ours.
    let letters = |count| "x".repeat(count).into_bytes();
    let (none, many) = ("none no_known_key", "error rule_broken");
    assert_told(&letters(1 << 16), [MALFORMED, MALFORMED, none, "-sos:state_unreadable"]);
    assert_told(&letters(1 << 20), [MALFORMED, MALFORMED, many, "-sos:state_unreadable"]);
    let nested = |open: &str, close: &str| {
        format!("{}1{}", open.repeat(10_000), close.repeat(10_000)).into_bytes()
    };
    assert_told(&nested("[", ""), [DEEP, DEEP, PROTOBUF, DEEP]);
    assert_told(&nested("[", "]"), [DEEP, DEEP, PROTOBUF, DEEP]);
    assert_told(&nested(r#"{"a":"#, "}"), [DEEP, DEEP, PROTOBUF, DEEP]);
}

#[test]
fn depth_is_counted_outside_of_strings_only() {
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    let brackets = format!(r#"{{"battery":5,"text":"\"{}"}}"#, "[{".repeat(5_000));
    assert_eq!(told(&decoder, "z/hall", "hall", brackets.as_bytes()), "battery_level=5");
    let wide = format!(r#"{{"battery":5,"list":[{}1]}}"#, "[],".repeat(5_000));
    assert_eq!(told(&decoder, "z/hall", "hall", wide.as_bytes()), "battery_level=5");
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"battery":5,"wide":[[],[]],"list":{open}1{close}}}"#)
    };
    assert_eq!(told(&decoder, "z/hall", "hall", nested(127).as_bytes()), "battery_level=5");
    assert_eq!(told(&decoder, "z/hall", "hall", nested(128).as_bytes()), "error json_too_deep");
}

#[test]
fn labels_are_closed_and_distinct() {
    let mut labels: Vec<_> = RefusalReason::ALL.map(RefusalReason::reason).to_vec();
    labels.extend(NonReading::ALL.map(NonReading::reason));
    let count = labels.len();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), count);
}

#[test]
fn debug_shows_no_measurement() {
    let mut out = Decoded::default();
    let payload = br#"{"device":"Astrid","kind":"heart_rate","value":123.25}"#;
    let outcome = Decoder::usual(Format::Json, &catalogue()).decode(
        "",
        &message("t", payload),
        &mut Memory::default(),
        &mut out,
    );
    assert_eq!(outcome, Ok(Outcome::Readings));
    let text = format!("{out:?}");
    assert!(!text.contains("Astrid") && !text.contains("123"), "{text}");
}

proptest! {
    #[test]
    fn numbers_keep_every_bit(number in any::<f64>().prop_filter("JSON has no other", |n| n.is_finite())) {
        let payload = format!(r#"{{"kind":"link_quality","value":{number:?}}}"#);
        let mut out = Decoded::default();
        let decoder = Decoder::usual(Format::Json, &catalogue());
        let outcome = decoder.decode("", &message("t", payload.as_bytes()), &mut Memory::default(), &mut out);
        prop_assert_eq!(outcome, Ok(Outcome::Readings));
        let Value::Number(read) = out.readings[0].value else { panic!("no number") };
        prop_assert_eq!(read.to_bits(), number.to_bits());
    }
}
