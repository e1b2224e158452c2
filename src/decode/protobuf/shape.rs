//! How many fields a payload may have, counted before it is read.

use super::fields::{Fields, Stop};
use crate::decode::error::DecodeError;

/// Fields one payload may have, those of the messages within it counted too. A thousand readings
/// that say all there is to say have 6 000.
const FIELDS_MAX: usize = 32 * 1024;

/// What is smaller is not counted: messages of sensors are, and cannot have so many fields. All that
/// is larger is, so that work grows evenly with size and has no step where it could have too many.
const COUNTED_FROM: usize = 16 * 1024;

/// Bytes of the smallest field: its number and its value.
const FIELD_BYTES: usize = 2;

const _: () = assert!(COUNTED_FROM <= FIELDS_MAX * FIELD_BYTES, "it cannot have too many");

const FEWER_FIELDS: DecodeError = DecodeError::Rule { rule: "at most 32768 fields" };

/// A message, and which of its fields are messages.
pub(in crate::decode) struct Shape {
    pub(in crate::decode) within: &'static [(u32, &'static Shape)],
}

impl Shape {
    /// Refuses what would take long to read for its many fields. Costs a payload of the usual size
    /// nothing.
    #[inline]
    pub(in crate::decode) fn check(&self, payload: &[u8]) -> Result<(), Stop> {
        if payload.len() < COUNTED_FROM {
            return Ok(());
        }
        self.count(Fields::of(payload, 0), &mut FIELDS_MAX.clone()).map_err(Stop::Refused)
    }

    /// What is malformed ends the count: it will end the reading, too.
    #[cold]
    fn count(&self, mut fields: Fields<'_>, left: &mut usize) -> Result<(), DecodeError> {
        let mut before = fields.left();
        while let Ok(Some((number, field))) = fields.next() {
            // Nobody looks into a group, so it counts for the most that may be in it.
            let fields_in_it =
                if field.is_skipped() { (before - fields.left()) / FIELD_BYTES } else { 1 };
            *left = left.checked_sub(fields_in_it).ok_or(FEWER_FIELDS)?;
            let inner = self.within.iter().find(|(inner, _)| *inner == number);
            if let (Some((_, shape)), Ok(message)) = (inner, field.message()) {
                shape.count(message, left)?;
            }
            before = fields.left();
        }
        Ok(())
    }
}
