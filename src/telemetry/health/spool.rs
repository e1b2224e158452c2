//! Where the spool stands, and what that makes of a trouble with Kafka.

use super::{Check, KafkaState, LaneState, Verdict};

/// Where the spool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpoolState {
    /// There is none: `ack = "kafka"`.
    Absent,
    /// Nothing in it; the disk is idle.
    Idle,
    /// Records wait in it for Kafka.
    Spooling,
    /// No room: messages that Kafka does not take are not acknowledged.
    Full,
    /// The disk does not keep what is written.
    Failed {
        /// Why.
        code: &'static str,
    },
}

impl SpoolState {
    /// Every word for metrics.
    pub const LABELS: [&'static str; 4] = ["idle", "spooling", "full", "failed"];

    /// Word for metrics and bodies.
    pub fn label(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Idle => "idle",
            Self::Spooling => "spooling",
            Self::Full => "full",
            Self::Failed { .. } => "failed",
        }
    }

    /// Does it take what Kafka does not?
    pub(super) fn has_room(self) -> bool {
        match self {
            Self::Idle | Self::Spooling => true,
            Self::Absent | Self::Full | Self::Failed { .. } => false,
        }
    }

    /// What a trouble with Kafka means beside it.
    pub(super) fn soften(self) -> Verdict {
        if self.has_room() { Verdict::Degraded } else { Verdict::Unable }
    }

    /// Its own check; none where there is no spool. A failed one matters less while Kafka takes
    /// everything.
    pub(super) fn check(
        self,
        kafka: KafkaState,
        mut lanes: impl Iterator<Item = LaneState>,
    ) -> Option<Check> {
        let kafka_takes = kafka == KafkaState::Up && lanes.all(|lane| lane == LaneState::Taking);
        let (verdict, reason) = match self {
            Self::Absent => return None,
            Self::Idle => (Verdict::Able, None),
            Self::Spooling => (Verdict::Degraded, None),
            Self::Full => (Verdict::Unable, None),
            Self::Failed { code } if kafka_takes => (Verdict::Degraded, Some(code.to_owned())),
            Self::Failed { code } => (Verdict::Unable, Some(code.to_owned())),
        };
        Some(Check::new("spool", verdict, self.label(), reason))
    }
}
