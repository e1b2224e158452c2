//! One value of one kind, and the flags of readings and reports.

use std::marker::PhantomData;

use super::{series::SeriesIx, time::UnixMicros};

/// Index of a measurement kind in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub u16);

/// Index of a word in its kind's list of categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CategoryId(pub u16);

/// A value in the canonical form of its kind: number in the kind's unit, state as its name says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A quantity in the kind's canonical unit.
    Number(f64),
    /// A state.
    State(bool),
    /// A word of the kind's list.
    Category(CategoryId),
    /// Something happened.
    Event,
    /// Samples of a quantity in the kind's canonical unit.
    Series(SeriesIx),
}

/// One value of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What was measured.
    pub kind: KindId,
    /// Which of several of this kind the device has, counted from 1: relay, probe, axis (x, y and
    /// z are 1, 2 and 3). Zero: it has one.
    pub channel: u16,
    /// The value.
    pub value: Value,
    /// Own device time, only where it differs from the report's.
    pub measured_at: Option<UnixMicros>,
    /// What to know about it.
    pub flags: Flags<ReadingFlag>,
}

/// What to know about a reading. Numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReadingFlag {
    /// Outside the usual range of its kind.
    OutsideUsualRange = 1,
    /// Same value as the previous stored reading.
    Repeated = 2,
    /// Unit taken from the key, not from the message.
    UnitAssumed = 3,
    /// Stands for a span of time (minimum, mean or the like), not for a moment.
    Summary = 4,
}

/// What to know about a message. Numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReportFlag {
    /// Replayed by the broker.
    Retained = 1,
    /// Measured long ago.
    Late = 2,
    /// No clock, and it came right after a resume or with DUP.
    PossiblyDelayed = 3,
    /// Device time ahead of ours.
    ClockInFuture = 4,
    /// Device time before 2020.
    ClockUnset = 5,
    /// No device time.
    ClockAbsent = 6,
    /// Stored history.
    Historical = 7,
    /// A time was there and could not be read.
    ClockUnreadable = 8,
    /// A local time in the hour that autumn has twice; the reading nearest to its reception was
    /// taken.
    ClockAmbiguous = 9,
}

/// A flag with its number on the wire (1..=63).
pub trait Flag: Copy {
    /// Number of the enum value in `trygg.v1`.
    fn number(self) -> u8;
}

impl Flag for ReadingFlag {
    fn number(self) -> u8 {
        self as u8
    }
}

impl Flag for ReportFlag {
    fn number(self) -> u8 {
        self as u8
    }
}

/// A set of flags of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags<F> {
    bits: u64,
    family: PhantomData<F>,
}

impl<F> Default for Flags<F> {
    fn default() -> Self {
        Self { bits: 0, family: PhantomData }
    }
}

impl<F: Flag> Flags<F> {
    /// Adds one.
    pub fn set(&mut self, flag: F) {
        self.bits |= 1 << flag.number();
    }

    /// The set with one more.
    #[must_use]
    pub fn with(mut self, flag: F) -> Self {
        self.set(flag);
        self
    }

    /// Everything in either.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.bits |= other.bits;
        self
    }

    /// Is it in?
    pub fn has(self, flag: F) -> bool {
        self.bits & (1 << flag.number()) != 0
    }

    /// Nothing set?
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// How many are set.
    pub fn len(self) -> u32 {
        self.bits.count_ones()
    }

    /// Wire numbers, ascending.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        let mut rest = self.bits;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let number = rest.trailing_zeros();
                rest &= rest - 1;
                u8::try_from(number).unwrap_or(u8::MAX)
            })
        })
    }
}
