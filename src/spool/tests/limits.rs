//! Who may write when there is little room, and what a broken disk costs the others.

use std::{io, path::PathBuf, sync::Arc};

use crate::{
    model::{Lane, Moment, Mono},
    record::Record,
    spool::{
        Chunk, Limits, Orders, Tiding,
        disk::simulated::{Call, SimulatedDisk},
        figures::{LogFigures, LogState},
        keeper::{Keeper, Next},
    },
};

pub(super) struct Bench {
    pub(super) disk: SimulatedDisk,
    pub(super) keeper: Keeper<SimulatedDisk>,
    next: [u64; 3],
    now: u64,
    heard: Vec<(Lane, u64)>,
    pub(super) chunks: Vec<Chunk>,
}

impl Bench {
    pub(super) fn new(max_bytes: u64) -> Self {
        let disk = SimulatedDisk::new(1);
        let limits = Limits { max_bytes, keep_free: 0 };
        let links = [Arc::from("home")];
        let root = PathBuf::from("/spool");
        let opened = Keeper::open(disk.clone(), root, limits, &links, [1; 3], || Mono(0));
        let keeper = opened.expect("opens").0;
        Self { disk, keeper, next: [0; 3], now: 1, heard: Vec::new(), chunks: Vec::new() }
    }

    fn moment(&self) -> Moment {
        Moment { mono: Mono(self.now), ..Moment::default() }
    }

    pub(super) fn order(&mut self, lane: Lane, count: u64, bytes: usize) {
        let mut orders = Orders::default();
        for _ in 0..count {
            let record = Record { value: vec![1; bytes], ..Record::default() };
            orders.lane_mut(lane).append(self.next[lane as usize], &record);
            self.next[lane as usize] += 1;
        }
        self.keeper.accept(0, &mut orders, self.moment());
    }

    pub(super) fn deliver(&mut self, lane: Lane, below: u64) {
        let mut orders = Orders::default();
        orders.lane_mut(lane).marks = Some(vec![below]);
        self.keeper.accept(0, &mut orders, self.moment());
    }

    pub(super) fn read(&mut self, lane: Lane, from: u64) {
        let mut orders = Orders::default();
        orders.lane_mut(lane).read = Some(from);
        self.keeper.accept(0, &mut orders, self.moment());
    }

    fn step(&mut self) -> bool {
        let (moment, heard, chunks) = (self.moment(), &mut self.heard, &mut self.chunks);
        let next = self.keeper.step(moment, &mut |_, tiding| match tiding {
            Tiding::Synced(synced) => heard.push((synced.lane(), synced.below())),
            Tiding::Read(chunk) => chunks.push(chunk),
        });
        next == Next::More
    }

    pub(super) fn turn(&mut self, millis: u64) {
        self.now += millis * 1_000;
        while self.step() {}
    }

    pub(super) fn figures(&self, lane: Lane) -> LogFigures {
        self.keeper.board().read().logs[lane as usize].clone()
    }
}

#[test]
fn a_group_costs_one_sync_and_alerts_come_first() {
    let mut bench = Bench::new(1 << 30);
    for lane in [Lane::DeadLetters, Lane::Readings, Lane::Alerts] {
        bench.order(lane, 1, 100);
    }
    bench.turn(1);
    let lanes: Vec<_> = bench.heard.iter().map(|(lane, _)| *lane).collect();
    assert_eq!(lanes[0], Lane::Alerts);
    bench.heard.clear();
    let before = bench.disk.count(Call::Sync);
    for _ in 0..50 {
        bench.order(Lane::Readings, 20, 100);
    }
    bench.turn(1);
    assert_eq!(bench.disk.count(Call::Sync) - before, 1, "one group, one sync");
    assert_eq!(bench.heard, [(Lane::Readings, 1_001)]);
}

#[test]
fn alerts_do_not_starve_the_others() {
    let mut bench = Bench::new(1 << 30);
    bench.order(Lane::Readings, 1, 100);
    for _ in 0..4 {
        bench.order(Lane::Alerts, 1, 100);
        assert!(bench.step());
    }
    assert!(bench.heard.contains(&(Lane::Readings, 1)), "{:?}", bench.heard);
}

#[test]
fn readings_leave_a_tenth_to_alerts_and_dead_letters_get_a_tenth() {
    let mut bench = Bench::new(1 << 20);
    for _ in 0..300 {
        bench.order(Lane::Readings, 1, 5_000);
        bench.order(Lane::DeadLetters, 1, 5_000);
        bench.turn(1);
    }
    let (readings, dead) = (bench.figures(Lane::Readings), bench.figures(Lane::DeadLetters));
    assert_eq!((readings.state, dead.state), (LogState::Full, LogState::Full));
    assert!(readings.withheld > 0 && dead.withheld > 0);
    assert!(dead.bytes <= (1 << 20) / 10, "{}", dead.bytes);
    assert!(readings.bytes + dead.bytes <= (1 << 20) / 10 * 9 + 6, "{}", readings.bytes);
    for number in 1..=10 {
        bench.order(Lane::Alerts, 1, 5_000);
        bench.turn(1);
        assert!(bench.heard.contains(&(Lane::Alerts, number)));
    }
    // Room comes back: what was withheld is written at once, in order.
    let synced = readings.next - readings.withheld;
    bench.deliver(Lane::Readings, synced);
    bench.turn(0);
    let after = bench.figures(Lane::Readings);
    assert_eq!((after.state, after.withheld), (LogState::Open, 0));
}

#[test]
fn what_was_delivered_meanwhile_is_never_written() {
    let mut bench = Bench::new(1 << 20);
    bench.disk.set_capacity(0);
    bench.order(Lane::Readings, 10, 100);
    bench.turn(1);
    assert_eq!(bench.figures(Lane::Readings).state, LogState::NoSpace);
    bench.deliver(Lane::Readings, 10);
    bench.order(Lane::Readings, 5, 100);
    bench.disk.set_capacity(usize::MAX);
    bench.turn(2_000);
    let figures = bench.figures(Lane::Readings);
    assert_eq!((figures.discarded, figures.appended, figures.waiting), (10, 5, 5));
    assert_eq!(bench.heard, [(Lane::Readings, 15)]);
}

#[test]
fn books_balance_when_a_mark_lands_inside_a_group_that_is_not_written_yet() {
    let mut bench = Bench::new(1 << 30);
    bench.order(Lane::Readings, 5, 100);
    bench.turn(1);
    bench.order(Lane::Readings, 10, 100);
    bench.deliver(Lane::Readings, 9);
    bench.order(Lane::Readings, 3, 100);
    bench.turn(1);
    let figures = bench.figures(Lane::Readings);
    assert_eq!((figures.appended, figures.delivered, figures.waiting), (18, 9, 9));
    bench.deliver(Lane::Readings, 18);
    bench.turn(1);
    let figures = bench.figures(Lane::Readings);
    assert_eq!((figures.appended, figures.delivered, figures.waiting), (18, 18, 0));
}

#[test]
fn a_broken_disk_stops_one_log_until_it_works_again() {
    let mut bench = Bench::new(1 << 30);
    bench.order(Lane::Readings, 5, 100);
    bench.turn(1);
    bench.heard.clear();
    bench.disk.fail(Some(Call::Sync), 0, u32::MAX, io::ErrorKind::Other);
    bench.order(Lane::Readings, 5, 100);
    bench.turn(1);
    assert!(matches!(bench.figures(Lane::Readings).state, LogState::Failed { .. }));
    assert!(bench.heard.is_empty(), "no receipt: {:?}", bench.heard);
    bench.turn(5_000);
    assert!(bench.heard.is_empty(), "no receipt: {:?}", bench.heard);
    bench.disk.heal();
    bench.turn(6_000);
    assert_eq!(bench.heard, [(Lane::Readings, 10)]);
    assert_eq!(bench.figures(Lane::Readings).state, LogState::Open);
}

#[test]
fn one_failed_sync_gives_the_file_up_and_writes_the_same_records_again() {
    let mut bench = Bench::new(1 << 30);
    bench.order(Lane::Readings, 5, 100);
    bench.turn(1);
    bench.disk.fail(Some(Call::Sync), 0, 1, io::ErrorKind::Other);
    bench.order(Lane::Readings, 5, 100);
    bench.turn(0);
    assert_eq!(bench.heard, [(Lane::Readings, 5), (Lane::Readings, 10)]);
    let segments = bench.disk.paths();
    let names = segments.iter().filter(|path| path.ends_with("00000000000000000005.seg"));
    assert_eq!(names.count(), 1, "{segments:?}");
    assert_eq!(bench.figures(Lane::Readings).waiting, 10);
}

#[test]
fn a_group_larger_than_the_room_is_written_as_far_as_there_is_some() {
    let mut bench = Bench::new(1 << 20);
    // Ordered at once, as while a sync took its time.
    bench.order(Lane::Readings, 300, 5_000);
    bench.turn(1);
    let figures = bench.figures(Lane::Readings);
    assert_eq!(figures.state, LogState::Full);
    assert!(figures.bytes > (1 << 20) * 8 / 10 && figures.bytes <= (1 << 20) * 9 / 10);
    for _ in 0..10 {
        let below = bench.heard.last().expect("some fits").1;
        bench.deliver(Lane::Readings, below);
        bench.turn(500);
    }
    assert_eq!(bench.heard.last(), Some(&(Lane::Readings, 300)));
    let figures = bench.figures(Lane::Readings);
    assert_eq!((figures.state, figures.withheld), (LogState::Open, 0));
    assert_eq!((figures.appended, figures.discarded), (300, 0));
}

#[test]
fn a_failure_is_over_when_nothing_waits_for_the_disk_any_more() {
    let mut bench = Bench::new(1 << 20);
    bench.disk.fail(Some(Call::Sync), 0, u32::MAX, io::ErrorKind::Other);
    bench.order(Lane::Readings, 5, 100);
    bench.turn(1);
    assert!(matches!(bench.figures(Lane::Readings).state, LogState::Failed { .. }));
    bench.deliver(Lane::Readings, 5);
    bench.turn(1);
    let figures = bench.figures(Lane::Readings);
    assert_eq!((figures.state, figures.discarded), (LogState::Open, 5));
}
