//! `rate.*`: CPU a message at ordinary rates, where wake-ups are the price.

use super::{Bench, Field, saturated};
use crate::{
    Outcome,
    report::{self, Row},
    run::{Scene, Subject},
    statistics,
};

const ROUNDS: u64 = 3;
const RATES: [u64; 2] = [2_000, 10_000];
const SECONDS: u64 = 5;

pub(super) fn steps(field: Field) -> u64 {
    match field {
        Field::Everybody => ROUNDS * 2 * 3,
        Field::Pumps => ROUNDS * 2 * 2,
    }
}

pub(super) const SCENE: Scene = Scene { homes: 1_000, partitions: 12, ..saturated::SCENE };

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    for rate in RATES {
        let subjects = Subject::ALL.into_iter().filter(|subject| bench.field.has(*subject));
        let mut values: Vec<(Subject, Vec<f64>, Vec<f64>)> =
            subjects.map(|subject| (subject, Vec::new(), Vec::new())).collect();
        for _ in 0..ROUNDS {
            for (subject, cpu, reached) in &mut values {
                let mut run = bench.start(&row(*subject, rate), *subject, &SCENE)?;
                run.send(rate, rate)?;
                let stretch = run.send(rate * SECONDS, rate)?;
                cpu.push(stretch.cpu_us_per_message());
                reached.push(stretch.per_second());
            }
        }
        for (subject, cpu, reached) in values {
            let note = format!(
                "{}; {:.0} messages/s reached, evenly spaced, 12 partitions",
                statistics::spread(&cpu),
                statistics::median(&reached),
            );
            bench.report.push(Row::new(row(subject, rate), statistics::median(&cpu), "us", note));
        }
        if bench.field.has(Subject::Engine) {
            compare(bench, rate);
        }
    }
    Ok(())
}

/// The limit is the for 10 000 a second; at 2 000 the ratio is for information.
fn compare(bench: &mut Bench, rate: u64) {
    let value = |subject| bench.value(&row(subject, rate));
    let ratio = value(Subject::Engine) / value(Subject::RumqttcV5);
    let note = match rate {
        10_000 => format!("{} (below 1)", report::verdict(|| ratio < 1.0)),
        _ => String::new(),
    };
    bench.report.push(Row::new(format!("ratio.rate.rumqttc_v5.{rate}"), ratio, "x", note));
}

fn row(subject: Subject, rate: u64) -> String {
    format!("rate.{}.{rate}", subject.label())
}
