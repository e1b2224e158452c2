//! The link's side of a window: what arrived, in order, and what may be acknowledged.

use std::sync::Arc;

use super::{
    token::{AckToken, Place},
    window::{Epoch, Window},
};
use crate::model::{Mono, QoS};

/// Position of a message in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotIndex(pub(super) u32);

/// What the link remembers of a message it has not answered yet.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Packet identifier; zero for QoS 0.
    pub packet_id: u16,
    /// As received.
    pub qos: QoS,
    /// Size on the wire, for the byte limit.
    pub bytes: u32,
    /// When it was read.
    pub received: Mono,
    /// Hash of topic and payload, to know it again.
    pub fingerprint: u64,
    /// The event id given at reception, for a redelivery to inherit.
    pub event_id: u128,
    /// Readings on their way to Kafka.
    pub readings: u32,
    /// Readings refused, on their way to the dead letters.
    pub refused: u32,
    /// Where its readings end; a record with a part of it that Kafka refuses changes it.
    pub settlement: Settlement,
}

/// Where a message's readings end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// In the readings topic.
    Delivered,
    /// In the dead-letter topic.
    DeadLettered,
    /// Nowhere: their home did not consent any more when they were to be handed over.
    Withheld,
    /// In the spool, at least a part of them: from here on its books tell.
    Spooled,
}

/// Whether an unanswered message can still be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Proof may still come.
    Waiting,
    /// A share of it was dropped: it has to be delivered again.
    Abandoned,
}

/// How a slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// Shares are still out.
    Open,
    /// Every share was answered.
    Done,
    /// A share was dropped without proof and none is out any more.
    Abandoned,
}

/// One connection's unanswered messages, oldest first. QoS 0 messages stand here too, so that
/// the ledger counts them by the slots they occupy.
#[derive(Debug)]
pub struct Outstanding {
    window: Arc<Window>,
    arrivals: Box<[Arrival]>,
    /// Position of the first of `arrivals`, once only the remainder is left; before, the slot is
    /// the index.
    first: Option<u64>,
    mask: u64,
    head: u64,
    tail: u64,
    bytes: usize,
    at_least_once: usize,
}

const VACANT: Arrival = Arrival {
    packet_id: 0,
    qos: QoS::AtMostOnce,
    bytes: 0,
    received: Mono(0),
    fingerprint: 0,
    event_id: 0,
    readings: 0,
    refused: 0,
    settlement: Settlement::Delivered,
};

impl Outstanding {
    /// A window of its own for one connection; `capacity` messages at most.
    pub fn new(epoch: Epoch, capacity: usize) -> Self {
        let capacity = capacity.next_power_of_two();
        Self {
            window: Arc::new(Window::new(epoch, capacity)),
            arrivals: vec![VACANT; capacity].into_boxed_slice(),
            first: None,
            mask: u64::try_from(capacity).unwrap_or(1) - 1,
            head: 0,
            tail: 0,
            bytes: 0,
            at_least_once: 0,
        }
    }

    /// The planted bug: the next connection's window is this one.
    #[cfg(test)]
    pub(crate) fn reuse(mut self, epoch: Epoch) -> Self {
        let mut fresh = Self::new(epoch, usize::try_from(self.mask + 1).unwrap_or(1));
        std::mem::swap(&mut fresh.window, &mut self.window);
        fresh
    }

    /// Gives back the memory of everything but the unanswered messages, once the connection is
    /// gone and nothing is admitted any more.
    #[must_use]
    pub fn into_remainder(mut self) -> Self {
        self.arrivals = (self.head..self.tail).map(|position| *self.at(position)).collect();
        self.first = Some(self.head);
        self
    }

    /// The shared face of the window.
    pub fn window(&self) -> &Arc<Window> {
        &self.window
    }

    /// Occupied slots.
    pub fn len(&self) -> usize {
        usize::try_from(self.tail - self.head).unwrap_or(usize::MAX)
    }

    /// Nothing unanswered?
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Bytes of the occupied slots' packets.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Unanswered QoS 1 messages: what counts against receive maximum.
    pub fn at_least_once(&self) -> usize {
        self.at_least_once
    }

    /// When the oldest unanswered message was received.
    pub fn oldest(&self) -> Option<Mono> {
        (!self.is_empty()).then(|| self.at(self.head).received)
    }

    /// Takes a message in. `None` when every slot is occupied: then it must not be read.
    pub fn admit(&mut self, arrival: Arrival) -> Option<(SlotIndex, AckToken<'_>)> {
        if self.first.is_some() || self.len() == self.arrivals.len() {
            return None;
        }
        let slot = self.slot(self.tail);
        let place = Place { epoch: self.window.epoch(), position: self.tail, settled: self.head };
        self.tail += 1;
        self.bytes += usize::try_from(arrival.bytes).unwrap_or(usize::MAX);
        self.at_least_once += usize::from(arrival.qos == QoS::AtLeastOnce);
        if let Some(place) = self.arrival_mut(slot) {
            *place = arrival;
        }
        self.window.open(slot.0);
        Some((slot, AckToken::new(&self.window, slot, place)))
    }

    /// What is remembered of a slot, to be completed once the pipeline has seen the message.
    pub fn arrival_mut(&mut self, slot: SlotIndex) -> Option<&mut Arrival> {
        // The one position that is occupied and maps to this slot.
        let position = self.head + (u64::from(slot.0).wrapping_sub(self.head) & self.mask);
        let index = self.index(position);
        self.arrivals.get_mut(index)
    }

    /// Removes and hands out the oldest message if every share of it was answered. Calling it
    /// until `None` walks the contiguous done prefix: PUBACKs leave in receive order.
    pub fn pop_done(&mut self) -> Option<Arrival> {
        (self.head_state()? == SlotState::Done).then(|| self.pop())
    }

    /// Removes and hands out the oldest message once no share of it is out, however it ended.
    /// For windows whose connection is gone, where order no longer matters to anybody.
    pub fn pop_resolved(&mut self) -> Option<(Arrival, SlotState)> {
        let state = self.head_state()?;
        (state != SlotState::Open).then(|| (self.pop(), state))
    }

    /// The unanswered messages, oldest first, each with whether a share of it was dropped.
    pub fn iter(&self) -> impl Iterator<Item = (&Arrival, Standing)> {
        (self.head..self.tail).map(|position| {
            let (_, abandoned) = self.window.state(self.slot(position).0);
            let standing = if abandoned { Standing::Abandoned } else { Standing::Waiting };
            (self.at(position), standing)
        })
    }

    /// Everything this window still remembers, the answered ones included, oldest first: their
    /// PUBACKs may not have reached the broker.
    pub fn remembered(&self) -> impl Iterator<Item = &Arrival> {
        let capacity = u64::try_from(self.arrivals.len()).unwrap_or(u64::MAX);
        (self.tail.saturating_sub(capacity)..self.tail).map(|position| self.at(position))
    }

    fn head_state(&self) -> Option<SlotState> {
        (!self.is_empty()).then(|| self.state(self.head))
    }

    fn state(&self, position: u64) -> SlotState {
        match self.window.state(self.slot(position).0) {
            (0, false) => SlotState::Done,
            (0, true) => SlotState::Abandoned,
            (_, _) => SlotState::Open,
        }
    }

    fn pop(&mut self) -> Arrival {
        let mut arrival = *self.at(self.head);
        if self.window.is_spooled(self.slot(self.head).0) {
            arrival.settlement = Settlement::Spooled;
        }
        self.head += 1;
        self.bytes -= usize::try_from(arrival.bytes).unwrap_or(usize::MAX);
        self.at_least_once -= usize::from(arrival.qos == QoS::AtLeastOnce);
        arrival
    }

    fn slot(&self, position: u64) -> SlotIndex {
        SlotIndex(u32::try_from(position & self.mask).unwrap_or(u32::MAX))
    }

    fn at(&self, position: u64) -> &Arrival {
        self.arrivals.get(self.index(position)).unwrap_or(&VACANT)
    }

    fn index(&self, position: u64) -> usize {
        let index = match self.first {
            Some(first) => position.wrapping_sub(first),
            None => position & self.mask,
        };
        usize::try_from(index).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests;
