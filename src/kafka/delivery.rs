//! The delivery callback: the only place that proves delivery.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    producer::{DeliveryResult, ProducerContext},
    types::RDKafkaErrorCode,
};
use tokio::sync::Notify;

use super::{
    failure::Failure,
    mailbox::{Mailbox, Report, Ticket},
    statistics::Statistics,
};
use crate::ack::Receipt;

/// What librdkafka carries for us with each record: link, generation and table index in one
/// word, so nothing is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opaque {
    pub(super) link: u16,
    pub(super) ticket: Ticket,
}

impl Opaque {
    pub(super) fn pack(self) -> usize {
        let word = u64::from(self.link) << 48
            | u64::from(self.ticket.generation) << 32
            | u64::from(self.ticket.record);
        // The engine runs on 64-bit machines; `Kafka::connect` refuses others.
        usize::try_from(word).unwrap_or(usize::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "each field is cut out of its own bits")]
    fn unpack(word: usize) -> Self {
        let word = word as u64;
        Self {
            link: (word >> 48) as u16,
            ticket: Ticket { record: word as u32, generation: (word >> 32) as u16 },
        }
    }
}

/// What the client library says of itself, outside of single records.
#[derive(Debug, Default)]
pub struct ClientState {
    /// Last statistics, folded.
    pub statistics: Statistics,
    /// No broker answers, says librdkafka.
    pub all_brokers_down: AtomicBool,
    fatal: AtomicBool,
    fatal_raised: Notify,
}

impl ClientState {
    /// Notes that the producer can send nothing any more.
    pub fn raise_fatal(&self) {
        if !self.fatal.swap(true, Ordering::AcqRel) {
            self.fatal_raised.notify_one();
        }
    }

    /// Forgets what was raised for a producer that is gone.
    pub(super) fn clear_fatal(&self) {
        self.fatal.store(false, Ordering::Release);
    }

    /// Waits for a fatal error; at most one caller, the one that rebuilds.
    pub async fn fatal(&self) {
        while !self.fatal.swap(false, Ordering::AcqRel) {
            self.fatal_raised.notified().await;
        }
    }
}

/// librdkafka's callbacks. Called on its threads; none of them waits.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) mailboxes: Arc<[Arc<Mailbox>]>,
    pub(super) state: Arc<ClientState>,
}

impl ProducerContext for Delivery {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let Opaque { link, ticket } = Opaque::unpack(opaque);
        let outcome = match result {
            Ok(_) => {
                self.state.all_brokers_down.store(false, Ordering::Release);
                Ok(proof_of_delivery())
            }
            Err((error, _)) => {
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
                    self.state.raise_fatal();
                }
                Err(Failure::from(error))
            }
        };
        if let Some(mailbox) = self.mailboxes.get(usize::from(link)) {
            mailbox.push(Report { ticket, outcome });
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this callback is Kafka's acks=all confirmation")]
fn proof_of_delivery() -> Receipt {
    Receipt::new()
}

impl ClientContext for Delivery {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => {
                tracing::debug!(target: "librdkafka", facility, message);
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::trace!(target: "librdkafka", facility, message);
            }
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        if self.state.statistics.update(statistics) {
            self.state.all_brokers_down.store(false, Ordering::Release);
        }
    }

    fn error(&self, error: KafkaError, _reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                self.state.all_brokers_down.store(true, Ordering::Release);
            }
            // rdkafka hands out the cause of a fatal error, not that it is one. Outside of single
            // records these causes are fatal always.
            Some(
                RDKafkaErrorCode::Fatal
                | RDKafkaErrorCode::OutOfOrderSequenceNumber
                | RDKafkaErrorCode::UnknownProducerId,
            ) => self.state.raise_fatal(),
            code => tracing::debug!(target: "librdkafka", ?code, "client error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opaque_survives_the_way_through_librdkafka() {
        for (link, record, generation) in [(0, 0, 0), (1, 2, 3), (u16::MAX, u32::MAX, u16::MAX)] {
            let opaque = Opaque { link, ticket: Ticket { record, generation } };
            assert_eq!(Opaque::unpack(opaque.pack()), opaque);
        }
    }
}
