//! What a look at the process found, check by check.

use serde::Serialize;

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Able,
    /// Not.
    Unable,
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// The outcome.
    pub verdict: Verdict,
    /// A word for what was found.
    pub state: &'static str,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Check {
    pub(super) fn new(
        name: impl Into<String>,
        verdict: Verdict,
        state: &'static str,
        reason: Option<String>,
    ) -> Self {
        Self { name: name.into(), verdict, state, reason }
    }
}

/// Everything looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One by one.
    pub checks: Vec<Check>,
}

impl Report {
    /// All as they should be, or not.
    pub fn verdict(&self) -> Verdict {
        let is_able = self.checks.iter().all(|check| check.verdict == Verdict::Able);
        if is_able { Verdict::Able } else { Verdict::Unable }
    }
}
