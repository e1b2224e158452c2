//! A mapping as the configuration writes it.

use serde::Deserialize;

use crate::decode::{READINGS_MAX, TermError, TermSettings, TimeFormat};

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
pub struct ReadingSettings {
    /// Where the value stands.
    pub pointer: String,
    /// What it is.
    #[serde(flatten)]
    pub term: TermSettings,
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
    /// One of the readings.
    #[error(transparent)]
    Term(#[from] TermError),
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
