//! What a link says to those around it.

use crate::{model::QoS, telemetry::metrics::Ledger};

/// What a stopping engine leaves behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftBehind {
    /// QoS 1 messages the broker keeps for us.
    pub with_broker: u64,
    /// QoS 0 messages that nobody keeps.
    pub lost: u64,
}

/// What a link says at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What it leaves.
    pub left: LeftBehind,
    /// Its books.
    pub ledger: Ledger,
}

/// What the shell should tell the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Every subscription is granted.
    Established,
    /// The broker had no session of this client id: normal at the first start ever.
    SessionFresh,
    /// The broker had this process's session and lost it, with all that waited in it.
    SessionLost,
    /// The broker sends more than the window allows.
    Overshoot {
        /// Unacknowledged QoS 1 messages.
        messages: usize,
    },
}

impl LeftBehind {
    pub(super) fn count(&mut self, qos: QoS) {
        match qos {
            QoS::AtLeastOnce => self.with_broker += 1,
            QoS::AtMostOnce => self.lost += 1,
        }
    }
}
