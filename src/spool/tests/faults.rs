//! Every fault, one at a time, in every place.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::world::{Op, World};
use crate::{
    model::{Lane, UnixMicros},
    record::Record,
    spool::{
        Chunk, Orders,
        damage::{Damage, Place},
        disk::{
            Disk,
            simulated::{Call, SimulatedDisk},
        },
        inspect,
        log::Log,
        reader::GivenUp,
        recovery, repair,
    },
};

const RECORDS: u64 = 20;

/// The script that every fault is tried in: two lanes, three segments, deliveries, a start.
fn script() -> Vec<Op> {
    let mut ops = Vec::new();
    for _ in 0..4 {
        ops.push(Op::Append { lane: 0, count: 8, bytes: 5_000 });
        ops.push(Op::Append { lane: 1, count: 2, bytes: 500 });
        ops.push(Op::Turn { millis: 10 });
        ops.extend((0..3).map(|partition| Op::Deliver { lane: 0, partition, share: 140 }));
        ops.push(Op::Read { lane: 0, share: 0 });
        ops.push(Op::Turn { millis: 10 });
    }
    ops
}

fn try_fault(fault: &Op, then: &Op) {
    let mut ops = vec![fault.clone()];
    ops.extend(script());
    ops.push(then.clone());
    ops.extend(script());
    if let Err(wrong) = World::new(1, 0, 1 << 20).run(&ops) {
        panic!("{fault:?}, then {then:?}: {wrong}");
    }
}

#[test]
fn any_call_may_fail_and_nothing_is_acknowledged_for_it() {
    for call in [None, Some(Call::Sync), Some(Call::Write), Some(Call::SyncDirectory)] {
        let places = if call.is_none() { 100 } else { 25 };
        for after in 0..places {
            for is_full in [false, true] {
                let times = if after % 3 == 0 { 6 } else { 1 };
                let fault = Op::Fail { call, after, times, is_full };
                let then = if after % 2 == 0 { Op::Crash } else { Op::Turn { millis: 5_000 } };
                try_fault(&fault, &then);
            }
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from("/spool/home/readings")
}

fn value(sequence: u64) -> Vec<u8> {
    let bytes = 8 + usize::try_from(sequence % 5).expect("small") * 3;
    let mut value = vec![u8::try_from(sequence % 251).expect("small"); bytes];
    value[..8].copy_from_slice(&sequence.to_le_bytes());
    value
}

/// Twenty records in two segments and two groups each, all delivered up to the third, orderly closed.
fn small_spool() -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    let mut log = open(&disk);
    log.marks = vec![3, 5];
    let mut sequence = 0;
    for (count, begins) in [(6, true), (4, false), (7, true), (3, false)] {
        let wall = UnixMicros(1_790_000_000_000_000);
        if begins {
            log.begin_segment(&disk, sequence, wall).expect("room");
        }
        let mut orders = Orders::default();
        for number in sequence..sequence + count {
            let record = Record { value: value(number), ..Record::default() };
            orders.lane_mut(Lane::Readings).append(number, &record);
        }
        let frames = &mut orders.lane_mut(Lane::Readings).frames;
        log.write(&disk, frames, sequence, wall).expect("room");
        log.sync(&disk).expect("syncs");
        log.mark_proven(&disk);
        sequence += count;
    }
    log.sync(&disk).expect("syncs");
    log.save_cursor(&disk).expect("room");
    log.cursor.sync(&disk).expect("syncs");
    assert_eq!(sequence, RECORDS);
    disk.copy()
}

fn open(disk: &SimulatedDisk) -> Log<SimulatedDisk> {
    recovery::open(disk, &folder(), 2, 9).expect("opens").log
}

/// What an opened log gives from its lowest mark on, and what it reports.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    records: BTreeMap<u64, Vec<u8>>,
    damage: Vec<Damage>,
    torn: Option<u64>,
    low: u64,
    next: u64,
}

fn find(disk: &SimulatedDisk) -> Found {
    let opened = recovery::open(disk, &folder(), 2, 9).expect("opens");
    let (mut log, findings) = (opened.log, opened.findings);
    let mut damage = findings.damage;
    let mut records = BTreeMap::new();
    let (low, next) = (log.low(), log.proven);
    let mut from = low;
    while from < next {
        let stretch = log.read(disk, from, 200, GivenUp::Missing).expect("reads");
        let chunk = Chunk { frames: stretch.frames, ..Chunk::default() };
        for (sequence, body) in chunk.records() {
            assert!(records.insert(sequence, body.value.to_vec()).is_none(), "{sequence} twice");
        }
        damage.extend(stretch.damage);
        assert!(stretch.next > from, "no progress at {from}");
        from = stretch.next;
    }
    let torn = findings.torn.map(|torn| torn.from);
    Found { records, damage, torn, low, next }
}

/// Checks a disk with one fault in one file. `touched` records may be lost, each reported.
fn check(disk: &SimulatedDisk, sound: &Found, touched: u64, what: &str) {
    let found = find(&disk.copy());
    assert_eq!(found, find(&disk.copy()), "{what}: two starts differ");
    let mut lost = 0;
    for (sequence, value) in &sound.records {
        match found.records.get(sequence) {
            Some(bytes) => assert_eq!(bytes, value, "{what}: {sequence} holds other bytes"),
            None if *sequence < found.low => {}
            None => {
                lost += 1;
                let is_in = |damage: &Damage| (damage.from..damage.to).contains(sequence);
                let is_torn = found.torn.is_some_and(|from| *sequence >= from);
                let is_reported = is_torn || found.damage.iter().any(is_in);
                assert!(is_reported, "{what}: {sequence} is lost in silence: {found:?}");
            }
        }
    }
    assert!(lost <= touched, "{what}: {lost} records lost, {touched} touched: {found:?}");
    assert!(found.low <= sound.low, "{what}: more is delivered than was");
    assert!(found.next >= sound.next || touched == RECORDS, "{what}: numbers restart");
    for sequence in found.records.keys() {
        assert!(*sequence < RECORDS, "{what}: {sequence} was never written");
    }
    check_tools(disk, &found, what);
}

/// What the tools see is what an opened log gives; and after a repair there is nothing left to report.
fn check_tools(disk: &SimulatedDisk, found: &Found, what: &str) {
    let view = inspect::look_once(disk, &folder()).expect("looks");
    let seen: u64 = view.segments.iter().map(|segment| segment.records).sum();
    assert!(seen >= found.records.len() as u64, "{what}: the tools see less: {view:?}");
    if !view.is_damaged() {
        return;
    }
    let disk = disk.copy();
    let place = Place { link: "home".into(), lane: Lane::Readings };
    let root = Path::new("/spool");
    repair::repair_on(&disk, root, &place, &folder()).expect("repairs");
    let after = find(&disk.copy());
    assert_eq!(after.records, found.records, "{what}: the repair lost something");
    assert!(after.next >= found.next, "{what}: the repair restarts numbers");
    let view = inspect::look_once(&disk, &folder()).expect("looks");
    assert!(!view.is_damaged(), "{what}: still damaged: {view:?}");
}

#[test]
fn any_flipped_bit_costs_at_most_one_record_and_is_reported() {
    let disk = small_spool();
    let sound = find(&disk);
    assert!(sound.damage.is_empty() && sound.torn.is_none());
    assert_eq!((sound.low, sound.next), (3, RECORDS));
    assert_eq!(sound.records.keys().copied().collect::<Vec<_>>(), (3..RECORDS).collect::<Vec<_>>());
    for path in disk.paths() {
        let bytes = disk.bytes(&path);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let copy = disk.copy();
            copy.put(&path, &flipped);
            check(&copy, &sound, 1, &format!("bit {bit} of {}", path.display()));
        }
    }
}

#[test]
fn a_file_cut_anywhere_leaves_what_was_before_the_cut() {
    let disk = small_spool();
    let sound = find(&disk);
    for path in disk.paths() {
        let bytes = disk.bytes(&path);
        for length in 0..bytes.len() {
            let copy = disk.copy();
            copy.put(&path, &bytes[..length]);
            let what = format!("{} cut to {length}", path.display());
            check(&copy, &sound, RECORDS, &what);
        }
    }
}

#[test]
fn a_zeroed_sector_is_reported() {
    let disk = small_spool();
    let sound = find(&disk);
    for path in disk.paths() {
        let bytes = disk.bytes(&path);
        for start in 0..bytes.len() {
            let mut zeroed = bytes.clone();
            let end = (start + 512).min(bytes.len());
            zeroed[start..end].fill(0);
            let copy = disk.copy();
            copy.put(&path, &zeroed);
            check(&copy, &sound, RECORDS, &format!("zeros at {start} of {}", path.display()));
        }
    }
}

#[test]
fn numbers_go_on_above_the_cursor_whatever_is_lost() {
    let disk = small_spool();
    let copy = disk.copy();
    let segments = disk.paths().into_iter().filter(|path| path.extension().is_some());
    for path in segments {
        copy.remove(&path).expect("there");
    }
    assert_eq!(find(&copy).next, RECORDS, "of the cursor alone");
    let copy = disk.copy();
    for name in ["cursor-a", "cursor-b"] {
        copy.remove(&folder().join(name)).expect("there");
    }
    let found = find(&copy);
    assert_eq!((found.low, found.next), (0, RECORDS), "of the segments alone");
}

#[test]
fn a_later_release_is_refused_with_advice() {
    let disk = small_spool();
    for name in ["00000000000000000000.seg", "cursor-a"] {
        let path = folder().join(name);
        let mut bytes = disk.bytes(&path);
        bytes[8] = 2;
        let end = if name == "cursor-a" { bytes.len() - 4 } else { 60 };
        let crc = crc32c::crc32c(&bytes[..end]).to_le_bytes();
        bytes[end..end + 4].copy_from_slice(&crc);
        let copy = disk.copy();
        copy.put(&path, &bytes);
        let refused = recovery::open(&copy, &folder(), 2, 9).expect_err("a later release");
        assert!(refused.to_string().contains("start that release again"), "{refused}");
    }
}

#[test]
fn a_spool_on_a_full_disk_opens_and_drains() {
    let mut world = World::new(1, 0, 1 << 20);
    world.run_only(&[
        Op::Append { lane: 0, count: 40, bytes: 2_000 },
        Op::Turn { millis: 1 },
        Op::Append { lane: 0, count: 40, bytes: 2_000 },
        Op::Turn { millis: 1 },
        Op::Append { lane: 0, count: 10, bytes: 2_000 },
        Op::Turn { millis: 1 },
        Op::Room { kilobytes: 0 },
        Op::Kill,
        Op::Turn { millis: 1 },
    ]);
    let before = world.disk.used();
    world.run_only(&[
        Op::Read { lane: 0, share: 0 },
        Op::Turn { millis: 1 },
        Op::Deliver { lane: 0, partition: 0, share: 255 },
        Op::Deliver { lane: 0, partition: 1, share: 255 },
        Op::Deliver { lane: 0, partition: 2, share: 255 },
        Op::Turn { millis: 1 },
        Op::Turn { millis: 2_000 },
        Op::Kill,
    ]);
    assert!(world.disk.used() < before / 2, "{} of {before}", world.disk.used());
}

#[test]
fn a_read_that_fails_is_tried_again() {
    let mut world = World::new(1, 0, 1 << 20);
    world.run_only(&[
        Op::Append { lane: 0, count: 20, bytes: 100 },
        Op::Turn { millis: 1 },
        Op::Read { lane: 0, share: 0 },
    ]);
    world.disk.fail(Some(Call::Read), 0, 3, io::ErrorKind::Other);
    // Twice in vain, and then it is read.
    world.run_only(&[
        Op::Turn { millis: 0 },
        Op::Turn { millis: 200 },
        Op::Turn { millis: 400 },
        Op::Turn { millis: 1_000 },
    ]);
    assert_eq!(world.reads, 1);
}
