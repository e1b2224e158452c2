//! What is remembered of a Shelly, because it says only what has changed.

use crate::decode::memory::{Fact, Remembered};

/// A device runs on a supply of its own: then an empty battery is none.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct ExternalPower(pub(super) bool);

/// Presses an input had counted when it was last heard: it tells of the last one again and again.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct Presses(pub(super) u64);

impl Remembered for ExternalPower {
    fn bytes(&self) -> usize {
        0
    }

    fn into_memory(self) -> Fact {
        Fact::ShellyPower(self)
    }

    fn of_memory(fact: &mut Fact) -> Option<&mut Self> {
        if let Fact::ShellyPower(power) = fact { Some(power) } else { None }
    }
}

impl Remembered for Presses {
    fn bytes(&self) -> usize {
        0
    }

    fn into_memory(self) -> Fact {
        Fact::ShellyPresses(self)
    }

    fn of_memory(fact: &mut Fact) -> Option<&mut Self> {
        if let Fact::ShellyPresses(presses) = fact { Some(presses) } else { None }
    }
}
