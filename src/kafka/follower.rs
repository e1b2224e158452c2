//! A reader of topics for people: no group is joined and no offset committed, so following
//! disturbs nobody.
//!
//! librdkafka is polled on a thread of the follower's own. It hands over through a short queue, so
//! a slow reader stops the thread, the thread stops librdkafka, and memory stays as it is.

use std::{collections::BTreeMap, convert::Infallible, fmt, sync::Arc, thread, time::Duration};

use rdkafka::{ClientConfig, consumer::BaseConsumer, error::KafkaError};
use thiserror::Error;
use tokio::sync::mpsc;

use super::token::LoginContext;
use crate::model::UnixMicros;

mod context;
mod plan;
mod reading;

use self::context::Listener;

/// Records that wait for a slow reader, beside what librdkafka fetched ahead.
const QUEUE: usize = 64;
/// What librdkafka may fetch ahead, KiB.
const FETCHED_AHEAD: &str = "2048";
/// How long a stop waits for librdkafka.
const STOP: Duration = Duration::from_secs(1);

/// Where to begin, in every partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// With the oldest record there is.
    Beginning,
    /// With the first record after the follower's [`Heard::Following`].
    Now,
    /// With the first record as young as this, by the time of the record.
    Time(UnixMicros),
}

/// What to follow and where.
#[derive(Clone)]
pub struct FollowerSettings {
    /// `host:port`, comma separated.
    pub brokers: String,
    /// Further librdkafka keys: security, time-outs. May hold secrets.
    pub properties: BTreeMap<String, String>,
    /// For a login by token.
    pub login: LoginContext,
    /// The topics.
    pub topics: Vec<String>,
    /// Where to begin.
    pub from: From,
    /// End at what is there when it begins.
    pub until_end: bool,
}

/// One record.
#[derive(Clone, PartialEq, Eq)]
pub struct Followed {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// Its time; none where the topic keeps none.
    pub timestamp: Option<UnixMicros>,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; empty for a tombstone.
    pub value: Vec<u8>,
}

/// What a follower has to say.
#[derive(Debug)]
pub enum Heard {
    /// Every partition has been assigned: from here on nothing is missed.
    Following {
        /// How many there are.
        partitions: usize,
    },
    /// A record.
    Record(Followed),
    /// Kafka does not answer. It is tried again for as long as the follower lives.
    Away(Absence),
    /// Kafka answers again.
    Back,
    /// All that was there at the beginning has been handed over (`until_end`).
    End,
}

/// Why Kafka does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Absence {
    /// No connection.
    #[error("Kafka cannot be reached")]
    Unreachable,
    /// Wrong user, password or token.
    #[error("Kafka refuses the login: check user, password and mechanism")]
    Login,
    /// No TLS connection.
    #[error("no TLS connection to Kafka: check certificates, names and security.protocol")]
    Tls,
}

/// Why nothing can be followed.
#[derive(Debug, Error)]
pub enum FollowError {
    /// librdkafka does not take the settings.
    #[error("the Kafka client does not take these settings: {0}")]
    Settings(String),
    /// Kafka does not know it.
    #[error("{}", unknown(.missing, .alike))]
    UnknownTopics {
        /// What was asked for and is not there.
        missing: Vec<String>,
        /// What is there and looks like trygg's.
        alike: Vec<String>,
    },
    /// No right to read it.
    #[error("Kafka does not let this user read the topic: grant Read and Describe on it")]
    Forbidden,
    /// It was deleted while it was followed.
    #[error("a topic has been deleted while it was followed")]
    Deleted,
    /// The client cannot go on.
    #[error("the Kafka client failed: {0}")]
    Client(String),
}

/// Follows topics until it is dropped. Dropping waits for its thread, but not for long: while
/// Kafka is away librdkafka may take minutes to close a consumer, and the thread is left to it.
#[derive(Debug)]
pub struct Follower {
    /// None only while it is dropped.
    heard: Option<mpsc::Receiver<Result<Heard, FollowError>>>,
    /// Nothing is ever sent: it closes when the thread has ended.
    thread: std::sync::mpsc::Receiver<Infallible>,
}

impl Follower {
    /// Begins to look for Kafka.
    pub fn start(settings: FollowerSettings) -> Result<Self, FollowError> {
        let consumer: BaseConsumer<Listener> = settings
            .client_config()
            .create_with_context(Listener(settings.login.clone()))
            .map_err(|error| FollowError::Settings(in_words(&error)))?;
        let (sender, heard) = mpsc::channel(QUEUE);
        let (alive, thread) = std::sync::mpsc::sync_channel(0);
        let started = thread::Builder::new().name("follower".to_owned()).spawn(move || {
            // Declared first, so that it goes last: behind the consumer.
            let _alive = alive;
            let consumer = consumer;
            if let Err(error) = reading::follow(&consumer, &settings, &sender) {
                // Whoever does not listen any more does not need to know.
                drop(sender.blocking_send(Err(error)));
            }
        });
        started.map_err(|error| FollowError::Client(error.to_string()))?;
        Ok(Self { heard: Some(heard), thread })
    }

    /// Waits for what comes next. Cancel safe. After an error or [`Heard::End`] there is only
    /// [`Heard::End`].
    pub async fn next(&mut self) -> Result<Heard, FollowError> {
        match &mut self.heard {
            Some(heard) => heard.recv().await.unwrap_or(Ok(Heard::End)),
            None => Ok(Heard::End),
        }
    }

    /// Is something there, so that [`next`](Self::next) does not wait?
    pub fn has_next(&self) -> bool {
        self.heard.as_ref().is_some_and(|heard| !heard.is_empty())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // The closed queue tells the thread to end.
        self.heard = None;
        // Both ends of the wait are fine: it has ended, or it is left alone.
        if let Ok(never) = self.thread.recv_timeout(STOP) {
            match never {}
        }
    }
}

impl FollowerSettings {
    fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            // Never joined; librdkafka wants one. Rights on groups are not needed.
            .set("group.id", "trygg-tail")
            .set("client.id", "trygg-tail")
            .set("reconnect.backoff.max.ms", "2000")
            .set("fetch.wait.max.ms", "100");
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config
            .set("bootstrap.servers", &self.brokers)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "false")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "false")
            .set("queued.min.messages", "1000")
            .set("queued.max.messages.kbytes", FETCHED_AHEAD)
            // They would pile up while a slow reader stops the thread.
            .set("statistics.interval.ms", "0");
        config
    }
}

/// Without the value, which may be a secret.
fn in_words(error: &KafkaError) -> String {
    if let KafkaError::ClientConfig(_, words, key, _) = error {
        return format!("{key}: {words}");
    }
    error.to_string()
}

fn unknown(missing: &[String], alike: &[String]) -> String {
    let missing = format!("Kafka has no topic {}", missing.join(", "));
    if alike.is_empty() {
        return format!("{missing}, and none that looks like trygg's that this user may see");
    }
    format!("{missing}; it has {}", alike.join(", "))
}

/// Values may be secrets.
impl fmt::Debug for FollowerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowerSettings")
            .field("from", &self.from)
            .field("until_end", &self.until_end)
            .finish_non_exhaustive()
    }
}

/// Keys are homes and values what was measured there.
impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed")
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
