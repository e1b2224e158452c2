//! `registry.*`: 500 000 devices in the list: memory, and what a reload costs those who wait.

use std::time::Duration;

use super::{Bench, outage, saturated};
use crate::{
    Outcome, engine,
    report::{self, Row},
    run::{Run, Scene, Subject},
};

pub(super) const STEPS: u64 = 1;

const LISTED: usize = 500_000;
/// The messages come from 50 000 of them: the generator makes them beforehand.
const SCENE: Scene = Scene { homes: 2_500, listed: LISTED, ..saturated::SCENE };
const RATE: u64 = 2_000;
const SECONDS: u64 = 20;
/// How many times the list is replaced.
const RELOADS: usize = 4;

const RELOADED: &str = "trygg_registry_reloads_total";
/// Most that a reload may add to the slowest messages, milliseconds.
const MOST_ADDED: f64 = 5.0;

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    // Beforehand: what it takes to write a list is not what it takes to read it.
    (1..=RELOADS).try_for_each(|version| engine::write_list(LISTED, version))?;
    let mut run = bench.start("registry.reload", Subject::Engine, &SCENE)?;
    run.send(RATE, RATE)?;
    let before = run.memory()?;
    let quiet = run.send(RATE * SECONDS, RATE)?.slowest.as_secs_f64() * 1e3;
    run.flow(RATE)?;
    for version in 1..=RELOADS {
        reload(&run, version)?;
    }
    let reloading = run.stop()?.slowest.as_secs_f64() * 1e3;
    // The last list but one is freed at the next look.
    std::thread::park_timeout(Duration::from_secs(3));
    let after = run.memory()?;

    let note = format!("{LISTED} lines, 25 000 homes, one link");
    bench.report.push(Row::new("registry.memory", before.now, "MiB", note));
    let note = format!("peak {} MiB while there are two lists", report::shown(after.peak));
    bench.report.push(Row::new("registry.memory.after", after.now, "MiB", note));
    let note = format!("PUBLISH to PUBACK, {RATE} messages/s");
    bench.report.push(Row::new("registry.p999.quiet", quiet, "ms", note));
    let verdict = report::verdict(|| reloading <= quiet + MOST_ADDED);
    let note = format!("{verdict} (at most {MOST_ADDED} ms more); {RELOADS} reloads");
    bench.report.push(Row::new("registry.p999.reloading", reloading, "ms", note));
    Ok(())
}

/// Replaces the list, and waits until it is in force.
fn reload(run: &Run, version: usize) -> Outcome {
    engine::put_list(version)?;
    outage::wait_until(run, RELOADED, |count| count >= crate::float(version as u64))
}
