use proptest::prelude::*;

use super::*;
use crate::{
    decode::{
        Decoder, Memory, Outcome,
        tests::{assert_whole, catalogue, message, told},
        vocabulary,
    },
    model::ReadingFlag,
};

const TOPIC: &str = "home/hall/BTtoMQTT/A4C138AABB01";

fn decoder() -> Decoder {
    Decoder::usual(Format::Theengs, &catalogue())
}

fn of(payload: &str) -> String {
    told(&decoder(), TOPIC, "", payload.as_bytes())
}

#[test]
fn the_table_can_be_used() {
    assert_eq!(vocabulary::mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn keys_become_kinds() {
    for (payload, expected) in [
        (
            r#"{"tempc":-7.125,"tempf":19.175,"hum":48.1}"#,
            "air_temperature=-7.125 relative_humidity=48.1",
        ),
        (
            r#"{"tempf":"68","tempc":"20.0","hum":"51.5"}"#,
            "air_temperature=20 relative_humidity=51.5",
        ),
        (r#"{"tempf":68}"#, "air_temperature=20"),
        (r#"{"batt":83,"volt":2.9}"#, "battery_level=83 battery_voltage=2.9"),
        (r#"{"volt":65.535}"#, "none no_value"),
        (r#"{"rssi":-71,"distance":3.5}"#, "rssi=-71"),
        (r#"{"lux":120,"motion":true}"#, "illuminance=120 motion=true"),
        (r#"{"open":false,"rot":40.6}"#, "door_open=false tilt_angle=40.6"),
        (r#"{"contact":"closed"}"#, "door_open=false"),
        (r#"{"contact":"open"}"#, "door_open=true"),
        (r#"{"contact":"timeout not closed"}"#, "door_open=true"),
        (
            r#"{"pres":1004.2,"co2":812,"pm25":4,"pm10":9}"#,
            "air_pressure=1004.2 co2=812 pm25=4 pm10=9",
        ),
        (r#"{"bpm":71}"#, "heart_rate=71"),
        (r#"{"act_bpm":0,"steps":4711}"#, "steps_day=4711"),
        (r#"{"button":2,"packet":7}"#, "button_press=double"),
        (r#"{"button":0}"#, "none no_value"),
        (r#"{"tempc":20,"button":false}"#, "air_temperature=20"),
        (r#"{"button":true}"#, "button_press=press"),
        (r#"{"act_bpm":255,"steps":12}"#, "steps_day=12"),
        (r#"{"rssi":0,"hum":40}"#, "relative_humidity=40"),
        (r#"{"rssi":127}"#, "none no_value"),
        (r#"{"presence":"absent","unlocked":true}"#, "presence=false"),
        (r#"{"button1":0,"button3":4}"#, "button_press#3=long"),
        (
            r#"{"accx":9.80665,"accy":0,"accz":-4.903325}"#,
            "acceleration#1=1~ acceleration#2=0~ acceleration#3=-0.5~",
        ),
        (r#"{"model_id":"K9","accz":1000}"#, "acceleration#3=1"),
        (r#"{"moi":30,"fer":5}"#, "none no_known_key"),
        (r#"{"id":"A4:C1:38:AA:BB:01","name":"x","brand":"y"}"#, "none no_known_key"),
        (r#"{"tempc":null}"#, "none no_value"),
        (r#"{"tempc":"x","hum":40}"#, "relative_humidity=40 -air_temperature:number_unreadable"),
        (r#"{"tempc":20,"tempc":21}"#, "air_temperature=21"),
        ("[]", "error json_shape"),
        ("", "none empty"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn what_kind_of_device_it_is_decides() {
    for (payload, expected) in [
        // Probes of a thermometer for roasts, wherever the type stands.
        (
            r#"{"type":"BBQ","tempc":71,"tempf":159.8,"tempc2":65}"#,
            "surface_temperature=71 surface_temperature#2=65",
        ),
        (r#"{"tempc":71,"type":"BBQ"}"#, "surface_temperature=71"),
        (
            r#"{"type":"THB","tempc":21,"tempc2":4,"tempf2":39.2}"#,
            "air_temperature=21 air_temperature#2=4",
        ),
        (r#"{"type":"TPMS","tempc":30,"pres":2.4,"batt":50}"#, "battery_level=50"),
        (r#"{"model_id":"SKALE","weight":-92.8,"type":"SCALE"}"#, "none no_known_key"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn a_scale_weighs_persons_and_things() {
    for (payload, expected) in [
        (r#"{"weighing_mode":"person","unit":"kg","weight":61.75}"#, "body_weight=61.75"),
        (r#"{"weight":100,"unit":"lb","weighing_mode":"person"}"#, "body_weight=45.359237"),
        (r#"{"weight":123,"unit":"jin"}"#, "body_weight=61.5"),
        (r#"{"weighing_mode":"object","unit":"kg","weight":25.5}"#, "none no_value"),
        (r#"{"weight":70.5,"impedance":496}"#, "body_weight=70.5~ bioimpedance=496"),
        (r#"{"weight":70.5,"unit":"stone"}"#, "-body_weight:unit_unknown"),
        (r#"{"weight":70.5,"unit":"Cel"}"#, "-body_weight:unit_mismatch"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn impossible_values_are_refused_one_by_one() {
    let mut out = decoded(TOPIC, r#"{"hum":104.7,"tempc":24.1,"weight":-12.5,"unit":"kg"}"#);
    crate::validate::readings(&catalogue(), &mut out);
    assert_eq!((out.readings.len(), out.refused_count), (1, 2));
}

#[test]
fn other_topics_have_their_meaning() {
    let at = |topic: &str, payload: &str| told(&decoder(), topic, "", payload.as_bytes());
    assert_eq!(at("home/hall/LWT", "online"), "online=true");
    assert_eq!(at("home/hall/LWT", "offline"), "online=false");
    assert_eq!(at("home/hall/SYStoMQTT", r#"{"uptime":5}"#), "none bridge");
    assert_eq!(at("home/hall/BTtoMQTT/undecoded", r#"{"rssi":-5}"#), "none no_known_key");
    for encrypted in ["true", "1", "2"] {
        let payload = format!(r#"{{"rssi":-60,"encr":{encrypted},"cipher":"6251","mic":"5b57"}}"#);
        assert_eq!(of(&payload), "none encrypted");
    }
    assert_eq!(of(r#"{"encr":0,"batt":5}"#), "battery_level=5");
}

fn decoded(topic: &str, payload: &str) -> Decoded {
    let mut out = Decoded::default();
    let message = message(topic, payload.as_bytes());
    let outcome = decoder().decode("captured", &message, &mut Memory::default(), &mut out);
    assert_eq!(outcome, Ok(Outcome::Readings), "{payload}");
    assert_whole(&out);
    out
}

#[test]
fn all_gateways_name_a_sensor_alike() {
    let payload = r#"{"id":"a4:c1:38:aa:bb:01","batt":5,"packet":7}"#;
    let here = decoded(TOPIC, payload);
    let there = decoded("home/attic/BTtoMQTT/a4:c1:38:aa:bb:01", payload);
    assert_eq!(here.names, "A4C138AABB01");
    assert_eq!(there.names, here.names);
    assert_ne!(there.devices[0].way, here.devices[0].way);
    assert_eq!(here.devices[0].sequence, Some(7));
    for (topic, payload, name) in [
        ("home/hall/BTtoMQTT/sensor", payload, "A4C138AABB01"),
        ("home/hall/BTtoMQTT/sensor", r#"{"mac":"A4:C1:38:AA:BB:01","batt":5}"#, "A4C138AABB01"),
        (
            "home/hall/BTtoMQTT/fda50693a4e24fb1afcfc6eb07647825",
            payload,
            "FDA50693A4E24FB1AFCFC6EB07647825",
        ),
        ("home/hall/BTtoMQTT/sensor", r#"{"batt":5}"#, ""),
    ] {
        assert_eq!(decoded(topic, payload).names, name, "{topic} {payload}");
    }
}

#[test]
fn an_assumed_unit_is_said() {
    let out = decoded(TOPIC, r#"{"weight":70.5}"#);
    assert!(out.readings[0].flags.has(ReadingFlag::UnitAssumed));
}

proptest! {
    /// Whichever way round its keys stand, a message says the same.
    #[test]
    fn the_order_of_keys_does_not_matter(order in Just(vec![0, 1, 2, 3]).prop_shuffle()) {
        let keys = [r#""type":"BBQ""#, r#""tempc":71"#, r#""tempf":159.8"#, r#""batt":5"#];
        let body: Vec<_> = order.iter().map(|at: &usize| keys[*at]).collect();
        let told = of(&format!("{{{}}}", body.join(",")));
        let mut words: Vec<_> = told.split(' ').collect();
        words.sort_unstable();
        prop_assert_eq!(words, ["battery_level=5", "surface_temperature=71"]);
    }
}
