use std::sync::Arc;

use super::*;
use crate::{
    decode::{
        Decoder, DeviceTime, KeySettings, Memory, Outcome, TermSettings,
        tests::{catalogue, message, told},
        vocabulary,
    },
    model::{Moment, ReportFlag, UnixMicros},
};

fn decoder() -> Decoder {
    Decoder::usual(Format::Tasmota, &catalogue())
}

fn at(topic: &str, payload: &str) -> String {
    told(&decoder(), topic, "", payload.as_bytes())
}

fn of(payload: &str) -> String {
    at("tele/plug/SENSOR", payload)
}

#[test]
fn the_table_is_sound() {
    assert_eq!(vocabulary::mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn chips_and_their_keys() {
    for (payload, expected) in [
        (
            r#"{"BME280":{"Temperature":21.5,"Humidity":40,"DewPoint":7}}"#,
            "air_temperature=21.5~ relative_humidity=40",
        ),
        (
            r#"{"DS18B20-1":{"Temperature":1},"DS18B20-2":{"Temperature":2}}"#,
            "air_temperature#1=1~ air_temperature#2=2~",
        ),
        (r#"{"AHT1X-0x38":{"Temperature":20},"TempUnit":"C"}"#, "air_temperature#56=20"),
        (
            r#"{"DS18B20":{"Temperature":1},"SHT3X":{"Temperature":2}}"#,
            "air_temperature=1~ air_temperature#2=2~",
        ),
        (r#"{"ESP32":{"Temperature":41.5},"TempUnit":"C"}"#, "device_temperature=41.5"),
        (
            r#"{"BME280":{"Temperature":212,"Pressure":750},"PressureUnit":"mmHg","TempUnit":"F"}"#,
            "air_temperature=100 air_pressure=999.915",
        ),
        (r#"{"TempUnit":"F","A":{"Temperature":50}}"#, "air_temperature=10"),
        (
            r#"{"TempUnit":"F","A":{"Temperature":50,"TempUnit":"C","Humidity":3}}"#,
            "relative_humidity=3 -air_temperature:unit_conflict",
        ),
        (r#"{"TempUnit":"R","A":{"Temperature":50}}"#, "-air_temperature:unit_unknown"),
        (r#"{"A":{"Temperature":null,"Humidity":"40"}}"#, "relative_humidity=40"),
        (
            r#"{"A":{"Temperature":true,"Humidity":40}}"#,
            "relative_humidity=40 -air_temperature:value_type",
        ),
        (r#"{"DS18B20":{"Temperature":null},"SHT3X":{"Temperature":2}}"#, "air_temperature#2=2~"),
        (
            r#"{"DS18B20":{"Temperature":"wet"},"SHT3X":{"Temperature":2}}"#,
            "air_temperature#2=2~ -air_temperature:number_unreadable",
        ),
        (r#"{"SCD40":{"CarbonDioxide":618,"eCO2":600}}"#, "co2=618"),
        (r#"{"BH1750":{"Illuminance":79}}"#, "illuminance=79"),
        (
            r#"{"LD2410":{"Distance":[200.0,150,90.5],"Energy":[1,2],"Out_pin":1}}"#,
            "target_distance#1=2 target_distance#2=1.5 target_distance#3=0.905 presence=true",
        ),
        (
            r#"{"ENERGY":{"TotalStartTime":"x","Total":1.5,"Today":1,"Power":[10,20],"Voltage":231,"Current":0.5,"Factor":1}}"#,
            "energy=1.5 power#1=10 power#2=20 mains_voltage=231 current=0.5",
        ),
        (r#"{"Time":"2024-01-01T00:00:00","MCP230XX":{"D0":0,"D1":1}}"#, "none no_known_key"),
        (r#"{"Time":"2024-01-01T00:00:00"}"#, "none status"),
        (r#"{"A":{"B":{"Temperature":3}}}"#, "none no_known_key"),
        (r#"{"Switch1":"ON"}"#, "none no_known_key"),
        ("[1]", "error json_shape"),
        ("7", "none no_known_key"),
        (r#"{"MCP": "D0":0}"#, "error json_malformed"),
        (r#"{"A":{"Temperature":1}"#, "error json_malformed"),
        ("", "none empty"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn topics_say_what_a_message_is() {
    for (topic, payload, expected) in [
        ("tele/plug/LWT", "Online", "online=true"),
        ("plug/tele/LWT", "Offline", "online=false"),
        ("tele/plug/LWT", "maybe", "-online:state_unreadable"),
        ("tele/plug/LWT", "", "none empty"),
        (
            "tele/plug/STATE",
            r#"{"UptimeSec":5,"POWER1":"ON","POWER2":"OFF","Wifi":{"RSSI":80,"Signal":-60}}"#,
            "appliance_on#1=true appliance_on#2=false rssi=-60",
        ),
        ("tele/plug/STATE", r#"{"Uptime":"1T00:00:00","Wifi":{"RSSI":80}}"#, "none status"),
        ("stat/plug/RESULT", r#"{"POWER":"ON"}"#, "appliance_on=true"),
        ("stat/plug/RESULT", r#"{"Ping":"Done"}"#, "none acknowledgement"),
        ("stat/plug/RESULT", r#"{"ZbInfo":{"0x1234":{"LinkQuality":3}}}"#, "none acknowledgement"),
        ("tele/plug/RESULT", r#"{"IrReceived":{"Bits":3}}"#, "none status"),
        ("stat/plug/POWER2", "OFF", "appliance_on#2=false"),
        (
            "stat/plug/STATUS8",
            r#"{"StatusSNS":{"Time":"2024-01-01T00:00:00","A":{"Humidity":5}}}"#,
            "relative_humidity=5",
        ),
        (
            "stat/plug/STATUS10",
            r#"{"StatusSNS":{"A":{"Temperature":50},"TempUnit":"F"}}"#,
            "air_temperature=10",
        ),
        ("stat/plug/STATUS6", r#"{"StatusMQT":{"MqttHost":"x"}}"#, "none status"),
        ("cmnd/plug/POWER", "ON", "none command"),
        ("tele/plug/INFO1", "{", "none description"),
        ("tasmota/discovery/AA/config", "{}", "none description"),
        ("tele/plug/SENSOR", "Done\u{7}", "error json_malformed"),
    ] {
        assert_eq!(at(topic, payload), expected, "{topic} {payload}");
    }
}

#[test]
fn a_zigbee_bridge_tells_of_others() {
    for (payload, expected) in [
        (
            r#"{"ZbReceived":{"0x2916":{"Device":"0x2916","Name":"Bad","Temperature":20.5,"Endpoint":1,"LinkQuality":9}}}"#,
            "air_temperature=20.5 link_quality=9",
        ),
        (
            r#"{"ZbReceived":{"Bad":{"Device":"0x2916","Pressure":1004,"PressureUnit":"hPa","Voltage":2.9,"Battery":98}}}"#,
            "air_pressure=1004 battery_voltage=2.9 battery_level=98",
        ),
        (r#"{"0x2916":{"Name":"Bad","Humidity":47.5}}"#, "relative_humidity=47.5"),
        (r#"{"Bad":{"Device":"0x2916","Contact":1}}"#, "door_open=true"),
        (r#"{"ZbReceived":{"0x1":{"0500<00":"010000FF0000"}}}"#, "tamper=false battery_low=false"),
        (r#"{"ZbReceived":{"0x1":{"0500!00":"0C0000FF0000"}}}"#, "tamper=true battery_low=true"),
        (r#"{"ZbReceived":{"0x1":{"0500<00":"xyz"}}}"#, "none no_known_key"),
        (r#"{"ZbReceived":{"0x1":{"ZoneStatusChange":4}}}"#, "tamper=true battery_low=false"),
        (r#"{"ZbReceived":{"0x1":{"Power":true}}}"#, "appliance_on=true"),
        (r#"{"ZbReceived":{"0x1":{"Power":2,"0006!02":""}}}"#, "button_press=toggle"),
        (
            r#"{"ZbReceived":{"0x1":{"AqaraVibrationMode":"tilt","AqaraAngles":[-78,0,11]}}}"#,
            "vibration=true tilt_angle#1=-78 tilt_angle#2=0 tilt_angle#3=11",
        ),
        (r#"{"ZbReceived":{"0x1":{"Dimmer":3}}}"#, "none status"),
        (r#"{"ZbReceived":{"Device":"0x1","Temperature":20.5}}"#, "air_temperature=20.5"),
        (r#"{"Device":"0x1","Contact":1}"#, "door_open=true"),
        (r#"{"ZbReceived":{"Device":"0x1","Power":2,"0006!02":""}}"#, "button_press=toggle"),
        (
            r#"{"LwReceived":{"0x4AD6":{"Device":"0x4AD6","DoorOpen":1,"Battery":3.0,"RSSI":-50}}}"#,
            "door_open=true battery_voltage=3 rssi=-50",
        ),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

fn devices(topic: &str, captured: &str, payload: &str) -> Vec<String> {
    let mut out = Decoded::default();
    let message = message(topic, payload.as_bytes());
    let outcome = decoder().decode(captured, &message, &mut Memory::default(), &mut out);
    assert_eq!(outcome, Ok(Outcome::Readings), "{payload}");
    out.devices.iter().map(|part| out.device_name(part, captured).to_owned()).collect()
}

#[test]
fn every_topic_names_a_device_the_same() {
    let named = r#"{"ZbReceived":{"Bad":{"Device":"0x8F20","Humidity":4}}}"#;
    let addressed = r#"{"ZbReceived":{"0x8F20":{"Name":"Bad","Device":"0x8F20","Humidity":4}}}"#;
    let bare = r#"{"0x8F20":{"Humidity":4}}"#;
    let unnamed = r#"{"ZbReceived":{"0x8F20":{"Humidity":4}}}"#;
    let keyless = r#"{"ZbReceived":{"Device":"0x8F20","Name":"Bad","Humidity":4}}"#;
    let unwrapped = r#"{"Device":"0x8F20","Humidity":4}"#;
    let beacons =
        r#"{"A-d8799d":{"Humidity":4},"A-d8799e":{"Humidity":5},"ESP32":{"Temperature":40}}"#;
    for (topic, captured, payload, expected) in [
        ("tele/plug/LWT", "plug", "Online", vec!["plug"]),
        ("plug/tele/SENSOR", "", r#"{"A":{"Humidity":4}}"#, vec!["plug"]),
        ("stat/plug/POWER", "plug", "ON", vec!["plug"]),
        ("tele/zb/SENSOR", "zb", named, vec!["zb/Bad"]),
        ("tele/zb/SENSOR", "zb", addressed, vec!["zb/Bad"]),
        ("tele/zb/8F20/SENSOR", "", addressed, vec!["zb/Bad"]),
        ("tele/zb/8F20/SENSOR", "", named, vec!["zb/Bad"]),
        ("tele/zb/8F20/SENSOR", "", unnamed, vec!["zb/0x8F20"]),
        ("tele/zb/SENSOR", "", unnamed, vec!["zb/0x8F20"]),
        ("tele/zb/8F20/SENSOR", "", bare, vec!["zb/0x8F20"]),
        ("tele/zb/8F20/SENSOR", "", keyless, vec!["zb/Bad"]),
        ("tele/zb/Bad/SENSOR", "", keyless, vec!["zb/Bad"]),
        ("tele/zb/SENSOR", "", keyless, vec!["zb/Bad"]),
        ("tele/zb/8F20/SENSOR", "", unwrapped, vec!["zb/0x8F20"]),
        ("tele/zb/Oak/SENSOR", "", unnamed, vec!["zb/Oak/0x8F20"]),
        ("tele/home/BME280/SENSOR", "", r#"{"BME280":{"Humidity":4}}"#, vec!["home/BME280"]),
        ("tele/zb/SENSOR", "", bare, vec!["zb/0x8F20"]),
        ("tele/ble/SENSOR", "ble", beacons, vec!["A-d8799d", "A-d8799e", "ble"]),
    ] {
        assert_eq!(devices(topic, captured, payload), expected, "{topic} {payload}");
    }
}

#[test]
fn long_keys_are_not_copied_for_each_value() {
    let payload = format!(
        r#"{{"A":{{"{}":{{{}"b":1}}}},"B":{{"Humidity":4}}}}"#,
        "k".repeat(60_000),
        r#""a":1,"#.repeat(10_000)
    );
    let mut out = Decoded::default();
    let message = message("tele/plug/SENSOR", payload.as_bytes());
    let decoder = decoder();
    let used = allocation_counter::measure(|| {
        let _outcome = decoder.decode("", &message, &mut Memory::default(), &mut out);
    });
    assert!(used.bytes_total < 1 << 20, "{}", used.bytes_total);
    assert_eq!((out.readings.len(), out.unknown_keys), (1, 1));
}

#[test]
fn a_beacon_came_by_its_gateway() {
    let mut out = Decoded::default();
    let mut way = |gateway: &str| {
        let topic = format!("tele/{gateway}/SENSOR");
        let message = message(&topic, br#"{"A-d8799d":{"Humidity":4}}"#);
        decoder().decode("", &message, &mut Memory::default(), &mut out).unwrap();
        out.devices[0].way
    };
    assert_ne!(way("a"), way("b"));
    assert_ne!(way("a"), 0);
}

#[test]
fn local_times_need_a_zone() {
    let mut out = Decoded::default();
    let mut settings = DecoderSettings::new(&catalogue());
    let without = Tasmota::new(&settings).unwrap();
    settings.zone = TimeZone::get("Europe/Stockholm").ok();
    let with = Tasmota::new(&settings).unwrap();
    let at = |micros| DeviceTime::At(UnixMicros(micros));
    let day = 1_730_000_000_000_000; // 2024-10-27T03:33:20Z
    for (decoder, time, expected, is_ambiguous) in [
        (&without, r#""Time":"2024-07-01T12:00:00""#, DeviceTime::Unreadable, false),
        (&without, r#""Time":"2024-07-01T12:00:00+02:00""#, at(1_719_828_000_000_000), false),
        (
            &without,
            r#""Time":"2024-07-01T12:00:00","Epoch":1719828001"#,
            at(1_719_828_001_000_000),
            false,
        ),
        (&with, r#""Time":"2024-07-01T12:00:00""#, at(1_719_828_000_000_000), false),
        (&with, r#""Time":"2024-07-01T12:00:00Z""#, at(1_719_835_200_000_000), false),
        (&with, r#""Time":"2024-10-27T02:33:20""#, at(day - 7_200_000_000), true),
        (&with, r#""Time":"1970-01-01T01:00:05""#, at(5_000_000), false),
        (&with, r#""Time":"soon""#, DeviceTime::Unreadable, false),
        (&with, r#""Other":1"#, DeviceTime::Absent, false),
    ] {
        let payload = format!(r#"{{{time},"A":{{"Humidity":4}}}}"#);
        let mut message = message("tele/a/SENSOR", payload.as_bytes());
        message.received = Moment { wall: UnixMicros(day - 7_199_000_000), ..Moment::default() };
        out.clear();
        decoder.decode("", &message, &mut out).unwrap();
        assert_eq!(out.devices[0].measured_at, expected, "{time}");
        assert_eq!(out.devices[0].flags.has(ReportFlag::ClockAmbiguous), is_ambiguous, "{time}");
    }
}

#[test]
fn the_operator_says_what_a_contact_is() {
    let mut settings = DecoderSettings::new(&catalogue());
    let key = |key: &str, kind: &str| KeySettings {
        format: Format::Tasmota,
        key: key.to_owned(),
        term: TermSettings { kind: kind.to_owned(), ..TermSettings::default() },
    };
    settings.keys = Arc::new([
        key("Switch1", "bed_occupied"),
        key("ZbReceived/0500/alarm", "water_leak"),
        key("MCP230XX/D", "door_open"),
    ]);
    let decoder = Decoder::Tasmota(Tasmota::new(&settings).unwrap());
    for (payload, expected) in [
        (r#"{"Switch1":"ON"}"#, "bed_occupied=true"),
        (
            r#"{"ZbReceived":{"0x1":{"0500<00":"010000FF0000"}}}"#,
            "water_leak=true tamper=false battery_low=false",
        ),
        (r#"{"MCP230XX":{"D0":0,"D3":1}}"#, "door_open=false door_open#3=true"),
    ] {
        assert_eq!(told(&decoder, "tele/a/SENSOR", "", payload.as_bytes()), expected, "{payload}");
    }
}
