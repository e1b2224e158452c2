//! Open batches by home: what one home reported, until a reason to send it comes.
//!
//! Readings are encoded straight into the batch's record, so closing one copies nothing.

use std::{collections::VecDeque, hint::black_box, time::Duration};

use crate::{
    model::Mono,
    record::{Record, RecordPool},
};

/// Why a batch was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushReason {
    /// It holds `max_readings`.
    Readings,
    /// It holds `max_bytes`.
    Bytes,
    /// Its oldest report has waited for `linger`.
    Linger,
    /// The broker's window is full, so nothing more can arrive before acknowledgements leave.
    Window,
    /// The socket is empty and Kafka has nothing of this link: waiting would gain nothing.
    Idle,
    /// It holds an urgent reading.
    Urgent,
    /// The connection ended, or the engine stops.
    Drain,
}

impl FlushReason {
    /// Every reason, for tables indexed by `reason as usize`.
    pub const ALL: [Self; 7] = [
        Self::Readings,
        Self::Bytes,
        Self::Linger,
        Self::Window,
        Self::Idle,
        Self::Urgent,
        Self::Drain,
    ];

    /// Label value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Readings => "readings",
            Self::Bytes => "bytes",
            Self::Linger => "linger",
            Self::Window => "window",
            Self::Idle => "idle",
            Self::Urgent => "urgent",
            Self::Drain => "drain",
        }
    }
}

/// When a batch is full or old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Readings a record; 1 gives a record for each message.
    pub max_readings: u32,
    /// Bytes of a record's value, soft: the report that passes it is still inside.
    pub max_bytes: usize,
    /// Longest wait of a report.
    pub linger: Duration,
}

/// The open batches of one link. Homes are small dense numbers of the resolver.
#[derive(Debug)]
pub struct Batches {
    limits: BatchLimits,
    open: Vec<Option<Open>>,
    /// Open homes in the order of opening; entries of closed batches are skipped.
    order: VecDeque<(u32, u64)>,
    next_serial: u64,
    flushed: [u64; FlushReason::ALL.len()],
    readings: u64,
}

#[derive(Debug)]
struct Open {
    record: Record,
    serial: u64,
}

impl Batches {
    /// No batch open.
    pub fn new(limits: BatchLimits) -> Self {
        Self {
            limits,
            open: Vec::new(),
            order: VecDeque::new(),
            next_serial: 0,
            flushed: [0; FlushReason::ALL.len()],
            readings: 0,
        }
    }

    /// Asks memory for the end of the home's batch, which is about to be written to, and does not
    /// wait for it.
    #[inline]
    pub fn approach(&self, home: u32) {
        let open = usize::try_from(home).ok().and_then(|home| self.open.get(home)?.as_ref());
        black_box(open.and_then(|open| open.record.value.last()));
    }

    /// The home's batch, opened if need be: `begin` writes key and prefix into the new record.
    pub fn of_home(
        &mut self,
        home: u32,
        now: Mono,
        pool: &mut RecordPool,
        begin: impl FnOnce(&mut Record),
    ) -> Option<&mut Record> {
        let position = usize::try_from(home).ok()?;
        if position >= self.open.len() {
            self.open.resize_with(position + 1, || None);
        }
        let place = self.open.get_mut(position)?;
        let open = place.get_or_insert_with(|| {
            let mut record = pool.take();
            record.opened = now;
            begin(&mut record);
            let serial = self.next_serial;
            self.next_serial += 1;
            self.order.push_back((home, serial));
            Open { record, serial }
        });
        Some(&mut open.record)
    }

    /// Closes the home's batch if it is full now.
    pub fn close_if_full(&mut self, home: u32) -> Option<Record> {
        let open = self.open.get(usize::try_from(home).ok()?)?.as_ref()?;
        let reason = if open.record.readings >= self.limits.max_readings {
            FlushReason::Readings
        } else if open.record.value.len() >= self.limits.max_bytes {
            FlushReason::Bytes
        } else {
            return None;
        };
        self.close(home, reason)
    }

    /// Closes one home's batch.
    pub fn close(&mut self, home: u32, reason: FlushReason) -> Option<Record> {
        let record = self.open.get_mut(usize::try_from(home).ok()?)?.take()?.record;
        if let Some(count) = self.flushed.get_mut(reason as usize) {
            *count += 1;
        }
        self.readings += u64::from(record.readings);
        Some(record)
    }

    /// Closes the oldest batch if its linger is over.
    pub fn pop_due(&mut self, now: Mono) -> Option<Record> {
        (self.deadline()? <= now).then(|| self.pop(FlushReason::Linger))?
    }

    /// Closes the oldest batch, for whatever reason. Repeat until `None`.
    pub fn pop(&mut self, reason: FlushReason) -> Option<Record> {
        self.oldest()?;
        let (home, _) = self.order.pop_front()?;
        self.close(home, reason)
    }

    /// When the oldest batch is due.
    pub fn deadline(&mut self) -> Option<Mono> {
        self.oldest().map(|opened| opened + self.limits.linger)
    }

    /// Batches closed, by `FlushReason as usize`.
    pub fn flushed(&self) -> &[u64; FlushReason::ALL.len()] {
        &self.flushed
    }

    /// Readings in all closed batches.
    pub fn readings(&self) -> u64 {
        self.readings
    }

    /// Drops queue entries whose batch was closed out of turn; opening time of the first left.
    fn oldest(&mut self) -> Option<Mono> {
        while let Some((home, serial)) = self.order.front() {
            let open = usize::try_from(*home).ok().and_then(|home| self.open.get(home)?.as_ref());
            match open {
                Some(open) if open.serial == *serial => return Some(open.record.opened),
                Some(_) | None => {
                    self.order.pop_front();
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BatchLimits =
        BatchLimits { max_readings: 3, max_bytes: 1_000, linger: Duration::from_millis(20) };

    fn add(batches: &mut Batches, pool: &mut RecordPool, home: u32, at: u64) {
        let record = batches
            .of_home(home, Mono(at), pool, |record| record.key = home.to_string().into_bytes())
            .expect("small home number");
        record.readings += 1;
        record.value.extend_from_slice(b"reading");
    }

    #[test]
    fn a_full_batch_closes_and_the_next_reading_opens_another() {
        let (mut batches, mut pool) = (Batches::new(LIMITS), RecordPool::new(8));
        for at in 0..3 {
            assert!(batches.close_if_full(7).is_none());
            add(&mut batches, &mut pool, 7, at);
        }
        let full = batches.close_if_full(7).expect("three readings are enough");
        assert_eq!((full.readings, full.opened), (3, Mono(0)));
        add(&mut batches, &mut pool, 7, 9);
        assert_eq!(batches.deadline(), Some(Mono(9) + LIMITS.linger));
    }

    #[test]
    fn linger_is_counted_from_the_oldest_reading_of_each_home() {
        let (mut batches, mut pool) = (Batches::new(LIMITS), RecordPool::new(8));
        add(&mut batches, &mut pool, 1, 0);
        add(&mut batches, &mut pool, 2, 5_000);
        add(&mut batches, &mut pool, 1, 6_000);
        assert!(batches.pop_due(Mono(19_999)).is_none());
        assert_eq!(batches.pop_due(Mono(20_000)).map(|record| record.key), Some(b"1".to_vec()));
        assert!(batches.pop_due(Mono(20_000)).is_none());
        assert_eq!(batches.pop_due(Mono(25_000)).map(|record| record.key), Some(b"2".to_vec()));
        assert_eq!(batches.deadline(), None);
    }

    #[test]
    fn a_batch_closed_out_of_turn_does_not_lend_its_age_to_the_next_one() {
        let (mut batches, mut pool) = (Batches::new(LIMITS), RecordPool::new(8));
        add(&mut batches, &mut pool, 1, 0);
        assert!(batches.close(1, FlushReason::Urgent).is_some());
        add(&mut batches, &mut pool, 1, 10_000);
        assert_eq!(batches.deadline(), Some(Mono(30_000)));
        assert!(batches.pop(FlushReason::Drain).is_some());
        assert!(batches.pop(FlushReason::Drain).is_none());
    }
}
