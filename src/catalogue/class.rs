//! Classes of kinds: what a home consents to, or does not.

/// What a measurement tells about a home. Every kind has one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Air, light and sound of the rooms.
    Environment,
    /// What somebody does: motion, doors, bed and chair, taps, appliances, steps.
    Activity,
    /// Where somebody is: coordinates, regions, leaving and coming home.
    Position,
    /// What is measured on a body.
    Vitals,
    /// Nights as a device sums them up.
    Sleep,
    /// What a dispenser says of doses.
    Medication,
    /// Alarms that devices raise.
    Safety,
    /// The devices themselves: battery, radio, casing.
    Device,
    /// Kinds of the configuration that name no class.
    Other,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Environment,
        Self::Activity,
        Self::Position,
        Self::Vitals,
        Self::Sleep,
        Self::Medication,
        Self::Safety,
        Self::Device,
        Self::Other,
    ];

    /// The word in files.
    pub fn label(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Activity => "activity",
            Self::Position => "position",
            Self::Vitals => "vitals",
            Self::Sleep => "sleep",
            Self::Medication => "medication",
            Self::Safety => "safety",
            Self::Device => "device",
            Self::Other => "other",
        }
    }

    /// The class of that word.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.label() == word)
    }
}
