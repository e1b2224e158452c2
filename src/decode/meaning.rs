//! What a value of the wire means for a kind.

use super::{error::RefusalReason, scalar::Scalar};
use crate::{
    catalogue::{Catalogue, UnitError, ValueType},
    model::{KindId, Value},
};

/// What a value of the wire means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning<T> {
    /// This.
    Value(T),
    /// The sender says that it has none: null, `unavailable`, not worn.
    Nothing,
    /// It cannot be used.
    Refused(RefusalReason),
}

impl<T> Meaning<T> {
    pub(super) fn map<U>(self, map: impl FnOnce(T) -> U) -> Meaning<U> {
        match self {
            Self::Value(value) => Meaning::Value(map(value)),
            Self::Nothing => Meaning::Nothing,
            Self::Refused(reason) => Meaning::Refused(reason),
        }
    }
}

impl From<UnitError> for RefusalReason {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Unknown => Self::UnitUnknown,
            UnitError::Mismatch => Self::UnitMismatch,
        }
    }
}

/// Texts by which gateways say that there is no value.
const NOTHING: [&str; 8] =
    ["", "nan", "none", "null", "n/a", "unavailable", "unknown", "undefined"];

const TRUE: [&str; 9] =
    ["on", "true", "1", "yes", "open", "opened", "detected", "online", "occupied"];

const FALSE: [&str; 10] =
    ["off", "false", "0", "no", "closed", "close", "clear", "offline", "cleared", "normal"];

/// What the value means for a kind, in the unit it came in.
pub(super) fn of(catalogue: &Catalogue, id: KindId, scalar: &Scalar<'_>) -> Meaning<Value> {
    let kind = catalogue.get(id);
    match kind.value_type {
        ValueType::Number => number(scalar, kind.absent).map(Value::Number),
        ValueType::State => state(scalar).map(Value::State),
        ValueType::Category => category(catalogue, id, scalar),
        ValueType::Event => event(scalar),
    }
}

/// A number, also if it came as text. `absent` is the one that says "no value".
pub(super) fn number(scalar: &Scalar<'_>, absent: Option<f64>) -> Meaning<f64> {
    if let Some(number) = scalar.plain_number() {
        return unless_absent(number, absent);
    }
    match scalar {
        Scalar::Null => Meaning::Nothing,
        Scalar::Text(text) => match number_in_text(text.trim_ascii()) {
            Meaning::Value(number) => unless_absent(number, absent),
            other @ (Meaning::Nothing | Meaning::Refused(_)) => other,
        },
        Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => Meaning::Refused(RefusalReason::ValueType),
    }
}

/// The number, unless it is the one that says "no value".
#[inline]
pub(super) fn unless_absent(number: f64, absent: Option<f64>) -> Meaning<f64> {
    if absent == Some(number) { Meaning::Nothing } else { Meaning::Value(number) }
}

fn number_in_text(text: &str) -> Meaning<f64> {
    if is_one_of(text, &NOTHING) {
        return Meaning::Nothing;
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Meaning::Value(number),
        Ok(_) => Meaning::Refused(RefusalReason::NotFinite),
        Err(_) => Meaning::Refused(RefusalReason::NumberUnreadable),
    }
}

/// A state, in any of its spellings.
pub(super) fn state(scalar: &Scalar<'_>) -> Meaning<bool> {
    let unreadable = Meaning::Refused(RefusalReason::StateUnreadable);
    match scalar {
        Scalar::Null => Meaning::Nothing,
        Scalar::Bool(state) => Meaning::Value(*state),
        Scalar::Unsigned(0) => Meaning::Value(false),
        Scalar::Unsigned(1) => Meaning::Value(true),
        Scalar::Float(number) if *number == 0.0 => Meaning::Value(false),
        Scalar::Float(number) if number.to_bits() == 1f64.to_bits() => Meaning::Value(true),
        Scalar::Unsigned(_) | Scalar::Negative(_) | Scalar::Float(_) => unreadable,
        Scalar::Text(text) => match text.trim_ascii() {
            text if is_one_of(text, &TRUE) => Meaning::Value(true),
            text if is_one_of(text, &FALSE) => Meaning::Value(false),
            text if is_one_of(text, &NOTHING) => Meaning::Nothing,
            _ => unreadable,
        },
        Scalar::Nested => Meaning::Refused(RefusalReason::ValueType),
    }
}

/// Open or not, from a contact: `true` says closed, while the words say what they say.
pub(super) fn contact(scalar: &Scalar<'_>) -> Meaning<bool> {
    match scalar {
        Scalar::Text(text) if is_one_of(text.trim_ascii(), &["open", "opened"]) => {
            Meaning::Value(true)
        }
        Scalar::Text(text) if is_one_of(text.trim_ascii(), &["closed", "close"]) => {
            Meaning::Value(false)
        }
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Text(_)
        | Scalar::Nested => state(scalar).map(|closed| !closed),
    }
}

/// Whether it was so at all, from how often; or a state in any of its spellings.
pub(super) fn count(scalar: &Scalar<'_>) -> Meaning<bool> {
    match number(scalar, None) {
        Meaning::Value(count) if count >= 0.0 => Meaning::Value(count > 0.0),
        Meaning::Value(_) | Meaning::Nothing | Meaning::Refused(_) => state(scalar),
    }
}

/// A word of the kind's list.
pub(super) fn category(catalogue: &Catalogue, id: KindId, scalar: &Scalar<'_>) -> Meaning<Value> {
    match scalar {
        Scalar::Null => Meaning::Nothing,
        Scalar::Text(text) => {
            let word = text.trim_ascii();
            match catalogue.category(id, word) {
                Some(category) => Meaning::Value(Value::Category(category)),
                None if is_one_of(word, &NOTHING) => Meaning::Nothing,
                None => Meaning::Refused(RefusalReason::CategoryUnknown),
            }
        }
        Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => Meaning::Refused(RefusalReason::ValueType),
    }
}

/// An event happened if its value is true.
pub(super) fn event(scalar: &Scalar<'_>) -> Meaning<Value> {
    match state(scalar) {
        Meaning::Value(true) => Meaning::Value(Value::Event),
        Meaning::Value(false) | Meaning::Nothing => Meaning::Nothing,
        Meaning::Refused(reason) => Meaning::Refused(reason),
    }
}

/// Does a value of this kind always stand for a span of time, so that it is none of several
/// values over it?
pub(super) fn is_amount(kind: &str) -> bool {
    ["step_count", "steps_day", "distance", "energy_expenditure", "sleep_duration", "time_in_bed"]
        .contains(&kind)
}

pub(super) fn is_one_of(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(text))
}
