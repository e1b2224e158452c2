//! The ledger's entries, and what else a link counts. Plain fields of one writer.

use crate::{
    ack::{Arrival, Settlement, SlotState},
    model::{Mono, QoS, ReasonCounts},
    pipeline::Accepted,
    telemetry::metrics::{
        Histogram,
        catalogue::{LAG, LATENCY},
        snapshot::Ledger,
    },
};

/// See the module.
#[derive(Debug)]
pub struct Books {
    /// Entries; what is in flight is counted from the slots when asked for.
    ledger: Ledger,
    received_bytes: u64,
    /// Readings among the discarded of records that a home's refusal held back.
    withheld: u64,
    rejected: ReasonCounts,
    reconnects: ReasonCounts,
    session_lost: u64,
    redeliveries_recognised: u64,
    broker_dropped: Option<u64>,
    acknowledge: Histogram,
    device_lag: Histogram,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            ledger: Ledger::default(),
            received_bytes: 0,
            withheld: 0,
            rejected: ReasonCounts::default(),
            reconnects: ReasonCounts::default(),
            session_lost: 0,
            redeliveries_recognised: 0,
            broker_dropped: None,
            acknowledge: Histogram::new(LATENCY),
            device_lag: Histogram::new(LAG),
        }
    }
}

impl Books {
    /// A PUBLISH was taken from the socket.
    pub fn received(&mut self, qos: QoS, bytes: usize) {
        add(&mut self.ledger.received, qos, 1);
        self.received_bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    /// A QoS 0 message was put aside.
    pub fn shed(&mut self) {
        add(&mut self.ledger.shed, QoS::AtMostOnce, 1);
    }

    /// The pipeline is through with a message.
    pub fn accepted(&mut self, accepted: &Accepted) {
        let discarded = u64::from(accepted.discarded);
        self.ledger.decoded +=
            u64::from(accepted.readings) + u64::from(accepted.refused) + discarded;
        self.ledger.discarded += discarded;
        if let Some(reason) = accepted.rejected {
            self.rejected.add(reason);
        }
        if let Some(lag) = accepted.device_lag_us {
            self.device_lag.record(lag);
        }
    }

    /// A message of ours became a dead letter later on.
    pub fn rejected(&mut self, reason: &'static str) {
        self.rejected.add(reason);
    }

    /// Dead letters by reason.
    pub fn rejected_by_reason(&self) -> &ReasonCounts {
        &self.rejected
    }

    /// Every proof for a message is there.
    pub fn proven(&mut self, arrival: &Arrival, now: Mono) {
        self.readings_stored(arrival);
        let waited = now.since(arrival.received).as_micros();
        self.acknowledge.record(u64::try_from(waited).unwrap_or(u64::MAX));
    }

    /// PUBACKs written, or QoS 0 messages proven.
    pub fn settled(&mut self, qos: QoS, count: u64) {
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::MissingIncrement) {
            return;
        }
        add(&mut self.ledger.settled, qos, count);
    }

    /// The connection ended before the acknowledgement.
    pub fn orphaned(&mut self, qos: QoS, count: u64) {
        add(&mut self.ledger.orphaned, qos, count);
    }

    /// A token was dropped.
    pub fn abandoned(&mut self, qos: QoS) {
        add(&mut self.ledger.abandoned, qos, 1);
    }

    /// A message of an ended connection is through. Its QoS 1 entry was made when the
    /// connection ended; QoS 0 knows no redelivery, so its entry is made now.
    pub fn resolved_late(&mut self, arrival: &Arrival, state: SlotState) {
        match state {
            SlotState::Done => {
                self.readings_stored(arrival);
                if arrival.qos == QoS::AtMostOnce {
                    self.settled(QoS::AtMostOnce, 1);
                }
            }
            SlotState::Abandoned | SlotState::Open => {
                self.ledger.undelivered += u64::from(arrival.readings) + u64::from(arrival.refused);
                if arrival.qos == QoS::AtMostOnce {
                    self.abandoned(QoS::AtMostOnce);
                }
            }
        }
    }

    /// A connection ended or could not be made.
    pub fn reconnect(&mut self, reason: &'static str) {
        self.reconnects.add(reason);
    }

    /// The broker had forgotten this process's session.
    pub fn session_lost(&mut self) {
        self.session_lost += 1;
    }

    /// A redelivery kept its event id.
    pub fn redelivery_recognised(&mut self) {
        self.redeliveries_recognised += 1;
    }

    /// The broker's own count of what it has discarded.
    pub fn broker_dropped(&mut self, count: u64) {
        self.broker_dropped = Some(count);
    }

    /// The entries with nothing in flight, and the histograms since the last time.
    pub fn take(&mut self) -> Taken<'_> {
        let (acknowledge, device_lag) = (self.acknowledge.take(), self.device_lag.take());
        Taken {
            ledger: self.ledger.clone(),
            received_bytes: self.received_bytes,
            withheld: self.withheld,
            rejected: &self.rejected,
            reconnects: &self.reconnects,
            session_lost: self.session_lost,
            redeliveries_recognised: self.redeliveries_recognised,
            broker_dropped: self.broker_dropped,
            acknowledge,
            device_lag,
        }
    }

    fn readings_stored(&mut self, arrival: &Arrival) {
        let (good, refused) = (u64::from(arrival.readings), u64::from(arrival.refused));
        match arrival.settlement {
            Settlement::Delivered => {
                self.ledger.delivered += good;
                self.ledger.dead_lettered += refused;
            }
            Settlement::DeadLettered => self.ledger.dead_lettered += good + refused,
            Settlement::Withheld => {
                self.ledger.discarded += good;
                self.withheld += good;
                self.ledger.dead_lettered += refused;
            }
            Settlement::Spooled => self.ledger.spooled += good + refused,
        }
    }
}

/// What a snapshot takes from the books.
#[derive(Debug)]
pub struct Taken<'a> {
    /// Entries.
    pub ledger: Ledger,
    /// Bytes received.
    pub received_bytes: u64,
    /// Readings among the discarded of records that a home's refusal held back.
    pub withheld: u64,
    /// Dead letters by reason.
    pub rejected: &'a ReasonCounts,
    /// Ended connections by reason.
    pub reconnects: &'a ReasonCounts,
    /// Lost sessions.
    pub session_lost: u64,
    /// Recognised redeliveries.
    pub redeliveries_recognised: u64,
    /// The broker's own count.
    pub broker_dropped: Option<u64>,
    /// Since the last time.
    pub acknowledge: Histogram,
    /// Since the last time.
    pub device_lag: Histogram,
}

fn add(counts: &mut [u64; 2], qos: QoS, count: u64) {
    let [at_most_once, at_least_once] = counts;
    match qos {
        QoS::AtMostOnce => *at_most_once += count,
        QoS::AtLeastOnce => *at_least_once += count,
    }
}
