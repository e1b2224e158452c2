//! What a link is doing, and how far stopping has come.

use std::pin::Pin;

use super::{close::Close, core::Core};
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
    Talking {
        wire: Wire,
        heard: Heard,
    },
    /// DISCONNECT is on its way or sent: reads to the end, so that closing does not reset the
    /// connection and lose the last PUBACKs.
    Parting {
        wire: Wire,
        sent: Sent,
    },
    Over,
}

impl Stage {
    /// Notes that the broker has said something.
    pub(super) fn heard(&mut self) {
        if let Self::Talking { heard, .. } = self {
            *heard = Heard::Something;
        }
    }

    /// Why the connection is gone: who hangs up without a word tells something else.
    pub(super) fn lost(&self, close: Close) -> Close {
        let Self::Talking { heard: Heard::Nothing, .. } = self else { return close };
        let hung_up = match &close {
            Close::EndOfStream => true,
            Close::Transport(error) => error.is_hang_up(),
            Close::Session(_)
            | Close::Abandoned
            | Close::MaxAge
            | Close::Overrun
            | Close::Unanswered
            | Close::Stopped => false,
        };
        if hung_up { Close::Unanswered } else { close }
    }
}

/// Whether the broker has said anything on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    Something,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    NotYet,
    All,
}

/// How far stopping has come.
pub(super) enum Stopping {
    No,
    Draining { report_at: Mono },
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
    pub(super) fn is_finished(&self, core: &Core<LinkProducer>) -> bool {
        match self {
            Self::No => false,
            Self::Draining { .. } => core.records_live() == 0,
            Self::Aborted => true,
        }
    }
}
