//! Packs written as CBOR: an array of maps, with numbers for labels.

use std::borrow::Cow;

use cbor4ii::core::{
    dec::{self, Decode, IgnoredAny, Read, Reference},
    error::{DecodeError as CborError, Never},
    types::{Array, F16, Map, Negative, Tag},
};

use super::{
    pack::Pack,
    record::{Given, Label, Record},
};
use crate::decode::{
    error::DecodeError,
    scalar::{self, Scalar},
};

/// Values within each other that are passed over.
const DEPTH_MAX: usize = 16;

/// In front of a payload it says that this is CBOR.
const SELF_DESCRIBED: u64 = 55_799;

/// A number as mantissa and power of ten.
const DECIMAL_FRACTION: u64 = 4;

/// Does a payload of this first byte hold an array or map, perhaps behind a tag? JSON begins with
/// none of them.
pub(super) fn begins(first: u8) -> bool {
    matches!(first, 0x80..=0xdb)
}

/// Why reading stopped.
enum Stop {
    Malformed,
    Refused(DecodeError),
}

impl From<CborError<Never>> for Stop {
    fn from(_: CborError<Never>) -> Self {
        Self::Malformed
    }
}

impl From<DecodeError> for Stop {
    fn from(error: DecodeError) -> Self {
        Self::Refused(error)
    }
}

/// Reads a pack.
pub(super) fn read<'a>(payload: &'a [u8], pack: &mut Pack<'_, 'a>) -> Result<(), DecodeError> {
    let mut bytes = Bytes { rest: payload, depth: 0 };
    match records(&mut bytes, pack) {
        Ok(()) if bytes.rest.is_empty() => Ok(()),
        Err(Stop::Refused(error)) => Err(error),
        Ok(()) | Err(Stop::Malformed) => {
            Err(DecodeError::Cbor { at: payload.len() - bytes.rest.len() })
        }
    }
}

fn records<'a>(bytes: &mut Bytes<'a>, pack: &mut Pack<'_, 'a>) -> Result<(), Stop> {
    while bytes.major() == Some(major::TAG) {
        if Tag::tag(bytes)? != SELF_DESCRIBED {
            return Err(Stop::Malformed);
        }
    }
    let mut left = Array::len(bytes)?;
    while bytes.has_more(&mut left)? {
        let record = record(bytes)?;
        pack.take(record)?;
    }
    Ok(())
}

fn record<'a>(bytes: &mut Bytes<'a>) -> Result<Record<'a>, Stop> {
    let mut record = Record::default();
    let mut left = Map::len(bytes)?;
    while bytes.has_more(&mut left)? {
        let label = match bytes.major() {
            Some(major::UNSIGNED | major::NEGATIVE) => Label::numbered(i64::decode(bytes)?),
            Some(_) | None => Label::named(&Cow::<str>::decode(bytes)?),
        };
        if label == Label::DataValue && bytes.major() == Some(major::BYTES) {
            IgnoredAny::decode(bytes)?;
            record.give(Given::Data);
        } else {
            let value = value(bytes)?;
            record.set(label, value)?;
        }
    }
    Ok(record)
}

#[inline]
fn value<'a>(bytes: &mut Bytes<'a>) -> Result<Scalar<'a>, Stop> {
    let Some(first) = bytes.rest.first() else { return Err(Stop::Malformed) };
    Ok(match (first >> 5, first & 0x1f) {
        (major::UNSIGNED, _) => Scalar::Unsigned(u64::decode(bytes)?),
        (major::NEGATIVE, _) => {
            let Negative(below) = Negative::<u64>::decode(bytes)?;
            match i64::try_from(below) {
                Ok(below) => Scalar::Negative(-1 - below),
                Err(_) => {
                    Scalar::Float(-1.0 - Scalar::Unsigned(below).plain_number().unwrap_or(0.0))
                }
            }
        }
        (major::TEXT, _) => Scalar::Text(Cow::decode(bytes)?),
        (major::SIMPLE, 20 | 21) => Scalar::Bool(bool::decode(bytes)?),
        (major::SIMPLE, 22 | 23) => {
            bytes.advance(1);
            Scalar::Null
        }
        (major::SIMPLE, 25) => {
            let F16(half) = F16::decode(bytes)?;
            Scalar::Float(scalar::of_half(half))
        }
        (major::SIMPLE, 26) => Scalar::Float(scalar::of_single(f32::decode(bytes)?)),
        (major::SIMPLE, 27) => Scalar::Float(f64::decode(bytes)?),
        (major::TAG, _) => tagged(bytes)?,
        _ => {
            IgnoredAny::decode(bytes)?;
            Scalar::Nested
        }
    })
}

/// What stands behind a tag: `[exponent, mantissa]`, or something that is no value of `SenML`'s.
fn tagged<'a>(bytes: &mut Bytes<'a>) -> Result<Scalar<'a>, Stop> {
    if Tag::tag(bytes)? != DECIMAL_FRACTION {
        IgnoredAny::decode(bytes)?;
        return Ok(Scalar::Nested);
    }
    if Array::len(bytes)? != Some(2) {
        return Err(Stop::Malformed);
    }
    let exponent = i64::decode(bytes)?;
    if !matches!(bytes.major(), Some(major::UNSIGNED | major::NEGATIVE)) {
        // A number of more than 64 bits is none that is measured.
        IgnoredAny::decode(bytes)?;
        return Ok(Scalar::Nested);
    }
    let mantissa = i64::decode(bytes)?;
    // The text is what the two of them say, so its reading is the nearest double.
    let number = format!("{mantissa}e{exponent}").parse().map_err(|_| Stop::Malformed)?;
    Ok(Scalar::Float(number))
}

/// Major types.
mod major {
    pub(super) const UNSIGNED: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const TAG: u8 = 6;
    pub(super) const SIMPLE: u8 = 7;
}

/// What is still to be read.
struct Bytes<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl Bytes<'_> {
    #[inline]
    fn major(&self) -> Option<u8> {
        self.rest.first().map(|first| first >> 5)
    }

    /// Is there another element of an array or map of that length, or before its end?
    #[inline]
    fn has_more(&mut self, left: &mut Option<usize>) -> Result<bool, Stop> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None => Ok(!dec::is_break(self)?),
        }
    }
}

impl<'a> Read<'a> for Bytes<'a> {
    type Error = Never;

    #[inline]
    fn fill<'b>(&'b mut self, want: usize) -> Result<Reference<'a, 'b>, Never> {
        let bytes = self.rest.get(..want).unwrap_or(self.rest);
        Ok(Reference::Long(bytes))
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    #[inline]
    fn step_in(&mut self) -> bool {
        self.depth += 1;
        self.depth <= DEPTH_MAX
    }

    #[inline]
    fn step_out(&mut self) {
        self.depth -= 1;
    }
}
