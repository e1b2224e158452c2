//! The fields of one protobuf message, one after the other, borrowed from the payload.

use std::str;

use crate::decode::error::DecodeError;

/// The bytes are not protobuf of the expected shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Malformed {
    /// Bytes of the whole payload behind the place.
    pub(in crate::decode) left: usize,
}

/// Why decoding stopped.
pub(in crate::decode) enum Stop {
    /// Not the format.
    Malformed(Malformed),
    /// Well-formed, and still refused.
    Refused(DecodeError),
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<DecodeError> for Stop {
    fn from(error: DecodeError) -> Self {
        Self::Refused(error)
    }
}

impl Stop {
    /// What it means for a payload of that many bytes.
    pub(in crate::decode) fn of(self, payload: usize) -> DecodeError {
        match self {
            Self::Refused(error) => error,
            Self::Malformed(Malformed { left }) => {
                DecodeError::Protobuf { at: payload.saturating_sub(left) }
            }
        }
    }
}

/// What is still to be read of one message.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct Fields<'a> {
    bytes: &'a [u8],
    /// Bytes of the whole payload behind this message.
    after: usize,
}

/// One field's value as it stands on the wire.
#[derive(Clone, Copy, Debug)]
pub(in crate::decode) struct Field<'a> {
    wire: Wire<'a>,
    left: usize,
}

#[derive(Clone, Copy, Debug)]
enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32([u8; 4]),
    Bytes(&'a [u8]),
    /// A group: nothing of ours, skipped.
    Skipped,
}

/// Nested groups that are skipped; beyond it nobody means well.
const GROUPS_MAX: u32 = 100;

impl<'a> Fields<'a> {
    /// `after`: bytes of the whole payload behind this message.
    pub(in crate::decode) fn of(bytes: &'a [u8], after: usize) -> Self {
        Self { bytes, after }
    }

    /// Number and value of the next field; `None` at the end of the message.
    #[inline]
    pub(in crate::decode) fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, Malformed> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let wire = self.wire(number, wire_type, GROUPS_MAX)?;
        Ok(Some((number, Field { wire, left: self.left() })))
    }

    /// Bytes of the whole payload that are still to be read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() + self.after
    }

    fn malformed(&self) -> Malformed {
        Malformed { left: self.left() }
    }

    #[inline]
    fn tag(&mut self) -> Result<(u32, u32), Malformed> {
        let tag = u32::try_from(self.varint()?).map_err(|_| self.malformed())?;
        let number = tag >> 3;
        if number == 0 { Err(self.malformed()) } else { Ok((number, tag & 7)) }
    }

    #[inline]
    fn wire(&mut self, number: u32, wire_type: u32, groups: u32) -> Result<Wire<'a>, Malformed> {
        match wire_type {
            0 => self.varint().map(Wire::Varint),
            1 => self.array().map(|bytes| Wire::Fixed64(u64::from_le_bytes(bytes))),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| self.malformed())?;
                let split = self.bytes.split_at_checked(length);
                let (bytes, rest) = split.ok_or_else(|| self.malformed())?;
                self.bytes = rest;
                Ok(Wire::Bytes(bytes))
            }
            3 if groups > 0 => self.skip_group(number, groups - 1),
            5 => self.array().map(Wire::Fixed32),
            _ => Err(self.malformed()),
        }
    }

    #[cold]
    fn skip_group(&mut self, number: u32, groups: u32) -> Result<Wire<'a>, Malformed> {
        loop {
            let (inner, wire_type) = self.tag()?;
            match wire_type {
                4 if inner == number => return Ok(Wire::Skipped),
                4 => return Err(self.malformed()),
                other => self.wire(inner, other, groups)?,
            };
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or_else(|| self.malformed())?;
        self.bytes = rest;
        Ok(*array)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        let Some((&first, rest)) = self.bytes.split_first() else { return Err(self.malformed()) };
        if first < 0x80 {
            self.bytes = rest;
            return Ok(u64::from(first));
        }
        self.long_varint()
    }

    #[cold]
    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (place, &byte) in self.bytes.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                // Of the tenth byte only one bit has a place in 64.
                let fits = place < 9 || byte < 2;
                self.bytes = self.bytes.get(place + 1..).unwrap_or_default();
                return if fits { Ok(value) } else { Err(self.malformed()) };
            }
        }
        Err(self.malformed())
    }
}

impl<'a> Field<'a> {
    pub(in crate::decode) fn varint(self) -> Result<u64, Malformed> {
        match self.wire {
            Wire::Varint(value) => Ok(value),
            Wire::Fixed64(_) | Wire::Fixed32(_) | Wire::Bytes(_) | Wire::Skipped => {
                Err(self.malformed())
            }
        }
    }

    pub(in crate::decode) fn fixed64(self) -> Result<u64, Malformed> {
        match self.wire {
            Wire::Fixed64(value) => Ok(value),
            Wire::Varint(_) | Wire::Fixed32(_) | Wire::Bytes(_) | Wire::Skipped => {
                Err(self.malformed())
            }
        }
    }

    pub(in crate::decode) fn fixed32(self) -> Result<u32, Malformed> {
        match self.wire {
            Wire::Fixed32(bytes) => Ok(u32::from_le_bytes(bytes)),
            Wire::Varint(_) | Wire::Fixed64(_) | Wire::Bytes(_) | Wire::Skipped => {
                Err(self.malformed())
            }
        }
    }

    pub(in crate::decode) fn text(self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.bytes()?).map_err(|_| self.malformed())
    }

    /// Is it a group, that nobody looks into?
    pub(super) fn is_skipped(self) -> bool {
        matches!(self.wire, Wire::Skipped)
    }

    pub(in crate::decode) fn message(self) -> Result<Fields<'a>, Malformed> {
        Ok(Fields::of(self.bytes()?, self.left))
    }

    pub(in crate::decode) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self.wire {
            Wire::Bytes(bytes) => Ok(bytes),
            Wire::Varint(_) | Wire::Fixed64(_) | Wire::Fixed32(_) | Wire::Skipped => {
                Err(self.malformed())
            }
        }
    }

    /// Floats one after the other, or a single one: senders may write either.
    pub(super) fn floats(self) -> Result<impl Iterator<Item = f32>, Malformed> {
        let (packed, single) = match self.wire {
            Wire::Bytes(bytes) => (bytes.as_chunks(), None),
            Wire::Fixed32(bytes) => ((&[][..], &[][..]), Some(bytes)),
            Wire::Varint(_) | Wire::Fixed64(_) | Wire::Skipped => return Err(self.malformed()),
        };
        let (floats, rest) = packed;
        if !rest.is_empty() {
            return Err(self.malformed());
        }
        Ok(floats.iter().copied().chain(single).map(f32::from_le_bytes))
    }

    fn malformed(self) -> Malformed {
        Malformed { left: self.left }
    }
}
