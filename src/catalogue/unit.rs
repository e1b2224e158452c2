//! Units: UCUM codes and the spellings devices use, and how to get from one to another.

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
    dimension: Dimension,
    shift: f64,
    multiply: f64,
    divide: f64,
}

/// What units can be converted among each other. Base in the comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Spelling, dimension, and multiplier and divisor to the base. Sorted by spelling (bytes); a
/// spelling with two meanings stands twice, and the kind decides.
pub(super) static UNITS: &[(&str, Dimension, f64, f64)] = {
    use Dimension::{
        Acceleration, AmountPerVolume, Angle, Conductance, Count, Current, Energy, Flow, Fraction,
        Frequency, Illuminance, Length, Mass, MassPerArea, MassPerVolume, Power, Pressure,
        Resistance, Share, Signal, Sound, Speed, Temperature, Time, Voltage,
    };
    &[
        ("", Count, 1.0, 1.0),
        ("%", Share, 1.0, 1.0),
        ("%EL", Share, 1.0, 1.0),
        ("%RH", Share, 1.0, 1.0),
        ("/", Share, 100.0, 1.0),
        ("/min", Frequency, 1.0, 1.0),
        ("1", Count, 1.0, 1.0),
        ("1/min", Frequency, 1.0, 1.0),
        ("A", Current, 1000.0, 1.0),
        ("C", Temperature, 1.0, 1.0),
        ("Cel", Temperature, 1.0, 1.0),
        ("F", Temperature, 5.0, 9.0),
        ("Hz", Frequency, 60.0, 1.0),
        ("J", Energy, 1.0, 1.0),
        ("K", Temperature, 1.0, 1.0),
        ("L/h", Flow, 1.0, 60.0),
        ("L/min", Flow, 1.0, 1.0),
        ("L/s", Flow, 60.0, 1.0),
        ("Lux", Illuminance, 1.0, 1.0),
        ("Ohm", Resistance, 1.0, 1.0),
        ("Pa", Pressure, 1.0, 1.0),
        ("V", Voltage, 1000.0, 1.0),
        ("W", Power, 1.0, 1.0),
        ("W.h", Energy, 3600.0, 1.0),
        ("W.min", Energy, 60.0, 1.0),
        ("Wh", Energy, 3600.0, 1.0),
        ("Wmin", Energy, 60.0, 1.0),
        ("[degF]", Temperature, 5.0, 9.0),
        ("[ft_i]", Length, 3048.0, 10000.0),
        ("[g]", Acceleration, 1000.0, 1.0),
        ("[in_i]", Length, 254.0, 10000.0),
        ("[lb_av]", Mass, 45_359_237.0, 100_000.0),
        ("[mi_i]", Length, 1_609_344.0, 1000.0),
        ("[mi_i]/h", Speed, 44_704.0, 100_000.0),
        ("[oz_av]", Mass, 45_359_237.0, 1_600_000.0),
        ("[ppb]", Fraction, 1.0, 1.0),
        ("[ppm]", Fraction, 1000.0, 1.0),
        ("[psi]", Pressure, 6_894_757.0, 1000.0),
        ("bar", Pressure, 100_000.0, 1.0),
        ("beat/min", Frequency, 1.0, 1.0),
        ("beats/min", Frequency, 1.0, 1.0),
        ("beats/minute", Frequency, 1.0, 1.0),
        ("bpm", Frequency, 1.0, 1.0),
        ("breaths/min", Frequency, 1.0, 1.0),
        ("breaths/minute", Frequency, 1.0, 1.0),
        ("cm", Length, 1.0, 100.0),
        ("count", Count, 1.0, 1.0),
        ("d", Time, 86_400_000.0, 1.0),
        ("dB", Sound, 1.0, 1.0),
        ("dBA", Sound, 1.0, 1.0),
        ("dB[SPL]", Sound, 1.0, 1.0),
        ("dBm", Signal, 1.0, 1.0),
        ("deg", Angle, 1.0, 1.0),
        ("degC", Temperature, 1.0, 1.0),
        ("degF", Temperature, 5.0, 9.0),
        ("ft", Length, 3048.0, 10000.0),
        ("g", Mass, 1.0, 1.0),
        ("g", Acceleration, 1000.0, 1.0),
        ("g/L", MassPerVolume, 1_000_000.0, 1.0),
        ("h", Time, 3_600_000.0, 1.0),
        ("hPa", Pressure, 100.0, 1.0),
        ("in", Length, 254.0, 10000.0),
        ("inHg", Pressure, 3_386_389.0, 1000.0),
        ("jin", Mass, 500.0, 1.0),
        ("kHz", Frequency, 60_000.0, 1.0),
        ("kJ", Energy, 1000.0, 1.0),
        ("kOhm", Resistance, 1000.0, 1.0),
        ("kPa", Pressure, 1000.0, 1.0),
        ("kV", Voltage, 1_000_000.0, 1.0),
        ("kW", Power, 1000.0, 1.0),
        ("kW.h", Energy, 3_600_000.0, 1.0),
        ("kWh", Energy, 3_600_000.0, 1.0),
        ("kcal", Energy, 4184.0, 1.0),
        ("kg", Mass, 1000.0, 1.0),
        ("kg/m2", MassPerArea, 1.0, 1.0),
        ("kg/m^2", MassPerArea, 1.0, 1.0),
        ("km", Length, 1000.0, 1.0),
        ("km/h", Speed, 10.0, 36.0),
        ("kph", Speed, 10.0, 36.0),
        ("l/min", Flow, 1.0, 1.0),
        ("lb", Mass, 45_359_237.0, 100_000.0),
        ("lbs", Mass, 45_359_237.0, 100_000.0),
        ("lux", Illuminance, 1.0, 1.0),
        ("lx", Illuminance, 1.0, 1.0),
        ("m", Length, 1.0, 1.0),
        ("m/s", Speed, 1.0, 1.0),
        ("m/s2", Acceleration, 100_000.0, 980.665),
        ("m/s^2", Acceleration, 100_000.0, 980.665),
        ("m3/h", Flow, 1000.0, 60.0),
        ("mA", Current, 1.0, 1.0),
        ("mG", Acceleration, 1.0, 1.0),
        ("mV", Voltage, 1.0, 1.0),
        ("mW", Power, 1.0, 1000.0),
        ("mbar", Pressure, 100.0, 1.0),
        ("mg", Mass, 1.0, 1000.0),
        ("mg", Acceleration, 1.0, 1.0),
        ("mg/dL", MassPerVolume, 10_000_000.0, 1.0),
        ("mg/dl", MassPerVolume, 10_000_000.0, 1.0),
        ("mg/m3", MassPerVolume, 1000.0, 1.0),
        ("mg/m\u{b3}", MassPerVolume, 1000.0, 1.0),
        ("mi", Length, 1_609_344.0, 1000.0),
        ("min", Time, 60_000.0, 1.0),
        ("ml/min", Flow, 1.0, 1000.0),
        ("mm", Length, 1.0, 1000.0),
        ("mmHg", Pressure, 133_322.0, 1000.0),
        ("mm[Hg]", Pressure, 133_322.0, 1000.0),
        ("mmol/L", AmountPerVolume, 1.0, 1.0),
        ("mmol/l", AmountPerVolume, 1.0, 1.0),
        ("mph", Speed, 44_704.0, 100_000.0),
        ("ms", Time, 1.0, 1.0),
        ("nS", Conductance, 1.0, 1000.0),
        ("ohm", Resistance, 1.0, 1.0),
        ("oz", Mass, 45_359_237.0, 1_600_000.0),
        ("percent", Share, 1.0, 1.0),
        ("ppb", Fraction, 1.0, 1.0),
        ("ppm", Fraction, 1000.0, 1.0),
        ("rad", Angle, 180.0, std::f64::consts::PI),
        ("s", Time, 1000.0, 1.0),
        ("sec", Time, 1000.0, 1.0),
        ("steps", Count, 1.0, 1.0),
        ("uS", Conductance, 1.0, 1.0),
        ("ug/m3", MassPerVolume, 1.0, 1.0),
        ("us", Time, 1.0, 1000.0),
        ("yd", Length, 9144.0, 10000.0),
        ("{beats}/min", Frequency, 1.0, 1.0),
        ("{breaths}/min", Frequency, 1.0, 1.0),
        ("{count}", Count, 1.0, 1.0),
        ("{dBm}", Signal, 1.0, 1.0),
        ("{steps}", Count, 1.0, 1.0),
        ("\u{b0}", Angle, 1.0, 1.0),
        ("\u{b0}C", Temperature, 1.0, 1.0),
        ("\u{b0}F", Temperature, 5.0, 9.0),
        ("\u{b5}S", Conductance, 1.0, 1.0),
        ("\u{b5}g/m\u{b3}", MassPerVolume, 1.0, 1.0),
        ("\u{3a9}", Resistance, 1.0, 1.0),
        ("\u{3bc}g/m\u{b3}", MassPerVolume, 1.0, 1.0),
    ]
};

/// Micrograms a cubic metre in one millimole of glucose a litre (180.156 g/mol).
const GLUCOSE: f64 = 180_156_000.0;

/// The unit of this spelling, of `like`'s dimension where it has several.
pub(super) fn find(spelling: &str, like: Option<Unit>) -> Option<Unit> {
    let from = UNITS.partition_point(|(known, ..)| *known < spelling);
    let same = UNITS.iter().skip(from).take_while(|(known, ..)| *known == spelling);
    let mut units = same.map(|&(spelling, dimension, multiply, divide)| {
        let shift = match spelling {
            "K" => -273.15,
            "F" | "[degF]" | "degF" | "\u{b0}F" => -32.0,
            _ => 0.0,
        };
        Unit { dimension, shift, multiply, divide }
    });
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
