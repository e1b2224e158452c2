use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use super::*;
use crate::{
    catalogue::Catalogue,
    decode::{Decoded, Decoder, NonReading, Outcome},
    model::{Message, Moment, QoS, Value as Measured, topic::TopicPattern},
    testbed::filters,
};

const WEEK: Duration = Duration::from_hours(7 * 24);

fn week(seed: u64, homes: u32) -> impl Iterator<Item = Event> {
    let settings = Settings { homes, sos_per_week: 2.0, ..Settings::default() };
    Homes::new(seed, &settings).take_while(|event| event.at < WEEK)
}

fn hash(events: impl Iterator<Item = Event>) -> u64 {
    let mut hash = Xxh3::new();
    for event in events {
        hash.update(&event.at.as_millis().to_le_bytes());
        hash.update(event.topic.as_bytes());
        hash.update(&event.payload);
        hash.update(&[u8::from(event.retain)]);
    }
    hash.digest()
}

#[test]
fn a_seed_makes_the_same_homes_every_time_and_another_seed_others() {
    let first = hash(week(1, 2));
    assert_eq!(first, hash(week(1, 2)));
    assert_ne!(first, hash(week(2, 2)));
}

#[test]
fn another_home_beside_it_changes_nothing_in_a_home() {
    let of_first = |homes| hash(week(1, homes).filter(|event| event.home == 1));
    assert_eq!(of_first(1), of_first(3));
}

#[test]
fn no_two_homes_live_alike() {
    let walks = |home| {
        let name = format!("homes/home-{home}/zigbee2mqtt/front_door");
        let of_home = week(1, 4).filter(move |event| event.topic == name);
        of_home.map(|event| event.at).collect::<Vec<_>>()
    };
    let all: Vec<_> = (1..=4).map(walks).collect();
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one));
    }
}

#[test]
fn events_come_in_order_of_time_and_only_their_state_of_life_is_retained() {
    let mut last = Duration::ZERO;
    for event in week(7, 5) {
        assert!(event.at >= last);
        last = event.at;
        let is_life = event.topic.ends_with("/availability") || event.topic.ends_with("/state");
        assert_eq!(event.retain, is_life);
        assert_eq!(event.topic.split('/').nth(1), Some(format!("home-{}", event.home).as_str()));
    }
    assert!(last + Duration::from_hours(1) > WEEK);
}

/// Decoders as the filters name them.
struct Routes(Vec<(TopicPattern, Decoder)>);

impl Routes {
    fn new(catalogue: &Arc<Catalogue>) -> Self {
        let decoder = |format| match format {
            "zigbee2mqtt" => Decoder::usual(crate::decode::Format::Zigbee2Mqtt, catalogue),
            "json" => Decoder::usual(crate::decode::Format::Json, catalogue),
            other => panic!("{other}"),
        };
        let route = |filter: &super::super::Filter| {
            (TopicPattern::parse(filter.topic).unwrap(), decoder(filter.format))
        };
        Self(filters().iter().map(route).collect())
    }

    /// Decodes as the pipeline does. Exactly one filter must take the topic.
    fn decode(&self, event: &Event, out: &mut Decoded) -> Outcome {
        let message = Message {
            topic: &event.topic,
            payload: &event.payload,
            qos: QoS::AtLeastOnce,
            retain: false,
            dup: false,
            resumed_recently: false,
            received: Moment::default(),
        };
        let mut taken = self.0.iter().filter_map(|(pattern, decoder)| {
            let captures = pattern.matches(&event.topic)?;
            assert!(captures.home.is_some() && captures.device.is_some(), "{}", event.topic);
            Some(
                decoder
                    .decode(
                        captures.device.unwrap(),
                        &message,
                        &mut crate::decode::Memory::default(),
                        out,
                    )
                    .unwrap(),
            )
        });
        let outcome = taken.next().unwrap();
        assert!(taken.next().is_none(), "{}", event.topic);
        outcome
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what a week looks like, for who wants to know")]
fn trygg_reads_every_message_in_full_and_refuses_nothing() {
    let catalogue = Arc::new(Catalogue::builtin());
    let routes = Routes::new(&catalogue);
    let mut out = Decoded::default();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut messages = 0;
    for event in week(1, 5) {
        messages += 1;
        let text = String::from_utf8_lossy(&event.payload);
        match routes.decode(&event, &mut out) {
            Outcome::NonReading(why) => {
                assert_eq!(why, NonReading::Bridge, "{} {text}", event.topic);
            }
            Outcome::Readings => {
                assert_eq!(out.refused_count, 0, "{} {text}", event.topic);
                assert_eq!(out.unknown_keys, 0, "{} {text}", event.topic);
            }
        }
        for reading in &out.readings {
            let kind = catalogue.get(reading.kind);
            *counts.entry(kind.name.to_string()).or_default() += 1;
            let Measured::Number(number) = reading.value else { continue };
            let usual = kind.soft.is_none_or(|soft| soft.contains(number));
            assert!(usual, "{} = {number}: {} {text}", kind.name, event.topic);
        }
    }
    println!("a week of 5 homes: {messages} messages");
    for (kind, count) in &counts {
        println!("{count:>7} {kind}");
    }
    let expected = [
        ("bed_occupied", 5 * 7 * 2),
        ("door_open", 5 * 7 * 10),
        ("motion", 5 * 7 * 100),
        ("heart_rate", 5 * 7 * 200),
        ("power", 5 * 7 * 20),
        ("sos", 1),
        ("water_leak", 5 * 7 * 20),
        ("steps_day", 5 * 7 * 200),
        ("online", 5 * 16),
    ];
    for (kind, least) in expected {
        let count = counts.get(kind).copied().unwrap_or_default();
        assert!(count >= least, "{count} times {kind}, {least} expected");
    }
}

/// Messages of a device, with the home's number.
fn said_by(device: &str) -> Vec<(u32, Duration, Value)> {
    let end = format!("/{device}");
    let of_device = week(3, 5).filter(|event| event.topic.ends_with(&end));
    of_device
        .map(|event| (event.home, event.at, serde_json::from_slice(&event.payload).unwrap()))
        .collect()
}

#[test]
fn somebody_gets_up_every_day() {
    let clock = Homes::new(3, &Settings::default()).timepiece();
    let mut days: BTreeMap<(u32, u64), u32> = BTreeMap::new();
    let mut in_bed: BTreeMap<u32, bool> = BTreeMap::new();
    for (home, at, body) in said_by("mat-1") {
        let occupied = body["readings"][0]["value"].as_bool().unwrap();
        let was_in_bed = in_bed.insert(home, occupied).unwrap_or(true);
        if was_in_bed && !occupied {
            *days.entry((home, clock.read(at).day)).or_default() += 1;
        }
    }
    for home in 1..=5 {
        for day in 1..=7 {
            let times = days.get(&(home, day)).copied().unwrap_or_default();
            assert!((1..=8).contains(&times), "home {home}, day {day}: {times} times");
        }
    }
}

#[test]
fn a_coin_cell_never_recovers() {
    let mut charge: BTreeMap<String, u64> = BTreeMap::new();
    let settings = Settings { homes: 1, ..Settings::default() };
    let (mut fell, mut seen) = (0, 0);
    for event in Homes::new(3, &settings).take_while(|event| event.at < WEEK * 5) {
        if !event.topic.contains("/zigbee2mqtt/") {
            continue;
        }
        let body: Value = serde_json::from_slice(&event.payload).unwrap();
        let Some(now) = body["battery"].as_u64() else { continue };
        seen += 1;
        let before = charge.insert(event.topic.clone(), now).unwrap_or(now);
        assert!(now <= before, "{}: from {before} to {now}", event.topic);
        fell += before - now;
    }
    assert!(seen > 1_000 && fell > 10, "{seen} {fell}");
}

#[test]
fn a_kettle_boils_at_breakfast_and_uses_what_it_draws() {
    let all = said_by("kettle_plug");
    for home in 1..=5 {
        let said: Vec<_> = all.iter().filter(|(number, ..)| *number == home).collect();
        let boils = said.windows(2).filter(|pair| {
            let power = |at: usize| pair[at].2["power"].as_f64().unwrap();
            power(0) < 1.0 && power(1) > 1_500.0
        });
        assert!((14..=35).contains(&boils.count()), "home {home}");
        let used = |(_, _, body): &(u32, Duration, Value)| body["energy"].as_f64().unwrap();
        let week = used(said[said.len() - 1]) - used(said[0]);
        assert!((1.0..6.0).contains(&week), "home {home}: {week} kWh");
    }
}

#[test]
fn the_button_for_help_is_pressed_as_rarely_as_asked() {
    let presses = |sos_per_week| {
        let settings = Settings { homes: 4, sos_per_week, ..Settings::default() };
        let events = Homes::new(5, &settings).take_while(|event| event.at < WEEK);
        let pressed = events.filter(|event| {
            event.topic.ends_with("/help_button")
                && String::from_utf8_lossy(&event.payload).contains("emergency")
        });
        pressed.count()
    };
    assert_eq!(presses(0.0), 0);
    let often = presses(14.0);
    assert!((45..=70).contains(&often), "{often}");
}

#[test]
fn the_clock_begins_where_it_was_set() {
    for (start, at, expected) in [
        (6, 0, "day 1, 06:00"),
        (6, 18 * 60 + 1, "day 2, 00:01"),
        (2, 0, "day 1, 02:00"),
        (23, 61, "day 2, 00:01"),
    ] {
        let starts_at = Duration::from_secs(start * 3_600);
        let homes = Homes::new(1, &Settings { starts_at, ..Settings::default() });
        let now = homes.timepiece().read(Duration::from_secs(at * 60));
        assert_eq!(now.to_string(), expected);
    }
    assert_eq!(Homes::new(1, &Settings { homes: 0, ..Settings::default() }).next(), None);
}
