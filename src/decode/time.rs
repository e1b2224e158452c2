//! Device times as payloads write them.

pub(super) mod local;
mod rfc3339;

use serde::Deserialize;

use super::scalar::Scalar;
use crate::model::UnixMicros;

/// What a payload says about when something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceTime {
    /// Nothing.
    Absent,
    /// Something that cannot be read as a time, or a local time without its zone.
    Unreadable,
    /// This, whether plausible or not.
    At(UnixMicros),
}

/// How a time is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// RFC 3339 with offset, or a number since 1970 whose size tells its unit.
    #[default]
    Auto,
    /// RFC 3339 with offset or `Z`.
    Rfc3339,
    /// Seconds since 1970, fractions allowed.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMilliseconds,
    /// Microseconds since 1970.
    UnixMicroseconds,
}

/// The longest text that is looked at; an RFC 3339 time has at most 35 characters.
const TEXT_MAX: usize = 64;

/// 9999-12-31T23:59:59.999999Z, the last time RFC 3339 can write.
const LAST: i64 = 253_402_300_799_999_999;

/// Reads a time, whatever it is.
pub(super) fn read(scalar: &Scalar<'_>, format: TimeFormat) -> DeviceTime {
    let time = match scalar {
        Scalar::Null => return DeviceTime::Absent,
        Scalar::Text(text) => {
            let text = text.trim_ascii();
            if text.is_empty() {
                return DeviceTime::Absent;
            }
            text_time(text, format)
        }
        Scalar::Unsigned(number) => i64::try_from(*number).ok().and_then(|n| whole(n, format)),
        Scalar::Negative(number) => whole(*number, format),
        Scalar::Float(number) => fraction(*number, format),
        Scalar::Bool(_) | Scalar::Nested => None,
    };
    time.map_or(DeviceTime::Unreadable, DeviceTime::At)
}

/// A time in microseconds, if RFC 3339 could write it.
pub(super) fn micros(micros: i64) -> DeviceTime {
    plausible(micros).map_or(DeviceTime::Unreadable, DeviceTime::At)
}

fn plausible(micros: i64) -> Option<UnixMicros> {
    (-LAST..=LAST).contains(&micros).then_some(UnixMicros(micros))
}

fn text_time(text: &str, format: TimeFormat) -> Option<UnixMicros> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let has_year = text.as_bytes().get(4) == Some(&b'-');
    match format {
        TimeFormat::Auto | TimeFormat::Rfc3339 if has_year => rfc3339::common(text.as_bytes())
            .or_else(|| {
                let time: jiff::Timestamp = text.parse().ok()?;
                plausible(time.as_microsecond())
            }),
        TimeFormat::Rfc3339 => None,
        TimeFormat::Auto
        | TimeFormat::UnixSeconds
        | TimeFormat::UnixMilliseconds
        | TimeFormat::UnixMicroseconds => match text.parse::<i64>() {
            Ok(number) => whole(number, format),
            Err(_) => fraction(text.parse().ok()?, format),
        },
    }
}

/// How many microseconds one unit has, as multiplier and divisor.
fn unit(magnitude: u64, format: TimeFormat) -> Option<(i64, i64)> {
    match format {
        TimeFormat::Rfc3339 => None,
        TimeFormat::UnixSeconds => Some((1_000_000, 1)),
        TimeFormat::UnixMilliseconds => Some((1_000, 1)),
        TimeFormat::UnixMicroseconds => Some((1, 1)),
        // 10^11 seconds is the year 5138, and 10^11 milliseconds was in 1973.
        TimeFormat::Auto => Some(match magnitude {
            0..100_000_000_000 => (1_000_000, 1),
            100_000_000_000..100_000_000_000_000 => (1_000, 1),
            100_000_000_000_000..100_000_000_000_000_000 => (1, 1),
            _ => (1, 1_000),
        }),
    }
}

fn whole(number: i64, format: TimeFormat) -> Option<UnixMicros> {
    let (multiply, divide) = unit(number.unsigned_abs(), format)?;
    number.checked_mul(multiply).map(|micros| micros.div_euclid(divide)).and_then(plausible)
}

fn fraction(number: f64, format: TimeFormat) -> Option<UnixMicros> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "only its order of magnitude is wanted, and the cast saturates"
    )]
    let magnitude = number.abs() as u64;
    let (multiply, divide) = unit(magnitude, format)?;
    #[expect(clippy::cast_precision_loss, reason = "powers of ten are exact")]
    let micros = (number * multiply as f64 / divide as f64).round();
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and that is out of range")]
    let whole = micros as i64;
    micros.is_finite().then_some(whole).and_then(plausible)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn text(text: &str) -> DeviceTime {
        read(&Scalar::Text(Cow::Borrowed(text)), TimeFormat::Auto)
    }

    fn at(micros: i64) -> DeviceTime {
        DeviceTime::At(UnixMicros(micros))
    }

    #[test]
    fn rfc_3339_needs_its_offset() {
        assert_eq!(text("2024-11-23T15:14:12+01:00"), at(1_732_371_252_000_000));
        assert_eq!(text("2024-11-23T14:14:12.345Z"), at(1_732_371_252_345_000));
        assert_eq!(text("2024-11-23T14:14:12.345678901Z"), at(1_732_371_252_345_678));
        assert_eq!(text("1970-01-01T00:00:00Z"), at(0));
        assert_eq!(text("1969-12-31T23:59:59Z"), at(-1_000_000));
        assert_eq!(text(""), DeviceTime::Absent);
        for unreadable in
            ["2024-11-23T15:14:12", "2024-11-23", "yesterday", "24:00", "2024-13-01T00:00:00Z"]
        {
            assert_eq!(text(unreadable), DeviceTime::Unreadable, "{unreadable}");
        }
        assert_eq!(text(&"2".repeat(1000)), DeviceTime::Unreadable);
        let number = Scalar::Unsigned(1_732_371_252);
        assert_eq!(read(&number, TimeFormat::Rfc3339), DeviceTime::Unreadable);
    }

    #[test]
    fn size_tells_the_unit_of_a_number() {
        let auto = |scalar| read(&scalar, TimeFormat::Auto);
        assert_eq!(auto(Scalar::Unsigned(1_573_393_389)), at(1_573_393_389_000_000));
        assert_eq!(auto(Scalar::Unsigned(1_573_393_389_829)), at(1_573_393_389_829_000));
        assert_eq!(auto(Scalar::Unsigned(1_573_393_389_829_001)), at(1_573_393_389_829_001));
        assert_eq!(auto(Scalar::Unsigned(1_573_393_389_829_001_999)), at(1_573_393_389_829_001));
        assert_eq!(auto(Scalar::Float(1_788_945_292.88)), at(1_788_945_292_880_000));
        assert_eq!(auto(Scalar::Float(0.000_000_9)), at(1));
        assert_eq!(text("1573393389829"), at(1_573_393_389_829_000));
        assert_eq!(text("1573393389.5"), at(1_573_393_389_500_000));
        assert_eq!(auto(Scalar::Unsigned(0)), at(0));
        assert_eq!(auto(Scalar::Negative(-5)), at(-5_000_000));
        assert_eq!(auto(Scalar::Null), DeviceTime::Absent);
        for unreadable in [
            Scalar::Bool(true),
            Scalar::Nested,
            Scalar::Unsigned(u64::MAX),
            Scalar::Float(f64::NAN),
            Scalar::Float(f64::INFINITY),
            Scalar::Float(1e300),
        ] {
            assert_eq!(auto(unreadable), DeviceTime::Unreadable);
        }
    }

    #[test]
    fn a_stated_unit_is_kept_to() {
        let small = Scalar::Unsigned(1_000);
        assert_eq!(read(&small, TimeFormat::UnixSeconds), at(1_000_000_000));
        assert_eq!(read(&small, TimeFormat::UnixMilliseconds), at(1_000_000));
        assert_eq!(read(&small, TimeFormat::UnixMicroseconds), at(1_000));
        let huge = Scalar::Unsigned(1_573_393_389_829);
        assert_eq!(read(&huge, TimeFormat::UnixSeconds), DeviceTime::Unreadable);
        let written = Scalar::Text(Cow::Borrowed("2024-11-23T15:14:12+01:00"));
        assert_eq!(read(&written, TimeFormat::UnixSeconds), DeviceTime::Unreadable);
    }
}
