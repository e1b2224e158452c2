//! A link's hand in the spool: orders in, tidings out, never waiting.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::AtomicBool};

use tokio::sync::Notify;

use super::{
    orders::{LaneOrders, Orders},
    pulse::Pulse,
    tidings::Tiding,
};
use crate::model::Lane;

/// Between one link and the thread. Bounded by the link: what is here is in its windows.
#[derive(Debug, Default)]
pub(super) struct Desk {
    orders: Mutex<Orders>,
    tidings: Mutex<Vec<Tiding>>,
    arrived: Notify,
}

impl Desk {
    /// What has been ordered since.
    pub(super) fn take(&self, empty: &mut Orders) {
        std::mem::swap(&mut *lock(&self.orders), empty);
    }

    /// Tells the link.
    pub(super) fn tell(&self, tiding: Tiding) {
        lock(&self.tidings).push(tiding);
        self.arrived.notify_one();
    }

    /// Wakes the link, to see that the thread is gone.
    pub(super) fn ring(&self) {
        self.arrived.notify_one();
    }
}

/// Wakes the thread.
#[derive(Debug, Default)]
pub(super) struct Bell {
    is_rung: Mutex<bool>,
    rung: Condvar,
    /// The thread is to end.
    pub(super) is_closing: AtomicBool,
    pub(super) pulse: Arc<Pulse>,
}

impl Bell {
    pub(super) fn ring(&self) {
        *lock(&self.is_rung) = true;
        self.rung.notify_one();
    }

    /// Waits until it is rung.
    pub(super) fn wait(&self, longest: std::time::Duration) {
        let rung = lock(&self.is_rung);
        let waited = self.rung.wait_timeout_while(rung, longest, |is_rung| !*is_rung);
        let (mut is_rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *is_rung = false;
    }
}

/// A link's hand.
#[derive(Debug)]
pub struct Hand {
    desk: Arc<Desk>,
    bell: Arc<Bell>,
}

impl Hand {
    pub(super) fn new(desk: Arc<Desk>, bell: Arc<Bell>) -> Self {
        Self { desk, bell }
    }

    /// Gives orders; `orders` is empty afterwards and keeps a buffer.
    pub fn submit(&self, orders: &mut Orders) {
        if orders.is_empty() {
            return;
        }
        {
            let mut waiting = lock(&self.desk.orders);
            for lane in Lane::ALL {
                add(waiting.lane_mut(lane), orders.lane_mut(lane));
            }
        }
        self.bell.ring();
    }

    /// Swaps what has arrived with `empty`.
    pub fn take(&self, empty: &mut Vec<Tiding>) {
        debug_assert!(empty.is_empty(), "tidings would be lost in the swap");
        std::mem::swap(&mut *lock(&self.desk.tidings), empty);
    }

    /// Waits until something may have arrived. Cancel-safe; may wake without cause.
    pub async fn arrived(&self) {
        self.desk.arrived.notified().await;
    }
}

/// Puts the newer orders behind those that wait already.
fn add(waiting: &mut LaneOrders, newer: &mut LaneOrders) {
    if newer.count > 0 {
        if waiting.count == 0 {
            waiting.first = newer.first;
            std::mem::swap(&mut waiting.frames, &mut newer.frames);
        } else {
            debug_assert_eq!(waiting.first + waiting.count, newer.first, "a gap in the log");
            waiting.frames.extend_from_slice(&newer.frames);
        }
        waiting.count += std::mem::take(&mut newer.count);
        newer.frames.clear();
    }
    if let Some(marks) = newer.marks.take() {
        waiting.marks = Some(marks);
    }
    if let Some(read) = newer.read.take() {
        waiting.read = Some(read);
    }
}

/// Nothing that is done under these locks can panic half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
