//! Which rows there are, and what they must reach.

mod memory;
mod outage;
mod paced;
mod registry;
mod saturated;
mod smoke;
mod spool;
mod start;
mod window;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Outcome,
    generator::Format,
    process,
    progress::Progress,
    report::{self, Report, Row},
    run::{Run, Scene, Subject},
    terminal,
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

const FORMATS: [Format; 3] = [Format::Zigbee2mqtt, Format::Json, Format::Protobuf];

/// From this load on others take part of the processors.
const BUSY_LOAD: f64 = 0.5;

/// What every part of the suite needs.
struct Bench {
    engine: PathBuf,
    field: Field,
    progress: Progress,
    report: Report,
}

impl Bench {
    fn new(engine: PathBuf, field: Field, steps: u64) -> Outcome<Self> {
        let load = process::load()?;
        if load > BUSY_LOAD {
            terminal::complain(&format!(
                "load {load:.1}: the machine is at other work, which makes every figure higher"
            ));
        }
        Ok(Self { engine, field, progress: Progress::new(steps)?, report: Report::default() })
    }

    /// Starts a run and says so.
    fn start(&mut self, name: &str, subject: Subject, scene: &Scene) -> Outcome<Run> {
        self.progress.step(name);
        Run::start(&self.engine, subject, scene).map_err(|error| format!("{name}: {error}").into())
    }

    /// The value of a row that was measured before.
    fn value(&self, name: &str) -> f64 {
        let row = self.report.rows.iter().find(|row| row.name == name);
        row.map_or(f64::NAN, |row| row.value)
    }

    /// Takes up what the bench of the stages has left, when it ran before this one.
    fn adopt(&mut self, file: &Path) -> Outcome {
        let Ok(text) = fs::read_to_string(file) else { return Ok(()) };
        for row in serde_json::from_str::<Vec<Value>>(&text)? {
            let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
            let value = row.get("value").and_then(Value::as_f64).unwrap_or(f64::NAN);
            self.report.push(Row::new(text("name"), value, text("unit").to_owned(), text("note")));
        }
        Ok(())
    }

    /// Shows the table and leaves the file.
    fn finish(self, file: &str) -> Outcome {
        self.progress.finish();
        terminal::report(self.report.table()?.trim_end())?;
        self.report.write(&report::directory().join(file))
    }
}

/// Every row.
pub(crate) fn full(engine: PathBuf, field: Field) -> Outcome {
    let steps = saturated::steps(field)
        + paced::steps(field)
        + window::steps(field)
        + match field {
            Field::Everybody => {
                memory::STEPS + registry::STEPS + spool::STEPS + outage::STEPS + start::STEPS
            }
            Field::Pumps => 0,
        };
    let mut bench = Bench::new(engine, field, steps)?;
    saturated::measure(&mut bench)?;
    paced::measure(&mut bench)?;
    window::measure(&mut bench)?;
    if field.has(Subject::Engine) {
        memory::measure(&mut bench)?;
        registry::measure(&mut bench)?;
        spool::measure(&mut bench)?;
        outage::measure(&mut bench)?;
        start::measure(&mut bench)?;
    }
    bench.adopt(&report::directory().join("stages.json"))?;
    bench.finish("summary.json")
}

/// The spool's rows alone.
pub(crate) fn spool(engine: PathBuf) -> Outcome {
    let steps = spool::STEPS + outage::STEPS + start::STEPS;
    let mut bench = Bench::new(engine, Field::Everybody, steps)?;
    spool::measure(&mut bench)?;
    outage::measure(&mut bench)?;
    start::measure(&mut bench)?;
    bench.finish("spool.json")
}

/// The rows of the list of devices alone.
pub(crate) fn registry(engine: PathBuf) -> Outcome {
    let mut bench = Bench::new(engine, Field::Everybody, registry::STEPS)?;
    registry::measure(&mut bench)?;
    bench.finish("registry.json")
}

/// Does every role work, in every format?
pub(crate) fn smoke(engine: PathBuf) -> Outcome {
    let mut bench = Bench::new(engine, Field::Everybody, smoke::STEPS)?;
    smoke::check(&mut bench)?;
    bench.finish("smoke.json")
}

/// Memory over five million messages, ten minutes without Kafka, a start with a full spool.
pub(crate) fn long(engine: PathBuf) -> Outcome {
    let steps = memory::STEPS + start::STEPS_LONG + outage::STEPS;
    let mut bench = Bench::new(engine, Field::Everybody, steps)?;
    start::measure_long(&mut bench)?;
    memory::measure_long(&mut bench)?;
    outage::measure_long(&mut bench)?;
    bench.finish("long.json")
}
