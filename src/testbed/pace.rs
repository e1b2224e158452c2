//! How fast: simulated time against real time, and messages a second.

use std::{fmt, ops::RangeInclusive, str::FromStr, time::Duration};

/// Slower than this is standstill, and faster is `max`.
const SPEEDS: RangeInclusive<f64> = 0.001..=1_000_000.0;

/// Messages a second.
const RATES: RangeInclusive<f64> = 0.001..=1_000_000.0;

/// Simulated time against real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as life: 60 makes a day 24 minutes long.
    Times(f64),
    /// As fast as the broker takes it.
    Max,
}

impl Speed {
    /// Real time at which something of a simulated time is due; both count from the start.
    pub fn real(self, simulated: Duration) -> Duration {
        match self {
            Self::Times(times) => Duration::try_from_secs_f64(simulated.as_secs_f64() / times)
                .unwrap_or(Duration::MAX),
            Self::Max => Duration::ZERO,
        }
    }
}

impl FromStr for Speed {
    type Err = PaceError;

    fn from_str(text: &str) -> Result<Self, PaceError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text.strip_suffix('x').unwrap_or(text);
        let times = times.parse().ok().filter(|times| SPEEDS.contains(times));
        times.map(Self::Times).ok_or(PaceError::Speed)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}x"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// Most messages a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

impl Rate {
    /// Shortest time between two messages.
    pub fn gap(self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.0).unwrap_or(Duration::MAX)
    }
}

impl FromStr for Rate {
    type Err = PaceError;

    fn from_str(text: &str) -> Result<Self, PaceError> {
        let (number, seconds) = match text.split_once('/') {
            None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
            Some((number, "min")) => (number, 60.0),
            Some((number, "h")) => (number, 3_600.0),
            Some(_) => return Err(PaceError::Rate),
        };
        let number: f64 = number.parse().map_err(|_| PaceError::Rate)?;
        let rate = number / seconds;
        RATES.contains(&rate).then_some(Self(rate)).ok_or(PaceError::RateBounds)
    }
}

/// A text that is no pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaceError {
    /// No speed.
    #[error("expected how many times as fast as life, from 0.001 to 1000000, or max")]
    Speed,
    /// No rate.
    #[error("expected messages a time, such as 100/s, 30/min or 5")]
    Rate,
    /// A rate at which nothing would be sent, or that nobody keeps.
    #[error("expected from 0.001 to 1000000 messages a second, such as 100/s, 30/min or 5")]
    RateBounds,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_at_sixty_takes_twenty_four_minutes() {
        let day = Duration::from_hours(24);
        for (speed, expected) in [("60", 1_440), ("60x", 1_440), ("1", 86_400), ("max", 0)] {
            let speed: Speed = speed.parse().unwrap();
            assert_eq!(speed.real(day), Duration::from_secs(expected));
        }
    }

    #[test]
    fn a_rate_is_a_number_and_perhaps_a_time() {
        for (rate, gap) in [("100/s", 10), ("100", 10), ("30/min", 2_000), ("0.5/s", 2_000)] {
            assert_eq!(rate.parse::<Rate>().unwrap().gap(), Duration::from_millis(gap), "{rate}");
        }
    }

    #[test]
    fn what_is_no_pace_is_refused() {
        for text in ["", "0", "-1", "fast", "nan", "inf", "1e999", "1e-300"] {
            assert_eq!(text.parse::<Speed>(), Err(PaceError::Speed), "{text}");
        }
        for text in ["", "fast", "5/day", "/s", "5/s/s"] {
            assert_eq!(text.parse::<Rate>(), Err(PaceError::Rate), "{text}");
        }
        for text in ["0", "-1", "nan", "inf", "1e999", "1e-300/s", "1e-19/s", "3/h", "1e7"] {
            assert_eq!(text.parse::<Rate>(), Err(PaceError::RateBounds), "{text}");
        }
        assert_eq!("0.001/s".parse::<Rate>().unwrap().gap(), Duration::from_secs(1_000));
    }
}
