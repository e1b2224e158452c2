//! Where to begin: `--from`.

use std::{str::FromStr, time::Duration};

use jiff::{Span, SpanRelativeTo, Timestamp};
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

/// An age as the command line takes all times, perhaps with the word "ago". A day has 24 hours.
fn age(text: &str) -> Option<Duration> {
    let text = text.strip_suffix("ago").map_or(text, str::trim_end);
    let span: Span = text.parse().ok()?;
    let age = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(age).ok()
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
            ("1h 30m", ago(5_400)),
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
