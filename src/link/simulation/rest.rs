//! How a schedule ends: everything comes to rest, or the link stops.

use std::collections::BTreeSet;

use super::{
    World,
    doors::AtRest,
    setup::DOUBTFUL,
    shelf::{Shelf, Weather},
};
use crate::link::core::Phase;

impl World {
    /// Faults stop: everything must be delivered without another reconnect for a fault of ours.
    pub(super) fn liveness(&mut self) {
        {
            let mut log = self.kafka.0.borrow_mut();
            log.slow = false;
            log.world_refuses = false;
        }
        if let Some(shelf) = &mut self.shelf {
            shelf.set(Weather::Fair);
        }
        for step in 1..30_000 {
            self.now += 10_000;
            // Sensors go on: a good record is what tells poison from a world that refuses.
            if step % 4_000 == 0 {
                (0..8).for_each(|_| self.publish());
            }
            if !self.connected {
                self.open();
            }
            self.kafka.0.borrow_mut().progress(&mut self.chance);
            self.spool();
            self.turn();
            let rest = self.broker.is_idle()
                && self.shelf.as_ref().is_none_or(Shelf::is_empty)
                && self.core.in_flight() == 0
                && self.core.records_live() == 0
                && self.kafka.0.borrow().in_flight() == 0;
            if rest && self.core.phase() == Phase::Established {
                return;
            }
        }
        panic!(
            "not at rest: {} in flight, {} records, last closes {:?}",
            self.core.in_flight(),
            self.core.records_live(),
            self.closes.iter().rev().take(5).collect::<Vec<_>>()
        );
    }

    /// The spool's thread comes round.
    pub(super) fn spool(&mut self) {
        let now = self.moment();
        if let Some(shelf) = &mut self.shelf {
            shelf.progress(&mut self.chance, now);
        }
    }

    pub(super) fn check_end(&mut self, at: AtRest) {
        assert!(!self.closes.contains(&"max_age"), "a message was stuck with nothing on its way");
        assert!(!self.closes.contains(&"abandoned"), "a token was dropped");
        let log = self.kafka.0.borrow();
        for message in self.published.iter().filter(|message| message.qos == 1) {
            let number = message.number;
            if self.is_doubtful(number) {
                assert!(
                    self.broker.acknowledged.contains(&number)
                        || self.broker.forgotten.contains(&number),
                    "{number} is not acknowledged"
                );
                continue;
            }
            if !self.broker.forgotten.contains(&number) {
                assert!(self.broker.acknowledged.contains(&number), "{number} is not acknowledged");
                assert!(self.is_door_alone(number) || log.has(number), "{number} is lost");
                self.check_door(number, &log);
                if self.unreadable.contains(&number) {
                    assert!(log.buried.contains(&number), "{number} has no dead letter");
                }
            }
        }
        self.check_doors_at_rest(&log, at);
        assert!(!self.is_quiet || log.copies == 0, "{} came twice", log.copies);
        // What a home refused and then allowed again may come again where its PUBACK was lost.
        let is_doubtful = |device: &str| self.lists.had_doubts && device.starts_with(DOUBTFUL);
        for (device, numbers) in log.order.iter().filter(|(device, _)| !is_doubtful(device)) {
            // Exceptions, written down in docs/guarantees.md: records that say so themselves, and
            // messages refused for good with their record that came again before the dead letter
            // was confirmed.
            // What Kafka refused may stand behind later ones, and a process that ends before it has
            // sent it again cannot say so.
            let excepted = |number: &u32| {
                log.late.contains(number)
                    || log.buried.contains(number)
                    || (self.crashed && log.refused.contains(number))
            };
            let mut in_order: Vec<u32> =
                numbers.iter().copied().filter(|number| !excepted(number)).collect();
            if self.crashed {
                // Another process gives what has no time of its own another id.
                let mut met = BTreeSet::new();
                in_order.retain(|number| met.insert(*number));
            }
            assert!(in_order.is_sorted(), "device {device} is out of order: {in_order:?}");
        }
    }

    /// Stops anywhere and drains: nothing new is taken, everything taken is answered.
    pub(super) fn shutdown(&mut self) {
        let full = self.chance.one_in(2);
        self.core.begin_drain(self.moment());
        if let Some(shelf) = &mut self.shelf {
            // A disk that stays full must not keep a link from ending while Kafka takes records.
            shelf.set(if full { Weather::Full } else { Weather::Fair });
        }
        for _ in 0..20_000 {
            self.now += 5_000;
            self.kafka.0.borrow_mut().slow = false;
            self.kafka.0.borrow_mut().world_refuses = false;
            self.kafka.0.borrow_mut().progress(&mut self.chance);
            self.spool();
            self.turn();
            if self.core.is_drained() && self.core.records_live() == 0 {
                self.check_ledger();
                return;
            }
        }
        panic!(
            "did not drain: {} in flight, {} records, blocked {:?}, phase {:?}, {:?}",
            self.core.in_flight(),
            self.core.records_live(),
            self.core.blocked(),
            self.core.phase(),
            self.kafka.0.borrow().in_flight(),
        );
    }
}
