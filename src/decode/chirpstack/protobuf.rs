//! Events written as protobuf: one walk over the fields, nothing collected but the path at hand.
//! Generated types would hold every field of a hostile message in memory at once.

use std::borrow::Cow;

use super::{ChirpStack, Event, Facts};
use crate::decode::{
    decoded::Decoded,
    error::{DecodeError, NonReading},
    leaves::Wanted,
    lorawan::{Field as Codec, Uplink},
    protobuf::fields::{Field, Fields, Malformed, Stop},
    scalar::Scalar,
    time::{self, DeviceTime},
};

/// Objects and lists within each other that are looked into.
const DEPTH_MAX: usize = 32;

/// Bytes of a path that is looked at.
const PATH_MAX: usize = 128;

impl ChirpStack {
    pub(super) fn protobuf(
        &self,
        event: Event,
        eui: &str,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        self.event(event, eui, payload, out).map_err(|stop| stop.of(payload.len()))
    }

    fn event(
        &self,
        event: Event,
        eui: &str,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, Stop> {
        let mut facts = Facts::default();
        let mut object = None;
        let mut fields = Fields::of(payload, 0);
        while let Some((number, field)) = fields.next()? {
            match (number, event) {
                (2, _) => facts.time = Some(timestamp(field)?),
                (3, _) => facts.eui = device(field)?,
                (7, Event::Uplink) => facts.count = Some(field.varint()?),
                (11, Event::Uplink) => object = Some(field),
                (12, Event::Uplink) => reception(field, &mut facts)?,
                (6 | 7, Event::Status) => facts.has_no_battery |= field.varint()? != 0,
                (8, Event::Status) => {
                    facts.battery = Some(f64::from(f32::from_bits(field.fixed32()?)));
                }
                (4, Event::Location) => location(field, &mut facts)?,
                _ => {}
            }
        }
        let name = facts.name(eui, out)?;
        let mut uplink = self.lorawan.begin(name, out)?;
        uplink.part.measured_at = facts.measured_at();
        if let Some(object) = object {
            let mut path = String::new();
            self.members(object, &mut path, 0, &mut uplink)?;
        }
        Ok(facts.take(event, uplink))
    }

    /// The members of a `google.protobuf.Struct`.
    fn members(
        &self,
        object: Field<'_>,
        path: &mut String,
        depth: usize,
        uplink: &mut Uplink<'_>,
    ) -> Result<(), Stop> {
        let mut fields = object.message()?;
        while let Some((number, field)) = fields.next()? {
            if number != 1 {
                continue;
            }
            let (mut key, mut value) = ("", None);
            let mut entry = field.message()?;
            while let Some((number, field)) = entry.next()? {
                match number {
                    1 => key = field.text()?,
                    2 => value = Some(field),
                    _ => {}
                }
            }
            if let Some(value) = value {
                self.below(key, value, path, depth, uplink)?;
            }
        }
        Ok(())
    }

    fn below(
        &self,
        step: &str,
        value: Field<'_>,
        path: &mut String,
        depth: usize,
        uplink: &mut Uplink<'_>,
    ) -> Result<(), Stop> {
        let before = path.len();
        if before + 1 + step.len() > PATH_MAX || depth >= DEPTH_MAX {
            uplink.out.unknown_keys = uplink.out.unknown_keys.saturating_add(1);
            return Ok(());
        }
        if before > 0 {
            path.push('/');
        }
        path.push_str(step);
        let taken = self.value(value, path, depth + 1, uplink);
        path.truncate(before);
        taken
    }

    fn value(
        &self,
        value: Field<'_>,
        path: &mut String,
        depth: usize,
        uplink: &mut Uplink<'_>,
    ) -> Result<(), Stop> {
        let mut scalar = Scalar::Null;
        let mut fields = value.message()?;
        while let Some((number, field)) = fields.next()? {
            match number {
                2 => scalar = Scalar::Float(f64::from_bits(field.fixed64()?)),
                3 => scalar = Scalar::Text(Cow::Borrowed(field.text()?)),
                4 => scalar = Scalar::Bool(field.varint()? != 0),
                5 => return self.members(field, path, depth, uplink),
                6 => {
                    let mut items = field.message()?;
                    let mut index = 0_u32;
                    while let Some((_, item)) = items.next()? {
                        self.below(&index.to_string(), item, path, depth, uplink)?;
                        index += 1;
                    }
                    return Ok(());
                }
                _ => {}
            }
        }
        match self.lorawan.field(path) {
            Wanted::Yes(Codec::Value(term, channel)) => {
                uplink.take(term, channel, &scalar, None, None)?;
            }
            Wanted::Yes(Codec::Unit(..)) | Wanted::No => {}
            Wanted::Unknown => {
                uplink.out.unknown_keys = uplink.out.unknown_keys.saturating_add(1);
            }
        }
        Ok(())
    }
}

/// `google.protobuf.Timestamp`.
fn timestamp(field: Field<'_>) -> Result<DeviceTime, Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut fields = field.message()?;
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => seconds = field.varint()?.cast_signed(),
            2 => nanos = field.varint()?.cast_signed(),
            _ => {}
        }
    }
    let micros = seconds.checked_mul(1_000_000).and_then(|us| us.checked_add(nanos / 1_000));
    Ok(micros.map_or(DeviceTime::Unreadable, time::micros))
}

/// The device's number in `DeviceInfo`.
fn device(field: Field<'_>) -> Result<Option<String>, Malformed> {
    let mut eui = None;
    let mut fields = field.message()?;
    while let Some((number, field)) = fields.next()? {
        if number == 8 {
            eui = Some(field.text()?);
        }
    }
    Ok(eui.map(str::to_owned))
}

/// What one gateway says of the reception: `UplinkRxInfo`.
fn reception(field: Field<'_>, facts: &mut Facts) -> Result<(), Malformed> {
    let mut fields = field.message()?;
    while let Some((number, field)) = fields.next()? {
        match number {
            3 => facts.gateway = facts.gateway.or(Some(timestamp(field)?)),
            6 => facts.heard(i32::try_from(field.varint()?.cast_signed()).ok().map(f64::from)),
            _ => {}
        }
    }
    Ok(())
}

/// `Location`: latitude and longitude as doubles, accuracy as a float.
fn location(field: Field<'_>, facts: &mut Facts) -> Result<(), Malformed> {
    let [latitude, longitude, accuracy] = &mut facts.location;
    let mut fields = field.message()?;
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => *latitude = Some(f64::from_bits(field.fixed64()?)),
            2 => *longitude = Some(f64::from_bits(field.fixed64()?)),
            5 => *accuracy = Some(f64::from(f32::from_bits(field.fixed32()?))),
            _ => {}
        }
    }
    Ok(())
}
