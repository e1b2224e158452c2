use super::*;
use crate::{
    decode::{
        DeviceName, DeviceTime, KeySettings, TermSettings,
        decoded::DevicePart,
        tests::{assert_whole, catalogue, message, told},
        vocabulary,
    },
    model::UnixMicros,
};

fn decoder() -> crate::decode::Decoder {
    crate::decode::Decoder::usual(Format::Shelly, &catalogue())
}

fn at(topic: &str, payload: &str) -> String {
    told(&decoder(), topic, "", payload.as_bytes())
}

fn notified(params: &str) -> String {
    at(
        "plug-1/events/rpc",
        &format!(r#"{{"src":"plug-1","method":"NotifyStatus","params":{{{params}}}}}"#),
    )
}

#[test]
fn the_table_can_be_used() {
    assert_eq!(vocabulary::mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn the_first_generation_says_one_value_a_topic() {
    for (path, payload, expected) in [
        ("sensor/temperature", "21.62", "air_temperature=21.62"),
        ("sensor/temperature", "999", "none no_value"),
        ("sensor/humidity", "40.5", "relative_humidity=40.5"),
        ("sensor/battery", "88", "battery_level=88"),
        ("sensor/flood", "true", "water_leak=true"),
        ("sensor/smoke", "false", "smoke_alarm=false"),
        ("sensor/motion", "true", "motion=true"),
        ("sensor/vibration", "1", "vibration=true"),
        ("sensor/tilt", "90", "tilt_angle=90"),
        ("sensor/tilt", "-1", "none no_value"),
        ("sensor/lux", "311", "illuminance=311"),
        ("sensor/state", "open", "door_open=true"),
        ("sensor/state", "close", "door_open=false"),
        ("sensor/alarm_state", "mild", "gas_alarm=true"),
        ("sensor/alarm_state", "test", "none no_value"),
        ("sensor/act_reasons", r#"["sensor"]"#, "none status"),
        ("ext_temperatures", r#"{"0":{"hwID":"28f","tC":4.5,"tF":40.1}}"#, "none status"),
        ("sensor/of_somebody", r#"["sensor"]"#, "error json_shape"),
        ("sensor/temperature", "999.0", "none no_value"),
        ("sensor/vibration", "-1", "none no_value"),
        ("sensor/gas", "heavy", "gas_alarm=true"),
        ("sensor/gas", "none", "gas_alarm=false"),
        ("sensor/gas", "test", "none no_value"),
        ("sensor/ext_power", "true", "none status"),
        ("ext_temperature/0", "-127", "none no_value"),
        (
            "status",
            r#"{"motion":false,"tmp":{"value":50,"units":"F","is_valid":true}}"#,
            "motion=false air_temperature=10",
        ),
        ("status", r#"{"tmp":{"is_valid":true,"units":"C","value":19.5}}"#, "air_temperature=19.5"),
        ("status", r#"{"tmp":{"value":0,"units":"C","is_valid":false}}"#, "none no_value"),
        ("relay/0", "on", "appliance_on#1=true"),
        ("relay/1", "off", "appliance_on#2=false"),
        ("relay/0/power", "12.5", "power#1=12.5"),
        ("relay/0/energy", "60000", "energy#1=1"),
        ("emeter/0/power", "-8.40", "power#1=-8.4"),
        ("emeter/2/voltage", "229.1", "mains_voltage#3=229.1"),
        ("emeter/0/total", "1500", "energy#1=1.5"),
        ("emeter/0/energy", "7", "none status"),
        ("temperature", "48.5", "device_temperature=48.5"),
        ("ext_temperature/1", "4.5", "air_temperature#2=4.5"),
        ("input/0", "1", "none status"),
        ("online", "true", "online=true"),
        ("online", "false", "online=false"),
        ("announce", "{}", "none description"),
        ("info", "{}", "none status"),
        ("relay/0/command", "on", "none command"),
        (
            "status",
            r#"{"motion":true,"timestamp":1700000000,"active":true,"vibration":false,"lux":54,"bat":91}"#,
            "motion=true vibration=false illuminance=54 battery_level=91",
        ),
        ("input_event/0", r#"{"event":"S","event_cnt":2}"#, "button_press#1=single"),
        ("input_event/1", r#"{"event":"LS","event_cnt":2}"#, "button_press#2=press"),
        ("input_event/0", r#"{"event":"","event_cnt":0}"#, "none no_value"),
        ("sensor/temperature", "warm", "-air_temperature:number_unreadable"),
        ("sensor/temperature", "", "none empty"),
    ] {
        assert_eq!(at(&format!("shellies/x-1/{path}"), payload), expected, "{path} {payload}");
    }
}

#[test]
fn components_become_kinds() {
    for (params, expected) in [
        (r#""temperature:0":{"id":0,"tC":19.5,"tF":67.1}"#, "air_temperature=19.5"),
        (r#""temperature:100":{"tC":4}"#, "air_temperature#101=4"),
        (r#""temperature:0":{"tC":null,"errors":["read"]}"#, "none no_value"),
        (r#""humidity:0":{"rh":42.5}"#, "relative_humidity=42.5"),
        (
            r#""switch:1":{"output":true,"apower":11.5,"voltage":230,"current":0.05,"aenergy":{"total":1500,
                "by_minute":[1,2,3]},"temperature":{"tC":48.5,"tF":119.3}}"#,
            "appliance_on#2=true power#2=11.5 mains_voltage#2=230 current#2=0.05 energy#2=1.5 \
             device_temperature#2=48.5",
        ),
        (
            r#""em:0":{"a_act_power":1,"b_act_power":2,"c_act_power":3,"total_act_power":6,"n_current":null}"#,
            "power#1=1 power#2=2 power#3=3 power=6",
        ),
        (r#""emdata:0":{"total_act":2500}"#, "energy=2.5"),
        (r#""smoke:0":{"alarm":true,"mute":false}"#, "smoke_alarm=true"),
        (r#""flood:0":{"alarm":false}"#, "water_leak=false"),
        (r#""illuminance:0":{"lux":30,"illumination":"dark"}"#, "illuminance=30"),
        (
            r#""devicepower:0":{"battery":{"V":5.9,"percent":80}}"#,
            "battery_voltage=5.9 battery_level=80",
        ),
        (r#""bthomedevice:200":{"rssi":-70,"battery":95}"#, "rssi#201=-70 battery_level#201=95"),
        (r#""bthomesensor:200":{"value":4.5}"#, "none status"),
        (
            r#""blutrv:200":{"id":200,"current_C":20.5,"target_C":22,"battery":77,"rssi":-64}"#,
            "air_temperature#201=20.5 battery_level#201=77 rssi#201=-64",
        ),
        (
            r#""rgbw:0":{"output":true,"apower":4.5,"aenergy":{"total":500},"voltage":24}"#,
            "light_on#1=true power#1=4.5 energy#1=0.5",
        ),
        (r#""cct:1":{"output":false}"#, "light_on#2=false"),
        (r#""cloud":{"connected":true}"#, "none status"),
        (r#""wifi":{"rssi":-60}"#, "rssi=-60"),
        (r#""switch:0":{"apower":"x","current":1}"#, "current#1=1 -power#1:number_unreadable"),
    ] {
        let expected = expected.replace("-power#1:", "-power:");
        assert_eq!(notified(params), expected, "{params}");
    }
    let switch = r#"{"id":0,"output":false,"apower":0,"tag":null}"#;
    assert_eq!(at("plug-1/status/switch:0", switch), "appliance_on#1=false power#1=0");
    assert_eq!(at("plug-1/status/sys", r#"{"uptime":5}"#), "none status");
    assert_eq!(
        at("shellypro3em-1/status/temperature:0", r#"{"tC":46.5}"#),
        "device_temperature=46.5"
    );
}

#[test]
fn events_happen_once_each() {
    let event = |component: &str, event: &str| {
        format!(r#"{{"component":"{component}","id":0,"event":"{event}","ts":1700000000.5}}"#)
    };
    let told = |events: &[String]| notified(&format!(r#""ts":1,"events":[{}]"#, events.join(",")));
    let push = event("input:0", "single_push");
    assert_eq!(told(std::slice::from_ref(&push)), "button_press#1=single");
    assert_eq!(
        told(&[push.clone(), push.clone(), event("bthomesensor:203", "long_push")]),
        "button_press#1=single button_press#1=single button_press#204=long"
    );
    assert_eq!(told(&[event("input:0", "btn_down")]), "none no_value");
    assert_eq!(told(&[event("sys", "config_changed")]), "none status");
    assert_eq!(told(&[]), "none status");
}

#[test]
fn a_script_tells_of_blu_sensors() {
    let blu = |payload: &str| at("shelly-blu/events/0a:1b:2c:3d:4e:5f", payload);
    for (payload, expected) in [
        (
            r#"{"encryption":false,"BTHome_version":2,"pid":9,"battery":100,"humidity":52,"temperature":17,"rssi":-92,
                "address":"0a:1b:2c:3d:4e:5f"}"#,
            "battery_level=100 relative_humidity=52 air_temperature=17 rssi=-92",
        ),
        (
            r#"{"window":1,"illuminance":40,"rotation":-3.5}"#,
            "window_open=true illuminance=40 tilt_angle=-3.5",
        ),
        (r#"{"motion":0}"#, "motion=false"),
        (
            r#"{"door":1,"vibration":0,"smoke":1,"distance_mm":850,"pressure":1003,"co2":640}"#,
            "door_open=true vibration=false smoke_alarm=true target_distance=0.85 air_pressure=1003 co2=640",
        ),
        (r#"{"button":4}"#, "button_press=long"),
        (r#"{"button":[0,1,0,0]}"#, "button_press#2=single"),
        (r#"{"button":0}"#, "none no_value"),
        (r#"{"encryption":true,"rssi":-5}"#, "none encrypted"),
        (r#"{"x":1}"#, "none no_known_key"),
    ] {
        assert_eq!(blu(payload), expected, "{payload}");
    }
}

/// One link's conversation.
struct Link {
    memory: Memory,
    out: Decoded,
}

impl Link {
    fn new() -> Self {
        Self { memory: Memory::default(), out: Decoded::default() }
    }

    fn hear(&mut self, topic: &str, payload: &str) -> usize {
        self.hear_message(&message(topic, payload.as_bytes()))
    }

    fn hear_message(&mut self, message: &Message<'_>) -> usize {
        decoder().decode("", message, &mut self.memory, &mut self.out).unwrap();
        assert_whole(&self.out);
        self.out.readings.len()
    }

    fn part(&self) -> &DevicePart {
        &self.out.devices[0]
    }
}

const STATUS: &str = "ht-1/status/devicepower:0";
const EVENTS: &str = "ht-1/events/rpc";

#[test]
fn without_a_battery_there_is_no_empty_one() {
    let empty = r#"{"battery":{"V":0.43,"percent":0}}"#;
    let external = |present: bool| {
        format!(
            r#"{{"params":{{"devicepower:0":{{"battery":{{"V":0.4,"percent":0}},"external":{{"present":{present}}}}}}}}}"#
        )
    };
    let mut link = Link::new();
    assert_eq!(link.hear(STATUS, empty), 2, "nothing is known of another supply");
    assert_eq!(link.hear(EVENTS, &external(true)), 0);
    assert_eq!(link.hear(STATUS, empty), 0, "it is remembered, whichever topic said it");
    assert_eq!(link.hear(STATUS, r#"{"battery":{"V":5.8,"percent":77}}"#), 2);
    assert_eq!(link.hear("homes/2/ht-1/status/devicepower:0", empty), 2, "another home's");
    assert_eq!(link.hear(EVENTS, &external(false)), 2);
    assert_eq!(link.hear(STATUS, empty), 2, "now it is empty indeed");
}

#[test]
fn a_press_that_is_told_again_is_one() {
    let topic = "shellies/button-1/input_event/0";
    let press = |count: u32| format!(r#"{{"event":"S","event_cnt":{count}}}"#);
    let mut link = Link::new();
    assert_eq!(link.hear(topic, &press(1)), 1);
    assert_eq!(link.part().sequence, Some(1));
    assert_eq!(link.hear(topic, &press(1)), 0);
    assert_eq!(link.hear(topic, &press(2)), 1);
    assert_eq!(link.hear("shellies/button-1/input_event/1", &press(2)), 1);
    let payload = press(2);
    let again = Message { dup: true, ..message(topic, payload.as_bytes()) };
    assert_eq!(link.hear_message(&again), 1, "the broker may be the only one who still has it");
}

#[test]
fn twin_topics_are_one_device_by_two_ways() {
    let mut link = Link::new();
    let with_time = r#"{"src":"other","params":{"ts":1700000000.25,"humidity:0":{"rh":5}}}"#;
    link.hear(EVENTS, with_time);
    let notified = link.part().clone();
    assert_eq!(notified.measured_at, DeviceTime::At(UnixMicros(1_700_000_000_250_000)));
    assert_eq!(link.out.names, "ht-1");
    link.hear("ht-1/status/humidity:0", r#"{"rh":5}"#);
    assert_eq!(link.out.names, "ht-1");
    assert_ne!(link.part().way, notified.way);
    assert_ne!(link.part().way, 0);
    link.hear("ht-1/online", "true");
    assert_eq!(link.out.names, "ht-1");
    link.hear(EVENTS, r#"{"params":{"ts":null,"humidity:0":{"rh":5}}}"#);
    assert_eq!(link.part().measured_at, DeviceTime::Absent);
    link.hear("blu/events/0a:1b:2c:3d:4e:5f", r#"{"battery":5,"pid":77}"#);
    assert_eq!((link.out.names.as_str(), link.part().sequence), ("0A1B2C3D4E5F", Some(77)));
    let mut way = |topic: &str, payload: &str| {
        link.hear(topic, payload);
        link.part().way
    };
    let (hall, bed) = ("hall/0a:1b:2c:3d:4e:5f", "bed/0a:1b:2c:3d:4e:5f");
    assert_ne!(way(hall, r#"{"battery":5}"#), way(bed, r#"{"battery":5}"#));
    let of_gateway = |name: &str| format!(r#"{{"battery":5,"gateway":"{name}"}}"#);
    assert_ne!(way(hall, &of_gateway("a")), way(hall, &of_gateway("b")));
    assert_ne!(way(hall, r#"{"battery":5}"#), 0);
}

#[test]
fn a_captured_name_ends_where_the_devices_does() {
    let decoder = decoder();
    for (topic, captured, expected) in [
        ("h/7/ht-1/status/humidity:0", "ht-1/status/humidity:0", DeviceName::CapturedPrefix(4)),
        ("h/7/ht-1/status/humidity:0", "ht-1", DeviceName::Captured),
        (
            "h/7/shellies/ht-1/sensor/humidity",
            "ht-1/sensor/humidity",
            DeviceName::CapturedPrefix(4),
        ),
    ] {
        let mut out = Decoded::default();
        let payload = if topic.contains("status") { r#"{"rh":5}"# } else { "5" };
        let message = message(topic, payload.as_bytes());
        decoder.decode(captured, &message, &mut Memory::default(), &mut out).unwrap();
        assert_eq!(out.devices[0].name, expected, "{topic} {captured}");
    }
}

#[test]
fn the_operator_names_what_only_he_knows() {
    let mut settings = DecoderSettings::new(&catalogue());
    let key = |key: &str, kind: &str, unit: Option<&str>| KeySettings {
        format: Format::Shelly,
        key: key.to_owned(),
        term: TermSettings {
            kind: kind.to_owned(),
            unit: unit.map(str::to_owned),
            ..TermSettings::default()
        },
    };
    settings.keys = Arc::new([
        key("bthomesensor:201/value", "air_temperature", Some("Cel")),
        key("gateway-7@bthomesensor:201/value", "water_temperature", Some("Cel")),
        key("input:1/state", "bed_occupied", None),
    ]);
    let decoder = crate::decode::Decoder::new(Format::Shelly, &settings).unwrap();
    let at = |topic: &str, payload: &str| told(&decoder, topic, "", payload.as_bytes());
    let value = r#"{"value":21.5}"#;
    assert_eq!(at("gateway-1/status/bthomesensor:201", value), "air_temperature#202=21.5");
    assert_eq!(at("gateway-7/status/bthomesensor:201", value), "water_temperature#202=21.5");
    assert_eq!(at("gateway-1/status/bthomesensor:202", value), "none status");
    assert_eq!(at("gateway-1/status/input:1", r#"{"state":true}"#), "bed_occupied#2=true");
    assert_eq!(at("gateway-1/status/input:0", r#"{"state":true}"#), "none status");
}

#[test]
fn nonsense_has_its_reason() {
    assert_eq!(at("somebody/else", "1"), "error topic_unknown");
    assert_eq!(at(EVENTS, "[1]"), "error json_shape");
    assert_eq!(at(EVENTS, "{"), "error json_malformed");
    assert_eq!(at(EVENTS, ""), "none empty");
    assert_eq!(at("shellies/x/sensor/flood", "{\"a\":"), "error json_malformed");
}
