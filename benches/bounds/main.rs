//! What the worst messages cost: 64, 128 and 256 KiB that are built to be slow, for every format.
//!
//! Time and memory are those of the largest. That work grows as the message does, and no faster, is
//! shown by the instructions of the slowest of them under callgrind, which looks at the decoding
//! alone; without valgrind that row is missing.

#[path = "bombs.rs"]
mod bombs;
#[path = "../callgrind.rs"]
mod callgrind;
mod measure;
mod parcel;
#[path = "../throughput/report.rs"]
mod report;
#[path = "../throughput/terminal.rs"]
mod terminal;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use trygg::{
    catalogue::Catalogue,
    decode::{Decoder, DecoderSettings, Format, Mapping, Positions, Requests},
};

use self::{
    bombs::Bomb,
    measure::Cost,
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
    /// Smaller messages, and no verdict: does every decoder come back?
    #[arg(long)]
    smoke: bool,
    /// Decodes the messages of a file once and prints nothing: what callgrind looks at.
    #[arg(long, hide = true, requires = "only")]
    counted: Option<PathBuf>,
    /// Cargo passes this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What `max_payload_bytes` lets in by default.
const SIZE_MAX: usize = 256 * 1024;

const NANOS_MAX: f64 = 10e6;
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Most instructions of messages, as a multiple of those of halves as large.
const GROWTH_MAX: f64 = 2.3;
/// The slowest of a format, whose instructions are counted.
const COUNTED: usize = 12;

/// One of the figures of a message.
type Figure = fn(&Cost) -> f64;

/// A decoder under its name.
type Named = (&'static str, Option<Format>, Decoder);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let only = arguments.only.as_deref();
    let outcome = match &arguments.counted {
        Some(path) => run_counted(only, path),
        None if arguments.smoke => run_smoke(only),
        None => run(only, arguments.all),
    };
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

fn run_counted(only: Option<&str>, path: &Path) -> Outcome {
    let bombs = parcel::read(path)?;
    for (_, _, decoder) in decoders(only)? {
        for bomb in &bombs {
            measure::once(&decoder, bomb);
        }
    }
    Ok(())
}

fn run_smoke(only: Option<&str>) -> Outcome {
    let mut count = 0_usize;
    for (_, format, decoder) in decoders(only)? {
        for bomb in &bombs_of(format, SIZE_MAX / 16) {
            measure::once(&decoder, bomb);
            count += 1;
        }
    }
    terminal::report(&format!("bounds: {count} messages"))
}

fn run(only: Option<&str>, all: bool) -> Outcome {
    let mut report = Report::default();
    let mut beyond = 0;
    for (name, format, decoder) in decoders(only)? {
        let mut costs = Vec::new();
        for bomb in bombs_of(format, SIZE_MAX) {
            costs.push((measure::cost(&decoder, &bomb), bomb.name));
        }
        let is_within = |cost: &Cost| cost.nanos <= NANOS_MAX && cost.bytes <= BYTES_MAX;
        for (cost, bomb) in costs.iter().filter(|(cost, _)| all || !is_within(cost)) {
            let verdict = report::verdict(|| is_within(cost));
            let (millis, kib) = (cost.nanos / 1e6, cost.bytes / 1024);
            terminal::report(&format!("{verdict} {name} {bomb}: {millis:.2} ms, {kib} KiB"))?;
        }
        beyond += costs.iter().filter(|(cost, _)| !is_within(cost)).count();
        let figures: [(&str, &'static str, f64, Figure); 2] = [
            ("time", "ms", NANOS_MAX / 1e6, |cost| cost.nanos / 1e6),
            ("memory", "KiB", float(BYTES_MAX) / 1_024.0, |cost| float(cost.bytes) / 1_024.0),
        ];
        for (figure, unit, limit, value) in figures {
            let worst =
                costs.iter().max_by(|(one, _), (other, _)| value(one).total_cmp(&value(other)));
            let Some((cost, bomb)) = worst else { continue };
            let verdict = report::verdict(|| value(cost) <= limit);
            let note = format!("{verdict} (at most {limit}); {bomb}, of {}", costs.len());
            report.push(Row::new(format!("bounds.{name}.{figure}"), value(cost), unit, note));
        }
        costs.sort_by(|(one, _), (other, _)| other.nanos.total_cmp(&one.nanos));
        costs.truncate(COUNTED);
        let slowest: Vec<&str> = costs.iter().map(|(_, bomb)| bomb.as_str()).collect();
        if let Some(growth) = growth((name, format), &slowest, &mut report)? {
            beyond += usize::from(growth > GROWTH_MAX);
        }
    }
    terminal::report(report.table()?.trim_end())?;
    report.write(&report::directory().join("bounds.json"))?;
    if beyond == 0 { Ok(()) } else { Err(format!("{beyond} beyond their bounds").into()) }
}

/// How many times more instructions messages take that are twice as large.
fn growth(
    (name, format): (&str, Option<Format>),
    slowest: &[&str],
    report: &mut Report,
) -> Outcome<Option<f64>> {
    let mut counts = Vec::new();
    for size in [SIZE_MAX / 4, SIZE_MAX / 2, SIZE_MAX] {
        let mut bombs = bombs_of(format, size);
        bombs.retain(|bomb| slowest.contains(&bomb.name.as_str()));
        let bombs: Vec<&Bomb> = bombs.iter().collect();
        counts.extend(measure::instructions(name, &bombs)?.map(float));
    }
    let pairs = counts.iter().zip(counts.iter().skip(1));
    let Some(growth) = pairs.map(|(less, more)| more / less).reduce(f64::max) else {
        return Ok(None);
    };
    let verdict = report::verdict(|| growth <= GROWTH_MAX);
    let millions: Vec<String> = counts.iter().map(|count| format!("{:.1}", count / 1e6)).collect();
    let millions = millions.join(", ");
    let slowest = format!("the {} slowest", slowest.len());
    let note = format!("{verdict} (at most {GROWTH_MAX}); {slowest}: {millions} million");
    report.push(Row::new(format!("bounds.{name}.growth"), growth, "x", note));
    Ok(Some(growth))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a bench stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}
