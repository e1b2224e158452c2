//! Messages of unknown topics, homes and devices.

use super::*;

const SOS: &str = r#"{"readings":[{"kind":"battery_level","value":5},{"kind":"sos"},
    {"kind":"battery_level","value":500}]}"#;

fn sent(policy: UnknownDevices, topic: &str, payload: &str) -> (Accepted, String) {
    let mut line = Line::unknown(policy);
    let accepted = line.send(topic, payload);
    (accepted, line.stored().told())
}

#[test]
fn what_has_no_owner_becomes_a_dead_letter() {
    use UnknownDevices::{Accept, DeadLetter};
    let long = format!("homes/7/z/{}", "x".repeat(128));
    for (policy, topic, payload, expected) in [
        (Accept, "elsewhere/hall", r#"{"battery":5}"#, "-no_route"),
        (Accept, "homes/7/z", r#"{"battery":5}"#, "-no_route"),
        (Accept, "z/hall", r#"{"battery":5}"#, "-no_home"),
        (Accept, "gateway/7", r#"{"kind":"sos"}"#, "-no_device"),
        (Accept, &long, r#"{"battery":5}"#, "-device_name_too_long"),
        (DeadLetter, "homes/7/z/hall", r#"{"battery":5}"#, "-unknown_device"),
        (DeadLetter, "homes/7/json/button", r#"{"kind":"sos"}"#, "-unknown_device"),
        (Accept, "homes/7/z/hall", r#"{"battery":5}"#, "7/hall battery_level=5"),
    ] {
        let (accepted, told) = sent(policy, topic, payload);
        assert_eq!(told, expected, "{topic} {payload}");
        let withheld = u32::from(expected.starts_with('-') && expected != "-no_route");
        assert_eq!(accepted.refused, withheld, "readings are counted: {topic}");
    }
}

#[test]
fn a_dead_letter_tells_where_it_came_from() {
    let mut line = Line::unknown(UnknownDevices::DeadLetter);
    line.send_as("homes/7/z/hall", r#"{"battery":5}"#, |message| message.retain = true);
    let record = &line.ready[0];
    assert!(record.key.starts_with(b"north/"));
    assert_eq!(record.to.partition, murmur2::partition(&record.key, 2));
    let letters = line.stored().letters;
    let letter = &letters[0];
    assert_eq!((letter.link.as_str(), letter.topic.as_str()), ("north", "homes/7/z/hall"));
    assert_eq!((letter.format.as_str(), letter.qos, letter.retained), ("z2m", 1, true));
    assert_eq!(letter.payload, br#"{"battery":5}"#);
    assert_eq!(letter.received_at_us, NOW.0);
}

#[test]
fn discarding_discards_everything_but_the_urgent() {
    let discard = UnknownDevices::Discard;
    let (accepted, told) = sent(discard, "homes/7/z/hall", r#"{"battery":5,"contact":true}"#);
    assert_eq!((accepted.discarded, accepted.readings, told.as_str()), (2, 0, ""));

    // Refused readings of a discarded device are discarded too.
    let payload = r#"{"readings":[{"kind":"motion","value":true},{"kind":"nonsense"}]}"#;
    let (accepted, told) = sent(discard, "homes/7/json/hall", payload);
    assert_eq!((accepted.discarded, accepted.refused, told.as_str()), (2, 0, ""));

    let (accepted, told) = sent(discard, "homes/7/json/button", r#"{"kind":"sos"}"#);
    assert_eq!((accepted.readings, told.as_str()), (1, "7/button sos!; 7/button sos!"));
    let (accepted, told) = sent(discard, "homes/7/json/button", SOS);
    assert_eq!((accepted.readings, accepted.discarded), (1, 2));
    assert_eq!(told, "7/button sos!; 7/button sos!");
}

#[test]
fn an_urgent_reading_without_a_home_gets_one_that_stands_for_the_link() {
    let mut line = Line::unknown(UnknownDevices::Discard);
    line.send("z/button", r#"{"action":"sos"}"#);
    line.send("z/button", r#"{"battery":5}"#);
    let stored = line.stored();
    assert_eq!((stored.alerts.len(), stored.reports().len()), (1, 1));
    assert!(!stored.alerts[0].home.is_empty());
    assert!(stored.letters.is_empty());
}

#[test]
fn devices_of_one_message_are_judged_one_by_one() {
    let mut line = Line::unknown(UnknownDevices::Discard);
    let bundle = r#"[{"device":"a","kind":"motion","value":true},{"device":"b","kind":"sos"}]"#;
    let accepted = line.send("gateway/7", bundle);
    assert_eq!((accepted.readings, accepted.discarded), (1, 1));
    assert_eq!(line.stored().told(), "7/b sos!; 7/b sos!");

    let mut line = Line::new();
    let bundle = r#"[{"kind":"motion","value":true},{"device":"b","kind":"sos"}]"#;
    let accepted = line.send("gateway/7", bundle);
    assert_eq!((accepted.readings, accepted.refused), (1, 1));
    assert_eq!(line.stored().told(), "7/b sos!; 7/b sos!; -no_device");
}
