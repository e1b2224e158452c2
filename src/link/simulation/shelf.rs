//! The link's part of the spool, on a disk of memory with bad days.

use std::collections::VecDeque;

use super::Chance;
use crate::{
    model::Lane,
    spool::{Body, Chunk, Orders, Recovered, Synced, Tiding, orders::HEADER_BYTES},
};

/// One lane's log.
#[derive(Debug, Default)]
struct Log {
    /// Frames with their numbers, safe.
    safe: Vec<(u64, Vec<u8>)>,
    /// Written or not, not safe.
    open: VecDeque<(u64, Vec<u8>)>,
    marks: Vec<u64>,
    next: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    logs: [Log; 3],
    tidings: Vec<Tiding>,
    reads: Vec<(Lane, u64)>,
    pub(super) full: bool,
    pub(super) appended: u64,
}

impl Shelf {
    pub(super) fn submit(&mut self, orders: &mut Orders) {
        for lane in Lane::ALL {
            let log = &mut self.logs[lane as usize];
            let asked = orders.lane_mut(lane);
            let mut rest = asked.frames.as_slice();
            for sequence in asked.first..asked.first + asked.count {
                let length = u32::from_le_bytes(rest[..4].try_into().expect("4")) as usize;
                let (frame, after) = rest.split_at(HEADER_BYTES + length);
                let mut frame = frame.to_vec();
                frame[4..12].copy_from_slice(&sequence.to_le_bytes());
                rest = after;
                assert!(sequence >= log.next, "numbers ascend");
                log.next = sequence + 1;
                log.open.push_back((sequence, frame));
                self.appended += 1;
            }
            asked.frames.clear();
            asked.count = 0;
            if let Some(marks) = asked.marks.take() {
                let low = *marks.iter().min().expect("a partition");
                log.safe.retain(|(sequence, _)| *sequence >= low);
                log.open.retain(|(sequence, _)| *sequence >= low);
                log.marks = marks;
            }
            if let Some(first) = asked.read.take() {
                self.reads.push((lane, first));
            }
        }
    }

    /// The spool's thread comes round.
    pub(super) fn progress(&mut self, chance: &mut Chance) {
        for (lane, first) in std::mem::take(&mut self.reads) {
            let log = &self.logs[lane as usize];
            let some = log.safe.iter().filter(|(sequence, _)| *sequence >= first);
            let some: Vec<_> = some.take(1 + chance.below(40)).collect();
            let open = log.open.front().map_or(log.next, |(sequence, _)| *sequence);
            let next = some.last().map_or(open, |(sequence, _)| sequence + 1);
            let frames = some.iter().flat_map(|(_, frame)| frame.iter().copied()).collect();
            self.tidings.push(Tiding::Read(Chunk { lane: Some(lane), first, next, frames }));
        }
        if self.full {
            return;
        }
        for lane in Lane::ALL {
            let log = &mut self.logs[lane as usize];
            if log.open.is_empty() || chance.one_in(8) {
                continue;
            }
            let count = 1 + chance.below(log.open.len());
            log.safe.extend(log.open.drain(..count));
            let below = log.safe.last().map_or(0, |(sequence, _)| sequence + 1);
            self.tidings.push(Tiding::Synced(Synced::new(lane, below)));
        }
    }

    pub(super) fn take(&mut self) -> Vec<Tiding> {
        std::mem::take(&mut self.tidings)
    }

    /// The process ends; what is not safe may be there or not, from the front.
    pub(super) fn crash(&mut self, chance: &mut Chance) {
        self.tidings.clear();
        self.reads.clear();
        for log in &mut self.logs {
            let kept = chance.below(log.open.len() + 1);
            log.safe.extend(log.open.drain(..kept));
            log.open.clear();
        }
    }

    pub(super) fn recover(&mut self, partitions: [usize; 3]) -> [Recovered; 3] {
        let mut partitions = partitions.into_iter();
        self.logs.each_mut().map(|log| {
            let count = partitions.next().expect("three");
            log.marks.resize(count, 0);
            let low = log.marks.iter().copied().min().unwrap_or(0);
            let is_empty = log.safe.iter().all(|(sequence, _)| *sequence < low);
            Recovered { marks: log.marks.clone(), next: log.next, is_empty }
        })
    }

    /// Values of the records that are safe, by lane.
    pub(super) fn values(&self) -> impl Iterator<Item = (Lane, &[u8])> {
        Lane::ALL.into_iter().zip(&self.logs).flat_map(|(lane, log)| {
            log.safe.iter().map(move |(_, frame)| {
                (lane, Body::parse(&frame[HEADER_BYTES..]).expect("our own").value)
            })
        })
    }

    /// Everything delivered?
    pub(super) fn is_empty(&self) -> bool {
        self.logs.iter().all(|log| {
            let low = log.marks.iter().copied().min().unwrap_or(0);
            log.open.is_empty() && log.safe.iter().all(|(sequence, _)| *sequence < low)
        })
    }
}
