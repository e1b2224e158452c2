//! What a home consents to.

use crate::catalogue::Class;

/// Classes of kinds that may be taken from a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent(u16);

impl Consent {
    /// Nothing may be taken.
    pub const NONE: Self = Self(0);
    /// Everything may.
    pub const ALL: Self = Self(u16::MAX);

    /// Reads `all`, `none`, or classes separated by blanks. Nothing said is nothing allowed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "none" => Some(Self::NONE),
            "all" => Some(Self::ALL),
            words => words
                .split_whitespace()
                .map(Class::find)
                .try_fold(Self::NONE, |sum, class| Some(Self(sum.0 | bit(class?)))),
        }
    }

    /// May this class be taken?
    pub fn allows(self, class: Class) -> bool {
        self.0 & bit(class) != 0
    }

    /// May everything be taken?
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// May nothing be taken?
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

fn bit(class: Class) -> u16 {
    1 << class as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_all_none_or_classes() {
        let allowed = |text: &str| {
            let consent = Consent::parse(text)?;
            let classes = Class::ALL.into_iter().filter(|class| consent.allows(*class));
            Some(classes.map(Class::label).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(allowed("none").as_deref(), Some(""));
        assert_eq!(allowed("").as_deref(), Some(""));
        assert_eq!(allowed("safety  activity").as_deref(), Some("activity safety"));
        assert_eq!(allowed("all").unwrap().split(' ').count(), Class::ALL.len());
        for wrong in ["All", "safety,activity", "no", "all safety", "vital"] {
            assert_eq!(allowed(wrong), None, "{wrong}");
        }
        assert!(Consent::parse("all").is_some_and(Consent::is_all));
    }
}
