use crate::decode::{
    Decoded, Decoder, DecoderSettings, DeviceTime, Format, Memory, Outcome, Positions,
    tests::{catalogue, message, told},
};

const UP: &str = "v3/care@town/devices/bed-1/up";

fn things_stack() -> Decoder {
    Decoder::usual(Format::ThingsStack, &catalogue())
}

/// A message with these fields of the uplink.
fn uplink(fields: &str) -> String {
    format!(
        r#"{{"end_device_ids":{{"device_id":"bed-1","dev_eui":"70B3D500AA000001"}},
        "received_at":"2025-03-04T05:06:09.100000001Z","uplink_message":{{{fields}}}}}"#
    )
}

#[test]
fn values_are_named_by_the_formatter() {
    for (fields, expected) in [
        (
            r#""decoded_payload":{"temperature":19.75,"humidity":44}"#,
            "air_temperature=19.75 relative_humidity=44",
        ),
        (
            r#""decoded_payload":{"temperature_1":19,"temperature_2":7}"#,
            "air_temperature#1=19 air_temperature#2=7",
        ),
        (r#""decoded_payload":{"button":"short"}"#, "button_press=short"),
        (r#""decoded_payload":{"pir":"trigger","daylight":"dark"}"#, "motion=true"),
        (r#""decoded_payload":{"pir":"normal"}"#, "motion=false"),
        (r#""decoded_payload":{"battery":91}"#, "battery_level=91~"),
        (r#""decoded_payload":{"temperature":{"unit":"°F","value":212}}"#, "air_temperature=100"),
        (
            r#""decoded_payload":{"temperature":{"value":5,"unit":"lx"}}"#,
            "-air_temperature:unit_mismatch",
        ),
        (r#""decoded_payload":{"water_leak":"leak"}"#, "water_leak=true"),
        (
            r#""decoded_payload":{"door":"open","tamper_status":"installed"}"#,
            "door_open=true tamper=false",
        ),
        (
            r#""decoded_payload":{"BatV":3.1,"TempC_SHT":"21.5"}"#,
            "battery_voltage=3.1 air_temperature=21.5",
        ),
        (
            r#""decoded_payload":{"co2":"much","temperature":20}"#,
            "air_temperature=20 -co2:number_unreadable",
        ),
        (r#""decoded_payload":{"sn":"67","uptime":5}"#, "none no_known_key"),
        (r#""decoded_payload":{"temperature":null}"#, "none no_value"),
        (r#""frm_payload":"AQI=","f_port":2"#, "none no_known_key"),
        (r#""rx_metadata":[{"rssi":-112,"snr":-3},{"rssi":-97},{"gateway_ids":{}}]"#, "rssi=-97"),
        (
            r#""last_battery_percentage":{"f_cnt":3,"value":76.5,"received_at":"2025-03-04T01:00:00Z"}"#,
            "battery_level=76.5",
        ),
        (
            r#""decoded_payload":{"temperature":90,"co2":600},"normalized_payload":[{"air":{"temperature":18.5},"battery":3.6}]"#,
            "co2=600 air_temperature=18.5 battery_voltage=3.6~",
        ),
        (
            r#""normalized_payload":[{"time":"2025-03-04T05:00:00Z","air":{"temperature":18}},{"air":{"temperature":19}}]"#,
            "air_temperature=18 air_temperature=19",
        ),
        (r#""decoded_payload":{"latitude":59.3,"longitude":18.1}"#, "none position"),
    ] {
        assert_eq!(told(&things_stack(), UP, "", uplink(fields).as_bytes()), expected, "{fields}");
    }
}

#[test]
fn makers_have_words_and_units_of_their_own() {
    for (fields, expected) in [
        (r#""decoded_payload":{"battery":97.5}"#, "battery_level=97.5~"),
        (r#""decoded_payload":{"battery":3}"#, "battery_level=3~"),
        (r#""decoded_payload":{"battery":3.6}"#, "battery_voltage=3.6~"),
        (r#""decoded_payload":{"battery_percent":3.6}"#, "battery_level=3.6"),
        (r#""decoded_payload":{"motion":7}"#, "motion=true"),
        (r#""decoded_payload":{"motion":0,"occupancy":2}"#, "motion=false presence=true"),
        (r#""decoded_payload":{"motion":"off"}"#, "motion=false"),
        (r#""decoded_payload":{"motion":-1}"#, "-motion:state_unreadable"),
        (
            r#""decoded_payload":{"temperature":20,"externalTemperature":-18.5}"#,
            "air_temperature=20 air_temperature#1=-18.5",
        ),
        (
            r#""decoded_payload":{"TempC_SHT":20,"TempC_DS":-327.68,"TempC2":"5.0"}"#,
            "air_temperature=20 air_temperature#2=5",
        ),
        (
            r#""decoded_payload":{"co2":500,"history":[{"timestamp":1,"co2":900},{"co2":800}]}"#,
            "co2=500",
        ),
        (r#""decoded_payload":{"button_event":"double press"}"#, "button_press=double"),
        (r#""decoded_payload":{"button_1":1,"button_0":0}"#, "button_press#1=press"),
        (r#""decoded_payload":{"fall_status":"fall"}"#, "fall"),
        (r#""decoded_payload":{"fall_status":"normal"}"#, "none no_value"),
        (r#""decoded_payload":{"ALARM_status":"TRUE"}"#, "sos"),
        (r#""decoded_payload":{"ALARM_status":"FALSE"}"#, "none no_value"),
        (r#""decoded_payload":{"pir_status":"trigger"}"#, "motion=true"),
        (r#""decoded_payload":{"open":true,"bat":3.5}"#, "door_open=true battery_voltage=3.5~"),
        (
            r#""decoded_payload":{"air_humidity":{"value":40.5,"unit":"%"},"temperature":"N/A"}"#,
            "relative_humidity=40.5",
        ),
    ] {
        assert_eq!(told(&things_stack(), UP, "", uplink(fields).as_bytes()), expected, "{fields}");
    }
}

#[test]
fn other_topics_hold_no_reading() {
    let body = uplink(r#""decoded_payload":{"temperature":19}"#);
    for (topic, expected) in [
        ("v3/care/devices/bed-1/join", "none status"),
        ("v3/care/devices/bed-1/service/data", "none status"),
        ("v3/care/devices/bed-1/down/ack", "none acknowledgement"),
        ("v3/care/devices/bed-1/down/push", "none command"),
    ] {
        assert_eq!(told(&things_stack(), topic, "", body.as_bytes()), expected, "{topic}");
    }
    assert_eq!(told(&things_stack(), UP, "", b" "), "none empty");
    assert_eq!(told(&things_stack(), UP, "", b"[]"), "error json_shape");
    let simulated = r#"{"simulated":true,"uplink_message":{"decoded_payload":{"temperature":19}}}"#;
    assert_eq!(told(&things_stack(), UP, "", simulated.as_bytes()), "none simulated");
}

/// Name, counter and time.
fn head(topic: &str, captured: &str, body: &str) -> (String, Option<u64>, DeviceTime) {
    let mut out = Decoded::default();
    let message = message(topic, body.as_bytes());
    let outcome = things_stack().decode(captured, &message, &mut Memory::default(), &mut out);
    assert_eq!(outcome, Ok(Outcome::Readings));
    let part = &out.devices[0];
    (out.device_name(part, captured).to_owned(), part.sequence, part.measured_at)
}

#[test]
fn a_missing_counter_is_zero_and_the_best_time_counts() {
    let at = |second: i64| DeviceTime::At(crate::model::UnixMicros(1_741_064_760_000_000 + second));
    let payload = r#""decoded_payload":{"temperature":19}"#;
    for (fields, sequence, time) in [
        ("", 0, at(9_100_000)),
        (r#","f_cnt":41,"received_at":"2025-03-04T05:06:08.900Z""#, 41, at(8_900_000)),
        (
            r#","received_at":"2025-03-04T05:06:08.900Z","rx_metadata":[{"time":"2025-03-04T05:06:08.5Z"},{"time":"2025-03-04T05:06:08.25Z"},{}]"#,
            0,
            at(8_250_000),
        ),
        (
            r#","received_at":"2025-03-04T05:06:08.900Z","rx_metadata":[{"time":"1980-01-06T00:00:00Z"}]"#,
            0,
            at(8_900_000),
        ),
    ] {
        let body = uplink(&format!("{payload}{fields}"));
        assert_eq!(
            head(UP, "", &body),
            ("70B3D500AA000001".to_owned(), Some(sequence), time),
            "{fields}"
        );
    }
}

#[test]
fn a_device_without_a_number_has_its_name() {
    let fields = r#""uplink_message":{"decoded_payload":{"temperature":19}}"#;
    let body = format!(r#"{{"end_device_ids":{{"device_id":"bed-2"}},{fields}}}"#);
    assert_eq!(head(UP, "x", &body).0, "bed-2");
    let body = format!("{{{fields}}}");
    assert_eq!(head(UP, "", &body).0, "bed-1");
    assert_eq!(head(UP, "captured", &body).0, "captured");
}

#[test]
fn a_solved_location_follows_the_policy() {
    let mut settings = DecoderSettings::new(&catalogue());
    let body = br#"{"end_device_ids":{"device_id":"b"},"location_solved":{"location":{"latitude":59.336,"longitude":18.061,"accuracy":40}}}"#;
    for (positions, expected) in [
        (Positions::Discard, "none position"),
        (Positions::Round, "latitude=59.34 longitude=18.06"),
        (Positions::Keep, "latitude=59.336 longitude=18.061 position_accuracy=40"),
    ] {
        settings.positions = positions;
        let decoder = Decoder::new(Format::ThingsStack, &settings).unwrap();
        let topic = "v3/care/devices/b/location/solved";
        assert_eq!(told(&decoder, topic, "", body), expected);
    }
}
