//! Counts by reason code.

/// A count for each reason met. Reasons are `&'static str` of closed enums, so the list is
/// short and its length bounded by the code.
#[derive(Clone, Debug, Default)]
pub struct ReasonCounts {
    counts: Vec<(&'static str, u64)>,
}

impl ReasonCounts {
    /// Counts one.
    pub fn add(&mut self, reason: &'static str) {
        self.add_many(reason, 1);
    }

    /// Counts several.
    pub fn add_many(&mut self, reason: &'static str, count: u64) {
        if let Some((_, known)) = self.counts.iter_mut().find(|(known, _)| *known == reason) {
            *known += count;
        } else {
            self.counts.push((reason, count));
        }
    }

    /// Count of one reason.
    pub fn of(&self, reason: &str) -> u64 {
        self.iter().find(|(known, _)| *known == reason).map_or(0, |(_, count)| count)
    }

    /// Every reason met with its count.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts.iter().copied()
    }

    /// Sum over all reasons.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}
