//! What matters about a kind when its value comes again.

use crate::catalogue::{Kind, Urgency, ValueType};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// It is so until it is said to be otherwise.
    State,
    /// Only its absence is a state.
    Urgent,
    /// It happened: the same again is a second time.
    Happening,
    /// How the message was heard: two copies of one differ in it.
    Signal,
}

/// Categories that are states. Of any other, an operator's own included, nobody knows whether the
/// same word again is the same or a second press.
const STATES: [&str; 4] = ["body_posture", "lock_state", "motion_state", "sleep_stage"];

const SIGNALS: [&str; 2] = ["link_quality", "rssi"];

impl From<&Kind> for Nature {
    fn from(kind: &Kind) -> Self {
        let is_in = |names: &[&str]| names.contains(&&*kind.name);
        match (kind.urgency, kind.value_type) {
            (Urgency::Urgent, _) => Self::Urgent,
            (Urgency::Ordinary, ValueType::Event) => Self::Happening,
            (Urgency::Ordinary, ValueType::Category) if !is_in(&STATES) => Self::Happening,
            (Urgency::Ordinary, ValueType::Number) if is_in(&SIGNALS) => Self::Signal,
            (Urgency::Ordinary, ValueType::Number | ValueType::State | ValueType::Category) => {
                Self::State
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn every_built_in_category_was_thought_about() {
        let catalogue = Catalogue::builtin();
        let of = |wanted: Nature, value_type: ValueType| -> Vec<&str> {
            let kinds = catalogue.iter().map(|(_, kind)| kind);
            let kinds = kinds.filter(|kind| kind.value_type == value_type);
            let mut names: Vec<&str> = kinds
                .filter(|kind| Nature::from(*kind) == wanted)
                .map(|kind| &*kind.name)
                .collect();
            names.sort_unstable();
            names
        };
        assert_eq!(of(Nature::State, ValueType::Category), STATES);
        assert_eq!(of(Nature::Signal, ValueType::Number), SIGNALS);
        let happenings = ["button_press", "ecg_rhythm", "geofence_transition"];
        assert_eq!(of(Nature::Happening, ValueType::Category), happenings, "states to STATES");
        assert!(of(Nature::State, ValueType::Event).is_empty());
    }
}
