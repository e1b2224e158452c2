//! What is remembered of a Shelly, because it says only what has changed.

use crate::decode::memory::Remembered;

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
}

impl Remembered for Presses {
    fn bytes(&self) -> usize {
        0
    }
}
