//! trygg's own JSON: one device report, or an array of them from a gateway.

mod key;
mod list;
mod series;

use std::{fmt, sync::Arc};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use self::{
    key::{Key, KeySeed},
    list::{Fields, List},
    series::SeriesOf,
};
use super::{
    decoded::{Decoded, DevicePart},
    entry::{Entry, EntryUnit},
    error::{DecodeError, NonReading, RefusalReason},
    json_text,
    meaning::{self, Meaning},
    scalar::{Scalar, With},
    sender,
    time::{self, DeviceTime, TimeFormat},
};
use crate::{
    catalogue::Catalogue,
    model::{KindId, ReportFlag},
};

/// Decoder of trygg's own JSON.
#[derive(Clone, Debug)]
pub struct Json {
    catalogue: Arc<Catalogue>,
}

const EXPECTED: &str = "an object with `readings` or `kind`, or an array of such objects";

impl Json {
    pub(super) fn new(catalogue: &Arc<Catalogue>) -> Self {
        Self { catalogue: Arc::clone(catalogue) }
    }

    pub(super) fn decode(
        &self,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        if json_text::body(payload).is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        let text = json_text::check(payload)?;
        let mut fault = None;
        let reports = Reports { catalogue: &self.catalogue, out, fault: &mut fault };
        let parsed = json_text::parse(text, reports, EXPECTED);
        match fault {
            Some(fault) => Err(fault),
            None => parsed.map(|()| None),
        }
    }
}

/// Top level, one report, the list of readings: all write to the same place. `fault` says why
/// it was stopped, which serde's error type cannot carry.
struct Reports<'d> {
    catalogue: &'d Catalogue,
    out: &'d mut Decoded,
    fault: &'d mut Option<DecodeError>,
}

impl Reports<'_> {
    fn again(&mut self) -> Reports<'_> {
        Reports { catalogue: self.catalogue, out: self.out, fault: self.fault }
    }

    fn stop<T, E: Error>(&mut self, result: Result<T, DecodeError>) -> Result<T, E> {
        result.map_err(|fault| {
            *self.fault = Some(fault);
            E::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for Reports<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reports<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut reports: A) -> Result<(), A::Error> {
        while reports.next_element_seed(Report(self.again()))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Report(self).visit_map(map)
    }
}

/// One device's report.
struct Report<'d>(Reports<'d>);

impl<'de> DeserializeSeed<'de> for Report<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Report<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(mut reports) = self;
        let room = reports.out.check_room();
        reports.stop(room)?;
        let mut part = DevicePart::begin(reports.out);
        let mut single = Fields::default();
        let (mut has_list, mut has_kind) = (false, false);
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Device => {
                    let name =
                        map.next_value_seed(With(|name| sender::name(&name, reports.out)))?;
                    part.name = reports.stop(name)?;
                }
                Key::Time => part.measured_at = map.next_value_seed(With(|time| time_of(&time)))?,
                Key::Sequence => {
                    part.sequence = map.next_value_seed(With(|count| sender::sequence(&count)))?;
                }
                Key::Historical => {
                    if meaning::state(&map.next_value()?) == Meaning::Value(true) {
                        part.flags.set(ReportFlag::Historical);
                    }
                }
                Key::Readings => {
                    has_list = true;
                    map.next_value_seed(List { reports: reports.again(), part: &mut part })?;
                }
                Key::Kind => {
                    has_kind = true;
                    single.kind = map.next_value_seed(With(|name| reports.kind(&name)))?;
                }
                Key::Value => single.value = Some(map.next_value()?),
                Key::Unit => single.unit = Some(map.next_value()?),
                Key::Series => {
                    single.series = Some(map.next_value_seed(SeriesOf(reports.again()))?);
                }
                Key::Channel => {
                    single.channel = Some(map.next_value_seed(With(|it| channel_of(&it)))?);
                }
                Key::Start
                | Key::PeriodUs
                | Key::PeriodMs
                | Key::RateHz
                | Key::Values
                | Key::Other => reports.skip(&mut map)?,
            }
        }
        if has_kind {
            reports.take(&single, &mut part)?;
        } else if !has_list {
            return reports.stop(Err(DecodeError::JsonShape { expected: EXPECTED }));
        }
        part.finish(reports.out);
        Ok(())
    }
}

impl Reports<'_> {
    fn skip<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>()?;
        self.out.unknown_keys += 1;
        Ok(())
    }

    fn refuse_shape<E: Error>(&mut self) -> Result<(), E> {
        let room = self.out.check_room();
        self.stop(room)?;
        self.out.refuse(None, RefusalReason::ReadingShape, None);
        Ok(())
    }

    fn take<E: Error>(&mut self, fields: &Fields<'_>, part: &mut DevicePart) -> Result<(), E> {
        let room = self.out.check_room();
        self.stop(room)?;
        let channel = match fields.channel.unwrap_or(Ok(0)) {
            Ok(channel) => channel,
            Err(reason) => {
                self.out.refuse(fields.kind, reason, None);
                return Ok(());
            }
        };
        let entry = Entry {
            kind: fields.kind,
            channel,
            series: fields.series,
            value: fields.value.as_ref(),
            unit: match &fields.unit {
                None | Some(Scalar::Null) => EntryUnit::Absent,
                Some(Scalar::Text(unit)) => EntryUnit::Is(unit),
                Some(
                    Scalar::Bool(_)
                    | Scalar::Unsigned(_)
                    | Scalar::Negative(_)
                    | Scalar::Float(_)
                    | Scalar::Nested,
                ) => EntryUnit::NoText,
            },
            measured_at: fields.time.unwrap_or(DeviceTime::Absent),
        };
        entry.take(self.catalogue, part, self.out);
        Ok(())
    }
}

impl Reports<'_> {
    fn kind(&self, name: &Scalar<'_>) -> Option<KindId> {
        match name {
            Scalar::Text(name) => self.catalogue.find(name),
            Scalar::Null
            | Scalar::Bool(_)
            | Scalar::Unsigned(_)
            | Scalar::Negative(_)
            | Scalar::Float(_)
            | Scalar::Nested => None,
        }
    }
}

/// A channel is a whole number; null is none.
fn channel_of(scalar: &Scalar<'_>) -> Result<u16, RefusalReason> {
    match scalar {
        Scalar::Null => Ok(0),
        Scalar::Unsigned(number) => u16::try_from(*number).map_err(|_| RefusalReason::ReadingShape),
        Scalar::Bool(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Text(_)
        | Scalar::Nested => Err(RefusalReason::ReadingShape),
    }
}

fn time_of(scalar: &Scalar<'_>) -> DeviceTime {
    time::read(scalar, TimeFormat::Auto)
}

#[cfg(test)]
mod tests;
