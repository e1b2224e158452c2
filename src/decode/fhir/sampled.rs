//! `SampledData`: a waveform as one text of numbers.

use super::observation::later;
use crate::{
    catalogue::Catalogue,
    decode::{
        decoded::Decoded,
        error::{DecodeError, RefusalReason},
        json_tree::At,
        samples::{Samples, narrowed, period_of},
        term::Term,
    },
    model::{Flags, UnixMicros, series::SAMPLES_MAX},
};

/// A waveform of a kind that begins somewhere.
pub(super) struct Sampled<'v> {
    pub(super) term: &'v Term,
    pub(super) start: Option<UnixMicros>,
}

/// Points measured at each time, axes of an accelerometer or leads of an electrocardiogram.
const DIMENSIONS_MAX: usize = 16;

impl Sampled<'_> {
    /// Takes every dimension as a series; a gap in the numbers ends one and begins the next.
    pub(super) fn take(
        &self,
        catalogue: &Catalogue,
        at: At<'_, '_>,
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let wave = self.start.zip(Wave::of(at));
        let Some((start, wave)) = wave else {
            out.refuse(Some(self.term.kind), RefusalReason::SeriesShape, None);
            return Ok(());
        };
        let origin = at.get("origin");
        let unit = origin.and_then(|origin| origin.get("code").or_else(|| origin.get("unit")));
        for dimension in 0..wave.dimensions {
            let samples = wave.samples.iter().skip(dimension).step_by(wave.dimensions);
            let samples: Vec<Option<f32>> = samples.copied().collect();
            let mut position = 0_u64;
            for run in samples.split(Option::is_none) {
                let began = wave.period_us.checked_mul(position).and_then(|at| later(start, at));
                position += u64::try_from(run.len()).unwrap_or(0) + 1;
                if run.is_empty() {
                    continue;
                }
                out.check_room()?;
                let Some(began) = began else {
                    out.refuse(Some(self.term.kind), RefusalReason::SeriesShape, None);
                    continue;
                };
                let series = Samples {
                    kind: self.term.kind,
                    channel: wave.channel(dimension),
                    unit: unit.and_then(At::text),
                    flags: Flags::default(),
                };
                series.take(catalogue, began, wave.period_us, run.iter().flatten().copied(), out);
            }
        }
        Ok(())
    }
}

/// A waveform as sent. A sample that is none: out of the device's limits, or an error.
struct Wave {
    period_us: u64,
    dimensions: usize,
    samples: Vec<Option<f32>>,
}

impl Wave {
    fn of(at: At<'_, '_>) -> Option<Self> {
        let number = |key| at.get(key).and_then(At::number);
        let origin = at.path(&["origin", "value"]).and_then(At::number)?;
        let factor = number("factor").unwrap_or(1.0);
        // Release 5 has an interval with a unit in place of the period in milliseconds.
        let period = match (number("period"), number("interval")) {
            (Some(period), _) => period * 1_000.0,
            (None, Some(interval)) => interval * micros_of(at.get("intervalUnit")?.text()?)?,
            (None, None) => return None,
        };
        let period_us = period_of(period).filter(|period| *period > 0)?;
        let dimensions = at.get("dimensions").map_or(Some(1.0), At::number)?;
        let dimensions = (1..=DIMENSIONS_MAX).find(|all| exactly(*all, dimensions))?;
        let mut samples = Vec::new();
        for word in at.get("data").and_then(At::text)?.split_ascii_whitespace() {
            if samples.len() >= SAMPLES_MAX {
                return None;
            }
            samples.push(match word {
                "E" | "U" | "L" => None,
                _ => Some(narrowed(origin + factor * word.parse::<f64>().ok()?)),
            });
        }
        let is_whole =
            samples.len().is_multiple_of(dimensions) && samples.iter().any(Option::is_some);
        is_whole.then_some(Self { period_us, dimensions, samples })
    }

    fn channel(&self, dimension: usize) -> u16 {
        if self.dimensions == 1 { 0 } else { u16::try_from(dimension + 1).unwrap_or(0) }
    }
}

fn exactly(count: usize, number: f64) -> bool {
    u32::try_from(count).is_ok_and(|count| f64::from(count).to_bits() == number.to_bits())
}

fn micros_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "min" => 60e6,
        "h" => 3_600e6,
        _ => return None,
    })
}
