//! A ring of outstanding messages in receive order.

use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};

const WAITING: u8 = 0;
const DELIVERED: u8 = 1;

/// Numbers are running and never reset; a slot is its number modulo the capacity.
pub(crate) struct Slots {
    packet_ids: Box<[AtomicU16]>,
    states: Box<[AtomicU8]>,
    mask: usize,
}

impl Slots {
    /// One more than the window, so that a full ring is never an empty one.
    pub(crate) fn capacity(window: usize) -> usize {
        (window + 1).next_power_of_two()
    }

    pub(crate) fn new(window: usize) -> Self {
        let capacity = Self::capacity(window);
        Self {
            packet_ids: (0..capacity).map(|_| AtomicU16::new(0)).collect(),
            states: (0..capacity).map(|_| AtomicU8::new(WAITING)).collect(),
            mask: capacity - 1,
        }
    }

    /// Notes the packet id of message `number` and names its slot. Before the record is sent:
    /// librdkafka's own locks carry the write to the callback.
    pub(crate) fn open(&self, number: usize, packet_id: u16) -> usize {
        let slot = number & self.mask;
        if let Some(place) = self.packet_ids.get(slot) {
            place.store(packet_id, Ordering::Relaxed);
        }
        slot
    }

    /// Sequentially consistent, so that whoever marks and then looks whether the loop sleeps
    /// cannot miss a loop that announced its sleep and then looked at the marks.
    pub(crate) fn mark(&self, slot: usize) {
        if let Some(state) = self.states.get(slot) {
            state.store(DELIVERED, Ordering::SeqCst);
        }
    }

    /// Is message `number` delivered?
    pub(crate) fn is_marked(&self, number: usize) -> bool {
        let state = self.states.get(number & self.mask);
        state.is_some_and(|state| state.load(Ordering::SeqCst) == DELIVERED)
    }

    /// The packet id of message `number` when it is delivered; the slot is free again.
    pub(crate) fn close(&self, number: usize) -> Option<u16> {
        let slot = number & self.mask;
        let state = self.states.get(slot)?;
        if state.load(Ordering::SeqCst) != DELIVERED {
            return None;
        }
        state.store(WAITING, Ordering::Relaxed);
        Some(self.packet_ids.get(slot)?.load(Ordering::Relaxed))
    }
}
