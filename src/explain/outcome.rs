//! What became of a message, in one word.

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At least one reading is used.
    Readings,
    /// Nothing went wrong, and nothing was measured, or nothing of it is wanted.
    NoReading {
        /// A code of docs/formats.md.
        reason: &'static str,
    },
    /// It becomes a dead letter.
    Refused {
        /// A code of docs/formats.md.
        reason: &'static str,
        /// What was expected and where; never content of the payload.
        detail: String,
    },
}

impl Outcome {
    /// The word in JSON.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Readings => "readings",
            Self::NoReading { .. } => "no_reading",
            Self::Refused { .. } => "refused",
        }
    }

    /// Its code; none of readings.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Readings => None,
            Self::NoReading { reason } | Self::Refused { reason, .. } => Some(reason),
        }
    }

    /// What was expected and where; empty, where there is nothing more to say.
    pub fn detail(&self) -> &str {
        match self {
            Self::Refused { detail, .. } => detail,
            Self::Readings | Self::NoReading { .. } => "",
        }
    }
}
