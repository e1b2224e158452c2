//! Brings messages to a broker: several under way at a time, each until it is acknowledged, over
//! as many connections as it takes.

mod conversation;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{Broker, Failure, Fed, Outgoing, Rate, Scheduled};
use crate::{
    model::{Mono, QoS},
    mqtt::{Answer, Backoff, PublishError, Publisher, Setback},
    transport::dial,
};

/// How to publish.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// No more than this.
    pub rate: Option<Rate>,
    /// Go on behind a message that cannot be sent or is refused, and behind a line that is none.
    pub keep_going: bool,
    /// Connect again when a connection that once stood breaks.
    pub reconnect: bool,
}

/// What became of the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Taken by the broker, by its word.
    pub acknowledged: u64,
    /// Written at QoS 0, which no broker answers.
    pub unconfirmed: u64,
    /// Refused by the broker, or not fit for it.
    pub refused: u64,
    /// Lines that were no messages.
    pub broken: u64,
    /// Sent once more, since the connection broke before the broker's word: it may have two.
    pub resent: u64,
    /// Sent, or to be sent again, without an answer.
    pub unacknowledged: u64,
    /// How far the source is, as [`Scheduled::position`] says.
    pub position: u64,
}

impl Tally {
    /// Everything the broker has as far as can be known.
    pub fn published(&self) -> u64 {
        self.acknowledged + self.unconfirmed
    }
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum Notice<'n> {
    /// Something became of a message.
    Tally(&'n Tally),
    /// The broker accepted a connection.
    Connected,
    /// It goes on behind something that could not be published.
    Skipped(&'n Failure),
    /// A connection broke; another is tried after a while.
    Disconnected {
        /// Why.
        failure: &'n Failure,
        /// The while.
        again_in: Duration,
    },
}

/// How to end early.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Send nothing more, and wait for what is under way.
    pub gently: CancellationToken,
    /// Wait for nothing.
    pub at_once: CancellationToken,
}

/// How long a gentle stop waits for answers.
const STOPS_WITHIN: Duration = Duration::from_secs(5);

/// Somebody who publishes.
pub struct Courier<'n> {
    publisher: Publisher,
    manner: Manner,
    /// `None` when nothing more comes.
    source: Option<mpsc::Receiver<Fed>>,
    /// The next message of the source, until its time has come.
    next: Option<Scheduled>,
    /// Messages of a broken connection, oldest first.
    again: VecDeque<Outgoing>,
    /// By packet id, with their order.
    under_way: BTreeMap<u16, (u64, Outgoing)>,
    order: u64,
    /// When the last message that nobody answers was handed over, and its bytes.
    unanswered: Option<(Instant, usize)>,
    /// When the first connection stood: where the messages' times count from.
    began: Option<Instant>,
    /// When the rate allows the next message.
    free_at: Instant,
    stopping: Option<Instant>,
    failed: Option<Failure>,
    tally: Tally,
    notice: &'n mut dyn FnMut(Notice<'_>),
}

/// Publishes everything a source sends, and says what became of it.
///
/// # Errors
/// Why it ended early. What was acknowledged until then stays so.
pub async fn publish(
    broker: &Broker,
    manner: Manner,
    source: mpsc::Receiver<Fed>,
    stop: &Stop,
    notice: &mut dyn FnMut(Notice<'_>),
) -> (Tally, Result<(), Failure>) {
    let publisher = match Publisher::new(broker.publisher.clone()) {
        Ok(publisher) => publisher,
        Err(error) => return (Tally::default(), Err(error.into())),
    };
    let mut courier = Courier::new(publisher, manner, source, notice);
    let ended = courier.deliver(broker, stop).await;
    (courier.tally(), ended)
}

impl<'n> Courier<'n> {
    fn new(
        publisher: Publisher,
        manner: Manner,
        source: mpsc::Receiver<Fed>,
        notice: &'n mut dyn FnMut(Notice<'_>),
    ) -> Self {
        Self {
            publisher,
            manner,
            source: Some(source),
            next: None,
            again: VecDeque::new(),
            under_way: BTreeMap::new(),
            order: 0,
            unanswered: None,
            began: None,
            free_at: Instant::now(),
            stopping: None,
            failed: None,
            tally: Tally::default(),
            notice,
        }
    }

    async fn deliver(&mut self, broker: &Broker, stop: &Stop) -> Result<(), Failure> {
        let born = Instant::now();
        let mono = || Mono(0) + born.elapsed();
        let mut backoff = Backoff::new(Backoff::STABLE, rand::random());
        loop {
            let ended = tokio::select! {
                dialled = dial(&broker.address) => match dialled {
                    Ok(wire) => {
                        backoff.established(mono());
                        self.converse(wire, stop).await
                    }
                    Err(error) => Err(error.into()),
                },
                () = stop.gently.cancelled(), if !self.is_under_way() => Ok(()),
                () = stop.at_once.cancelled() => Err(Failure::Interrupted),
            };
            let Err(failure) = ended else { return self.failed.take().map_or(Ok(()), Err) };
            self.recall();
            let worth_it = match &failure {
                Failure::Dial { .. }
                | Failure::Session { .. }
                | Failure::Silent { .. }
                | Failure::Closed
                | Failure::ClosedOnLarge { .. } => true,
                Failure::Settings(_)
                | Failure::Refused { .. }
                | Failure::Message(_)
                | Failure::Source(_)
                | Failure::Interrupted => false,
            };
            let may_again = self.manner.reconnect && self.began.is_some();
            if !worth_it || !may_again || stop.gently.is_cancelled() {
                return Err(failure);
            }
            let setback = if failure.is_lasting() { Setback::Lasting } else { Setback::Passing };
            let again_in = backoff.setback(setback, mono()).duration;
            (self.notice)(Notice::Disconnected { failure: &failure, again_in });
            tokio::select! {
                () = sleep(again_in) => {}
                () = stop.gently.cancelled() => return Err(failure),
            }
        }
    }

    fn is_under_way(&self) -> bool {
        !self.under_way.is_empty() || !self.again.is_empty()
    }

    /// Nothing is left to be sent or answered.
    fn is_done(&self) -> bool {
        self.source.is_none() && self.next.is_none() && !self.is_under_way()
    }

    fn tally(&self) -> Tally {
        let unacknowledged = self.under_way.len() + self.again.len();
        Tally { unacknowledged: u64::try_from(unacknowledged).unwrap_or(u64::MAX), ..self.tally }
    }

    /// Takes back what a broken connection owes an answer for, in the order it was sent.
    fn recall(&mut self) {
        let mut owed: Vec<_> = std::mem::take(&mut self.under_way).into_values().collect();
        owed.sort_unstable_by_key(|(order, _)| *order);
        for (_, outgoing) in owed.into_iter().rev() {
            self.again.push_front(outgoing);
        }
    }

    /// Nothing more is taken from the source.
    fn stop_taking(&mut self, now: Instant) {
        (self.source, self.next) = (None, None);
        self.stopping = Some(now + STOPS_WITHIN);
    }

    /// Goes on behind a failure, or ends with it.
    fn skip(&mut self, failure: Failure) -> Result<(), Failure> {
        self.tally.refused += 1;
        if !self.manner.keep_going {
            return Err(failure);
        }
        (self.notice)(Notice::Skipped(&failure));
        Ok(())
    }

    /// What the source sends next.
    fn take(&mut self, fed: Option<Fed>) {
        match fed {
            Some(Ok(scheduled)) => self.next = Some(scheduled),
            None => self.source = None,
            Some(Err(error)) => {
                self.tally.broken += 1;
                let failure = Failure::Source(error);
                if self.manner.keep_going {
                    (self.notice)(Notice::Skipped(&failure));
                } else {
                    // What came before is still brought to its end.
                    self.failed = Some(failure);
                    self.source = None;
                }
            }
        }
    }

    /// Appends a message to what is written; gives it back if the broker has no room for it now.
    fn hand_over(
        &mut self,
        outgoing: Outgoing,
        out: &mut Vec<u8>,
    ) -> Result<Option<Outgoing>, Failure> {
        let Outgoing { topic, payload, qos, retain } = &outgoing;
        match self.publisher.publish(topic, payload, *qos, *retain, out) {
            Ok(Some(packet_id)) => {
                self.order += 1;
                self.under_way.insert(packet_id, (self.order, outgoing));
            }
            Ok(None) => {
                self.unanswered = Some((Instant::now(), payload.len()));
                self.tally.unconfirmed += 1;
            }
            Err(PublishError::WindowFull { .. } | PublishError::NotConnected) => {
                return Ok(Some(outgoing));
            }
            Err(
                error @ (PublishError::Topic
                | PublishError::TooLong { .. }
                | PublishError::QosUnavailable
                | PublishError::RetainUnavailable),
            ) => self.skip(Failure::Message(error))?,
        }
        Ok(None)
    }

    fn report(&mut self) {
        let tally = self.tally();
        (self.notice)(Notice::Tally(&tally));
    }

    fn hear(&mut self, answer: Answer, now: Instant) -> Result<(), Failure> {
        match answer {
            Answer::Connected => {
                self.began.get_or_insert(now);
                (self.notice)(Notice::Connected);
            }
            Answer::Acknowledged { packet_id, refused } => {
                self.under_way.remove(&packet_id);
                match refused {
                    None => self.tally.acknowledged += 1,
                    Some(code) => self.skip(Failure::Refused { code })?,
                }
            }
        }
        Ok(())
    }
}

/// It holds messages.
impl std::fmt::Debug for Courier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("tally", &self.tally()).finish_non_exhaustive()
    }
}

/// Needs an answer?
fn is_answered(qos: QoS) -> bool {
    match qos {
        QoS::AtMostOnce => false,
        QoS::AtLeastOnce => true,
    }
}

#[cfg(test)]
mod tests;
