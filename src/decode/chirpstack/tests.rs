use crate::decode::{
    Decoded, Decoder, DeviceTime, Format, Memory, Outcome,
    tests::{catalogue, message, told},
};
use crate::model::UnixMicros;

const EUI: &str = "0badc0de00000001";

fn chirpstack() -> Decoder {
    Decoder::usual(Format::ChirpStack, &catalogue())
}

fn topic(event: &str) -> String {
    format!("application/4/device/{EUI}/event/{event}")
}

fn short(event: &str, body: &[u8]) -> String {
    told(&chirpstack(), &topic(event), "", body)
}

/// Name, counter and time.
fn head(topic: &str, body: &[u8]) -> (String, Option<u64>, DeviceTime) {
    let mut out = Decoded::default();
    let message = message(topic, body);
    let outcome = chirpstack().decode("", &message, &mut Memory::default(), &mut out);
    assert_eq!(outcome, Ok(Outcome::Readings));
    let part = &out.devices[0];
    (out.device_name(part, "").to_owned(), part.sequence, part.measured_at)
}

#[test]
fn events_in_short() {
    for (event, body, expected) in [
        (
            "up",
            r#"{"object":{"temperature":19.5,"humidity":40},"rxInfo":[{"rssi":-101},{"rssi":-88}]}"#,
            "air_temperature=19.5 relative_humidity=40 rssi=-88",
        ),
        (
            "up",
            r#"{"object":{"temperatureSensor":{"1":19,"2":4}}}"#,
            "air_temperature#1=19 air_temperature#2=4",
        ),
        ("up", r#"{"objectJSON":"{\"co2\":700}"}"#, "co2=700"),
        ("up", r#"{"object":{"co2":{"value":700,"unit":"ppm"}}}"#, "co2=700"),
        ("up", r#"{"data":"AQI=","fPort":2}"#, "none no_known_key"),
        ("status", r#"{"margin":7,"batteryLevel":81.5}"#, "battery_level=81.5"),
        (
            "status",
            r#"{"margin":7,"externalPowerSource":true,"batteryLevel":100}"#,
            "none no_value",
        ),
        ("status", r#"{"margin":7,"batteryLevelUnavailable":true}"#, "none no_value"),
        ("location", r#"{"location":{"latitude":59.3,"longitude":18}}"#, "none position"),
        ("join", "{}", "none status"),
        ("ack", "{}", "none acknowledgement"),
        ("txack", "{}", "none acknowledgement"),
        ("log", "{}", "none bridge"),
        ("up", "", "none empty"),
        ("up", "{", "error json_malformed"),
    ] {
        assert_eq!(short(event, body.as_bytes()), expected, "{event} {body}");
    }
    let down = format!("application/4/device/{EUI}/command/down");
    assert_eq!(told(&chirpstack(), &down, "", b"{}"), "none command");
    assert_eq!(told(&chirpstack(), "eu868/gateway/0a/event/up", "", b"\x0a\x01x"), "none bridge");
}

#[test]
fn who_when_and_which() {
    let at = DeviceTime::At(UnixMicros(1_741_064_769_100_000));
    let body =
        br#"{"time":"2025-03-04T05:06:09.100000001+00:00","fCnt":12,"object":{"temperature":19}}"#;
    assert_eq!(head(&topic("up"), body), (EUI.to_owned(), Some(12), at));
    let old = br#"{"devEUI":"0badc0de00000002","rxInfo":[{"time":"2025-03-04T05:06:09.1Z"}],"object":{"temperature":19}}"#;
    assert_eq!(head("old/rx", old), ("0badc0de00000002".to_owned(), Some(0), at));
}

/// A length-delimited field.
fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    assert!(value.len() < 128);
    out.push(u8::try_from(value.len()).unwrap());
    out.extend(value);
    out
}

fn double(field: u8, number: f64) -> Vec<u8> {
    [&[field << 3 | 1][..], &number.to_le_bytes()].concat()
}

/// An entry of a structure.
fn entry(key: &str, value: &[u8]) -> Vec<u8> {
    bytes(1, &[bytes(1, key.as_bytes()), bytes(2, value)].concat())
}

#[test]
fn protobuf_says_the_same() {
    let inner = [entry("1", &double(2, 19.5)), entry("2", &[4 << 3, 1])].concat();
    let object = [
        entry("humidity", &double(2, 41.0)),
        entry("temperatureSensor", &bytes(5, &inner)),
        entry("door", &bytes(3, b"open")),
        entry("list", &bytes(6, &bytes(1, &double(2, 1.0)))),
    ];
    let rssi = [&[6 << 3][..], &[0xa8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]].concat();
    let up = [
        bytes(1, b"a-uuid"),
        bytes(2, &[1 << 3, 0xc1, 0xb4, 0x9a, 0xbe, 6, 2 << 3, 0x80, 0xc2, 0xd7, 0x2f]),
        bytes(3, &bytes(8, EUI.as_bytes())),
        vec![7 << 3, 12],
        bytes(11, &object.concat()),
        bytes(12, &rssi),
    ]
    .concat();
    assert_eq!(
        short("up", &up),
        "relative_humidity=41 air_temperature#1=19.5 door_open=true rssi=-88 -air_temperature:value_type"
    );
    let at = DeviceTime::At(UnixMicros(1_741_068_865_100_000));
    assert_eq!(head("elsewhere", &up), (EUI.to_owned(), Some(12), at));
    let level = [&[8 << 3 | 5][..], &81.5_f32.to_le_bytes()].concat();
    assert_eq!(short("status", &level), "battery_level=81.5");
    assert_eq!(short("status", &[6 << 3, 1]), "none no_value");
    let location = bytes(4, &[double(1, 59.3), double(2, 18.0)].concat());
    assert_eq!(short("location", &location), "none position");
    assert_eq!(short("up", b"\x5a\x7f"), "error protobuf_malformed");
}

#[test]
fn structures_within_structures_have_an_end() {
    let mut value = double(2, 1.0);
    for _ in 0..20 {
        value = bytes(5, &entry("a", &value));
        if value.len() > 100 {
            break;
        }
    }
    let up = bytes(11, &entry("a", &value));
    assert_eq!(short("up", &up), "none no_known_key");
}
