//! What one connection owes its broker, as seen by whoever answers.

use std::sync::atomic::{AtomicU32, Ordering};

/// One life of a link's connection. Numbers only tell lives apart in reports to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

/// Set once a share of the slot was dropped without proof.
const ABANDONED: u32 = 1 << 31;
/// Set once a share of the slot was settled by the spool.
const SPOOLED: u32 = 1 << 30;
/// The rest of the word counts open shares.
const SHARES: u32 = SPOOLED - 1;

/// The open shares of every slot of one connection.
///
/// Marking is one atomic operation that compares nothing: a window is never reset while a
/// share of it lives, so there is no slot that could mean two messages at once.
#[derive(Debug)]
pub struct Window {
    epoch: Epoch,
    slots: Box<[AtomicU32]>,
    abandoned: AtomicU32,
}

impl Window {
    pub(super) fn new(epoch: Epoch, capacity: usize) -> Self {
        Self {
            epoch,
            slots: (0..capacity).map(|_| AtomicU32::new(0)).collect(),
            abandoned: AtomicU32::new(0),
        }
    }

    /// Which life this window belongs to.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Slots whose duty was dropped without proof; more than zero closes the connection.
    pub fn abandoned(&self) -> u32 {
        self.abandoned.load(Ordering::Acquire)
    }

    /// Opens the slot with one share: the pipeline's own.
    pub(super) fn open(&self, slot: u32) {
        let shares = 1;
        #[cfg(test)]
        let shares =
            if crate::plant::is_planted(crate::plant::Bug::NoPipelineShare) { 0 } else { shares };
        if let Some(word) = self.word(slot) {
            word.store(shares, Ordering::Release);
        }
    }

    pub(super) fn add_share(&self, slot: u32) {
        if let Some(word) = self.word(slot) {
            word.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(super) fn settle_share(&self, slot: u32) {
        if let Some(word) = self.word(slot) {
            let before = word.fetch_sub(1, Ordering::AcqRel);
            #[cfg(test)]
            let before = if crate::plant::is_planted(crate::plant::Bug::NoPipelineShare) {
                SHARES
            } else {
                before
            };
            debug_assert!(before & SHARES != 0, "a share was settled twice");
        }
    }

    /// Like [`Self::settle_share`], with a note that it was the spool's proof.
    pub(super) fn settle_share_in_spool(&self, slot: u32) {
        if let Some(word) = self.word(slot) {
            word.fetch_or(SPOOLED, Ordering::AcqRel);
        }
        self.settle_share(slot);
    }

    /// Was a share of the slot settled by the spool?
    pub(super) fn is_spooled(&self, slot: u32) -> bool {
        self.word(slot).is_some_and(|word| word.load(Ordering::Acquire) & SPOOLED != 0)
    }

    pub(super) fn abandon_share(&self, slot: u32) {
        if let Some(word) = self.word(slot) {
            // The mark goes in before the share goes out, so no reader sees "no shares, clean".
            let before = word.fetch_or(ABANDONED, Ordering::AcqRel);
            word.fetch_sub(1, Ordering::AcqRel);
            if before & ABANDONED == 0 {
                self.abandoned.fetch_add(1, Ordering::AcqRel);
            }
        }
    }

    /// `(open shares, abandoned)` of a slot.
    pub(super) fn state(&self, slot: u32) -> (u32, bool) {
        let word = self.word(slot).map_or(0, |word| word.load(Ordering::Acquire));
        (word & SHARES, word & ABANDONED != 0)
    }

    fn word(&self, slot: u32) -> Option<&AtomicU32> {
        usize::try_from(slot).ok().and_then(|slot| self.slots.get(slot))
    }
}
