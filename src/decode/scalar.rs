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
