//! trygg's own protobuf, `trygg.device.v1`: one loop over the fields, nothing collected.

pub(super) mod fields;
mod series;
mod shape;

use std::{borrow::Cow, sync::Arc};

use self::{
    fields::{Field, Fields, Malformed, Stop},
    shape::Shape,
};
use super::{
    decoded::{Decoded, DevicePart, READINGS_MAX},
    entry::{Entry, EntryUnit},
    error::{DecodeError, NonReading, RefusalReason},
    scalar::Scalar,
    time::{self, DeviceTime},
};
use crate::{
    catalogue::Catalogue,
    model::{KindId, ReportFlag},
};

/// Decoder of trygg's own protobuf.
#[derive(Clone, Debug)]
pub struct Protobuf {
    catalogue: Arc<Catalogue>,
}

impl Protobuf {
    pub(super) fn new(catalogue: &Arc<Catalogue>) -> Self {
        Self { catalogue: Arc::clone(catalogue) }
    }

    pub(super) fn decode(
        &self,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        if payload.is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        self.gateway(payload, out).map(|()| None).map_err(|stop| stop.of(payload.len()))
    }

    /// The whole payload: the sender's own report first, then those of its `devices`, so that
    /// each device's readings stand together.
    fn gateway(&self, payload: &[u8], out: &mut Decoded) -> Result<(), Stop> {
        GATEWAY.check(payload)?;
        let whole = Fields::of(payload, 0);
        if self.device(whole, out)? == 0 {
            return Ok(());
        }
        let mut fields = whole;
        while let Some((number, field)) = fields.next()? {
            if number == number::DEVICES {
                let nested = self.device(field.message()?, out)?;
                out.unknown_keys += nested;
            }
        }
        Ok(())
    }

    /// One `DeviceMessage` without its `devices`; their number is returned.
    fn device(&self, mut fields: Fields<'_>, out: &mut Decoded) -> Result<u32, Stop> {
        out.check_room()?;
        let mut part = DevicePart::begin(out);
        let (mut historical, mut devices) = (false, 0);
        while let Some((number, field)) = fields.next()? {
            match number {
                number::DEVICE => part.name = out.own_name(field.text()?)?,
                number::MEASURED_AT => {
                    part.measured_at = time::micros(field.fixed64()?.cast_signed());
                }
                number::SEQUENCE => part.sequence = Some(field.varint()?),
                number::HISTORICAL => historical = field.varint()? != 0,
                number::READINGS => self.reading(field.message()?, &mut part, out)?,
                number::DEVICES if devices >= DEVICES_MAX => {
                    return Err(DecodeError::TooManyReadings { limit: READINGS_MAX }.into());
                }
                number::DEVICES => devices += 1,
                _ => out.unknown_keys += 1,
            }
        }
        if historical {
            part.flags.set(ReportFlag::Historical);
        }
        part.finish(out);
        Ok(devices)
    }

    fn reading(
        &self,
        mut fields: Fields<'_>,
        part: &mut DevicePart,
        out: &mut Decoded,
    ) -> Result<(), Stop> {
        out.check_room()?;
        let (mut kind, mut unit, mut value, mut series) = (None, None, None, None);
        let mut channel = Some(0);
        let mut measured_at = DeviceTime::Absent;
        while let Some((number, field)) = fields.next()? {
            match number {
                number::reading::KIND => kind = Some(field),
                number::reading::NUMBER => {
                    (value, series) = (Some(Scalar::Float(f64::from_bits(field.fixed64()?))), None);
                }
                number::reading::STATE => {
                    (value, series) = (Some(Scalar::Bool(field.varint()? != 0)), None);
                }
                number::reading::CATEGORY => {
                    (value, series) = (Some(Scalar::Text(Cow::Borrowed(field.text()?))), None);
                }
                // Of the cases of one value the last one counts.
                number::reading::SERIES => {
                    (value, series) = (None, Some(series::read(field.message()?, out)?));
                }
                number::reading::CHANNEL => channel = u16::try_from(field.varint()?).ok(),
                number::reading::UNIT => unit = Some(field),
                number::reading::MEASURED_AT => {
                    measured_at = time::micros(field.fixed64()?.cast_signed());
                }
                _ => out.unknown_keys += 1,
            }
        }
        let kind = kind.map_or(Ok(None), |field| self.kind(field))?;
        let unit = unit.map_or(Ok(EntryUnit::Absent), |field| self.unit(kind, field))?;
        let Some(channel) = channel else {
            out.refuse(kind, RefusalReason::ReadingShape, None);
            return Ok(());
        };
        let entry = Entry { kind, channel, series, value: value.as_ref(), unit, measured_at };
        entry.take(&self.catalogue, part, out);
        Ok(())
    }

    /// A name that is found is text: only others are worth a look at their encoding.
    fn kind(&self, name: Field<'_>) -> Result<Option<KindId>, Malformed> {
        match self.catalogue.find_bytes(name.bytes()?) {
            Some(kind) => Ok(Some(kind)),
            None => name.text().map(|_| None),
        }
    }

    fn unit<'a>(&self, kind: Option<KindId>, unit: Field<'a>) -> Result<EntryUnit<'a>, Malformed> {
        let bytes = unit.bytes()?;
        match kind {
            Some(kind) if *self.catalogue.get(kind).unit.as_bytes() == *bytes => Ok(EntryUnit::Own),
            Some(_) | None => unit.text().map(EntryUnit::Is),
        }
    }
}

/// Devices behind one gateway, each of which has a part of its own.
const DEVICES_MAX: u32 = 1_000;

static GATEWAY: Shape =
    Shape { within: &[(number::READINGS, &READING), (number::DEVICES, &DEVICE)] };
static DEVICE: Shape = Shape { within: &[(number::READINGS, &READING)] };
static READING: Shape = Shape { within: &[(number::reading::SERIES, &SERIES)] };
static SERIES: Shape = Shape { within: &[] };

/// Field numbers of `trygg.device.v1.DeviceMessage`.
mod number {
    pub(super) const DEVICE: u32 = 1;
    pub(super) const MEASURED_AT: u32 = 2;
    pub(super) const SEQUENCE: u32 = 3;
    pub(super) const HISTORICAL: u32 = 4;
    pub(super) const READINGS: u32 = 5;
    pub(super) const DEVICES: u32 = 6;

    /// Those of `trygg.device.v1.Reading`.
    pub(super) mod reading {
        pub(crate) const KIND: u32 = 1;
        pub(crate) const NUMBER: u32 = 2;
        pub(crate) const STATE: u32 = 3;
        pub(crate) const CATEGORY: u32 = 4;
        pub(crate) const UNIT: u32 = 5;
        pub(crate) const MEASURED_AT: u32 = 6;
        pub(crate) const CHANNEL: u32 = 7;
        pub(crate) const SERIES: u32 = 8;
    }

    /// Those of `trygg.device.v1.Series`.
    pub(super) mod series {
        pub(crate) const START: u32 = 1;
        pub(crate) const PERIOD: u32 = 2;
        pub(crate) const VALUES: u32 = 3;
    }
}

#[cfg(test)]
mod tests;
