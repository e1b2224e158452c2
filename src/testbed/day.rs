//! One day of somebody's: what is done, and when, from getting up to getting up.

use super::{
    DAY, HOUR, MINUTE, Millis, SECOND,
    chance::Chance,
    device::{Device, Room},
    habits::Habits,
};

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Asleep or at rest.
    Bed,
    /// Up and about in a room.
    In(Room),
    /// Out.
    Away,
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// Goes somewhere.
    Go(Place),
    /// Opens or closes a door, a window or a cabinet.
    Open(Device, bool),
    /// Switches something on or off.
    Switch(Device, bool),
    /// Takes a shower, or has done.
    Shower(bool),
    /// Lays the band on its charger, or puts it on again.
    Charge(bool),
    /// Presses the button for help.
    CallForHelp,
    /// The washing machine leaks, or was wiped up.
    Leak(bool),
}

/// A day's deeds with their times, not in order of time.
pub(super) fn plan(habits: &Habits, day: u64, sos_per_week: f64) -> Vec<(Millis, Deed)> {
    let mut diary = Diary {
        habits,
        day,
        now: habits.wakes(day),
        draw: habits.chance(day),
        deeds: Vec::with_capacity(128),
        up: Vec::new(),
    };
    diary.morning();
    diary.outing();
    diary.afternoon();
    let window_open = diary.evening();
    diary.night(window_open);
    diary.calls(sos_per_week);
    diary.deeds
}

/// A day as it is written down.
struct Diary<'h> {
    habits: &'h Habits,
    day: u64,
    now: Millis,
    draw: Chance,
    deeds: Vec<(Millis, Deed)>,
    /// When somebody was at home and up: when help may be called for.
    up: Vec<Millis>,
}

impl Diary<'_> {
    fn go(&mut self, place: Place) {
        self.deeds.push((self.now, Deed::Go(place)));
        if matches!(place, Place::In(_)) {
            self.up.push(self.now);
        }
    }

    fn enter(&mut self, room: Room, shortest: Millis, longest: Millis) {
        self.go(Place::In(room));
        self.pass(shortest, longest);
    }

    fn pass(&mut self, shortest: Millis, longest: Millis) {
        self.now += self.draw.pick(shortest..longest + 1);
    }

    /// Something is done in a while, without that anything waits for it.
    fn soon(&mut self, within: Millis, deed: Deed) -> Millis {
        let at = self.now + self.draw.pick(10 * SECOND..within.max(11 * SECOND));
        self.deeds.push((at, deed));
        at
    }

    /// Opens something within a time, and closes it soon after.
    fn opens(&mut self, device: Device, within: Millis) {
        let at = self.soon(within, Deed::Open(device, true));
        let open = self.draw.pick(6 * SECOND..45 * SECOND);
        self.deeds.push((at + open, Deed::Open(device, false)));
    }

    fn boils_water(&mut self) {
        let at = self.soon(3 * MINUTE, Deed::Switch(Device::Kettle, true));
        let takes = self.draw.near(self.habits.kettle, 30 * SECOND);
        self.deeds.push((at + takes, Deed::Switch(Device::Kettle, false)));
    }

    fn medicine(&mut self) {
        if !self.draw.hit(self.habits.forgets) {
            self.opens(Device::MedicineCabinet, 8 * MINUTE);
        }
    }

    fn meal(&mut self, shortest: Millis, longest: Millis) {
        self.go(Place::In(Room::Kitchen));
        for _ in 0..self.draw.pick(1..4) {
            self.opens(Device::Fridge, 12 * MINUTE);
        }
        self.boils_water();
        self.pass(shortest, longest);
    }

    /// Sits until a time of day, but for a way to bathroom or kitchen now and then.
    fn sits(&mut self, until: Millis) {
        let until = self.day * DAY + until;
        while self.now < until {
            self.go(Place::In(Room::Living));
            let stays = self.draw.pick(35 * MINUTE..110 * MINUTE);
            if self.now + stays + 10 * MINUTE > until {
                self.now = until;
                break;
            }
            self.now += stays;
            if self.draw.hit(0.6) {
                self.enter(Room::Bathroom, 3 * MINUTE, 8 * MINUTE);
            } else {
                self.opens(Device::Fridge, MINUTE);
                self.enter(Room::Kitchen, 2 * MINUTE, 9 * MINUTE);
            }
        }
    }

    fn morning(&mut self) {
        self.enter(Room::Bedroom, MINUTE, 4 * MINUTE);
        let charges = self.draw.hit(0.9);
        if charges {
            self.soon(MINUTE, Deed::Charge(true));
        }
        self.go(Place::In(Room::Bathroom));
        if self.draw.hit(0.6) {
            let begins = self.soon(4 * MINUTE, Deed::Shower(true));
            let takes = self.draw.pick(4 * MINUTE..9 * MINUTE);
            self.deeds.push((begins + takes, Deed::Shower(false)));
            if self.draw.hit(0.01) {
                self.deeds.push((begins + 6 * MINUTE, Deed::Leak(true)));
                let lasts = self.draw.pick(8 * MINUTE..40 * MINUTE);
                self.deeds.push((begins + 6 * MINUTE + lasts, Deed::Leak(false)));
            }
        }
        self.pass(12 * MINUTE, 26 * MINUTE);
        let airs = self.draw.hit(0.7);
        if airs {
            self.soon(2 * MINUTE, Deed::Open(Device::BedroomWindow, true));
        }
        self.enter(Room::Bedroom, 3 * MINUTE, 8 * MINUTE);
        self.medicine();
        self.meal(20 * MINUTE, 45 * MINUTE);
        if charges {
            self.deeds.push((self.now, Deed::Charge(false)));
        }
        // Whoever forgets it now closes it in the evening.
        if airs && !self.draw.hit(self.habits.leaves_window) {
            self.closes_window();
        }
    }

    fn closes_window(&mut self) {
        self.go(Place::In(Room::Bedroom));
        self.soon(MINUTE, Deed::Open(Device::BedroomWindow, false));
        self.pass(MINUTE, 3 * MINUTE);
    }

    fn outing(&mut self) {
        let leaves = self.draw.near(self.habits.walk, 25 * MINUTE);
        self.sits(leaves);
        self.enter(Room::Hall, 2 * MINUTE, 5 * MINUTE);
        if !self.draw.hit(self.habits.walks) {
            // Only the post is fetched.
            self.opens(Device::FrontDoor, 20 * SECOND);
            self.pass(MINUTE, 2 * MINUTE);
            return;
        }
        self.through_front_door();
        self.go(Place::Away);
        self.pass(22 * MINUTE, self.habits.walk_longest);
        self.through_front_door();
        self.enter(Room::Hall, 2 * MINUTE, 4 * MINUTE);
    }

    fn through_front_door(&mut self) {
        self.deeds.push((self.now, Deed::Open(Device::FrontDoor, true)));
        self.pass(6 * SECOND, 25 * SECOND);
        self.deeds.push((self.now, Deed::Open(Device::FrontDoor, false)));
        self.now += SECOND;
    }

    fn afternoon(&mut self) {
        let lunch = self.draw.near(12 * HOUR, 20 * MINUTE);
        self.sits(lunch);
        self.meal(30 * MINUTE, 50 * MINUTE);
        if self.draw.hit(self.habits.naps) {
            self.go(Place::Bed);
            self.pass(30 * MINUTE, 75 * MINUTE);
            self.enter(Room::Bedroom, MINUTE, 3 * MINUTE);
        }
        let coffee = self.draw.near(15 * HOUR, 20 * MINUTE);
        self.sits(coffee);
        self.meal(12 * MINUTE, 22 * MINUTE);
        let supper = self.draw.near(17 * HOUR + 40 * MINUTE, 25 * MINUTE);
        self.sits(supper);
    }

    /// True if a window still has to be closed.
    fn evening(&mut self) -> bool {
        self.medicine();
        self.meal(30 * MINUTE, 45 * MINUTE);
        self.soon(20 * MINUTE, Deed::Switch(Device::Television, true));
        let bed = self.draw.near(self.habits.bed, 25 * MINUTE);
        self.sits(bed);
        self.deeds.push((self.now, Deed::Switch(Device::Television, false)));
        self.enter(Room::Bathroom, 8 * MINUTE, 15 * MINUTE);
        let window = self
            .deeds
            .iter()
            .filter(|(_, deed)| matches!(deed, Deed::Open(Device::BedroomWindow, open) if *open));
        let closed = self
            .deeds
            .iter()
            .filter(|(_, deed)| matches!(deed, Deed::Open(Device::BedroomWindow, open) if !*open));
        window.count() > closed.count()
    }

    fn night(&mut self, window_open: bool) {
        if window_open {
            self.closes_window();
        }
        self.enter(Room::Bedroom, 2 * MINUTE, 6 * MINUTE);
        self.go(Place::Bed);
        let wakes = self.habits.wakes(self.day + 1);
        for _ in 0..self.draw.times(self.habits.night_visits) {
            self.pass(80 * MINUTE, 200 * MINUTE);
            if self.now + 45 * MINUTE > wakes {
                break;
            }
            self.enter(Room::Bedroom, 30 * SECOND, 90 * SECOND);
            self.enter(Room::Bathroom, 3 * MINUTE, 7 * MINUTE);
            self.enter(Room::Bedroom, 20 * SECOND, 60 * SECOND);
            self.go(Place::Bed);
        }
    }

    fn calls(&mut self, sos_per_week: f64) {
        for _ in 0..self.draw.times(sos_per_week / 7.0) {
            let last = u64::try_from(self.up.len()).unwrap_or(0);
            let chosen = usize::try_from(self.draw.pick(0..last)).unwrap_or(0);
            let wait = self.draw.pick(5 * SECOND..50 * SECOND);
            if let Some(at) = self.up.get(chosen) {
                self.deeds.push((at + wait, Deed::CallForHelp));
            }
        }
    }
}
