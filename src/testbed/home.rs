//! One home: what somebody does becomes what the sensors say.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use super::{
    HOUR, MINUTE, Millis, SECOND,
    chance::{Chance, Purpose},
    day::{Deed, Place, plan},
    device::{Device, Fitted, Room, State, daylight},
    habits::Habits,
    wearable::{self, Band},
};

/// How often a device that has nothing new repeats itself.
const HEARTBEAT: Millis = 55 * MINUTE;
/// How often a thermometer looks.
const CLIMATE_EVERY: Millis = 15 * MINUTE;
/// What a motion sensor waits before it falls back.
const FALLS_BACK: Millis = 60 * SECOND;

/// What a home says.
#[derive(Debug)]
pub(super) struct Saying {
    pub(super) at: Millis,
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) retain: bool,
}

/// What is due at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A day begins: plan it.
    Day(u64),
    Deed(Deed),
    /// Somebody is seen by a motion sensor.
    Seen(Room),
    /// A motion sensor may fall back.
    Clear(Room),
    /// Somebody who is up moves.
    Stir,
    /// The help button falls back.
    Released,
    /// A plug measures while it is on.
    Measure(Device),
    Heartbeat(Device),
    Band,
    Mat,
}

/// A home at a moment of its life.
#[derive(Debug)]
pub(super) struct Home {
    name: String,
    habits: Habits,
    sos_per_week: f64,
    draw: Chance,
    agenda: BinaryHeap<Reverse<(Millis, u64, Due)>>,
    /// Order of entries for the same time.
    entries: u64,
    said: VecDeque<Saying>,
    now: Millis,
    place: Place,
    showering: bool,
    window_open: bool,
    devices: Vec<Fitted>,
    band: Band,
}

impl Home {
    /// A home that has lived silently from early on the first day until `start`.
    pub(super) fn new(seed: u64, number: u64, start: Millis, sos_per_week: f64) -> Self {
        let habits = Habits::new(seed, number);
        let mut draw = Chance::new(seed, number, Purpose::Noise);
        let mut home = Self {
            name: format!("home-{number}"),
            sos_per_week,
            agenda: BinaryHeap::with_capacity(256),
            entries: 0,
            said: VecDeque::new(),
            now: 0,
            place: Place::Bed,
            showering: false,
            window_open: false,
            devices: Device::ALL.iter().map(|device| Fitted::new(*device, &mut draw)).collect(),
            band: Band::new(0, &mut draw),
            habits,
            draw,
        };
        home.note(home.habits.wakes(0), Due::Day(0));
        home.note(MINUTE, Due::Stir);
        for device in Device::ALL {
            let every = if let Device::Climate(_) = device { CLIMATE_EVERY } else { HEARTBEAT };
            let first = home.draw.pick(0..every);
            home.note(first, Due::Heartbeat(device));
        }
        let band = home.draw.pick(0..wearable::BAND_EVERY);
        home.note(band, Due::Band);
        let mat = home.draw.pick(0..wearable::MAT_EVERY);
        home.note(mat, Due::Mat);
        home.live_until(start);
        home.said.clear();
        home.introduce(start);
        home
    }

    /// The next thing it says. There is always one.
    pub(super) fn next(&mut self) -> Option<Saying> {
        while self.said.is_empty() {
            self.step()?;
        }
        self.said.pop_front()
    }

    fn live_until(&mut self, start: Millis) {
        while self.agenda.peek().is_some_and(|Reverse((at, ..))| *at < start) {
            self.step();
            self.said.clear();
        }
    }

    /// What a gateway says when it was started: who is there, and what each one last said.
    fn introduce(&mut self, now: Millis) {
        self.now = now;
        self.say("zigbee2mqtt/bridge/state", br#"{"state":"online"}"#.to_vec(), true);
        for device in Device::ALL {
            let topic = format!("zigbee2mqtt/{}/availability", device.name());
            self.say(&topic, br#"{"state":"online"}"#.to_vec(), true);
            self.report(device);
        }
        self.say_mat();
    }

    fn note(&mut self, at: Millis, due: Due) {
        self.entries += 1;
        self.agenda.push(Reverse((at, self.entries, due)));
    }

    fn step(&mut self) -> Option<()> {
        let Reverse((at, _, due)) = self.agenda.pop()?;
        self.now = at;
        match due {
            Due::Day(day) => {
                for (at, deed) in plan(&self.habits, day, self.sos_per_week) {
                    self.note(at, Due::Deed(deed));
                }
                self.note(self.habits.wakes(day + 1), Due::Day(day + 1));
            }
            Due::Deed(deed) => self.act(deed),
            Due::Seen(room) => self.see(room),
            Due::Clear(room) => self.clear(room),
            Due::Stir => self.stir(),
            Due::Released => self.set(Device::HelpButton, State::Button { pressed: false }),
            Due::Measure(device) => self.measure(device),
            Due::Heartbeat(device) => self.beat(device),
            Due::Band => {
                let body = self.band.message(self.now, self.place, &self.habits, &mut self.draw);
                self.say(&format!("band/{}", wearable::BAND), body, false);
                self.note(self.now + wearable::BAND_EVERY, Due::Band);
            }
            Due::Mat => {
                if self.place == Place::Bed {
                    self.say_mat();
                }
                self.note(self.now + wearable::MAT_EVERY, Due::Mat);
            }
        }
        Some(())
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Go(place) => self.go(place),
            Deed::Open(device, open) => {
                if device == Device::BedroomWindow {
                    self.window_open = open;
                }
                self.set(device, State::Contact { open });
            }
            Deed::Switch(device, on) => {
                let watts = if on { self.full_power(device) } else { 0.0 };
                self.power(device, watts);
                if on {
                    self.note(self.now + measures_every(device), Due::Measure(device));
                }
            }
            Deed::Shower(on) => {
                self.showering = on;
                self.beat_once(Device::Climate(Room::Bathroom));
            }
            Deed::Charge(on) => self.band.put(self.now, on),
            Deed::CallForHelp => {
                self.set(Device::HelpButton, State::Button { pressed: true });
                self.note(self.now + SECOND, Due::Released);
            }
            Deed::Leak(wet) => self.set(Device::WashingMachine, State::Leak { wet }),
        }
    }

    fn go(&mut self, place: Place) {
        let from = std::mem::replace(&mut self.place, place);
        if (from == Place::Bed) != (place == Place::Bed) {
            self.say_mat();
        }
        let Place::In(room) = place else { return };
        let crosses_hall = match from {
            Place::In(before) => before != room && before != Room::Hall && room != Room::Hall,
            Place::Bed => room != Room::Bedroom,
            Place::Away => false,
        };
        if crosses_hall && self.draw.hit(0.7) {
            self.note(self.now + SECOND, Due::Seen(Room::Hall));
        }
        let arrives = self.now + self.draw.pick(2 * SECOND..7 * SECOND);
        self.note(arrives, Due::Seen(room));
    }

    fn stir(&mut self) {
        let (shortest, longest) = match self.place {
            Place::Bed | Place::Away => (5 * MINUTE, 10 * MINUTE),
            Place::In(Room::Hall) => (20 * SECOND, MINUTE),
            Place::In(Room::Kitchen) => (30 * SECOND, 150 * SECOND),
            Place::In(Room::Bathroom | Room::Bedroom) => (40 * SECOND, 3 * MINUTE),
            Place::In(Room::Living) => (90 * SECOND, 10 * MINUTE),
        };
        if let Place::In(room) = self.place {
            self.see(room);
        }
        let wait = self.draw.pick(shortest..longest);
        self.note(self.now + wait, Due::Stir);
    }

    fn see(&mut self, room: Room) {
        // Who has left in the meantime is seen by nobody.
        if self.place == Place::Away {
            return;
        }
        let now = self.now;
        let Some(fitted) = self.fitted(Device::Motion(room)) else { return };
        let State::Motion { seen, until } = &mut fitted.state else { return };
        let is_new = !std::mem::replace(seen, true);
        *until = now + FALLS_BACK;
        if is_new {
            self.note(now + FALLS_BACK, Due::Clear(room));
            self.report(Device::Motion(room));
        }
    }

    fn clear(&mut self, room: Room) {
        let now = self.now;
        let Some(fitted) = self.fitted(Device::Motion(room)) else { return };
        let State::Motion { seen, until } = &mut fitted.state else { return };
        let until = *until;
        if until > now {
            self.note(until, Due::Clear(room));
            return;
        }
        *seen = false;
        self.report(Device::Motion(room));
    }

    fn full_power(&self, device: Device) -> f64 {
        if device == Device::Kettle {
            self.habits.kettle_watts
        } else {
            self.habits.television_watts
        }
    }

    fn power(&mut self, device: Device, watts: f64) {
        let now = self.now;
        if let Some(fitted) = self.fitted(device) {
            fitted.draw_power(now, watts);
        }
        self.report(device);
    }

    fn measure(&mut self, device: Device) {
        let is_on = self
            .fitted(device)
            .is_some_and(|fitted| matches!(fitted.state, State::Plug { watts, .. } if watts > 0.0));
        if is_on {
            let watts = self.full_power(device) * self.draw.between(0.96, 1.04);
            self.power(device, watts);
            self.note(self.now + measures_every(device), Due::Measure(device));
        }
    }

    fn beat(&mut self, device: Device) {
        self.beat_once(device);
        let every = if let Device::Climate(_) = device { CLIMATE_EVERY } else { HEARTBEAT };
        let wait = self.draw.near(every, every / 10);
        self.note(self.now + wait, Due::Heartbeat(device));
    }

    fn beat_once(&mut self, device: Device) {
        if let Device::Climate(room) = device {
            let (now, towards) = (self.now, self.tends_to(room));
            let fitted = self.devices.iter_mut().find(|fitted| fitted.device == device);
            if let Some(fitted) = fitted {
                fitted.drift(now, towards, &mut self.draw);
            }
        }
        // A motion sensor that sees somebody has said so a moment ago.
        let is_seeing = self
            .fitted(device)
            .is_some_and(|fitted| matches!(fitted.state, State::Motion { seen: true, .. }));
        if !is_seeing {
            self.report(device);
        }
    }

    /// Temperature and humidity that a room tends to.
    fn tends_to(&self, room: Room) -> (f64, f64) {
        let warm = self.habits.warmth + 1.2 * daylight(self.now);
        match room {
            Room::Bedroom if self.window_open => (14.0, 48.0),
            Room::Bedroom => (warm - 1.5, 38.0),
            Room::Bathroom if self.showering => (warm + 9.0, 300.0),
            Room::Bathroom => (warm + 0.5, 42.0),
            Room::Hall | Room::Kitchen | Room::Living => (warm, 35.0),
        }
    }

    fn fitted(&mut self, device: Device) -> Option<&mut Fitted> {
        self.devices.iter_mut().find(|fitted| fitted.device == device)
    }

    fn set(&mut self, device: Device, state: State) {
        if let Some(fitted) = self.fitted(device) {
            fitted.state = state;
        }
        self.report(device);
    }

    fn report(&mut self, device: Device) {
        let fitted = self.devices.iter().find(|fitted| fitted.device == device);
        if let Some(body) = fitted.map(|fitted| fitted.message(self.now, &mut self.draw)) {
            self.say(&format!("zigbee2mqtt/{}", device.name()), body, false);
        }
    }

    fn say_mat(&mut self) {
        let body = wearable::mat_message(self.place == Place::Bed, &mut self.draw);
        self.say(&format!("bed/{}", wearable::MAT), body, false);
    }

    fn say(&mut self, below: &str, payload: Vec<u8>, retain: bool) {
        let topic = format!("homes/{}/{below}", self.name);
        self.said.push_back(Saying { at: self.now, topic, payload, retain });
    }
}

/// How often a plug measures while it is on.
fn measures_every(device: Device) -> Millis {
    if device == Device::Kettle { MINUTE } else { 10 * MINUTE }
}

/// Nobody is up before this, so a life begins here at the earliest.
pub(super) const EARLIEST_START: Millis = 5 * HOUR;

#[cfg(test)]
mod tests;
