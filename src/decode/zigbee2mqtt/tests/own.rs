//! The operator's keys over those of the table.

use super::*;
use crate::decode::{DecoderSettings, KeySettings, MappedValue, Sense, TermSettings, tests::tell};

fn key(key: &str, kind: &str) -> KeySettings {
    let term = TermSettings { kind: kind.to_owned(), ..TermSettings::default() };
    KeySettings { format: Format::Zigbee2Mqtt, key: key.to_owned(), term }
}

/// What becomes of the last of several messages with these keys.
fn with(keys: &[KeySettings], messages: &[(&str, &str)]) -> String {
    let settings = DecoderSettings { keys: keys.into(), ..DecoderSettings::new(&catalogue()) };
    let decoder = Decoder::new(Format::Zigbee2Mqtt, &settings).unwrap();
    let mut memory = Memory::default();
    let tell = |(device, payload): &(&str, &str)| {
        let mut out = Decoded::default();
        let topic = format!("z/{device}");
        match decoder.decode(device, &message(&topic, payload.as_bytes()), &mut memory, &mut out) {
            Err(error) => format!("error {}", error.reason()),
            Ok(Outcome::NonReading(what)) => format!("none {}", what.reason()),
            Ok(Outcome::Readings) => tell(&out),
        }
    };
    messages.iter().map(tell).last().unwrap()
}

#[test]
fn the_operators_keys_go_over_the_table() {
    let bed = [key("contact", "bed_occupied")];
    assert_eq!(with(&bed, &[("strip", r#"{"contact":true}"#)]), "bed_occupied=true");
    assert_eq!(with(&bed, &[("strip/contact", "false")]), "bed_occupied=false");
    assert_eq!(with(&bed, &[("strip", r#"{"contact_2":true}"#)]), "bed_occupied#2=true");
    let mut weight = key("load", "body_weight");
    weight.term = TermSettings { unit: Some("g".into()), scale: 10.0, ..weight.term };
    weight.term.absent = vec!["-1".into()];
    assert_eq!(with(&[weight.clone()], &[("bed", r#"{"load":7250}"#)]), "body_weight=72.5");
    assert_eq!(with(&[weight], &[("bed", r#"{"load":-1}"#)]), "none no_value");
    let mut chair = key("occupancy", "chair_occupied");
    chair.term.sense = Sense::Inverted;
    assert_eq!(with(&[chair], &[("chair", r#"{"occupancy":false}"#)]), "chair_occupied=true");
    assert_eq!(with(&[key("state", "stove_on")], &[("hob", r#"{"state":"ON"}"#)]), "stove_on=true");
    assert_eq!(
        with(&[key("warmth", "air_temperature")], &[("hall", r#"{"warmth":20,"temperature":19}"#)]),
        "air_temperature=20~ air_temperature=19",
        "without a unit it is assumed"
    );
    let mut lux = key("light_level", "illuminance");
    lux.term.unit = Some("lx".into());
    assert_eq!(
        with(&[lux], &[("hall", r#"{"illuminance":9000,"light_level":12}"#)]),
        "illuminance=12",
        "a unit that is certain goes before one that is assumed"
    );
    let mut volts = key("voltage", "mains_voltage");
    volts.term.unit = Some("V".into());
    assert_eq!(
        with(&[volts], &[("ups", r#"{"voltage":12,"battery":5}"#)]),
        "mains_voltage=12 battery_level=5"
    );
}

#[test]
fn words_of_an_action_are_keys_of_their_own() {
    let mut cube = key("action=fall", "button_press");
    cube.term.words = [("fall".to_owned(), MappedValue::Word("throw".into()))].into();
    let cube = [cube];
    assert_eq!(with(&cube, &[("cube", r#"{"action":"FALL"}"#)]), "button_press=throw");
    assert_eq!(with(&cube, &[("cube", r#"{"action":"sos"}"#)]), "sos");
    let pull = [key("action=on", "sos"), key("action", "button_press")];
    assert_eq!(with(&pull, &[("cord", r#"{"action":" On "}"#)]), "sos");
    assert_eq!(with(&pull, &[("cord", r#"{"action":"off"}"#)]), "button_press=off");
    assert_eq!(with(&pull, &[("cord", r#"{"action":"panic"}"#)]), "sos", "the table's stay");
}

#[test]
fn words_of_a_description_do_not_undo_an_operators_key() {
    let strip = r#"[{"friendly_name":"strip","definition":{"exposes":[
        {"type":"binary","property":"contact","value_on":false,"value_off":true}]}}]"#;
    let bed = [key("contact", "bed_occupied")];
    let told = with(&bed, &[("bridge/devices", strip), ("strip", r#"{"contact":true}"#)]);
    assert_eq!(told, "bed_occupied=true");
    let hall = r#"[{"friendly_name":"hall","definition":{"exposes":[
        {"type":"numeric","property":"warmth","unit":"°F"}]}}]"#;
    let warmth = [key("warmth", "air_temperature")];
    let told = with(&warmth, &[("bridge/devices", hall), ("hall", r#"{"warmth":50}"#)]);
    assert_eq!(told, "air_temperature=10", "a unit that is stated goes first");
}

#[test]
fn the_page_names_every_key() {
    let page = include_str!("../../../../docs/formats/zigbee2mqtt.md");
    let table = include_str!("../../../../config/keys/zigbee2mqtt.csv");
    for row in table.lines().skip(1) {
        let mut fields = row.split(',');
        let (key, kind) = (fields.next().unwrap(), fields.next().unwrap());
        let name = key.rsplit(['=', '/']).next().unwrap();
        assert!(page.contains(&format!("`{name}`")), "the page does not name {key}");
        assert!(
            kind == "-" || page.contains(&format!("`{kind}`")),
            "the page does not name {kind}"
        );
    }
}
