use super::*;
use crate::{
    decode::{
        Decoder, Memory, Outcome,
        tests::{assert_whole, catalogue, message, told},
        vocabulary,
    },
    model::UnixMicros,
};

fn decoder() -> Decoder {
    Decoder::usual(Format::ZwaveJs, &catalogue())
}

fn at(topic: &str, payload: &str) -> String {
    told(&decoder(), topic, "", payload.as_bytes())
}

#[test]
fn the_table_can_be_used() {
    assert_eq!(vocabulary::mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn three_shapes_say_the_same() {
    for payload in [
        "21.5",
        r#""21.5""#,
        r#"{"time":1700000000000,"value":21.5}"#,
        r#"{"id":"9-49-0-Air temperature","nodeId":9,"commandClass":49,"endpoint":0,"property":"Air temperature",
            "value":21.5,"states":[],"lastUpdate":1700000000000}"#,
    ] {
        assert_eq!(
            at("z/hall/49/0/Air_temperature", payload),
            "air_temperature=21.5~",
            "{payload}"
        );
    }
    let stated = r#"{"commandClass":49,"property":"Air temperature","unit":"°F","value":68}"#;
    assert_eq!(at("z/hall/49/0/Air_temperature", stated), "air_temperature=20");
    assert_eq!(at("z/hall/my/49/0/own", stated), "air_temperature=20", "the object knows better");
    let wrong = stated.replace("°F", "ppm");
    assert_eq!(at("z/hall/49/0/Air_temperature", &wrong), "-air_temperature:unit_mismatch");
}

#[test]
fn numbers_of_notifications_become_states() {
    for (key, payload, expected) in [
        ("Access_Control/Door_state", "22", "door_open=true"),
        ("Access_Control/Door_state", "23", "door_open=false"),
        ("Access_Control/Door_state_simple", r#"{"time":1,"value":22}"#, "door_open=true"),
        ("Access_Control/Door_state", "7", "-door_open:state_unreadable"),
        ("Access_Control/Lock_state", "11", "lock_state=jammed"),
        ("Access_Control/Lock_state", "5", "lock_state=locked"),
        ("Access_Control/Lock_state", "0", "none no_value"),
        ("Home_Security/Motion_sensor_status", "8", "motion=true"),
        ("Home_Security/Motion_sensor_status", "0", "motion=false"),
        ("Home_Security/Cover_status", "3", "tamper=true"),
        ("Smoke_Alarm/Sensor_status", "2", "smoke_alarm=true"),
        ("Smoke_Alarm/Sensor_status", "0", "smoke_alarm=false"),
        ("CO_Alarm/Sensor_status", "1", "co_alarm=true"),
        ("Heat_Alarm/Heat_sensor_status", "2", "heat_alarm=true"),
        ("Water_Alarm/Sensor_status", "2", "water_leak=true"),
        ("Gas_Alarm/Combustible_gas_status", "1", "gas_alarm=true"),
        ("Power_Management/Mains_status", "2", "mains_fail=true"),
        ("Power_Management/Mains_status", "3", "mains_fail=false"),
        ("Power_Management/Battery_level_status", "11", "battery_low=true"),
        ("Access_Control/Door_state", "0", "none no_value"),
        ("Access_Control/Window_state", "22", "window_open=true"),
        ("Home_Security/Motion_sensor_status", "254", "none no_value"),
        ("Smoke_Alarm/Sensor_status", "254", "none no_value"),
        ("Smoke_Alarm/Alarm_status", "6", "none no_known_key"),
        ("Something/else", "1", "none no_known_key"),
    ] {
        assert_eq!(at(&format!("z/hall/113/0/{key}"), payload), expected, "{key} {payload}");
    }
}

#[test]
fn other_classes_have_their_kinds() {
    for (key, payload, expected) in [
        ("sensor_binary/endpoint_0/Motion", "true", "motion=true"),
        ("48/0/Door-Window", "false", "door_open=false"),
        ("48/0/Any", "true", "none no_known_key"),
        ("49/0/Humidity", "41", "relative_humidity=41"),
        ("49/0/Illuminance", r#"{"value":55,"unit":"Lux"}"#, "illuminance=55"),
        ("49/0/Illuminance", r#"{"value":55,"unit":"%"}"#, "-illuminance:unit_mismatch"),
        ("49/0/Barometric_pressure", "101.3", "air_pressure=1013~"),
        ("49/0/Carbon_dioxide_CO₂_level", "700", "co2=700"),
        ("128/0/level", "87", "battery_level=87"),
        ("128/0/isLow", "false", "battery_low=false"),
        ("50/2/value/66049", "12.5", "power#2=12.5"),
        ("50/0/value/65537", r#"{"value":1500,"unit":"Wh"}"#, "energy=1.5"),
        ("37/1/currentValue", "true", "appliance_on#1=true"),
        ("38/0/currentValue", "10", "none no_known_key"),
        ("98/0/currentMode", "255", "lock_state=locked"),
        ("98/0/doorStatus", r#""open""#, "door_open=true"),
        ("91/0/scene/002", "3", "button_press#2=double"),
        ("91/0/scene/002", r#"{"time":1}"#, "none no_value"),
    ] {
        assert_eq!(at(&format!("z/hall/{key}"), payload), expected, "{key} {payload}");
    }
}

#[test]
fn what_holds_no_value_is_nothing() {
    let door = "z/hall/113/0/Access_Control/Door_state";
    for (topic, payload, expected) in [
        (door, r#"{"states":[{"text":"open","value":22}],"lastUpdate":1}"#, "none no_value"),
        (door, r#"{"value":null}"#, "none no_value"),
        (door, r#"{"time":1,"value":{"type":"Buffer","data":[1,2]}}"#, "-door_open:value_type"),
        (
            "z/hall/99/0/userCode/1",
            r#"{"value":{"type":"Buffer","data":[1]}}"#,
            "none no_known_key",
        ),
        (door, "", "none empty"),
        (door, "{", "error json_malformed"),
        ("z/hall/of/somebody", "1", "error topic_unknown"),
        ("z/_CLIENTS/ZWAVE_GATEWAY-1/api/x", "{}", "none bridge"),
        ("z/hall/37/0/targetValue/set", "true", "none command"),
    ] {
        assert_eq!(at(topic, payload), expected, "{topic} {payload}");
    }
}

#[test]
fn a_node_says_whether_it_is_there() {
    for (payload, expected) in [
        (r#"{"time":1700000000000,"value":true,"status":"Alive","nodeId":5}"#, "online=true"),
        (r#"{"value":false,"status":"Asleep"}"#, "online=true"),
        (r#"{"value":false,"status":"Dead"}"#, "online=false"),
        (r#"{"value":false,"status":"Unknown"}"#, "none no_value"),
        ("true", "online=true"),
        (r#"{"value":false}"#, "online=false"),
    ] {
        assert_eq!(at("z/hall/status", payload), expected, "{payload}");
    }
}

#[test]
fn name_and_time_are_the_same_in_all_topics() {
    for (topic, captured, expected) in [
        ("z/up/hall/49/0/Humidity", "", DeviceName::Own(0..7)),
        ("z/up/hall/status", "", DeviceName::Own(0..7)),
        ("z/up/hall/49/0/Humidity", "up/hall/49/0/Humidity", DeviceName::CapturedPrefix(7)),
        ("z/up/hall/status", "up/hall/status", DeviceName::CapturedPrefix(7)),
        ("z/up/hall/49/0/Humidity", "hall", DeviceName::Captured),
    ] {
        let mut out = Decoded::default();
        let payload = br#"{"time":1700000000000,"value":1}"#;
        let message = message(topic, payload);
        let outcome = decoder().decode(captured, &message, &mut Memory::default(), &mut out);
        assert_eq!(outcome, Ok(Outcome::Readings), "{topic}");
        assert_whole(&out);
        assert_eq!(out.devices[0].name, expected, "{topic} {captured}");
        let at = DeviceTime::At(UnixMicros(1_700_000_000_000_000));
        assert_eq!(out.devices[0].measured_at, at);
    }
}

#[test]
fn other_classes_are_no_mistakes() {
    for (path, payload, expected) in [
        ("156/0/state/5", "true", "water_leak=true"),
        ("156/0/state/1", "false", "smoke_alarm=false"),
        ("sensor_alarm/endpoint_0/state/WaterLeak", "true", "water_leak=true"),
        ("156/0/state/0", "true", "none no_known_key"),
        ("32/0/currentValue", "255", "none status"),
        ("132/0/wakeUpInterval", "3600", "none status"),
        ("indicator/endpoint_0/value", "0", "none status"),
        ("49/0/Distance", r#"{"value":80,"unit":"cm"}"#, "target_distance=0.8"),
        ("49/0/Systolic_blood_pressure", "128", "systolic_bp=128"),
        ("7/0/x", "1", "error topic_unknown"),
    ] {
        assert_eq!(at(&format!("z/hall/{path}"), payload), expected, "{path} {payload}");
    }
}
