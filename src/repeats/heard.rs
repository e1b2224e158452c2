//! When a device was heard last, and by what way.

use std::time::Duration;

use crate::model::Mono;

/// Monotonic time in steps of 65 ms: 8 years fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tick(pub(super) u32);

/// By what way a device was heard last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// When.
    pub(super) heard: Tick,
    /// Hash of the way; zero: there is one only.
    pub(super) way: u16,
    /// Of the device's counter; zero: it has none.
    pub(super) sequence: u16,
}

impl Tick {
    const MICROS: u64 = 1 << 16;

    pub(super) fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    pub(super) fn count(duration: Duration) -> u32 {
        u32::try_from(duration.as_micros() / u128::from(Self::MICROS)).unwrap_or(u32::MAX)
    }
}

impl From<Mono> for Tick {
    fn from(mono: Mono) -> Self {
        Self(u32::try_from(mono.0 / Self::MICROS).unwrap_or(u32::MAX))
    }
}
