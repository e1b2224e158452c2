//! The link's part of the spool: the real keeper, on a disk of memory with bad days.

use std::collections::BTreeMap;

use super::{Chance, log::Numbers};
use crate::{
    model::{Lane, LinkName, Moment, Mono},
    spool::{
        Body, Limits, Orders, Recovered, Tiding, disk::simulated::SimulatedDisk, keeper::Keeper,
        orders::HEADER_BYTES,
    },
};

const ROOT: &str = "/spool";
const PARTITIONS: [i32; 3] = [2, 2, 1];
const LIMITS: Limits = Limits { max_bytes: 1 << 20, keep_free: 0 };

/// See the module.
#[derive(Debug)]
pub(super) struct Shelf {
    disk: SimulatedDisk,
    keeper: Keeper<SimulatedDisk>,
    tidings: Vec<Tiding>,
    /// What was appended and is not delivered, and by lane below which number it is safe.
    contents: [BTreeMap<u64, Numbers>; 3],
    safe: [u64; 3],
    pub(super) appended: u64,
}

/// What the disk is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    Fair,
    Full,
    Failing,
}

fn open(disk: &SimulatedDisk) -> (Keeper<SimulatedDisk>, [Recovered; 3]) {
    let links: [LinkName; 1] = ["sim".into()];
    let still = || Mono(0);
    let opened = Keeper::open(disk.clone(), ROOT.into(), LIMITS, &links, PARTITIONS, still);
    let (keeper, mut recovered) = opened.expect("the disk can be opened");
    (keeper, recovered.remove(0))
}

impl Shelf {
    pub(super) fn new(seed: u64) -> (Self, [Recovered; 3]) {
        let disk = SimulatedDisk::new(seed);
        let (keeper, recovered) = open(&disk);
        let shelf = Self {
            disk,
            keeper,
            tidings: Vec::new(),
            contents: Default::default(),
            safe: [0; 3],
            appended: 0,
        };
        (shelf, recovered)
    }

    pub(super) fn submit(&mut self, orders: &mut Orders, now: Moment) {
        for lane in Lane::ALL {
            let asked = orders.lane_mut(lane);
            let contents = &mut self.contents[lane as usize];
            let mut rest = asked.frames.as_slice();
            for sequence in asked.first..asked.first + asked.count {
                let length = u32::from_le_bytes(rest[4..8].try_into().expect("4")) as usize;
                let (frame, after) = rest.split_at(HEADER_BYTES + length);
                rest = after;
                let body = Body::parse(&frame[HEADER_BYTES..]).expect("our own");
                contents.insert(sequence, Numbers::of(lane, body.value));
                self.appended += 1;
            }
            if let Some(low) = asked.marks.iter().flatten().min() {
                *contents = contents.split_off(low);
            }
        }
        self.keeper.accept(0, orders, now);
    }

    /// The spool's thread comes round.
    pub(super) fn progress(&mut self, chance: &mut Chance, now: Moment) {
        let tidings = &mut self.tidings;
        for _ in 0..=chance.below(4) {
            self.keeper.step(now, &mut |_, tiding| tidings.push(tiding));
        }
    }

    pub(super) fn take(&mut self) -> Vec<Tiding> {
        for tiding in &self.tidings {
            if let Tiding::Synced(synced) = tiding {
                self.safe[synced.lane() as usize] = synced.below();
            }
        }
        std::mem::take(&mut self.tidings)
    }

    pub(super) fn set(&mut self, weather: Weather) {
        self.disk.heal();
        self.disk.set_capacity(usize::MAX);
        match weather {
            Weather::Fair => {}
            Weather::Full => self.disk.set_capacity(self.disk.used() + 700),
            Weather::Failing => self.disk.fail_often(20),
        }
    }

    /// The process ends, perhaps with the power; another one opens what is there.
    pub(super) fn crash(&mut self, chance: &mut Chance) -> [Recovered; 3] {
        if chance.one_in(2) {
            self.disk.crash();
        } else {
            self.disk.kill();
        }
        self.tidings.clear();
        self.set(Weather::Fair);
        let (keeper, recovered) = open(&self.disk);
        self.keeper = keeper;
        for (contents, recovered) in self.contents.iter_mut().zip(&recovered) {
            // Numbers of what was lost may be given again.
            contents.split_off(&recovered.next);
        }
        recovered
    }

    /// Is a message safe here?
    pub(super) fn has(&self, wanted: impl Fn(&Numbers) -> bool) -> bool {
        self.safe().any(wanted)
    }

    /// What is safe here.
    pub(super) fn safe(&self) -> impl Iterator<Item = &Numbers> {
        let lanes = self.contents.iter().zip(self.safe);
        lanes.flat_map(|(contents, safe)| contents.range(..safe).map(|(_, numbers)| numbers))
    }

    /// Everything delivered?
    pub(super) fn is_empty(&self) -> bool {
        let figures = self.keeper.board().read();
        figures.logs.iter().all(|log| log.waiting == 0 && log.withheld == 0)
    }
}
