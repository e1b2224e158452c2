//! `[repeats]`: what happens to unchanged state that a device says again.

use std::time::Duration;

use toml::de::DeValue;

use super::{
    document::Section,
    form::Form,
    setting::{Setting, Size},
};
use crate::repeats::Policy;

/// `[repeats]`.
#[derive(Clone, Debug)]
pub struct RepeatSettings {
    /// What happens to a repeat, where a filter says nothing else. Default `mark`.
    pub policy: Policy,
    /// How often one goes through where they are discarded. Default 15 min, 1 s to 7 d.
    pub heartbeat: Duration,
    /// How much later the same may come by another way. Default 5 s, 0 to 5 min; 0: never.
    pub duplicate_within: Duration,
    /// Bytes a link remembers devices in. Default 16 MiB, 1 MiB to 1 GiB.
    pub budget: Size,
}

impl RepeatSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let week = Duration::from_hours(7 * 24);
        let settings = Self {
            policy: section.get_or("policy", Policy::Mark),
            heartbeat: section.within(
                "heartbeat",
                Duration::from_mins(15),
                &(Duration::from_secs(1)..=week),
            ),
            duplicate_within: section.within(
                "duplicate_within",
                Duration::from_secs(5),
                &(Duration::ZERO..=Duration::from_mins(5)),
            ),
            budget: section.within("budget", Size::mib(16), &(Size::mib(1)..=Size::mib(1024))),
        };
        section.finish();
        settings
    }
}

impl Setting for Policy {
    const EXPECTED: &'static str = "\"mark\", \"discard\" or \"off\"";
    const EXAMPLE: &'static str = "\"mark\"";
    const FORM: Form = Form::words(&["mark", "discard", "off"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let word = value.as_str()?;
        [Self::Mark, Self::Discard, Self::Off].into_iter().find(|policy| policy.label() == word)
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.label())
    }
}
