//! How much a message may hold and take. `make bench-smoke` decodes the same messages at their full
//! size (`benches/bounds`), and measures time and growth as well.

#[path = "../../../benches/bounds/bombs.rs"]
pub(super) mod bombs;

use self::bombs::Bomb;
use super::{assert_whole, message, samples::ALL};
use crate::decode::{DecodeError, Decoded, Decoder, Format, Memory, Outcome, READINGS_MAX};

/// A quarter of what `max_payload_bytes` lets in: the build of tests is slow.
const SIZE: usize = 64 * 1024;

/// Bytes a message may make a decoder hold.
const EXTRA: u64 = 4 << 20;

#[test]
fn the_worst_messages_stay_within_bounds() {
    let mut beyond = Vec::new();
    for sampled in ALL.iter() {
        let bombs =
            sampled.format.map_or_else(|| bombs::of_mapping(SIZE), |it| bombs::of(it, SIZE));
        for bomb in bombs {
            let (mut out, mut memory) = (Decoded::default(), Memory::default());
            let decoder = &sampled.decoders[1];
            for (topic, payload) in &bomb.before {
                let _outcome = decoder.decode("", &message(topic, payload), &mut memory, &mut out);
            }
            let mut outcome = Ok(Outcome::Readings);
            let mut out = Decoded::default();
            let message = message(&bomb.topic, &bomb.payload);
            let used = allocation_counter::measure(|| {
                outcome = decoder.decode(&bomb.device, &message, &mut memory, &mut out);
            });
            let found = out.readings.len() + out.refused_count as usize;
            if used.bytes_max > EXTRA || outcome.is_ok() && found > READINGS_MAX {
                let Bomb { name, .. } = bomb;
                let held = used.bytes_max;
                beyond.push(format!("{} {name}: {held} bytes, {found} found", sampled.name));
            } else if outcome.is_ok() {
                assert_whole(&out);
            }
        }
    }
    assert_eq!(beyond, Vec::<String>::new());
}

/// A message of so many readings: topic, head, part, tail. Without one, all a message of the
/// format can say are a few values.
fn crowd(format: Format, count: usize) -> Option<(&'static str, Vec<u8>)> {
    let join = |head: &str, part: &dyn Fn(usize) -> String, tail: &str| {
        let parts: Vec<String> = (1..=count).map(part).collect();
        format!("{head}{}{tail}", parts.join(",")).into_bytes()
    };
    let same = |part: &'static str| move |_: usize| part.to_owned();
    let keys = |key: &'static str| move |at: usize| format!("\"{key}{at}\":1");
    let observation =
        r#"{"code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"valueInteger":61}"#;
    let metrics = || {
        let metric = b"\x12\x0d\x0a\x04temp\x65\x00\x00\xac\x41\x20\x09";
        metric.repeat(count)
    };
    Some(match format {
        Format::Json => ("t", join("{\"readings\":[", &same("{\"kind\":\"sos\"}"), "]}")),
        Format::Protobuf => ("t", b"\x2a\x05\x0a\x03sos".repeat(count)),
        Format::Zigbee2Mqtt => ("z/hall", join("{", &keys("temperature_"), "}")),
        Format::Tasmota => {
            let chip = |at| format!("\"DS18B20-{at}\":{{\"Temperature\":1}}");
            ("tele/plug/SENSOR", join("{", &chip, "}"))
        }
        Format::Shelly => {
            let switch = |at| format!("\"switch:{at}\":{{\"apower\":1}}");
            ("plug-1/events/rpc", join("{\"params\":{", &switch, "}}"))
        }
        Format::HomeAssistant => {
            ("esp/light/lamp/state", join("{", &same("\"state\":\"ON\""), "}"))
        }
        Format::Theengs => ("home/gw/BTtoMQTT/A4C138AABB01", join("{", &keys("tempc"), "}")),
        Format::Sparkplug => ("spBv1.0/g/DDATA/n/bed", metrics()),
        Format::SenMl => ("senml/7", join("[", &same("{\"n\":\"temp\",\"v\":1}"), "]")),
        Format::ThingsStack => {
            let head = "{\"uplink_message\":{\"decoded_payload\":{";
            ("v3/a@t/devices/b/up", join(head, &keys("temperature_"), "}}}"))
        }
        Format::ChirpStack => {
            let topic = "application/4/device/0badc0de/event/up";
            (topic, join("{\"object\":{", &keys("temperature_"), "}}"))
        }
        Format::OpenMHealth => {
            let head = r#"{"header":{"id":"1","creation_date_time":"2024-03-01T08:00:00Z","schema_id":{"namespace":"omh","name":"heart-rate","version":"1.1"}},"body":["#;
            ("t", join(head, &same(r#"{"heart_rate":{"value":61,"unit":"beats/min"}}"#), "]}"))
        }
        Format::Fhir => {
            let head = r#"{"resourceType":"Observation","status":"final","code":{},"effectiveInstant":"2024-03-01T07:00:00Z","component":["#;
            ("t", join(head, &same(observation), "]}"))
        }
        Format::ZwaveJs | Format::Ruuvi | Format::Homie | Format::OwnTracks | Format::Scaip => {
            return None;
        }
    })
}

#[test]
fn more_readings_than_a_message_may_have_are_refused() {
    let mut wrong = Vec::new();
    let full = DecodeError::TooManyReadings { limit: READINGS_MAX };
    for sampled in ALL.iter() {
        let count = |count: usize| {
            let (topic, payload) = crowd(sampled.format?, count)?;
            let mut out = Decoded::default();
            let mut memory = Memory::default();
            let decoder: &Decoder = &sampled.decoders[1];
            let outcome = decoder.decode("hall", &message(topic, &payload), &mut memory, &mut out);
            Some((outcome, out.readings.len()))
        };
        let Some(few) = count(900) else { continue };
        let many = count(1_001).map(|(outcome, _)| outcome);
        if (few, many) != ((Ok(Outcome::Readings), 900), Some(Err(full))) {
            wrong.push((sampled.name, few, many));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
