use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::mqtt::{ProtocolError, ReasonCode};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Each wait lies in the upper half of its ceiling.
fn assert_under(wait: Wait, ceiling: Duration) {
    assert!(wait.duration >= ceiling / 2 && wait.duration <= ceiling, "{wait:?} {ceiling:?}");
}

#[test]
fn waits_double_up_to_half_a_minute() {
    let mut backoff = Backoff::new(Backoff::STABLE, 1);
    for ceiling in [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
        let wait = backoff.setback(Setback::Passing, Mono(0));
        assert_under(wait, millis(ceiling));
        assert_eq!(wait.pace, Pace::Doubling);
    }
}

#[test]
fn only_a_connection_that_lasted_resets_them() {
    let mut backoff = Backoff::new(seconds(30), 2);
    let mut now = Mono(0);
    for ceiling in [500, 1000, 2000] {
        backoff.established(now);
        now = now + Duration::from_micros(29_999_999);
        assert_under(backoff.setback(Setback::Passing, now), millis(ceiling));
    }
    backoff.established(now);
    now = now + seconds(30);
    assert_under(backoff.setback(Setback::Passing, now), millis(500));
    now = now + seconds(3600);
    assert_under(backoff.setback(Setback::Passing, now), millis(1000));
}

#[test]
fn what_somebody_has_to_change_is_tried_slowly_at_once() {
    let mut backoff = Backoff::new(Backoff::STABLE, 3);
    let wait = backoff.setback(Setback::Lasting, Mono(0));
    assert_under(wait, seconds(30));
    assert_eq!(wait.pace, Pace::Slow);
}

#[test]
fn one_takeover_is_ordinary_and_two_in_a_minute_are_a_rivalry() {
    let mut backoff = Backoff::new(Backoff::STABLE, 4);
    let mut now = Mono(0);
    assert_eq!(backoff.setback(Setback::TakenOver, now).pace, Pace::Doubling);
    now = now + seconds(61);
    assert_eq!(backoff.setback(Setback::TakenOver, now).pace, Pace::Doubling);
    now = now + seconds(60);
    let wait = backoff.setback(Setback::TakenOver, now);
    assert_eq!(wait.pace, Pace::TakeoverRivalry);
    assert_under(wait, seconds(60));
}

#[test]
fn a_rivalry_stays_recognised_between_rivals_that_both_wait() {
    let mut backoff = Backoff::new(Backoff::STABLE, 5);
    let mut now = Mono(0);
    let _first = backoff.setback(Setback::TakenOver, now);
    for _ in 0..20 {
        let wait = backoff.setback(Setback::TakenOver, now);
        assert_eq!(wait.pace, Pace::TakeoverRivalry);
        now = now + wait.duration;
        backoff.established(now);
        now = now + seconds(60);
    }
    now = now + seconds(180);
    assert_eq!(backoff.setback(Setback::Passing, now).pace, Pace::Doubling, "the rival is gone");
}

#[test]
fn links_that_fell_together_do_not_return_together() {
    let waits = |seed| {
        let mut backoff = Backoff::new(Backoff::STABLE, seed);
        [(); 6].map(|()| backoff.setback(Setback::Passing, Mono(0)).duration)
    };
    assert_eq!(waits(6), waits(6), "the seed decides");
    let distinct: std::collections::BTreeSet<_> = (0..100).map(waits).collect();
    assert_eq!(distinct.len(), 100);
}

#[test]
fn errors_become_setbacks() {
    let takeover = SessionError::ServerDisconnect { code: ReasonCode::SessionTakenOver };
    let refused = SessionError::Refused { code: ReasonCode::NotAuthorized };
    let garbage = SessionError::Protocol(ProtocolError::Truncated);
    assert_eq!(Setback::from(&takeover), Setback::TakenOver);
    assert_eq!(Setback::from(&refused), Setback::Lasting);
    assert_eq!(Setback::from(&garbage), Setback::Passing);
    assert_eq!(Setback::from(&SessionError::PingTimeout), Setback::Passing);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn waits_stay_within_bounds(
        seed: u64,
        setbacks in vec((select(vec![Setback::Passing, Setback::Lasting, Setback::TakenOver]), 0_u64..400), 1..40),
    ) {
        let mut backoff = Backoff::new(Backoff::STABLE, seed);
        let mut now = Mono(0);
        for (setback, pause) in setbacks {
            backoff.established(now);
            now = now + seconds(pause);
            let wait = backoff.setback(setback, now);
            prop_assert!(wait.duration >= millis(250) && wait.duration <= seconds(60));
            prop_assert_eq!(wait.duration > seconds(30), wait.duration > seconds(30) && wait.pace == Pace::TakeoverRivalry);
            now = now + wait.duration;
        }
    }
}
