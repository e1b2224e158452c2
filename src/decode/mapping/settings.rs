//! A mapping as the configuration writes it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::decode::{READINGS_MAX, TimeFormat};

/// One `[[mapping]]`. Pointers are JSON pointers (RFC 6901), such as `/data/0/temp`; the empty
/// pointer is the whole body, also when that is bare text and no JSON.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingSettings {
    /// Name by which filters refer to it.
    pub name: String,
    /// Where the device's name stands; without it the topic names the device.
    #[serde(default)]
    pub device: Option<String>,
    /// Where the device time stands.
    #[serde(default)]
    pub time: Option<TimeSettings>,
    /// Where the device's own message counter stands.
    #[serde(default)]
    pub sequence: Option<String>,
    /// The readings: `[[mapping.reading]]`.
    #[serde(rename = "reading")]
    pub readings: Vec<ReadingSettings>,
}

/// Where and how the device time is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSettings {
    /// Where it stands.
    pub pointer: String,
    /// How it is written.
    #[serde(default)]
    pub format: TimeFormat,
}

/// One reading of a mapping.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingSettings {
    /// Where the value stands.
    pub pointer: String,
    /// What it is.
    pub kind: String,
    /// Unit of a number after `scale` and `offset`; without it the kind's own.
    #[serde(default)]
    pub unit: Option<String>,
    /// A number is multiplied by it first.
    #[serde(default = "one")]
    pub scale: f64,
    /// Then this is added.
    #[serde(default)]
    pub offset: f64,
    /// A state that means the opposite of the kind's name.
    #[serde(default)]
    pub invert: bool,
    /// Values of the payload, as text, and what they mean. Others are read as usual.
    #[serde(default)]
    pub words: BTreeMap<String, MappedValue>,
}

/// What a value of the payload means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum MappedValue {
    /// A state; for an event, whether it happened.
    State(bool),
    /// A number in the reading's unit.
    Number(f64),
    /// A word of the kind's list.
    Word(String),
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It would decode nothing, or more than a message may have.
    #[error("a mapping needs 1 to {READINGS_MAX} readings")]
    Amount,
    /// Not a JSON pointer.
    #[error("{pointer:?} is no JSON pointer (such as /data/0/temp) of at most {limit} levels")]
    Pointer {
        /// As written.
        pointer: String,
        /// Levels allowed.
        limit: usize,
    },
    /// Not in the catalogue.
    #[error("no kind is called {kind:?}")]
    Kind {
        /// As written.
        kind: String,
    },
    /// The kind's numbers cannot come in this unit.
    #[error("kind {kind:?} cannot be given in {unit:?}")]
    Unit {
        /// The kind.
        kind: String,
        /// As written.
        unit: String,
    },
    /// `unit`, `scale` and `offset` are for numbers, `invert` for states.
    #[error("kind {kind:?} is a {value_type}: {field} does not apply")]
    Field {
        /// The kind.
        kind: String,
        /// What its values are.
        value_type: &'static str,
        /// The setting that does not fit.
        field: &'static str,
    },
    /// Zero would turn every number into one, and infinity is no number.
    #[error("kind {kind:?}: scale and offset are finite numbers, and scale is not 0")]
    Scale {
        /// The kind.
        kind: String,
    },
    /// A value of `words` is none of the kind's.
    #[error("kind {kind:?}: the meaning of {word:?} is no {value_type} of this kind")]
    Word {
        /// The kind.
        kind: String,
        /// As written.
        word: String,
        /// What its values are.
        value_type: &'static str,
    },
}

impl MappingSettings {
    pub(super) fn check_amount(&self) -> Result<(), MappingError> {
        if (1..=READINGS_MAX).contains(&self.readings.len()) {
            Ok(())
        } else {
            Err(MappingError::Amount)
        }
    }
}

fn one() -> f64 {
    1.0
}
