//! What homes consent to, by class; and what dead letters keep of those that do not.

use super::*;

const LIST: &str = "\
device,source_home,home,consent
hall,1,1,all
hall,2,2,none
hall,3,3,device safety
hall,4,4,vitals
GW-*,3,3,device safety
";
const READINGS: &str = r#"{"readings":[{"kind":"battery_level","value":5},{"kind":"sos"},
    {"kind":"motion","value":true}]}"#;

fn line(list: &str, unknown: UnknownDevices) -> Line {
    let catalogue = Catalogue::builtin();
    let registry = Registry::from_csv(list, "t", &Identity::ClearNames, &catalogue);
    let origin = Origin {
        link: "north".into(),
        tenant: "t".into(),
        engine: "0.1.0",
        identity: Identity::ClearNames,
        unknown,
    };
    let registry = Arc::new(registry.expect("a list"));
    Line::with(settings(), Resolver::new(registry, origin, Limits::default()))
}

#[test]
fn what_a_home_does_not_consent_to_is_discarded_and_counted_alarms_included() {
    use UnknownDevices::{Accept, DeadLetter, Discard};
    for (unknown, topic, (readings, alerts, letters), discarded) in [
        (Accept, "homes/1/json/hall", (3, 1, 0), 0),
        (Accept, "homes/2/json/hall", (0, 0, 0), 3),
        (Accept, "homes/3/json/hall", (2, 1, 0), 1),
        (Accept, "homes/3/json/GW-7", (2, 1, 0), 1),
        (Accept, "homes/4/json/hall", (0, 0, 0), 3),
        // What the list does not name consents to nothing, whatever the policy takes otherwise.
        (Accept, "homes/5/json/hall", (0, 0, 0), 3),
        (Discard, "homes/5/json/hall", (0, 0, 0), 3),
        (DeadLetter, "homes/5/json/hall", (0, 0, 1), 0),
    ] {
        let mut line = line(LIST, unknown);
        let accepted = line.send(topic, READINGS);
        let counted = line.pipeline.counts().discarded.no_consent;
        assert_eq!((accepted.discarded, counted), (discarded, u64::from(discarded)), "{topic}");
        assert_eq!(accepted.readings, readings, "{topic}");
        let stored = line.stored();
        assert_eq!((stored.alerts.len(), stored.letters.len()), (alerts, letters), "{topic}");
    }
}

#[test]
fn a_kind_that_was_corrected_is_judged_by_what_it_is() {
    let list = "device,home,kinds,consent\nhall,1,motion=worn,activity\nbed,2,,sleep\n";
    let mut line = line(list, UnknownDevices::Accept);
    let accepted = line.send("z/hall", r#"{"occupancy":true}"#);
    assert_eq!((accepted.readings, accepted.discarded), (1, 0));
    let accepted = line.send("z/bed", r#"{"occupancy":true}"#);
    assert_eq!((accepted.readings, accepted.discarded), (0, 1));
    line.stored();
}

#[test]
fn dead_letters_keep_bytes_of_those_homes_only_that_consent_to_everything() {
    let nonsense = "not json, and perhaps a pulse: 71";
    let refused = r#"{"readings":[{"kind":"battery_level","value":500}]}"#;
    for (topic, payload, reason, keeps) in [
        ("homes/1/json/hall", nonsense, "malformed", true),
        ("homes/1/json/hall", refused, "readings_refused", true),
        ("homes/2/json/hall", nonsense, "malformed", false),
        ("homes/3/json/hall", nonsense, "malformed", false),
        ("homes/3/json/hall", refused, "readings_refused", false),
        ("homes/9/json/hall", nonsense, "malformed", false),
        ("gateway/1", nonsense, "malformed", false),
        ("elsewhere", nonsense, "no_route", false),
    ] {
        for asks in [true, false] {
            let list = if asks { LIST } else { "device,source_home,home\nhall,1,1\nhall,3,3\n" };
            let mut line = line(list, UnknownDevices::Accept);
            line.send(topic, payload);
            let key = line.ready.last().map(|record| record.key.clone()).expect("a letter");
            let letters = line.stored().letters;
            let letter = &letters[0];
            assert!(reason == "malformed" || letter.reason == reason, "{topic} {letter:?}");
            let is_kept =
                (letter.topic.as_str(), letter.payload.as_slice()) == (topic, payload.as_bytes());
            assert_eq!(is_kept, keeps || !asks, "{topic} {payload}");
            if !is_kept {
                let rest = (&*letter.payload_sha256, letter.payload_length, letter.refused.len());
                assert_eq!(rest, (&[][..], 0, 0), "{topic}");
                assert_eq!((&*letter.topic, &*letter.payload), ("", &[][..]), "{topic}");
                let unnamed = format!("north/{:016x}", xxhash_rust::xxh3::xxh3_64(b""));
                assert_eq!(key, unnamed.as_bytes(), "{topic}");
            }
        }
    }
}

#[test]
fn what_cannot_even_be_decoded_keeps_nothing_where_its_home_is_not_known() {
    for (topic, keeps) in [("homes/1/json/hall", true), ("homes/2/json/hall", false), ("x", false)]
    {
        let mut line = line(LIST, UnknownDevices::Accept);
        let burial = Burial {
            topic: topic.as_bytes(),
            payload: Payload::Head { head: b"pulse 71", length: 1 << 21 },
            qos: QoS::AtLeastOnce,
            retained: false,
            received: line.now,
            reason: "oversize",
        };
        let (_, token) = line.window.admit(arrival()).expect("room");
        line.pipeline.bury(&burial, token, &mut line.pool, &mut line.ready);
        let letters = line.stored().letters;
        assert_eq!(letters[0].reason, "oversize");
        assert_eq!(!letters[0].payload.is_empty(), keeps, "{topic}");
    }
}

#[test]
fn a_refused_record_of_a_refused_home_keeps_nothing() {
    for (list, keeps) in [(LIST, true), (&*LIST.replace("hall,1,1,all", "hall,1,1,none"), false)] {
        let mut line = line(LIST, UnknownDevices::Accept);
        line.send("homes/1/json/hall", READINGS);
        line.pipeline.flush(FlushReason::Drain, &mut line.ready);
        let catalogue = Catalogue::builtin();
        let registry = Registry::from_csv(list, "t", &Identity::ClearNames, &catalogue);
        let records: Vec<Record> = line.ready.drain(..).collect();
        line.pipeline.replace_registry(Arc::new(registry.expect("a list")), &mut line.ready);
        for record in records {
            let (pool, ready) = (&mut line.pool, &mut line.ready);
            line.pipeline.bury_record(record, "message_size_too_large", line.now, pool, ready);
        }
        let letters = line.stored().letters;
        assert_eq!(letters.len(), 2);
        assert!(letters.iter().all(|letter| letter.payload.is_empty() != keeps));
    }
}

#[test]
fn another_list_closes_what_is_open_under_the_numbers_of_the_old_one() {
    let mut line = line(LIST, UnknownDevices::Accept);
    line.send("homes/1/json/hall", r#"{"kind":"battery_level","value":5}"#);
    assert!(line.ready.is_empty(), "it waits for more");
    let catalogue = Catalogue::builtin();
    let other = "device,source_home,home,consent\nhall,3,3,all\nhall,1,1,all\n";
    let registry = Registry::from_csv(other, "t", &Identity::ClearNames, &catalogue);
    line.pipeline.replace_registry(Arc::new(registry.expect("a list")), &mut line.ready);
    assert_eq!(line.ready.len(), 1);
    line.send("homes/3/json/hall", r#"{"kind":"battery_level","value":6}"#);
    let homes: Vec<String> = line.stored().readings.into_iter().map(|batch| batch.home).collect();
    assert_eq!(homes, ["1", "3"]);
}
