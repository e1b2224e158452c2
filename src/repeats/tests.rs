//! What counts as a repeat, in one line a case, and the promise beside a naive model.

mod model;

use std::time::Duration;

use super::*;
use crate::{
    ack::Epoch,
    model::{CategoryId, Flags, UnixMicros},
};

/// 2026-09-21, more or less.
const WALL: i64 = 1_790_000_000_000_000;

/// One device and what it says. `+` in front of a time makes it pass.
struct Scene {
    repeats: Repeats,
    catalogue: Catalogue,
    place: Place,
    now: Mono,
}

impl Scene {
    fn new() -> Self {
        let catalogue = Catalogue::builtin();
        Self {
            repeats: Repeats::new(RepeatLimits::default(), &catalogue),
            catalogue,
            place: Place { epoch: Epoch(1), position: 0, settled: 0 },
            now: Mono(1_000_000),
        }
    }

    fn reading(&self, word: &str) -> Reading {
        let (kind, value) = word.split_once('=').unwrap_or((word, ""));
        let (kind, channel) = kind.split_once('#').unwrap_or((kind, "0"));
        let kind = match kind {
            "temperature" => "air_temperature",
            "humidity" => "relative_humidity",
            kind => kind,
        };
        let value = match value {
            "" => Value::Event,
            "on" => Value::State(true),
            "off" => Value::State(false),
            "single" | "locked" => Value::Category(CategoryId(0)),
            number => Value::Number(number.trim_end_matches('~').parse().expect("a number")),
        };
        let mut flags = Flags::default();
        if word.ends_with('~') {
            flags.set(ReadingFlag::Summary);
        }
        Reading {
            kind: self.catalogue.find(kind).expect("a kind"),
            channel: channel.parse().expect("a channel"),
            value,
            measured_at: None,
            flags,
        }
    }

    fn part(policy: Policy) -> Part {
        Part {
            device: 7,
            way: 0,
            sequence: None,
            measured_at: None,
            latest: UnixMicros(WALL + 300_000_000),
            freshness: Freshness::Live,
            policy,
        }
    }

    /// Says what becomes of each reading: `.` sent, `m` sent and marked, `-` left out.
    fn say(&mut self, part: &Part, words: &str) -> String {
        self.repeats.begin(self.place, self.now);
        self.place.position += 1;
        let mut readings: Vec<Reading> = words.split(' ').map(|word| self.reading(word)).collect();
        let left_out = self.repeats.judge(part, &mut readings);
        let told: String = (0..)
            .zip(&readings)
            .map(|(ordinal, reading)| {
                match (self.repeats.is_left_out(ordinal), reading.flags.has(ReadingFlag::Repeated))
                {
                    (true, _) => '-',
                    (false, true) => 'm',
                    (false, false) => '.',
                }
            })
            .collect();
        let count = told.chars().filter(|told| *told == '-').count();
        assert_eq!(usize::try_from(left_out.repeats + left_out.duplicates), Ok(count));
        told
    }

    fn confirm(&mut self) {
        self.place.settled = self.place.position;
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    fn reconnect(&mut self) {
        let Epoch(epoch) = self.place.epoch;
        self.place = Place { epoch: Epoch(epoch + 1), position: 0, settled: 0 };
    }
}

#[test]
fn repeats_are_told_from_news() {
    // First message, second message, what becomes of the second once the first is confirmed.
    for (first, second, told) in [
        ("temperature=20", "temperature=20", "-"),
        ("temperature=20", "temperature=20.5", "."),
        ("temperature=0", "temperature=-0", "."),
        ("temperature=20", "temperature#1=20", "."),
        ("temperature=20 humidity=5", "humidity=5 temperature=20", "--"),
        ("temperature=20 humidity=5", "humidity=5 temperature=21", "-."),
        ("humidity=5", "temperature=20 humidity=5", ".-"),
        // Never: events, alarms that are on, spans of time, twice in a message.
        ("sos", "sos", "."),
        ("button_press=single", "button_press=single", "."),
        ("lock_state=locked", "lock_state=locked", "-"),
        ("smoke_alarm=on", "smoke_alarm=on", "."),
        ("smoke_alarm=off", "smoke_alarm=off", "-"),
        ("heart_rate=60~", "heart_rate=60~", "."),
        ("temperature=20", "temperature=20 temperature=20", ".."),
        ("humidity=5", "temperature=1 humidity=5 humidity=5 temperature=1", "...."),
        ("humidity=5 temperature=20", "temperature=20 humidity=5 temperature=20", ".-."),
    ] {
        let mut scene = Scene::new();
        let part = Scene::part(Policy::Discard);
        assert!(!scene.say(&part, first).contains('-'));
        scene.confirm();
        assert_eq!(scene.say(&part, second), told, "{first}, then {second}");
    }
}

#[test]
fn only_what_is_confirmed_suppresses() {
    let mut scene = Scene::new();
    let part = Scene::part(Policy::Discard);
    assert_eq!(scene.say(&part, "temperature=20"), ".");
    assert_eq!(scene.say(&part, "temperature=20"), ".", "not confirmed yet");
    scene.place.settled = 1;
    assert_eq!(scene.say(&part, "temperature=20"), "-", "the first vouches for all");
    assert_eq!(scene.say(&part, "temperature=21"), ".");
    assert_eq!(scene.say(&part, "temperature=20"), ".", "changed back before it was confirmed");
    scene.reconnect();
    assert_eq!(scene.say(&part, "temperature=20"), ".", "void with its connection");
    scene.confirm();
    scene.reconnect();
    assert_eq!(scene.say(&part, "temperature=20"), ".", "nobody asked the window in time");
    scene.confirm();
    assert_eq!(scene.say(&part, "temperature=20"), "-");
    scene.reconnect();
    assert_eq!(scene.say(&part, "temperature=20"), "-", "confirmed, and known to be");
    scene.repeats.distrust();
    assert_eq!(scene.say(&part, "temperature=20"), ".");
}

#[test]
fn what_is_replayed_is_sent_and_so_is_what_follows() {
    for (replayed, clock) in
        [(Freshness::Replayed, None), (Freshness::Replayed, Some(9)), (Freshness::Live, Some(3))]
    {
        let mut scene = Scene::new();
        let at = |seconds: i64| Some(UnixMicros(WALL + seconds * 1_000_000));
        let live = |seconds| Part { measured_at: at(seconds), ..Scene::part(Policy::Discard) };
        scene.say(&live(5), "temperature=20");
        scene.confirm();
        let replay = Part {
            freshness: replayed,
            measured_at: clock.and_then(at),
            ..Scene::part(Policy::Discard)
        };
        assert_eq!(scene.say(&replay, "temperature=20"), ".", "{replayed:?} {clock:?}");
        scene.confirm();
        assert_eq!(scene.say(&live(10), "temperature=20"), ".", "{replayed:?} {clock:?}");
        scene.confirm();
        assert_eq!(scene.say(&live(11), "temperature=20"), "-");
    }
}

#[test]
fn two_values_of_one_device_time_are_no_ground() {
    let mut scene = Scene::new();
    let part = |seconds: i64| Part {
        measured_at: Some(UnixMicros(WALL + seconds * 1_000_000)),
        ..Scene::part(Policy::Discard)
    };
    for (seconds, value, told) in [
        (1, "temperature=20", "."),
        (1, "temperature=21", "."),
        (1, "temperature=20", "."),
        // A consumer that tells copies by id has taken the third for the first.
        (2, "temperature=20", "."),
        (3, "temperature=20", "-"),
        // A clock that cannot be true is none.
        (9_999_999, "temperature=20", "-"),
        (4, "temperature=20", "-"),
    ] {
        assert_eq!(scene.say(&part(seconds), value), told, "{seconds} {value}");
        scene.confirm();
    }
}

#[test]
fn a_policy_marks_discards_or_only_counts() {
    for (policy, told) in [(Policy::Off, "...."), (Policy::Mark, ".mmm"), (Policy::Discard, ".--m")]
    {
        let mut scene = Scene::new();
        let part = Scene::part(policy);
        let mut all = String::new();
        for minutes in [0, 5, 5, 6] {
            scene.pass(Duration::from_mins(minutes));
            all += &scene.say(&part, "temperature=20");
            scene.confirm();
        }
        assert_eq!(all, told, "{policy:?}: the heartbeat is 15 min");
        assert_eq!(scene.repeats.counts().repeats, 3);
    }
}

#[test]
fn the_same_by_another_way_is_one_reading() {
    let by = |way, sequence| Part { way, sequence, ..Scene::part(Policy::Mark) };
    // The first message's way and counter, the second's with its values, and the time between.
    for (first, second, words, millis, told) in [
        ((1, None), (2, None), "temperature=20 rssi=-70", 900, "--"),
        ((1, None), (2, None), "temperature=20 rssi=-70", 5_900, ".."),
        ((1, None), (1, None), "temperature=20 rssi=-60", 900, ".."),
        ((0, None), (2, None), "temperature=20 rssi=-60", 900, ".."),
        ((1, None), (2, None), "temperature=21 rssi=-60", 900, ".."),
        ((1, None), (2, None), "temperature=20 humidity=5", 900, ".."),
        ((1, None), (2, None), "rssi=-60", 900, "."),
        ((1, None), (2, None), "temperature=20 sos", 900, ".."),
        ((1, Some(4)), (2, Some(4)), "temperature=20 rssi=-70", 30_000, "--"),
        ((1, Some(4)), (2, Some(4)), "temperature=20 rssi=-70", 90_000, ".."),
        ((1, Some(4)), (2, Some(5)), "temperature=20 rssi=-60", 900, ".."),
    ] {
        let mut scene = Scene::new();
        assert_eq!(scene.say(&by(first.0, first.1), "temperature=20 rssi=-60"), "..");
        scene.pass(Duration::from_millis(millis));
        let second = by(second.0, second.1);
        assert_eq!(scene.say(&second, words), told, "{first:?} {second:?} {words} {millis}");
    }
    let mut scene = Scene::new();
    scene.say(&by(1, None), "temperature=20");
    scene.reconnect();
    assert_eq!(scene.say(&by(2, None), "temperature=20"), ".", "the first may be lost");
}

#[test]
fn the_budget_bounds_what_is_remembered_and_the_oldest_goes_first() {
    let catalogue = Catalogue::builtin();
    let limits = RepeatLimits { budget: 64 * 100, ..RepeatLimits::default() };
    let mut scene = Scene::new();
    scene.repeats = Repeats::new(limits, &catalogue);
    let part = |device| Part { device, ..Scene::part(Policy::Discard) };
    for device in 0..100 {
        scene.say(&part(device), "temperature=20");
        scene.confirm();
    }
    assert_eq!((scene.repeats.forgotten(), scene.repeats.bytes()), (0, 6_400), "64 bytes each");
    assert_eq!(scene.say(&part(0), "temperature=20"), "-");
    scene.say(&part(70_050), "temperature=20");
    scene.confirm();
    assert!(scene.repeats.bytes() <= 6_400, "{}", scene.repeats.bytes());
    assert_eq!(scene.say(&part(0), "temperature=20"), "-", "heard just now");
    let remembered = (0..100).filter(|device| scene.say(&part(*device), "temperature=20") == "-");
    assert!((97..=99).contains(&remembered.count()));
    scene.repeats.forget_all();
    assert_eq!(scene.say(&part(0), "temperature=20"), ".");
}

#[test]
fn a_device_of_many_kinds_costs_bounded_work_and_memory() {
    let mut scene = Scene::new();
    let part = Scene::part(Policy::Discard);
    let words: Vec<String> =
        (1..=1_000).map(|channel| format!("temperature#{channel}=1")).collect();
    let words = words.join(" ");
    scene.say(&part, &words);
    scene.confirm();
    let told = scene.say(&part, &words);
    assert_eq!(told.matches('-').count(), table::ENTRIES_MAX);
    assert_eq!(told.find('.'), Some(table::ENTRIES_MAX));
}
