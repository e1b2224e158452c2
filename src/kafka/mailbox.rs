//! Where delivery reports wait for the link that sent the records.

use std::sync::Mutex;

use tokio::sync::Notify;

use super::failure::Failure;
use crate::ack::Receipt;

/// Names a record of one link while Kafka has it: an index of the link's table and the
/// generation of the producer it went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Index into the link's record table.
    pub record: u32,
    /// Generation of the producer.
    pub generation: u16,
}

/// What Kafka said of a record.
#[derive(Debug)]
pub struct Report {
    /// Which record.
    pub ticket: Ticket,
    /// Proof, or what went wrong.
    pub outcome: Result<Receipt, Failure>,
}

/// Reports for one link. The callback pushes, the link takes all at once; the lock is held for
/// a push or a swap. Bounded by the link's live records: each is reported once.
#[derive(Debug, Default)]
pub struct Mailbox {
    reports: Mutex<Vec<Report>>,
    arrived: Notify,
}

impl Mailbox {
    /// Adds a report and wakes the link if it may be asleep.
    pub fn push(&self, report: Report) {
        let was_empty = {
            let mut reports = self.lock();
            let was_empty = reports.is_empty();
            reports.push(report);
            was_empty
        };
        if was_empty {
            self.arrived.notify_one();
        }
    }

    /// Swaps what has arrived with `empty`, which keeps both buffers in use.
    pub fn take(&self, empty: &mut Vec<Report>) {
        debug_assert!(empty.is_empty(), "reports would be lost in the swap");
        std::mem::swap(&mut *self.lock(), empty);
    }

    /// Waits until something may have arrived. Cancel-safe; may wake without cause.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// A push cannot panic half-way, so a poisoned lock still guards a whole list.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Report>> {
        self.reports.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
