//! What a link remembers across its connections: which messages may come again.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

/// The third abandonment of the same message makes it a dead letter: whatever drops its token
/// would do so for ever.
const ABANDONMENTS_MAX: u32 = 3;
/// Abandoned messages remembered; there are none without a bug of ours.
const ABANDONED_MAX: usize = 1024;

/// Redeliveries to recognise and abandonments to count.
#[derive(Debug, Default)]
pub struct Memory {
    /// By packet id: what was left without a PUBACK that surely reached the broker.
    unsettled: HashMap<u16, Unsettled, RandomState>,
    abandoned: HashMap<u64, u32, RandomState>,
    abandoned_order: VecDeque<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Unsettled {
    fingerprint: u64,
    event_id: u128,
}

/// How a message that arrives relates to earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquaintance {
    /// Never seen, or not recognisable.
    New,
    /// A redelivery: it keeps the event id it was given.
    Redelivery(u128),
}

impl Memory {
    /// A message was left behind by a connection. Bounded by the packet ids there are.
    pub fn leave(&mut self, packet_id: u16, fingerprint: u64, event_id: u128) {
        self.unsettled.insert(packet_id, Unsettled { fingerprint, event_id });
    }

    /// The broker has no session of ours: nothing will be redelivered.
    pub fn session_lost(&mut self) {
        self.unsettled.clear();
    }

    /// Is anything expected again?
    pub fn is_empty(&self) -> bool {
        self.unsettled.is_empty()
    }

    /// Looks a message up. DUP, packet id and content must all agree; whatever arrives under a
    /// packet id ends what was remembered under it.
    pub fn recognise(&mut self, packet_id: u16, dup: Dup, fingerprint: u64) -> Acquaintance {
        if self.unsettled.is_empty() {
            return Acquaintance::New;
        }
        match (self.unsettled.remove(&packet_id), dup) {
            (Some(left), Dup::Set) if left.fingerprint == fingerprint => {
                Acquaintance::Redelivery(left.event_id)
            }
            (Some(_) | None, Dup::Set | Dup::Clear) => Acquaintance::New,
        }
    }

    /// Counts an abandonment of a message.
    pub fn abandoned(&mut self, fingerprint: u64) {
        if let Some(times) = self.abandoned.get_mut(&fingerprint) {
            *times += 1;
            return;
        }
        if self.abandoned.len() == ABANDONED_MAX
            && let Some(oldest) = self.abandoned_order.pop_front()
        {
            self.abandoned.remove(&oldest);
        }
        self.abandoned.insert(fingerprint, 1);
        self.abandoned_order.push_back(fingerprint);
    }

    /// The message has become a dead letter: another one like it starts anew.
    pub fn buried(&mut self, fingerprint: u64) {
        self.abandoned.remove(&fingerprint);
        self.abandoned_order.retain(|known| *known != fingerprint);
    }

    /// Was the message abandoned so often that it must become a dead letter?
    pub fn is_hopeless(&self, fingerprint: u64) -> bool {
        !self.abandoned.is_empty()
            && self.abandoned.get(&fingerprint).is_some_and(|times| *times >= ABANDONMENTS_MAX)
    }
}

/// DUP as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dup {
    /// The broker may have sent it before.
    Set,
    /// It has not.
    Clear,
}

impl From<bool> for Dup {
    fn from(dup: bool) -> Self {
        if dup { Self::Set } else { Self::Clear }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redelivery_needs_dup_packet_id_and_content() {
        let mut memory = Memory::default();
        for packet_id in 1..=4 {
            memory.leave(packet_id, 77, u128::from(packet_id));
        }
        assert_eq!(memory.recognise(1, Dup::Set, 77), Acquaintance::Redelivery(1));
        assert_eq!(memory.recognise(1, Dup::Set, 77), Acquaintance::New, "once only");
        assert_eq!(memory.recognise(2, Dup::Clear, 77), Acquaintance::New);
        assert_eq!(memory.recognise(3, Dup::Set, 78), Acquaintance::New);
        memory.session_lost();
        assert_eq!(memory.recognise(4, Dup::Set, 77), Acquaintance::New);
    }

    #[test]
    fn the_third_abandonment_is_the_last() {
        let mut memory = Memory::default();
        memory.abandoned(9);
        memory.abandoned(9);
        assert!(!memory.is_hopeless(9));
        memory.abandoned(9);
        assert!(memory.is_hopeless(9));
        assert!(!memory.is_hopeless(8));
    }

    #[test]
    fn abandonments_are_bounded() {
        let mut memory = Memory::default();
        for fingerprint in 0..5_000 {
            memory.abandoned(fingerprint);
        }
        assert_eq!(memory.abandoned.len(), ABANDONED_MAX);
        assert_eq!(memory.abandoned_order.len(), ABANDONED_MAX);
    }
}
