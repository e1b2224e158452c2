//! What the worst messages cost: 64, 128 and 256 KiB that are built to be slow, for every format.
//!
//! Time and memory of the largest have the bounds of docs/guarantees.md. That work grows as the
//! message does, and no faster, is shown by instructions under callgrind, which looks at the
//! decoding alone. Without valgrind that column is missing.

#[path = "bombs.rs"]
mod bombs;
mod measure;
#[path = "../throughput/report.rs"]
mod report;
#[path = "../throughput/terminal.rs"]
mod terminal;

use std::{process::ExitCode, sync::Arc};

use clap::Parser;
use trygg::{
    catalogue::Catalogue,
    decode::{Decoder, DecoderSettings, Format, Mapping, Positions, Requests},
};

use self::{
    bombs::Bomb,
    measure::{Cost, Counted},
    report::{Report, Row},
};

/// Whatever stops a bench is shown and ends it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
struct Arguments {
    /// This format only.
    #[arg(long)]
    only: Option<String>,
    /// Every message, and not only the worst.
    #[arg(long)]
    all: bool,
    /// Decodes all and prints nothing: what callgrind looks at.
    #[arg(long, hide = true)]
    counted: bool,
    /// Cargo passes this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Sizes of the messages, the largest being what `max_payload_bytes` lets in by default.
const SIZES: [usize; 3] = [64 * 1024, 128 * 1024, 256 * 1024];

const NANOS_MAX: f64 = 10e6;
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Most instructions of a message, as a multiple of those of one half as large.
const GROWTH_MAX: f64 = 2.3;

/// Fewer instructions say nothing of growth.
const INSTRUCTIONS_MIN: u64 = 200_000;

/// A decoder under its name.
type Named = (&'static str, Option<Format>, Decoder);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let only = arguments.only.as_deref();
    let outcome = if arguments.counted { run_counted(only) } else { run(only, arguments.all) };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("bounds: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Every decoder, set up to do all it can.
fn decoders(only: Option<&str>) -> Outcome<Vec<Named>> {
    let catalogue = Arc::new(Catalogue::builtin());
    let settings = DecoderSettings {
        zone: Some(jiff::tz::TimeZone::get("Europe/Stockholm")?),
        positions: Positions::Keep,
        requests: Requests::Allowed,
        ..DecoderSettings::new(&catalogue)
    };
    let mut decoders = Vec::new();
    for format in Format::ALL {
        decoders.push((format.name(), Some(format), Decoder::new(format, &settings)?));
    }
    let mapping = Mapping::new(&serde_json::from_str(bombs::MAPPING)?, &catalogue)?;
    decoders.push(("mapping", None, Decoder::Mapping(mapping)));
    decoders.retain(|(name, ..)| only.is_none_or(|only| only == *name));
    Ok(decoders)
}

fn bombs_of(format: Option<Format>, size: usize) -> Vec<Bomb> {
    format.map_or_else(|| bombs::of_mapping(size), |format| bombs::of(format, size))
}

fn run_counted(only: Option<&str>) -> Outcome {
    for (_, format, decoder) in decoders(only)? {
        for size in SIZES {
            bombs_of(format, size).iter().for_each(|bomb| measure::once(&decoder, bomb));
        }
    }
    Ok(())
}

/// What one kind of message costs, in the order of [`SIZES`].
struct Costs {
    name: String,
    largest: Cost,
    instructions: Vec<u64>,
}

impl Costs {
    /// The worse of the two ratios, where there is enough to be compared.
    fn growth(&self) -> f64 {
        let pairs = self.instructions.iter().zip(self.instructions.iter().skip(1));
        let pairs = pairs.filter(|(_, more)| **more >= INSTRUCTIONS_MIN);
        pairs.map(|(less, more)| float(*more) / float(*less)).fold(0.0, f64::max)
    }

    fn is_within(&self) -> bool {
        let Cost { nanos, bytes } = self.largest;
        nanos <= NANOS_MAX && bytes <= BYTES_MAX && self.growth() <= GROWTH_MAX
    }
}

fn run(only: Option<&str>, all: bool) -> Outcome {
    let mut report = Report::default();
    let mut beyond = 0;
    for (name, format, decoder) in decoders(only)? {
        let mut counted = Counted::of(name)?;
        let mut costs: Vec<Costs> = Vec::new();
        for size in SIZES {
            for (at, bomb) in bombs_of(format, size).into_iter().enumerate() {
                let largest = measure::cost(&decoder, &bomb, size == SIZES[2]);
                if at >= costs.len() {
                    costs.push(Costs { name: bomb.name, largest, instructions: Vec::new() });
                }
                if let Some(costs) = costs.get_mut(at) {
                    costs.largest = largest;
                    costs.instructions.extend(counted.next());
                }
            }
        }
        beyond += costs.iter().filter(|costs| !costs.is_within()).count();
        for costs in costs.iter().filter(|costs| all || !costs.is_within()) {
            terminal::report(&line(name, costs))?;
        }
        rows(name, &costs, &mut report);
    }
    terminal::report(report.table()?.trim_end())?;
    report.write(&report::directory().join("bounds.json"))?;
    if beyond == 0 { Ok(()) } else { Err(format!("{beyond} messages beyond their bounds").into()) }
}

fn line(name: &str, costs: &Costs) -> String {
    let Cost { nanos, bytes } = costs.largest;
    let instructions: Vec<String> =
        costs.instructions.iter().map(|count| format!("{:.2}", float(*count) / 1e6)).collect();
    let verdict = report::verdict(|| costs.is_within());
    format!(
        "{verdict} {name} {}: {:.2} ms, {} KiB, {} million instructions, growth {:.2}",
        costs.name,
        nanos / 1e6,
        bytes / 1024,
        instructions.join(" "),
        costs.growth(),
    )
}

/// The worst of a format.
fn rows(name: &str, costs: &[Costs], report: &mut Report) {
    type Figure = fn(&Costs) -> f64;
    let figures: [(&str, &'static str, f64, Figure); 3] = [
        ("time", "ms", NANOS_MAX / 1e6, |costs| costs.largest.nanos / 1e6),
        ("memory", "KiB", 4_096.0, |costs| float(costs.largest.bytes) / 1_024.0),
        ("growth", "x", GROWTH_MAX, Costs::growth),
    ];
    for (figure, unit, limit, value) in figures {
        let worst = costs.iter().max_by(|one, other| value(one).total_cmp(&value(other)));
        let Some(worst) = worst.filter(|worst| value(worst) > 0.0) else { continue };
        let verdict = report::verdict(|| value(worst) <= limit);
        let note = format!("{verdict} (at most {limit}); {} of {}", worst.name, costs.len());
        report.push(Row::new(format!("bounds.{name}.{figure}"), value(worst), unit, note));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
