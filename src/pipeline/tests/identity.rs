//! Event ids and the flags that belong to a message's clock.

use super::*;
use crate::wire::v1::{EventIdBasis, ReportFlag};

const DATED: &str = r#"{"kind":"motion","value":true,"time":"2026-09-21T14:13:00Z"}"#;
const CLOCKLESS: &str = r#"{"kind":"motion","value":true}"#;

fn reports(line: &mut Line) -> Vec<DeviceReport> {
    line.stored().reports().into_iter().cloned().collect()
}

#[test]
fn the_same_message_with_a_device_time_has_the_same_id_for_ever() {
    let mut line = Line::new();
    line.send("homes/7/json/a", DATED);
    line.inherited = Some(77);
    line.send("homes/7/json/a", DATED);
    line.send("homes/7/json/b", DATED);
    let all = reports(&mut line);
    assert_eq!(all[0].event_id_basis(), EventIdBasis::Content);
    assert_eq!(all[0].event_id, all[1].event_id);
    assert_ne!(all[0].event_id, all[2].event_id, "another device");

    let mut later = settings();
    later.started = UnixMicros(NOW.0 + 1);
    later.link = "south".into();
    let mut line = Line::with(later, resolver(UnknownDevices::Accept, Limits::default()));
    line.send("homes/7/json/a", DATED);
    assert_eq!(reports(&mut line)[0].event_id, all[0].event_id, "another engine and link");
}

#[test]
fn a_message_without_a_clock_has_an_id_of_its_own_unless_it_inherits_one() {
    let mut line = Line::new();
    let first = line.send("homes/7/json/a", CLOCKLESS);
    let second = line.send("homes/7/json/a", CLOCKLESS);
    line.inherited = Some(first.event_id);
    let again = line.send("homes/7/json/a", CLOCKLESS);
    assert_ne!(first.event_id, second.event_id);
    assert_eq!(first.event_id, again.event_id);
    // The first delivery of this one became a dead letter, so it was given none.
    line.inherited = Some(0);
    let fresh = line.send("homes/7/json/a", CLOCKLESS);
    assert!(![0, first.event_id, second.event_id].contains(&fresh.event_id));
    let all = reports(&mut line);
    assert_eq!(all[0].event_id_basis(), EventIdBasis::Reception);
    assert_eq!(all[0].event_id, first.event_id.to_be_bytes());
    assert_eq!(all[0].event_id, all[2].event_id);
    assert_ne!(all[0].event_id, all[1].event_id);
}

#[test]
fn a_clock_that_was_never_set_gives_no_content_id() {
    let mut line = Line::new();
    for _ in 0..2 {
        line.send("homes/7/json/a", r#"{"kind":"sos","time":1,"sequence":4}"#);
    }
    let all = reports(&mut line);
    assert_eq!(all[0].event_id_basis(), EventIdBasis::Reception);
    assert_ne!(all[0].event_id, all[1].event_id, "a second press is a second press");
    assert_eq!((all[0].measured_at_us, all[0].sequence), (Some(1_000_000), Some(4)));
    assert_eq!(all[0].flags().collect::<Vec<_>>(), [ReportFlag::ClockUnset]);
}

#[test]
fn devices_of_one_message_have_ids_that_follow_from_the_messages() {
    let bundle = r#"[{"device":"a","kind":"sos"},{"device":"b","kind":"sos"},
        {"device":"c","kind":"sos","time":"2026-09-21T14:13:00Z"}]"#;
    let mut line = Line::new();
    let accepted = line.send("gateway/7", bundle);
    line.inherited = Some(accepted.event_id);
    line.send("gateway/7", bundle);
    let ids: Vec<Vec<u8>> = reports(&mut line).into_iter().map(|report| report.event_id).collect();
    assert_eq!(ids[0], accepted.event_id.to_be_bytes());
    assert_ne!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
    assert_eq!(ids[..3], ids[3..]);
}

#[test]
fn a_clockless_reading_may_be_delayed_right_after_a_resume_or_with_dup() {
    let flags = |payload: &str, change: fn(&mut Message<'_>)| {
        let mut line = Line::new();
        line.send_as("homes/7/json/a", payload, change);
        reports(&mut line)[0].flags().collect::<Vec<_>>()
    };
    let (delayed, absent) = (ReportFlag::PossiblyDelayed, ReportFlag::ClockAbsent);
    assert_eq!(flags(CLOCKLESS, |_| {}), [absent]);
    assert_eq!(flags(CLOCKLESS, |message| message.dup = true), [delayed, absent]);
    assert_eq!(flags(CLOCKLESS, |message| message.resumed_recently = true), [delayed, absent]);
    assert_eq!(flags(DATED, |message| message.dup = true), []);
    assert_eq!(flags(DATED, |message| message.retain = true), [ReportFlag::Retained]);
}

#[test]
fn the_lag_of_a_device_is_told_only_of_a_plausible_clock() {
    let mut line = Line::new();
    assert_eq!(line.send("homes/7/json/a", DATED).device_lag_us, Some(20_000_000));
    assert_eq!(line.send("homes/7/json/a", CLOCKLESS).device_lag_us, None);
    let future = DATED.replace("14:13", "15:13");
    assert_eq!(line.send("homes/7/json/a", future).device_lag_us, None);
    line.stored();
}
