//! Which rows there are, and what they must reach.

mod memory;
mod paced;
mod saturated;
mod smoke;
mod window;

use std::path::PathBuf;

use crate::{
    Outcome,
    progress::Progress,
    report::{self, Report},
    role,
    run::{Run, Scene, Subject},
};

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The engine and both pumps.
    Everybody,
    /// The yardsticks alone, as where the engine is not built.
    Pumps,
}

impl Field {
    fn has(self, subject: Subject) -> bool {
        match self {
            Self::Everybody => true,
            Self::Pumps => subject != Subject::Engine,
        }
    }
}

/// What every part of the suite needs.
struct Bench {
    engine: PathBuf,
    field: Field,
    progress: Progress,
    report: Report,
}

impl Bench {
    fn new(engine: PathBuf, field: Field, steps: u64) -> Outcome<Self> {
        Ok(Self { engine, field, progress: Progress::new(steps)?, report: Report::default() })
    }

    /// Starts a run and says so.
    fn start(&mut self, name: &str, subject: Subject, scene: &Scene) -> Outcome<Run> {
        self.progress.step(name);
        Run::start(&self.engine, subject, scene)
            .map_err(|error| format!("{name}: {error}").into())
    }

    /// Shows the table and leaves the file.
    fn finish(self, file: &str) -> Outcome {
        self.progress.finish();
        role::report(self.report.table()?.trim_end())?;
        self.report.write(&report::directory().join(file))
    }
}

/// Every row.
pub(crate) fn full(engine: PathBuf, field: Field) -> Outcome {
    let steps = saturated::steps(field)
        + paced::steps(field)
        + window::steps(field)
        + memory::steps(field);
    let mut bench = Bench::new(engine, field, steps)?;
    saturated::measure(&mut bench)?;
    paced::measure(&mut bench)?;
    window::measure(&mut bench)?;
    if field.has(Subject::Engine) {
        memory::measure(&mut bench)?;
    }
    bench.report.adopt(&report::directory().join("stages.json"))?;
    bench.finish("summary.json")
}

/// Does every role work, in every format?
pub(crate) fn smoke(engine: PathBuf) -> Outcome {
    let mut bench = Bench::new(engine, Field::Everybody, smoke::STEPS)?;
    smoke::check(&mut bench)?;
    bench.finish("smoke.json")
}

/// Memory over five million messages.
pub(crate) fn long(engine: PathBuf) -> Outcome {
    let mut bench = Bench::new(engine, Field::Everybody, 1)?;
    memory::measure_long(&mut bench)?;
    bench.finish("long.json")
}
