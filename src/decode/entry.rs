//! One reading of trygg's own formats: kind, value, unit and time side by side.

use super::{
    decoded::{Decoded, DevicePart},
    error::RefusalReason,
    meaning::{self, Meaning},
    scalar::Scalar,
    time::DeviceTime,
};
use crate::{
    catalogue::{Catalogue, ValueType},
    model::{Flags, KindId, ReadingFlag, ReportFlag, Value},
};

/// One reading as a payload gives it.
pub(super) struct Entry<'a> {
    /// Its kind, if there is one of that name.
    pub(super) kind: Option<KindId>,
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
        out.take(kind, meaning, flags, measured_at);
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
