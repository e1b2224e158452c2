use super::*;
use crate::decode::{
    Outcome,
    tests::{assert_whole, catalogue, message, tell},
    vocabulary,
};

/// What is made of the last of some messages that come one after another.
fn after(messages: &[(&str, &str)]) -> String {
    let settings = DecoderSettings::new(&catalogue());
    let decoder = HomeAssistant::new(&settings).unwrap();
    let mut memory = Memory::default();
    let mut out = Decoded::default();
    let mut told = String::new();
    for (topic, payload) in messages {
        out.clear();
        let message = message(topic, payload.as_bytes());
        told = match decoder.decode("", &message, &mut memory, &mut out) {
            Err(error) => format!("error {}", error.reason()),
            Ok(Some(what)) => format!("none {}", what.reason()),
            Ok(None) => match out.outcome() {
                Outcome::NonReading(what) => format!("none {}", what.reason()),
                Outcome::Readings => {
                    assert_whole(&out);
                    let name = out.device_name(&out.devices[0], "");
                    format!("{name}: {}", tell(&out))
                }
            },
        };
    }
    told
}

#[test]
fn the_table_is_sound() {
    assert_eq!(vocabulary::mistakes(TABLE), Vec::<String>::new());
}

const LEAK: &str = r#"{"availability":[{"topic":"z/bridge/state"},{"topic":"z/leak/availability","value_template":"{{ value_json.state }}"}],
    "device":{"identifiers":["z_0x12"],"name":"leak"},"device_class":"moisture","payload_off":false,"payload_on":true,
    "state_topic":"z/leak","value_template":"{{ value_json.water_leak }}"}"#;

#[test]
fn discovery_says_what_a_state_means() {
    let leak = ("ha/binary_sensor/0x12/water_leak/config", LEAK);
    let scale = (
        "ha/sensor/0C95-weight/config",
        r#"{"stat_t":"+/+/BT/0C95","dev_cla":"weight","val_tpl":"{{ value_json.weight | is_defined }}","unit_of_meas":"lb","dev":{"cns":[["mac","0C95"]]}}"#,
    );
    let warm = (
        "ha/sensor/node/hall_temperature/config",
        r#"{"~":"node/sensor/hall","stat_t":"~/state","unit_of_meas":"°F","dev_cla":"temperature","avty_t":"node/status","dev":{"ids":"ab12"}}"#,
    );
    let door = (
        "ha/binary_sensor/door/config",
        r#"{"stat_t":"d/x","dev_cla":"door","pl_on":"AUF","pl_off":"ZU"}"#,
    );
    let volts = ("ha/sensor/v/config", r#"{"stat_t":"v","dev_cla":"voltage","unit_of_meas":"mV"}"#);
    let program = (
        "ha/sensor/p/config",
        r#"{"stat_t":"p","dev_cla":"temperature","val_tpl":"{{ value_json.t * 0.1 }}"}"#,
    );
    let many = (
        "ha/device/hub7/config",
        r#"{"dev":{"ids":["hub7"]},"o":{"name":"x"},"stat_t":"hub7/s","cmps":{
        "t":{"p":"sensor","dev_cla":"temperature","unit_of_meas":"°C","val_tpl":"{{ value_json.t }}"},
        "h":{"p":"sensor","dev_cla":"humidity","unit_of_meas":"%","val_tpl":"{{ value_json['h'] }}"},
        "m":{"p":"binary_sensor","dev_cla":"motion","stat_t":"hub7/m"}}}"#,
    );
    let press = ("ha/event/b/config", r#"{"stat_t":"b","dev_cla":"button","dev":{"ids":["b1"]}}"#);
    for (config, topic, payload, expected) in [
        (leak, "z/leak", r#"{"battery":3,"water_leak":true}"#, "z_0x12: water_leak=true"),
        (leak, "z/leak", r#"{"water_leak":false}"#, "z_0x12: water_leak=false"),
        (leak, "z/leak", r#"{"water_leak":null}"#, "none no_value"),
        (leak, "z/leak", r#"{"battery":3}"#, "none no_known_key"),
        (leak, "z/leak", r#"{"battery":"#, "error json_malformed"),
        (leak, "z/leak/availability", r#"{"state":"online"}"#, "z_0x12: online=true"),
        (leak, "z/bridge/state", "online", "error unannounced"),
        (scale, "home/gw/BT/0C95", r#"{"weight":100}"#, "0C95: body_weight=45.359237"),
        (warm, "node/sensor/hall/state", "212", "ab12: air_temperature=100"),
        (warm, "node/sensor/hall/state", "nan", "none no_value"),
        (warm, "node/sensor/hall/state", "None", "none no_value"),
        (warm, "node/sensor/hall/state", "unknown", "none no_value"),
        (warm, "node/status", "offline", "ab12: online=false"),
        (door, "d/x", "AUF", "door: door_open=true"),
        (door, "d/x", "zu", "door: door_open=false"),
        (door, "d/x", "half", "door: -door_open:state_unreadable"),
        (volts, "v", "2905", "v: battery_voltage=2.905"),
        (program, "p", r#"{"t":215}"#, "error unannounced"),
        (many, "hub7/s", r#"{"t":21,"h":40}"#, "hub7: air_temperature=21 relative_humidity=40"),
        (many, "hub7/m", "ON", "hub7: motion=true"),
        (press, "b", r#"{"event_type":"single"}"#, "b1: button_press=single"),
    ] {
        assert_eq!(after(&[config, (topic, payload)]), expected, "{topic} {payload}");
    }
    for (topic, payload) in [leak, scale, many, program] {
        assert_eq!(after(&[(topic, payload)]), "none description", "{topic}");
    }
}

#[test]
fn what_is_deleted_or_changed_is_no_longer_so() {
    let topic = "ha/binary_sensor/0x12/wet/config";
    let state = ("z/leak", r#"{"water_leak":true,"smoke":true}"#);
    assert_eq!(after(&[(topic, LEAK), (topic, "")]), "none empty");
    assert_eq!(after(&[(topic, LEAK), (topic, ""), state]), "error unannounced");
    let other = LEAK.replace("water_leak", "smoke").replace("moisture", "smoke");
    assert_eq!(after(&[(topic, LEAK), (topic, &other), state]), "z_0x12: smoke_alarm=true");
    let second = "ha/binary_sensor/0x12/smoke/config";
    let both = "z_0x12: water_leak=true smoke_alarm=true";
    assert_eq!(after(&[(topic, LEAK), (second, &other), state]), both);
    assert_eq!(after(&[(topic, LEAK), (topic, LEAK), state]), "z_0x12: water_leak=true");
}

#[test]
fn a_component_with_nothing_but_its_platform_is_gone() {
    let topic = "ha/device/hub7/config";
    let hub = |components: &str| {
        format!(r#"{{"dev":{{"ids":["hub7"]}},"stat_t":"hub7/s","cmps":{{{components}}}}}"#)
    };
    let warm = r#""temperature":{"p":"sensor","unit_of_meas":"°C","val_tpl":"{{ value_json.t }}"}"#;
    let (with, without) = (
        hub(&format!(
            r#"{warm},"humidity":{{"p":"sensor","uniq_id":"h","val_tpl":"{{{{ value_json.h }}}}"}}"#
        )),
        hub(&format!(r#"{warm},"humidity":{{"p":"sensor"}}"#)),
    );
    let state = ("hub7/s", r#"{"t":21,"h":40}"#);
    let both = "hub7: air_temperature=21 relative_humidity=40~";
    assert_eq!(
        after(&[(topic, &with), state]).replace("humidity=40~", "humidity=40"),
        both.replace('~', "")
    );
    assert_eq!(after(&[(topic, &with), (topic, &without), state]), "hub7: air_temperature=21");
}

#[test]
fn an_entity_is_what_its_topic_says() {
    let config = r#"{"platform":"mqtt","stat_t":"t","dev_cla":"temperature","unit_of_meas":"°C"}"#;
    assert_eq!(after(&[("ha/sensor/t/config", config), ("t", "21")]), "t: air_temperature=21");
}

#[test]
fn a_topic_with_wildcards_that_is_gone_makes_room() {
    let config = |number: usize| format!(r#"{{"stat_t":"+/{number}","dev_cla":"humidity"}}"#);
    let topics: Vec<String> = (0..80).map(|number| format!("ha/sensor/n{number}/config")).collect();
    let configs: Vec<String> = (0..80).map(config).collect();
    let mut messages: Vec<(&str, &str)> = Vec::new();
    for (topic, config) in topics.iter().zip(&configs) {
        messages.extend([(&**topic, &**config), (topic, "")]);
    }
    messages.extend([(&*topics[0], &*configs[79]), ("x/79", "40")]);
    assert_eq!(after(&messages), "n0: relative_humidity=40~");
}

#[test]
fn a_topic_of_several_devices_is_their_gateways() {
    let config = |device: &str| {
        format!(
            r#"{{"stat_t":"{device}","avty_t":"gw/lwt","dev":{{"ids":"{device}"}},"dev_cla":"motion"}}"#
        )
    };
    let (a, b) = (config("a"), config("b"));
    let (first, second) = (("ha/binary_sensor/a/config", &*a), ("ha/binary_sensor/b/config", &*b));
    assert_eq!(after(&[first, ("gw/lwt", "offline")]), "a: online=false");
    assert_eq!(after(&[first, second, ("gw/lwt", "offline")]), "none bridge");
}

#[test]
fn esphome_speaks_for_itself() {
    for (topic, payload, expected) in [
        ("bed-node/status", "online", "bed-node: online=true"),
        ("bed-node/status", "offline", "bed-node: online=false"),
        ("bed-node/sensor/bedroom_temperature/state", "21.5", "bed-node: air_temperature=21.5~"),
        (
            "bed-node/sensor/bedroom_temperature_2/state",
            "21.5",
            "bed-node: air_temperature#2=21.5~",
        ),
        ("bed-node/sensor/bedroom_temperature/state", "nan", "none no_value"),
        ("bed-node/binary_sensor/bed_occupied/state", "ON", "bed-node: bed_occupied=true"),
        ("bed-node/sensor/wifi_signal/state", "-60", "bed-node: rssi=-60"),
        ("bed-node/sensor/chip_temperature/state", "50", "bed-node: device_temperature=50~"),
        ("bed-node/switch/kettle/state", "OFF", "bed-node: appliance_on=false"),
        (
            "bed-node/light/lamp/state",
            r#"{"state":"ON","brightness":3}"#,
            "bed-node: light_on=true",
        ),
        ("bed-node/sensor/frobnication/state", "3", "none no_known_key"),
        ("bed-node/switch/kettle/command", "ON", "none command"),
        ("bed-node/debug", "[D] x", "none status"),
        ("homeassistant/status", "online", "none bridge"),
        ("bed-node/elsewhere", "3", "error unannounced"),
        ("bed-node/status", "", "none empty"),
    ] {
        assert_eq!(after(&[(topic, payload)]), expected, "{topic} {payload}");
    }
}

#[test]
fn what_is_captured_names_the_node() {
    let decoder = HomeAssistant::new(&DecoderSettings::new(&catalogue())).unwrap();
    for (topic, captured, expected) in [
        ("homes/7/node/sensor/hall_temperature/state", "node", "node"),
        (
            "homes/7/node/sensor/hall_temperature/state",
            "node/sensor/hall_temperature/state",
            "node",
        ),
        ("homes/7/node/sensor/hall_temperature/state", "", "homes/7/node"),
    ] {
        let mut out = Decoded::default();
        let message = message(topic, b"20");
        decoder.decode(captured, &message, &mut Memory::default(), &mut out).unwrap();
        assert_eq!(out.device_name(&out.devices[0], captured), expected, "{captured}");
    }
}

#[test]
fn discovery_has_bounds() {
    let decoder = HomeAssistant::new(&DecoderSettings::new(&catalogue())).unwrap();
    let mut memory = Memory::new(64 * 1024);
    let mut out = Decoded::default();
    for number in 0..2_000 {
        let topic = format!("ha/sensor/n{number}/config");
        let payload =
            format!(r#"{{"stat_t":"+/{number}","val_tpl":"{{{{ value_json.k{number} }}}}"}}"#);
        decoder.decode("", &message(&topic, payload.as_bytes()), &mut memory, &mut out).unwrap();
        let payload = payload.replace(&format!("+/{number}"), "same");
        decoder.decode("", &message(&topic, payload.as_bytes()), &mut memory, &mut out).unwrap();
    }
    assert!(memory.bytes() <= 64 * 1024);
    assert!(out.unknown_keys > 0, "what found no room is counted");
}
