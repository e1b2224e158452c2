//! Time frames: a moment, or a span written in one of four ways.

use super::schema::Shape;
use crate::decode::{
    error::DecodeError,
    json_tree::At,
    time::{self, DeviceTime, TimeFormat},
};
use crate::model::UnixMicros;

/// When a body's values were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The moment, or the end of the span.
    pub(super) measured_at: DeviceTime,
    pub(super) is_span: bool,
    /// How long the span is, if that is known.
    length_us: Option<i64>,
}

impl Frame {
    pub(super) const ABSENT: Self =
        Self { measured_at: DeviceTime::Absent, is_span: false, length_us: None };

    /// Is it a day, as a bracelet counts one: also in the night of the clock, or worn late?
    pub(super) fn is_a_day(&self) -> bool {
        self.length_us.is_some_and(|length| (20 * HOUR_US..=28 * HOUR_US).contains(&length))
    }
}

const HOUR_US: i64 = 3_600_000_000;

const FRAME: DecodeError = DecodeError::Rule { rule: "a time frame is a moment or an interval" };
const INTERVAL: DecodeError =
    DecodeError::Rule { rule: "an interval has two of start, end and duration" };
const TIME: DecodeError = DecodeError::Rule { rule: "a time is RFC 3339" };

/// Reads a time frame of a shape: `Frame`, `MomentFrame` (no parts of days), `Span`, `Point`.
pub(super) fn read(at: At<'_, '_>, shape: &Shape) -> Result<Frame, DecodeError> {
    match (at.get("date_time"), at.get("time_interval")) {
        (Some(moment), None) if *shape != Shape::Span => {
            Ok(Frame { measured_at: moment_of(moment)?, ..Frame::ABSENT })
        }
        (None, Some(interval)) if *shape != Shape::Point => {
            self::interval(interval, *shape != Shape::MomentFrame)
        }
        (Some(_) | None, Some(_) | None) => Err(FRAME),
    }
}

/// Reads an interval.
pub(super) fn interval(at: At<'_, '_>, has_parts_of_day: bool) -> Result<Frame, DecodeError> {
    let (start, end) = (at.get("start_date_time"), at.get("end_date_time"));
    let (measured_at, length_us) = match (start, end, at.get("duration")) {
        (Some(start), Some(end), None) => {
            let (start, end) = (moment_of(start)?, moment_of(end)?);
            (end, between(start, end))
        }
        (Some(start), None, Some(duration)) => {
            let start = moment_of(start)?;
            let end = later(start, micros_of(duration)?);
            (end, between(start, end))
        }
        (None, Some(end), Some(duration)) => (moment_of(end)?, micros_of(duration)?.map(whole)),
        (None, None, None) if has_parts_of_day => {
            let date = at.get("date").and_then(At::text).ok_or(INTERVAL)?;
            let part = at.get("part_of_day").and_then(At::text).ok_or(INTERVAL)?;
            let is_date = date.parse::<jiff::civil::Date>().is_ok() && date.len() == 10;
            if !is_date || !matches!(part, "morning" | "afternoon" | "evening" | "night") {
                return Err(INTERVAL);
            }
            // Nobody said when an evening ends.
            (DeviceTime::Unreadable, None)
        }
        (Some(_) | None, Some(_) | None, Some(_) | None) => return Err(INTERVAL),
    };
    Ok(Frame { measured_at, is_span: true, length_us })
}

/// Reads a time. One without an offset is UTC: the schemas say so.
pub(super) fn moment_of(at: At<'_, '_>) -> Result<DeviceTime, DecodeError> {
    let text = at.text().ok_or(TIME)?;
    match time::read(at.scalar(), TimeFormat::Rfc3339) {
        DeviceTime::At(time) => Ok(DeviceTime::At(time)),
        DeviceTime::Absent => Err(TIME),
        DeviceTime::Unreadable => {
            let civil =
                text.contains(['T', 't', ' ']).then(|| text.parse::<jiff::civil::DateTime>());
            let Some(Ok(civil)) = civil else { return Err(TIME) };
            let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| TIME)?;
            Ok(time::micros(zoned.timestamp().as_microsecond()))
        }
    }
}

/// A duration in microseconds; `None` if its unit has no fixed length.
fn micros_of(at: At<'_, '_>) -> Result<Option<f64>, DecodeError> {
    let wrong = DecodeError::Rule { rule: "a duration has a number and a unit of time" };
    let value = at.get("value").and_then(At::number).ok_or(wrong)?;
    let unit = at.get("unit").and_then(At::text).ok_or(wrong)?;
    let length = match unit {
        "ps" => 1e-6,
        "ns" => 1e-3,
        "us" => 1.0,
        "ms" => 1e3,
        "sec" | "s" => 1e6,
        "min" => 60e6,
        "h" => 3_600e6,
        "d" => 86_400e6,
        "wk" => 604_800e6,
        "Mo" | "yr" => return Ok(None),
        _ => return Err(wrong),
    };
    Ok(Some(value * length))
}

fn later(start: DeviceTime, micros: Option<f64>) -> DeviceTime {
    let (DeviceTime::At(UnixMicros(start)), Some(micros)) = (start, micros) else {
        return DeviceTime::Unreadable;
    };
    time::micros(start.saturating_add(whole(micros)))
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and that is out of range")]
fn whole(micros: f64) -> i64 {
    micros.round() as i64
}

fn between(start: DeviceTime, end: DeviceTime) -> Option<i64> {
    match (start, end) {
        (DeviceTime::At(start), DeviceTime::At(end)) => Some(end.0.saturating_sub(start.0)),
        (DeviceTime::Absent | DeviceTime::Unreadable | DeviceTime::At(_), _) => None,
    }
}
