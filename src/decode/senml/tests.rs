mod met;

use std::fmt::Write;

use super::*;
use crate::decode::{
    Decoder, DeviceTime, Outcome, Positions,
    tests::{assert_whole, catalogue, message, told},
    vocabulary::mistakes,
};
use crate::model::{Moment, UnixMicros, Value};

/// When the packs arrive: 2021-11-14T22:13:20Z.
const NOW: i64 = 1_636_928_000;

fn senml() -> Decoder {
    let mut settings = DecoderSettings::new(&catalogue());
    settings.positions = Positions::Keep;
    Decoder::new(Format::SenMl, &settings).unwrap()
}

fn short(payload: &[u8]) -> String {
    told(&senml(), "packs/7", "", payload)
}

/// Every reading with its device and time: `dev:air_temperature=23.1@1636928000`.
fn resolved(payload: &[u8]) -> String {
    let mut out = Decoded::default();
    let mut message = message("packs/7", payload);
    message.received = Moment { wall: UnixMicros(NOW * 1_000_000), ..Moment::default() };
    let outcome = senml().decode("", &message, &mut Memory::default(), &mut out);
    assert_eq!(outcome, Ok(Outcome::Readings));
    assert_whole(&out);
    let catalogue = catalogue();
    let mut text = String::new();
    for part in &out.devices {
        let of_part = match part.measured_at {
            DeviceTime::At(time) => time,
            DeviceTime::Absent | DeviceTime::Unreadable => UnixMicros(NOW * 1_000_000),
        };
        for reading in out.readings_of(part) {
            let Value::Number(number) = reading.value else { panic!("numbers only") };
            let name = &catalogue.get(reading.kind).name;
            let millis = reading.measured_at.unwrap_or(of_part).0 / 1_000;
            write!(text, "{}:{name}={number}@{millis} ", out.device_name(part, "")).unwrap();
        }
    }
    text.trim_end().to_owned()
}

#[test]
fn every_row_of_the_tables_can_be_used() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
    let SenMl { units, catalogue, .. } = SenMl::new(&DecoderSettings::new(&catalogue())).unwrap();
    for ours in units.values() {
        let is_unit = catalogue.iter().any(|(kind, _)| catalogue.conversion(kind, ours).is_ok());
        assert!(is_unit, "{ours}");
    }
}

/// The packs of RFC 8428, sections 5.1.1 to 5.1.5, with the values it resolves them to.
#[test]
fn the_packs_of_the_rfc_resolve_as_it_says() {
    let device = "urn:dev:ow:10e2073a01080063";
    let one = format!(r#"[{{"n":"{device}","u":"Cel","v":23.1}}]"#);
    assert_eq!(resolved(one.as_bytes()), format!("{device}:air_temperature=23.1@1636928000000"));
    let two = format!(
        r#"[{{"bn":"{device}:","n":"voltage","u":"V","v":120.1}},{{"n":"current","u":"A","v":1.2}}]"#
    );
    assert_eq!(
        resolved(two.as_bytes()),
        format!("{device}:mains_voltage=120.1@1636928000000 {device}:current=1.2@1636928000000")
    );
    let three = format!(
        r#"[{{"bn":"{device}:","bt":1276020076.001,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1}},
        {{"n":"current","t":-5,"v":1.2}},{{"n":"current","t":-4,"v":1.3}},{{"n":"current","v":1.7}}]"#
    );
    assert_eq!(
        resolved(three.as_bytes()),
        format!(
            "{device}:mains_voltage=120.1@1276020076001 {device}:current=1.2@1276020071001 {device}:current=1.3@1276020072001 {device}:current=1.7@1276020076001"
        )
    );
    let several = r#"[{"bn":"2001:db8::2/","bt":1320078429,"n":"temperature","v":25.2,"u":"Cel"},
        {"n":"humidity","v":30,"u":"%RH"},{"bn":"2001:db8::1/","n":"temperature","v":12.3,"u":"Cel"}]"#;
    assert_eq!(
        resolved(several.as_bytes()),
        "2001:db8::2:air_temperature=25.2@1320078429000 2001:db8::2:relative_humidity=30@1320078429000 2001:db8::1:air_temperature=12.3@1320078429000"
    );
    let moving = format!(
        r#"[{{"bn":"{device}","bt":1320067464,"bu":"%RH","v":20}},{{"u":"lon","v":24.30621}},{{"t":60,"v":20.3}},{{"u":"%EL","t":150,"v":98}}]"#
    );
    assert_eq!(
        resolved(moving.as_bytes()),
        format!(
            "{device}:relative_humidity=20@1320067464000 {device}:longitude=24.30621@1320067464000 {device}:relative_humidity=20.3@1320067524000 {device}:battery_level=98@1320067614000"
        )
    );
}

#[test]
fn times_below_two_to_the_28_are_from_now() {
    for (time, seconds) in [
        ("-5", NOW - 5),
        ("10", NOW + 10),
        ("268435455", NOW + 268_435_455),
        ("268435456", 268_435_456),
        ("0", NOW),
    ] {
        let pack = format!(r#"[{{"n":"bed/hr","u":"beat/min","v":60,"t":{time}}}]"#);
        assert_eq!(resolved(pack.as_bytes()), format!("bed:heart_rate=60@{}", seconds * 1_000));
    }
}

#[test]
fn packs_in_short() {
    for (pack, expected) in [
        (
            r#"[{"n":"bed/occupied","vb":true},{"n":"bed/hr","v":61}]"#,
            "bed_occupied=true heart_rate=61~",
        ),
        (r#"[{"bn":"a/","bv":20,"n":"temp","u":"Cel","v":1.5}]"#, "air_temperature=21.5"),
        (r#"[{"n":"a/temp","u":"K","v":273.15}]"#, "air_temperature=0"),
        (r#"[{"n":"a/battery","u":"/","v":0.5}]"#, "battery_level=50"),
        (r#"[{"n":"a/rh","u":"/100","v":41}]"#, "relative_humidity=41"),
        (r#"[{"n":"a/temp","u":"%RH","v":41}]"#, "-air_temperature:unit_mismatch"),
        (r#"[{"n":"a/temp","u":"furlong","v":41}]"#, "-air_temperature:unit_unknown"),
        (
            r#"[{"n":"a/button","vs":"double"},{"n":"a/temp","vs":"21"}]"#,
            "button_press=double air_temperature=21~",
        ),
        (r#"[{"n":"a/temp","v":null}]"#, "none no_value"),
        (
            r#"[{"n":"a/temp","v":1,"vs":"1"},{"n":"a/hr","v":60}]"#,
            "heart_rate=60~ -?:reading_shape",
        ),
        (r#"[{"n":"a/temp"}]"#, "-air_temperature:value_missing"),
        (r#"[{"n":"a/energy","u":"W","s":17}]"#, "none no_known_key"),
        (r#"[{"n":"a/temp","vd":"aGk"}]"#, "-air_temperature:type_unsupported"),
        (r#"[{"n":"a/temp","vd":"a+/="}]"#, "-?:reading_shape"),
        (r#"[{"n":"_a/temp","v":1}]"#, "-?:reading_shape"),
        (r#"[{"n":7,"v":1}]"#, "-?:reading_shape"),
        (r#"[{"n":"a/fan","u":"/","v":1,"ut":60,"extra":{"x":1}}]"#, "none no_known_key"),
        (r#"[{"bn":"a/","bver":10},{"n":"temp","u":"Cel","v":1}]"#, "air_temperature=1"),
        (r#"[{"bver":11,"n":"a/temp","v":1}]"#, "error rule_broken"),
        (
            r#"[{"n":"a/temp","u":"Cel","v":1},{"n":"a/temp","v":1,"power_":2}]"#,
            "error rule_broken",
        ),
        (r#"[{"bt":"now","n":"a/temp","v":1}]"#, "error rule_broken"),
        (r#"{"n":"a/temp","v":1}"#, "error json_shape"),
        ("[[1]]", "error json_shape"),
        ("[]", "none no_known_key"),
        (" ", "none empty"),
    ] {
        assert_eq!(short(pack.as_bytes()), expected, "{pack}");
    }
}

#[test]
fn cbor_says_the_same() {
    // [{-2: "a/", -3: 1320078429, 0: "temp", 1: "Cel", 2: 21.5 as half}, {0: "rh", 1: "%RH", 2: 41}]
    let pack = b"\x82\xa5\x21\x62a/\x22\x1a\x4e\xae\xcc\x5d\x00\x64temp\x01\x63Cel\x02\xf9\x4d\x60\xa3\x00\x62rh\x01\x63%RH\x02\x18\x29";
    assert_eq!(
        resolved(pack),
        "a:air_temperature=21.5@1320078429000 a:relative_humidity=41@1320078429000"
    );
    for (pack, expected) in [
        // Behind the tag of CBOR itself, of indefinite length, single precision, a text label.
        (
            &b"\xd9\xd9\xf7\x9f\xbf\x61n\x66a/temp\x02\xfa\x41\xab\x33\x33\xff\xff"[..],
            "air_temperature=21.4~",
        ),
        // A decimal fraction: 273 * 10^-1; a negative number.
        (b"\x81\xa2\x00\x66a/temp\x02\xc4\x82\x20\x19\x01\x11", "air_temperature=27.3~"),
        (b"\x81\xa2\x00\x66a/temp\x02\x24", "air_temperature=-5~"),
        (b"\x81\xa2\x00\x65a/pir\x04\xf5", "motion=true"),
        (b"\x81\xa2\x00\x66a/temp\x08\x42hi", "-air_temperature:type_unsupported"),
        (b"\x81\xa3\x00\x66a/temp\x02\x05\x63x_", "error cbor_malformed"),
        (b"\x81\xa3\x00\x66a/temp\x02\x05\x62x_\x01", "error rule_broken"),
        (b"\x81\xa1\x20\x0b", "error rule_broken"),
        (b"\x80", "none no_known_key"),
        (b"\x80\x00", "error cbor_malformed"),
        (b"\x82\xa0", "error cbor_malformed"),
        (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "error cbor_malformed"),
    ] {
        assert_eq!(short(pack), expected, "{pack:x?}");
    }
    let deep = [&b"\x81\xa1\x61x"[..], &[0x81; 10_000]].concat();
    assert_eq!(short(&deep), "error cbor_malformed");
}

#[test]
fn a_position_follows_the_policy() {
    let pack = br#"[{"bn":"walker","u":"lat","v":59.3367},{"u":"lon","v":18.06}]"#;
    let told = |positions| {
        let mut settings = DecoderSettings::new(&catalogue());
        settings.positions = positions;
        told(&Decoder::new(Format::SenMl, &settings).unwrap(), "packs/7", "", pack)
    };
    assert_eq!(told(Positions::Discard), "none position");
    assert_eq!(told(Positions::Round), "latitude=59.34 longitude=18.06");
}

/// Makers write names as they write everything else, and a name that is not known must not
/// become the air of another device.
#[test]
fn names_are_known_however_they_are_written() {
    for (name, unit, value, expected) in [
        ("bodyTemperature", "Cel", "37.1", "body_temperature=37.1"),
        ("core_temperature", "Cel", "37.1", "body_temperature=37.1"),
        ("Water-Temp", "Cel", "41", "water_temperature=41"),
        ("resting_heart_rate", "beat/min", "58", "resting_heart_rate=58"),
        ("HRV.RMSSD", "ms", "32", "hrv_rmssd=32"),
        ("rr_interval", "s", "0.8", "rr_interval=800"),
        ("sleep_duration", "h", "7.5", "sleep_duration=450"),
        ("glucose", "mg/l", "900", "blood_glucose=4.995670418970226"),
        ("water_flow", "m3/s", "0.0001", "water_flow=6"),
        ("walking_speed", "km/h", "3.6", "walking_speed=1"),
        ("urn:dev:ow:10e2_humidity", "%RH", "40", "relative_humidity=40"),
    ] {
        let pack = format!(r#"[{{"n":"{name}","u":"{unit}","v":{value}}}]"#);
        assert_eq!(short(pack.as_bytes()), expected, "{pack}");
    }
    for (name, value, expected) in [
        ("co", r#""vb":true"#, "co_alarm=true"),
        ("co", r#""v":3,"u":"ppm""#, "co=3"),
        ("light", r#""vb":false"#, "light_on=false"),
        ("button", r#""vb":true"#, "button_press=press"),
        ("button", r#""vb":false"#, "none no_value"),
        ("lock_state", r#""vs":"locked""#, "lock_state=locked"),
        ("bed/occupied", r#""vb":true"#, "bed_occupied=true"),
        ("room/occupied", r#""vb":true"#, "presence=true"),
        ("setpoint/temperature", r#""v":22,"u":"Cel""#, "none no_known_key"),
    ] {
        let pack = format!(r#"[{{"n":"{name}",{value}}}]"#);
        assert_eq!(short(pack.as_bytes()), expected, "{pack}");
    }
}

#[test]
fn a_base_value_alone_is_a_value() {
    assert_eq!(
        short(br#"[{"bn":"a/","bv":20,"n":"temp","u":"Cel"},{"n":"temp","u":"Cel","v":1}]"#),
        "air_temperature=20 air_temperature=21"
    );
    assert_eq!(short(br#"[{"bn":"a/","bv":20}]"#), "none no_known_key");
    assert_eq!(short(br#"[{"n":"temp","u":"Cel","bv":0}]"#), "air_temperature=0");
}

#[test]
fn a_number_in_a_long_form_of_cbor_does_not_cost_its_neighbours() {
    let pack = |value: &[u8]| {
        let temp = [b"\x82\xa3\x00\x64temp\x01\x63Cel\x02", value].concat();
        short(&[&temp[..], b"\xa3\x00\x62rh\x01\x63%RH\x02\x18\x28"].concat())
    };
    // 215 times ten to the power of -1, its tag in two bytes.
    assert_eq!(pack(b"\xd8\x04\x82\x20\x18\xd7"), "air_temperature=21.5 relative_humidity=40");
    let refused = "relative_humidity=40 -air_temperature:value_type";
    assert_eq!(pack(b"\xc4\x82\x20\xc2\x42\x01\x00"), refused);
    assert_eq!(pack(b"\xc1\x03"), refused);
    assert_eq!(short(b"\xa1\x00\x64temp"), "error cbor_malformed", "a map is no pack");
}

#[test]
fn a_device_is_one_whatever_separator_its_base_name_ends_with() {
    for base in ["urn:dev:mac:aa11", "urn:dev:mac:aa11:", "urn:dev:mac:aa11/", "urn:dev:mac:aa11_"]
    {
        let pack = format!(r#"[{{"bn":"{base}","u":"Cel","v":21,"t":-1}}]"#);
        let expected = "urn:dev:mac:aa11:air_temperature=21@1636927999000";
        assert_eq!(resolved(pack.as_bytes()), expected, "{base}");
    }
}

#[test]
fn no_unit_of_a_kind_is_another_one_in_senml() {
    let catalogue = Arc::new(Catalogue::builtin());
    let senml = SenMl::new(&DecoderSettings::new(&catalogue)).unwrap();
    for (_, kind) in catalogue.iter() {
        let other = senml.units.get(&*kind.unit).filter(|ours| **ours != &*kind.unit);
        assert_eq!(other, None, "{}", kind.name);
    }
}
