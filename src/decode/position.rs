//! What becomes of positions, wherever a format has them.

use super::{meaning::Meaning, settings::DecoderSettings, settings::Positions};
use crate::{
    catalogue::Catalogue,
    model::{KindId, Value},
};

/// The policy, and the kinds it is for.
#[derive(Clone, Debug)]
pub(super) struct PositionPolicy {
    coordinates: [Option<KindId>; 2],
    accuracy: Option<KindId>,
    positions: Positions,
}

/// What the policy says of one value.
pub(super) enum Judged {
    /// It is no position, or may be kept as it is now.
    Kept(Meaning<Value>),
    /// It is not kept.
    Discarded,
}

/// Two decimals of a degree are about a kilometre.
const ROUNDED: f64 = 100.0;

impl PositionPolicy {
    pub(super) fn new(settings: &DecoderSettings) -> Self {
        let kind = |name| Catalogue::find(&settings.catalogue, name);
        Self {
            coordinates: [kind("latitude"), kind("longitude")],
            accuracy: kind("position_accuracy"),
            positions: settings.positions,
        }
    }

    /// Judges the value of a kind.
    #[inline]
    pub(super) fn judge(&self, kind: KindId, meaning: Meaning<Value>) -> Judged {
        let is_coordinate = self.coordinates.contains(&Some(kind));
        if !is_coordinate && self.accuracy != Some(kind) {
            return Judged::Kept(meaning);
        }
        match self.positions {
            Positions::Keep => Judged::Kept(meaning),
            Positions::Round if is_coordinate => Judged::Kept(meaning.map(rounded)),
            // Of a rounded position the accuracy says nothing.
            Positions::Discard | Positions::Round => Judged::Discarded,
        }
    }
}

fn rounded(value: Value) -> Value {
    match value {
        Value::Number(degrees) => Value::Number((degrees * ROUNDED).round() / ROUNDED),
        Value::State(_) | Value::Category(_) | Value::Event | Value::Series(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::tests::catalogue;

    #[test]
    fn a_position_is_kept_rounded_or_not_at_all() {
        let catalogue = catalogue();
        let mut settings = DecoderSettings::new(&catalogue);
        let kind = |name| catalogue.find(name).unwrap();
        for (positions, name, number, expected) in [
            (Positions::Keep, "latitude", 59.334_591, Some(59.334_591)),
            (Positions::Round, "latitude", 59.336_591, Some(59.34)),
            (Positions::Round, "longitude", -0.127, Some(-0.13)),
            (Positions::Round, "position_accuracy", 12.5, None),
            (Positions::Discard, "longitude", 18.063_24, None),
            (Positions::Discard, "air_temperature", 21.375, Some(21.375)),
        ] {
            settings.positions = positions;
            let policy = PositionPolicy::new(&settings);
            let judged = policy.judge(kind(name), Meaning::Value(Value::Number(number)));
            let kept = match judged {
                Judged::Kept(Meaning::Value(Value::Number(number))) => Some(number),
                Judged::Kept(_) | Judged::Discarded => None,
            };
            assert_eq!(kept, expected, "{positions:?} {name}");
        }
    }
}
