//! Records that do not reach Kafka: what Kafka refuses, and what a home refuses.

use std::mem;

use super::Duty;
use crate::{
    ack::{DiscardReason, Settlement, Shares},
    model::Moment,
    sink::{Poison, Producer},
};

impl<P: Producer> Duty<P> {
    /// Messages of records that stay are answered: that their home is refused is the policy.
    #[expect(clippy::disallowed_methods, reason = "the one place that answers by policy here")]
    pub(super) fn discard_withheld(&mut self) {
        for mut record in self.sink.take_withheld() {
            self.settle_as(&record.shares, Settlement::Withheld);
            #[cfg(test)]
            if crate::plant::is_planted(crate::plant::Bug::UnansweredRefusal) {
                continue;
            }
            record.shares.discard(DiscardReason::NoConsent);
            self.pool.put(record);
        }
    }

    /// Notes where the readings of messages end that have a part in a record.
    fn settle_as(&mut self, shares: &Shares, settlement: Settlement) {
        let Some(epoch) = shares.window().map(|window| window.epoch()) else { return };
        let windows = self.current.iter_mut().chain(&mut self.old);
        for window in windows.filter(|window| window.window().epoch() == epoch) {
            for slot in shares.slots() {
                if let Some(arrival) = window.arrival_mut(*slot) {
                    arrival.settlement = settlement;
                }
            }
        }
    }

    pub(super) fn bury_poison(&mut self, now: Moment) {
        self.sink.take_poison(&mut self.poison);
        let mut poison = mem::take(&mut self.poison);
        for Poison { record, code } in poison.drain(..) {
            self.settle_as(&record.shares, Settlement::DeadLettered);
            self.books.rejected("kafka_refused");
            self.pipeline.bury_record(record, code, now, &mut self.pool, &mut self.ready);
        }
        self.poison = poison;
        self.hand_over(now.mono);
    }
}
