//! Values that are said again, on their way through the whole pipeline.

use super::*;
use crate::plant::{Bug, plant};

fn line(policy: Policy, limits: Limits) -> Line {
    let mut settings = settings();
    settings.routes.iter_mut().for_each(|route| route.repeats = policy);
    Line::with(settings, resolver(UnknownDevices::Accept, limits))
}

#[test]
fn what_is_left_out_is_counted_and_ordinals_stay() {
    let mut line = line(Policy::Discard, Limits::default());
    line.send("homes/7/json/a", both(5));
    assert_eq!(line.stored().told(), "7/a door_open=true battery_level=5");
    let accepted = line.send("homes/7/json/a", both(6));
    assert_eq!((accepted.readings, accepted.discarded), (1, 1));
    let stored = line.stored();
    assert_eq!(stored.told(), "7/a battery_level=6");
    assert_eq!(stored.reports()[0].readings[0].ordinal, 1);
    let accepted = line.send("homes/7/json/a", both(6));
    assert_eq!((accepted.readings, accepted.discarded, accepted.event_id), (0, 2, 0));
    assert!(line.ready.is_empty() && line.pipeline.deadline().is_none());
    assert_eq!(line.stored().told(), "", "and it is answered");
    let counts = line.pipeline.counts().discarded;
    assert_eq!((counts.repeat, counts.duplicate, counts.unknown_device), (3, 0, 0));
    assert_eq!(line.pipeline.repeats().counts().repeats, 3);
}

/// A door and a battery.
fn both(battery: u32) -> String {
    format!(
        r#"{{"readings":[{{"kind":"door_open","value":true}},
            {{"kind":"battery_level","value":{battery},"unit":"%"}}]}}"#
    )
}

#[test]
fn the_default_marks() {
    let mut line = Line::new();
    let mut flags = Vec::new();
    for _ in 0..2 {
        line.send("homes/7/z/hall", r#"{"contact":false}"#);
        flags.push(line.stored().reports()[0].readings[0].flags.clone());
    }
    assert_eq!(flags, [vec![], vec![2]]);
}

#[test]
fn an_alarm_that_is_on_is_sent_each_time_and_its_end_too() {
    let mut line = line(Policy::Discard, Limits::default());
    let mut told = Vec::new();
    for state in [false, true, true, false, false, false] {
        line.send("homes/7/z/kitchen", format!(r#"{{"smoke":{state}}}"#));
        let stored = line.stored();
        told.push((stored.readings.len(), stored.alerts.len()));
    }
    assert_eq!(told, [(1, 0), (1, 1), (1, 1), (1, 0), (0, 0), (0, 0)]);
}

#[test]
fn a_panic_leaves_nothing_to_build_upon() {
    let mut line = line(Policy::Discard, Limits::default());
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    {
        let _planted = plant(Bug::PanickingEncoder);
        line.send("homes/7/json/a", both(5));
    }
    std::panic::set_hook(hook);
    assert_eq!(line.stored().told(), "-internal_error");
    line.send("homes/7/json/a", both(5));
    assert_eq!(line.stored().told(), "7/a door_open=true battery_level=5");
}

#[test]
fn a_device_under_anothers_number_repeats_nothing() {
    let mut line = line(Policy::Discard, Limits { devices: 1, ..Limits::default() });
    for _ in 0..3 {
        for device in ["a", "b"] {
            line.send(&format!("homes/7/json/{device}"), both(5));
            assert_eq!(line.stored().told(), format!("7/{device} door_open=true battery_level=5"));
        }
    }
}
