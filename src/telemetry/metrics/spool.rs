//! What the spool says of itself at a scrape.

use std::time::Duration;

use super::{Histogram, Publisher, catalogue as m, number, seconds};
use crate::{
    model::{Lane, UnixMicros},
    telemetry::health::SpoolState,
};

/// The spool's figures, all taken at one moment.
#[derive(Clone, Debug)]
pub struct SpoolFigures {
    /// By lane, all links together.
    pub lanes: [SpoolLane; 3],
    /// Where it stands.
    pub state: SpoolState,
    /// Bytes it may take.
    pub limit_bytes: u64,
    /// Time until they are used up, while they are being used up: see
    /// [`Forecast`](crate::telemetry::forecast::Forecast).
    pub time_to_full: Option<Duration>,
    /// The books, in records since the start.
    pub books: SpoolBooks,
    /// Bytes of appended frames.
    pub appended_bytes: u64,
    /// Records read back.
    pub drained: u64,
    /// Bytes of their frames.
    pub drained_bytes: u64,
    /// Groups in memory that the disk has not taken.
    pub withheld_groups: u64,
    /// Bytes set aside as damaged.
    pub quarantined_bytes: u64,
    /// fdatasync, since the last scrape.
    pub fsync: Histogram,
}

/// One lane's part of the spool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolLane {
    /// Bytes of segments.
    pub bytes: u64,
    /// Records that are neither delivered nor damaged, counted one by one.
    pub waiting: u64,
    /// Kafka timestamp of the oldest of them.
    pub oldest: Option<UnixMicros>,
}

/// The spool's books: `recovered + appended = delivered + damaged + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolBooks {
    /// Found at the start.
    pub recovered: u64,
    /// Written since.
    pub appended: u64,
    /// Confirmed by Kafka.
    pub delivered: u64,
    /// Not readable.
    pub damaged: u64,
}

impl Default for SpoolFigures {
    fn default() -> Self {
        Self {
            lanes: [SpoolLane::default(); 3],
            state: SpoolState::Idle,
            limit_bytes: 0,
            time_to_full: None,
            books: SpoolBooks::default(),
            appended_bytes: 0,
            drained: 0,
            drained_bytes: 0,
            withheld_groups: 0,
            quarantined_bytes: 0,
            fsync: Histogram::new(m::FSYNC),
        }
    }
}

impl SpoolFigures {
    /// Records that wait, in all lanes.
    pub fn waiting(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.waiting).sum()
    }

    /// Records in the books minus records accounted for; zero or there is a bug.
    pub fn imbalance(&self) -> i64 {
        let SpoolBooks { recovered, appended, delivered, damaged } = self.books;
        let accounted = delivered + damaged + self.waiting();
        (recovered + appended).cast_signed() - accounted.cast_signed()
    }

    /// Writes everything.
    #[expect(clippy::cast_precision_loss, reason = "an imbalance is zero or small")]
    pub fn publish(&self, to: &Publisher, now: UnixMicros) {
        for (lane, figures) in Lane::ALL.iter().zip(&self.lanes) {
            let label = [("lane", lane.label().to_owned())];
            let age = figures.oldest.map_or(0, |oldest| now.minus(oldest));
            to.gauge(&m::SPOOL_BYTES, &label, number(figures.bytes));
            to.gauge(&m::SPOOL_RECORDS, &label, number(figures.waiting));
            // A wall clock may be set back behind the record.
            to.gauge(&m::SPOOL_OLDEST_AGE, &label, seconds(age.max(0).cast_unsigned()));
        }
        for state in SpoolState::LABELS {
            let is_it = u64::from(state == self.state.label());
            to.gauge(&m::SPOOL_STATE, &[("state", state.to_owned())], number(is_it));
        }
        for (metric, count) in [
            (&m::SPOOL_APPENDED, self.books.appended),
            (&m::SPOOL_APPENDED_BYTES, self.appended_bytes),
            (&m::SPOOL_RECOVERED, self.books.recovered),
            (&m::SPOOL_DELIVERED, self.books.delivered),
            (&m::SPOOL_DAMAGED, self.books.damaged),
            (&m::SPOOL_DRAINED, self.drained),
            (&m::SPOOL_DRAINED_BYTES, self.drained_bytes),
        ] {
            to.counter(metric, &[], count);
        }
        for (metric, value) in [
            (&m::SPOOL_LIMIT_BYTES, self.limit_bytes),
            (&m::SPOOL_WITHHELD_GROUPS, self.withheld_groups),
            (&m::SPOOL_QUARANTINED, self.quarantined_bytes),
        ] {
            to.gauge(metric, &[], number(value));
        }
        let full = self.time_to_full.map_or(f64::INFINITY, |time| time.as_secs_f64());
        to.gauge(&m::SPOOL_TIME_TO_FULL, &[], full);
        to.gauge(&m::SPOOL_BOOKKEEPING_ERROR, &[], self.imbalance() as f64);
        to.histogram(&m::SPOOL_FSYNC, &[], &self.fsync);
    }
}
