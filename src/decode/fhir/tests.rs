use super::*;
use crate::{
    decode::{
        Decoder, DeviceTime, Memory, Outcome,
        tests::{catalogue, message, told},
        vocabulary::mistakes,
    },
    model::{ReadingFlag, UnixMicros},
};

fn decoder() -> Decoder {
    Decoder::usual(Format::Fhir, &catalogue())
}

fn of(payload: &str) -> String {
    told(&decoder(), "fhir/x", "band", payload.as_bytes())
}

fn observation(status: &str, loinc: &str, rest: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","status":"{status}","code":{{"coding":[
            {{"system":"http://example.org","code":"{loinc}"}},{{"system":"http://loinc.org","code":"{loinc}"}}]}},
            "subject":{{"reference":"Patient/astrid"}},{rest}}}"#
    )
}

const RATE: &str =
    r#""valueQuantity":{"value":61,"system":"http://unitsofmeasure.org","code":"/min"}"#;

fn decoded(payload: &str) -> Decoded {
    let mut out = Decoded::default();
    let outcome = decoder().decode(
        "band",
        &message("t", payload.as_bytes()),
        &mut Memory::default(),
        &mut out,
    );
    assert_eq!(outcome, Ok(Outcome::Readings), "{payload}");
    out
}

#[test]
fn every_row_of_the_table_is_right() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn only_a_final_status_carries_a_value() {
    for (status, expected) in [
        ("final", "heart_rate=61"),
        ("amended", "heart_rate=61"),
        ("corrected", "heart_rate=61"),
        ("preliminary", "none withdrawn"),
        ("cancelled", "none withdrawn"),
        ("entered-in-error", "none withdrawn"),
        ("finished", "error rule_broken"),
    ] {
        assert_eq!(of(&observation(status, "8867-4", RATE)), expected, "{status}");
    }
    assert_eq!(of(r#"{"resourceType":"Observation"}"#), "error rule_broken");
    assert_eq!(of(r#"{"resourceType":"Patient","name":"x"}"#), "none description");
    assert_eq!(of("{}"), "error json_shape");
    assert_eq!(of(""), "none empty");
}

#[test]
fn values_come_in_many_forms() {
    let quantity = |text: &str| format!(r#""valueQuantity":{{{text}}}"#);
    for (code, rest, expected) in [
        (
            "29463-7",
            quantity(r#""value":140,"unit":"lbs","code":"[lb_av]""#),
            "body_weight=63.5029318",
        ),
        (
            "29463-7",
            quantity(r#""value":140,"unit":"kg","code":"[lb_av]""#),
            "-body_weight:unit_conflict",
        ),
        ("29463-7", quantity(r#""value":61,"unit":"kilogram","code":"kg""#), "body_weight=61"),
        ("29463-7", quantity(r#""value":61,"unit":"kg""#), "body_weight=61"),
        (
            "29463-7",
            quantity(r#""value":61,"unit":"kg","comparator":"<""#),
            "-body_weight:type_unsupported",
        ),
        ("29463-7", quantity(r#""unit":"kg""#), "-body_weight:value_missing"),
        ("8867-4", quantity(r#""value":61,"code":"{pulse}/min""#), "heart_rate=61"),
        ("59408-5", quantity(r#""value":97,"code":"%{saturation}""#), "spo2=97"),
        ("29463-7", quantity(r#""value":61,"code":"{pulse}/min""#), "-body_weight:unit_mismatch"),
        ("41950-7", r#""valueInteger":5120"#.to_owned(), "steps_day=5120~"),
        ("8867-4", r#""dataAbsentReason":{"text":"x"}"#.to_owned(), "none no_value"),
        ("8867-4", r#""note":[]"#.to_owned(), "-heart_rate:value_missing"),
        ("8867-4", r#""valueRange":{}"#.to_owned(), "-heart_rate:type_unsupported"),
        (
            "8361-8",
            r#""valueCodeableConcept":{"coding":[{"code":"0"},{"display":"Sitting"}]}"#.to_owned(),
            "body_posture=sitting",
        ),
        (
            "8361-8",
            r#""valueCodeableConcept":{"text":"flying"}"#.to_owned(),
            "-body_posture:category_unknown",
        ),
        ("0000-0", RATE.to_owned(), "none no_known_key"),
        ("85353-1", r#""hasMember":[]"#.to_owned(), "none no_known_key"),
    ] {
        assert_eq!(of(&observation("final", code, &rest)), expected, "{code} {rest}");
    }
}

#[test]
fn components_and_bundles_are_several_readings() {
    let component = |code: &str, value: &str| {
        format!(
            r#"{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},{value}}}"#
        )
    };
    let pressure = |value: u32| format!(r#""valueQuantity":{{"value":{value},"code":"mm[Hg]"}}"#);
    let rest = format!(
        r#""component":[{},{},{}]"#,
        component("8480-6", &pressure(121)),
        component("8462-4", &pressure(79)),
        component("8478-0", r#""dataAbsentReason":{}"#)
    );
    let panel = observation("final", "85354-9", &rest);
    assert_eq!(of(&panel), "systolic_bp=121 diastolic_bp=79");
    let bundle = format!(
        r#"{{"resourceType":"Bundle","entry":[{{"resource":{panel}}},{{"resource":{{"resourceType":"Device"}}}},
            {{"resource":{}}},{{}},{{"resource":{}}}]}}"#,
        observation("cancelled", "8867-4", RATE),
        observation(
            "final",
            "8867-4",
            &format!(r#"{RATE},"device":{{"reference":"Device/ring-2/_history/4"}}"#)
        ),
    );
    assert_eq!(of(&bundle), "systolic_bp=121 diastolic_bp=79 heart_rate=61");
    let out = decoded(&bundle);
    let names: Vec<_> = out.devices.iter().map(|part| out.device_name(part, "band")).collect();
    assert_eq!(names, ["band", "ring-2"]);
}

#[test]
fn what_one_entry_breaks_is_refused_alone() {
    let entries = [
        observation("final", "8867-4", RATE),
        observation("done", "8867-4", RATE),
        observation("entered-in-error", "8867-4", RATE),
        r#"{"resourceType":"Observation","status":"final"}"#.to_owned(),
        observation("final", "9279-1", &RATE.replace("61", "14")),
    ];
    let entries = entries.map(|resource| format!(r#"{{"resource":{resource}}}"#)).join(",");
    assert_eq!(
        of(&format!(r#"{{"resourceType":"Bundle","entry":[{entries}]}}"#)),
        "heart_rate=61 respiratory_rate=14 -?:reading_shape -?:reading_shape"
    );
    let broken = vec![r#"{"resource":{"resourceType":"Observation"}}"#; 1_001].join(",");
    assert_eq!(
        of(&format!(r#"{{"resourceType":"Bundle","entry":[{broken}]}}"#)),
        "error too_many_readings"
    );
}

/// `#dev` and an address made for one Bundle are the same text for everybody, or another each time.
#[test]
fn a_device_is_called_what_it_calls_itself() {
    let device = |rest: &str| format!(r#"{{"resourceType":"Device","id":"dev",{rest}}}"#);
    let serial = device(r#""serialNumber":"SN-7""#);
    let mac = device(r#""identifier":[{"system":"x"},{"value":"00-24-BE"}],"serialNumber":"SN-7""#);
    let inside = |device: &str, reference: &str| {
        let rest = format!(
            r#"{RATE},"contained":[{{"id":"x"}},{device}],"device":{{"reference":"{reference}"}}"#
        );
        observation("final", "8867-4", &rest)
    };
    let bundle = |device: &str, reference: &str| {
        let rest = format!(r#"{RATE},"device":{{"reference":"{reference}"}}"#);
        let entry = observation("final", "8867-4", &rest);
        format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{entry}}},
            {{"fullUrl":"urn:uuid:1","resource":{device}}}]}}"#
        )
    };
    for (payload, expected) in [
        (inside(&serial, "#dev"), "SN-7"),
        (inside(&mac, "#dev"), "00-24-BE"),
        (inside(&device(r#""status":"active""#), "#dev"), "band"),
        (inside(&serial, "#other"), "band"),
        (inside(&serial, "Device/ring-2"), "ring-2"),
        (bundle(&mac, "urn:uuid:1"), "00-24-BE"),
        (bundle(&device(r#""status":"active""#), "urn:uuid:1"), "band"),
        (bundle(&mac, "urn:uuid:2"), "urn:uuid:2"),
    ] {
        let out = decoded(&payload);
        assert_eq!(out.device_name(&out.devices[0], "band"), expected, "{payload}");
    }
}

#[test]
fn codes_of_other_systems_are_read() {
    let of = |system: &str, code: &str, value: &str| {
        of(&observation("final", code, value).replace("http://loinc.org", system))
    };
    let sct = "http://snomed.info/sct";
    let mdc = "urn:iso:std:iso:11073:10101";
    let glucose = r#""valueQuantity":{"value":90,"code":"mg/dL"}"#;
    let weight = r#""valueQuantity":{"value":61,"code":"kg"}"#;
    for (system, code, value, expected) in [
        (sct, "364075005", RATE, "heart_rate=61"),
        (sct, "27113001", weight, "body_weight=61"),
        (mdc, "149546", RATE, "heart_rate=61"),
        (mdc, "160184", glucose, "blood_glucose=4.995670418970226"),
        ("http://loinc.org", "8889-8", RATE, "heart_rate=61"),
        ("http://loinc.org", "2345-7", glucose, "blood_glucose=4.995670418970226"),
        ("http://example.org/other", "8867-4", RATE, "none no_known_key"),
    ] {
        assert_eq!(of(system, code, value), expected, "{system} {code}");
    }
}

#[test]
fn a_day_is_no_moment_and_a_period_ends() {
    let at = |micros| DeviceTime::At(UnixMicros(micros));
    for (when, expected, is_summary) in [
        (r#""effectiveDateTime":"2024-03-01T08:00:00+01:00""#, at(1_709_276_400_000_000), false),
        (r#""effectiveInstant":"2024-03-01T07:00:00.5Z""#, at(1_709_276_400_500_000), false),
        (r#""effectiveDateTime":"2024-03-01""#, DeviceTime::Unreadable, false),
        (r#""effectiveDateTime":"2024""#, DeviceTime::Unreadable, false),
        (
            r#""effectivePeriod":{"start":"2024-03-01T06:00:00Z","end":"2024-03-01T07:00:00Z"}"#,
            at(1_709_276_400_000_000),
            true,
        ),
        (r#""effectivePeriod":{"start":"2024-03-01T06:00:00Z"}"#, DeviceTime::Unreadable, true),
        (r#""effectivePeriod":{}"#, DeviceTime::Absent, false),
        (r#""issued":"2024-03-01T06:00:00Z""#, DeviceTime::Absent, false),
    ] {
        let out = decoded(&observation("final", "8867-4", &format!("{RATE},{when}")));
        assert_eq!(out.devices[0].measured_at, expected, "{when}");
        assert_eq!(out.readings[0].flags.has(ReadingFlag::Summary), is_summary, "{when}");
    }
    let night = r#""valueQuantity":{"value":7.5,"code":"h"},
        "effectivePeriod":{"start":"2024-03-01T00:00:00Z","end":"2024-03-01T07:30:00Z"}"#;
    let out = decoded(&observation("final", "93832-4", night));
    assert!(!out.readings[0].flags.has(ReadingFlag::Summary), "an amount is one of its span");
}

#[test]
fn sampled_data_is_a_series_a_dimension() {
    let sampled = |rest: &str| {
        let when = r#""effectiveDateTime":"2024-03-01T08:00:00+01:00""#;
        let origin = r#""origin":{"value":60,"code":"/min"}"#;
        let data = format!(r#"{when},"valueSampledData":{{{origin},{rest}}}"#);
        of(&observation("final", "8867-4", &data))
    };
    for (rest, expected) in [
        (r#""period":500,"dimensions":1,"data":"1 2 -3""#, "heart_rate=[61.0, 62.0, 57.0]/500000"),
        (
            r#""period":500,"factor":2,"dimensions":1,"data":"1 2""#,
            "heart_rate=[62.0, 64.0]/500000",
        ),
        (
            r#""interval":2,"intervalUnit":"s","dimensions":2,"data":"1 2 3 4""#,
            "heart_rate#1=[61.0, 63.0]/2000000 heart_rate#2=[62.0, 64.0]/2000000",
        ),
        (
            r#""period":1000,"dimensions":1,"data":"1 E 2 3 L U 4""#,
            "heart_rate=[61.0]/1000000 heart_rate=[62.0, 63.0]/1000000 heart_rate=[64.0]/1000000",
        ),
        (r#""period":0,"dimensions":1,"data":"1""#, "-heart_rate:series_shape"),
        (r#""dimensions":1,"data":"1""#, "-heart_rate:series_shape"),
        (r#""period":1,"dimensions":2,"data":"1 2 3""#, "-heart_rate:series_shape"),
        (r#""period":1,"dimensions":1,"data":"one""#, "-heart_rate:series_shape"),
        (r#""period":1,"dimensions":1,"data":"E""#, "-heart_rate:series_shape"),
        (r#""period":1,"dimensions":99,"data":"1""#, "-heart_rate:series_shape"),
    ] {
        assert_eq!(sampled(rest), expected, "{rest}");
    }
    let undated = observation(
        "final",
        "8867-4",
        r#""valueSampledData":{"origin":{"value":60},"period":1,"dimensions":1,"data":"1"}"#,
    );
    assert_eq!(of(&undated), "-heart_rate:series_shape");
    let gap = r#""effectiveDateTime":"2024-03-01T07:00:00Z","valueSampledData":{"origin":{"value":60,"code":"/min"},"period":1000,"dimensions":1,"data":"1 E 2"}"#;
    let out = decoded(&observation("final", "8867-4", gap));
    let crate::model::Value::Series(second) = out.readings[1].value else { panic!("no series") };
    assert_eq!(out.series.get(second).start, UnixMicros(1_709_276_402_000_000), "behind the gap");
}
