use super::*;
use crate::decode::{
    Decoder, Outcome,
    tests::{catalogue, message, told},
    vocabulary::mistakes,
};

fn of(topic: &str, payload: &str) -> String {
    told(&Decoder::usual(Format::Homie, &catalogue()), topic, "", payload.as_bytes())
}

/// What the last of several messages says.
fn after(earlier: &[(&str, &str)], topic: &str, payload: &str) -> Vec<String> {
    let decoder = Decoder::usual(Format::Homie, &catalogue());
    let (mut memory, mut out) = (Memory::default(), Decoded::default());
    let mut last = None;
    for (topic, payload) in earlier.iter().chain([&(topic, payload)]) {
        let message = message(topic, payload.as_bytes());
        last = Some(decoder.decode("", &message, &mut memory, &mut out).unwrap());
    }
    let Some(Outcome::Readings) = last else { return vec![format!("{last:?}")] };
    let refused = out.refused.iter().map(|refused| refused.reason.reason().to_owned());
    let readings = out.devices.iter().flat_map(|part| {
        out.readings_of(part).iter().map(|reading| {
            let name = catalogue().get(reading.kind).name.clone();
            format!("{} {name}#{} {:?}", out.device_name(part, ""), reading.channel, reading.value)
        })
    });
    readings.chain(refused).collect()
}

#[test]
fn every_row_of_the_table_is_right() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn a_topic_and_a_bare_text() {
    for (topic, payload, expected) in [
        ("homie/5/bed/$state", "ready", "online=true"),
        ("homie/bed/$state", "disconnected", "online=false"),
        ("homie/5/bed/$state", "lost", "online=false"),
        ("homie/5/bed/$state", "init", "none no_value"),
        ("homie/5/bed/$state", "sleeping", "none no_value"),
        ("homie/5/bed/$state", "happy", "-online:state_unreadable"),
        ("homie/5/bed/room/temperature", "21.5", "air_temperature=21.5~"),
        ("homie/5/bed/room/humidity", "45", "relative_humidity=45"),
        ("homie/5/bed/room/temperature", "+21.5", "-air_temperature:number_unreadable"),
        ("homie/5/bed/room/temperature", "nan", "none no_value"),
        ("homie/5/bed/room/temperature", "\0", "none no_value"),
        ("homie/5/bed/room/temperature", "", "none empty"),
        ("homie/5/bed/room/motion", "true", "motion=true"),
        ("homie/5/bed/room/co", "true", "co_alarm=true"),
        ("homie/5/bed/room/co", "12", "co=12~"),
        ("homie/5/bed/Bed/occupied", "true", "bed_occupied=true"),
        ("homie/5/bed/room/occupied", "true", "presence=true"),
        ("homie/5/bed/door/open", "true", "door_open=true"),
        ("homie/5/bed/door/lock-state", "locked", "lock_state=locked"),
        ("homie/5/bed/person/sleep-stage", "rem", "sleep_stage=rem"),
        ("homie/5/bed/person/body-temperature", "37.1", "body_temperature=37.1~"),
        ("homie/5/bed/room/uptime", "17", "none no_known_key"),
        ("homie/5/bed/door/contact", "true", "door_open=false"),
        ("homie/5/bed/button/sos", "true", "sos"),
        ("homie/5/bed/button/sos", "false", "none no_value"),
        ("homie/5/lamp/light/power", "true", "light_on=true"),
        ("homie/5/plug/outlet/power", "true", "none no_known_key"),
        ("homie/5/plug/outlet/power", "12.5", "power=12.5~"),
        ("homie/5/lamp/light/brightness", "40", "none no_known_key"),
        ("homie/5/lamp/light/brightness/set", "40", "none command"),
        ("homie/5/lamp/light/brightness/$target", "40", "none status"),
        ("homie/5/$broadcast/alert", "x", "none command"),
        ("homie/5/bed/$alert/battery", "low", "none status"),
        ("homie/5/bed/$log/warn", "x", "none description"),
        ("homie/5/bed/$description", "{}", "none description"),
        ("homie/5/bed/$description", "[]", "error json_shape"),
        ("homie/bed/room/t/$datatype", "float", "none description"),
        ("other/x", "1", "error topic_unknown"),
    ] {
        assert_eq!(of(topic, payload), expected, "{topic} {payload}");
    }
}

#[test]
fn a_description_says_type_and_unit_and_which_of_several() {
    let description = r#"{"nodes":{
        "hall":{"properties":{"temperature":{"datatype":"float","unit":"°F"},"motion":{"datatype":"boolean"}}},
        "kitchen":{"properties":{"temperature":{"datatype":"float","unit":"°C"},"power":{"datatype":"boolean"}}}}}"#;
    let told = [("homie/5/hub/$description", description)];
    let of = |topic: &str, payload: &str| after(&told, topic, payload).join(", ");
    let hub = |what: &str| format!("hub {what}");
    assert_eq!(of("homie/5/hub/hall/temperature", "70.7"), hub("air_temperature#1 Number(21.5)"));
    assert_eq!(
        of("homie/5/hub/kitchen/temperature", "21.5"),
        hub("air_temperature#2 Number(21.5)")
    );
    assert_eq!(of("homie/5/hub/hall/motion", "true"), hub("motion#0 State(true)"));
    assert_eq!(of("homie/5/hub/hall/motion", "ON"), "state_unreadable");
    assert_eq!(of("homie/5/hub/hall/temperature", "true"), "number_unreadable");
    assert_eq!(of("homie/5/hub/kitchen/power", "1"), "Some(NonReading(NoKnownKey))");
    assert_eq!(
        of("homie/5/other/hall/temperature", "21.5"),
        "other air_temperature#0 Number(21.5)"
    );
    let gone = [told[0], ("homie/5/hub/$description", "")];
    assert_eq!(
        after(&gone, "homie/5/hub/hall/temperature", "21.5"),
        ["hub air_temperature#0 Number(21.5)"]
    );
    let version_4 = [
        ("homie/hub/hall/temperature/$unit", "°F"),
        ("homie/hub/hall/temperature/$datatype", "float"),
    ];
    assert_eq!(
        after(&version_4, "homie/hub/hall/temperature", "70.7"),
        ["hub air_temperature#0 Number(21.5)"]
    );
    let length = [("homie/hub/hall/temperature/$unit", "m")];
    assert_eq!(after(&length, "homie/hub/hall/temperature", "70.7"), ["unit_mismatch"]);
}

#[test]
fn a_lost_root_is_lost_with_its_children() {
    let told = [
        ("homie/5/hub/$description", r#"{"children":["bed","door","hub"]}"#),
        ("homie/5/door/$description", r#"{"children":["lock","bed"]}"#),
    ];
    assert_eq!(
        after(&told, "homie/5/hub/$state", "lost"),
        ["hub", "bed", "door", "lock"].map(|name| format!("{name} online#0 State(false)"))
    );
    assert_eq!(after(&told, "homie/5/hub/$state", "disconnected").len(), 1);
}
