//! One JSON value that is not an object or array.

use std::{borrow::Cow, fmt};

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// A value as it stands in the payload. Text is copied only if it has escapes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Scalar<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number from zero.
    Unsigned(u64),
    /// A whole number below zero.
    Negative(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An object or array; its content is skipped.
    Nested,
}

impl Scalar<'_> {
    /// The number, if it is written as one.
    #[inline]
    pub(super) fn plain_number(&self) -> Option<f64> {
        match self {
            Self::Unsigned(number) => Some(float(*number)),
            Self::Negative(number) => Some(-float(number.unsigned_abs())),
            Self::Float(number) => Some(*number),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::Nested => None,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 no measurement has whole numbers")]
fn float(number: u64) -> f64 {
    number as f64
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        With(|scalar| scalar).deserialize(deserializer)
    }
}

/// Hands the next value to a function at once: cheaper than to keep it first.
pub(super) struct With<F>(pub(super) F);

impl<'de, T, F: FnOnce(Scalar<'de>) -> T> DeserializeSeed<'de> for With<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: FnOnce(Scalar<'de>) -> T> Visitor<'de> for With<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(self.0(Scalar::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(self.0(Scalar::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(self.0(Scalar::Unsigned(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(self.0(Scalar::Negative(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<T, E> {
        Ok(self.0(Scalar::Float(value)))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<T, E> {
        Ok(self.0(Scalar::Text(Cow::Borrowed(value))))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(self.0(Scalar::Text(Cow::Owned(value.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.0(Scalar::Nested))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.0(Scalar::Nested))
    }
}

/// A single-precision number as the decimal its sender meant: 21.4, where the double of the same
/// value is 21.399999618530273. Exact where no short decimal is the same single.
#[inline]
pub(super) fn of_single(single: f32) -> f64 {
    let exact = f64::from(single);
    if exact.abs() >= SEVEN_DIGITS {
        return exact;
    }
    for power in [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6] {
        let rounded = (exact * power).round() / power;
        #[expect(clippy::cast_possible_truncation, reason = "to see whether it is the same single")]
        let is_same = (rounded as f32).to_bits() == single.to_bits();
        if is_same {
            return rounded;
        }
    }
    exact
}

/// Beyond it, singles do not tell decimals apart.
const SEVEN_DIGITS: f64 = 1e7;

/// A half-precision number from its bits.
pub(super) fn of_half(bits: u16) -> f64 {
    let (sign, exponent, fraction) = (bits >> 15, bits >> 10 & 0x1f, f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if sign == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_is_the_decimal_that_was_meant() {
        for number in [0.0, 21.4, -0.1, 36.65, 1013.25, 0.000_001, 235.22, 16_777_215.0] {
            #[expect(clippy::cast_possible_truncation, reason = "that is the case")]
            let single = number as f32;
            assert_eq!(of_single(single).to_bits(), f64::to_bits(number), "{number}");
        }
        let long = std::f32::consts::PI;
        assert_eq!(of_single(long).to_bits(), f64::from(long).to_bits());
        assert_eq!(of_single(-0.0).to_bits(), (-0.0_f64).to_bits());
        assert!(of_single(f32::NAN).is_nan() && of_single(f32::INFINITY).is_infinite());
    }

    #[test]
    fn halves_are_read() {
        for (bits, number) in [
            (0x0000, 0.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x3c00, 1.0),
            (0x4d56, 21.343_75),
            (0xc400, -4.0),
            (0x7bff, 65_504.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(of_half(bits).to_bits(), f64::to_bits(number), "{bits:#x}");
        }
        assert!(of_half(0x7e00).is_nan());
    }
}
