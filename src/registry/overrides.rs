//! Per-device corrections of kinds: a contact sensor under a mattress is no door.

use thiserror::Error;

use crate::{
    catalogue::{Catalogue, Kind, ValueType},
    model::{KindId, Reading, Value},
};

/// The corrections of one device. Each applies once, to the kind as decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(Vec<Override>);

/// Readings of one kind are of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// Kind as decoded.
    pub from: KindId,
    /// Kind it is.
    pub to: KindId,
    /// What becomes of its states.
    pub polarity: Polarity,
}

/// What becomes of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarity {
    /// As decoded.
    Same,
    /// Turned round.
    Inverted,
}

impl Overrides {
    /// No corrections.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Reads `door_open=bed_occupied; motion=!presence`.
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Self, OverrideError> {
        let mut overrides: Vec<Override> = Vec::new();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (from, to) = part.split_once('=').ok_or(OverrideError::NoEquals)?;
            let (to, polarity) = match to.trim().strip_prefix('!') {
                Some(to) => (to.trim(), Polarity::Inverted),
                None => (to.trim(), Polarity::Same),
            };
            let (from, from_kind) = find(catalogue, from.trim())?;
            let (to, to_kind) = find(catalogue, to)?;
            check(from_kind, to_kind, polarity)?;
            if overrides.iter().any(|other| other.from == from) {
                return Err(OverrideError::Twice { kind: from_kind.name.clone().into_string() });
            }
            overrides.push(Override { from, to, polarity });
        }
        Ok(Self(overrides))
    }

    /// The correction of a kind, if there is one.
    pub fn find(&self, kind: KindId) -> Option<Override> {
        self.0.iter().find(|correction| correction.from == kind).copied()
    }

    /// Corrects a reading in place.
    pub fn apply(&self, reading: &mut Reading) {
        let Some(correction) = self.find(reading.kind) else { return };
        reading.kind = correction.to;
        if let (Value::State(state), Polarity::Inverted) = (reading.value, correction.polarity) {
            reading.value = Value::State(!state);
        }
    }

    /// Nothing to correct?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is wrong with a text of corrections.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OverrideError {
    /// A part without `=`.
    #[error("kinds: expected from=to pairs separated by semicolons")]
    NoEquals,
    /// Not in the catalogue.
    #[error("kinds: the catalogue has no kind {kind:?}")]
    UnknownKind {
        /// The name.
        kind: String,
    },
    /// Value type, unit or list of words differ.
    #[error("kinds: {from} and {to} differ in value type, unit or words")]
    Differ {
        /// Kind as decoded.
        from: String,
        /// Kind it should be.
        to: String,
    },
    /// `!` before a kind that is no state.
    #[error("kinds: only a state can be inverted, {to} is none")]
    NotAState {
        /// Kind it should be.
        to: String,
    },
    /// Corrected twice.
    #[error("kinds: {kind} is corrected twice")]
    Twice {
        /// Kind as decoded.
        kind: String,
    },
}

fn find<'c>(catalogue: &'c Catalogue, name: &str) -> Result<(KindId, &'c Kind), OverrideError> {
    let found = catalogue.find(name).map(|id| (id, catalogue.get(id)));
    found.ok_or_else(|| OverrideError::UnknownKind { kind: name.to_owned() })
}

/// Category numbers and units are the kind's own, so both must be the same.
fn check(from: &Kind, to: &Kind, polarity: Polarity) -> Result<(), OverrideError> {
    let alike = from.value_type == to.value_type
        && from.unit == to.unit
        && from.categories == to.categories;
    if !alike {
        let (from, to) = (from.name.clone().into_string(), to.name.clone().into_string());
        return Err(OverrideError::Differ { from, to });
    }
    if polarity == Polarity::Inverted && to.value_type != ValueType::State {
        return Err(OverrideError::NotAState { to: to.name.clone().into_string() });
    }
    Ok(())
}
