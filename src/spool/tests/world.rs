//! A keeper on a disk in memory, beside a naive model of what it must keep.

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    model::{Lane, LinkName, Moment, Mono, UnixMicros},
    record::Record,
    spool::{
        Body, Limits, Orders, Recovered, Tiding,
        cursor::Cursor,
        damage::Damage,
        disk::simulated::{Call, SimulatedDisk},
        figures::LogState,
        keeper::{Keeper, News},
        reader::GivenUp,
        recovery,
    },
};

pub(super) const PARTITIONS: usize = 3;
const LANES: [Lane; 3] = Lane::ALL;

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// A link orders so many records of so many bytes.
    Append { lane: usize, count: u8, bytes: u16 },
    /// The keeper works, so many milliseconds later.
    Turn { millis: u16 },
    /// A partition is delivered so far: a share of what was ordered, in 1/255.
    Deliver { lane: usize, partition: usize, share: u8 },
    /// Somebody reads from a share of the log.
    Read { lane: usize, share: u8 },
    /// A call fails, so often.
    Fail { call: Option<Call>, after: u8, times: u8, is_full: bool },
    /// So many of a hundred calls fail.
    FailOften { percent: u8 },
    /// Every fault is gone.
    Heal,
    /// So much room is left on the disk.
    Room { kilobytes: u8 },
    /// The process is killed and started.
    Kill,
    /// It is stopped in an orderly manner and started.
    Restart,
    /// The power goes and comes.
    Crash,
}

/// One log of the model.
#[derive(Debug, Default)]
struct Naive {
    /// Everything ordered and not known to be lost.
    records: BTreeMap<u64, (usize, Vec<u8>)>,
    next: u64,
    /// All below were said to be safe.
    safe: u64,
    /// All below may be read.
    readable: u64,
    /// Nobody was told that they are safe, and they were not found after a start. A power cut may bring
    /// them back: the name of the file that took their file's place was not on the medium.
    ghosts: Vec<(u64, (usize, Vec<u8>))>,
    /// But for those a lying disk was the only one to have.
    excused: Vec<Range<u64>>,
    marks: [u64; PARTITIONS],
}

impl Naive {
    fn low(&self) -> u64 {
        self.marks.into_iter().min().expect("partitions")
    }

    /// Has to be readable?
    fn is_owed(&self, sequence: u64, partition: usize) -> bool {
        let is_excused = self.excused.iter().any(|range| range.contains(&sequence));
        sequence < self.safe && sequence >= self.marks[partition] && !is_excused
    }
}

/// Both.
pub(super) struct World {
    pub(super) disk: SimulatedDisk,
    keeper: Keeper<SimulatedDisk>,
    logs: [Naive; 3],
    orders: Orders,
    now: Moment,
    number: u64,
    limits: Limits,
    /// Chunks that came.
    pub(super) reads: u32,
}

type Verdict<T = ()> = Result<T, String>;

fn link() -> LinkName {
    "home".into()
}

fn folder(lane: Lane) -> PathBuf {
    let name = crate::spool::keeper::folder_of(lane);
    Path::new("/spool/home").join(name)
}

fn no_clock() -> Mono {
    Mono(0)
}

fn open(
    disk: &SimulatedDisk,
    limits: Limits,
) -> Verdict<(Keeper<SimulatedDisk>, Vec<[Recovered; 3]>)> {
    let partitions = [3; 3];
    let root = PathBuf::from("/spool");
    Keeper::open(disk.clone(), root, limits, &[link()], partitions, no_clock)
        .map_err(|error| format!("does not open: {error}"))
}

impl World {
    /// A spool whose sequence numbers begin at `base`.
    pub(super) fn new(seed: u64, base: u64, max_bytes: u64) -> Self {
        let disk = SimulatedDisk::new(seed);
        let limits = Limits { max_bytes, keep_free: 0 };
        for lane in LANES.iter().filter(|_| base > 0) {
            let marks = vec![base; PARTITIONS];
            let cursor = Cursor { log: 7, turn: 1, proven: base, marks };
            disk.put(&folder(*lane).join("cursor-a"), &cursor.write());
        }
        let (keeper, _) = open(&disk, limits).expect("opens");
        let naive = || Naive {
            next: base,
            safe: base,
            readable: base,
            marks: [base; 3],
            ..Naive::default()
        };
        let logs = [naive(), naive(), naive()];
        let now = Moment { mono: Mono(1), wall: UnixMicros(1_790_000_000_000_000) };
        Self { disk, keeper, logs, orders: Orders::default(), now, number: 0, limits, reads: 0 }
    }

    pub(super) fn run(&mut self, ops: &[Op]) -> Verdict {
        for (step, op) in ops.iter().enumerate() {
            self.apply(op).map_err(|wrong| format!("step {step}, {op:?}: {wrong}"))?;
        }
        self.come_to_rest()
    }

    /// Without coming to rest.
    pub(super) fn run_only(&mut self, ops: &[Op]) {
        for op in ops {
            self.apply(op).unwrap_or_else(|wrong| panic!("{op:?}: {wrong}"));
        }
    }

    pub(super) fn apply(&mut self, op: &Op) -> Verdict {
        match *op {
            Op::Append { lane, count, bytes } => self.append(lane, count, bytes),
            Op::Turn { millis } => return self.turn(Duration::from_millis(millis.into())),
            Op::Deliver { lane, partition, share } => {
                let log = &mut self.logs[lane];
                let mark = share_of(log.low(), log.next, share);
                log.marks[partition] = log.marks[partition].max(mark);
                let marks = log.marks.to_vec();
                self.orders.lane_mut(LANES[lane]).marks = Some(marks);
                self.submit();
            }
            Op::Read { lane, share } => {
                let log = &self.logs[lane];
                let from = share_of(log.low(), log.readable.max(log.low()), share);
                self.orders.lane_mut(LANES[lane]).read = Some(from);
                self.submit();
            }
            Op::Fail { call, after, times, is_full } => {
                let kind = if is_full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
                self.disk.fail(call, after.into(), times.into(), kind);
            }
            Op::FailOften { percent } => self.disk.fail_often(percent.into()),
            Op::Heal => self.disk.heal(),
            Op::Room { kilobytes } => {
                let used = self.disk.used();
                self.disk.set_capacity(used + usize::from(kilobytes) * 1024);
            }
            Op::Kill => {
                self.disk.kill();
                return self.reopen();
            }
            Op::Restart => {
                self.turn(Duration::from_millis(1))?;
                self.keeper.close();
                self.disk.kill();
                return self.reopen();
            }
            Op::Crash => {
                self.disk.crash();
                return self.reopen();
            }
        }
        Ok(())
    }

    fn append(&mut self, lane: usize, count: u8, bytes: u16) {
        let log = &mut self.logs[lane];
        for _ in 0..count {
            self.number += 1;
            let partition = usize::try_from(self.number).expect("small") % PARTITIONS;
            let (key, value) = (b"home".to_vec(), vec![0; 8 + usize::from(bytes)]);
            let mut record = Record { key, value, ..Record::default() };
            record.value[..8].copy_from_slice(&self.number.to_le_bytes());
            record.to.partition = i32::try_from(partition).expect("small");
            record.timestamp = self.now.wall;
            self.orders.lane_mut(LANES[lane]).append(log.next, &record);
            log.records.insert(log.next, (partition, record.value));
            log.next += 1;
        }
        self.submit();
    }

    fn submit(&mut self) {
        self.keeper.accept(0, &mut self.orders, self.now);
    }

    fn turn(&mut self, time: Duration) -> Verdict {
        self.now.mono = self.now.mono + time;
        self.now.wall.0 += i64::try_from(time.as_micros()).expect("short");
        let mut tidings = Vec::new();
        let disk = self.disk.clone();
        self.keeper.turn(self.now, &mut |_, tiding| {
            // As the medium was when it was told.
            tidings.push((tiding, disk.worst()));
        });
        for (tiding, worst) in tidings {
            match tiding {
                Tiding::Synced(synced) => self.synced(synced.lane(), synced.below(), &worst)?,
                Tiding::Read(chunk) => {
                    self.reads += 1;
                    let lane = chunk.lane.ok_or("a chunk without a lane")? as usize;
                    self.check_read(lane, chunk.first, chunk.next, chunk.records().collect())?;
                }
            }
        }
        self.check_news()?;
        self.check_figures()
    }

    fn check_news(&mut self) -> Verdict {
        for news in self.keeper.take_news() {
            match &news {
                News::Damaged(place, damage) if self.is_excused(place.lane, damage) => {}
                News::Damaged(..) | News::Unreadable(_) => {
                    return Err(format!("damage that is none: {news:?}"));
                }
                News::Torn(..) | News::CursorDamaged(_) | News::State(..) => {}
            }
        }
        Ok(())
    }

    /// What is said to be safe survives the worst.
    fn synced(&mut self, lane: Lane, below: u64, worst: &SimulatedDisk) -> Verdict {
        let log = &mut self.logs[lane as usize];
        if below > log.next || below < log.safe {
            return Err(format!("safe below {below}, of {}..{}", log.safe, log.next));
        }
        log.safe = below;
        log.readable = below;
        let found = self.everything(worst, lane)?;
        self.check_owed(lane as usize, &found, &format!("after a receipt below {below}"))
    }

    /// A disk that said no to a sync may have forgotten what can still be read: if that is all that
    /// is left of a group when the process ends, nobody can tell it from damage.
    fn is_excused(&self, lane: Lane, damage: &Damage) -> bool {
        let log = &self.logs[lane as usize];
        let is_within = |range: &Range<u64>| damage.from >= range.start && damage.to <= range.end;
        // A carrier of sequence numbers is not synced on its own.
        damage.records() == 0
            || log.excused.iter().any(is_within)
            || self.disk.has_lied() && damage.from >= log.safe
    }

    /// Every record of a log, as a new process would find it.
    fn everything(&self, disk: &SimulatedDisk, lane: Lane) -> Verdict<BTreeMap<u64, Vec<u8>>> {
        let disk = disk.copy();
        let opened = recovery::open(&disk, &folder(lane), PARTITIONS, 1);
        let mut log = opened.map_err(|error| format!("does not open: {error}"))?.log;
        let mut found = BTreeMap::new();
        let mut from = log.segments.first().map_or(0, |segment| segment.header.first);
        loop {
            let stretch = log
                .read(&disk, from, 64 * 1024, GivenUp::Missing)
                .map_err(|error| error.to_string())?;
            if let Some(damage) =
                stretch.damage.iter().find(|damage| !self.is_excused(lane, damage))
            {
                return Err(format!("damage that is none: {damage:?}"));
            }
            let chunk = crate::spool::Chunk { frames: stretch.frames, ..Default::default() };
            for (sequence, body) in chunk.records() {
                found.insert(sequence, body.value.to_vec());
            }
            if stretch.next <= from {
                return Ok(found);
            }
            from = stretch.next;
        }
    }

    fn check_owed(&self, lane: usize, found: &BTreeMap<u64, Vec<u8>>, when: &str) -> Verdict {
        let log = &self.logs[lane];
        for (sequence, (partition, value)) in &log.records {
            match found.get(sequence) {
                Some(bytes) if bytes != value => {
                    return Err(format!("{when}: {sequence} holds other bytes"));
                }
                None if log.is_owed(*sequence, *partition) => {
                    return Err(format!("{when}: {sequence} is lost"));
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    fn check_read(
        &self,
        lane: usize,
        first: u64,
        next: u64,
        records: Vec<(u64, Body<'_>)>,
    ) -> Verdict {
        let log = &self.logs[lane];
        let mut expected = first;
        let owed = |from: u64, to: u64| {
            let between = log.records.range(from..to);
            between
                .into_iter()
                .find(|(sequence, (partition, _))| log.is_owed(**sequence, *partition))
        };
        for (sequence, body) in records {
            if sequence < expected || sequence >= next {
                return Err(format!("read {sequence} of {expected}..{next}"));
            }
            if let Some((missing, _)) = owed(expected, sequence) {
                return Err(format!("{missing} was not read"));
            }
            let known = log.records.get(&sequence).map(|(_, value)| value.as_slice());
            if known.is_some_and(|known| known != body.value) {
                return Err(format!("{sequence} was read wrong"));
            }
            expected = sequence + 1;
        }
        if let Some((missing, _)) = owed(expected, next.max(expected)) {
            return Err(format!("{missing} was not read at the end"));
        }
        if next == first && first < log.readable {
            return Err(format!("no progress at {first}"));
        }
        Ok(())
    }

    fn check_figures(&self) -> Verdict {
        let figures = self.keeper.board().read();
        for (log, naive) in figures.logs.iter().zip(&self.logs) {
            let books = log.recovered + log.appended + log.discarded;
            if log.waiting + log.damaged > books {
                return Err(format!("books: {log:?}"));
            }
            if log.low != naive.low() {
                return Err(format!("low is {}, and should be {}", log.low, naive.low()));
            }
        }
        Ok(())
    }

    fn reopen(&mut self) -> Verdict {
        self.orders = Orders::default();
        let found: Vec<_> =
            LANES.iter().map(|lane| self.everything(&self.disk, *lane)).collect::<Verdict<_>>()?;
        let (keeper, recovered) = open(&self.disk, self.limits)?;
        self.keeper = keeper;
        for (lane, (found, recovered)) in found.iter().zip(&recovered[0]).enumerate() {
            self.check_owed(lane, found, "after a start")?;
            let log = &mut self.logs[lane];
            if let Some((_, mark)) =
                recovered.marks.iter().zip(&log.marks).find(|(found, known)| found > known)
            {
                return Err(format!("the cursor is beyond {mark}: {:?}", recovered.marks));
            }
            let highest = recovered.marks.iter().copied().chain([log.safe]).max();
            if highest.is_some_and(|highest| recovered.next < highest) {
                return Err(format!("sequence numbers restart at {}", recovered.next));
            }
            let gone = log.records.extract_if(.., |sequence, _| !found.contains_key(sequence));
            log.ghosts.extend(gone);
            for (sequence, value) in found.range(log.low()..) {
                if log.records.contains_key(sequence) {
                    continue;
                }
                match log
                    .ghosts
                    .iter()
                    .find(|(number, (_, bytes))| number == sequence && bytes == value)
                {
                    Some((_, ghost)) => drop(log.records.insert(*sequence, ghost.clone())),
                    None => return Err(format!("{sequence} was never written in this place")),
                }
            }
            log.marks.copy_from_slice(&recovered.marks);
            log.next = recovered.next;
            log.readable = recovered.next;
            // Read back and synced, it is as good as what was safe before: unless the disk has lied.
            if self.disk.has_lied() {
                log.excused.push(log.safe..recovered.next);
            } else {
                let end = found.keys().next_back().map_or(0, |last| last + 1);
                log.safe = log.safe.max(end);
            }
        }
        self.check_news()
    }

    /// Faults stop, and everything ordered reaches the medium; then everything is delivered, and the
    /// disk is empty again but for one small segment a log.
    fn come_to_rest(&mut self) -> Verdict {
        self.disk.heal();
        self.disk.set_capacity(usize::MAX);
        for _ in 0..3 {
            self.turn(Duration::from_secs(6))?;
        }
        let figures = self.keeper.board().read();
        let is_within = figures.logs.iter().all(|log| log.state != LogState::Full);
        for lane in (0..3).filter(|_| is_within) {
            let log = &self.logs[lane];
            let undelivered = log.records.range(log.low()..).next_back();
            if let Some((last, _)) = undelivered
                && *last >= log.readable
            {
                return Err(format!("{last} of lane {lane} never became safe"));
            }
        }
        for (log, lane) in self.logs.iter_mut().zip(LANES) {
            log.marks = [log.next; PARTITIONS];
            let marks = log.marks.to_vec();
            self.orders.lane_mut(lane).marks = Some(marks);
        }
        self.submit();
        for _ in 0..3 {
            self.turn(Duration::from_secs(2))?;
        }
        for log in self.keeper.board().read().logs {
            if log.withheld > 0 || log.waiting > 0 || log.segments > 1 || log.bytes > 80_000 {
                return Err(format!("does not come to rest: {log:?}"));
            }
        }
        Ok(())
    }
}

fn share_of(from: u64, to: u64, share: u8) -> u64 {
    from + (to - from) * u64::from(share) / 255
}
