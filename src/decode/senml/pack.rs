//! The pack: records resolved one after the other, with the base fields that hold for them.

use std::borrow::Cow;

use super::{
    SenMl,
    met::{Meant, Met},
    name::{Name, Parts},
    record::{Given, Label, Record, Usual},
};
use crate::{
    decode::{
        decoded::{Decoded, DeviceName, DevicePart, READINGS_MAX},
        error::{DecodeError, NonReading, RefusalReason},
        meaning::Meaning,
        position::Judged,
        scalar::Scalar,
        term::Term,
        time::{self, DeviceTime},
        vocabulary::{Word, WordIx},
    },
    model::{Flags, KindId, ReadingFlag, ReportFlag, UnixMicros, Value},
};

/// Bytes a base name may have, which is the most of a device's name, and a base unit.
const BASE_MAX: usize = 256;

/// Records of a pack that are looked at, those that say nothing included.
const RECORDS_MAX: usize = 16 * 1024;

/// A unit nobody has, in place of one longer than any.
const NO_UNIT: &str = "?";

/// A sum below it, in seconds, is meant from now on and not since 1970.
const ABSOLUTE: f64 = 268_435_456.0;

/// See the module.
pub(super) struct Pack<'d, 'a> {
    senml: &'d SenMl,
    received: UnixMicros,
    met: Option<&'d mut Met>,
    out: &'d mut Decoded,
    part: Option<DevicePart>,
    base_name: Cow<'a, str>,
    /// Its own letters are those of a name.
    is_base_legal: bool,
    base_unit: Cow<'a, str>,
    base_time: f64,
    /// `None` where none was given, which is another thing than zero: it is a value alone, too.
    base_value: Option<f64>,
    has_position: bool,
    records: usize,
}

/// What a record's name and unit say it is.
enum Found<'s> {
    /// A measurement, and whether the last part of the name says so.
    Term(WordIx, &'s Term, Named),
    NoReading,
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    ByName,
    ByUnit,
}

impl<'d, 'a> Pack<'d, 'a> {
    pub(super) fn begin(
        senml: &'d SenMl,
        received: UnixMicros,
        met: Option<&'d mut Met>,
        out: &'d mut Decoded,
    ) -> Self {
        Self {
            senml,
            received,
            met,
            out,
            part: None,
            base_name: Cow::Borrowed(""),
            is_base_legal: true,
            base_unit: Cow::Borrowed(""),
            base_time: 0.0,
            base_value: None,
            has_position: false,
            records: 0,
        }
    }

    /// Takes over what holds for this record and all that follow. It is looked at once, however
    /// long it is.
    fn rebase(&mut self, record: &mut Record<'a>) -> Result<(), DecodeError> {
        self.base_time = record.base_time.unwrap_or(self.base_time);
        self.base_value = record.base_value.or(self.base_value);
        if let Some(name) = record.base_name.take() {
            if name.len() > BASE_MAX {
                return Err(DecodeError::DeviceNameTooLong { limit: BASE_MAX });
            }
            self.is_base_legal = Name { base: &name, own: "" }.is_legal();
            self.base_name = name;
        }
        if let Some(unit) = record.base_unit.take() {
            self.base_unit = if unit.len() > BASE_MAX { Cow::Borrowed(NO_UNIT) } else { unit };
        }
        Ok(())
    }

    /// Resolves a record and takes what it measures.
    pub(super) fn take(&mut self, record: &mut Record<'a>) -> Result<(), DecodeError> {
        self.count()?;
        let is_base_only = record.is_base_only();
        self.rebase(record)?;
        self.out.unknown_keys = self.out.unknown_keys.saturating_add(record.unknown);
        if is_base_only && record.time.is_none() {
            return Ok(());
        }
        self.out.check_room()?;
        let base = self.base_name.clone();
        let whole = Name { base: &base, own: record.name.as_deref().unwrap_or_default() };
        if record.is_misshapen || record.values > 1 || !self.is_legal(whole) {
            self.out.refuse(None, RefusalReason::ReadingShape, None);
            return Ok(());
        }
        let base_unit = self.base_unit.clone();
        let unit = record.unit.as_deref().unwrap_or(&base_unit);
        let parts = whole.parts();
        let is_boolean = matches!(record.value, Some(Given::Scalar(Label::BooleanValue, _)));
        let (word, term, named) = match self.find(parts, is_boolean, unit) {
            Found::Term(word, term, named) => (word, term, named),
            Found::NoReading => return Ok(()),
            Found::Unknown => {
                self.out.unknown_keys = self.out.unknown_keys.saturating_add(1);
                return Ok(());
            }
        };
        let scalar = match record.value.take() {
            Some(Given::Scalar(label, scalar)) => self.based(label, scalar),
            Some(Given::Data) => {
                self.out.refuse(Some(term.kind), RefusalReason::TypeUnsupported, None);
                return Ok(());
            }
            // A sum over time, of which no kind is.
            None if record.has_sum => {
                self.out.unknown_keys = self.out.unknown_keys.saturating_add(1);
                return Ok(());
            }
            // What is missing counts as zero where there is the other.
            None => {
                let Some(base) = self.base_value else {
                    self.out.refuse(Some(term.kind), RefusalReason::ValueMissing, None);
                    return Ok(());
                };
                Scalar::Float(base)
            }
        };
        let device = match named {
            Named::ByName => parts.without_last(),
            Named::ByUnit => whole.trimmed(),
        };
        let measured_at = self.time(record.time.unwrap_or(0.0));
        let stated = (!unit.is_empty()).then(|| self.senml.spelling(unit, term.kind));
        let read = term.read(&self.senml.catalogue, &scalar, stated);
        self.settle(term.kind, read, device, measured_at)?;
        if let (false, Some(stated), Some(met)) = (is_boolean, stated, &mut self.met)
            && let Some(conversion) = term.conversion_from(&self.senml.catalogue, stated)
        {
            let of_device = device.own.len();
            met.note(whole.own, unit, Meant { word, conversion, of_device });
        }
        Ok(())
    }

    /// Takes a record of a name and a unit that came before; false if they did not.
    pub(super) fn take_met(&mut self, record: &Usual<'a>) -> Result<bool, DecodeError> {
        let unit = record.unit.unwrap_or(self.base_unit.as_bytes());
        let met = self.met.as_ref().and_then(|met| met.find(record.name, unit));
        let (true, Some(meant)) = (self.is_base_legal, met) else { return Ok(false) };
        let Some(Word::Term(term)) = self.senml.keys.word(meant.word) else { return Ok(false) };
        self.count()?;
        self.out.check_room()?;
        let scalar = self.based(Label::Value, record.value.clone());
        let read = term.read_in(&self.senml.catalogue, &scalar, meant.conversion);
        let own = record.name.get(..meant.of_device).unwrap_or_default();
        let base = self.base_name.clone();
        let device = match str::from_utf8(own) {
            Ok("") | Err(_) => Name { base: &base, own: "" }.trimmed(),
            Ok(own) => Name { base: &base, own },
        };
        self.settle(term.kind, (read, Flags::default()), device, self.time(record.time))?;
        Ok(true)
    }

    fn count(&mut self) -> Result<(), DecodeError> {
        self.records += 1;
        if self.records > RECORDS_MAX {
            return Err(DecodeError::TooManyReadings { limit: READINGS_MAX });
        }
        Ok(())
    }

    fn settle(
        &mut self,
        kind: KindId,
        (meaning, flags): (Meaning<Value>, Flags<ReadingFlag>),
        device: Name<'_>,
        measured_at: DeviceTime,
    ) -> Result<(), DecodeError> {
        match self.senml.positions.judge(kind, meaning) {
            Judged::Kept(meaning) => {
                let is_readable = self.device(device, measured_at)?;
                self.out.take(kind, meaning, flags, is_readable);
            }
            Judged::Discarded => self.has_position = true,
        }
        Ok(())
    }

    fn is_legal(&self, name: Name<'_>) -> bool {
        if name.base.is_empty() { name.is_legal() } else { self.is_base_legal && name.goes_on() }
    }

    /// The name goes first, then the unit.
    fn find(&self, name: Parts<'_>, is_boolean: bool, unit: &str) -> Found<'d> {
        let keys = &self.senml.keys;
        let of_two = name.last_two().and_then(|two| keys.typed(two, is_boolean));
        let by_name = of_two.or_else(|| keys.named(name.last(), is_boolean));
        let by_unit = || self.senml.by_unit.get(unit).map(|word| (*word, Named::ByUnit));
        let Some((word, named)) = by_name.map(|word| (word, Named::ByName)).or_else(by_unit) else {
            return Found::Unknown;
        };
        match keys.word(word) {
            Some(Word::Term(term)) => Found::Term(word, term, named),
            Some(Word::NoReading) | None => Found::NoReading,
        }
    }

    /// The value with the base value added.
    fn based<'v>(&self, label: Label, scalar: Scalar<'v>) -> Scalar<'v> {
        match (scalar.plain_number(), self.base_value) {
            (Some(number), Some(base)) if label == Label::Value => Scalar::Float(number + base),
            (Some(_) | None, _) => scalar,
        }
    }

    /// When a record was measured. Zero is now, which the sender's clock says nothing about.
    fn time(&self, own: f64) -> DeviceTime {
        let sum = self.base_time + own;
        if sum == 0.0 {
            return DeviceTime::Absent;
        }
        let micros = (sum * 1e6).round();
        if !micros.is_finite() {
            return DeviceTime::Unreadable;
        }
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and that is out of range")]
        let micros = micros as i64;
        if sum >= ABSOLUTE {
            time::micros(micros)
        } else {
            time::micros(self.received.0.saturating_add(micros))
        }
    }

    /// Makes the device the one whose readings are taken; its record's time is returned.
    fn device(
        &mut self,
        name: Name<'_>,
        measured_at: DeviceTime,
    ) -> Result<Option<UnixMicros>, DecodeError> {
        let is_same = self.part.as_ref().is_some_and(|part| match &part.name {
            DeviceName::Own(range) => {
                self.out.names.get(range.clone()).is_some_and(|current| name.is(current))
            }
            DeviceName::Captured => name.is(""),
            DeviceName::CapturedPrefix(_) => false,
        });
        if !is_same {
            self.end_part();
            let name = self.out.own_joined(&[name.base, name.own])?;
            self.part = Some(DevicePart { name, ..DevicePart::begin(self.out) });
        }
        Ok(match measured_at {
            DeviceTime::At(time) => Some(time),
            DeviceTime::Absent => None,
            DeviceTime::Unreadable => {
                if let Some(part) = &mut self.part {
                    part.flags.set(ReportFlag::ClockUnreadable);
                }
                None
            }
        })
    }

    fn end_part(&mut self) {
        if let Some(part) = self.part.take() {
            part.finish(self.out);
        }
    }

    pub(super) fn finish(mut self) -> Option<NonReading> {
        self.end_part();
        let is_bare = self.out.readings.is_empty() && self.out.refused_count == 0;
        (self.has_position && is_bare).then_some(NonReading::Position)
    }
}
