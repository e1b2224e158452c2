//! Judges what a decoder found: numbers by the ranges of their kinds, device times by ours.
//! Form and plausibility only.

mod clock;

pub use clock::{Clock, ClockLimits, ClockSource, clock, own_times};

use crate::{
    catalogue::{Catalogue, Kind},
    decode::{Decoded, RefusalReason},
    model::{Reading, ReadingFlag, SeriesTable, Value},
};

/// Refuses numbers that cannot be true and flags those that are unusual. Refused readings leave
/// [`Decoded::readings`]; the order of the others and the ranges of the devices stay right.
pub fn readings(catalogue: &Catalogue, decoded: &mut Decoded) {
    let mut first_bad = None;
    for (at, reading) in decoded.readings.iter_mut().enumerate() {
        if judge(catalogue, &decoded.series, reading).is_err() {
            first_bad = first_bad.or(Some(at));
        }
    }
    if first_bad.is_some() {
        remove_refused(catalogue, decoded);
    }
}

/// Flags the reading, or says why it cannot be used.
fn judge(
    catalogue: &Catalogue,
    series: &SeriesTable,
    reading: &mut Reading,
) -> Result<(), RefusalReason> {
    match reading.value {
        Value::Number(number) => judge_number(catalogue.get(reading.kind), number, reading),
        // One bad sample spoils the series: leaving it out would shift all later ones.
        Value::Series(index) => series.get(index).samples.iter().try_for_each(|sample| {
            judge_number(catalogue.get(reading.kind), f64::from(*sample), reading)
        }),
        Value::State(_) | Value::Category(_) | Value::Event => Ok(()),
    }
}

fn judge_number(kind: &Kind, number: f64, reading: &mut Reading) -> Result<(), RefusalReason> {
    if !number.is_finite() {
        return Err(RefusalReason::NotFinite);
    }
    if kind.hard.is_some_and(|range| !range.contains(number)) {
        return Err(RefusalReason::OutOfRange);
    }
    if kind.soft.is_some_and(|range| !range.contains(number)) {
        reading.flags.set(ReadingFlag::OutsideUsualRange);
    }
    Ok(())
}

#[cold]
fn remove_refused(catalogue: &Catalogue, decoded: &mut Decoded) {
    let mut readings = std::mem::take(&mut decoded.readings);
    let mut devices = std::mem::take(&mut decoded.devices);
    let mut kept = 0;
    for device in &mut devices {
        let start = kept;
        for at in device.readings.clone() {
            let Some(mut reading) = readings.get(at).copied() else { continue };
            match judge(catalogue, &decoded.series, &mut reading) {
                Ok(()) => {
                    if let Some(place) = readings.get_mut(kept) {
                        *place = reading;
                    }
                    kept += 1;
                }
                Err(reason) => {
                    let number = match reading.value {
                        Value::Number(number) => Some(number),
                        Value::State(_) | Value::Category(_) | Value::Event | Value::Series(_) => {
                            None
                        }
                    };
                    decoded.refuse(Some(reading.kind), reason, number);
                }
            }
        }
        device.readings = start..kept;
    }
    readings.truncate(kept);
    decoded.readings = readings;
    decoded.devices = devices;
}

#[cfg(test)]
mod tests;
