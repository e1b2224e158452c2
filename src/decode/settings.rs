//! What decoders are made of.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{format::Format, term::TermSettings};
use crate::catalogue::Catalogue;

/// What the decoder of a filter is made of.
#[derive(Clone, Debug)]
pub struct DecoderSettings {
    /// Measurement kinds.
    pub catalogue: Arc<Catalogue>,
    /// Keys the operator adds to those a format knows; all formats' together.
    pub keys: Arc<[KeySettings]>,
    /// Zone of local times without offset; `None`: such a time cannot be read.
    pub zone: Option<TimeZone>,
    /// What becomes of positions.
    pub positions: Positions,
    /// May a node be asked for what it said before (Sparkplug's rebirth)?
    pub requests: Requests,
}

/// What becomes of positions, which are among the most sensitive data there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Positions {
    /// Not kept: what else the message says goes on.
    #[default]
    Discard,
    /// Rounded to two decimals, about a kilometre.
    Round,
    /// Kept as sent.
    Keep,
}

impl Positions {
    /// A latitude or longitude as far as it is kept.
    pub(super) fn kept(self, degrees: f64) -> f64 {
        match self {
            Self::Discard | Self::Keep => degrees,
            Self::Round => (degrees * 100.0).round() / 100.0,
        }
    }
}

/// Whether trygg may publish to senders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Requests {
    /// It only listens.
    #[default]
    Forbidden,
    /// Where a format knows a request that helps.
    Allowed,
}

/// One `[[key]]`: what a key of a format means.
#[derive(Clone, Debug, PartialEq)]
pub struct KeySettings {
    /// Whose key.
    pub format: Format,
    /// As the format's table writes keys.
    pub key: String,
    /// What it means.
    pub term: TermSettings,
}

impl DecoderSettings {
    /// With nothing but the kinds.
    pub fn new(catalogue: &Arc<Catalogue>) -> Self {
        Self {
            catalogue: Arc::clone(catalogue),
            keys: Arc::new([]),
            zone: None,
            positions: Positions::default(),
            requests: Requests::default(),
        }
    }
}
