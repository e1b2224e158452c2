//! What is mirrored to the alerts, and what is not.

use super::*;

const FRESH: &str = "2026-09-21T14:13:20Z";
const LATE: &str = "2026-09-21T13:00:00Z";
const FUTURE: &str = "2026-09-21T15:00:00Z";

#[derive(Clone, Copy)]
enum Came {
    Live,
    Retained,
    Redelivered,
}

fn alerts(came: Came, payload: &str) -> usize {
    let mut line = Line::new();
    line.send_as("homes/7/json/button", payload, |message| match came {
        Came::Live => {}
        Came::Retained => message.retain = true,
        Came::Redelivered => message.dup = true,
    });
    let stored = line.stored();
    assert_eq!(stored.readings.len(), 1, "the readings have it in any case");
    assert_eq!(line.pipeline.counts().alerts, stored.alerts.len() as u64);
    stored.alerts.len()
}

fn sos(time: &str) -> String {
    format!(r#"{{"kind":"sos","time":"{time}"}}"#)
}

#[test]
fn a_live_alarm_is_mirrored_and_its_replay_is_not() {
    let clockless = r#"{"kind":"sos"}"#;
    for (came, payload, expected) in [
        (Came::Live, clockless, 1),
        (Came::Redelivered, clockless, 1),
        (Came::Retained, clockless, 0),
        (Came::Live, &sos(FRESH), 1),
        (Came::Retained, &sos(FRESH), 1),
        (Came::Live, &sos(LATE), 1),
        (Came::Retained, &sos(LATE), 0),
        (Came::Retained, &sos(FUTURE), 0),
        (Came::Retained, &sos("1970-01-01T00:00:01Z"), 0),
        (Came::Retained, r#"{"kind":"sos","time":"yesterday"}"#, 0),
    ] {
        assert_eq!(alerts(came, payload), expected, "{payload}");
    }
}

#[test]
fn a_state_is_urgent_only_while_true() {
    for (payload, expected) in [
        (r#"{"kind":"smoke_alarm","value":true}"#, 1),
        (r#"{"kind":"smoke_alarm","value":false}"#, 0),
        (r#"{"kind":"motion","value":true}"#, 0),
        (r#"{"kind":"heart_rate","value":190}"#, 0),
        (
            r#"{"readings":[{"kind":"water_leak","value":true},{"kind":"gas_alarm","value":true}]}"#,
            2,
        ),
    ] {
        assert_eq!(alerts(Came::Live, payload), expected, "{payload}");
    }
}

#[test]
fn an_alarm_is_the_same_reading_in_both_topics() {
    let mut line = Line::new();
    let payload = r#"{"readings":[{"kind":"battery_level","value":5},{"kind":"sos"}]}"#;
    line.send("homes/7/json/button", payload);
    assert_eq!(line.ready.len(), 2, "neither waits for the linger");
    for record in &line.ready {
        assert_eq!((record.key.as_slice(), record.timestamp), (&b"7"[..], NOW));
    }
    assert_eq!(line.ready[0].to.partition, murmur2::partition(b"7", 3));
    let stored = line.stored();
    let (alert, whole) = (&stored.alerts[0], &stored.readings[0]);
    let (mirrored, report) = (&alert.reports[0], &whole.reports[0]);
    assert_eq!(mirrored.event_id, report.event_id);
    assert_eq!(mirrored.event_id.len(), 16);
    assert_eq!((report.readings.len(), mirrored.readings.len()), (2, 1));
    assert_eq!(mirrored.readings[0], report.readings[1]);
    assert_eq!(mirrored.readings[0].ordinal, 1);
    assert_eq!((&alert.home, &alert.tenant), (&whole.home, &whole.tenant));
}

#[test]
fn an_alarm_takes_along_what_waits_in_its_home() {
    let mut line = Line::new();
    line.send("homes/7/z/hall", r#"{"contact":true}"#);
    line.send("homes/8/z/hall", r#"{"contact":true}"#);
    line.send("homes/7/json/button", r#"{"kind":"sos"}"#);
    let batch = line.ready.iter().find(|record| record.to.lane == Lane::Readings);
    assert_eq!(batch.map(|record| record.readings), Some(2));
    assert_eq!(line.pipeline.batches().flushed()[FlushReason::Urgent as usize], 1);
    assert_eq!(line.stored().told().matches("8/hall").count(), 1);
}

#[test]
fn a_sos_of_zigbee2mqtt_is_an_alarm() {
    let mut line = Line::new();
    line.send("homes/7/z/button", r#"{"action":"emergency","battery":80}"#);
    assert_eq!(line.stored().told(), "7/button sos! battery_level=80; 7/button sos!");
}

#[test]
fn every_part_of_a_message_must_be_stored_before_it_is_answered_for() {
    // Readings, alert and, for the refused one, a dead letter.
    let payload = r#"{"readings":[{"kind":"sos"},{"kind":"nonsense"}]}"#;
    for missing in Lane::ALL {
        let mut line = Line::new();
        line.send("homes/7/json/button", payload);
        let lanes: Vec<Lane> = line.ready.iter().map(|record| record.to.lane).collect();
        assert_eq!(lanes, [Lane::Alerts, Lane::Readings, Lane::DeadLetters]);
        for record in line.ready.iter_mut().filter(|record| record.to.lane != missing) {
            record.shares.settle(receipt());
        }
        assert!(line.window.pop_done().is_none(), "{missing:?} is not stored");
        line.stored();
    }
}
