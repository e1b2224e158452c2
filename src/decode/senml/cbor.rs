//! Packs written as CBOR: an array of maps, with numbers for labels.

use std::borrow::Cow;

use cbor4ii::core::{
    dec::{self, Decode, IgnoredAny, Read, Reference},
    error::{DecodeError as CborError, Never},
    types::{Array, F16, Map, Negative, Tag},
};

use super::{
    pack::Pack,
    record::{Given, Label, Record, Usual},
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
        match usual(bytes.rest) {
            Some((record, rest)) if pack.take_met(&record)? => bytes.rest = rest,
            Some(_) | None => pack.take(&mut record(bytes)?)?,
        }
    }
    Ok(())
}

/// The next record and what follows it, if it is as most are, its fields in the order of their
/// numbers. Any other one is read in full.
#[inline]
fn usual(payload: &[u8]) -> Option<(Usual<'_>, &[u8])> {
    let (fields, rest) = payload.split_first()?;
    let (name, rest) = labelled(0, rest)?;
    let (unit, rest) = match labelled(1, rest) {
        Some((unit, rest)) => (Some(unit), rest),
        None => (None, rest),
    };
    let (2, rest) = rest.split_first()? else { return None };
    let mut bytes = Bytes { rest, depth: 0 };
    let number = value(&mut bytes).ok()?;
    let mut time = 0.0;
    if *fields == 0xa3 + u8::from(unit.is_some()) {
        let (6, rest) = bytes.rest.split_first()? else { return None };
        bytes.rest = rest;
        time = value(&mut bytes).ok()?.plain_number()?;
    } else if *fields != 0xa2 + u8::from(unit.is_some()) {
        return None;
    }
    Some((Usual { name, unit, value: number, time }, bytes.rest))
}

/// A short text behind a label, and what follows.
#[inline]
fn labelled(label: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length @ 0x60..=0x77, rest) = rest.split_first()? else { return None };
    if *first == label { rest.split_at_checked(usize::from(length & 0x1f)) } else { None }
}

fn record<'a>(bytes: &mut Bytes<'a>) -> Result<Record<'a>, Stop> {
    let mut record = Record::default();
    let mut left = Map::len(bytes)?;
    while bytes.has_more(&mut left)? {
        let label = label(bytes)?;
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

/// Nearly every label is a single byte.
#[inline]
fn label(bytes: &mut Bytes<'_>) -> Result<Label, Stop> {
    let Some(first) = bytes.rest.first().copied() else { return Err(Stop::Malformed) };
    let number = match first {
        0x00..=0x17 => i64::from(first),
        0x20..=0x37 => 0x1f - i64::from(first),
        0x18..=0x1b | 0x38..=0x3b => return Ok(Label::numbered(i64::decode(bytes)?)),
        _ => return Ok(Label::named(&text(bytes)?)),
    };
    bytes.advance(1);
    Ok(Label::numbered(number))
}

/// Names and units are short, so their length is in the first byte.
#[inline]
fn text<'a>(bytes: &mut Bytes<'a>) -> Result<Cow<'a, str>, Stop> {
    match bytes.rest.split_first() {
        Some((first @ 0x60..=0x77, rest)) => {
            let split = rest.split_at_checked(usize::from(first & 0x1f));
            let (text, rest) = split.ok_or(Stop::Malformed)?;
            let text = str::from_utf8(text).map_err(|_| Stop::Malformed)?;
            bytes.rest = rest;
            Ok(Cow::Borrowed(text))
        }
        Some(_) | None => Ok(Cow::decode(bytes)?),
    }
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
        (major::TEXT, _) => Scalar::Text(text(bytes)?),
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
        (major::SIMPLE, 27) => {
            let number = bytes.rest.get(1..).and_then(<[u8]>::first_chunk);
            let number = f64::from_be_bytes(*number.ok_or(Stop::Malformed)?);
            bytes.advance(9);
            Scalar::Float(number)
        }
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
