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
