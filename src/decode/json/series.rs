//! The samples of a reading that is a series.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    Reports,
    key::{Key, KeySeed},
    time_of,
};
use crate::{
    decode::{
        DeviceTime,
        error::RefusalReason,
        meaning::{self, Meaning},
        samples::{narrowed, period_of, period_of_rate},
        scalar::{Scalar, With},
    },
    model::SeriesIx,
};

/// Visits of a value that is none of the right shape: it is refused, and its neighbours go on.
macro_rules! refuse_scalars {
    () => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Err(RefusalReason::SeriesShape))
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Err(RefusalReason::SeriesShape))
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Err(RefusalReason::SeriesShape))
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Err(RefusalReason::SeriesShape))
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Err(RefusalReason::SeriesShape))
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Err(RefusalReason::SeriesShape))
        }
    };
}

/// A series whose samples are kept, or why it cannot be.
pub(super) type Sent = Result<SeriesIx, RefusalReason>;

/// The value of `series`.
pub(super) struct SeriesOf<'d>(pub(super) Reports<'d>);

impl<'de> DeserializeSeed<'de> for SeriesOf<'_> {
    type Value = Sent;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Sent, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SeriesOf<'_> {
    type Value = Sent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sent, A::Error> {
        let Self(mut reports) = self;
        let mut start = DeviceTime::Absent;
        let mut periods = 0;
        let mut period_us = None;
        let mut samples = Err(RefusalReason::SeriesShape);
        let of_number = |scalar: &Scalar<'_>, period: fn(f64) -> Option<u64>| {
            scalar.plain_number().and_then(period)
        };
        while let Some(key) = map.next_key_seed(KeySeed)? {
            let period: fn(f64) -> Option<u64> = match key {
                Key::Start => {
                    start = map.next_value_seed(With(|time| time_of(&time)))?;
                    continue;
                }
                Key::Values => {
                    samples = map.next_value_seed(Values(reports.again()))?;
                    continue;
                }
                Key::PeriodUs => period_of,
                Key::PeriodMs => |millis| period_of(millis * 1_000.0),
                Key::RateHz => period_of_rate,
                Key::Device
                | Key::Time
                | Key::Sequence
                | Key::Historical
                | Key::Readings
                | Key::Kind
                | Key::Value
                | Key::Unit
                | Key::Channel
                | Key::Series
                | Key::Other => {
                    reports.skip(&mut map)?;
                    continue;
                }
            };
            periods += 1;
            period_us = map.next_value_seed(With(|number| of_number(&number, period)))?;
        }
        let series = &mut reports.out.series;
        let finished = match (samples, start, period_us) {
            (Ok(()), DeviceTime::At(start), Some(period_us)) if periods == 1 => {
                series.finish(start, period_us).map_err(|_| RefusalReason::SeriesShape)
            }
            (Err(reason), ..) => Err(reason),
            (Ok(()), ..) => Err(RefusalReason::SeriesShape),
        };
        if finished.is_err() {
            series.discard_open();
        }
        Ok(finished)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sent, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(RefusalReason::SeriesShape))
    }

    refuse_scalars!();
}

/// The list of samples. One bad sample spoils it: leaving it out would shift all later ones.
struct Values<'d>(Reports<'d>);

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Result<(), RefusalReason>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Result<(), RefusalReason>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of samples")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let series = &mut self.0.out.series;
        // The key may stand there twice; the last one counts.
        series.discard_open();
        let mut result = Ok(());
        while let Some(sample) =
            seq.next_element_seed(With(|sample| meaning::number(&sample, None)))?
        {
            let taken = match sample {
                Meaning::Value(sample) => {
                    series.push(narrowed(sample)).map_err(|_| RefusalReason::SeriesShape)
                }
                Meaning::Nothing => Err(RefusalReason::SeriesShape),
                Meaning::Refused(reason) => Err(reason),
            };
            result = result.and(taken);
        }
        Ok(result)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err(RefusalReason::SeriesShape))
    }

    refuse_scalars!();
}
