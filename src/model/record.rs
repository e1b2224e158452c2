//! What names a Kafka record before it is one.

/// The three topics trygg writes measurements and failures to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Batches of readings, in order by home.
    Readings,
    /// One urgent reading a record, sent at once.
    Alerts,
    /// What could not be used.
    DeadLetters,
}

impl Lane {
    /// Every lane, for tables indexed by `lane as usize`.
    pub const ALL: [Self; 3] = [Self::Readings, Self::Alerts, Self::DeadLetters];

    /// Label value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Readings => "readings",
            Self::Alerts => "alerts",
            Self::DeadLetters => "dead_letters",
        }
    }
}

/// Where a record goes: lane and partition, computed by us (murmur2 as Java's default).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Which topic.
    pub lane: Lane,
    /// Which partition of it.
    pub partition: i32,
}
