//! Where to begin: `--from`.

use std::{str::FromStr, time::Duration};

use jiff::Timestamp;
use thiserror::Error;

use crate::model::UnixMicros;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With the oldest record there is.
    Beginning,
    /// With what comes next.
    Now,
    /// So long ago.
    Ago(Duration),
    /// At a time.
    At(UnixMicros),
}

/// What was meant for a time and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected beginning, now, an age such as 90s, 15m, 2h or 1d, or a time such as \
     2026-11-22T14:30:00+01:00"
)]
pub struct SinceError;

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        match text.trim() {
            "beginning" => Ok(Self::Beginning),
            "now" => Ok(Self::Now),
            text => age(text).map(Self::Ago).or_else(|| time(text).map(Self::At)).ok_or(SinceError),
        }
    }
}

/// A span of time with its unit: 90s, 15m, 2h, 1d.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub Duration);

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        age(text.trim()).map(Self).ok_or(AgeError)
    }
}

/// What was meant for a span of time and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a number with its unit, such as 10s, 5m or 1h")]
pub struct AgeError;

fn age(text: &str) -> Option<Duration> {
    let text = text.strip_suffix("ago").map_or(text, str::trim_end);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit.trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    Some(Duration::from_secs(u64::from(number) * seconds))
}

fn time(text: &str) -> Option<UnixMicros> {
    let time: Timestamp = text.parse().ok()?;
    Some(UnixMicros(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_times_are_read() {
        let ago = |seconds| Ok(Since::Ago(Duration::from_secs(seconds)));
        for (text, expected) in [
            ("beginning", Ok(Since::Beginning)),
            ("now", Ok(Since::Now)),
            ("90s", ago(90)),
            ("15m", ago(900)),
            ("15 min ago", ago(900)),
            ("2h ago", ago(7_200)),
            ("1d", ago(86_400)),
            ("2026-11-22T14:30:00Z", Ok(Since::At(UnixMicros(1_795_357_800_000_000)))),
            ("2026-11-22T15:30:00+01:00", Ok(Since::At(UnixMicros(1_795_357_800_000_000)))),
            ("1970-01-01T00:00:00.000001Z", Ok(Since::At(UnixMicros(1)))),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        for text in ["", "15", "m", "-5m", "15x", "yesterday", "2026-11-22", "2026-11-22T14:30:00"]
        {
            assert_eq!(text.parse::<Since>(), Err(SinceError), "{text}");
        }
    }
}
