//! Random traffic beside a model that keeps everything: every reading that was sent, which of them
//! are stored for certain, and which are stored perhaps.
//!
//! Two consumers keep the last value of each kind: one takes every reading, one only those with ids
//! it has not met. Whenever a repeat is left out, both must hold its value, whatever became of what
//! was on its way; whenever a duplicate is, its value must be the last that was sent, and stored or
//! on its way on the same connection.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::*;
use crate::plant::{Bug, plant};

/// One message as a broker keeps it, for a redelivery.
#[derive(Clone, Debug)]
struct Said {
    device: u32,
    way: u32,
    clock: Option<i64>,
    values: Vec<(KindId, u16, Value)>,
    qos: u8,
    freshness: Freshness,
    id: u64,
}

/// A reading that was sent.
#[derive(Clone, Debug)]
struct Sent {
    key: (u32, KindId, u16),
    value: Value,
    id: (u64, usize),
    epoch: u32,
    position: u64,
    /// Refused for good, or gone with its connection.
    is_lost: bool,
}

struct Model {
    chance: SmallRng,
    scene: Scene,
    sent: Vec<Sent>,
    said: Vec<Said>,
    next_id: u64,
    time: i64,
    left_out: usize,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut scene = Scene::new();
        if seed.is_multiple_of(3) {
            let limits = RepeatLimits { budget: 64 * 4, ..RepeatLimits::default() };
            scene.repeats = Repeats::new(limits, &scene.catalogue);
        }
        let chance = SmallRng::seed_from_u64(seed);
        Self { chance, scene, sent: Vec::new(), said: Vec::new(), next_id: 1, time: 0, left_out: 0 }
    }

    fn below(&mut self, end: i64) -> i64 {
        self.chance.random_range(0..end)
    }

    fn one_in(&mut self, count: i64) -> bool {
        self.below(count) == 0
    }

    fn invent(&mut self) -> Said {
        let kinds = ["air_temperature", "smoke_alarm", "rssi", "door_open", "sos"];
        let values = (0..=self.below(3)).map(|_| {
            let kind = kinds[usize::try_from(self.below(5)).expect("small")];
            let state = self.one_in(2);
            let value = match kind {
                "air_temperature" | "rssi" => Value::Number(if state { 20.0 } else { 21.0 }),
                "sos" => Value::Event,
                _ => Value::State(state),
            };
            let channel = u16::from(self.one_in(4));
            (self.scene.catalogue.find(kind).expect("a kind"), channel, value)
        });
        let values = values.collect();
        self.time += self.below(3);
        let late = if self.one_in(5) { self.below(4) } else { 0 };
        let clock = (!self.one_in(3)).then_some(self.time - late);
        let id = if let Some(clock) = clock {
            // The same payload has the same id.
            let text = format!("{clock} {values:?}");
            xxhash_rust::xxh3::xxh3_64(text.as_bytes()) | 1 << 63
        } else {
            self.next_id += 1;
            self.next_id
        };
        let device = u32::try_from(self.below(3)).expect("small");
        Said {
            device,
            way: u32::try_from(self.below(3)).expect("small"),
            clock,
            values,
            qos: u8::from(!self.one_in(4)),
            freshness: if self.one_in(8) { Freshness::Replayed } else { Freshness::Live },
            id: id ^ u64::from(device),
        }
    }

    fn say(&mut self, said: &Said) {
        let flags = Flags::default();
        let mut readings: Vec<Reading> = Vec::new();
        for (kind, channel, value) in said.values.iter().copied() {
            readings.push(Reading { kind, channel, value, measured_at: None, flags });
        }
        let part = Part {
            device: said.device,
            way: said.way,
            measured_at: said.clock.map(|clock| UnixMicros(WALL + clock)),
            freshness: said.freshness,
            ..Scene::part(Policy::Discard)
        };
        let place = self.scene.place;
        self.scene.repeats.begin(place, self.scene.now);
        self.scene.place.position += 1;
        let left_out = self.scene.repeats.judge(&part, &mut readings);
        for (ordinal, reading) in (0..).zip(&readings) {
            let key = (said.device, reading.kind, reading.channel);
            if self.scene.repeats.is_left_out(ordinal) {
                self.left_out += 1;
                self.check(key, reading.value, left_out.duplicates > 0);
            } else {
                let id = (said.id, usize::try_from(ordinal).expect("small"));
                let (epoch, position) = (place.epoch.0, place.position);
                let (value, is_lost) = (reading.value, false);
                self.sent.push(Sent { key, value, id, epoch, position, is_lost });
            }
        }
        self.said.push(said.clone());
    }

    fn check(&mut self, key: (u32, KindId, u16), value: Value, is_duplicate: bool) {
        let Place { epoch, settled, .. } = self.scene.place;
        let is_signal = self.scene.repeats.nature(key.1) == Nature::Signal;
        if is_duplicate && is_signal {
            return;
        }
        let of_key: Vec<Sent> = self.sent.iter().filter(|sent| sent.key == key).cloned().collect();
        let is_pending = |sent: &Sent| sent.epoch == epoch.0 && sent.position >= settled;
        // What is on its way may get there or not; of a duplicate it will, or nobody is told.
        for are_stored in [false, true] {
            let is_stored =
                |sent: &&Sent| !sent.is_lost && (are_stored || is_duplicate || !is_pending(sent));
            let stored: Vec<&Sent> = of_key.iter().filter(is_stored).collect();
            let held = stored.last().map(|sent| sent.value);
            assert_eq!(held, Some(value), "a change is hidden: {stored:?}");
            if is_duplicate {
                continue;
            }
            let mut met = BTreeSet::new();
            let first = stored.iter().filter(|sent| met.insert(sent.id));
            let held = first.last().map(|sent| sent.value);
            assert_eq!(held, Some(value), "hidden from who ignores copies: {stored:?}");
        }
    }

    /// The connection ends. What was on its way arrives or not; the broker repeats what it was not
    /// told of, or does not know that it was.
    fn reconnect(&mut self) {
        let Place { epoch, settled, position } = self.scene.place;
        for at in 0..self.sent.len() {
            let is_pending = self.sent[at].epoch == epoch.0 && self.sent[at].position >= settled;
            self.sent[at].is_lost |= is_pending && self.chance.random();
        }
        let known = usize::try_from(position).expect("short");
        let since = self.said.len() - known;
        let first = usize::try_from(settled).expect("short");
        let unheard = usize::try_from(self.below(4)).expect("small");
        let again = self.said.split_off(since + first.saturating_sub(unheard));
        self.scene.reconnect();
        for mut said in again.into_iter().filter(|said| said.qos == 1) {
            if self.one_in(6) {
                // A broker that does not say so. Without a clock nobody can know it again.
                if said.clock.is_none() {
                    self.next_id += 1;
                    said.id = self.next_id;
                }
            } else {
                said.freshness = Freshness::Replayed;
            }
            self.say(&said);
        }
    }

    fn run(&mut self) {
        for _ in 0..120 {
            match self.below(16) {
                0..10 => {
                    let said = self.invent();
                    self.say(&said);
                }
                10..13 => {
                    let Place { settled, position, .. } = self.scene.place;
                    self.scene.place.settled += self.chance.random_range(0..=position - settled);
                }
                13 => {
                    let seconds = self.below(8);
                    self.scene.pass(Duration::from_secs(seconds.unsigned_abs()));
                }
                14 if self.one_in(4) => {
                    // A record is refused for good: a part of what is on its way.
                    let Place { epoch, settled, .. } = self.scene.place;
                    let pending = self
                        .sent
                        .iter_mut()
                        .filter(|sent| sent.epoch == epoch.0 && sent.position >= settled);
                    let mut lost: BTreeMap<u64, bool> = BTreeMap::new();
                    for sent in pending {
                        sent.is_lost |=
                            *lost.entry(sent.position).or_insert_with(|| self.chance.random());
                    }
                    self.scene.repeats.distrust();
                }
                15 if self.one_in(4) => self.reconnect(),
                _ => {}
            }
        }
    }
}

#[test]
fn no_change_is_ever_hidden() {
    let mut left_out = 0;
    for seed in 0..3_000 {
        let mut model = Model::new(seed);
        model.run();
        left_out += model.left_out;
    }
    assert!(left_out > 10_000, "only {left_out} readings were left out");
}

#[test]
fn planted_bugs_hide_a_change() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let bugs = [Bug::RepeatOfUnconfirmed, Bug::RepeatOfRefused, Bug::RepeatOfReplay];
    let found = bugs.map(|bug| {
        let _planted = plant(bug);
        (0..3_000).any(|seed| std::panic::catch_unwind(|| Model::new(seed).run()).is_err())
    });
    std::panic::set_hook(hook);
    assert_eq!(found, [true; 3]);
}
