//! RFC 3339 as nearly every gateway writes it. A time stands in most messages and is the dearest
//! of their values; the library, which knows all forms, takes three times as long.

use crate::model::UnixMicros;

/// `2024-11-23T15:14:12+01:00`, or with `Z`, with one to six digits of a second or none. `None`
/// is everything else, wrong times included.
pub(super) fn common(text: &[u8]) -> Option<UnixMicros> {
    let (date_time, rest) = text.split_first_chunk::<19>()?;
    let &[y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2] =
        date_time
    else {
        return None;
    };
    let (micros, zone) = fraction(rest)?;
    let year = 100 * two(y1, y2)? + two(y3, y4)?;
    let (month, day) = (two(o1, o2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    // Days after the 28th are not in every month: the library knows.
    let is_time = hour < 24 && minute < 60 && second < 60;
    let is_date = year >= 1970 && (1..=12).contains(&month) && (1..=28).contains(&day);
    if !(is_time && is_date) {
        return None;
    }
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset(zone)?;
    Some(UnixMicros((minutes * 60 + second) * 1_000_000 + micros))
}

/// Two digits.
#[inline]
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(10 * tens + ones))
}

/// Microseconds, and what follows them.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, zone) = rest.split_at_checked(digits)?;
    let missing = 6_u32.checked_sub(u32::try_from(digits.len()).ok()?)?;
    let number = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    (!digits.is_empty()).then_some((number * 10_i64.pow(missing), zone))
}

/// Minutes by which the clock on the wall is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
            let ahead = 60 * hours + minutes;
            (hours < 24 && minutes < 60).then_some(if sign == b'+' { ahead } else { -ahead })
        }
        _ => None,
    }
}

/// Days of the Gregorian calendar, in years that begin in March, so that a leap day ends one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn library(text: &str) -> Option<UnixMicros> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(UnixMicros(time.as_microsecond()))
    }

    #[test]
    fn common_forms_are_taken_and_others_are_not() {
        for text in [
            "2024-11-23T15:14:12+01:00",
            "2024-02-28T23:59:59Z",
            "2000-03-01T00:00:00.5-23:59",
            "1970-01-01T00:00:00.000001Z",
            "9999-12-28T23:59:59.999999Z",
        ] {
            assert!(library(text).is_some());
            assert_eq!(common(text.as_bytes()), library(text), "{text}");
        }
        for text in [
            "2024-02-29T00:00:00Z",
            "1969-12-28T00:00:00Z",
            "2024-11-23 15:14:12Z",
            "2024-11-23t15:14:12z",
            "2024-11-23T15:14:12",
            "2024-11-23T15:14:60Z",
            "2024-11-23T15:14:12.Z",
            "2024-11-23T15:14:12.1234567Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-11-00T00:00:00Z",
            "2024-11-23T24:00:00Z",
            "2024-11-23T15:14:12+24:00",
            "2024-11-23T15:14:12+01:60",
            "2024-11-2:T15:14:12Z",
        ] {
            assert_eq!(common(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn every_time_is_the_library_s(
            year in 1969..=9999, month in 0..=13, day in 0..=32,
            hour in 0..=24, minute in 0..=60, second in 0..=60,
            fraction in "(\\.[0-9]{1,7})?", zone in "Z|[+-][012][0-9]:[0-6][0-9]",
        ) {
            let text = format!(
                "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
            );
            if let Some(time) = common(text.as_bytes()) {
                prop_assert_eq!(Some(time), library(&text));
            }
        }
    }
}
