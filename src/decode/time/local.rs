//! Local times without offset, in a zone that the configuration names.

use jiff::{
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use super::{DeviceTime, plausible};
use crate::model::UnixMicros;

/// A local time, and whether the clock showed it twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Local {
    pub(in crate::decode) time: DeviceTime,
    pub(in crate::decode) is_ambiguous: bool,
}

/// Reads `2024-10-27T02:30:00`. In the hour that autumn has twice, the time nearest to
/// `received` is taken. In the hour that spring leaves out, the device's clock was not put
/// forward yet, so the offset of before holds.
pub(in crate::decode) fn read(text: &str, zone: &TimeZone, received: UnixMicros) -> Local {
    let unreadable = Local { time: DeviceTime::Unreadable, is_ambiguous: false };
    let Ok(civil) = text.parse::<DateTime>() else { return unreadable };
    let candidates = zone.to_ambiguous_timestamp(civil);
    let is_fold = matches!(candidates.offset(), AmbiguousOffset::Fold { .. });
    let micros = |time: Result<jiff::Timestamp, jiff::Error>| {
        time.ok().and_then(|time| plausible(time.as_microsecond()))
    };
    let Some(earlier) = micros(candidates.compatible()) else { return unreadable };
    if !is_fold {
        return Local { time: DeviceTime::At(earlier), is_ambiguous: false };
    }
    let later = micros(candidates.later()).unwrap_or(earlier);
    let distance = |time: UnixMicros| time.minus(received).unsigned_abs();
    let nearest = if distance(later) < distance(earlier) { later } else { earlier };
    Local { time: DeviceTime::At(nearest), is_ambiguous: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMicros {
        let time: jiff::Timestamp = text.parse().unwrap();
        UnixMicros(time.as_microsecond())
    }

    #[test]
    fn autumn_has_an_hour_twice_and_spring_lacks_one() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        for (local, received, expected, is_ambiguous) in [
            ("2024-07-01T12:00:00", "2024-07-01T10:00:01Z", "2024-07-01T10:00:00Z", false),
            ("2024-12-01T12:00:00.5", "2024-12-01T11:00:01Z", "2024-12-01T11:00:00.5Z", false),
            ("2024-10-27T02:30:00", "2024-10-27T00:30:02Z", "2024-10-27T00:30:00Z", true),
            ("2024-10-27T02:30:00", "2024-10-27T01:30:02Z", "2024-10-27T01:30:00Z", true),
            ("2024-10-27T02:59:59", "2024-10-27T01:00:01Z", "2024-10-27T00:59:59Z", true),
            ("2024-10-27T03:00:00", "2024-10-27T02:00:01Z", "2024-10-27T02:00:00Z", false),
            ("2024-03-31T02:30:00", "2024-03-31T01:30:01Z", "2024-03-31T01:30:00Z", false),
            ("1970-01-01T00:00:10", "2024-07-01T10:00:01Z", "1969-12-31T23:00:10Z", false),
        ] {
            let read = read(local, &zone, at(received));
            let expected = Local { time: DeviceTime::At(at(expected)), is_ambiguous };
            assert_eq!(read, expected, "{local} {received}");
        }
        for wrong in ["", "yesterday", "2024-13-01T00:00:00", "2024-02-30T00:00:00"] {
            assert_eq!(read(wrong, &zone, UnixMicros(0)).time, DeviceTime::Unreadable, "{wrong}");
        }
    }
}
