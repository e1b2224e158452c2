//! `memory.*`: resident memory with 100 000 devices.

use super::{Bench, saturated};
use crate::{
    Outcome,
    report::{self, Row},
    run::{Scene, Subject},
};

pub(super) const STEPS: u64 = 1;

/// 100 000 devices: the generator sends each of them once before any comes again.
const SCENE: Scene = Scene { homes: 5_000, ..saturated::SCENE };
const MILLION: u64 = 1_000_000;

const MOST_MIB: f64 = 64.0;
/// Growth after the first million that still counts as flat.
const FLAT: f64 = 1.05;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let mut run = bench.start("memory.devices_100000.peak", Subject::Engine, &SCENE)?;
    run.send(MILLION, 0)?;
    let memory = run.memory()?;
    push_peak(bench, "memory.devices_100000.peak", memory.peak);
    bench.report.push(Row::new("memory.devices_100000.now", memory.now, "MiB", ""));
    Ok(())
}

pub(super) fn measure_long(bench: &mut Bench) -> Outcome {
    let mut run = bench.start("memory.long", Subject::Engine, &SCENE)?;
    run.send(MILLION, 0)?;
    let first = run.memory()?;
    for _ in 1..5 {
        run.send(MILLION, 0)?;
    }
    let last = run.memory()?;
    push_peak(bench, "memory.long.peak", last.peak);
    bench.report.push(Row::new("memory.long.after_1_million", first.now, "MiB", ""));
    let growth = last.now / first.now;
    let note = format!("{} (at most {FLAT} times)", report::verdict(|| growth <= FLAT));
    bench.report.push(Row::new("memory.long.after_5_million", last.now, "MiB", note));
    Ok(())
}

fn push_peak(bench: &mut Bench, name: &str, peak: f64) {
    let verdict = report::verdict(|| peak <= MOST_MIB);
    let note = format!("{verdict} (at most {MOST_MIB}); 100 000 devices");
    bench.report.push(Row::new(name, peak, "MiB", note));
}
