//! What a look at the process found, check by check.

use serde::Serialize;

/// The outcome of one check, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Able,
    /// Not as it should be, and nothing is refused or late for it.
    Degraded,
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
    /// In a few words: `able`, `degraded: ...`, `unable: ...`.
    pub status: String,
    /// One by one.
    pub checks: Vec<Check>,
}

impl Report {
    pub(super) fn new(checks: Vec<Check>) -> Self {
        let verdict = worst(&checks);
        let word = match verdict {
            Verdict::Able => return Self { status: "able".to_owned(), checks },
            Verdict::Degraded => "degraded",
            Verdict::Unable => "unable",
        };
        let mut found: Vec<String> = Vec::new();
        for check in checks.iter().filter(|check| check.verdict == verdict) {
            // The state of the spool says it all.
            match (check.name.as_str(), check.state) {
                ("spool", "spooling") => found.insert(0, "spooling".to_owned()),
                (name, state) => found.push(format!("{name} {state}")),
            }
        }
        Self { status: format!("{word}: {}", found.join(", ")), checks }
    }

    /// All as they should be, or the worst that was found.
    pub fn verdict(&self) -> Verdict {
        worst(&self.checks)
    }

    /// Nothing is [`Verdict::Unable`].
    pub fn is_ready(&self) -> bool {
        self.verdict() != Verdict::Unable
    }
}

fn worst(checks: &[Check]) -> Verdict {
    checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Able)
}
