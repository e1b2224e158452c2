use std::fmt::Write;

use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    decode::{
        Decoder, Outcome, READINGS_MAX,
        tests::{assert_whole, catalogue, message, told},
    },
    model::UnixMicros,
};

fn of(payload: &str) -> String {
    told(
        &Decoder::usual(crate::decode::Format::Json, &catalogue()),
        "t",
        "captured",
        payload.as_bytes(),
    )
}

fn decoded(payload: &str) -> Decoded {
    let mut out = Decoded::default();
    let decoder = Decoder::usual(crate::decode::Format::Json, &catalogue());
    let outcome = decoder.decode(
        "captured",
        &message("t", payload.as_bytes()),
        &mut crate::decode::Memory::default(),
        &mut out,
    );
    assert_eq!(outcome, Ok(Outcome::Readings), "{payload}");
    assert_whole(&out);
    out
}

#[test]
fn both_forms_are_read() {
    for (payload, expected) in [
        (r#"{"readings":[{"kind":"heart_rate","value":61,"unit":"/min"}]}"#, "heart_rate=61"),
        (r#"{"kind":"heart_rate","value":61,"unit":"/min"}"#, "heart_rate=61"),
        (r#"{"value":61,"unit":"bpm","kind":"heart_rate"}"#, "heart_rate=61"),
        (
            r#"{"kind":"spo2","value":97,"readings":[{"kind":"motion","value":true}]}"#,
            "motion=true spo2=97~",
        ),
        (
            r#"[{"kind":"sos"},{"readings":[{"kind":"fall"},{"kind":"motion","value":"off"}]}]"#,
            "sos fall motion=false",
        ),
        (r#"{"readings":[]}"#, "none no_known_key"),
        ("[]", "none no_known_key"),
        ("  ", "none empty"),
        ("{}", "error json_shape"),
        (r#"{"value":61}"#, "error json_shape"),
        (r#"[{"kind":"sos"},{}]"#, "error json_shape"),
        (r#"[[{"kind":"sos"}]]"#, "error json_shape"),
        (r#"{"readings":{"kind":"sos"}}"#, "error json_shape"),
        (r#"{"readings":null}"#, "error json_shape"),
        ("3", "error json_shape"),
        (r#"{"kind":"sos"}x"#, "error json_malformed"),
        (r#"{"kind":"sos""#, "error json_malformed"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn values_follow_their_kind() {
    for (payload, expected) in [
        (r#"{"kind":"air_temperature","value":70.7,"unit":"F"}"#, "air_temperature=21.5"),
        (r#"{"kind":"air_temperature","value":21.5,"unit":"\u00b0C"}"#, "air_temperature=21.5"),
        (r#"{"kind":"air_temperature","value":"21.5","unit":null}"#, "air_temperature=21.5~"),
        (r#"{"kind":"air_temperature","value":21.5,"unit":""}"#, "air_temperature=21.5~"),
        (r#"{"kind":"link_quality","value":21}"#, "link_quality=21"),
        (r#"{"kind":"battery_voltage","value":2905,"unit":"mV"}"#, "battery_voltage=2.905"),
        (
            r#"{"kind":"air_temperature","value":1,"unit":"parsec"}"#,
            "-air_temperature:unit_unknown",
        ),
        (r#"{"kind":"air_temperature","value":1,"unit":5}"#, "-air_temperature:unit_unknown"),
        (r#"{"kind":"air_temperature","value":1,"unit":"kg"}"#, "-air_temperature:unit_mismatch"),
        (r#"{"kind":"motion","value":true,"unit":"1"}"#, "motion=true"),
        (r#"{"kind":"motion","value":true,"unit":"Cel"}"#, "-motion:unit_mismatch"),
        (r#"{"kind":"door_open","value":"open"}"#, "door_open=true"),
        (r#"{"kind":"sleep_stage","value":"rem"}"#, "sleep_stage=rem"),
        (r#"{"kind":"lock_state","value":"unknown"}"#, "lock_state=unknown"),
        (r#"{"kind":"sleep_stage","value":"dreaming"}"#, "-sleep_stage:category_unknown"),
        (r#"{"kind":"sleep_stage","value":1}"#, "-sleep_stage:value_type"),
        (r#"{"kind":"sos","value":true}"#, "sos"),
        (r#"{"kind":"sos"}"#, "sos"),
        (r#"{"kind":"sos","value":false}"#, "none no_value"),
        (r#"{"kind":"sos","value":null}"#, "none no_value"),
        (r#"{"kind":"heart_rate","value":0}"#, "none no_value"),
        (r#"{"kind":"step_count","value":-1}"#, "none no_value"),
        (r#"{"kind":"heart_rate"}"#, "-heart_rate:value_missing"),
        (r#"{"kind":"heart_rate","value":null}"#, "none no_value"),
        (r#"{"kind":"heart_rate","value":[61]}"#, "-heart_rate:value_type"),
        (r#"{"kind":"horoscope","value":61}"#, "-?:kind_unknown"),
        (r#"{"kind":5,"value":61}"#, "-?:kind_unknown"),
        (
            r#"{"readings":[1,null,"x",[2],{"kind":"motion","value":true},{}]}"#,
            "motion=true -?:reading_shape -?:reading_shape -?:reading_shape -?:reading_shape -?:kind_unknown",
        ),
        (r#"{"kind":"motion","value":true,"value":false}"#, "motion=false"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn samples_are_one_reading() {
    let of_series = |rest: &str| of(&format!(r#"{{"kind":"acceleration",{rest}}}"#));
    let start = r#""start":"2024-03-01T07:00:00Z""#;
    for (rest, expected) in [
        (
            r#""unit":"[g]","channel":3,"series":{S,"rate_hz":32,"values":[0.5,"1"]}"#,
            "acceleration#3=[0.5, 1.0]/31250",
        ),
        (r#""series":{"values":[500],"period_ms":2.5,S},"unit":"mg""#, "acceleration=[0.5]/2500"),
        (r#""series":{"values":[1],"period_us":0,S}"#, "acceleration=[1.0]/0~"),
        (r#""series":{"values":[1],"values":[2],"period_us":9,S}"#, "acceleration=[2.0]/9~"),
        (r#""channel":2,"value":1,"unit":"[g]""#, "acceleration#2=1"),
        (r#""channel":-1,"value":1,"unit":"[g]""#, "-acceleration:reading_shape"),
        (r#""unit":"kg","series":{S,"rate_hz":32,"values":[1]}"#, "-acceleration:unit_mismatch"),
        (r#""value":1,"series":{S,"rate_hz":32,"values":[1]}"#, "-acceleration:series_shape"),
        (r#""series":{"rate_hz":32,"values":[1]}"#, "-acceleration:series_shape"),
        (r#""series":{S,"values":[1]}"#, "-acceleration:series_shape"),
        (r#""series":{S,"rate_hz":32,"period_ms":2,"values":[1]}"#, "-acceleration:series_shape"),
        (r#""series":{S,"rate_hz":0,"values":[1]}"#, "-acceleration:series_shape"),
        (r#""series":{S,"period_us":-1,"values":[1]}"#, "-acceleration:series_shape"),
        (r#""series":{S,"rate_hz":32,"values":[]}"#, "-acceleration:series_shape"),
        (r#""series":{S,"rate_hz":32,"values":[1,null]}"#, "-acceleration:series_shape"),
        (r#""series":{S,"rate_hz":32,"values":[1,"x"]}"#, "-acceleration:number_unreadable"),
        (r#""series":{S,"rate_hz":32,"values":{"a":1}}"#, "-acceleration:series_shape"),
        (r#""series":[1,2]"#, "-acceleration:series_shape"),
        (r#""series":{S,"rate_hz":32,"values":[1e300]}"#, "-acceleration:not_finite"),
    ] {
        let rest = rest.replace('S', start);
        assert_eq!(of_series(&rest), expected, "{rest}");
    }
    assert_eq!(
        of(&r#"{"kind":"motion","series":{S,"rate_hz":1,"values":[1]}}"#.replace('S', start)),
        "-motion:value_type"
    );
    let many =
        format!(r#""series":{{{start},"rate_hz":32,"values":[{}]}}"#, vec!["1"; 65_537].join(","));
    assert_eq!(of_series(&many), "-acceleration:series_shape");
}

#[test]
fn a_series_is_as_old_as_its_last_sample() {
    let axis = r#"{"kind":"acceleration","unit":"[g]","series":{"start":1709276400,"rate_hz":4,"values":[0,0,1]}}"#;
    let out = decoded(&format!(r#"{{"readings":[{axis},{{"kind":"sos","time":1709276400}}]}}"#));
    assert_eq!(out.devices[0].measured_at, DeviceTime::At(UnixMicros(1_709_276_400_500_000)));
    assert_eq!(out.readings[0].measured_at, None);
    let own = axis.replace(r#""unit""#, r#""time":1709276401,"unit""#);
    assert_eq!(
        decoded(&own).devices[0].measured_at,
        DeviceTime::At(UnixMicros(1_709_276_401_000_000))
    );
}

#[test]
fn a_report_says_who_and_when() {
    let out = decoded(
        r#"{"device":"bed 4","time":"2024-11-23T15:14:12+01:00","sequence":"17","historical":true,
            "firmware":{"x":[1]},"readings":[
                {"kind":"heart_rate","value":61,"time":1732371252,"room":"a"},
                {"kind":"heart_rate","value":62,"time":1732371250}]}"#,
    );
    let part = &out.devices[0];
    let time = UnixMicros(1_732_371_252_000_000);
    assert_eq!(out.device_name(part, "captured"), "bed 4");
    assert_eq!(part.measured_at, DeviceTime::At(time));
    assert_eq!(part.sequence, Some(17));
    assert!(part.flags.has(ReportFlag::Historical));
    assert_eq!(out.unknown_keys, 2);
    assert_eq!(out.readings[0].measured_at, None);
    assert_eq!(out.readings[1].measured_at, Some(UnixMicros(1_732_371_250_000_000)));
}

#[test]
fn a_report_without_a_time_takes_its_newest_reading_s() {
    let times = |first: &str, second: &str| {
        decoded(&format!(r#"{{"readings":[{{"kind":"sos"{first}}},{{"kind":"fall"{second}}}]}}"#))
    };
    let out = times(r#","time":1732371250"#, r#","time":1732371252"#);
    assert_eq!(out.devices[0].measured_at, DeviceTime::At(UnixMicros(1_732_371_252_000_000)));
    assert_eq!(out.readings[0].measured_at, Some(UnixMicros(1_732_371_250_000_000)));
    assert_eq!(out.readings[1].measured_at, None);

    let out = times(r#","time":1732371250"#, "");
    assert_eq!(out.devices[0].measured_at, DeviceTime::Absent);
    assert_eq!(out.readings[0].measured_at, Some(UnixMicros(1_732_371_250_000_000)));

    let out = times(r#","time":"noon""#, "");
    assert!(out.devices[0].flags.has(ReportFlag::ClockUnreadable));
    let out = decoded(r#"{"kind":"sos","time":"noon"}"#);
    assert_eq!(out.devices[0].measured_at, DeviceTime::Unreadable);
}

#[test]
fn a_bundle_keeps_its_devices_apart() {
    let out = decoded(
        r#"[{"device":"a","kind":"sos"},
            {"device":7,"sequence":-1,"readings":[{"kind":"fall"},{"kind":"motion","value":true}]},
            {"device":"","readings":[{"kind":"horoscope"}]}]"#,
    );
    let names: Vec<_> = out.devices.iter().map(|part| out.device_name(part, "captured")).collect();
    assert_eq!(names, ["a", "7", "captured"]);
    let counts: Vec<_> = out.devices.iter().map(|part| out.readings_of(part).len()).collect();
    assert_eq!(counts, [1, 2, 0]);
    assert_eq!(out.devices[1].sequence, None);
    assert_eq!(out.refused_count, 1);
}

#[test]
fn a_message_has_its_bounds() {
    let many = |count: usize, reading: &str| {
        of(&format!(r#"{{"readings":[{}]}}"#, vec![reading; count].join(",")))
    };
    let good = r#"{"kind":"motion","value":true}"#;
    assert_eq!(many(READINGS_MAX, good).split(' ').count(), READINGS_MAX);
    assert_eq!(many(READINGS_MAX + 1, good), "error too_many_readings");
    assert_eq!(many(READINGS_MAX + 1, "0"), "error too_many_readings");
    assert_eq!(
        many(READINGS_MAX + 1, r#"{"kind":"motion","value":null}"#),
        "error too_many_readings"
    );
    assert_eq!(many(100, "0").split(' ').count(), 32);
    let empty = r#"{"readings":[]}"#;
    let bundle = |count| of(&format!("[{}]", vec![empty; count].join(",")));
    assert_eq!(bundle(READINGS_MAX), "none no_known_key");
    assert_eq!(bundle(READINGS_MAX + 1), "error too_many_readings");
    let named =
        |length: usize| of(&format!(r#"{{"device":"{}","kind":"sos"}}"#, "n".repeat(length)));
    assert_eq!(named(256), "sos");
    assert_eq!(named(257), "error device_name_too_long");
}

const BAD: [&str; 11] = [
    "null",
    "7",
    "\"x\"",
    "[]",
    "{}",
    r#"{"kind":"motion"}"#,
    r#"{"kind":"motion","value":"x"}"#,
    r#"{"kind":"power","value":"1 W"}"#,
    r#"{"kind":"power","value":1,"unit":"V"}"#,
    r#"{"kind":"nothing","value":{"a":[1]}}"#,
    r#"{"kind":"sos","value":"","time":"x"}"#,
];

proptest! {
    #[test]
    fn one_bad_reading_never_loses_its_neighbours(
        bad in proptest::collection::vec((0..20_usize, select(&BAD[..])), 0..6),
    ) {
        let mut list = String::new();
        for at in 0..20 {
            for (_, bad) in bad.iter().filter(|(place, _)| *place == at) {
                write!(list, "{bad},").unwrap();
            }
            write!(list, r#"{{"kind":"link_quality","value":{at}}},"#).unwrap();
        }
        let out = decoded(&format!(r#"{{"readings":[{}]}}"#, list.trim_end_matches(',')));
        let numbers: Vec<_> = out.readings.iter().map(|reading| reading.value).collect();
        let expected: Vec<_> =
            (0_u32..20).map(|at| crate::model::Value::Number(f64::from(at))).collect();
        prop_assert_eq!(numbers, expected);
        prop_assert_eq!((out.refused_count + out.absent) as usize, bad.len());
    }
}
