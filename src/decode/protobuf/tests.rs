use proptest::{collection::vec, option, prelude::*, sample::select};
use prost::Message as _;

use super::*;
use crate::{
    decode::{
        Decoder, DeviceName, Outcome, READINGS_MAX,
        tests::{assert_whole, catalogue, message, told},
    },
    model::UnixMicros,
    wire::device::v1::{DeviceMessage, Reading, Series, reading::Value},
};

fn reading(kind: &str, value: Option<Value>) -> Reading {
    Reading { kind: kind.into(), value, unit: String::new(), measured_at_us: None, channel: 0 }
}

fn of(message: &DeviceMessage) -> String {
    told(
        &Decoder::usual(crate::decode::Format::Protobuf, &catalogue()),
        "t",
        "captured",
        &message.encode_to_vec(),
    )
}

fn decode(payload: &[u8]) -> Result<Decoded, DecodeError> {
    let mut out = Decoded::default();
    Decoder::usual(crate::decode::Format::Protobuf, &catalogue()).decode(
        "captured",
        &message("t", payload),
        &mut crate::decode::Memory::default(),
        &mut out,
    )?;
    Ok(out)
}

#[test]
fn values_follow_their_kind() {
    let with_unit = |unit: &str| Reading {
        unit: unit.into(),
        ..reading("air_temperature", Some(Value::Number(70.7)))
    };
    for (reading, expected) in [
        (reading("heart_rate", Some(Value::Number(61.0))), "heart_rate=61~"),
        (with_unit("Cel"), "air_temperature=70.7"),
        (with_unit("F"), "air_temperature=21.5"),
        (with_unit("°F"), "air_temperature=21.5"),
        (with_unit("kg"), "-air_temperature:unit_mismatch"),
        (with_unit("parsec"), "-air_temperature:unit_unknown"),
        (reading("motion", Some(Value::State(false))), "motion=false"),
        (reading("motion", Some(Value::Number(1.0))), "motion=true"),
        (reading("motion", None), "-motion:value_missing"),
        (reading("sleep_stage", Some(Value::Category("rem".into()))), "sleep_stage=rem"),
        (
            reading("sleep_stage", Some(Value::Category("x".into()))),
            "-sleep_stage:category_unknown",
        ),
        (reading("sleep_stage", Some(Value::Number(1.0))), "-sleep_stage:value_type"),
        (reading("sos", None), "sos"),
        (reading("sos", Some(Value::State(false))), "none no_value"),
        (reading("heart_rate", Some(Value::Number(0.0))), "none no_value"),
        (reading("horoscope", None), "-?:kind_unknown"),
        (reading("", None), "-?:kind_unknown"),
    ] {
        let message = DeviceMessage { readings: vec![reading], ..DeviceMessage::default() };
        assert_eq!(of(&message), expected, "{message:?}");
    }
    assert_eq!(of(&DeviceMessage::default()), "none empty");
    let named = DeviceMessage { device: "x".into(), ..DeviceMessage::default() };
    assert_eq!(of(&named), "none no_known_key");
}

#[test]
fn samples_are_one_reading() {
    let start_us = 1_709_276_400_000_000;
    let series = |values: Vec<f32>, start_us| {
        Some(Value::Series(Series { start_us, period_us: 31_250, values }))
    };
    let axis = |value: Option<Value>, unit: &str, channel| Reading {
        unit: unit.into(),
        channel,
        ..reading("acceleration", value)
    };
    let good = || series(vec![0.5, 1.0], start_us);
    for (reading, expected) in [
        (axis(good(), "[g]", 3), "acceleration#3=[0.5, 1.0]/31250"),
        (axis(good(), "mg", 0), "acceleration=[0.0005, 0.001]/31250"),
        (axis(good(), "", 0), "acceleration=[0.5, 1.0]/31250~"),
        (axis(good(), "kg", 0), "-acceleration:unit_mismatch"),
        (axis(good(), "[g]", 70_000), "-acceleration:reading_shape"),
        (axis(series(vec![], start_us), "[g]", 0), "-acceleration:series_shape"),
        (axis(series(vec![1.0], i64::MAX), "[g]", 0), "-acceleration:series_shape"),
        (axis(series(vec![f32::NAN], start_us), "[g]", 0), "-acceleration:not_finite"),
        (axis(series(vec![0.0; 65_537], start_us), "[g]", 0), "-acceleration:series_shape"),
        (reading("motion", good()), "-motion:value_type"),
        (axis(Some(Value::Number(1.0)), "[g]", 2), "acceleration#2=1"),
    ] {
        let message = DeviceMessage { readings: vec![reading], ..DeviceMessage::default() };
        assert_eq!(of(&message), expected);
    }
    // Not packed, and a number behind it: the last case of one value counts.
    let single = b"\x2a\x20\x0a\x0cacceleration\x42\x10\x09\x00\x00\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x80\x3f\x10\x07";
    let text =
        told(&Decoder::usual(crate::decode::Format::Protobuf, &catalogue()), "t", "c", single);
    assert_eq!(text, "acceleration=[1.0]/7~");
}

#[test]
fn a_gateway_speaks_for_its_devices() {
    let device = |name: &str, count| DeviceMessage {
        device: name.into(),
        readings: vec![reading("sos", None); count],
        ..DeviceMessage::default()
    };
    let mut gateway = device("gateway", 1);
    gateway.devices = vec![device("a", 2), device("b", 0), device("", 1)];
    gateway.devices[0].sequence = Some(9);
    gateway.devices[1].devices = vec![device("nested", 1)];
    // The gateway's own reading is written last, and still stands with its device.
    let mut bytes = DeviceMessage { readings: vec![], ..gateway.clone() }.encode_to_vec();
    bytes.extend(
        DeviceMessage { readings: gateway.readings, ..DeviceMessage::default() }.encode_to_vec(),
    );
    let out = decode(&bytes).unwrap();
    assert_whole(&out);
    let parts: Vec<_> = out
        .devices
        .iter()
        .map(|part| (out.device_name(part, "captured"), out.readings_of(part).len()))
        .collect();
    assert_eq!(parts, [("gateway", 1), ("a", 2), ("b", 0), ("captured", 1)]);
    assert_eq!(out.devices[1].sequence, Some(9));
    assert_eq!(out.unknown_keys, 1);
}

#[test]
fn malformed_bytes_name_their_place() {
    let whole = DeviceMessage {
        device: "bed".into(),
        readings: vec![reading("heart_rate", Some(Value::Number(61.0)))],
        ..DeviceMessage::default()
    }
    .encode_to_vec();
    for length in 1..whole.len() {
        let cut = decode(whole.get(..length).unwrap());
        assert!(cut.is_ok() || matches!(cut, Err(DecodeError::Protobuf { at }) if at <= length));
    }
    for (bytes, at) in [
        (&b"\x0a"[..], 1),
        (b"\x0a\x05ab", 2),
        (b"\x00\x01", 1),
        (b"\x0b", 1),
        (b"\x0c", 1),
        (b"\x0f", 1),
        (b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11),
        (b"\x0a\x01\xff", 3),
        (b"\x08\x01", 2),
        (b"\x2a\x03\x0a\x01\xff", 5),
        (b"\x2a\x02\x2a\x05", 4),
        (b"\x2a\x02\x2a\x05\x18\x01", 4),
    ] {
        assert_eq!(decode(bytes).map(|_| ()), Err(DecodeError::Protobuf { at }), "{bytes:x?}");
    }
    // Groups are old and still protobuf.
    assert!(decode(b"\x7b\x08\x01\x7b\x7c\x7c\x18\x01").is_ok());
    assert!(decode(b"\x7b\x08\x01\x74").is_err());
    let deep: Vec<u8> = [0x7b; 10_000].into();
    assert!(decode(&deep).is_err());
}

#[test]
fn a_message_has_its_bounds() {
    let many = |count| DeviceMessage {
        readings: vec![reading("sos", None); count],
        ..DeviceMessage::default()
    };
    assert_eq!(of(&many(READINGS_MAX)).split(' ').count(), READINGS_MAX);
    assert_eq!(of(&many(READINGS_MAX + 1)), "error too_many_readings");
    let mut bundle = many(600);
    bundle.devices = vec![many(401)];
    assert_eq!(of(&bundle), "error too_many_readings");
    let named = |length| DeviceMessage { device: "n".repeat(length), ..many(1) };
    assert_eq!(of(&named(256)), "sos");
    assert_eq!(of(&named(257)), "error device_name_too_long");
}

const KINDS: [(&str, &str); 6] = [
    ("heart_rate", "/min"),
    ("air_temperature", "Cel"),
    ("motion", ""),
    ("sos", ""),
    ("sleep_stage", ""),
    ("no_such_kind", ""),
];

prop_compose! {
    fn some_reading()(
        (kind, unit) in select(&KINDS[..]),
        value in option::of(prop_oneof![
            (1.0..200.0).prop_map(Value::Number),
            any::<bool>().prop_map(Value::State),
            select(&["rem", "deep", "x", ""][..]).prop_map(|word| Value::Category(word.into())),
        ]),
        has_unit in any::<bool>(),
        measured_at_us in option::of(1_600_000_000_000_000..1_700_000_000_000_000_i64),
    ) -> Reading {
        let unit = if has_unit { unit.to_owned() } else { String::new() };
        Reading { kind: kind.to_owned(), value, unit, measured_at_us, channel: 0 }
    }
}

prop_compose! {
    fn some_device()(
        device in "[a-z åäö/]{0,12}",
        measured_at_us in option::of(any::<i64>()),
        sequence in option::of(any::<u64>()),
        historical in any::<bool>(),
        readings in vec(some_reading(), 0..6),
    ) -> DeviceMessage {
        DeviceMessage { device, measured_at_us, sequence, historical, readings, devices: vec![] }
    }
}

prop_compose! {
    fn some_message()(mut own in some_device(), devices in vec(some_device(), 0..3)) -> DeviceMessage {
        own.devices = devices;
        own
    }
}

/// Readings of one device that a plain reader of prost's types would take.
fn expected(device: &DeviceMessage) -> Vec<(String, crate::model::Value)> {
    use crate::model::Value as Ours;
    let catalogue = catalogue();
    let mut taken = Vec::new();
    for reading in &device.readings {
        let value = match (reading.kind.as_str(), &reading.value) {
            ("heart_rate" | "air_temperature", Some(Value::Number(number))) => {
                Ours::Number(*number)
            }
            ("motion", Some(Value::State(state))) => Ours::State(*state),
            ("motion", Some(Value::Number(number))) if number.to_bits() == 1f64.to_bits() => {
                Ours::State(true)
            }
            ("sos", None | Some(Value::State(true))) => Ours::Event,
            ("sos", Some(Value::Number(number))) if number.to_bits() == 1f64.to_bits() => {
                Ours::Event
            }
            ("sleep_stage", Some(Value::Category(word))) => {
                let kind = catalogue.find("sleep_stage").unwrap();
                match catalogue.category(kind, word) {
                    Some(category) => Ours::Category(category),
                    None => continue,
                }
            }
            _ => continue,
        };
        taken.push((reading.kind.clone(), value));
    }
    taken
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_field_is_read_as_prost_reads_it(message in some_message()) {
        let bytes = message.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        let out = decode(&bytes).unwrap();
        let catalogue = catalogue();
        let devices: Vec<_> = std::iter::once(&message).chain(&message.devices).collect();
        prop_assert_eq!(out.devices.len(), if message.devices.is_empty() { 1 } else { devices.len() });
        for (part, device) in out.devices.iter().zip(devices) {
            let name = if device.device.is_empty() { "captured" } else { &device.device };
            prop_assert_eq!(out.device_name(part, "captured"), name);
            prop_assert_eq!(part.sequence, device.sequence);
            prop_assert_eq!(part.flags.has(ReportFlag::Historical), device.historical);
            if let Some(time) = device.measured_at_us {
                prop_assert_eq!(part.measured_at, time::micros(time));
            }
            let taken: Vec<_> = out
                .readings_of(part)
                .iter()
                .map(|reading| (catalogue.get(reading.kind).name.to_string(), reading.value))
                .collect();
            prop_assert_eq!(taken, expected(device));
        }
    }

    #[test]
    fn damage_is_seen_where_prost_sees_it(
        message in some_message(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = message.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        prop_assume!(!bytes.is_empty());
        if let Ok(theirs) = DeviceMessage::decode(bytes.as_slice()) {
            let ours = decode(&bytes);
            prop_assert!(ours.is_ok(), "{ours:?} {theirs:?}");
            let ours = ours.unwrap();
            let count = |device: &DeviceMessage| device.readings.len();
            let theirs = count(&theirs) + theirs.devices.iter().map(count).sum::<usize>();
            let taken = ours.readings.len() + (ours.refused_count + ours.absent) as usize;
            prop_assert_eq!(taken, theirs);
        }
    }
}

#[test]
fn a_device_without_a_time_takes_its_newest_reading_s() {
    let at = |time| Reading { measured_at_us: Some(time), ..reading("sos", None) };
    let message = DeviceMessage { readings: vec![at(5), at(9)], ..DeviceMessage::default() };
    let out = decode(&message.encode_to_vec()).unwrap();
    assert_eq!(out.devices[0].measured_at, DeviceTime::At(UnixMicros(9)));
    assert_eq!(out.readings[0].measured_at, Some(UnixMicros(5)));
    assert_eq!(out.readings[1].measured_at, None);
    assert_eq!(out.devices[0].name, DeviceName::Captured);
    assert_eq!(
        Decoder::usual(crate::decode::Format::Protobuf, &catalogue()).decode(
            "",
            &super::super::tests::message("t", b""),
            &mut crate::decode::Memory::default(),
            &mut Decoded::default()
        ),
        Ok(Outcome::NonReading(NonReading::Empty))
    );
}

/// Two bytes a field, wherever they stand: a quarter of a megabyte of them is not looked at.
#[test]
fn more_fields_than_a_payload_may_have_are_refused() {
    let refused = Err(DecodeError::Rule { rule: "at most 32768 fields" });
    let within = |number: u8, inner: &[u8]| {
        let mut message = vec![number << 3 | 2];
        prost::encode_length_delimiter(inner.len(), &mut message).unwrap();
        [&message[..], inner].concat()
    };
    let unknown = |count| [0x70, 0x01].repeat(count);
    let group = |count: usize| [&[0x7b][..], &unknown(count), &[0x7c]].concat();
    let many = 32 * 1024;
    for payload in [
        unknown(many + 1),
        [0x20, 0x01].repeat(many + 1),
        within(5, &unknown(many + 1)),
        within(6, &within(5, &within(8, &unknown(many + 1)))),
        [within(5, &unknown(many / 2)), within(5, &unknown(many / 2 + 1))].concat(),
        group(many + 1),
        group(many / 2).repeat(3),
    ] {
        assert_eq!(decode(&payload).map(|_| ()), refused, "{} bytes", payload.len());
    }
    assert_eq!(decode(&unknown(many)).map(|out| out.unknown_keys), Ok(32 * 1024));
    let long = [within(15, &vec![b'd'; 20_000]), within(5, &vec![0x70; 60_001])].concat();
    assert!(matches!(decode(&long), Err(DecodeError::Protobuf { .. })), "cut short");
}
