//! Seeded chance: the same seed draws the same homes, days and noise.

use std::ops::Range;

use rand::{Rng, SeedableRng, rngs::SmallRng};

use super::Millis;

/// What a stream of draws is for, so that a change to one leaves the others as they were.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Who lives there.
    Habits,
    /// One day of theirs.
    Day(u64),
    /// What sensors add of their own.
    Noise,
}

/// One stream of draws.
#[derive(Debug)]
pub(super) struct Chance(SmallRng);

impl Chance {
    pub(super) fn new(seed: u64, home: u64, purpose: Purpose) -> Self {
        let stream = match purpose {
            Purpose::Habits => 0,
            Purpose::Noise => 1,
            Purpose::Day(day) => day + 2,
        };
        let mixed = [home, stream].iter().fold(mix(seed), |state, part| mix(state ^ part));
        Self(SmallRng::seed_from_u64(mixed))
    }

    /// True with this probability.
    pub(super) fn hit(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// A whole number of the range.
    pub(super) fn pick(&mut self, range: Range<u64>) -> u64 {
        if range.is_empty() { range.start } else { self.0.random_range(range) }
    }

    /// A number between the two.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// A time that differs from `around` by up to `spread`.
    pub(super) fn near(&mut self, around: Millis, spread: Millis) -> Millis {
        let low = around.saturating_sub(spread);
        self.pick(low..around + spread + 1)
    }

    /// How often something happens that happens `rate` times on average: its whole part, and
    /// its fraction as a chance.
    pub(super) fn times(&mut self, rate: f64) -> u64 {
        let whole = rate.max(0.0).trunc().min(1_000.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 1000"
        )]
        let count = whole as u64;
        count + u64::from(self.hit(rate.max(0.0).fract()))
    }
}

/// `SplitMix64`: neighbouring seeds must not give neighbouring homes.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
