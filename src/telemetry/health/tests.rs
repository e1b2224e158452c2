use super::*;

fn able() -> Health {
    let health = Health::new(["north".into(), "south".into()]);
    health.set_started();
    health.set_kafka(KafkaState::Up);
    for link in health.links() {
        link.set(LinkState::Established);
    }
    health
}

/// What a report complains about.
fn complaints(report: &Report) -> Vec<(String, &'static str, Option<String>)> {
    let unable = report.checks.iter().filter(|check| check.verdict == Verdict::Unable);
    unable.map(|check| (check.name.clone(), check.state, check.reason.clone())).collect()
}

#[test]
fn ready_when_everything_is_able_and_only_then() {
    assert_eq!(complaints(&able().readiness()), []);
    let fresh = Health::new(["north".into()]).readiness();
    let names: Vec<_> = complaints(&fresh).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["process", "kafka", "link north"]);
}

#[test]
fn each_trouble_is_named() {
    type Trouble = (fn(&Health), &'static str, &'static str, Option<&'static str>);
    let troubles: [Trouble; 8] = [
        (|h| h.set_draining(), "process", "draining", None),
        (|h| h.set_kafka(KafkaState::Unknown), "kafka", "unknown", None),
        (|h| h.set_kafka(KafkaState::Down { reason: "r" }), "kafka", "down", Some("r")),
        (
            |h| h.set_lane(Lane::DeadLetters, LaneState::Refusing { code: "c" }),
            "topic dead_letters",
            "refusing",
            Some("c"),
        ),
        (
            |h| h.set_lane(Lane::Readings, LaneState::Waiting { partition: 3 }),
            "topic readings",
            "waiting",
            Some("partition 3"),
        ),
        (|h| h.links()[1].set(LinkState::Fault { reason: "f" }), "link south", "fault", Some("f")),
        (
            |h| h.links()[0].set(LinkState::Connecting { reason: Some("x") }),
            "link north",
            "connecting",
            Some("x"),
        ),
        (
            |h| h.links()[0].set(LinkState::WaitingForOldEpoch),
            "link north",
            "waiting_for_old_epoch",
            None,
        ),
    ];
    for (trouble, name, state, reason) in troubles {
        let health = able();
        trouble(&health);
        let expected = (name.to_owned(), state, reason.map(str::to_owned));
        assert_eq!(complaints(&health.readiness()), [expected]);
    }
}

#[test]
fn a_paused_link_is_named_and_able() {
    let health = able();
    health.links()[0].set(LinkState::Paused { reason: "credits" });
    let report = health.readiness();
    assert_eq!(report.verdict(), Verdict::Able);
    assert!(report.checks.iter().any(|check| check.state == "paused"));
}

#[test]
fn a_loop_that_stands_still_is_dead() {
    let health = able();
    let start = Mono(5_000_000);
    for link in health.links() {
        link.beat(start);
    }
    let last = start + STUCK_AFTER;
    assert_eq!(health.liveness(last).verdict(), Verdict::Able);
    health.links()[0].beat(last);
    let late = health.liveness(last + Duration::from_secs(1));
    let stuck = ("link south".to_owned(), "stuck", Some("no progress for 21 s".to_owned()));
    assert_eq!(complaints(&late), [stuck]);
    health.links()[1].set(LinkState::Stopping);
    assert_eq!(complaints(&health.liveness(last + Duration::from_secs(1))), []);
}

#[test]
fn waiting_for_kafka_at_the_start_is_alive() {
    let health = Health::new(["north".into()]);
    assert_eq!(health.liveness(Mono(0) + 10 * STUCK_AFTER).verdict(), Verdict::Able);
}

/// Verdict and status of a process whose spool is in this state, beside one trouble.
fn with_spool(spool: SpoolState, trouble: fn(&Health)) -> (Verdict, String) {
    let health = able();
    health.set_spool(spool);
    trouble(&health);
    let report = health.readiness();
    (report.verdict(), report.status)
}

const FAILED: SpoolState = SpoolState::Failed { code: "EIO" };

#[test]
fn kafka_down_with_room_in_the_spool_is_ready_and_degraded() {
    use Verdict::{Able, Degraded, Unable};
    let well: fn(&Health) = |_| {};
    let down: fn(&Health) = |h| h.set_kafka(KafkaState::Down { reason: "refused" });
    let refuses: fn(&Health) = |h| h.set_lane(Lane::Alerts, LaneState::Refusing { code: "c" });
    let waits: fn(&Health) = |h| h.set_lane(Lane::Readings, LaneState::Waiting { partition: 1 });
    for (spool, trouble, verdict, status) in [
        (SpoolState::Absent, well, Able, "able"),
        (SpoolState::Absent, down, Unable, "unable: kafka down"),
        (SpoolState::Absent, refuses, Unable, "unable: topic alerts refusing"),
        (SpoolState::Idle, well, Able, "able"),
        (SpoolState::Idle, down, Degraded, "degraded: kafka down"),
        (SpoolState::Spooling, well, Degraded, "degraded: spooling"),
        (SpoolState::Spooling, down, Degraded, "degraded: spooling, kafka down"),
        (SpoolState::Spooling, refuses, Degraded, "degraded: spooling, topic alerts refusing"),
        (SpoolState::Spooling, waits, Degraded, "degraded: spooling, topic readings waiting"),
        (SpoolState::Full, well, Unable, "unable: spool full"),
        (SpoolState::Full, down, Unable, "unable: kafka down, spool full"),
        (FAILED, well, Degraded, "degraded: spool failed"),
        (FAILED, down, Unable, "unable: kafka down, spool failed"),
        (FAILED, refuses, Unable, "unable: spool failed, topic alerts refusing"),
        (FAILED, waits, Unable, "unable: spool failed, topic readings waiting"),
    ] {
        assert_eq!(with_spool(spool, trouble), (verdict, status.to_owned()));
    }
}

#[test]
fn a_spool_excuses_no_link_and_no_start() {
    let unable = |trouble| with_spool(SpoolState::Spooling, trouble).0 == Verdict::Unable;
    assert!(unable(|h| h.links()[0].set(LinkState::Fault { reason: "f" })));
    assert!(unable(Health::set_draining));
    assert!(unable(|h| h.set_kafka(KafkaState::Unknown)), "nobody has asked Kafka yet");
}

#[test]
fn a_process_without_a_spool_has_no_check_of_one() {
    let has_check = |spool| {
        let health = able();
        health.set_spool(spool);
        health.readiness().checks.iter().any(|check| check.name == "spool")
    };
    assert!(!has_check(SpoolState::Absent));
    assert!(has_check(SpoolState::Idle));
}
