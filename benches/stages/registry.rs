//! A list of 500 000 devices: reading it, its memory, and looking devices up.

use std::{fmt::Write as _, hint::black_box, sync::Arc};

use clap::ValueEnum;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use tokio::time::Instant;
use trygg::{
    catalogue::Catalogue,
    registry::{Identity, Limits, Origin, Registry, Resolution, Resolver, UnknownDevices},
};

use crate::{
    Outcome,
    body::Body,
    measure::{self, Effort},
    report::{self, Report, Row},
};

const DEVICES: usize = 500_000;
/// Under callgrind: how many there are makes no difference to instructions.
const COUNTED_DEVICES: usize = 20_000;
const DEVICES_PER_HOME: usize = 20;
/// Those that are asked for again and again.
const HOT: usize = 1_000;
/// Look-ups of a round.
const ROUND: usize = 1_000;

const LOAD_MS: f64 = 1_000.0;
const RANDOM_NS: f64 = 600.0;
const HOT_NS: f64 = 100.0;

/// Who is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Asked {
    /// Any device.
    Random,
    /// One of few.
    Hot,
}

impl Asked {
    fn row(self) -> &'static str {
        match self {
            Self::Random => "registry.random",
            Self::Hot => "registry.hot",
        }
    }

    fn argument(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Hot => "hot",
        }
    }

    fn limit_ns(self) -> f64 {
        match self {
            Self::Random => RANDOM_NS,
            Self::Hot => HOT_NS,
        }
    }

    fn of(self, names: &[Names]) -> Outcome<&[Names]> {
        match self {
            Self::Random => Ok(names),
            Self::Hot => Ok(names.get(..HOT).ok_or("too few names")?),
        }
    }
}

/// Captured home and device.
type Names = (String, String);

pub(crate) fn measure(report: &mut Report, effort: &Effort) -> Outcome {
    let (text, mut names) = list(DEVICES)?;
    let catalogue = Catalogue::builtin();
    let load = || Registry::from_csv(&text, "bench", &Identity::ClearNames, &catalogue);
    let mut least = f64::INFINITY;
    let mut registry = Registry::default();
    for _ in 0..3 {
        let begin = Instant::now();
        registry = load()?;
        least = least.min(begin.elapsed().as_secs_f64() * 1e3);
    }
    let verdict = report::verdict(|| least <= LOAD_MS);
    let note = format!("{verdict} (at most {LOAD_MS}); {DEVICES} lines of CSV, min of 3");
    report.push(Row::new("registry.load", least, "ms", note));
    let bytes = crate::float(registry.bytes() as u64);
    let mib = format!("{:.1} MiB; {DEVICES} devices, 25 000 homes", bytes / 1024.0 / 1024.0);
    report.push(Row::new(
        "registry.bytes_a_device",
        bytes / crate::float(DEVICES as u64),
        "B",
        mib,
    ));

    names.shuffle(&mut StdRng::seed_from_u64(2026));
    let mut resolver = resolver(registry);
    for asked in [Asked::Random, Asked::Hot] {
        let names = asked.of(&names)?;
        let before = look_up(&mut resolver, names, effort)?;
        let arguments = ["--look-up", asked.argument()];
        let instructions = measure::instructions(&arguments, effort)?;
        // Once more, seconds later, as with the stages.
        let nanos = before.min(look_up(&mut resolver, names, effort)?);
        let limit = asked.limit_ns();
        let verdict = report::verdict(|| nanos <= limit);
        let note = format!("{verdict} (at most {limit}); one of {} devices", names.len());
        report.push(Row::new(asked.row(), nanos, "ns", note));
        if let Some(count) = instructions {
            let name = format!("{}.instructions", asked.row());
            report.push(Row::new(name, count, "instructions", "a look-up"));
        }
    }
    Ok(())
}

/// Look-ups, one after the other.
pub(crate) fn body(asked: Asked) -> Outcome<Body<'static>> {
    let (text, mut names) = list(COUNTED_DEVICES)?;
    names.shuffle(&mut StdRng::seed_from_u64(2026));
    let catalogue = Catalogue::builtin();
    let registry = Registry::from_csv(&text, "bench", &Identity::ClearNames, &catalogue)?;
    let mut resolver = resolver(registry);
    Ok(Box::new(move |count| {
        for (_, (home, device)) in (0..count).zip(asked.of(&names)?.iter().cycle()) {
            let Resolution::Known(index) = resolver.resolve(Some(home), device) else {
                return Err("a device is not found".into());
            };
            black_box(resolver.fragment(index));
        }
        Ok(())
    }))
}

fn list(devices: usize) -> Outcome<(String, Vec<Names>)> {
    let mut text = "device,source_home,home,room,id,interval,consent\n".to_owned();
    let mut names = Vec::with_capacity(devices);
    for device in 0..devices {
        let home = device / DEVICES_PER_HOME;
        let address = 0x0015_8d00_0000_0000_u64 + device as u64 * 0x1_0003;
        writeln!(text, "{address:#018x},h{home:05},home-{home},kitchen,d-{device},30m,all")?;
        names.push((format!("h{home:05}"), format!("{address:#018x}")));
    }
    Ok((text, names))
}

fn resolver(registry: Registry) -> Resolver {
    let origin = Origin {
        link: "bench".into(),
        tenant: "bench".into(),
        engine: "bench",
        identity: Identity::ClearNames,
        unknown: UnknownDevices::Accept,
    };
    Resolver::new(Arc::new(registry), origin, Limits::default())
}

/// Fastest round.
fn look_up(resolver: &mut Resolver, names: &[Names], effort: &Effort) -> Outcome<f64> {
    let mut least = f64::INFINITY;
    let mut asked = names.iter().cycle();
    for _ in 0..effort.rounds {
        let round: Vec<Names> = asked.by_ref().take(ROUND.min(names.len())).cloned().collect();
        // Names are at hand, as they are after decoding; what is measured is the look-up.
        black_box(round.iter().map(|(home, device)| home.len() + device.len()).sum::<usize>());
        let begin = Instant::now();
        for (home, device) in &round {
            let Resolution::Known(index) = resolver.resolve(Some(home), device) else {
                return Err("a device is not found".into());
            };
            black_box(resolver.fragment(index));
        }
        least = least.min(begin.elapsed().as_secs_f64() * 1e9 / crate::float(round.len() as u64));
    }
    Ok(least)
}
