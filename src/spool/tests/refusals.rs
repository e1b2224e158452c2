//! Records that are there and cannot be read, for a moment or for good.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::limits::Bench;
use crate::{
    model::Lane,
    spool::{
        disk::{Disk, simulated::Call},
        figures::LogState,
        keeper::News,
    },
};

const COUNT: u64 = 20;

/// Records enough for their segment to be replaced when it is delivered.
fn bench() -> Bench {
    let mut bench = Bench::new(1 << 30);
    bench.order(Lane::Readings, COUNT, 5_000);
    bench.turn(1);
    bench
}

fn segment() -> PathBuf {
    Path::new("/spool/home/readings").join("00000000000000000000.seg")
}

fn put_away() -> PathBuf {
    Path::new("/spool/quarantine").join("home-readings-00000000000000000000.seg")
}

fn is_shown(bench: &mut Bench) -> bool {
    let is_failed = |news: &News| matches!(news, News::State(_, LogState::Failed { .. }));
    let is_told = bench.keeper.take_news().iter().any(is_failed);
    is_told && matches!(bench.figures(Lane::Readings).state, LogState::Failed { .. })
}

#[test]
fn what_the_disk_refuses_to_give_is_damage_after_two_minutes_and_is_never_removed() {
    for call in [Call::Open, Call::Read] {
        let mut bench = bench();
        bench.disk.fail(Some(call), 0, u32::MAX, io::ErrorKind::Other);
        bench.read(Lane::Readings, 0);
        bench.turn(0);
        bench.turn(100);
        assert!(!is_shown(&mut bench), "{call:?}: twice is nothing");
        bench.turn(1_000);
        assert!(is_shown(&mut bench), "{call:?}: the third time");
        for _ in 0..118 {
            bench.turn(1_000);
        }
        assert_eq!((bench.chunks.len(), bench.figures(Lane::Readings).damaged), (0, 0));
        bench.turn(2_000);
        assert_eq!(bench.chunks.pop().map(|chunk| chunk.next), Some(COUNT), "{call:?}");
        let figures = bench.figures(Lane::Readings);
        assert_eq!((figures.damaged, figures.state), (COUNT, LogState::Open), "{call:?}");
        bench.disk.heal();
        let length = bench.disk.bytes(&segment()).len();
        bench.deliver(Lane::Readings, COUNT);
        bench.turn(2_000);
        assert!(!bench.disk.paths().contains(&segment()));
        assert_eq!(bench.disk.bytes(&put_away()).len(), length, "{call:?}: as it was");
        assert_eq!(bench.keeper.board().look().quarantined, length as u64);
    }
}

#[test]
fn a_disk_that_gives_again_what_it_refused_has_lost_nothing() {
    let mut bench = bench();
    bench.disk.fail(Some(Call::Open), 0, u32::MAX, io::ErrorKind::Other);
    bench.read(Lane::Readings, 0);
    for _ in 0..100 {
        bench.turn(1_000);
    }
    assert!(is_shown(&mut bench));
    bench.disk.heal();
    bench.turn(1_000);
    let figures = bench.figures(Lane::Readings);
    assert_eq!((figures.read, figures.damaged, figures.state), (COUNT, 0, LogState::Open));
    bench.deliver(Lane::Readings, COUNT);
    bench.turn(2_000);
    assert!(!bench.disk.paths().contains(&put_away()));
}

#[test]
fn a_segment_that_is_gone_is_looked_for_a_few_times() {
    let mut bench = bench();
    let bytes = bench.disk.bytes(&segment());
    bench.disk.remove(&segment()).expect("there");
    bench.read(Lane::Readings, 0);
    bench.turn(0);
    assert!(bench.chunks.is_empty());
    bench.disk.put(&segment(), &bytes);
    bench.turn(1_000);
    let figures = bench.figures(Lane::Readings);
    assert_eq!((figures.read, figures.damaged), (COUNT, 0));
    bench.disk.remove(&segment()).expect("there");
    bench.read(Lane::Readings, 0);
    for _ in 0..6 {
        bench.turn(1_000);
    }
    assert_eq!(bench.figures(Lane::Readings).damaged, COUNT);
}
