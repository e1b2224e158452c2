//! Device times beside ours. Nothing is corrected and nothing invented: flags say what is odd.

use std::time::Duration;

use crate::{
    decode::DeviceTime,
    model::{Flags, Reading, ReportFlag, UnixMicros},
};

/// What counts as odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockLimits {
    /// How far a device's clock may be ahead of ours.
    pub future_tolerance: Duration,
    /// From which age on a measurement is late.
    pub late_after: Duration,
}

impl ClockLimits {
    /// The latest device time that is believed now.
    pub fn latest(&self, now: UnixMicros) -> UnixMicros {
        let ahead = i64::try_from(self.future_tolerance.as_micros()).unwrap_or(i64::MAX);
        UnixMicros(now.0.saturating_add(ahead))
    }
}

/// Where a measured time comes from. Numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ClockSource {
    /// There is none.
    None = 1,
    /// The device or its gateway wrote it into the payload.
    Payload = 2,
}

impl ClockSource {
    /// Wire number.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// A device's clock, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// When it says it measured, as it says it.
    pub measured_at: Option<UnixMicros>,
    /// Where that comes from.
    pub source: ClockSource,
    /// What is odd about it.
    pub flags: Flags<ReportFlag>,
    /// Whether the payload carries a device time after 2020. The payload alone decides, so the
    /// same message always has the same answer.
    pub content_basis: bool,
}

impl Clock {
    /// Does it prove that the measurement is of now? Only a time proves it that is neither odd
    /// nor late.
    pub fn is_fresh(&self) -> bool {
        self.measured_at.is_some() && self.flags.is_empty()
    }
}

/// Judges the time of one device's report.
pub fn clock(time: DeviceTime, received: UnixMicros, limits: &ClockLimits) -> Clock {
    let odd = |flag| Clock {
        measured_at: None,
        source: ClockSource::None,
        flags: Flags::default().with(flag),
        content_basis: false,
    };
    match time {
        DeviceTime::Absent => odd(ReportFlag::ClockAbsent),
        DeviceTime::Unreadable => odd(ReportFlag::ClockUnreadable),
        DeviceTime::At(time) => Clock {
            measured_at: Some(time),
            source: ClockSource::Payload,
            flags: oddity(time, received, limits)
                .map_or_else(Flags::default, |flag| Flags::default().with(flag)),
            content_basis: time >= UnixMicros::YEAR_2020,
        },
    }
}

/// What is odd about the times that readings have of their own; to be added to their report's
/// flags.
pub fn own_times(
    readings: &[Reading],
    received: UnixMicros,
    limits: &ClockLimits,
) -> Flags<ReportFlag> {
    let own = readings.iter().filter_map(|reading| reading.measured_at);
    own.filter_map(|time| oddity(time, received, limits)).fold(Flags::default(), Flags::with)
}

fn oddity(time: UnixMicros, received: UnixMicros, limits: &ClockLimits) -> Option<ReportFlag> {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    if time < UnixMicros::YEAR_2020 {
        // An unset clock says nothing about lateness.
        Some(ReportFlag::ClockUnset)
    } else if time.minus(received) > micros(limits.future_tolerance) {
        Some(ReportFlag::ClockInFuture)
    } else if received.minus(time) > micros(limits.late_after) {
        Some(ReportFlag::Late)
    } else {
        None
    }
}
