use prost::Message;

use super::*;
use crate::wire::v1::{self, reading::Value as Wire};

const RECEIVED: i64 = 1_795_357_800_000_000;

fn events(lane: Lane, id: u8, kind: &str, unit: &str, value: Wire) -> Vec<Event> {
    let reading = v1::Reading {
        kind: kind.into(),
        unit: unit.into(),
        value: Some(value),
        ..Default::default()
    };
    let report = v1::DeviceReport {
        event_id: vec![id; 16],
        device: "front_door".into(),
        received_at_us: RECEIVED,
        readings: vec![reading],
        ..Default::default()
    };
    let batch = v1::ReadingBatch {
        tenant: "t".into(),
        home: "home-1".into(),
        reports: vec![report],
        ..Default::default()
    };
    Event::from_record(lane, &batch.encode_to_vec()).unwrap()
}

fn hear(scene: &mut Scene, lane: Lane, id: u8, kind: &str, value: Wire) -> bool {
    let events = events(lane, id, kind, "", value);
    assert_eq!(events.len(), 1);
    scene.hear(&events[0])
}

#[test]
fn a_state_is_worth_a_line_when_it_changes() {
    let mut scene = Scene::default();
    let mut door = |open| hear(&mut scene, Lane::Readings, 0, "door_open", Wire::State(open));
    let heard = [false, false, true, true, false].map(&mut door);
    assert_eq!(heard, [false, false, true, false, true]);
    let words: Vec<&str> = scene.feed().map(|happening| happening.words.as_str()).collect();
    assert_eq!(words, ["front door closed", "front door opened"]);
}

#[test]
fn an_alert_comes_on_two_topics_and_gets_one_line() {
    for order in [[Lane::Alerts, Lane::Readings], [Lane::Readings, Lane::Alerts]] {
        let mut scene = Scene::default();
        let heard = order
            .map(|lane| hear(&mut scene, lane, 7, "sos", Wire::Event(v1::EventMarker::default())));
        assert_eq!(heard.into_iter().filter(|heard| *heard).count(), 1, "{order:?}");
        assert_eq!(scene.feed().next().unwrap().tone, Tone::Urgent, "{order:?}");
    }
}

#[test]
fn motion_is_news_in_another_room_only() {
    let mut scene = Scene::default();
    let mut motion = |device: &str, seen| {
        let mut events = events(Lane::Readings, 0, "motion", "", Wire::State(seen));
        let What::Reading(reading) = &mut events[0].what else { panic!("a reading") };
        reading.device = device.into();
        scene.hear(&events[0])
    };
    let steps = [("hall", true), ("hall", false), ("hall", true), ("bath", true), ("hall", false)];
    let heard = steps.map(|(device, seen)| motion(device, seen));
    assert_eq!(heard, [true, false, false, true, false]);
    assert_eq!(scene.homes().next().unwrap().1.whereabouts, "bath");
}

#[test]
fn numbers_show_at_the_home_and_not_in_the_feed() {
    let mut scene = Scene::default();
    let [event] = &events(Lane::Readings, 0, "heart_rate", "/min", Wire::Number(72.0))[..] else {
        panic!("one")
    };
    assert!(!scene.hear(event));
    let (name, home) = scene.homes().next().unwrap();
    assert_eq!((name, home.heart_rate.as_str()), ("home-1", "72 /min"));
}

#[test]
fn the_feed_and_the_homes_are_bounded() {
    let mut scene = Scene::default();
    for open in (0..1_000).map(|number| number % 2 == 0) {
        hear(&mut scene, Lane::Readings, 0, "door_open", Wire::State(open));
    }
    assert_eq!(scene.feed().count(), FEED);
}

#[test]
fn rates_are_of_the_last_seconds() {
    let mut scene = Scene::default();
    for second in 0..60 {
        let ledger = Ledger { received: [0, second * second], ..Ledger::default() };
        scene.note(Duration::from_secs(second), ledger);
    }
    // From 49² to 59² in ten seconds.
    assert!((scene.rates().messages - 108.0).abs() < 0.01, "{:?}", scene.rates());
}
