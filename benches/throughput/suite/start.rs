//! `start.*`: from the start after a crash to the first delivered reading.

use tokio::time::Instant;

use super::{Bench, outage, saturated};
use crate::{
    Outcome,
    engine::SpoolFolder,
    report::{self, Row},
    role::Role,
    run::{Scene, Subject},
};

pub(super) const STEPS: u64 = 1;
pub(super) const STEPS_LONG: u64 = 1;

const SCENE: Scene = saturated::SCENE;
const MESSAGES: u64 = 20_000;

const GIBIBYTE: u64 = 1 << 30;

const MOST_EMPTY: f64 = 1.0;
const MOST_FULL: f64 = 3.0;

/// With an empty spool.
pub(super) fn measure(bench: &mut Bench) -> Outcome {
    crash(bench, "start.empty_spool", MOST_EMPTY, |_| Ok(()))
}

/// With one of a GiB.
pub(super) fn measure_long(bench: &mut Bench) -> Outcome {
    crash(bench, "start.spool_of_1_gib", MOST_FULL, fill)
}

fn crash(
    bench: &mut Bench,
    name: &str,
    limit: f64,
    meanwhile: impl FnOnce(&SpoolFolder) -> Outcome,
) -> Outcome {
    let engine = bench.engine.clone();
    let mut run = bench.start(name, Subject::Engine, &SCENE)?;
    run.send(MESSAGES, 0)?;
    let begin = run.crash(&engine, meanwhile)?;
    let subscribed = Instant::now();
    run.flow(1_000)?;
    outage::wait_until(&run, outage::DELIVERED, |count| count > 0.0)?;
    let seconds = begin.elapsed().as_secs_f64();
    run.stop()?;
    let note = format!(
        "{} (at most {limit}); subscribed after {} s",
        report::verdict(|| seconds <= limit),
        report::shown((subscribed - begin).as_secs_f64()),
    );
    bench.report.push(Row::new(name, seconds, "s", note));
    Ok(())
}

fn fill(spool: &SpoolFolder) -> Outcome {
    let arguments = [
        "filler".to_owned(),
        format!("--directory={}", spool.0.display()),
        format!("--partitions={}", SCENE.partitions),
        format!("--bytes={GIBIBYTE}"),
    ];
    Role::again("filler", &arguments)?.wait_for("filled").map(drop)
}
