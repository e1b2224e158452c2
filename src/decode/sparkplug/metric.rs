//! One metric as it stands on the wire. It is walked by hand and borrowed: generated types would
//! hold every metric of a hostile message at once, and allocate for each of an honest one.

use std::borrow::Cow;

use crate::decode::{
    protobuf::fields::{Field, Fields, Malformed},
    scalar::{self, Scalar},
    time::{self, DeviceTime},
};

/// A metric, its value not yet read by its type.
#[derive(Clone, Copy, Default)]
pub(super) struct Metric<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) alias: Option<u64>,
    pub(super) timestamp: Option<u64>,
    /// 0: not said.
    pub(super) datatype: u8,
    pub(super) is_historical: bool,
    pub(super) is_null: bool,
    properties: Option<Field<'a>>,
    value: Wire<'a>,
}

/// A value in the field its sender has put it into.
#[derive(Clone, Copy, Default)]
enum Wire<'a> {
    #[default]
    Missing,
    Int(u64),
    Float(f32),
    Double(f64),
    Boolean(bool),
    Text(&'a str),
    /// Table, template, bytes.
    Rich,
}

/// Datatypes by their numbers.
mod datatype {
    pub(super) const INT8: u8 = 1;
    pub(super) const INT16: u8 = 2;
    pub(super) const INT32: u8 = 3;
    pub(super) const INT64: u8 = 4;
    pub(super) const BOOLEAN: u8 = 11;
    pub(super) const DATE_TIME: u8 = 13;
    /// From here on, and up to it: tables, bytes, files, templates, property sets, arrays.
    pub(super) const DATA_SET: u8 = 16;
}

/// What a value is.
pub(super) enum Read<'a> {
    Scalar(Scalar<'a>),
    /// Of a type that no kind has.
    Unsupported,
}

impl<'a> Metric<'a> {
    pub(super) fn of(mut fields: Fields<'a>) -> Result<Self, Malformed> {
        let mut metric = Self::default();
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => metric.name = Some(field.text()?),
                2 => metric.alias = Some(field.varint()?),
                3 => metric.timestamp = Some(field.varint()?),
                4 => metric.datatype = u8::try_from(field.varint()?).unwrap_or(u8::MAX),
                5 => metric.is_historical = field.varint()? != 0,
                7 => metric.is_null = field.varint()? != 0,
                9 => metric.properties = Some(field),
                10 | 11 => metric.value = Wire::Int(field.varint()?),
                12 => metric.value = Wire::Float(f32::from_bits(field.fixed32()?)),
                13 => metric.value = Wire::Double(f64::from_bits(field.fixed64()?)),
                14 => metric.value = Wire::Boolean(field.varint()? != 0),
                15 => metric.value = Wire::Text(field.text()?),
                16..=19 => metric.value = Wire::Rich,
                _ => {}
            }
        }
        Ok(metric)
    }

    /// The value, by the type of its birth where the message names none.
    pub(super) fn read(&self, born: u8) -> Read<'a> {
        let datatype = if self.datatype == 0 { born } else { self.datatype };
        if datatype >= datatype::DATA_SET || datatype == datatype::DATE_TIME {
            return Read::Unsupported;
        }
        if self.is_null {
            return Read::Scalar(Scalar::Null);
        }
        Read::Scalar(match self.value {
            Wire::Missing => Scalar::Null,
            Wire::Rich => return Read::Unsupported,
            Wire::Int(bits) => integer(bits, datatype),
            Wire::Float(single) => number(scalar::of_single(single)),
            Wire::Double(double) => number(double),
            Wire::Boolean(state) => Scalar::Bool(state),
            Wire::Text(text) => Scalar::Text(Cow::Borrowed(text)),
        })
    }

    /// Is it true or false?
    pub(super) fn is_boolean(&self) -> bool {
        self.datatype == datatype::BOOLEAN || matches!(self.value, Wire::Boolean(_))
    }

    /// When the value was taken.
    pub(super) fn measured_at(&self) -> DeviceTime {
        self.timestamp.map_or(DeviceTime::Absent, milliseconds)
    }

    /// The unit among the properties of a birth.
    pub(super) fn unit(&self) -> Result<Option<&'a str>, Malformed> {
        let Some(properties) = self.properties else { return Ok(None) };
        let Some(place) = unit_place(properties.message()?)? else { return Ok(None) };
        let mut fields = properties.message()?;
        let mut at = 0_usize;
        while let Some((number, field)) = fields.next()? {
            if number != 2 {
                continue;
            }
            if at == place {
                return text_property(field.message()?);
            }
            at += 1;
        }
        Ok(None)
    }
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(number: u64) -> DeviceTime {
    let micros = i64::try_from(number).ok().and_then(|number| number.checked_mul(1_000));
    micros.map_or(DeviceTime::Unreadable, time::micros)
}

/// The smaller integers share one unsigned field as two's complement. Some encoders send only the
/// low bytes, so the sign is taken from the type's own highest bit.
#[expect(clippy::cast_possible_truncation, reason = "the low bytes are all there is to a type")]
fn integer<'a>(bits: u64, datatype: u8) -> Scalar<'a> {
    let signed = match datatype {
        datatype::INT8 => i64::from((bits as u8).cast_signed()),
        datatype::INT16 => i64::from((bits as u16).cast_signed()),
        datatype::INT32 => i64::from((bits as u32).cast_signed()),
        datatype::INT64 => bits.cast_signed(),
        datatype::BOOLEAN => return Scalar::Bool(bits != 0),
        _ => return Scalar::Unsigned(bits),
    };
    u64::try_from(signed).map_or(Scalar::Negative(signed), Scalar::Unsigned)
}

/// "Not a number" is how sensors say that they have none.
fn number<'a>(number: f64) -> Scalar<'a> {
    if number.is_nan() { Scalar::Null } else { Scalar::Float(number) }
}

/// Which of the properties is the unit: keys and values are two lists.
fn unit_place(mut fields: Fields<'_>) -> Result<Option<usize>, Malformed> {
    let mut at = 0_usize;
    while let Some((number, field)) = fields.next()? {
        if number == 1 {
            if is_unit(field.text()?) {
                return Ok(Some(at));
            }
            at += 1;
        }
    }
    Ok(None)
}

/// `engUnit`, `Engineering Units`, `unit` and the like.
fn is_unit(key: &str) -> bool {
    let letters = || key.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
    ["engunit", "engunits", "engineeringunit", "engineeringunits", "unit", "units"]
        .iter()
        .any(|known| known.bytes().eq(letters()))
}

fn text_property(mut fields: Fields<'_>) -> Result<Option<&str>, Malformed> {
    let mut text = None;
    while let Some((number, field)) = fields.next()? {
        if number == 8 {
            text = Some(field.text()?);
        }
    }
    Ok(text.filter(|text| !text.is_empty()))
}
