//! How a link ends: takes nothing new, answers what it has, parts from the broker.

use std::mem;

use super::{Core, Phase, Work, wide};
use crate::{batch::FlushReason, link::notice::LeftBehind, model::Moment, sink::Producer};

impl<P: Producer> Core<P> {
    /// Takes nothing new any more; what is inside goes out.
    pub fn begin_drain(&mut self, now: Moment) {
        self.work = Work::Draining;
        if self.phase == Phase::Closed {
            self.left.with_broker += mem::take(&mut self.owed);
        }
        self.duty.close_log();
        self.duty.flush(FlushReason::Drain, now.mono);
    }

    /// Nothing of the present connection is unacknowledged, and every PUBACK has left.
    pub fn is_drained(&self) -> bool {
        self.duty.in_flight() == 0 && self.unsent().is_empty()
    }

    /// Appends DISCONNECT; the broker keeps the session.
    pub fn disconnect(&mut self) {
        self.session.disconnect(&mut self.out);
    }

    /// The connection was ended by us, in order.
    pub fn parted(&mut self, now: Moment) {
        self.duty.end_epoch(self.unwritten, now);
        self.phase = Phase::Closed;
    }

    /// What a stopping engine leaves behind.
    pub fn left_behind(&self) -> LeftBehind {
        self.left
    }

    /// At the deadline: gives up what is still out. The broker keeps it.
    pub fn abandon_all(&mut self) {
        self.left.lost += wide(self.duty.at_most_once_in_flight());
        self.duty.abandon_all();
    }
}
