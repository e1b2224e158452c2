//! Who has been silent for how long.
//!
//! PINGREQ goes out when nothing was written for the keep-alive interval. Its answer is missed when
//! for half an interval nothing at all arrived: brokers write in order, so an answer may stand
//! behind megabytes of messages, and a peer that sends those is alive. While reading is paused
//! nothing can be missed, and after it the patience starts anew, for the answer may lie in the
//! socket. Together that is one and a half intervals, as long as the broker waits for us.

use std::time::Duration;

use super::Intake;
use crate::model::Mono;

#[derive(Debug)]
pub(super) struct KeepAlive {
    /// `None`: switched off.
    interval: Option<Duration>,
    last_written: Mono,
    /// When bytes arrived last, or when reading was found resumed.
    last_heard: Mono,
    intake: Intake,
    /// When the first unanswered PINGREQ was written.
    unanswered: Option<Mono>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    Missed,
}

impl KeepAlive {
    pub(super) fn start(interval_s: u16, now: Mono) -> Self {
        let interval = Duration::from_secs(u64::from(interval_s));
        Self {
            interval: Some(interval).filter(|it| !it.is_zero()),
            last_written: now,
            last_heard: now,
            intake: Intake::Flowing,
            unanswered: None,
        }
    }

    pub(super) fn interval(&self) -> Option<Duration> {
        self.interval
    }

    pub(super) fn wrote(&mut self, now: Mono) {
        self.last_written = now;
    }

    pub(super) fn heard(&mut self, now: Mono) {
        self.last_heard = now;
    }

    pub(super) fn last_heard(&self) -> Mono {
        self.last_heard
    }

    pub(super) fn intake(&self) -> Intake {
        self.intake
    }

    pub(super) fn answered(&mut self) {
        self.unanswered = None;
    }

    /// Notes whether reading is or was paused since the last call. After a pause patience starts
    /// anew.
    pub(super) fn observe(&mut self, intake: Intake, now: Mono) {
        if self.intake == Intake::Paused {
            self.last_heard = now;
        }
        self.intake = intake;
    }

    /// `Ping` counts as written.
    pub(super) fn due(&mut self, now: Mono) -> Due {
        if self.missing_from().is_some_and(|missing| now >= missing) {
            return Due::Missed;
        }
        match self.interval {
            Some(interval) if now >= self.last_written + interval => {
                self.last_written = now;
                self.unanswered.get_or_insert(now);
                Due::Ping
            }
            Some(_) | None => Due::Nothing,
        }
    }

    /// When something will be due if nothing happens.
    pub(super) fn deadline(&self) -> Option<Mono> {
        let ping = self.interval.map(|interval| self.last_written + interval);
        [ping, self.missing_from()].into_iter().flatten().min()
    }

    fn missing_from(&self) -> Option<Mono> {
        match (self.interval, self.unanswered, self.intake) {
            (Some(interval), Some(since), Intake::Flowing) => {
                Some(since.max(self.last_heard) + interval / 2)
            }
            (_, _, Intake::Flowing | Intake::Paused) => None,
        }
    }
}
