//! The delivery callback: the only place that proves delivery.

use std::{
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rdkafka::{
    ClientContext,
    client::OAuthToken,
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::Message as _,
    producer::{DeliveryResult, ProducerContext},
    types::RDKafkaErrorCode,
};
use tokio::sync::Notify;

use super::{
    failure::Failure,
    implied::{Implied, Verdict},
    mailbox::{Mailbox, Report, Ticket},
    security::Credential,
    settings::Grouping,
    statistics::{Statistics, Usable},
    token,
    trouble::Trouble,
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
    trouble: Mutex<Option<Trouble>>,
    /// The code of what was raised and is not dealt with yet.
    fatal: Mutex<Option<&'static str>>,
    fatal_raised: Notify,
}

/// Code for a producer that is replaced because its login is, and not because it failed.
pub const LOGIN_RENEWED: &str = "login_renewed";

impl ClientState {
    /// What keeps a broker from being used, as far as the client library has said.
    pub fn trouble(&self) -> Option<Trouble> {
        self.lock_trouble().clone()
    }

    /// Notes what an error or a log line of librdkafka says of a broker. What asks for a hand is
    /// not covered up by what comes and goes.
    fn note(&self, code: Option<RDKafkaErrorCode>, text: &str) {
        let Some(told) = Trouble::told(code, text) else { return };
        let mut trouble = self.lock_trouble();
        let is_worse = trouble.as_ref().is_some_and(|known| known.cause.asks_for_a_hand());
        if !is_worse || told.cause.asks_for_a_hand() {
            *trouble = Some(told);
        }
    }

    /// Notes what was found out about a trouble, unless there is another one by now.
    pub(super) fn set_known(&self, known: &Trouble) {
        let mut trouble = self.lock_trouble();
        if trouble.as_ref().is_some_and(|now| now.detail == known.detail) {
            *trouble = Some(known.clone());
        }
    }

    /// A broker has answered.
    pub(super) fn set_up(&self) {
        if self.all_brokers_down.swap(false, Ordering::AcqRel) {
            self.forget_trouble();
        }
    }

    /// Whatever it was, brokers answer now.
    pub(super) fn forget_trouble(&self) {
        *self.lock_trouble() = None;
    }

    fn lock_trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the producer can send nothing any more, and why.
    pub fn raise_fatal(&self, code: &'static str) {
        self.lock_fatal().get_or_insert(code);
        self.fatal_raised.notify_one();
    }

    /// Forgets what was raised for a producer that is gone.
    pub(super) fn clear_fatal(&self) {
        *self.lock_fatal() = None;
    }

    fn lock_fatal(&self) -> MutexGuard<'_, Option<&'static str>> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a fatal error, and tells its code; at most one caller, the one that rebuilds.
    pub async fn fatal(&self) -> &'static str {
        loop {
            let raised = self.lock_fatal().take();
            match raised {
                Some(code) => return code,
                None => self.fatal_raised.notified().await,
            }
        }
    }
}

/// librdkafka's callbacks. Called on its threads; none of them waits.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) mailboxes: Arc<[Arc<Mailbox>]>,
    pub(super) state: Arc<ClientState>,
    /// Where a token for the login lies.
    pub(super) token: Option<Credential>,
    /// Which of a generation's two producers this is.
    pub(super) grouping: Grouping,
    /// Nobody else asks for it: all callbacks are of one thread.
    pub(super) implied: Mutex<Implied<Opaque>>,
}

impl Delivery {
    fn report(&self, Opaque { link, ticket }: Opaque, outcome: Result<Receipt, Failure>) {
        if let Some(mailbox) = self.mailboxes.get(usize::from(link)) {
            mailbox.push(Report { ticket, outcome });
        }
    }

    fn settle(&self, opaque: Opaque, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Written => Ok(proof_of_delivery()),
            Verdict::Unknown => Err(Failure::IMPLIED),
        };
        self.report(opaque, outcome);
    }

    fn implied(&self) -> MutexGuard<'_, Implied<Opaque>> {
        self.implied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProducerContext for Delivery {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: usize) {
        let opaque = Opaque::unpack(opaque);
        match result {
            Ok(message) => {
                self.state.set_up();
                let (topic, partition, offset) =
                    (message.topic(), message.partition(), message.offset());
                if offset < 0 {
                    return self.implied().infer(topic, partition, opaque);
                }
                let settle = |opaque, verdict| self.settle(opaque, verdict);
                self.implied().place(topic, partition, offset, settle);
                self.report(opaque, Ok(proof_of_delivery()));
            }
            Err((error, _)) => {
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
                    self.state.raise_fatal("fatal");
                }
                self.report(opaque, Err(Failure::from(error)));
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this callback is Kafka's acks=all confirmation")]
fn proof_of_delivery() -> Receipt {
    Receipt::new()
}

impl ClientContext for Delivery {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // A connection that is closed early is no error to librdkafka, and tells much.
        if facility == "FAIL" {
            self.state.note(None, message);
        }
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
        self.implied().look(|opaque, verdict| self.settle(opaque, verdict));
        // Only one of the two speaks for the client library.
        if self.grouping == Grouping::Single {
            return;
        }
        match self.state.statistics.update(statistics) {
            Usable::All => {
                self.state.set_up();
                self.state.forget_trouble();
            }
            Usable::Some => self.state.set_up(),
            Usable::None => {}
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let token = token::read(self.token.as_ref())?;
        if let (Some(credential), Grouping::Batched) = (&self.token, self.grouping) {
            credential.set_in_use(&token.token);
        }
        Ok(token)
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.state.note(error.rdkafka_error_code(), reason);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                self.state.all_brokers_down.store(true, Ordering::Release);
            }
            // rdkafka hands out the cause of a fatal error, not that it is one. Outside of single
            // records these causes are fatal always.
            Some(
                code @ (RDKafkaErrorCode::Fatal
                | RDKafkaErrorCode::OutOfOrderSequenceNumber
                | RDKafkaErrorCode::UnknownProducerId
                | RDKafkaErrorCode::ClusterAuthorizationFailed),
            ) => self.state.raise_fatal(Failure::from(code).code),
            code => tracing::debug!(target: "librdkafka", ?code, "client error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_is_told_under_its_own_code() {
        let state = ClientState::default();
        state.raise_fatal("fenced");
        state.clear_fatal();
        state.raise_fatal("out_of_order");
        state.raise_fatal("consequence");
        assert_eq!(state.fatal().await, "out_of_order");
        let next = async { state.raise_fatal("later") };
        assert_eq!(tokio::join!(state.fatal(), next).0, "later");
    }

    #[test]
    fn an_opaque_survives_the_way_through_librdkafka() {
        for (link, record, generation) in [(0, 0, 0), (1, 2, 3), (u16::MAX, u32::MAX, u16::MAX)] {
            let opaque = Opaque { link, ticket: Ticket { record, generation } };
            assert_eq!(Opaque::unpack(opaque.pack()), opaque);
        }
    }
}
