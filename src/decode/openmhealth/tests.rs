use super::*;
use crate::{
    decode::{
        Decoder, Memory, Outcome,
        tests::{catalogue, message, told},
        vocabulary::mistakes,
    },
    model::UnixMicros,
};

const AT: &str = r#""effective_time_frame":{"date_time":"2024-03-01T08:00:00+01:00"}"#;

fn decoder() -> Decoder {
    Decoder::usual(Format::OpenMHealth, &catalogue())
}

fn at(schema: &str, body: &str) -> String {
    told(&decoder(), &format!("omh/{schema}"), "watch", body.as_bytes())
}

fn of(body: &str) -> String {
    told(&decoder(), "homes/h1/omh/watch", "watch", body.as_bytes())
}

fn decoded(topic: &str, device: &str, body: &str) -> Decoded {
    let mut out = Decoded::default();
    let outcome = decoder().decode(
        device,
        &message(topic, body.as_bytes()),
        &mut Memory::default(),
        &mut out,
    );
    assert_eq!(outcome, Ok(Outcome::Readings), "{body}");
    out
}

#[test]
fn every_row_of_the_table_is_right() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn quantities_are_converted_by_their_unit() {
    for (body, expected) in [
        (r#"{"heart_rate":{"value":61,"unit":"beats/min"}}"#, "heart_rate=61"),
        (r#"{"body_temperature":{"value":98.6,"unit":"F"}}"#, "body_temperature=37"),
        (r#"{"body_temperature":{"value":310.15,"unit":"K"}}"#, "body_temperature=37"),
        (r#"{"body_weight":{"value":61500,"unit":"g"}}"#, "body_weight=61.5"),
        (r#"{"body_height":{"value":1.71,"unit":"m"}}"#, "body_height=171"),
        (r#"{"body_mass_index":{"value":21.5,"unit":"kg/m^2"}}"#, "bmi=21.5"),
        (r#"{"blood_glucose":{"value":5.5,"unit":"mmol/L"}}"#, "blood_glucose=5.5"),
        (
            r#"{"systolic_blood_pressure":{"value":121,"unit":"mmHg"},"diastolic_blood_pressure":{"value":79,"unit":"mmHg"}}"#,
            "systolic_bp=121 diastolic_bp=79",
        ),
        (
            r#"{"acceleration_x":{"value":9.80665,"unit":"m/s^2"},"acceleration_z":{"value":0,"unit":"m/s^2"}}"#,
            "acceleration#1=1 acceleration#3=0",
        ),
        (r#"{"step_count":731}"#, "step_count=731~"),
        (
            r#"{"total_sleep_time":{"value":7.5,"unit":"h"},"is_main_sleep":true}"#,
            "sleep_duration=450",
        ),
        (r#"{"activity_name":"walking","distance":{"value":2,"unit":"km"}}"#, "distance=2000"),
        (r#"{"ambient_sound":{"value":51,"unit":"dB"}}"#, "sound_level=51"),
        (r#"{"heart_rate":{"value":61,"unit":"furlong"}}"#, "-heart_rate:unit_unknown"),
        (r#"{"heart_rate":{"value":61,"unit":"kg"}}"#, "-heart_rate:unit_mismatch"),
        (r#"{"heart_rate":{"unit":"beats/min"}}"#, "-heart_rate:value_missing"),
        (r#"{"heart_rate":{"value":0,"unit":"beats/min"}}"#, "none no_value"),
        (r#"{"pace":{"value":9,"unit":"min/km"}}"#, "none no_known_key"),
        ("{}", "none no_known_key"),
        ("[]", "error json_shape"),
        ("  ", "none empty"),
    ] {
        assert_eq!(of(body), expected, "{body}");
    }
}

#[test]
fn a_body_is_held_to_its_schema() {
    let rate = r#"{"heart_rate":{"value":61,"unit":"beats/min"}"#;
    let timed = format!("{rate},{AT}}}");
    let wrong = "error rule_broken";
    for (schema, body, expected) in [
        ("omh/heart-rate/1.0", format!("{rate}}}"), "heart_rate=61"),
        ("omh/heart-rate/2.0", format!("{rate}}}"), wrong),
        ("omh/heart-rate/2.0", timed.clone(), "heart_rate=61"),
        ("omh/heart-rate/9.0", format!("{rate}}}"), "heart_rate=61"),
        ("omh/heart-rate/2.0", timed.replace("beats/min", "bpm"), wrong),
        ("omh/heart-rate/2.0", timed.replace("61", "\"61\""), wrong),
        ("omh/heart-rate/1.0", format!(r#"{rate},"descriptive_statistic":"least"}}"#), wrong),
        ("omh/blood-pressure/3.0", timed.clone(), wrong),
        ("omh/step-count/1.0", r#"{"step_count":731}"#.to_owned(), "step_count=731~"),
        ("omh/step-count/2.0", format!(r#"{{"step_count":731,{AT}}}"#), wrong),
        ("omh/header/1.2", "{}".to_owned(), wrong),
        ("ieee/body-posture/1.0", r#""sitting""#.to_owned(), "none no_known_key"),
        ("ieee/body-posture/1.0", r#""sittin""#.to_owned(), wrong),
        ("ieee/time-interval/1.0", "{}".to_owned(), wrong),
    ] {
        assert_eq!(at(schema, &body), expected, "{schema} {body}");
    }
}

/// A bracelet's day, and temperatures of places that are not the inside of the body.
#[test]
fn what_stands_beside_a_value_may_make_it_another_kind() {
    let steps = |end: &str| {
        format!(
            r#"{{"step_count":{{"value":21500,"unit":"steps"}},"effective_time_frame":{{"time_interval":
            {{"start_date_time":"2024-03-01T00:00:00Z","end_date_time":"2024-03-{end}Z"}}}}}}"#
        )
    };
    assert_eq!(of(&steps("02T00:00:00")), "steps_day=21500");
    assert_eq!(of(&steps("01T20:00:00")), "steps_day=21500");
    assert_eq!(of(&steps("01T19:59:59")), "step_count=21500");
    assert_eq!(of(&steps("02T04:00:01")), "step_count=21500");
    let ending = steps("02T00:00:00").replace(
        r#""start_date_time":"2024-03-01T00:00:00Z""#,
        r#""duration":{"value":1,"unit":"d"}"#,
    );
    assert_eq!(of(&ending), "steps_day=21500");
    for (location, expected) in [
        ("oral", "body_temperature=33.1"),
        ("forehead", "body_temperature=33.1"),
        ("wrist", "skin_temperature=33.1"),
        ("finger", "skin_temperature=33.1"),
        ("toe", "skin_temperature=33.1"),
    ] {
        let body = format!(
            r#"{{"body_temperature":{{"value":33.1,"unit":"C"}},"measurement_location":"{location}"}}"#
        );
        assert_eq!(of(&body), expected, "{location}");
    }
}

#[test]
fn a_list_is_several_data_points_and_one_that_is_wrong_is_alone() {
    let point = |name: &str, body: &str| {
        format!(
            r#"{{"header":{{"id":"1","creation_date_time":"2024-03-01T08:00:00Z","schema_id":
            {{"namespace":"omh","name":"{name}","version":"2.0"}}}},"body":{body}}}"#
        )
    };
    let rate =
        point("heart-rate", &format!(r#"{{"heart_rate":{{"value":61,"unit":"beats/min"}},{AT}}}"#));
    let weight =
        point("body-weight", &format!(r#"{{"body_weight":{{"value":160,"unit":"lb"}},{AT}}}"#));
    let half = format!(
        r#"[{{"heart_rate":{{"value":62,"unit":"beats/min"}},{AT}}},{{"heart_rate":{{"value":63,"unit":"beats/min"}}}}]"#
    );
    let broken = point("heart-rate", &half);
    assert_eq!(
        of(&format!("[{rate},{broken},7,{weight}]")),
        "heart_rate=61 body_weight=72.5747792 -?:reading_shape -?:reading_shape"
    );
    assert_eq!(of(&format!("[{broken}]")), "-?:reading_shape");
    for many in ["7", "{}"] {
        let many = vec![many; 1_001].join(",");
        assert_eq!(of(&format!("[{many}]")), "error too_many_readings", "devices, too");
    }
}

fn framed(frame: &str) -> String {
    format!(r#"{{"heart_rate":{{"value":61,"unit":"beats/min"}},"effective_time_frame":{frame}}}"#)
}

#[test]
fn a_span_ends_where_its_value_was_measured() {
    const EIGHT: i64 = 1_709_276_400_000_000;
    for (frame, expected) in [
        (r#"{"date_time":"2024-03-01T08:00:00+01:00"}"#, Some(0)),
        (r#"{"date_time":"2024-03-01T07:00:00"}"#, Some(0)),
        (
            r#"{"time_interval":{"start_date_time":"2024-03-01T07:00:00Z","end_date_time":"2024-03-01T07:10:00Z"}}"#,
            Some(600),
        ),
        (
            r#"{"time_interval":{"start_date_time":"2024-03-01T07:00:00Z","duration":{"value":1.5,"unit":"h"}}}"#,
            Some(5_400),
        ),
        (
            r#"{"time_interval":{"end_date_time":"2024-03-01T07:00:00Z","duration":{"value":2,"unit":"Mo"}}}"#,
            Some(0),
        ),
        (
            r#"{"time_interval":{"start_date_time":"2024-03-01T07:00:00Z","duration":{"value":2,"unit":"Mo"}}}"#,
            None,
        ),
        (r#"{"time_interval":{"date":"2024-03-01","part_of_day":"evening"}}"#, None),
    ] {
        let out = decoded("omh/watch", "watch", &framed(frame));
        let part = &out.devices[0];
        let at = expected.map(|after| DeviceTime::At(UnixMicros(EIGHT + after * 1_000_000)));
        assert_eq!(part.measured_at, at.unwrap_or(DeviceTime::Absent), "{frame}");
        assert_eq!(part.flags.has(ReportFlag::ClockUnreadable), expected.is_none(), "{frame}");
        let is_summary = out.readings[0].flags.has(ReadingFlag::Summary);
        assert_eq!(is_summary, frame.contains("time_interval"), "{frame}");
    }
    for wrong in [
        "{}",
        r#"{"date_time":"2024-03-01T08:00:00Z","time_interval":{"date":"2024-03-01","part_of_day":"evening"}}"#,
        r#"{"date_time":"soon"}"#,
        r#"{"date_time":"2024-03-01"}"#,
        r#"{"time_interval":{"start_date_time":"2024-03-01T07:00:00Z"}}"#,
        r#"{"time_interval":{"duration":{"value":2,"unit":"h"}}}"#,
        r#"{"time_interval":{"start_date_time":"2024-03-01T07:00:00Z","duration":{"value":2,"unit":"V"}}}"#,
        r#"{"time_interval":{"date":"2024-13-01","part_of_day":"evening"}}"#,
        r#"{"time_interval":{"date":"2024-03-01","part_of_day":"tea"}}"#,
    ] {
        assert_eq!(of(&framed(wrong)), "error rule_broken", "{wrong}");
    }
}

#[test]
fn a_statistic_is_no_present_value() {
    let of_statistic = |body: &str| {
        let text = format!("{{{body},{AT}}}");
        let mut out = Decoded::default();
        decoder()
            .decode("w", &message("t", text.as_bytes()), &mut Memory::default(), &mut out)
            .unwrap();
        out.readings
            .iter()
            .map(|reading| reading.flags.has(ReadingFlag::Summary))
            .collect::<Vec<_>>()
    };
    let rate = r#""heart_rate":{"value":61,"unit":"beats/min"}"#;
    let steps = r#""step_count":{"value":900,"unit":"steps"}"#;
    for (body, expected) in [
        (rate.to_owned(), vec![false]),
        (format!(r#"{rate},"descriptive_statistic":"minimum""#), vec![true]),
        (format!(r#"{rate},"descriptive_statistic":"variance""#), vec![]),
        (format!(r#"{steps},"descriptive_statistic":"sum""#), vec![false]),
        (format!(r#"{steps},"descriptive_statistic":"maximum""#), vec![true]),
    ] {
        assert_eq!(of_statistic(&body), expected, "{body}");
    }
    let daily = format!(
        r#"{{{steps},"descriptive_statistic":"average","descriptive_statistic_denominator":"d"}}"#
    );
    assert_eq!(of(&daily), "steps_day=900");
}

#[test]
fn a_header_says_what_its_body_is_and_whose_only_if_the_topic_does_not() {
    let point = |version: &str, body: &str| {
        format!(
            r#"{{"header":{{"id":"1","creation_date_time":"2024-03-01T08:00:00Z","user_id":"astrid",
                "schema_id":{{"namespace":"omh","name":"heart-rate","version":"{version}"}},
                "acquisition_provenance":{{"source_name":"Band","modality":"sensed"}}}},"body":{body}}}"#
        )
    };
    let rate = r#"{"heart_rate":{"value":61,"unit":"beats/min"}}"#;
    assert_eq!(of(&point("1.1", rate)), "heart_rate=61");
    assert_eq!(of(&point("2.0", rate)), "error rule_broken");
    assert_eq!(of(&point("1.0", rate).replace("\"id\"", "\"ident\"")), "error rule_broken");
    assert_eq!(of(&format!(r#"{{"body":{rate}}}"#)), "error rule_broken");
    let both = format!("[{rate},{}]", framed(r#"{"date_time":"2024-03-01T08:00:00Z"}"#));
    assert_eq!(of(&point("1.1", &both)), "heart_rate=61 heart_rate=61");
    let name = |device: &str| {
        let out = decoded("omh/x", device, &point("1.1", rate));
        out.device_name(&out.devices[0], device).to_owned()
    };
    assert_eq!((name("watch"), name("")), ("watch".to_owned(), "Band".to_owned()));
}

#[test]
fn a_position_is_kept_as_the_policy_says() {
    let body = format!(
        r#"{{"latitude":{{"value":59.12345,"unit":"deg"}},"longitude":{{"value":17.98765,"unit":"deg"}},{AT}}}"#
    );
    for (positions, expected) in [
        (Positions::Discard, "none position"),
        (Positions::Round, "latitude=59.12 longitude=17.99"),
        (Positions::Keep, "latitude=59.12345 longitude=17.98765"),
    ] {
        let mut settings = DecoderSettings::new(&catalogue());
        settings.positions = positions;
        let decoder = Decoder::new(Format::OpenMHealth, &settings).unwrap();
        assert_eq!(told(&decoder, "omh/omh/geoposition/1.0", "w", body.as_bytes()), expected);
    }
}
