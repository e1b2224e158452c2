//! The keeper against a naive model: orders, faults, crashes and starts in any order.

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::world::{Op, PARTITIONS, World};
use crate::{
    plant::{Bug, plant},
    spool::disk::simulated::Call,
};

/// Where sequence numbers begin: at nothing, and where counters turn over.
const BASES: [u64; 5] = [0, 1, (1 << 32) - 40, (1 << 63) - 40, u64::MAX - 100_000];

fn call() -> impl Strategy<Value = Option<Call>> {
    let calls = [
        Call::Create,
        Call::Open,
        Call::Write,
        Call::Read,
        Call::Sync,
        Call::Rename,
        Call::SyncDirectory,
        Call::Remove,
        Call::Other,
    ];
    prop_oneof![Just(None), prop::sample::select(calls.to_vec()).prop_map(Some)]
}

fn op() -> impl Strategy<Value = Op> {
    let lane = prop_oneof![4 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
    prop_oneof![
        12 => (lane.clone(), 1..9_u8, 0..6_000_u16)
            .prop_map(|(lane, count, bytes)| Op::Append { lane, count, bytes }),
        12 => (0..400_u16).prop_map(|millis| Op::Turn { millis }),
        6 => (lane.clone(), 0..PARTITIONS, any::<u8>())
            .prop_map(|(lane, partition, share)| Op::Deliver { lane, partition, share }),
        4 => (lane, any::<u8>()).prop_map(|(lane, share)| Op::Read { lane, share }),
        3 => (call(), 0..6_u8, 1..8_u8, any::<bool>())
            .prop_map(|(call, after, times, is_full)| Op::Fail { call, after, times, is_full }),
        1 => (1..40_u8).prop_map(|percent| Op::FailOften { percent }),
        2 => Just(Op::Heal),
        2 => (0..40_u8).prop_map(|kilobytes| Op::Room { kilobytes }),
        1 => Just(Op::Room { kilobytes: 255 }),
        1 => Just(Op::Kill),
        1 => Just(Op::Restart),
        2 => Just(Op::Crash),
    ]
}

type Case = (u64, u64, u64, Vec<Op>);

fn case() -> impl Strategy<Value = Case> {
    let limit = prop_oneof![Just(1_u64 << 20), Just(200_000), Just(1 << 30)];
    (any::<u64>(), prop::sample::select(BASES.to_vec()), limit, prop::collection::vec(op(), 1..60))
}

fn judge((seed, base, limit, ops): Case) -> Result<(), TestCaseError> {
    World::new(seed, base, limit).run(&ops).map_err(TestCaseError::fail)
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 3_000, ..Config::default() }
}

#[expect(clippy::disallowed_methods, reason = "a longer run is asked for from outside")]
fn cases() -> u32 {
    std::env::var("TRYGG_SPOOL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

#[test]
fn the_keeper_does_what_a_naive_model_does_whatever_fails() {
    let mut runner = TestRunner::new(config(cases()));
    if let Err(wrong) = runner.run(&case(), judge) {
        panic!("{wrong}");
    }
}

/// Runs the same test with a bug in it, from a fixed seed: it must fail.
fn is_found(bug: Bug) -> String {
    let planted = plant(bug);
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let quick = Config { max_shrink_iters: 0, ..config(400) };
    let found = TestRunner::new_with_rng(quick, rng).run(&case(), judge);
    drop(planted);
    found.expect_err("the bug was not found").to_string()
}

#[test]
fn a_receipt_before_the_sync_is_found() {
    assert!(is_found(Bug::ReceiptBeforeSync).contains("is lost"));
}

#[test]
fn a_failed_sync_taken_for_a_good_one_is_found() {
    assert!(is_found(Bug::IgnoredSyncFailure).contains("is lost"));
}

#[test]
fn a_cursor_beyond_what_is_delivered_is_found() {
    assert!(is_found(Bug::EagerCursor).contains("the cursor is beyond"));
}

#[test]
fn sequence_numbers_that_restart_are_found() {
    assert!(is_found(Bug::SequenceRestart).contains("restart"));
}
