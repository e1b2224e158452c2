//! What a recording may hold, and that every line of it has one answer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{super::Exit, tests::lines};

/// The fields every line has, whatever it is the answer to.
fn assert_fields(line: &Value) {
    let outcome = line["outcome"].as_str().unwrap();
    assert!(["readings", "no_reading", "refused"].contains(&outcome), "{line}");
    for field in ["format", "reason"] {
        let value = line.get(field).unwrap();
        assert!(value.is_string() || value.is_null(), "{line}");
    }
    let readings = line["readings"].as_array().unwrap();
    assert_eq!(readings.is_empty(), outcome != "readings", "{line}");
    for reading in readings {
        for field in ["device", "kind", "value", "unit", "measured_at", "flags"] {
            assert!(reading.get(field).is_some(), "{field}: {line}");
        }
    }
}

#[test]
fn whatever_a_line_is_it_has_one_answer() {
    let input = [
        r#"{"topic":"zigbee2mqtt/a","payload":{"battery":9}}"#,
        r#"{"topic":"zigbee2mqtt/a"}"#,
        r#"{"payload":"{}"}"#,
        r#"{"topic":"zigbee2mqtt/a","payload":null}"#,
        r#"{"topic":"zigbee2mqtt/a","payload_base64":"%%"}"#,
        r#"{"topic":"zigbee2mqtt/a","payload":"","retain":true,"seen":[1,{"a":null}]}"#,
        "null",
        "{",
        "   ",
        r#"{"topic":"","payload":"x"}"#,
        r#"{"topic":"zigbee2mqtt/a\u0000","payload":"x"}"#,
        r#"{"topic":"ruuvi/A/B","payload":[]}"#,
        r#"{"topic":"zigbee2mqtt/b","payload":"{\"battery\":8}"}"#,
    ];
    for end in ["\n", "\r\n"] {
        let (exit, out, err) = lines(&format!("\u{feff}{}", input.join(end)));
        assert_eq!((exit, out.len()), (Exit::Usage, input.len()), "{err}");
        out.iter().for_each(assert_fields);
        let bad = |line: &Value| line["reason"] == "line_malformed";
        let numbers: Vec<usize> =
            (1..).zip(&out).filter(|(_, line)| bad(line)).map(|(number, _)| number).collect();
        assert_eq!(numbers, [2, 3, 4, 5, 7, 8]);
        let named: Vec<String> = numbers.iter().map(|number| format!("line {number}: ")).collect();
        assert!(err.lines().zip(&named).all(|(line, start)| line.starts_with(start)), "{err}");
        assert_eq!(err.lines().count(), named.len());
        assert_eq!(out[4]["detail"], "line 5: payload_base64: expected base64");
        assert_eq!(out[8]["reason"], "line_empty");
        let devices = [0, 12].map(|at| out[at]["readings"][0]["device"].clone());
        assert_eq!(devices, ["a", "b"], "{out:?}");
    }
}

/// A metric of Sparkplug: name in field 1, alias in 2, type in 4, a double in 13.
fn metric(fields: &[&[u8]]) -> Vec<u8> {
    let fields = fields.concat();
    [&[0x12, u8::try_from(fields.len()).unwrap()], &*fields].concat()
}

fn double(number: f64) -> Vec<u8> {
    [&[0x69][..], &number.to_le_bytes()].concat()
}

/// One payload of Sparkplug as a line: time in field 1, metrics in 2, its number in 3.
fn sparkplug(topic: &str, number: u8, metrics: &[u8]) -> String {
    let payload = [&[0x08, 0xe8, 0x07][..], metrics, &[0x18, number]].concat();
    let payload = STANDARD.encode(payload);
    format!("{{\"topic\":\"spBv1.0/T/{topic}\",\"payload_base64\":\"{payload}\"}}\n")
}

#[test]
fn what_is_remembered_lasts_from_line_to_line() {
    let sequence = metric(&[b"\n\x05bdSeq", &[0x20, 8, 0x58, 0]]);
    let birth = metric(&[b"\n\x0btemperature", &[0x10, 5, 0x20, 10], &double(20.5)]);
    let change = metric(&[&[0x10, 5], &double(21.5)]);
    let (exit, out, err) = lines(
        &[
            sparkplug("DDATA/n/hall", 9, &change),
            sparkplug("NBIRTH/n", 0, &sequence),
            sparkplug("DBIRTH/n/hall", 1, &birth),
            sparkplug("DDATA/n/hall", 2, &change),
            r#"{"topic":"spBv1.0/T/DDATA/n/hall","payload_base64":"//8="}"#.to_owned(),
        ]
        .concat(),
    );
    assert_eq!((exit, err.as_str(), out.len()), (Exit::Done, "", 5));
    out.iter().for_each(assert_fields);
    let last_value = |line: &Value| {
        let last = line["readings"].as_array().unwrap().last();
        last.map(|reading| reading["value"].clone())
    };
    let values: Vec<_> = out.iter().map(last_value).collect();
    let [online, then, now] = [true.into(), 20.5.into(), 21.5.into()].map(Some);
    assert_eq!(values, [None, online, then, now, None], "{out:?}");
    let last = &out[4];
    assert_eq!(
        (&last["outcome"], &last["reason"]),
        (&"refused".into(), &"protobuf_malformed".into())
    );
    let first = &out[0];
    assert_eq!(first["outcome"], "refused", "its alias has no name yet: {first}");
}

#[test]
fn several_devices_of_a_message_have_their_readings() {
    let bundle = r#"{"topic":"tele/z/SENSOR","payload":{"ZbReceived":{"0x1":{"Temperature":20},"0x2":{"Temperature":21}}}}"#;
    let (_, out, _) = lines(bundle);
    let named = out[0]["readings"].as_array().unwrap();
    let named: Vec<_> = named
        .iter()
        .map(|reading| (reading["device"].as_str().unwrap(), &reading["value"]))
        .collect();
    let told: Vec<_> = named.iter().map(|(device, value)| format!("{device} {value}")).collect();
    assert_eq!(told, ["z/0x1 20.0", "z/0x2 21.0"]);
}
