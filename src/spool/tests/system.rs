//! On a real disk: what this release wrote, how often it syncs, who may open it, and how fast it is.

#![allow(clippy::print_stdout, reason = "a SKIP is said aloud, and so is a measurement")]
#![allow(clippy::cast_precision_loss, reason = "a rate need not be exact")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    model::{Lane, Moment, Mono, UnixMicros},
    record::Record,
    spool::{
        Body, Limits, Orders, Spool, SpoolError, SpoolSettings, Tiding, disk::RealDisk, inspect,
        keeper::Keeper,
    },
};

const WALL: i64 = 1_790_000_000_000_000;

fn record(number: u64) -> Record {
    let mut record = Record { value: vec![7; 150], ..Record::default() };
    record.value[..8].copy_from_slice(&number.to_le_bytes());
    record.key = b"home".to_vec();
    record.timestamp = UnixMicros(WALL);
    record
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spool/v1")
}

fn limits() -> Limits {
    Limits { max_bytes: 64 << 30, keep_free: 0 }
}

fn keeper(root: &Path) -> Keeper<RealDisk> {
    let links = [Arc::from("home")];
    Keeper::open(RealDisk, root.to_path_buf(), limits(), &links, [2, 1, 1], || Mono(0))
        .expect("opens")
        .0
}

fn moment(micros: u64) -> Moment {
    let wall = UnixMicros(WALL + i64::try_from(micros).expect("short"));
    Moment { mono: Mono(micros), wall }
}

/// Writes what the fixture holds: twelve readings in two segments, of which four are delivered.
#[test]
#[ignore = "writes the fixture of this release; run it when the format changes, into a new directory"]
fn write_the_fixture() {
    let root = fixture();
    assert!(!root.exists(), "the fixture of a release is never changed");
    let mut orders = Orders::default();
    for (from, to) in [(0, 7), (7, 12)] {
        let mut keeper = keeper(&root);
        for number in from..to {
            orders.lane_mut(Lane::Readings).append(number, &record(number));
        }
        orders.lane_mut(Lane::Readings).marks = Some(vec![4, 6]);
        keeper.accept(0, &mut orders, moment(1));
        keeper.turn(moment(1), &mut |_, _| {});
        keeper.close();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("permissions");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}

#[test]
fn the_format_of_this_release_can_be_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("spool");
    copy(&fixture(), &root);
    let logs = inspect::logs(&root).expect("lists");
    assert_eq!(logs.len(), 1);
    let view = inspect::look(&logs[0]).expect("looks");
    assert_eq!((view.marks.as_slice(), view.end, view.next), (&[4, 6][..], 12, 12));
    assert!(!view.is_damaged() && view.torn.is_none(), "{view:?}");
    let mut seen = 0;
    inspect::records(&logs[0], 0, |number, body| {
        assert_eq!((number, body), (seen, Body::of(&record(number))));
        seen += 1;
        true
    })
    .expect("reads");
    assert_eq!(seen, 12);

    let mut keeper = keeper(&root);
    let mut orders = Orders::default();
    orders.lane_mut(Lane::Readings).read = Some(4);
    keeper.accept(0, &mut orders, moment(1));
    let mut read = Vec::new();
    keeper.turn(moment(1), &mut |_, tiding| {
        if let Tiding::Read(chunk) = tiding {
            read.extend(chunk.records().map(|(number, _)| number));
        }
    });
    assert_eq!(read, (4..12).collect::<Vec<_>>());
}

#[test]
fn a_spool_that_others_may_read_is_refused_with_the_remedy() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("spool");
    fs::create_dir(&root).expect("a directory");
    // With a lock it is no new one, which would be closed.
    fs::write(root.join("LOCK"), "").expect("a file");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).expect("permissions");
    let settings = SpoolSettings { directory: root.clone(), limits: limits() };
    // Only a new one, without a lock, is closed to others for its owner.
    fs::write(root.join("LOCK"), "").expect("a lock");
    let refused = Spool::open(&settings, &[], [1; 3]).expect_err("open to others");
    assert!(refused.to_string().contains("chmod 0700"), "{refused}");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).expect("permissions");
    let (_spool, ..) = Spool::open(&settings, &["home".into()], [1; 3]).expect("opens");
    let locked = Spool::open(&settings, &[], [1; 3]).expect_err("it has an owner");
    let pid = format!("by process {}", std::process::id());
    assert!(matches!(locked, SpoolError::Locked { .. }), "{locked}");
    assert!(locked.to_string().contains(&pid), "{locked}");
    for name in ["..", "a/b", "LOCK", "quarantine", ""] {
        let refused = Spool::open(&settings, &[name.into()], [1; 3]).expect_err("no name");
        assert!(matches!(refused, SpoolError::Name { .. }), "{refused}");
    }
}

#[test]
fn logs_of_links_that_are_gone_are_reported_and_left() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("spool");
    copy(&fixture(), &root);
    let settings = SpoolSettings { directory: root.clone(), limits: limits() };
    let (spool, ..) = Spool::open(&settings, &["other".into()], [1; 3]).expect("opens");
    let orphans = spool.orphans();
    assert_eq!(orphans.len(), 1);
    assert_eq!((&*orphans[0].link, orphans[0].records), ("home", 8));
    assert!(orphans[0].bytes > 0);
    spool.close();
    assert_eq!(inspect::logs(&root).expect("lists").len(), 1);
}

/// Groups that [`syncs_are_real_and_one_a_group`] counts.
const GROUPS: u64 = 25;

#[test]
#[ignore = "only as a child of the test that counts its system calls"]
fn child_that_appends_groups() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut keeper = keeper(&directory.path().join("spool"));
    let mut orders = Orders::default();
    let mut receipts = 0;
    for number in 0..GROUPS {
        orders.lane_mut(Lane::Readings).append(number, &record(number));
        keeper.accept(0, &mut orders, moment(number));
        keeper.turn(moment(number), &mut |_, tiding| {
            receipts += u64::from(matches!(tiding, Tiding::Synced(_)));
        });
    }
    assert_eq!(receipts, GROUPS);
}

#[test]
fn syncs_are_real_and_one_a_group() {
    let test = std::env::current_exe().expect("this test");
    let strace = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=fdatasync,fsync"])
        .arg(test)
        .args(["--exact", "--ignored"])
        .arg(
            concat!(module_path!(), "::child_that_appends_groups")
                .split_once("::")
                .expect("a path")
                .1,
        )
        .output();
    #[expect(clippy::disallowed_methods, reason = "CI takes no SKIP")]
    let is_ci = std::env::var("CI").is_ok_and(|set| set == "true");
    let strace = match strace {
        Ok(output) if output.status.success() => output,
        other => {
            assert!(!is_ci, "CI takes no SKIP: strace cannot be used: {other:?}");
            println!("SKIP syncs_are_real_and_one_a_group: strace cannot be used");
            return;
        }
    };
    let trace = String::from_utf8_lossy(&strace.stderr).into_owned();
    let said = String::from_utf8_lossy(&strace.stdout);
    assert!(said.contains("1 passed"), "{said}");
    let count = |call: &str, file: &str| {
        let lines = trace.lines().filter(|line| line.contains(call) && line.contains(file));
        lines.filter(|line| line.ends_with("= 0")).count() as u64
    };
    // A group each; the header of the one segment has another name when it is synced.
    assert_eq!(count("fdatasync(", ".seg>"), GROUPS, "{trace}");
    assert_eq!(count("fdatasync(", ".tmp>"), 1, "{trace}");
    assert!(count("fsync(", "/readings>") >= 1, "directories are synced: {trace}");
}

#[test]
#[ignore = "a measurement: cargo test --release --lib spool -- --ignored --nocapture measure"]
fn measure_appending_opening_and_draining() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("spool");
    let body = record(1);
    let mut number = 0;
    for (size, groups) in [(200_u64, 2_000_u64), (1_000, 2_000)] {
        let mut keeper = keeper(&root);
        let mut orders = Orders::default();
        let start = Instant::now();
        for _ in 0..groups {
            for _ in 0..size {
                orders.lane_mut(Lane::Readings).append(number, &body);
                number += 1;
            }
            keeper.accept(0, &mut orders, moment(number));
            keeper.step(moment(number), &mut |_, _| {});
        }
        let took = start.elapsed();
        let rate = (size * groups) as f64 / took.as_secs_f64();
        println!("groups of {size}: {rate:.0} records/s ({took:?})");
        keeper.close();
    }
    let mut first = keeper(&root);
    let mut orders = Orders::default();
    while first.board().read().logs[0].bytes < 1 << 30 {
        for _ in 0..5_000 {
            orders.lane_mut(Lane::Readings).append(number, &body);
            number += 1;
        }
        first.accept(0, &mut orders, moment(number));
        first.step(moment(number), &mut |_, _| {});
    }
    first.close();
    drop(first);
    let start = Instant::now();
    let mut keeper = keeper(&root);
    println!("open 1 GiB: {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(1));
    let start = Instant::now();
    let (mut from, mut records) = (0, 0_u64);
    while from < number {
        orders.lane_mut(Lane::Readings).read = Some(from);
        orders.lane_mut(Lane::Readings).marks = Some(vec![from, from]);
        keeper.accept(0, &mut orders, moment(number));
        let next = &mut from;
        keeper.step(moment(number), &mut |_, tiding| {
            if let Tiding::Read(chunk) = tiding {
                records += chunk.records().count() as u64;
                *next = chunk.next;
            }
        });
    }
    let rate = records as f64 / start.elapsed().as_secs_f64();
    println!("drain: {rate:.0} records/s, {records} in all");
    assert_eq!(records, number);
}
