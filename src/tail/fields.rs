//! The parts that every line of JSON about a reading has in common: `trygg tail` and
//! `trygg explain` write them alike, and docs/downstream.md lists them.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::event::Value;
use crate::model::UnixMicros;

/// A value as JSON has it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum ValueField<'a> {
    /// In the kind's unit.
    Number(f64),
    /// True as the kind's name says; of an event always, since the fact is the value.
    State(bool),
    /// A word of the kind's list.
    Category(&'a str),
    /// Equally spaced samples.
    Series {
        /// Time of the first.
        start: Option<String>,
        /// Microseconds between two.
        period_us: u64,
        /// The samples, in the kind's unit.
        values: &'a [f32],
    },
    /// Null: a value of a kind that this trygg does not know.
    None,
}

impl<'a> From<&'a Value> for ValueField<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(*number),
            Value::State(state) => Self::State(*state),
            Value::Category(word) => Self::Category(word),
            Value::Event => Self::State(true),
            Value::Series(series) => Self::Series {
                start: rfc3339(UnixMicros(series.start_us)),
                period_us: series.period_us,
                values: &series.values,
            },
            Value::Unknown => Self::None,
        }
    }
}

/// Always with six digits, so that texts sort as times do. None for a time beyond the calendar.
pub(crate) fn rfc3339(time: UnixMicros) -> Option<String> {
    Timestamp::from_microsecond(time.0).ok().map(|time| format!("{time:.6}"))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        if write!(text, "{byte:02x}").is_err() {
            text.clear();
        }
        text
    })
}
