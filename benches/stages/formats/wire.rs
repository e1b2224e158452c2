//! Payloads that are no text, field by field.

use prost::encoding::{
    WireType, double, encode_key, encode_varint, float, sfixed64, string, uint64,
};
use rand::{Rng, rngs::StdRng};

/// What a room sensor says ten times over: kind of trygg, its unit.
const MEASURED: [(&str, &str, &str); 5] = [
    ("air_temperature", "temperature", "Cel"),
    ("relative_humidity", "humidity", "%"),
    ("illuminance", "illuminance", "lx"),
    ("air_pressure", "pressure", "hPa"),
    ("co2", "co2", "ppm"),
];

/// Readings of a message in protobuf, and records of a pack in CBOR.
pub(super) const READINGS: usize = 10;
/// Metrics of a Sparkplug device.
pub(super) const METRICS: usize = 20;

/// When it was measured, in seconds.
const TIME_S: u32 = 1_772_323_190;

fn value(random: &mut StdRng) -> f64 {
    f64::from(random.random_range(1_700..2_600)) / 100.0
}

/// `trygg.device.v1.DeviceMessage`: a device, a time, ten readings with unit.
pub(super) fn protobuf(random: &mut StdRng) -> Vec<u8> {
    let mut payload = Vec::new();
    string::encode(1, &"bed-0a1b2c3d".to_owned(), &mut payload);
    sfixed64::encode(2, &(i64::from(TIME_S) * 1_000_000), &mut payload);
    for (kind, _, unit) in MEASURED.iter().cycle().take(READINGS) {
        let mut reading = Vec::new();
        string::encode(1, &(*kind).to_owned(), &mut reading);
        double::encode(2, &value(random), &mut reading);
        string::encode(5, &(*unit).to_owned(), &mut reading);
        within(5, &reading, &mut payload);
    }
    payload
}

/// A pack of ten records, with base name and base time in the first.
pub(super) fn senml_cbor(random: &mut StdRng) -> Vec<u8> {
    let mut payload = vec![0x80 | short(READINGS)];
    for (number, (_, name, unit)) in MEASURED.iter().cycle().take(READINGS).enumerate() {
        payload.push(if number == 0 { 0xa5 } else { 0xa3 });
        if number == 0 {
            payload.push(0x21); // bn
            cbor_text("bed-0a1b2c3d/", &mut payload);
            payload.extend([0x22, 0x1a]); // bt
            payload.extend(TIME_S.to_be_bytes());
        }
        payload.push(0x00);
        cbor_text(name, &mut payload);
        payload.push(0x01);
        cbor_text(unit, &mut payload);
        payload.extend([0x02, 0xfb]);
        payload.extend(value(random).to_be_bytes());
    }
    payload
}

/// A length below 24, which CBOR writes into the first byte.
fn short(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(23).min(23)
}

/// A text below 24 bytes.
fn cbor_text(text: &str, payload: &mut Vec<u8>) {
    payload.push(0x60 | short(text.len()));
    payload.extend(text.as_bytes());
}

/// The birth of a node, or of its device with its metrics.
pub(super) fn sparkplug_birth(of: Born, random: &mut StdRng) -> Vec<u8> {
    let sequence = match of {
        Born::Node => 0,
        Born::Device => 1,
    };
    sparkplug(sequence, of == Born::Device, random)
}

/// Whose birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Born {
    Node,
    Device,
}

/// Twenty metrics under their aliases.
pub(super) fn sparkplug_data(random: &mut StdRng) -> Vec<u8> {
    let mut payload = head();
    for alias in 0..METRICS {
        let mut metric = Vec::new();
        uint64::encode(2, &(alias as u64 + 10), &mut metric);
        metric_value(alias, random, &mut metric);
        within(2, &metric, &mut payload);
    }
    payload
}

fn sparkplug(sequence: u64, has_metrics: bool, random: &mut StdRng) -> Vec<u8> {
    let mut payload = head();
    for alias in 0..if has_metrics { METRICS } else { 0 } {
        let mut metric = Vec::new();
        let (_, name, _) = MEASURED.iter().cycle().nth(alias).copied().unwrap_or_default();
        string::encode(1, &format!("Room {alias}/{name}"), &mut metric);
        uint64::encode(2, &(alias as u64 + 10), &mut metric);
        uint64::encode(4, DATATYPES.iter().cycle().nth(alias).unwrap_or(&0), &mut metric);
        metric_value(alias, random, &mut metric);
        within(2, &metric, &mut payload);
    }
    uint64::encode(3, &sequence, &mut payload);
    payload
}

/// Float and Int32.
const DATATYPES: [u64; 2] = [9, 3];

#[expect(clippy::cast_possible_truncation, reason = "a Float is single precision")]
fn metric_value(alias: usize, random: &mut StdRng, metric: &mut Vec<u8>) {
    if alias.is_multiple_of(2) {
        float::encode(12, &(value(random) as f32), metric);
    } else {
        uint64::encode(10, &random.random_range(20..60), metric);
    }
}

fn head() -> Vec<u8> {
    let mut payload = Vec::new();
    uint64::encode(1, &(u64::from(TIME_S) * 1_000), &mut payload);
    payload
}

fn within(field: u32, message: &[u8], payload: &mut Vec<u8>) {
    encode_key(field, WireType::LengthDelimited, payload);
    encode_varint(message.len() as u64, payload);
    payload.extend(message);
}
