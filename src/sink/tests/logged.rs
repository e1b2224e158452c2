//! Scripts with a log. `disk` lets the spool's thread come round, `dead` makes its disk fail from
//! now on, `mended` ends that, `restart` is another process with the same disk.

use super::*;
use crate::{
    model::{LinkName, Moment},
    spool::{Limits, disk::simulated::SimulatedDisk, keeper::Keeper},
};

/// The link's part of a spool.
pub(super) struct Spool {
    disk: SimulatedDisk,
    keeper: Keeper<SimulatedDisk>,
}

const LIMITS: Limits = Limits { max_bytes: 1 << 30, keep_free: 0 };

fn open(disk: &SimulatedDisk) -> (Keeper<SimulatedDisk>, [Recovered; 3]) {
    let links: [LinkName; 1] = ["main".into()];
    let still = || Mono(0);
    let opened = Keeper::open(disk.clone(), "/spool".into(), LIMITS, &links, [2, 1, 1], still);
    let (keeper, mut recovered) = opened.expect("a spool");
    (keeper, recovered.remove(0))
}

impl Stage {
    pub(super) fn with_log(habit: Habit) -> Self {
        let disk = SimulatedDisk::new(1);
        let (keeper, recovered) = open(&disk);
        let mut stage = Self::new();
        stage.sink = Sink::new(Fake::default(), [2, 1, 1]).known().with_log(habit, &recovered);
        stage.spool = Some(Spool { disk, keeper });
        stage
    }

    pub(super) fn act_on_spool(&mut self, action: &str) {
        let spool = self.spool.as_mut().expect("a spool");
        match action {
            "dead" => spool.disk.fail_often(100),
            "mended" => spool.disk.heal(),
            "restart" => {
                spool.disk.kill();
                let (keeper, recovered) = open(&spool.disk);
                spool.keeper = keeper;
                self.sink.abandon_all();
                let habit = Habit::After(Duration::from_secs(2));
                self.sink = Sink::new(Fake::default(), [2, 1, 1]).with_log(habit, &recovered);
                self.windows.clear();
                self.sink.tick(self.now, &mut self.pool);
            }
            _ => self.disk(),
        }
    }

    /// Until neither side has anything to say.
    fn disk(&mut self) {
        let now = Moment { mono: self.now, wall: UnixMicros(7) };
        for _ in 0..8 {
            let spool = self.spool.as_mut().expect("a spool");
            if let Some(orders) = self.sink.orders() {
                spool.keeper.accept(0, orders, now);
            }
            let mut tidings = Vec::new();
            spool.keeper.turn(now, &mut |_, tiding| tidings.push(tiding));
            for tiding in tidings {
                self.sink.told(tiding, &mut self.pool);
            }
            self.sink.tick(self.now, &mut self.pool);
        }
    }
}

fn play(name: &str, mut stage: Stage, lines: &[(&str, &str)]) -> Stage {
    for (actions, expected) in lines {
        assert_eq!(stage.play(actions), *expected, "{name}: {actions}");
    }
    stage
}

fn auto() -> Stage {
    Stage::with_log(Habit::After(Duration::from_secs(2)))
}

#[test]
fn a_partition_that_waits_goes_by_the_log_and_no_other_does() {
    let stage = play(
        "auto",
        auto(),
        &[
            ("+a +n", "a n"),
            ("ok:n wait:1900 disk", "=n"),
            ("wait:300", ""),
            // The disk answers for what is out, and nothing is sent again.
            ("disk", "=a"),
            // Nothing waits, so what follows is handed over at once, and safe at once.
            ("+b", "b"),
            ("disk", "=b"),
            ("+o", "o"),
            ("disk", ""),
            ("ok:o", "=o"),
            ("ok:a ok:b", ""),
        ],
    );
    assert_eq!(stage.sink.partitions_logged(), 1);
    let stage = play(
        "back",
        stage,
        &[("wait:1000 wait:5100 disk", ""), ("+c", "c"), ("disk", ""), ("ok:c", "=c")],
    );
    assert_eq!(stage.sink.partitions_logged(), 0);
    assert_eq!((stage.sink.live(), stage.sink.live_bytes()), (0, 0));
}

#[test]
fn reports_that_are_slow_keep_a_partition_at_the_log() {
    let mut stage = play("slow", auto(), &[("+a", "a"), ("wait:2200 disk", "=a"), ("ok:a", "")]);
    for _ in 0..10 {
        stage = play("slow", stage, &[("+b", "b"), ("disk", "=b"), ("wait:1500 ok:b", "")]);
    }
    assert_eq!(stage.sink.partitions_logged(), 1, "it must not flap");
}

#[test]
fn a_restart_hands_over_again_what_was_not_confirmed_and_lets_nothing_pass_it() {
    play(
        "restart",
        auto(),
        &[
            ("+a +b", "a b"),
            ("wait:2200 disk", "=a =b"),
            ("ok:a", ""),
            ("wait:300 disk", ""),
            ("restart", ""),
            // A new record waits for its turn.
            ("+c", ""),
            // The first of a new producer goes alone.
            ("disk", "b =c"),
            ("ok:b", "c"),
            ("ok:c", ""),
        ],
    );
}

#[test]
fn a_disk_that_fails_is_no_matter_while_kafka_takes_records() {
    play(
        "dead disk",
        Stage::with_log(Habit::Always),
        &[
            ("dead +a", "a"),
            ("disk", ""),
            ("ok:a", "=a"),
            ("+b +c", "b c"),
            ("ok:c disk", "=c"),
            ("mended wait:60000 disk", "=b"),
        ],
    );
}

#[test]
fn what_is_out_of_one_partition_is_bounded_and_the_rest_follows_in_order() {
    let mut stage = Stage::with_log(Habit::Always);
    for _ in 0..400 {
        stage.hand_over_again('a');
    }
    let out = stage.sink.producer.sent.len();
    assert_eq!(out, 256, "credits of one partition");
    stage.disk();
    assert_eq!(stage.sink.producer.sent.len(), out, "safe is not delivered");
    while let Some(ticket) = stage
        .sink
        .producer
        .tickets
        .get_mut(&'a')
        .and_then(|all| (!all.is_empty()).then(|| all.remove(0)))
    {
        let report = Report { ticket, outcome: Ok(receipt()) };
        stage.sink.report(report, stage.now, &mut stage.pool);
        stage.disk();
    }
    assert_eq!(stage.sink.producer.sent.len(), 400);
    assert_eq!((stage.sink.live(), stage.sink.live_bytes(), stage.sink.owed()), (0, 0, 0));
}
