//! What a message costs: the engine beside two pumps that decode nothing.
//!
//! `cargo bench --bench throughput` measures everything, `-- smoke` only shows that every role
//! works, `-- long` watches the memory over millions of messages. The executable starts itself
//! again as generator, mock cluster and pump, so that each is a process with a CPU time of its
//! own.

mod engine;
mod filler;
mod generator;
mod mock_kafka;
mod process;
mod progress;
mod pump;
mod report;
mod role;
mod run;
mod scrape;
mod statistics;
mod suite;
mod terminal;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::{
    filler::FillerArgs, generator::GeneratorArgs, mock_kafka::KafkaArgs, pump::PumpArgs,
    suite::Field,
};

/// Whatever stops a bench is shown and ends it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// The engine to measure instead of the one built with the bench.
    #[arg(long, global = true)]
    engine: Option<PathBuf>,
    /// Cargo passes this to every bench.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Part {
    /// Every row, under ten minutes.
    Full,
    /// The rows of the two pumps only.
    Pumps,
    /// The rows of the spool only.
    Spool,
    /// The rows of the list of devices only.
    Registry,
    /// Every role, hardly any messages, under a minute.
    Smoke,
    /// Memory over five million messages, ten minutes without Kafka, a start with a full spool.
    Long,
    #[command(hide = true)]
    Generator(GeneratorArgs),
    #[command(hide = true)]
    MockKafka(KafkaArgs),
    #[command(hide = true)]
    Pump(PumpArgs),
    #[command(hide = true)]
    Filler(FillerArgs),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let engine = arguments.engine.unwrap_or_else(|| PathBuf::from(ENGINE));
    let outcome = match arguments.part.unwrap_or(Part::Full) {
        Part::Full => suite::full(engine, Field::Everybody),
        Part::Pumps => suite::full(engine, Field::Pumps),
        Part::Spool => suite::spool(engine),
        Part::Registry => suite::registry(engine),
        Part::Smoke => suite::smoke(engine),
        Part::Long => suite::long(engine),
        Part::Generator(args) => generator::run(args),
        Part::MockKafka(args) => mock_kafka::run(&args),
        Part::Pump(args) => pump::run(args),
        Part::Filler(args) => filler::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// `option_env` rather than `env`: the bench stays buildable on its own while the engine is not.
const ENGINE: &str = match option_env!("CARGO_BIN_EXE_trygg") {
    Some(path) => path,
    None => "trygg",
};

#[expect(clippy::cast_precision_loss, reason = "counts of a bench stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
