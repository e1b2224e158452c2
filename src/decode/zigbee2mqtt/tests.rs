mod families;
mod list;
mod own;
mod told;

use std::fmt::Write;

use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    decode::{
        Decoder, DeviceTime, Format, Outcome,
        tests::{catalogue, message, told},
    },
    model::UnixMicros,
};

fn of(payload: &str) -> String {
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    told(&decoder, "zigbee2mqtt/hall", "hall", payload.as_bytes())
}

fn at(topic: &str, payload: &str) -> String {
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    told(&decoder, topic, topic.strip_prefix("homes/7/z/").unwrap_or(""), payload.as_bytes())
}

#[test]
fn keys_become_kinds() {
    for (payload, expected) in [
        (r#"{"contact":true}"#, "door_open=false"),
        (r#"{"contact":false}"#, "door_open=true"),
        (r#"{"contact":"open"}"#, "door_open=true"),
        (r#"{"contact":"closed"}"#, "door_open=false"),
        (r#"{"contact":"ON"}"#, "door_open=false"),
        (r#"{"contact":0}"#, "door_open=true"),
        (r#"{"occupancy":true,"presence":false}"#, "motion=true presence=false"),
        (r#"{"occupancy":"ON","presence":1,"tamper":0}"#, "motion=true presence=true tamper=false"),
        (
            r#"{"water_leak":true,"smoke":false,"carbon_monoxide":true,"gas":false}"#,
            "water_leak=true smoke_alarm=false co_alarm=true gas_alarm=false",
        ),
        (
            r#"{"temperature":-3.25,"humidity":41,"pressure":1004.5}"#,
            "air_temperature=-3.25 relative_humidity=41 air_pressure=1004.5",
        ),
        (
            r#"{"local_temperature":19.5,"device_temperature":31}"#,
            "air_temperature=19.5 device_temperature=31",
        ),
        (r#"{"battery":"80.00","battery_low":false}"#, "battery_level=80 battery_low=false"),
        (r#"{"linkquality":255}"#, "link_quality=255"),
        (r#"{"power":12.5,"current":0.06,"energy":7.5}"#, "power=12.5 current=0.06 energy=7.5"),
        (
            r#"{"co2":512,"voc_parts":3,"pm25":4,"pm10":5,"noise":41}"#,
            "co2=512 tvoc=3 pm25=4 pm10=5 sound_level=41",
        ),
        (
            r#"{"formaldehyd":1,"hcho":0.5,"smoke_density":2}"#,
            "formaldehyde=1~ formaldehyde=0.5~ smoke_density=2~",
        ),
        (
            r#"{"motion_state":"large","human_motion_state":"none"}"#,
            "motion_state=large motion_state=none",
        ),
        (
            r#"{"target_distance":1.5,"angle":9,"vibration":true}"#,
            "target_distance=1.5 tilt_angle=9 vibration=true",
        ),
        (r#"{"lock_state":"not_fully_locked"}"#, "lock_state=not_fully_locked"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn voltage_is_told_by_its_neighbours_and_its_size() {
    for (payload, expected) in [
        (r#"{"battery":37,"voltage":2905}"#, "battery_level=37 battery_voltage=2.905~"),
        (r#"{"voltage":900,"battery_low":true}"#, "battery_voltage=0.9~ battery_low=true"),
        (r#"{"voltage":3.0,"battery":50}"#, "battery_voltage=3~ battery_level=50"),
        (r#"{"voltage":3195}"#, "battery_voltage=3.195~"),
        (r#"{"voltage":2.9}"#, "battery_voltage=2.9~"),
        (r#"{"voltage":235.25}"#, "mains_voltage=235.25~"),
        (r#"{"voltage":227.5,"power":0}"#, "mains_voltage=227.5~ power=0"),
        (r#"{"voltage":0,"current":0}"#, "mains_voltage=0~ current=0"),
        (
            r#"{"energy":0.5,"voltage":12,"battery":90}"#,
            "energy=0.5 mains_voltage=12~ battery_level=90",
        ),
        (r#"{"battery_voltage":3100}"#, "battery_voltage=3.1~"),
        (r#"{"voltage":null,"battery":1}"#, "battery_level=1"),
        (r#"{"voltage":true,"battery":1}"#, "battery_level=1 -mains_voltage:value_type"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn lux_is_preferred_over_the_raw_count() {
    for (payload, expected) in [
        (r#"{"illuminance":247}"#, "illuminance=247~"),
        (r#"{"illuminance_lux":25}"#, "illuminance=25"),
        (
            r#"{"illuminance":13000,"illuminance_lux":25,"battery":9}"#,
            "illuminance=25 battery_level=9",
        ),
        (
            r#"{"illuminance_lux":25,"battery":9,"illuminance":13000}"#,
            "illuminance=25 battery_level=9",
        ),
        (r#"{"illuminance":247,"illuminance_lux":null}"#, "illuminance=247~"),
        (
            r#"{"illuminance":13000,"illuminance_lux":25,"voltage":3000}"#,
            "illuminance=25 battery_voltage=3~",
        ),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn actions_are_buttons_alarms_or_nothing() {
    for (payload, expected) in [
        (r#"{"action":"single"}"#, "button_press=single"),
        (r#"{"action":"1_double"}"#, "button_press=1_double"),
        (r#"{"action":"emergency","battery":0}"#, "sos battery_level=0"),
        (r#"{"action":"sos"}"#, "sos"),
        (r#"{"action":"panic"}"#, "sos"),
        (r#"{"action":"fall"}"#, "fall"),
        (r#"{"action":"vibration"}"#, "vibration=true"),
        (r#"{"sos":true}"#, "sos"),
        (r#"{"sos":false,"battery":1}"#, "battery_level=1"),
        (r#"{"fall":true}"#, "fall"),
        (r#"{"fall_down_status":"fall"}"#, "fall"),
        (r#"{"fall_down_status":"maybe_fall"}"#, "-fall:state_unreadable"),
        (r#"{"fall_down_status":"none","battery":1}"#, "battery_level=1"),
        (r#"{"action":"","battery":1}"#, "battery_level=1"),
        (r#"{"action":null,"battery":1}"#, "battery_level=1"),
        (r#"{"action":""}"#, "none no_value"),
        (r#"{"action":"levitate","battery":1}"#, "battery_level=1 -button_press:category_unknown"),
        (r#"{"action":7}"#, "-button_press:value_type"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn odd_values_say_what_is_wrong_with_them() {
    for (payload, expected) in [
        (r#"{"temperature":null,"humidity":""}"#, "none no_value"),
        (r#"{"temperature":"nan","humidity":"None","pressure":"unavailable"}"#, "none no_value"),
        (r#"{"temperature":" 21.5 "}"#, "air_temperature=21.5"),
        (r#"{"temperature":"-1e1"}"#, "air_temperature=-10"),
        (r#"{"temperature":"21.5 C"}"#, "-air_temperature:number_unreadable"),
        (r#"{"temperature":"0x10"}"#, "-air_temperature:number_unreadable"),
        (r#"{"temperature":"-inf"}"#, "-air_temperature:not_finite"),
        (r#"{"temperature":true}"#, "-air_temperature:value_type"),
        (r#"{"temperature":[21]}"#, "-air_temperature:value_type"),
        (r#"{"temperature":{"value":21}}"#, "-air_temperature:value_type"),
        (r#"{"smoke":2}"#, "-smoke_alarm:state_unreadable"),
        (r#"{"smoke":"maybe"}"#, "-smoke_alarm:state_unreadable"),
        (r#"{"battery":-1}"#, "none no_value"),
        (r#"{"motion_state":"sideways"}"#, "-motion_state:category_unknown"),
        (r#"{"state":"ON","brightness":254,"color":{"x":0.3}}"#, "none no_known_key"),
        (r#"{"state_l1":"ON","effect_l2":3}"#, "none no_known_key"),
        (r#"{"voc":3}"#, "none no_known_key"),
        ("{}", "none no_known_key"),
        (r#"{"battery":NaN,"humidity":40}"#, "error json_malformed"),
        (r#"{"battery":1e999,"humidity":40}"#, "error json_malformed"),
        (r#"{"unknown":1e999,"humidity":40}"#, "relative_humidity=40"),
        (r#"{"temp\u0065rature":3}"#, "air_temperature=3"),
        (r#"{"action":"sin\u0067le"}"#, "button_press=single"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    for (payload, expected) in [
        (r#"{"battery":1,"humidity":40,"battery":2}"#, "relative_humidity=40 battery_level=2"),
        (r#"{"battery":1,"humidity":40,"battery":null}"#, "relative_humidity=40"),
        (r#"{"battery":1,"battery":true}"#, "-battery_level:value_type"),
        (r#"{"voltage":1,"battery":5,"voltage":3000}"#, "battery_level=5 battery_voltage=3~"),
        (
            r#"{"battery":1,"voltage":3000,"battery":2,"voltage":2000}"#,
            "battery_level=2 battery_voltage=2~",
        ),
        (r#"{"action":"sos","action":"single"}"#, "button_press=single"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn topics_decide_what_is_special() {
    for (topic, payload, expected) in [
        ("homes/7/z/hall/availability", r#"{"state":"online"}"#, "online=true"),
        ("homes/7/z/hall/availability", r#"{"state": "Offline"}"#, "online=false"),
        ("homes/7/z/hall/availability", "online", "online=true"),
        ("homes/7/z/hall/availability", "offline\n", "online=false"),
        ("homes/7/z/hall/availability", "", "none empty"),
        ("homes/7/z/hall/availability", "perhaps", "-online:state_unreadable"),
        ("homes/7/z/hall/availability", r#"{"x":1}"#, "none no_known_key"),
        ("homes/7/z/hall/availability", "[]", "error json_shape"),
        ("homes/7/z/bridge/state", "online", "none bridge"),
        ("homes/7/z/bridge/devices", "[{]", "error json_malformed"),
        ("homes/7/z/hall/set", r#"{"battery":1}"#, "none command"),
        ("homes/7/z/hall/get", "", "none command"),
        ("homes/7/z/hall/set/brightness", "7", "none command"),
        ("homes/7/z/hall/action", "vibration", "vibration=true"),
        ("homes/7/z/hall/battery", "71.5", "battery_level=71.5"),
        ("homes/7/z/hall/contact", "true", "door_open=false"),
        ("homes/7/z/hall/battery", "null", "none no_value"),
        ("homes/7/z/hall/x_axis", "48", "none no_known_key"),
        ("homes/7/z/hall/last_seen", "2024-11-23T15:14:12+01:00", "none no_known_key"),
        ("homes/7/z/Up Stairs/Bed", "nonsense", "error json_malformed"),
        ("homes/7/z/Up Stairs/Bed", r#"{"battery":3}"#, "battery_level=3"),
        ("homes/7/z/up/battery", r#"{"battery":3}"#, "battery_level=3"),
        ("homes/7/z/battery", "3", "error json_shape"),
        ("homes/7/z/hall", "", "none empty"),
        ("homes/7/z/hall", "  ", "none empty"),
        ("homes/7/z/hall", "online", "error json_malformed"),
        ("homes/7/z/hall", "[1]", "error json_shape"),
        ("homes/7/z/hall", "12", "error json_shape"),
        ("homes/7/z/hall", "\"x\"", "error json_shape"),
        ("homes/7/z/hall", r#"{"battery":3"#, "error json_malformed"),
        ("homes/7/z/hall", r#"{"battery":3,}"#, "error json_malformed"),
    ] {
        assert_eq!(at(topic, payload), expected, "{topic} {payload}");
    }
}

#[test]
fn device_names_lose_their_sub_topic() {
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    let mut out = Decoded::default();
    for (topic, device, payload, expected) in [
        ("z/up/hall/availability", "up/hall/availability", "online", "up/hall"),
        ("z/up/hall/availability", "up/hall", "online", "up/hall"),
        ("z/up/hall/battery", "up/hall/battery", "5", "up/hall"),
        ("z/up/hall", "up/hall", r#"{"battery":5}"#, "up/hall"),
    ] {
        let outcome = decoder.decode(
            device,
            &message(topic, payload.as_bytes()),
            &mut Memory::default(),
            &mut out,
        );
        assert_eq!(outcome, Ok(Outcome::Readings));
        assert_eq!(out.device_name(&out.devices[0], device), expected, "{topic}");
    }
}

#[test]
fn last_seen_comes_in_four_forms() {
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    let mut out = Decoded::default();
    let at = |micros| DeviceTime::At(UnixMicros(micros));
    for (last_seen, expected) in [
        (r#","last_seen":1573393389829"#, at(1_573_393_389_829_000)),
        (r#","last_seen":"2024-11-23T15:14:12+01:00""#, at(1_732_371_252_000_000)),
        (r#","last_seen":"2024-11-23T14:14:12.250Z""#, at(1_732_371_252_250_000)),
        ("", DeviceTime::Absent),
        (r#","last_seen":null"#, DeviceTime::Absent),
        (r#","last_seen":"2024-11-23T15:14:12""#, DeviceTime::Unreadable),
        (r#","last_seen":{}"#, DeviceTime::Unreadable),
    ] {
        let payload = format!(r#"{{"battery":1{last_seen}}}"#);
        let outcome = decoder.decode(
            "hall",
            &message("z/hall", payload.as_bytes()),
            &mut Memory::default(),
            &mut out,
        );
        assert_eq!(outcome, Ok(Outcome::Readings));
        assert_eq!(out.devices[0].measured_at, expected, "{last_seen}");
    }
}

const GOOD: [(&str, &str, &str); 8] = [
    ("battery", "55", "battery_level=55"),
    ("temperature", "21.5", "air_temperature=21.5"),
    ("contact", "false", "door_open=true"),
    ("action", "\"double\"", "button_press=double"),
    ("humidity", "\"40.5\"", "relative_humidity=40.5"),
    ("smoke", "true", "smoke_alarm=true"),
    ("co2", "700", "co2=700"),
    ("motion_state", "\"small\"", "motion_state=small"),
];

const BAD: [&str; 10] = [
    "null",
    "true",
    "\"\"",
    "\"x y\"",
    "{\"a\":[1]}",
    "[[]]",
    "-1e300",
    "99999999999999999999",
    "\"\\u0000\"",
    "\"NaN\"",
];

proptest! {
    #[test]
    fn one_bad_value_never_loses_its_neighbours(
        bad in select(&BAD[..]),
        place in 0..GOOD.len(),
        unknown in "[a-z]{3}_[a-z]{3}",
    ) {
        let mut payload = format!(r#"{{"{unknown}":{bad}"#);
        let mut expected = Vec::new();
        for (at, (key, good, told)) in GOOD.iter().enumerate() {
            let value = if at == place { bad } else { good };
            write!(payload, r#","{key}":{value}"#).unwrap();
            if at != place {
                expected.push(*told);
            }
        }
        payload.push('}');
        let told = of(&payload);
        let (key, ..) = GOOD[place];
        let kind = GOOD[place].2.split('=').next().unwrap();
        let others: Vec<_> = told.split(' ').filter(|t| !t.trim_start_matches('-').starts_with(kind)).collect();
        prop_assert_eq!(others, expected, "{} bad: {}", key, payload);
    }
}
