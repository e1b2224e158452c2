//! `sweep.window.*`: does the engine use the window it is given?

use std::time::Duration;

use super::{Bench, Field, saturated};
use crate::{
    Outcome,
    pump::Clock,
    report::{self, Row},
    run::{Bound, Scene, Subject},
    statistics,
};

const ROUNDS: u64 = 3;
const WINDOWS: [u16; 4] = [20, 100, 1_000, 10_000];
const MOST_MESSAGES: u64 = 700_000;
/// Windowfuls of a run, where that is not more than [`MOST_MESSAGES`]: about three seconds.
const WINDOWFULS: u64 = 400;

pub(super) fn steps(field: Field) -> u64 {
    match field {
        Field::Everybody => ROUNDS * 4 * 2,
        Field::Pumps => ROUNDS * 4,
    }
}

const ROUND_TRIP: Duration = Duration::from_millis(5);
const SCENE: Scene = Scene { round_trip: ROUND_TRIP, ..saturated::SCENE };

/// Part of `window / (L + 1 ms)` that must be reached, L being the pump's own latency.
const SHARE: f64 = 0.9;
const ALLOWANCE: Duration = Duration::from_millis(1);

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    for window in WINDOWS {
        let count = MOST_MESSAGES.min(u64::from(window) * WINDOWFULS);
        let scene = Scene { window, ..SCENE };
        let (mut reached, mut latencies, mut pumped) = (Vec::new(), Vec::new(), Vec::new());
        let mut bound = None;
        for _ in 0..ROUNDS {
            let clocked = Scene { clock: Clock::On, ..scene };
            let mut run =
                bench.start(&format!("sweep.latency.{window}"), Subject::OwnLoop, &clocked)?;
            run.send(count / 10, 0)?;
            run.latency()?;
            pumped.push(run.send(count, 0)?.per_second());
            latencies.push(run.latency()?.as_secs_f64());
            drop(run);
            if !bench.field.has(Subject::Engine) {
                continue;
            }

            let mut run =
                bench.start(&format!("sweep.window.{window}"), Subject::Engine, &scene)?;
            run.send(count / 10, 0)?;
            let stretch = run.send(count, 0)?;
            reached.push(stretch.per_second());
            bound = bound.or(stretch.bound);
        }
        if bench.field.has(Subject::Engine) {
            judge(bench, window, &reached, &latencies, bound);
        }
        let note = format!("{:.0} messages/s by the pump", statistics::median(&pumped));
        let name = format!("sweep.latency.{window}");
        bench.report.push(Row::new(name, statistics::median(&latencies) * 1e3, "ms", note));
    }
    Ok(())
}

fn judge(bench: &mut Bench, window: u16, reached: &[f64], latencies: &[f64], bound: Option<Bound>) {
    let cycle = statistics::median(latencies) + ALLOWANCE.as_secs_f64();
    let floor = SHARE * f64::from(window) / cycle;
    let value = statistics::median(reached);
    let verdict = match bound {
        Some(bound) if value < floor => bound.label(),
        Some(_) | None => report::verdict(|| value >= floor),
    };
    let note = format!("{verdict} (at least {floor:.0}); {}", statistics::spread(reached));
    bench.report.push(Row::new(format!("sweep.window.{window}"), value, "messages/s", note));
}
