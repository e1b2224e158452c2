//! The follower's thread.

use std::{sync::Arc, time::Duration};

use rdkafka::{
    Message,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::BorrowedMessage,
    types::RDKafkaErrorCode,
};
use tokio::sync::mpsc;

use super::{
    Absence, FollowError, Followed, FollowerSettings, Heard,
    context::Listener,
    plan::{self, NoPlan, PATIENCE, Plan, Spot},
};
use crate::model::UnixMicros;

/// How long one poll waits; so long a stop may be put off.
const POLL: Duration = Duration::from_millis(100);
/// Tries until a topic counts as unknown, with a pause of one poll between them.
const UNKNOWN_TRIES: u32 = 10;

/// Most events looked at between two tries.
const EVENTS: usize = 16;

type Queue = mpsc::Sender<Result<Heard, FollowError>>;

/// Looks for Kafka, then reads until nobody listens any more or the end has come.
pub(super) fn follow(
    consumer: &BaseConsumer<Listener>,
    settings: &FollowerSettings,
    queue: &Queue,
) -> Result<(), FollowError> {
    let topic = settings.topics.first().map(String::as_str);
    let mut thread = Thread { consumer, queue, topic, said: None };
    let Some(plan) = thread.find(settings)? else { return Ok(()) };
    let partitions = plan.assignment.count();
    consumer.assign(&plan.assignment).map_err(|error| FollowError::Client(error.to_string()))?;
    if thread.said.take().is_some() {
        thread.say(Heard::Back);
    }
    if thread.say(Heard::Following { partitions }) {
        thread.read(plan, settings)?;
    }
    Ok(())
}

struct Thread<'a> {
    consumer: &'a BaseConsumer<Listener>,
    queue: &'a Queue,
    /// Asked for to see whether Kafka answers.
    topic: Option<&'a str>,
    /// What was last said of Kafka's absence; each is said once.
    said: Option<Absence>,
}

impl Thread<'_> {
    /// Hands over, and waits while the queue is full. False when nobody listens.
    fn say(&self, heard: Heard) -> bool {
        self.queue.blocking_send(Ok(heard)).is_ok()
    }

    /// Asks until Kafka answers. None when nobody waits for it any more.
    fn find(&mut self, settings: &FollowerSettings) -> Result<Option<Plan>, FollowError> {
        let mut unknown = 0;
        while !self.queue.is_closed() {
            match plan::make(self.consumer, settings) {
                Ok(plan) => return Ok(Some(plan)),
                Err(NoPlan::Unknown(error)) => {
                    unknown += 1;
                    if unknown == UNKNOWN_TRIES {
                        return Err(error);
                    }
                }
                Err(NoPlan::Unreachable(code)) => {
                    // The causes come as events of their own, before or after the time-out.
                    for event in (0..EVENTS).map_while(|_| self.consumer.poll(POLL)) {
                        self.look_at(event.err())?;
                    }
                    if code == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
                        return Err(FollowError::Forbidden);
                    }
                    self.miss(Absence::Unreachable);
                }
            }
            if let Some(event) = self.consumer.poll(POLL) {
                self.look_at(event.err())?;
            }
        }
        Ok(None)
    }

    fn read(&mut self, mut plan: Plan, settings: &FollowerSettings) -> Result<(), FollowError> {
        let mut topics: Vec<Arc<str>> = Vec::new();
        while !self.queue.is_closed() {
            if settings.until_end && plan.ends.is_empty() {
                self.say(Heard::End);
                return Ok(());
            }
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    let known = topics.iter().find(|topic| ***topic == *message.topic());
                    let topic = known.cloned().unwrap_or_else(|| {
                        let topic: Arc<str> = message.topic().into();
                        topics.push(Arc::clone(&topic));
                        topic
                    });
                    self.take(topic, &message, &mut plan, settings);
                }
                Some(Err(error)) => self.look_at(Some(error))?,
                None => {}
            }
            if self.said.is_some() && self.answers() {
                self.said = None;
                self.say(Heard::Back);
            }
        }
        Ok(())
    }

    fn take(
        &self,
        topic: Arc<str>,
        message: &BorrowedMessage<'_>,
        plan: &mut Plan,
        settings: &FollowerSettings,
    ) {
        let (partition, offset) = (message.partition(), message.offset());
        if settings.until_end {
            let spot: Spot = (Arc::clone(&topic), partition);
            let Some(end) = plan.ends.get(&spot).copied() else { return };
            if offset + 1 >= end {
                plan.ends.remove(&spot);
            }
            if offset >= end {
                return;
            }
        }
        let millis = message.timestamp().to_millis();
        if plan.not_before > millis.or(plan.not_before) {
            return;
        }
        self.say(Heard::Record(Followed {
            topic,
            partition,
            offset,
            timestamp: millis.map(|millis| UnixMicros(millis.saturating_mul(1_000))),
            key: message.key().unwrap_or_default().to_vec(),
            value: message.payload().unwrap_or_default().to_vec(),
        }));
    }

    /// Does Kafka answer?
    fn answers(&self) -> bool {
        self.consumer.fetch_metadata(self.topic, PATIENCE).is_ok()
    }

    fn look_at(&mut self, error: Option<KafkaError>) -> Result<(), FollowError> {
        match error {
            None => Ok(()),
            Some(KafkaError::MessageConsumptionFatal(code)) => {
                Err(FollowError::Client(code.to_string()))
            }
            Some(error) => self.judge(error.rdkafka_error_code()),
        }
    }

    /// Most codes pass: librdkafka tries again by itself.
    fn judge(&mut self, code: Option<RDKafkaErrorCode>) -> Result<(), FollowError> {
        match code {
            // It may be over by now, or no more than an idle connection that was closed.
            Some(RDKafkaErrorCode::AllBrokersDown) if self.said.is_none() && !self.answers() => {
                self.miss(Absence::Unreachable);
            }
            Some(
                RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::UnsupportedSASLMechanism,
            ) => self.miss(Absence::Login),
            Some(RDKafkaErrorCode::SSL) => self.miss(Absence::Tls),
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => return Err(FollowError::Forbidden),
            Some(
                RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopicOrPartition,
            ) => return Err(FollowError::Deleted),
            _ => {}
        }
        Ok(())
    }

    /// Says that Kafka is away, once, and once more when the cause becomes known.
    fn miss(&mut self, absence: Absence) {
        let is_news = match self.said {
            None => true,
            Some(said) => said != absence && absence != Absence::Unreachable,
        };
        if is_news {
            self.said = Some(absence);
            self.say(Heard::Away(absence));
        }
    }
}
