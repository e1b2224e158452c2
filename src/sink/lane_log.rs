//! One lane's log as its link sees it: what is on its way to the disk, and what comes back from it.

use std::collections::{BTreeMap, VecDeque};

use super::{
    backlog::Habit,
    tail::{Route, Tail},
};
use crate::{
    model::Mono,
    record::Record,
    spool::{Chunk, Recovered},
};

/// One log.
#[derive(Debug)]
pub(super) struct LaneLog {
    /// The next sequence number.
    pub(super) next: u64,
    /// Everything below needs no proof any more.
    pub(super) synced: u64,
    /// From `synced` on, in order.
    pub(super) pending: VecDeque<Pending>,
    pub(super) tails: Vec<Tail>,
    /// A stretch that was asked for and has not come.
    pub(super) reading: Option<u64>,
    /// The last stretch that came.
    pub(super) chunk: Chunk,
    pub(super) told: Vec<u64>,
    /// The partition that was read for last.
    turn: usize,
}

/// A record whose frame is on its way to the disk.
#[derive(Debug)]
pub(super) enum Pending {
    /// Not handed over yet.
    Waiting(Record),
    /// Handed over: it is in the table, unless it was reported already.
    Handed {
        /// Place in the table.
        index: u32,
        bytes: usize,
    },
}

impl Pending {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Waiting(record) => record.bytes(),
            Self::Handed { bytes, .. } => *bytes,
        }
    }
}

impl LaneLog {
    pub(super) fn new(
        recovered: &Recovered,
        partitions: usize,
        habit: Habit,
        credit_bytes: usize,
    ) -> Self {
        let tails = (0..partitions).map(|partition| {
            let start = if recovered.is_empty {
                recovered.next
            } else {
                recovered.marks.get(partition).copied().unwrap_or(0)
            };
            let route = match habit {
                Habit::After(_) if start >= recovered.next => Route::Direct,
                Habit::After(_) | Habit::Always => Route::Logged,
            };
            #[cfg(test)]
            let route = if crate::plant::is_planted(crate::plant::Bug::DirectBeforeReplay) {
                Route::Direct
            } else {
                route
            };
            Tail {
                route,
                next: start,
                end: recovered.next,
                outstanding: BTreeMap::new(),
                outstanding_bytes: 0,
                credit_bytes,
                calm_since: Mono::default(),
                oldest: None,
                stopped: false,
            }
        });
        Self {
            next: recovered.next,
            synced: recovered.next,
            pending: VecDeque::new(),
            tails: tails.collect(),
            reading: None,
            chunk: Chunk::default(),
            told: Vec::new(),
            turn: 0,
        }
    }

    /// Which of today's partitions a logged record belongs to. A topic made anew with fewer keeps
    /// its records, though not their neighbours.
    pub(super) fn tail_of(&mut self, partition: i32) -> Option<(i32, &mut Tail)> {
        let count = i32::try_from(self.tails.len()).ok().filter(|count| *count > 0)?;
        let partition = partition.rem_euclid(count);
        let tail = self.tails.get_mut(usize::try_from(partition).ok()?)?;
        Some((partition, tail))
    }

    /// Is there a record in memory that is not handed over?
    pub(super) fn has_waiting(&self) -> bool {
        self.pending.iter().any(|pending| matches!(pending, Pending::Waiting(_)))
    }

    /// Would some partition take records that are in memory?
    pub(super) fn wants_pending(&self) -> bool {
        self.tails.iter().any(|tail| tail.wants() && tail.next >= self.synced)
    }

    /// Would some partition take records of the stretch in memory?
    pub(super) fn wants_chunk(&self) -> bool {
        let chunk = self.chunk.first..self.chunk.next;
        self.tails.iter().any(|tail| tail.wants() && chunk.contains(&tail.next))
    }

    /// Where to read next. Partitions take turns: one that is far behind must not keep the others
    /// waiting.
    pub(super) fn wants_read(&mut self) -> Option<u64> {
        let count = self.tails.len();
        let turn = (1..=count).map(|ahead| (self.turn + ahead) % count).find(|index| {
            let tail = self.tails.get(*index);
            tail.is_some_and(|tail| tail.wants() && tail.next < self.synced)
        })?;
        self.turn = turn;
        self.tails.get(turn).map(|tail| tail.next)
    }

    pub(super) fn marks(&self) -> Vec<u64> {
        self.tails.iter().map(|tail| tail.mark(self.next)).collect()
    }
}
