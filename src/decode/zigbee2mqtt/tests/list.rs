//! Devices with several of a kind, and what the list of devices says.

use super::*;
use crate::decode::tests::tell;

/// Tells one message after another of one link.
pub(super) fn in_turn<const N: usize>(messages: [(&str, &str); N]) -> [String; N] {
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    let mut memory = Memory::default();
    messages.map(|(device, payload)| tell_with(&decoder, &mut memory, device, payload))
}

pub(super) fn tell_with(
    decoder: &Decoder,
    memory: &mut Memory,
    device: &str,
    payload: &str,
) -> String {
    let mut out = Decoded::default();
    let topic = format!("homes/7/z/{device}");
    match decoder.decode(device, &message(&topic, payload.as_bytes()), memory, &mut out) {
        Err(error) => format!("error {}", error.reason()),
        Ok(Outcome::NonReading(what)) => format!("none {}", what.reason()),
        Ok(Outcome::Readings) => tell(&out),
    }
}

pub(super) const DEVICES: &str = "bridge/devices";

/// A list of one device.
pub(super) fn list(name: &str, exposes: &str) -> String {
    format!(
        r#"[{{"friendly_name":"Coordinator","definition":null}},
            {{"friendly_name":"{name}","definition":{{"model":"x","exposes":[{exposes}]}}}}]"#
    )
}

#[test]
fn an_endpoint_is_a_channel() {
    for (payload, expected) in [
        (r#"{"power_l1":5,"power_l2":7}"#, "power#1=5 power#2=7"),
        (r#"{"power":12,"power_phase_b":3}"#, "power=12 power#2=3"),
        (r#"{"temperature_2":21.5,"temperature":20}"#, "air_temperature#2=21.5 air_temperature=20"),
        (r#"{"contact_left":true,"contact_right":false}"#, "door_open#1=false door_open#2=true"),
        (r#"{"energy_l1":1,"energy_l1":"2","energy_l1":null}"#, "energy#1=2"),
        (r#"{"voltage_l1":229.5,"power_l1":3}"#, "mains_voltage#1=229.5~ power#1=3"),
        (r#"{"voltage_1":3005,"voltage":2900}"#, "battery_voltage#1=3.005~ battery_voltage=2.9~"),
        (r#"{"action_left":"single","action_right":""}"#, "button_press#1=single"),
        (r#"{"temperature_1":true}"#, "-air_temperature:value_type"),
        (
            r#"{"illuminance_lux_1":20,"illuminance_1":13000,"illuminance_2":7}"#,
            "illuminance#1=20 illuminance#2=7~",
        ),
        (
            r#"{"state_l1":"ON","last_seen_1":5,"power_0":1,"voc_2":4,"angle_x":3}"#,
            "none no_known_key",
        ),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
    assert_eq!(at("homes/7/z/plug/power_l2", "7.5"), "power#2=7.5");
    let many = |count: u16| {
        let keys: Vec<_> = (1..=count).map(|n| format!("\"power_{n}\":1")).collect();
        of(&format!("{{{}}}", keys.join(",")))
    };
    assert!(many(1_000).ends_with("power#1000=1"));
    assert_eq!(many(1_001), "error too_many_readings");
}

pub(super) fn numeric(key: &str, unit: &str) -> String {
    format!(r#"{{"type":"numeric","property":"{key}","unit":"{unit}"}}"#)
}

pub(super) fn binary(key: &str, on: &str, off: &str) -> String {
    format!(r#"{{"type":"binary","property":"{key}","value_on":{on},"value_off":{off}}}"#)
}

/// What becomes of a state once the list of devices has said this of a key.
pub(super) fn after(expose: &str, payload: &str) -> String {
    let list = list("up/hall", expose);
    let told = in_turn([(DEVICES, &list), ("up/hall", payload), ("up/hall/battery", "5")]);
    assert_eq!((&*told[0], &*told[2]), ("none description", "battery_level=5"));
    told[1].clone()
}

#[test]
fn words_of_the_list_of_devices_go_first() {
    for (expose, payload, expected) in [
        (binary("contact", "false", "true"), r#"{"contact":false}"#, "door_open=true"),
        (binary("contact", "true", "false"), r#"{"contact":true}"#, "door_open=true"),
        (binary("contact", "true", "false"), r#"{"contact":null}"#, "none no_value"),
        (binary("occupancy", "\"there\"", "\"away\""), r#"{"occupancy":"there"}"#, "motion=true"),
        (binary("occupancy", "\"there\"", "\"away\""), r#"{"occupancy":"AWAY"}"#, "motion=false"),
        (binary("occupancy", "\"there\"", "\"away\""), r#"{"occupancy":true}"#, "motion=true"),
        (
            binary("occupancy", "\"there\"", "\"away\""),
            r#"{"occupancy":"x"}"#,
            "-motion:state_unreadable",
        ),
        (binary("smoke", "2", "3"), r#"{"smoke":2}"#, "smoke_alarm=true"),
        (binary("sos", "\"help\"", "\"ok\""), r#"{"sos":"help"}"#, "sos"),
        (binary("sos", "\"help\"", "\"ok\""), r#"{"sos":"ok"}"#, "none no_value"),
    ] {
        assert_eq!(after(&expose, payload), expected, "{expose} {payload}");
    }
}

#[test]
fn units_of_the_list_of_devices_go_first() {
    let inside = |form: &str, expose: &str| {
        format!(r#"{{"type":"{form}","property":"p","features":[{expose}]}}"#)
    };
    for (expose, payload, expected) in [
        (
            numeric("temperature", "°F"),
            r#"{"temperature":212,"humidity":4}"#,
            "air_temperature=100 relative_humidity=4",
        ),
        (numeric("temperature", "°C"), r#"{"temperature":21}"#, "air_temperature=21"),
        (numeric("temperature", "°F"), r#"{"temperature":null}"#, "none no_value"),
        (
            numeric("temperature_2", "°F"),
            r#"{"temperature":20,"temperature_2":32}"#,
            "air_temperature=20 air_temperature#2=0",
        ),
        (
            numeric("voltage", "mV"),
            r#"{"voltage":15000,"battery":5}"#,
            "battery_voltage=15 battery_level=5",
        ),
        (numeric("voltage", "mV"), r#"{"voltage":2900}"#, "battery_voltage=2.9"),
        (numeric("voltage", "mV"), r#"{"voltage":230000}"#, "mains_voltage=230"),
        (
            numeric("voltage", "V"),
            r#"{"voltage":48,"battery":5}"#,
            "battery_voltage=48 battery_level=5",
        ),
        (numeric("voltage", "V"), r#"{"voltage":229}"#, "mains_voltage=229"),
        (numeric("battery_voltage", "V"), r#"{"battery_voltage":24}"#, "battery_voltage=24"),
        (numeric("formaldehyd", "mg/m³"), r#"{"formaldehyd":0.5}"#, "formaldehyde=0.5"),
        (numeric("formaldehyd", "µg/m³"), r#"{"formaldehyd":500}"#, "formaldehyde=0.5"),
        (
            numeric("formaldehyd", "ppm"),
            r#"{"formaldehyd":1,"co2":700}"#,
            "co2=700 -formaldehyde:unit_mismatch",
        ),
        (numeric("formaldehyd", "ppm"), r#"{"formaldehyd":null,"co2":700}"#, "co2=700"),
        (numeric("noise", "sone"), r#"{"noise":4,"co2":700}"#, "co2=700 -sound_level:unit_unknown"),
        (numeric("linkquality", "lqi"), r#"{"linkquality":80}"#, "link_quality=80"),
        (numeric("illuminance", "lx"), r#"{"illuminance":80}"#, "illuminance=80"),
        (
            numeric("illuminance", "lx"),
            r#"{"illuminance":80,"illuminance_lux":9}"#,
            "illuminance=9",
        ),
        (
            numeric("illuminance_lux", "lx"),
            r#"{"illuminance":80,"illuminance_lux":9}"#,
            "illuminance=9",
        ),
        (numeric("voc", "ppm"), r#"{"voc":0.5}"#, "tvoc=500"),
        (numeric("voc", "ppb"), r#"{"voc":120}"#, "tvoc=120"),
        (numeric("voc", "µg/m³"), r#"{"voc":120}"#, "none no_known_key"),
        (numeric("occupancy", "lx"), r#"{"occupancy":true}"#, "motion=true"),
        (numeric("last_seen", "°F"), r#"{"last_seen":"x","co2":700}"#, "co2=700"),
        (inside("switch", &numeric("power_l2", "kW")), r#"{"power_l2":2}"#, "power#2=2000"),
        (inside("composite", &numeric("power", "kW")), r#"{"power":2}"#, "power=2"),
    ] {
        assert_eq!(after(&expose, payload), expected, "{expose} {payload}");
    }
    let fahrenheit = list("hall", &numeric("temperature", "°F"));
    assert_eq!(
        in_turn([(DEVICES, &fahrenheit), ("hall/temperature", "50")])[1],
        "air_temperature=10"
    );
}

#[test]
fn a_list_replaces_what_its_gateway_said_before() {
    let warm = r#"{"temperature":50}"#;
    let (fahrenheit, usual) = ("air_temperature=10", "air_temperature=50");
    let of_one = |name| list(name, r#"{"type":"numeric","property":"temperature","unit":"°F"}"#);
    let (hall, bath) = (of_one("hall"), of_one("bath"));
    let told = in_turn([
        (DEVICES, &hall),
        ("hall", warm),
        (DEVICES, &bath),
        ("hall", warm),
        ("bath", warm),
        (DEVICES, "{}"),
        (DEVICES, "[{"),
        ("bath", warm),
        (DEVICES, "[]"),
        ("bath", warm),
        (DEVICES, &bath),
        (DEVICES, ""),
        ("bath", warm),
        ("bridge/state", "online"),
        ("bridge/event", "{}"),
    ]);
    let [described, bridge] = ["none description", "none bridge"];
    assert_eq!(
        told,
        [
            described,
            fahrenheit,
            described,
            usual,
            fahrenheit,
            "error json_shape",
            "error json_malformed",
            fahrenheit,
            described,
            usual,
            described,
            "none empty",
            usual,
            bridge,
            bridge,
        ]
    );
}

#[test]
fn nothing_is_remembered_of_devices_that_are_read_as_usual() {
    let usual = r#"{"type":"numeric","property":"temperature","unit":"°C"},
        {"type":"numeric","property":"pressure","unit":"hPa"},
        {"type":"binary","property":"contact","value_on":false,"value_off":true},
        {"type":"binary","property":"water_leak","value_on":true,"value_off":false},
        {"type":"binary","property":"presence","value_on":"ON","value_off":"OFF"},
        {"type":"enum","property":"action","values":["single"]}, 5, [], {"property":7}"#;
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    let mut memory = Memory::default();
    let mut learn = |list: &str| {
        assert_eq!(tell_with(&decoder, &mut memory, DEVICES, list), "none description");
        memory.len()
    };
    assert_eq!(learn(&list("hall", usual)), 0);
    let odd = r#"{"type":"numeric","property":"voltage","unit":"mV"}"#;
    assert_eq!(learn(&list("hall", odd)), 2);
    assert_eq!(learn(&list(&"x".repeat(600), odd)), 0, "a topic as long is not remembered");
    assert_eq!(
        learn("[7, null, {}, {\"friendly_name\":\"a\",\"definition\":{\"exposes\":{}}}]"),
        0
    );
}
