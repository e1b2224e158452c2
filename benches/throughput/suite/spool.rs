//! `spool.*` and `auto.*`: what the spool costs when everything goes through it, and when nothing
//! does.

use super::{Bench, saturated};
use crate::{
    Outcome,
    engine::Ack,
    report::{self, Row},
    run::{Scene, Stretch, Subject},
    statistics,
};

const ROUNDS: u64 = 3;
const WARM_UP: u64 = 100_000;
const MESSAGES: u64 = 500_000;

pub(super) const STEPS: u64 = ROUNDS * 4;

/// What a spool must take, unless Kafka itself takes little more.
const FLOOR: f64 = 50_000.0;
const SHARE: f64 = 0.6;

/// Is Kafka there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kafka {
    Up,
    Down,
}

/// A way to acknowledge.
struct Way {
    row: &'static str,
    ack: Ack,
    kafka: Kafka,
    stretches: Vec<Stretch>,
}

impl Way {
    fn new(row: &'static str, ack: Ack, kafka: Kafka) -> Self {
        Self { row, ack, kafka, stretches: Vec::new() }
    }

    fn median(&self, figure: impl Fn(&Stretch) -> f64) -> (f64, String) {
        let values: Vec<f64> = self.stretches.iter().map(figure).collect();
        (statistics::median(&values), statistics::spread(&values))
    }
}

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let mut ways = [
        Way::new("spool.direct", Ack::Kafka, Kafka::Up),
        Way::new("spool.idle", Ack::Auto, Kafka::Up),
        Way::new("spool.kafka_down", Ack::Spool, Kafka::Down),
        Way::new("spool.kafka_up", Ack::Spool, Kafka::Up),
    ];
    for _ in 0..ROUNDS {
        for way in &mut ways {
            let scene = Scene { ack: way.ack, ..saturated::SCENE };
            let mut run = bench.start(way.row, Subject::Engine, &scene)?;
            run.send(WARM_UP, 0)?;
            if way.kafka == Kafka::Down {
                run.kafka_down()?;
            }
            way.stretches.push(run.send(MESSAGES, 0)?);
        }
    }
    let [direct, idle, down, up] = &ways;
    let (direct_rate, _) = direct.median(Stretch::per_second);
    let floor = FLOOR.min(SHARE * direct_rate);
    for way in [direct, idle, down, up] {
        let (rate, spread) = way.median(Stretch::per_second);
        let note = match way.ack {
            Ack::Spool => {
                let verdict = report::verdict(|| rate >= floor);
                format!("{verdict} (at least {floor:.0}); {spread}")
            }
            Ack::Auto | Ack::Kafka => format!("ack = {:?}; {spread}", way.ack.label()),
        };
        bench.report.push(Row::new(format!("{}.rate", way.row), rate, "messages/s", note));
        let (cpu, spread) = way.median(Stretch::cpu_us_per_message);
        bench.report.push(Row::new(format!("{}.cpu_us_per_message", way.row), cpu, "us", spread));
        let (written, _) = way.median(Stretch::bytes_per_message);
        let name = format!("{}.disk_bytes_per_message", way.row);
        bench.report.push(Row::new(name, written, "bytes", ""));
    }
    let cost = |way: &Way| way.median(Stretch::cpu_us_per_message).0;
    let note = "CPU a message beside ack = \"kafka\"; its limit holds for instructions";
    bench.report.push(Row::new("auto.cpu_ratio", cost(idle) / cost(direct), "x", note));
    Ok(())
}
