//! What the configuration changes in how messages are read, through the pipeline of its link.

use serde_json::Value;

use super::*;

const HEAD: &str = "\
[kafka]\nbrokers = ['127.0.0.1:9092']\n[identity]\nclear_names = true\n\
[[link]]\nname = 'north'\nhost = '127.0.0.1'\nclient_id = 'c'\n";

fn filter(topic: &str, format: &str, more: &str) -> String {
    format!("[[link.filter]]\ntopic = '{topic}'\nformat = '{format}'\n{more}\n")
}

/// What becomes of one message after the other.
fn explained<const N: usize>(sections: &str, messages: [(&str, &str); N]) -> [Value; N] {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trygg.toml");
    std::fs::write(&file, format!("{HEAD}{sections}")).unwrap();
    let config = looked_at(&file).unwrap();
    let mut explainer = Explainer::of_link(&config, None, UnixMicros(7)).unwrap().unwrap();
    messages.map(|(topic, payload)| {
        let question = Question {
            topic,
            payload: payload.as_bytes(),
            retain: false,
            received: UnixMicros(1_794_664_860_000_000),
        };
        let mut line = Vec::new();
        write_json(&explainer.explain(&question), &mut line).unwrap();
        serde_json::from_slice(&line).unwrap()
    })
}

#[test]
fn a_local_time_is_placed_by_the_zone_of_its_filter() {
    let local = r#"{"Time":"2026-07-01T12:00:00","AM2301":{"Temperature":20.5}}"#;
    let own = r#"{"Time":"2026-07-01T12:00:00+05:00","AM2301":{"Temperature":20.5}}"#;
    let filters = [
        filter("se/{home}/{device}/SENSOR", "tasmota", "time_zone = 'Europe/Stockholm'"),
        filter("fi/{home}/{device}/SENSOR", "tasmota", "time_zone = 'Europe/Helsinki'"),
        filter("no/{home}/{device}/SENSOR", "tasmota", ""),
    ]
    .concat();
    let told = explained(
        &filters,
        [
            ("se/h/a/SENSOR", local),
            ("fi/h/a/SENSOR", local),
            ("no/h/a/SENSOR", local),
            ("no/h/a/SENSOR", own),
            ("se/h/a/SENSOR", own),
        ],
    );
    let times = told.each_ref().map(|line| line["readings"][0]["measured_at"].as_str());
    let placed = |hour: &str| format!("2026-07-01T{hour}:00:00.000000Z");
    let [stockholm, helsinki, stated] = [10, 9, 7].map(|hour| placed(&format!("{hour:02}")));
    assert_eq!(
        times,
        [Some(&*stockholm), Some(&*helsinki), None, Some(&*stated), Some(&*stated)],
        "{told:?}"
    );
    let has = |line: &Value, flag: &str| {
        line["readings"][0]["flags"].as_array().unwrap().iter().any(|known| known == flag)
    };
    let unreadable = told.each_ref().map(|line| has(line, "clock_unreadable"));
    assert_eq!(unreadable, [false, false, true, false, false]);
    assert_eq!(told[2]["readings"][0]["value"], 20.5, "the value is kept all the same");
}

#[test]
fn keys_of_the_operator_go_over_those_of_a_format_and_of_no_other() {
    let keys = "\
        [[key]]\nformat = 'zigbee2mqtt'\nkey = 'contact'\nkind = 'bed_occupied'\ninvert = true\n\
        [[key]]\nformat = 'zigbee2mqtt'\nkey = 'load'\nkind = 'body_weight'\nunit = 'g'\nscale = 10\nabsent = ['-1']\n\
        [[key]]\nformat = 'zigbee2mqtt'\nkey = 'action=on'\nkind = 'sos'\n\
        [[key]]\nformat = 'tasmota'\nkey = 'Switch1'\nkind = 'door_open'\nwords = { AJAR = true }\n";
    let filters = [
        filter("z/{home}/{device...}", "zigbee2mqtt", ""),
        filter("t/{home}/{device}/SENSOR", "tasmota", ""),
    ];
    let told = explained(
        &(filters.concat() + keys),
        [
            ("z/h/strip", r#"{"contact":false}"#),
            ("z/h/bed", r#"{"load":7250}"#),
            ("z/h/bed", r#"{"load":-1}"#),
            ("z/h/cord", r#"{"action":"on"}"#),
            ("t/h/door/SENSOR", r#"{"Switch1":"ajar"}"#),
            ("t/h/door/SENSOR", r#"{"load":7250}"#),
        ],
    );
    let first = |line: &Value| {
        let reading = &line["readings"][0];
        format!("{} {} {}", reading["kind"], reading["value"], line["reason"]).replace('"', "")
    };
    assert_eq!(
        told.each_ref().map(first),
        [
            "bed_occupied true null",
            "body_weight 72.5 null",
            "null null no_value",
            "sos true null",
            "door_open true null",
            "null null no_known_key"
        ],
    );
}

#[test]
fn positions_are_kept_as_far_as_the_policy_says() {
    let at = r#"{"_type":"location","lat":59.12345,"lon":18.98765,"tst":1794664800,"batt":80}"#;
    let with = |policy: &str| {
        let filter = filter("o/{home}/{device}", "owntracks", "");
        let [line] = explained(&format!("{filter}{policy}"), [("o/h/phone", at)]);
        let readings = line["readings"].as_array().unwrap().iter();
        let latitude = readings.clone().find(|reading| reading["kind"] == "latitude");
        let battery = readings.clone().any(|reading| reading["kind"] == "battery_level");
        (latitude.map(|reading| reading["value"].as_f64().unwrap()), battery)
    };
    assert_eq!(with(""), (None, true), "discarded, and the rest is kept");
    assert_eq!(with("[decode]\npositions = 'discard'\n"), (None, true));
    assert_eq!(with("[decode]\npositions = 'round'\n"), (Some(59.12), true));
    assert_eq!(with("[decode]\npositions = 'keep'\n"), (Some(59.123_45), true));
}

#[test]
fn an_unknown_zone_is_a_mistake_and_a_missing_one_a_note() {
    let with = |more: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trygg.toml");
        let filter = filter("t/{home}/{device}/SENSOR", "tasmota", more);
        let text = format!("{HEAD}{filter}");
        std::fs::write(&file, &text).unwrap();
        Config::parse(&file, &text, |_| None)
    };
    let errors = with("time_zone = 'Europe/Stokholm'").unwrap_err().to_string();
    for said in ["link.filter.time_zone", "zone of the time zone database", "\"Europe/Stockholm\""]
    {
        assert!(errors.contains(said), "{errors}");
    }
    assert!(with("time_zone = 7").is_err());
    let noted = |more: &str| {
        let config = with(more).unwrap();
        config.notes().iter().filter(|note| note.to_string().contains("time_zone")).count()
    };
    assert_eq!((noted("time_zone = 'Europe/Stockholm'"), noted("")), (0, 1));
}
