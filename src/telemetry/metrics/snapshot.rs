//! What a link says of itself at a scrape.

use std::iter::Sum;

use super::{Histogram, Label, Publisher, catalogue as m, number, seconds};
use crate::model::{Lane, LinkName, ReasonCounts};

/// A figure for each QoS level trygg subscribes with.
pub type ByQoS = [u64; 2];

/// Where every received message and every decoded reading stands.
///
/// `received = settled + shed + abandoned + orphaned + in flight` for each QoS, and
/// `decoded = delivered + spooled + dead_lettered + discarded + undelivered + in flight`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// PUBLISH packets taken from the socket.
    pub received: ByQoS,
    /// PUBACK written; for QoS 0, proof arrived.
    pub settled: ByQoS,
    /// QoS 0 put aside because everything was full.
    pub shed: ByQoS,
    /// Token dropped.
    pub abandoned: ByQoS,
    /// Connection ended first.
    pub orphaned: ByQoS,
    /// Occupied slots and PUBACKs not yet written, counted one by one.
    pub in_flight: ByQoS,
    /// Readings found in messages.
    pub decoded: u64,
    /// Confirmed by Kafka, every copy of them.
    pub delivered: u64,
    /// Acknowledged for the spool: what becomes of their records stands in the spool's own books.
    pub spooled: u64,
    /// Refused, and the dead letter confirmed.
    pub dead_lettered: u64,
    /// Put aside by policy: unknown devices, repeats, duplicates, for want of consent.
    pub discarded: u64,
    /// Given up: their message was abandoned.
    pub undelivered: u64,
    /// Readings of occupied slots, counted one by one.
    pub readings_in_flight: u64,
}

impl Ledger {
    /// Messages received minus messages accounted for; zero or there is a bug.
    pub fn message_imbalance(&self) -> i64 {
        let sum = |counts: &ByQoS| counts.iter().sum::<u64>();
        let accounted = sum(&self.settled)
            + sum(&self.shed)
            + sum(&self.abandoned)
            + sum(&self.orphaned)
            + sum(&self.in_flight);
        sum(&self.received).cast_signed() - accounted.cast_signed()
    }

    /// Readings decoded minus readings accounted for; zero or there is a bug.
    pub fn reading_imbalance(&self) -> i64 {
        let accounted = self.delivered
            + self.spooled
            + self.dead_lettered
            + self.discarded
            + self.undelivered
            + self.readings_in_flight;
        self.decoded.cast_signed() - accounted.cast_signed()
    }
}

impl<'a> Sum<&'a Self> for Ledger {
    fn sum<I: Iterator<Item = &'a Self>>(ledgers: I) -> Self {
        ledgers.fold(Self::default(), |sum, ledger| {
            let both = |a: ByQoS, b: ByQoS| [a[0] + b[0], a[1] + b[1]];
            Self {
                received: both(sum.received, ledger.received),
                settled: both(sum.settled, ledger.settled),
                shed: both(sum.shed, ledger.shed),
                abandoned: both(sum.abandoned, ledger.abandoned),
                orphaned: both(sum.orphaned, ledger.orphaned),
                in_flight: both(sum.in_flight, ledger.in_flight),
                decoded: sum.decoded + ledger.decoded,
                delivered: sum.delivered + ledger.delivered,
                spooled: sum.spooled + ledger.spooled,
                dead_lettered: sum.dead_lettered + ledger.dead_lettered,
                discarded: sum.discarded + ledger.discarded,
                undelivered: sum.undelivered + ledger.undelivered,
                readings_in_flight: sum.readings_in_flight + ledger.readings_in_flight,
            }
        })
    }
}

/// One link's figures, taken between two steps of its loop.
#[derive(Clone, Debug)]
pub struct LinkSnapshot {
    /// Configured name.
    pub link: LinkName,
    /// The books.
    pub ledger: Ledger,
    /// Bytes of received PUBLISH packets.
    pub received_bytes: u64,
    /// Dead letters by reason.
    pub rejected: ReasonCounts,
    /// Refused readings by reason.
    pub refused: ReasonCounts,
    /// Readings put aside by reason.
    pub discarded: [(&'static str, u64); 4],
    /// Readings that said a confirmed value again.
    pub repeated: u64,
    /// Bytes in which values that may be repeated are remembered.
    pub repeats_bytes: u64,
    /// Devices forgotten there.
    pub repeats_forgotten: u64,
    /// Messages without measurements by what they were.
    pub non_readings: ReasonCounts,
    /// Keys no decoder knows.
    pub unknown_keys: u64,
    /// Messages that did not come, by their senders' own counts.
    pub missed: u64,
    /// What formats wanted to have said to senders: purpose, outcome, count.
    pub requests: [(&'static str, &'static str, u64); 2],
    /// What formats remember: entries.
    pub memory_entries: u64,
    /// Bytes of them.
    pub memory_bytes: u64,
    /// Entries that had to go for newer ones.
    pub memory_forgotten: u64,
    /// Urgent readings sent to the alerts topic.
    pub alerts: u64,
    /// Batches closed by reason.
    pub flushed: Vec<(&'static str, u64)>,
    /// Readings in closed batches.
    pub batched_readings: u64,
    /// Records confirmed by lane.
    pub records_delivered: [u64; 3],
    /// Bytes of confirmed records by lane.
    pub record_bytes_delivered: [u64; 3],
    /// Readings discarded for want of consent.
    pub without_consent: u64,
    /// Records not handed over for want of consent, by lane.
    pub records_withheld: [u64; 3],
    /// Failed delivery reports by class.
    pub records_failed: [(&'static str, u64); 3],
    /// Records sent again singly.
    pub records_retried_singly: u64,
    /// Records not yet confirmed.
    pub records_live: u64,
    /// Their bytes.
    pub record_bytes_live: u64,
    /// Partitions that go through the spool.
    pub partitions_spooling: u64,
    /// Receive maximum told to the broker.
    pub window_limit: u64,
    /// Byte limit of what is outstanding.
    pub outstanding_bytes_limit: u64,
    /// Bytes of unacknowledged messages.
    pub outstanding_bytes: u64,
    /// Age of the oldest unacknowledged message, microseconds.
    pub oldest_unacknowledged_us: u64,
    /// 1 while every subscription is granted.
    pub connected: u64,
    /// Ends of connections by reason.
    pub reconnects: ReasonCounts,
    /// Times the broker had forgotten the session.
    pub session_lost: u64,
    /// Redeliveries recognised, so that their event id was kept.
    pub redeliveries_recognised: u64,
    /// What the broker says it has discarded, if it says so.
    pub broker_dropped: Option<u64>,
    /// Receive to PUBACK-able, since the last scrape.
    pub acknowledge: Histogram,
    /// Device time to receive, since the last scrape.
    pub device_lag: Histogram,
}

impl LinkSnapshot {
    /// Writes everything under the link's label.
    pub fn publish(&self, to: &Publisher) {
        let link = || ("link", self.link.to_string());
        let alone = [link()];
        self.publish_ledger(to, &alone);
        self.publish_reasons(to);
        let by = |label: &'static str, value: &str| -> [Label; 2] {
            [link(), (label, value.to_owned())]
        };
        for (lane, count) in Lane::ALL.iter().zip(self.records_delivered) {
            to.counter(&m::RECORDS_DELIVERED, &by("lane", lane.label()), count);
        }
        for (lane, count) in Lane::ALL.iter().zip(self.record_bytes_delivered) {
            to.counter(&m::RECORD_BYTES_DELIVERED, &by("lane", lane.label()), count);
        }
        for (lane, count) in Lane::ALL.iter().zip(self.records_withheld).take(2) {
            to.counter(&m::RECORDS_WITHHELD, &by("lane", lane.label()), count);
        }
        for (class, count) in self.records_failed {
            to.counter(&m::RECORDS_FAILED, &by("class", class), count);
        }
        for (purpose, outcome, count) in self.requests {
            let [link, purpose] = by("purpose", purpose);
            to.counter(&m::REQUESTS, &[link, purpose, ("outcome", outcome.to_owned())], count);
        }
        for (metric, count) in [
            (&m::MESSAGE_BYTES_RECEIVED, self.received_bytes),
            (&m::UNKNOWN_KEYS, self.unknown_keys),
            (&m::MESSAGES_MISSED, self.missed),
            (&m::FORMAT_MEMORY_FORGOTTEN, self.memory_forgotten),
            (&m::ALERTS_PRODUCED, self.alerts),
            (&m::READINGS_REPEATED, self.repeated),
            (&m::REPEATS_FORGOTTEN, self.repeats_forgotten),
            (&m::BATCHED_READINGS, self.batched_readings),
            (&m::READINGS_WITHOUT_CONSENT, self.without_consent),
            (&m::RECORDS_RETRIED_SINGLY, self.records_retried_singly),
            (&m::LINK_SESSION_LOST, self.session_lost),
            (&m::REDELIVERIES_RECOGNISED, self.redeliveries_recognised),
        ] {
            to.counter(metric, &alone, count);
        }
        for (metric, value) in [
            (&m::RECORDS_LIVE, self.records_live),
            (&m::RECORD_BYTES_LIVE, self.record_bytes_live),
            (&m::WINDOW_LIMIT, self.window_limit),
            (&m::OUTSTANDING_BYTES, self.outstanding_bytes),
            (&m::OUTSTANDING_BYTES_LIMIT, self.outstanding_bytes_limit),
            (&m::LINK_CONNECTED, self.connected),
            (&m::REPEATS_BYTES, self.repeats_bytes),
            (&m::FORMAT_MEMORY_ENTRIES, self.memory_entries),
            (&m::FORMAT_MEMORY_BYTES, self.memory_bytes),
            (&m::LINK_PARTITIONS_SPOOLING, self.partitions_spooling),
        ] {
            to.gauge(metric, &alone, number(value));
        }
        to.gauge(&m::OLDEST_UNACKNOWLEDGED, &alone, seconds(self.oldest_unacknowledged_us));
        if let Some(dropped) = self.broker_dropped {
            to.gauge(&m::BROKER_DROPPED, &alone, number(dropped));
        }
        to.histogram(&m::ACKNOWLEDGE, &alone, &self.acknowledge);
        to.histogram(&m::DEVICE_LAG, &alone, &self.device_lag);
    }

    /// What is counted by reason.
    fn publish_reasons(&self, to: &Publisher) {
        let count = |metric, reason: &str, count| {
            let labels = [("link", self.link.to_string()), ("reason", reason.to_owned())];
            to.counter(metric, &labels, count);
        };
        for (metric, counts) in [
            (&m::MESSAGES_REJECTED, &self.rejected),
            (&m::READINGS_REFUSED, &self.refused),
            (&m::NON_READINGS, &self.non_readings),
            (&m::LINK_RECONNECTS, &self.reconnects),
        ] {
            counts.iter().for_each(|(reason, number)| count(metric, reason, number));
        }
        for (reason, number) in &self.flushed {
            count(&m::BATCHES_FLUSHED, reason, *number);
        }
        for (reason, number) in self.discarded {
            count(&m::READINGS_DISCARDED, reason, number);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an imbalance is zero or small")]
    fn publish_ledger(&self, to: &Publisher, alone: &[Label; 1]) {
        let ledger = &self.ledger;
        for (qos, level) in ["0", "1"].iter().enumerate() {
            let [link] = alone.clone();
            let labels = [link, ("qos", (*level).to_owned())];
            let at = |counts: &ByQoS| counts.get(qos).copied().unwrap_or(0);
            to.counter(&m::MESSAGES_RECEIVED, &labels, at(&ledger.received));
            to.counter(&m::MESSAGES_SETTLED, &labels, at(&ledger.settled));
            to.counter(&m::MESSAGES_SHED, &labels, at(&ledger.shed));
            to.counter(&m::MESSAGES_ABANDONED, &labels, at(&ledger.abandoned));
            to.counter(&m::MESSAGES_ORPHANED, &labels, at(&ledger.orphaned));
            to.gauge(&m::MESSAGES_IN_FLIGHT, &labels, number(at(&ledger.in_flight)));
        }
        to.counter(&m::READINGS_DECODED, alone, ledger.decoded);
        to.counter(&m::READINGS_DELIVERED, alone, ledger.delivered);
        to.counter(&m::READINGS_SPOOLED, alone, ledger.spooled);
        to.counter(&m::READINGS_DEAD_LETTERED, alone, ledger.dead_lettered);
        to.counter(&m::READINGS_UNDELIVERED, alone, ledger.undelivered);
        to.gauge(&m::READINGS_IN_FLIGHT, alone, number(ledger.readings_in_flight));
        let imbalance = ledger.message_imbalance().abs() + ledger.reading_imbalance().abs();
        to.gauge(&m::LEDGER_IMBALANCE, alone, imbalance as f64);
    }
}
