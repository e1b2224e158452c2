//! One reading of trygg's own formats: kind, value, unit and time side by side.

use super::{
    decoded::{Decoded, DevicePart},
    error::RefusalReason,
    meaning::{self, Meaning},
    samples::Samples,
    scalar::Scalar,
    time::DeviceTime,
};
use crate::{
    catalogue::{Catalogue, ValueType},
    model::{Flags, KindId, ReadingFlag, ReportFlag, SeriesIx, UnixMicros, Value},
};

/// One reading as a payload gives it.
pub(super) struct Entry<'a> {
    /// Its kind, if there is one of that name.
    pub(super) kind: Option<KindId>,
    /// Which of several of the kind; 0: there is one.
    pub(super) channel: u16,
    /// Samples in place of a value.
    pub(super) series: Option<Result<SeriesIx, RefusalReason>>,
    /// `None`: not given, which is all an event needs.
    pub(super) value: Option<&'a Scalar<'a>>,
    pub(super) unit: EntryUnit<'a>,
    pub(super) measured_at: DeviceTime,
}

/// The unit beside a value.
#[derive(Clone, Copy)]
pub(super) enum EntryUnit<'a> {
    /// Not given, so the kind's own is meant.
    Absent,
    /// The kind's own.
    Own,
    /// This one.
    Is(&'a str),
    /// Given as something that is no text.
    NoText,
}

impl Entry<'_> {
    /// Judges the entry and puts it where it belongs.
    pub(super) fn take(&self, catalogue: &Catalogue, part: &mut DevicePart, out: &mut Decoded) {
        let Some(kind) = self.kind else {
            out.refuse(None, RefusalReason::KindUnknown, None);
            return;
        };
        let measured_at = match self.measured_at {
            DeviceTime::At(time) => Some(time),
            DeviceTime::Absent => None,
            DeviceTime::Unreadable => {
                part.flags.set(ReportFlag::ClockUnreadable);
                None
            }
        };
        if let Some(series) = self.series {
            let taken = self.take_series(catalogue, kind, series, measured_at, out);
            return taken.unwrap_or_else(|reason| out.refuse(Some(kind), reason, None));
        }
        let value_type = catalogue.get(kind).value_type;
        let meaning = match (self.value, value_type) {
            (Some(scalar), _) => meaning::of(catalogue, kind, scalar),
            (None, ValueType::Event) => Meaning::Value(Value::Event),
            (None, ValueType::Number | ValueType::State | ValueType::Category) => {
                Meaning::Refused(RefusalReason::ValueMissing)
            }
        };
        let (meaning, flags) = match meaning {
            Meaning::Value(value) => match in_own_unit(catalogue, kind, value, self.unit) {
                Ok((value, flags)) => (Meaning::Value(value), flags),
                Err(reason) => (Meaning::Refused(reason), Flags::default()),
            },
            Meaning::Nothing | Meaning::Refused(_) => (meaning, Flags::default()),
        };
        out.take_in_channel(kind, self.channel, meaning, flags, measured_at);
    }

    /// A series is as old as its last sample, unless the entry has a time of its own.
    fn take_series(
        &self,
        catalogue: &Catalogue,
        kind: KindId,
        series: Result<SeriesIx, RefusalReason>,
        measured_at: Option<UnixMicros>,
        out: &mut Decoded,
    ) -> Result<(), RefusalReason> {
        let index = series?;
        let unit = match self.unit {
            EntryUnit::Absent => None,
            EntryUnit::Own => Some(&*catalogue.get(kind).unit),
            EntryUnit::Is(unit) => Some(unit),
            EntryUnit::NoText => return Err(RefusalReason::UnitUnknown),
        };
        if self.value.is_some() {
            return Err(RefusalReason::SeriesShape);
        }
        let before = out.readings.len();
        let samples = Samples { kind, channel: self.channel, unit, flags: Flags::default() };
        samples.take_kept(catalogue, index, out);
        if let (Some(own), Some(taken)) = (measured_at, out.readings.get_mut(before)) {
            taken.measured_at = Some(own);
        }
        Ok(())
    }
}

fn in_own_unit(
    catalogue: &Catalogue,
    kind: KindId,
    value: Value,
    unit: EntryUnit<'_>,
) -> Result<(Value, Flags<ReadingFlag>), RefusalReason> {
    let none = Flags::default();
    match (value, unit) {
        (_, EntryUnit::NoText) => Err(RefusalReason::UnitUnknown),
        (Value::Number(_), EntryUnit::Absent | EntryUnit::Is("")) => {
            let has_unit = !matches!(&*catalogue.get(kind).unit, "" | "1");
            Ok((value, if has_unit { none.with(ReadingFlag::UnitAssumed) } else { none }))
        }
        (Value::Number(number), EntryUnit::Is(unit)) => {
            let number = catalogue.conversion(kind, unit)?.apply(number);
            Ok((Value::Number(number), none))
        }
        (_, EntryUnit::Own)
        | (
            Value::State(_) | Value::Category(_) | Value::Event | Value::Series(_),
            EntryUnit::Absent | EntryUnit::Is("" | "1"),
        ) => Ok((value, none)),
        (
            Value::State(_) | Value::Category(_) | Value::Event | Value::Series(_),
            EntryUnit::Is(_),
        ) => Err(RefusalReason::UnitMismatch),
    }
}
