//! From records to words, lines and JSON.

use jiff::tz::{Offset, TimeZone};
use prost::Message;

use super::{
    phrases::{OTHERS, STATES},
    unit, *,
};
use crate::{
    catalogue::{Catalogue, Kind, ValueType},
    model::Lane,
    wire::v1::{self, reading::Value as Wire},
};

const RECEIVED: i64 = 1_795_357_800_000_000;
const PSEUDONYM: &str = "0123456789abcdef0123456789abcdef";

fn reading(kind: &str, unit: &str, value: Wire) -> v1::Reading {
    v1::Reading { kind: kind.into(), unit: unit.into(), value: Some(value), ..Default::default() }
}

fn report(device: &str, room: &str, readings: Vec<v1::Reading>) -> v1::DeviceReport {
    v1::DeviceReport {
        event_id: (0..16).collect(),
        event_id_basis: v1::EventIdBasis::Reception.into(),
        device: device.into(),
        room: room.into(),
        received_at_us: RECEIVED,
        clock_source: v1::ClockSource::None.into(),
        readings,
        ..Default::default()
    }
}

fn batch(reports: Vec<v1::DeviceReport>) -> v1::ReadingBatch {
    v1::ReadingBatch {
        tenant: "north".into(),
        home: "h-0412".into(),
        link: "main".into(),
        engine: "0.1.0".into(),
        reports,
        delivered_late: false,
    }
}

fn events(lane: Lane, batch: &v1::ReadingBatch) -> Vec<Event> {
    Event::from_record(lane, &batch.encode_to_vec()).expect("ours")
}

fn event(report: v1::DeviceReport) -> Event {
    events(Lane::Readings, &batch(vec![report])).remove(0)
}

fn words(device: &str, room: &str, reading: v1::Reading) -> String {
    event(report(device, room, vec![reading])).words()
}

fn letter() -> v1::DeadLetter {
    v1::DeadLetter {
        link: "main".into(),
        topic: "homes/h1/door".into(),
        payload: b"secret".to_vec(),
        payload_length: 312,
        payload_sha256: vec![0xab; 32],
        reason: "no_home".into(),
        format: "json".into(),
        received_at_us: RECEIVED,
        qos: 1,
        ..Default::default()
    }
}

fn dead(letter: &v1::DeadLetter) -> Event {
    Event::from_record(Lane::DeadLetters, &letter.encode_to_vec()).expect("ours").remove(0)
}

/// One reading of a kind, as trygg would write it.
fn sample(kind: &Kind, state: bool) -> v1::Reading {
    let value = match kind.value_type {
        ValueType::Number => Wire::Number(12.5),
        ValueType::State => Wire::State(state),
        ValueType::Category => Wire::Category(kind.categories[0].to_string()),
        ValueType::Event => Wire::Event(v1::EventMarker {}),
    };
    reading(&kind.name, &kind.unit, value)
}

#[test]
fn every_kind_of_the_catalogue_has_a_sensible_line() {
    for (_, kind) in Catalogue::builtin().iter() {
        let text = words(PSEUDONYM, "", sample(kind, true));
        assert!(!text.contains(['_', '[', ']', '@', '#', '{']), "{}: {text}", kind.name);
        assert!(text.len() > 3 && !text.contains("cannot"), "{}: {text}", kind.name);
        match kind.value_type {
            ValueType::Number => {
                assert!(text.contains("12.5"), "{}: {text}", kind.name);
                assert!(unit::is_known(&kind.unit), "{}: no spelling of {}", kind.name, kind.unit);
            }
            ValueType::State => {
                let over = words(PSEUDONYM, "", sample(kind, false));
                assert_ne!(text, over, "{}", kind.name);
                let is_listed = STATES.iter().any(|(known, ..)| **known == *kind.name);
                assert!(is_listed, "{} has no words", kind.name);
            }
            ValueType::Category => {
                let word = kind.categories[0].replace('_', " ");
                assert!(text.ends_with(&word), "{}: {text}", kind.name);
            }
            ValueType::Event => assert!(!text.contains(':'), "{}: {text}", kind.name),
        }
    }
}

#[test]
fn the_tables_hold_kinds_of_the_catalogue_in_order() {
    let catalogue = Catalogue::builtin();
    let states: Vec<_> = STATES.iter().map(|(kind, ..)| *kind).collect();
    let others: Vec<_> = OTHERS.iter().map(|(kind, _)| *kind).collect();
    assert!(states.is_sorted() && others.is_sorted());
    for (kind, is_state) in
        states.into_iter().map(|kind| (kind, true)).chain(others.into_iter().map(|k| (k, false)))
    {
        let id = catalogue.find(kind).unwrap_or_else(|| panic!("{kind} is no kind"));
        assert_eq!(catalogue.get(id).value_type == ValueType::State, is_state, "{kind}");
    }
    for (kind, phrase) in OTHERS {
        let value_type = catalogue.get(catalogue.find(kind).expect("a kind")).value_type;
        assert_eq!(phrase.contains('#'), value_type != ValueType::Event, "{kind}");
    }
}

#[test]
fn a_person_can_read_what_happened() {
    let state = |kind, state| reading(kind, "", Wire::State(state));
    let number = |kind, unit, number| reading(kind, unit, Wire::Number(number));
    let event = |kind| reading(kind, "", Wire::Event(v1::EventMarker {}));
    for (device, room, reading, expected) in [
        ("Hall/front door", "", state("door_open", true), "front door opened"),
        (PSEUDONYM, "", state("door_open", false), "door closed"),
        ("0x00158d0001", "", state("window_open", true), "window opened"),
        ("bed", "", state("bed_occupied", false), "out of bed"),
        (PSEUDONYM, "hall", state("motion", false), "motion in the hall stops"),
        (PSEUDONYM, "living_room", state("motion", true), "motion in the living room"),
        ("band", "", number("heart_rate", "/min", 72.0), "heart rate 72 /min"),
        (PSEUDONYM, "", number("air_temperature", "Cel", 21.5), "air 21.5 °C"),
        ("kettle", "", number("power", "W", 1830.0), "kettle 1830 W"),
        ("cord", "", event("sos"), "SOS pressed"),
        (
            "lock",
            "",
            reading("lock_state", "", Wire::Category("not_fully_locked".into())),
            "lock not fully locked",
        ),
        ("x", "", state("curtain_drawn", true), "curtain drawn: yes"),
        ("x", "", number("radon", "Bq/m3", 40.0), "radon 40 Bq/m3"),
        ("x", "", event("doorbell_rung"), "doorbell rung"),
        (
            "x",
            "",
            reading("fan_speed", "", Wire::Category("very_high".into())),
            "fan speed: very high",
        ),
    ] {
        assert_eq!(words(device, room, reading), expected);
    }
}

#[test]
fn flags_are_said_after_it() {
    let mut late = report("band", "", vec![reading("heart_rate", "/min", Wire::Number(500.0))]);
    late.measured_at_us = Some(RECEIVED - 200_000_000);
    late.flags = vec![v1::ReportFlag::Late.into(), v1::ReportFlag::ClockAbsent.into(), 99];
    late.readings[0].flags = vec![v1::ReadingFlag::OutsideUsualRange.into()];
    let event = event(late);
    let expected = "heart rate 500 /min (late by 3 min) (flag 99) (implausible)";
    assert_eq!(event.words(), expected);
    assert_eq!(event.when().0, RECEIVED - 200_000_000);
}

#[test]
fn a_clock_that_is_wrong_does_not_say_when() {
    let mut ahead = report("band", "", vec![reading("heart_rate", "/min", Wire::Number(72.0))]);
    ahead.measured_at_us = Some(RECEIVED + 7_200_000_000);
    ahead.flags = vec![v1::ReportFlag::ClockInFuture.into()];
    let event = event(ahead);
    assert_eq!(event.words(), "heart rate 72 /min (device clock ahead by 2 h)");
    assert_eq!(event.when().0, RECEIVED);
}

#[test]
fn dead_letters_say_why_and_how_much_and_never_what() {
    assert_eq!(dead(&letter()).words(), "not understood: no_home (312 bytes)");
    let refused = |kind: &str| v1::RefusedReading {
        kind: kind.into(),
        reason: "above_hard_range".into(),
        number: Some(900.0),
    };
    let many = v1::DeadLetter {
        reason: "readings_refused".into(),
        refused: ["spo2", "heart_rate", "power", "co"].map(refused).to_vec(),
        refused_count: 40,
        ..letter()
    };
    assert_eq!(
        dead(&many).words(),
        "not understood: readings_refused (312 bytes); refused: spo2 above_hard_range, heart_rate \
         above_hard_range, power above_hard_range and 37 more"
    );
    assert!(!dead(&many).words().contains("secret"));
}

#[test]
fn debug_shows_no_name_and_no_value() {
    let event = event(report("Hall", "hall", vec![reading("door_open", "", Wire::State(true))]));
    let text = format!("{event:?} {:?}", dead(&letter()));
    for hidden in ["Hall", "h-0412", "door", "true", "homes", "no_home"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[test]
fn what_is_not_ours_is_refused() {
    let good = batch(vec![report("d", "", vec![])]).encode_to_vec();
    let letter = letter().encode_to_vec();
    for (lane, bytes, expected) in [
        (Lane::Readings, b"{\"json\":1}".as_slice(), Undecodable::Protobuf),
        (Lane::Alerts, b"", Undecodable::Foreign),
        (Lane::DeadLetters, b"", Undecodable::Foreign),
        (Lane::DeadLetters, &good, Undecodable::Protobuf),
        (Lane::Readings, &letter, Undecodable::Protobuf),
    ] {
        assert_eq!(Event::from_record(lane, bytes).err(), Some(expected), "{lane:?}");
    }
}

#[test]
fn the_readings_of_a_record_come_in_order() {
    let reports = vec![
        report("a", "", vec![sample_number(1.0), sample_number(2.0)]),
        report("b", "", vec![sample_number(3.0)]),
    ];
    let numbers: Vec<_> = events(Lane::Alerts, &batch(reports))
        .iter()
        .map(|event| (event.lane, event.reading().expect("a reading").value.clone()))
        .collect();
    let expected = [1.0, 2.0, 3.0].map(|number| (Lane::Alerts, Value::Number(number)));
    assert_eq!(numbers, expected);
}

fn sample_number(number: f64) -> v1::Reading {
    reading("power", "W", Wire::Number(number))
}

fn lines(width: Option<usize>, is_coloured: bool, events: &[Event]) -> Vec<String> {
    let zone = TimeZone::fixed(Offset::constant(1));
    let mut layout = Layout::new(zone, width, is_coloured);
    let mut out = Vec::new();
    for event in events {
        layout.write(event, &mut out).expect("memory");
    }
    String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
}

fn three() -> Vec<Event> {
    let door = reading("door_open", "", Wire::State(true));
    let readings = batch(vec![report("Hall/front door", "hall", vec![door])]);
    let mut hidden = batch(vec![report(
        PSEUDONYM,
        "",
        vec![reading("sos", "", Wire::Event(v1::EventMarker {}))],
    )]);
    hidden.home = PSEUDONYM.into();
    let mut all = events(Lane::Readings, &readings);
    all.extend(events(Lane::Alerts, &hidden));
    all.push(dead(&letter()));
    all
}

#[test]
fn columns_are_aligned_and_pseudonyms_short() {
    assert_eq!(
        lines(None, false, &three()),
        [
            "2026-11-22 15:30:00   h-0412  hall · Hall/front door  front door opened",
            "2026-11-22 15:30:00 ! 01234567…  01234567…               SOS pressed",
            "2026-11-22 15:30:00 ?            main                    not understood: no_home (312 bytes)",
        ]
    );
}

#[test]
fn a_narrow_terminal_is_never_overrun() {
    for line in lines(Some(70), false, &three()) {
        assert!(line.chars().count() <= 70, "{line}");
    }
    let coloured = lines(None, true, &three());
    assert!(coloured[1].contains("\u{1b}[1m\u{1b}[31mSOS pressed\u{1b}[0m"), "{}", coloured[1]);
    assert!(!lines(None, false, &three()).concat().contains('\u{1b}'));
}

#[test]
fn one_of_several_says_which() {
    let mut relay = reading("power", "W", Wire::Number(12.0));
    relay.channel = 2;
    let words = words("plug", "", relay);
    assert!(words.ends_with(" (channel 2)"), "{words}");
}

#[test]
fn names_from_the_network_cannot_steer_the_terminal() {
    let evil = "do\u{1b}[2Jor\r\n\u{202e}x";
    let mut batch = batch(vec![report(evil, evil, vec![reading(evil, evil, Wire::Number(1.0))])]);
    batch.home = evil.into();
    let mut all = events(Lane::Readings, &batch);
    all.push(dead(&v1::DeadLetter { reason: evil.into(), detail: evil.into(), ..letter() }));
    let lines = lines(None, false, &all);
    assert_eq!(lines.len(), 2);
    assert!(!lines.concat().contains(['\u{1b}', '\r', '\u{202e}']), "{lines:?}");
}

fn json(event: &Event) -> String {
    let mut out = Vec::new();
    let origin = Origin { topic: "trygg.readings", partition: 3, offset: 42 };
    write_json(event, origin, &mut out).expect("memory");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_reading_in_json_is_this() {
    let mut full =
        report(PSEUDONYM, "hall", vec![reading("heart_rate", "/min", Wire::Number(72.0))]);
    full.measured_at_us = Some(RECEIVED - 200_000_001);
    full.flags = vec![v1::ReportFlag::Late.into()];
    full.sequence = Some(7);
    full.readings[0].flags = vec![v1::ReadingFlag::OutsideUsualRange.into()];
    full.readings[0].ordinal = 2;
    full.readings[0].channel = 3;
    assert_eq!(
        json(&event(full)),
        "{\"lane\":\"readings\",\"measured_at\":\"2026-11-22T14:26:39.999999Z\",\
         \"received_at\":\"2026-11-22T14:30:00.000000Z\",\"tenant\":\"north\",\"home\":\"h-0412\",\
         \"room\":\"hall\",\"device\":\"0123456789abcdef0123456789abcdef\",\
         \"kind\":\"heart_rate\",\"channel\":3,\"value\":72.0,\"unit\":\"/min\",\
         \"flags\":[\"late\",\"outside_usual_range\"],\
         \"event_id\":\"000102030405060708090a0b0c0d0e0f\",\"ordinal\":2,\
         \"event_id_basis\":\"reception\",\"clock_source\":\"none\",\"sequence\":7,\
         \"link\":\"main\",\"topic\":\"trygg.readings\",\"partition\":3,\"offset\":42}\n"
    );
}

#[test]
fn values_in_json_have_types() {
    let series = v1::SampledSeries { start_us: RECEIVED, period_us: 4_000, values: vec![0.5, 1.0] };
    for (value, expected) in [
        (Wire::State(true), "\"value\":true,"),
        (Wire::Category("locked".into()), "\"value\":\"locked\","),
        (Wire::Event(v1::EventMarker {}), "\"value\":true,"),
        (Wire::Number(0.1), "\"value\":0.1,"),
        (
            Wire::Series(series),
            "\"value\":{\"start\":\"2026-11-22T14:30:00.000000Z\",\"period_us\":4000,\
             \"values\":[0.5,1.0]},",
        ),
    ] {
        let text = json(&event(report("d", "", vec![reading("k", "", value)])));
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("\"measured_at\":null,"), "{text}");
    }
}

#[test]
fn a_dead_letter_in_json_is_this() {
    let hash = "ab".repeat(32);
    assert_eq!(
        json(&dead(&letter())),
        format!(
            "{{\"lane\":\"dead_letters\",\"received_at\":\"2026-11-22T14:30:00.000000Z\",\
             \"reason\":\"no_home\",\"detail\":\"\",\"format\":\"json\",\"link\":\"main\",\
             \"mqtt_topic\":\"homes/h1/door\",\"payload_length\":312,\
             \"payload_sha256\":\"{hash}\",\"truncated\":false,\"qos\":1,\"retained\":false,\
             \"refused\":[],\"refused_count\":0,\"refused_by\":\"\",\
             \"topic\":\"trygg.readings\",\"partition\":3,\"offset\":42}}\n"
        )
    );
}

#[test]
fn filters_ask_home_device_and_kind() {
    let globs = |texts: &[&str]| -> Vec<Glob> {
        texts.iter().map(|text| text.parse().expect("any text")).collect()
    };
    let [door, sos, letters] = <[Event; 3]>::try_from(three()).expect("three");
    for (homes, devices, kinds, expected) in [
        (vec![], vec![], vec![], [true, true, true]),
        (vec!["h-*"], vec![], vec![], [true, false, false]),
        (vec!["h-0412", "0123*"], vec![], vec![], [true, true, false]),
        (vec![], vec!["*front door"], vec![], [true, false, false]),
        (vec![], vec![], vec!["sos"], [false, true, false]),
        (vec!["h-*"], vec![], vec!["sos"], [false, false, false]),
    ] {
        let filter =
            Filter { homes: globs(&homes), devices: globs(&devices), kinds: globs(&kinds) };
        let shown = [&door, &sos, &letters].map(|event| filter.shows(event));
        assert_eq!(shown, expected, "{filter:?}");
    }
    let refused = v1::RefusedReading { kind: "spo2".into(), ..Default::default() };
    let refused = v1::DeadLetter { refused: vec![refused], ..letter() };
    let filter = Filter { kinds: globs(&["sp*"]), ..Filter::default() };
    assert!(filter.shows(&dead(&refused)));
}
