//! How fast: simulated time against real time, and messages a second.

use std::{fmt, num::ParseFloatError, str::FromStr, time::Duration};

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
        positive(times).map(Self::Times).map_err(|_| PaceError::Speed)
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
        positive(number).map(|number| Self(number / seconds)).map_err(|_| PaceError::Rate)
    }
}

/// A time with its unit, such as `5s`, `10min`, `1.5h` or `2d`.
///
/// # Errors
/// When it is none.
pub fn duration(text: &str) -> Result<Duration, PaceError> {
    let number_ends = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(number_ends);
    let unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(PaceError::Duration),
    };
    let number = positive(number.trim()).map_err(|_| PaceError::Duration)?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| PaceError::Duration)
}

/// A text that is no pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaceError {
    /// No speed.
    #[error("expected how many times as fast as life, such as 60, or max")]
    Speed,
    /// No rate.
    #[error("expected messages a time, such as 100/s, 30/min or 5")]
    Rate,
    /// No time.
    #[error("expected a time with its unit, such as 30s, 10min, 1.5h or 2d")]
    Duration,
}

fn positive(text: &str) -> Result<f64, ParseFloatError> {
    let number: f64 = text.parse()?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { "".parse() }
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
    fn a_time_has_a_unit() {
        for (text, millis) in
            [("250ms", 250), ("5s", 5_000), ("2min", 120_000), ("1.5h", 5_400_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-5s", "0s", "5 weeks", "1e400d"] {
            assert_eq!(duration(text), Err(PaceError::Duration), "{text}");
        }
    }

    #[test]
    fn what_is_no_pace_is_refused() {
        for text in ["", "0", "-1", "fast", "nan", "inf", "1e999"] {
            assert_eq!(text.parse::<Speed>(), Err(PaceError::Speed), "{text}");
            assert_eq!(text.parse::<Rate>(), Err(PaceError::Rate), "{text}");
        }
        assert_eq!("5/day".parse::<Rate>(), Err(PaceError::Rate));
        assert_eq!("/s".parse::<Rate>(), Err(PaceError::Rate));
    }
}
