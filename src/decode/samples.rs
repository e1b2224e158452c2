//! Samples of a payload as a reading that is a series.

use super::{decoded::Decoded, error::RefusalReason, meaning::Meaning};
use crate::{
    catalogue::{Catalogue, Conversion, ValueType},
    model::{Flags, KindId, ReadingFlag, SeriesIx, UnixMicros, Value},
};

/// What is known of a series beside its samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Samples<'u> {
    pub(super) kind: KindId,
    pub(super) channel: u16,
    /// Stated unit; without one the kind's own is assumed.
    pub(super) unit: Option<&'u str>,
    pub(super) flags: Flags<ReadingFlag>,
}

/// Fastest sampling that is believed: one a microsecond.
const RATE_MAX: f64 = 1_000_000.0;

/// Microseconds between samples of so many a second.
pub(super) fn period_of_rate(hertz: f64) -> Option<u64> {
    (hertz > 0.0 && hertz <= RATE_MAX).then(|| 1_000_000.0 / hertz).and_then(period_of)
}

/// A time between samples in whole microseconds; a day at most.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be within a day"
)]
pub(super) fn period_of(micros: f64) -> Option<u64> {
    (0.0..=86_400_000_000.0).contains(&micros).then(|| micros.round() as u64)
}

impl Samples<'_> {
    /// Takes samples of which none was kept yet.
    pub(super) fn take(
        self,
        catalogue: &Catalogue,
        start: UnixMicros,
        period_us: u64,
        samples: impl Iterator<Item = f32>,
        out: &mut Decoded,
    ) {
        for sample in samples {
            if out.series.push(sample).is_err() {
                out.series.discard_open();
                out.refuse(Some(self.kind), RefusalReason::SeriesShape, None);
                return;
            }
        }
        match out.series.finish(start, period_us) {
            Ok(index) => self.take_kept(catalogue, index, out),
            Err(_) => out.refuse(Some(self.kind), RefusalReason::SeriesShape, None),
        }
    }

    /// Takes a series whose samples are kept as they were sent.
    pub(super) fn take_kept(self, catalogue: &Catalogue, index: SeriesIx, out: &mut Decoded) {
        match self.judge(catalogue, index, out) {
            Ok((flags, measured_at)) => {
                let meaning = Meaning::Value(Value::Series(index));
                out.take_in_channel(self.kind, self.channel, meaning, flags, Some(measured_at));
            }
            Err(reason) => out.refuse(Some(self.kind), reason, None),
        }
    }

    fn judge(
        self,
        catalogue: &Catalogue,
        index: SeriesIx,
        out: &mut Decoded,
    ) -> Result<(Flags<ReadingFlag>, UnixMicros), RefusalReason> {
        let kind = catalogue.get(self.kind);
        if kind.value_type != ValueType::Number {
            return Err(RefusalReason::ValueType);
        }
        let mut flags = self.flags;
        let conversion = match self.unit {
            Some(unit) if !unit.is_empty() => catalogue.conversion(self.kind, unit)?,
            Some(_) | None => {
                if !matches!(&*kind.unit, "" | "1") {
                    flags.set(ReadingFlag::UnitAssumed);
                }
                Conversion::IDENTITY
            }
        };
        let samples = out.series.samples_mut(index);
        for sample in samples.iter_mut() {
            *sample = narrowed(conversion.apply(f64::from(*sample)));
        }
        if samples.iter().any(|sample| !sample.is_finite()) {
            return Err(RefusalReason::NotFinite);
        }
        let series = out.series.get(index);
        // When the last sample was taken: the series as a whole is no older than that.
        let steps = u64::try_from(series.samples.len()).ok().and_then(|all| all.checked_sub(1));
        let steps = steps.ok_or(RefusalReason::SeriesShape)?;
        let length =
            steps.checked_mul(series.period_us).and_then(|length| i64::try_from(length).ok());
        let last = length.and_then(|length| series.start.0.checked_add(length));
        Ok((flags, UnixMicros(last.ok_or(RefusalReason::SeriesShape)?)))
    }
}

/// A sample as it is kept: seven digits are more than any sensor has.
#[expect(clippy::cast_possible_truncation, reason = "too large becomes infinite and is refused")]
pub(super) fn narrowed(number: f64) -> f32 {
    number as f32
}
