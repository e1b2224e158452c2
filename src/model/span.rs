//! Spans of time as operators write them: `20ms`, `5 m`, `1d`.

use std::time::Duration;

/// Units with their milliseconds, longest first.
pub const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a whole number with its unit.
pub fn parse(text: &str) -> Option<Duration> {
    let (count, unit) = split_unit(text)?;
    let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    count.checked_mul(factor).map(Duration::from_millis)
}

/// Splits `20ms` into 20 and `ms`.
pub fn split_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim_start()))
}
