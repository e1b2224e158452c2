//! A link's figures, taken between two steps.

use std::sync::Arc;

use super::{
    core::{Core, Phase},
    duty::Parts,
    notice::Account,
};
use crate::{
    batch::FlushReason,
    model::{Mono, QoS},
    sink::Producer,
    telemetry::metrics::LinkSnapshot,
};

impl<P: Producer> Core<P> {
    /// What the link says at its end.
    pub fn account(&mut self, now: Mono) -> Account {
        Account { left: self.left_behind(), ledger: self.snapshot(now).ledger }
    }

    /// What `/metrics` shows of this link. Histograms are handed over, so ask once a scrape.
    pub fn snapshot(&mut self, now: Mono) -> LinkSnapshot {
        let connected = u64::from(self.phase == Phase::Established);
        let unwritten = self.unwritten();
        let Parts { books, pipeline, sink, current, windows, old } = self.duty.parts();
        let taken = books.take();
        let mut ledger = taken.ledger;
        // Counted one by one, never as a difference: else the ledger would prove nothing.
        ledger.in_flight = [0, unwritten];
        for (arrival, _) in current.into_iter().flat_map(crate::ack::Outstanding::iter) {
            count(&mut ledger.in_flight, arrival.qos);
        }
        let left = old.iter().flat_map(crate::ack::Outstanding::iter);
        for (arrival, _) in left.filter(|(arrival, _)| arrival.qos == QoS::AtMostOnce) {
            count(&mut ledger.in_flight, arrival.qos);
        }
        ledger.readings_in_flight = windows
            .iter()
            .flat_map(|window| window.iter())
            .map(|(arrival, _)| u64::from(arrival.readings) + u64::from(arrival.refused))
            .sum();
        let oldest = current.and_then(crate::ack::Outstanding::oldest);
        let age = oldest.map_or(0, |oldest| now.since(oldest).as_micros());
        let counts = sink.counts();
        let mut discarded = pipeline.counts().discarded;
        discarded.no_consent += taken.withheld;
        let flushed = FlushReason::ALL.iter().zip(pipeline.batches().flushed());
        LinkSnapshot {
            link: Arc::clone(&self.settings.name),
            ledger,
            received_bytes: taken.received_bytes,
            rejected: taken.rejected.clone(),
            refused: pipeline.counts().refused.clone(),
            discarded: discarded.by_reason(),
            repeated: pipeline.repeats().counts().repeats,
            repeats_bytes: wide(pipeline.repeats().bytes()),
            repeats_forgotten: pipeline.repeats().forgotten(),
            non_readings: pipeline.counts().non_readings.clone(),
            unknown_keys: pipeline.counts().unknown_keys,
            missed: pipeline.counts().missed,
            requests: pipeline.requests().by_outcome(),
            memory_entries: wide(pipeline.memory().len()),
            memory_bytes: wide(pipeline.memory().bytes()),
            memory_forgotten: pipeline.memory().forgotten(),
            alerts: pipeline.counts().alerts,
            flushed: flushed.map(|(reason, count)| (reason.label(), *count)).collect(),
            batched_readings: pipeline.batches().readings(),
            records_delivered: counts.delivered,
            record_bytes_delivered: counts.delivered_bytes,
            without_consent: pipeline.counts().discarded.no_consent + counts.withheld_readings,
            records_withheld: counts.withheld,
            records_failed: [
                ("record", counts.failed_record),
                ("world", counts.failed_world),
                ("unknown", counts.failed_unknown),
            ],
            records_retried_singly: counts.retried_singly,
            records_live: wide(sink.live()),
            record_bytes_live: wide(sink.live_bytes()),
            partitions_spooling: wide(sink.partitions_logged()),
            window_limit: wide(self.settings.receive_maximum),
            outstanding_bytes_limit: wide(self.settings.outstanding_bytes),
            outstanding_bytes: wide(current.map_or(0, crate::ack::Outstanding::bytes)),
            oldest_unacknowledged_us: u64::try_from(age).unwrap_or(u64::MAX),
            connected,
            reconnects: taken.reconnects.clone(),
            session_lost: taken.session_lost,
            redeliveries_recognised: taken.redeliveries_recognised,
            broker_dropped: taken.broker_dropped,
            acknowledge: taken.acknowledge,
            device_lag: taken.device_lag,
        }
    }
}

fn count(in_flight: &mut [u64; 2], qos: QoS) {
    if let Some(count) = in_flight.get_mut(usize::from(qos.level())) {
        *count += 1;
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
