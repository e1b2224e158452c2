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
}

impl Frame {
    pub(super) const ABSENT: Self = Self { measured_at: DeviceTime::Absent, is_span: false };
}

const FRAME: DecodeError = DecodeError::Rule { rule: "a time frame is a moment or an interval" };
const INTERVAL: DecodeError =
    DecodeError::Rule { rule: "an interval has two of start, end and duration" };
const TIME: DecodeError = DecodeError::Rule { rule: "a time is RFC 3339" };

/// Reads a time frame of a shape: `Frame`, `MomentFrame` (no parts of days), `Span`, `Point`.
pub(super) fn read(at: At<'_, '_>, shape: &Shape) -> Result<Frame, DecodeError> {
    match (at.get("date_time"), at.get("time_interval")) {
        (Some(moment), None) if *shape != Shape::Span => {
            Ok(Frame { measured_at: moment_of(moment)?, is_span: false })
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
    let measured_at = match (start, end, at.get("duration")) {
        (Some(start), Some(end), None) => {
            moment_of(start)?;
            moment_of(end)?
        }
        (Some(start), None, Some(duration)) => later(moment_of(start)?, micros_of(duration)?),
        (None, Some(end), Some(duration)) => {
            micros_of(duration)?;
            moment_of(end)?
        }
        (None, None, None) if has_parts_of_day => {
            let date = at.get("date").and_then(At::text).ok_or(INTERVAL)?;
            let part = at.get("part_of_day").and_then(At::text).ok_or(INTERVAL)?;
            let is_date = date.parse::<jiff::civil::Date>().is_ok() && date.len() == 10;
            if !is_date || !matches!(part, "morning" | "afternoon" | "evening" | "night") {
                return Err(INTERVAL);
            }
            // Nobody said when an evening ends.
            DeviceTime::Unreadable
        }
        (Some(_) | None, Some(_) | None, Some(_) | None) => return Err(INTERVAL),
    };
    Ok(Frame { measured_at, is_span: true })
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
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and that is out of range")]
    let end = start.saturating_add(micros.round() as i64);
    time::micros(end)
}
