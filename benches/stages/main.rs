//! What each stage of the pipeline costs on its own: nanoseconds, instructions, allocations.
//!
//! Leaves its rows in `target/bench/stages.json`, where the bench `throughput` takes them up.
//! Instructions are the difference between two run lengths under callgrind, so that start-up
//! and preparation cancel out.

mod body;
#[path = "../callgrind.rs"]
mod callgrind;
mod formats;
mod inputs;
mod link;
mod measure;
#[path = "../throughput/generator/payload.rs"]
mod payload;
mod pipeline;
#[path = "../throughput/progress.rs"]
mod progress;
mod registry;
#[path = "../throughput/report.rs"]
mod report;
mod stage;
#[path = "../throughput/terminal.rs"]
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use self::{
    inputs::Inputs,
    measure::Effort,
    progress::Progress,
    report::{Report, Row},
    stage::Stage,
};

/// Whatever stops a bench is shown and ends it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
struct Arguments {
    /// Hardly any repetitions: does every stage run?
    #[arg(long)]
    smoke: bool,
    /// Runs this stage `--count` times and prints nothing: what callgrind looks at.
    #[arg(long, value_enum, hide = true, requires = "count")]
    only: Option<Stage>,
    /// The same for a format.
    #[arg(long, hide = true, requires = "count")]
    format: Option<String>,
    /// The same for look-ups in a list of 500 000 devices.
    #[arg(long, hide = true, requires = "count")]
    look_up: Option<registry::Asked>,
    #[arg(long, hide = true)]
    count: Option<u64>,
    /// The rows of the decoders only.
    #[arg(long)]
    formats: bool,
    /// The rows of a list of 500 000 devices only.
    #[arg(long)]
    registry: bool,
    /// Cargo passes this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Outcome {
    if let Some(count) = arguments.count {
        return match (arguments.only, &arguments.format, arguments.look_up) {
            (Some(stage), _, _) => run_only(stage, count),
            (None, Some(format), _) => formats::body(format)?(count),
            (None, None, Some(asked)) => registry::body(asked)?(count),
            (None, None, None) => Err("nothing to count".into()),
        };
    }
    if arguments.registry {
        return run_registry();
    }
    let (effort, apart) = if arguments.smoke {
        (&measure::SMOKE, &measure::SMOKE_APART)
    } else {
        (&measure::FULL, &measure::FULL_APART)
    };
    if arguments.formats { run_formats(apart) } else { run_all(effort, apart) }
}

fn run_formats(effort: &Effort) -> Outcome {
    let mut report = Report::default();
    let mut progress = Progress::new(formats::CASES.len() as u64)?;
    formats::measure(&mut report, effort, &mut progress)?;
    progress.finish();
    terminal::report(report.table()?.trim_end())
}

fn run_only(stage: Stage, count: u64) -> Outcome {
    let inputs = Inputs::build(stage.format())?;
    body::of(stage, &inputs)?(count)
}

fn run_registry() -> Outcome {
    let mut report = Report::default();
    registry::measure(&mut report, &measure::FULL_APART)?;
    terminal::report(report.table()?.trim_end())
}

fn run_all(effort: &Effort, apart: &Effort) -> Outcome {
    let mut report = Report::default();
    let mut progress = Progress::new((Stage::ALL.len() + formats::CASES.len()) as u64)?;
    let mut allocating = Vec::new();
    for stage in Stage::ALL {
        progress.step(&stage.row());
        let inputs = Inputs::build(stage.format())?;
        let mut body = body::of(stage, &inputs)?;
        measure::warm_up(&mut body, effort)?;
        let before = measure::nanoseconds(&mut body, effort)?;
        let allocations = measure::allocations(&mut body, effort)?;
        let instructions = if (effort.counted)(stage) {
            measure::instructions(&["--only", &stage.argument()], effort)?
        } else {
            None
        };
        // Once more, seconds later: a machine may be slow for as long as all rounds take.
        let nanos = before.min(measure::nanoseconds(&mut body, effort)?);
        report.push(Row::new(stage.row(), nanos, "ns", note(stage, nanos, effort)));
        if let Some(count) = instructions {
            let name = format!("{}.instructions", stage.row());
            report.push(Row::new(name, count, "instructions", ""));
        }
        if stage.is_whole() {
            let verdict = report::verdict(|| allocations < measure::GROWTH);
            if allocations >= measure::GROWTH {
                allocating.push(stage.row());
            }
            let name = format!("{}.allocations", stage.row());
            let note = format!(
                "{verdict} (0 a message after warm-up); {:.0} in {}",
                allocations * float(effort.counted_over),
                effort.counted_over,
            );
            report.push(Row::new(name, allocations, "allocations", note));
        }
    }
    compare(&mut report);
    formats::measure(&mut report, apart, &mut progress)?;
    registry::measure(&mut report, apart)?;
    progress.finish();
    terminal::report(report.table()?.trim_end())?;
    report.write(&report::directory().join("stages.json"))?;
    if allocating.is_empty() {
        return Ok(());
    }
    // Unlike times this does not depend on the machine, so it is an error and not only a row.
    Err(format!("the hot path allocates: {}", allocating.join(", ")).into())
}

/// Most instructions a link may take with an idle spool, as a multiple of one without.
const IDLE_SPOOL: f64 = 1.03;

/// What a spool costs that is not needed.
fn compare(report: &mut Report) {
    for stage in Stage::ALL {
        let Some(without) = stage.without_spool() else { continue };
        let value = |stage: Stage| {
            let name = format!("{}.instructions", stage.row());
            report.rows.iter().find(|row| row.name == name).map(|row| row.value)
        };
        let (Some(with), Some(bare)) = (value(stage), value(without)) else { continue };
        let ratio = with / bare;
        let verdict = report::verdict(|| ratio <= IDLE_SPOOL);
        let note = format!("{verdict} (at most {IDLE_SPOOL}); {:+.2} %", (ratio - 1.0) * 100.0);
        let name = stage.row().replace("stage.link.auto", "ratio.auto.instructions");
        report.push(Row::new(name, ratio, "x", note));
    }
}

fn note(stage: Stage, nanos: f64, effort: &Effort) -> String {
    let about = format!("{}; min of 2 x {} rounds", stage.about(), effort.rounds);
    match stage.limit_ns() {
        Some(limit) => {
            format!("{} (at most {limit}); {about}", report::verdict(|| nanos <= limit))
        }
        None => about,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
