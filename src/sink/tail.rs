//! One partition's end of the log: what waits, and what is out.

use std::collections::BTreeMap;

use crate::model::Mono;

/// Records of one partition that came from the log and are with Kafka. What a crash finds there
/// comes twice, so this bounds the repeats.
const CREDITS: usize = 256;

/// How records of a partition go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Direct,
    Logged,
}

/// One partition's end of the log.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) route: Route,
    /// Everything of the partition below was handed over.
    pub(super) next: u64,
    /// Everything from here on was handed over, too: in between wait the others.
    pub(super) end: u64,
    /// Handed over and not delivered, with their bytes.
    pub(super) outstanding: BTreeMap<u64, usize>,
    pub(super) outstanding_bytes: usize,
    /// Its part of what the link may have out of its logs.
    pub(super) credit_bytes: usize,
    /// Since when reports have been quick.
    pub(super) calm_since: Mono,
    /// Oldest record in the table, at the last look.
    pub(super) oldest: Option<Mono>,
    /// Out of credits in the pass under way.
    pub(super) stopped: bool,
}

impl Tail {
    /// Does nothing wait?
    pub(super) fn is_caught_up(&self) -> bool {
        self.next >= self.end
    }

    /// One record may always be out, however large it is.
    pub(super) fn has_credit(&self) -> bool {
        self.outstanding.is_empty()
            || self.outstanding.len() < CREDITS && self.outstanding_bytes < self.credit_bytes
    }

    /// Would it take some? In larger helpings, so that a stretch is not gone through for each.
    pub(super) fn wants(&self) -> bool {
        !self.is_caught_up()
            && (self.outstanding.is_empty()
                || self.outstanding.len() <= CREDITS / 2
                    && self.outstanding_bytes <= self.credit_bytes / 2)
    }

    /// A record of the log is handed over.
    pub(super) fn hand(&mut self, sequence: u64, bytes: usize) {
        self.outstanding.insert(sequence, bytes);
        self.outstanding_bytes += bytes;
    }

    /// It is delivered, or its dead letter is safe.
    pub(super) fn done(&mut self, sequence: u64) {
        self.outstanding_bytes -= self.outstanding.remove(&sequence).unwrap_or(0);
    }

    pub(super) fn mark(&self, next: u64) -> u64 {
        let waiting = if self.is_caught_up() { next } else { self.next };
        self.outstanding.first_key_value().map_or(waiting, |(first, _)| waiting.min(*first))
    }
}
