//! Units: UCUM codes and the spellings devices use, and how to get from one to another. What
//! there is stands in `config/units.csv`, compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

/// What keeps a number from being brought to the kind's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// No such spelling is known.
    #[error("unit is not known")]
    Unknown,
    /// Known, and of another quantity than the kind.
    #[error("unit does not fit the kind")]
    Mismatch,
}

/// Bytes of the longest text that may be a unit: one may be said once and hold for a thousand
/// readings, so it is not looked at in full each time.
const SPELLING_MAX: usize = 64;

/// From one unit to another: `(x + before) * multiply / divide + after`. Multiplying and
/// dividing by whole numbers keeps 2905 mV at 2.905 V, which one factor 0.001 would not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    before: f64,
    multiply: f64,
    divide: f64,
    after: f64,
}

impl Conversion {
    /// Leaves every number as it is.
    pub const IDENTITY: Self = Self { before: 0.0, multiply: 1.0, divide: 1.0, after: 0.0 };

    /// The number in the other unit.
    pub fn apply(self, number: f64) -> f64 {
        if self == Self::IDENTITY {
            return number;
        }
        (number + self.before) * self.multiply / self.divide + self.after
    }
}

/// A unit as steps to its dimension's base: `(x + shift) * multiply / divide`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) dimension: Dimension,
    shift: f64,
    pub(super) multiply: f64,
    pub(super) divide: f64,
}

/// What units can be converted among each other. Base in the comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Dimension {
    /// `Cel`
    Temperature,
    /// `%`
    Share,
    /// `Pa`
    Pressure,
    /// `lx`
    Illuminance,
    /// `[ppb]`
    Fraction,
    /// `ug/m3`
    MassPerVolume,
    /// `mmol/L`
    AmountPerVolume,
    /// `dB[SPL]`
    Sound,
    /// `m`
    Length,
    /// `1`
    Count,
    /// `L/min`
    Flow,
    /// `W`
    Power,
    /// `J`
    Energy,
    /// `mV`
    Voltage,
    /// `mA`
    Current,
    /// `deg`
    Angle,
    /// `/min`
    Frequency,
    /// `ms`
    Time,
    /// `{dBm}`
    Signal,
    /// `g`
    Mass,
    /// `kg/m2`
    MassPerArea,
    /// `Ohm`
    Resistance,
    /// `m/s`
    Speed,
    /// `[g]` in thousandths
    Acceleration,
    /// `uS`
    Conductance,
}

/// Every spelling with its unit, sorted; one with two meanings stands twice, and the kind decides.
static UNITS: LazyLock<Vec<(Box<str>, Unit)>> = LazyLock::new(|| {
    let mut units: Vec<_> = rows().map(|row| (row.spelling.clone(), row.into_unit())).collect();
    units.sort_by(|left, right| left.0.cmp(&right.0));
    units
});

const FILE: &str = include_str!("../../config/units.csv");

/// A spelling of the file, with multiplier and divisor to the base of its dimension, and what is
/// added before.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) spelling: Box<str>,
    dimension: Dimension,
    multiply: f64,
    divide: f64,
    shift: f64,
}

impl Row {
    pub(super) fn into_unit(self) -> Unit {
        let Self { spelling: _, dimension, multiply, divide, shift } = self;
        Unit { dimension, shift, multiply, divide }
    }
}

/// In the order of the file.
#[expect(clippy::expect_used, reason = "the file is compiled in and a test reads it")]
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let rows = csv::Reader::from_reader(FILE.as_bytes()).into_deserialize();
    rows.map(|row| row.expect("config/units.csv fits its header"))
}

/// Micrograms a cubic metre in one millimole of glucose a litre (180.156 g/mol).
const GLUCOSE: f64 = 180_156_000.0;

/// The unit of this spelling, of `like`'s dimension where it has several.
pub(super) fn find(spelling: &str, like: Option<Unit>) -> Option<Unit> {
    let from = UNITS.partition_point(|(known, _)| **known < *spelling);
    let same = UNITS.iter().skip(from).take_while(|(known, _)| **known == *spelling);
    let mut units = same.map(|(_, unit)| *unit);
    let first = units.next()?;
    let fits = |unit: &Unit| like.is_some_and(|like| like.dimension == unit.dimension);
    if fits(&first) { Some(first) } else { units.find(fits).or(Some(first)) }
}

/// How to get from the spelling `from` to `to`, the unit of the kind `kind`.
pub(super) fn conversion(
    kind: &str,
    to: Option<Unit>,
    from: &str,
) -> Result<Conversion, UnitError> {
    if from.len() > SPELLING_MAX {
        return Err(UnitError::Unknown);
    }
    let from = find(from, to).ok_or(UnitError::Unknown)?;
    let to = to.ok_or(UnitError::Mismatch)?;
    let is_glucose = kind == "blood_glucose"
        && from.dimension == Dimension::MassPerVolume
        && to.dimension == Dimension::AmountPerVolume;
    if from.dimension != to.dimension && !is_glucose {
        return Err(UnitError::Mismatch);
    }
    let substance = if is_glucose { GLUCOSE } else { 1.0 };
    let (multiply, divide) = (from.multiply * to.divide, from.divide * to.multiply * substance);
    let (before, after) = (from.shift, -to.shift);
    if (before, after) == (0.0, 0.0) && multiply.to_bits() == divide.to_bits() {
        return Ok(Conversion::IDENTITY);
    }
    // Both are products of small powers of ten mostly: dividing the common part out keeps the
    // arithmetic of the usual cases exact (1000 / 1 instead of 100000 / 100).
    let (multiply, divide) = if multiply >= divide && (multiply / divide).fract() == 0.0 {
        (multiply / divide, 1.0)
    } else if (divide / multiply).fract() == 0.0 {
        (1.0, divide / multiply)
    } else {
        (multiply, divide)
    };
    Ok(Conversion { before, multiply, divide, after })
}
