//! The duty to answer for a message.

use std::sync::Arc;

use super::{
    outstanding::SlotIndex,
    receipt::Receipt,
    window::{Epoch, Window},
};

/// Why a message may be answered without being stored: configured policy, or nothing in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscardReason {
    /// A known message of its format that holds no measurement.
    NonReading,
    /// The registry's policy for unknown devices says so.
    UnknownDevice,
    /// Its home does not consent to any of it.
    NoConsent,
    /// All of it repeats what is confirmed, or what no later message can be acknowledged before.
    Repeat,
}

/// Where a message stands in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which connection it came over.
    pub epoch: Epoch,
    /// Messages of that connection before it.
    pub position: u64,
    /// How many of those were done when it came: the first ones, without a gap.
    pub settled: u64,
}

/// The pipeline's own share of one message.
///
/// Split for every part that is handed on, then [`hand_on`](Self::hand_on); or
/// [`discard`](Self::discard) by policy. Dropped, it abandons the message.
#[must_use = "a dropped token makes the broker send the message again"]
#[derive(Debug)]
pub struct AckToken<'w> {
    window: &'w Arc<Window>,
    slot: SlotIndex,
    place: Place,
    parts: u32,
    answered: Answered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Yes,
    No,
}

impl<'w> AckToken<'w> {
    pub(super) fn new(window: &'w Arc<Window>, slot: SlotIndex, place: Place) -> Self {
        Self { window, slot, place, parts: 0, answered: Answered::No }
    }

    /// Where the message stands.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Gives one more part of the message to the record that `shares` belongs to.
    pub fn split(&mut self, shares: &mut Shares) {
        shares.add(self.window, self.slot);
        self.parts += 1;
    }

    /// Every part has been handed on: gives up the pipeline's own share. A message without a
    /// single part was forgotten somewhere, so it counts as abandoned.
    pub fn hand_on(mut self) {
        if self.parts > 0 {
            self.answer();
        }
    }

    /// Answers without storing anything: a door of its own, for policy. The caller counts it under
    /// its reason. [`Shares::discard`] is the other one.
    pub fn discard(mut self, _reason: DiscardReason) {
        self.answer();
    }

    fn answer(&mut self) {
        self.window.settle_share(self.slot.0);
        self.answered = Answered::Yes;
    }
}

impl Drop for AckToken<'_> {
    fn drop(&mut self) {
        if self.answered == Answered::No {
            self.window.abandon_share(self.slot.0);
        }
    }
}

/// The shares a record carries: parts of messages, all of one connection.
///
/// Reused between records; settling keeps the memory. Dropped with shares inside, it abandons
/// every one of them.
#[must_use = "dropped shares make the broker send their messages again"]
#[derive(Debug, Default)]
pub struct Shares {
    window: Option<Arc<Window>>,
    slots: Vec<SlotIndex>,
    /// The last of `slots`, if there is one: those lie elsewhere in memory, and of hundreds of open
    /// records few are in the cache.
    newest: Option<SlotIndex>,
}

impl Shares {
    /// No share inside?
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many shares are inside.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The window the shares were born in.
    pub fn window(&self) -> Option<&Arc<Window>> {
        self.window.as_ref()
    }

    /// The slots the shares stand for.
    pub fn slots(&self) -> &[SlotIndex] {
        &self.slots
    }

    /// Answers for every share: the record is stored.
    pub fn settle(&mut self, proof: Receipt) {
        proof.spend();
        self.answer(Window::settle_share);
    }

    /// Answers for every share: the record is safe on disk, and not in Kafka yet.
    pub fn settle_in_spool(&mut self, proof: Receipt) {
        proof.spend();
        self.answer(Window::settle_share_in_spool);
    }

    /// Answers for every share without proof: the record is not to be stored, by policy. The other
    /// door beside [`AckToken::discard`]; the caller counts it under its reason.
    pub fn discard(&mut self, _reason: DiscardReason) {
        self.answer(Window::settle_share);
    }

    /// Gives up without proof, on purpose: every message inside comes again.
    pub fn abandon(&mut self) {
        self.answer(Window::abandon_share);
    }

    fn answer(&mut self, how: impl Fn(&Window, u32)) {
        self.newest = None;
        if let Some(window) = self.window.take() {
            for slot in self.slots.drain(..) {
                how(&window, slot.0);
            }
        }
    }

    fn add(&mut self, window: &Arc<Window>, slot: SlotIndex) {
        match &self.window {
            None => self.window = Some(Arc::clone(window)),
            // Records are closed when their connection ends, so this is a bug of ours; failing
            // closed costs a redelivery.
            Some(own) if !Arc::ptr_eq(own, window) => {
                debug_assert!(false, "shares of two connections in one record");
                window.add_share(slot.0);
                window.abandon_share(slot.0);
                return;
            }
            Some(_) => {}
        }
        // A message may enter the same record several times; one share is enough.
        if self.newest != Some(slot) {
            window.add_share(slot.0);
            #[cfg(test)]
            if slot.0 % 16 == 5 && crate::plant::is_planted(crate::plant::Bug::LostToken) {
                return;
            }
            self.slots.push(slot);
            self.newest = Some(slot);
        }
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        self.abandon();
    }
}
