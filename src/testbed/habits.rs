//! How somebody lives, as far as sensors can tell.

use super::{
    DAY, HOUR, MINUTE, Millis, SECOND,
    chance::{Chance, Purpose},
};

/// One person's habits. They differ from home to home, and not from day to day.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    seed: u64,
    home: u64,
    /// Usual time of getting up, and of going to bed.
    wake: Millis,
    pub(super) bed: Millis,
    /// Usual start of the walk, its longest duration, and how likely it is.
    pub(super) walk: Millis,
    pub(super) walk_longest: Millis,
    pub(super) walks: f64,
    /// How likely a nap is.
    pub(super) naps: f64,
    /// Visits to the bathroom in a night.
    pub(super) night_visits: f64,
    /// How likely medicine is not taken on time.
    pub(super) forgets: f64,
    /// How likely a window is left open in the morning.
    pub(super) leaves_window: f64,
    /// Time a full kettle takes.
    pub(super) kettle: Millis,
    pub(super) kettle_watts: f64,
    pub(super) television_watts: f64,
    /// Beats a minute when sitting still.
    pub(super) pulse: f64,
    /// Degrees the rooms are heated to.
    pub(super) warmth: f64,
    /// Steps a minute when walking.
    pub(super) pace: f64,
}

impl Habits {
    pub(super) fn new(seed: u64, home: u64) -> Self {
        let mut draw = Chance::new(seed, home, Purpose::Habits);
        Self {
            seed,
            home,
            wake: draw.near(7 * HOUR + 10 * MINUTE, 55 * MINUTE),
            bed: draw.near(22 * HOUR + 15 * MINUTE, 60 * MINUTE),
            walk: draw.near(10 * HOUR + 15 * MINUTE, 40 * MINUTE),
            walk_longest: draw.near(65 * MINUTE, 20 * MINUTE),
            walks: draw.between(0.6, 0.97),
            naps: draw.between(0.2, 0.9),
            night_visits: draw.between(0.3, 2.2),
            forgets: draw.between(0.0, 0.06),
            leaves_window: draw.between(0.03, 0.15),
            kettle: draw.near(3 * MINUTE, 60 * SECOND),
            kettle_watts: draw.between(1_750.0, 2_150.0),
            television_watts: draw.between(45.0, 120.0),
            pulse: draw.between(58.0, 76.0),
            warmth: draw.between(20.2, 23.4),
            pace: draw.between(55.0, 100.0),
        }
    }

    /// When they get up on a day.
    pub(super) fn wakes(&self, day: u64) -> Millis {
        // Drawn from a stream of its own, since the night before asks for it too.
        let mut draw = Chance::new(self.seed ^ 0x7761_6b65, self.home, Purpose::Day(day));
        day * DAY + draw.near(self.wake, 25 * MINUTE)
    }

    /// The draws of one day.
    pub(super) fn chance(&self, day: u64) -> Chance {
        Chance::new(self.seed, self.home, Purpose::Day(day))
    }
}
