//! The samples of a reading that is a series.

use super::{
    fields::{Fields, Malformed},
    number::series as number,
};
use crate::{
    decode::{
        decoded::Decoded,
        error::RefusalReason,
        time::{self, DeviceTime},
    },
    model::SeriesIx,
};

/// Keeps the samples as they were sent; inside: why they are no series.
pub(super) fn read(
    mut fields: Fields<'_>,
    out: &mut Decoded,
) -> Result<Result<SeriesIx, RefusalReason>, Malformed> {
    let mut start = DeviceTime::Absent;
    let mut period_us = 0;
    let mut fits = true;
    while let Some((number, field)) = fields.next()? {
        match number {
            number::START => start = time::micros(field.fixed64()?.cast_signed()),
            number::PERIOD => period_us = field.varint()?,
            number::VALUES => {
                for sample in field.floats()? {
                    fits = fits && out.series.push(sample).is_ok();
                }
            }
            _ => out.unknown_keys += 1,
        }
    }
    let finished = match start {
        DeviceTime::At(start) if fits => out.series.finish(start, period_us).ok(),
        DeviceTime::At(_) | DeviceTime::Absent | DeviceTime::Unreadable => None,
    };
    if finished.is_none() {
        out.series.discard_open();
    }
    Ok(finished.ok_or(RefusalReason::SeriesShape))
}
