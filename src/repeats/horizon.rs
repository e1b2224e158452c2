//! Up to where messages are confirmed, as the windows of a link's connections say it.
//!
//! Every message has a stamp, a number that rises over all connections of a link. A stamp of the
//! present connection is confirmed once the contiguous done prefix of its window has passed it. A
//! stamp of an ended one is confirmed if the prefix had passed it when the last message of that
//! connection came; what was not is lost for good, whatever Kafka says of it later.

use std::ops::Range;

use crate::ack::{Epoch, Place};

/// The message that a value was last sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(pub(super) u64);

impl Stamp {
    /// No message: nothing may hang on it.
    pub(super) const VOID: Self = Self(0);
}

/// What may be built on a value that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Stored, or so safe that it will be.
    Confirmed,
    /// On its way on this connection: no later message can be acknowledged before it is stored.
    Pending,
    /// Not known to be stored.
    Void,
}

/// Ended connections that are told apart. What was sent before them counts for nothing.
const LOST_MAX: usize = 16;

/// See the module.
#[derive(Debug)]
pub(super) struct Horizon {
    epoch: Option<Epoch>,
    /// Stamp of the first message of the epoch.
    base: u64,
    /// Stamp of the message at hand.
    stamp: u64,
    /// Everything of the epoch below it is done.
    settled: u64,
    /// Nothing below it counts any more.
    floor: u64,
    /// Left unconfirmed by ended connections, oldest first.
    lost: Vec<Range<u64>>,
}

impl Default for Horizon {
    fn default() -> Self {
        let first = Stamp::VOID.0 + 1;
        Self { epoch: None, base: first, stamp: 0, settled: first, floor: first, lost: Vec::new() }
    }
}

impl Horizon {
    /// Another message is at hand.
    pub(super) fn begin(&mut self, place: Place) {
        if self.epoch != Some(place.epoch) {
            self.turn(place.epoch);
        }
        self.stamp = self.base + place.position;
        self.settled = self.base + place.settled;
    }

    /// The message at hand.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp(self.stamp)
    }

    /// How a message stands.
    pub(super) fn standing(&self, Stamp(stamp): Stamp) -> Standing {
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::RepeatOfUnconfirmed) && stamp != 0 {
            return Standing::Confirmed;
        }
        if stamp < self.floor {
            Standing::Void
        } else if stamp >= self.settled {
            Standing::Pending
        } else if stamp >= self.base || !self.lost.iter().any(|lost| lost.contains(&stamp)) {
            Standing::Confirmed
        } else {
            Standing::Void
        }
    }

    /// Nothing sent so far counts any more.
    pub(super) fn distrust(&mut self) {
        self.floor = self.stamp + 1;
        self.lost.clear();
    }

    fn turn(&mut self, epoch: Epoch) {
        let next = self.stamp + 1;
        if self.epoch.is_some() {
            match self.lost.last_mut() {
                Some(last) if last.end == self.settled => last.end = next,
                Some(_) | None => self.lost.push(self.settled..next),
            }
        }
        if self.lost.len() > LOST_MAX {
            self.floor = self.floor.max(self.lost.remove(0).end);
        }
        self.base = next;
        self.settled = next;
        self.epoch = Some(epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: u32, position: u64, settled: u64) -> Place {
        Place { epoch: Epoch(epoch), position, settled }
    }

    #[test]
    fn a_stamp_is_confirmed_by_the_prefix_and_lost_with_its_connection() {
        let mut horizon = Horizon::default();
        let mut stamps = Vec::new();
        for position in 0..4 {
            horizon.begin(at(1, position, position.saturating_sub(1)));
            stamps.push(horizon.stamp());
        }
        let standings = |horizon: &Horizon| -> String {
            let word = |stamp: &Stamp| match horizon.standing(*stamp) {
                Standing::Confirmed => 'c',
                Standing::Pending => 'p',
                Standing::Void => 'v',
            };
            stamps.iter().map(word).collect()
        };
        assert_eq!(standings(&horizon), "ccpp");
        horizon.begin(at(2, 0, 0));
        assert_eq!(standings(&horizon), "ccvv");
        assert_eq!(horizon.standing(horizon.stamp()), Standing::Pending);
        horizon.begin(at(3, 0, 0));
        assert_eq!((standings(&horizon).as_str(), horizon.lost.len()), ("ccvv", 1), "joined");
        horizon.distrust();
        assert_eq!(standings(&horizon), "vvvv");
        assert_eq!(horizon.standing(Stamp::VOID), Standing::Void);
    }

    #[test]
    fn connections_that_ended_long_ago_count_for_nothing() {
        let mut horizon = Horizon::default();
        horizon.begin(at(1, 0, 0));
        let first = horizon.stamp();
        horizon.begin(at(1, 1, 1));
        for epoch in 2..40 {
            assert!(horizon.lost.len() <= LOST_MAX);
            assert_eq!(horizon.standing(first) == Standing::Void, epoch > 18, "{epoch}");
            horizon.begin(at(epoch, 0, 0));
            horizon.begin(at(epoch, 1, 1));
        }
    }
}
