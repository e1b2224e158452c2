//! What a link is doing, and how far stopping has come.

use std::{pin::Pin, time::Duration};

use super::core::Core;
use crate::{
    kafka::LinkProducer,
    model::Mono,
    transport::{DialError, Wire},
};

/// What a link is doing.
pub(super) enum Stage {
    Waiting {
        until: Mono,
    },
    Dialing(Pin<Box<dyn Future<Output = Result<Wire, DialError>> + Send>>),
    Talking(Wire),
    /// DISCONNECT is on its way or sent: reads to the end, so that closing does not reset the
    /// connection and lose the last PUBACKs.
    Parting {
        wire: Wire,
        sent: Sent,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    NotYet,
    All,
}

/// How long a stopping link waits for reports that nobody else waits for.
const LAST_REPORTS: Duration = Duration::from_secs(2);

/// How far stopping has come.
pub(super) enum Stopping {
    No,
    Draining { since: Mono, report_at: Mono },
    Aborted,
}

impl Stopping {
    pub(super) fn is_no(&self) -> bool {
        matches!(self, Self::No)
    }

    pub(super) fn is_aborted(&self) -> bool {
        matches!(self, Self::Aborted)
    }

    pub(super) fn abort(&mut self) {
        *self = Self::Aborted;
    }

    /// Records of ended connections are waited for too: their QoS 0 messages come from nowhere
    /// else.
    pub(super) fn is_finished(&self, core: &Core<LinkProducer>, now: Mono) -> bool {
        match self {
            Self::No => false,
            // What lies in the spool as well need not be waited for; a moment saves repeats.
            Self::Draining { since, .. } => {
                core.records_owed() == 0
                    && (core.records_live() == 0 || now.since(*since) >= LAST_REPORTS)
            }
            Self::Aborted => true,
        }
    }
}
