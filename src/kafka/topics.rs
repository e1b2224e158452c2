//! The topics must exist before the first message is taken.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::{Client, ClientContext},
    config::FromClientConfigAndContext,
    error::KafkaError,
    producer::{Producer, ThreadedProducer},
    types::{RDKafkaErrorCode, RDKafkaRespErr},
};
use thiserror::Error;

use super::{
    delivery::{ClientState, Delivery},
    probe,
    settings::{KafkaSettings, TopicShape},
    trouble::Trouble,
};
use crate::model::Lane;

/// Why the topics could not be made sure of. Every one ends the start.
#[derive(Debug, Error)]
pub enum TopicError {
    /// No metadata in time, or no hope of it.
    #[error("no answer from Kafka at {brokers}: {}: {}", trouble.cause.code(), trouble.detail)]
    Unreachable {
        /// As configured.
        brokers: String,
        /// Why.
        trouble: Trouble,
    },
    /// The user may not see some.
    #[error(
        "no right to topic {topics}. Give trygg's user Write and Describe, for example with\n\
         {commands}"
    )]
    Forbidden {
        /// Their names.
        topics: String,
        /// Command lines that give the rights.
        commands: String,
    },
    /// Some are missing and may not be created.
    #[error(
        "missing topics. Create them, for example with\n{commands}\nor set kafka.create_topics"
    )]
    Missing {
        /// Command lines that create them.
        commands: String,
    },
    /// Kafka would not create one.
    #[error("topic {topic} could not be created: {cause}")]
    NotCreated {
        /// Its name.
        topic: String,
        /// Kafka's code.
        cause: String,
    },
}

/// Makes sure that every topic exists and tells how many partitions each has, indexed by
/// `Lane as usize`.
pub(super) async fn ensure(
    producer: &ThreadedProducer<Delivery>,
    settings: &KafkaSettings,
    state: &ClientState,
) -> Result<[i32; 3], TopicError> {
    wait_for_answer(producer, settings, state).await?;
    let mut missing = BTreeSet::new();
    for _ in 0..MISSING_TRIES {
        match partitions(producer.client(), settings)? {
            Ok(found) => return Ok(found),
            Err(absent) => missing = absent,
        }
        tokio::time::sleep(METADATA_PAUSE).await;
    }
    refuse_hidden(producer.client(), settings, &missing)?;
    let Some(shape) = settings.create else {
        return Err(TopicError::Missing { commands: commands(settings, &missing) });
    };
    create(settings, &missing, shape).await?;
    for _ in 0..METADATA_TRIES {
        if let Ok(found) = partitions(producer.client(), settings)? {
            return Ok(found);
        }
        // The controller knows the topic before every broker does.
        tokio::time::sleep(METADATA_PAUSE).await;
    }
    Err(TopicError::NotCreated {
        topic: missing.into_iter().next().unwrap_or_default(),
        cause: "created, but not in the brokers' metadata yet".to_owned(),
    })
}

/// What topics there are now, without waiting for any. Asks through a client of its own: a producer
/// that is replaced must not be held.
pub(super) fn look(settings: &KafkaSettings) -> Result<[i32; 3], TopicError> {
    let connection = &settings.connection;
    let admin: Result<AdminClient<_>, _> =
        AdminClient::from_config_and_context(&connection.client_config(), connection.context());
    let admin = admin.map_err(|error| unreachable(settings, &error))?;
    let missing = match partitions(admin.inner(), settings)? {
        Ok(found) => return Ok(found),
        Err(missing) => missing,
    };
    refuse_hidden(admin.inner(), settings, &missing)?;
    Err(TopicError::Missing { commands: commands(settings, &missing) })
}

/// A broker that has just started may not know every topic yet.
const MISSING_TRIES: u32 = 4;
/// A created topic shows up within a second or two.
const METADATA_TRIES: u32 = 40;
const METADATA_PAUSE: Duration = Duration::from_millis(250);

/// How long librdkafka is asked before its complaints are looked at: about two connections.
const METADATA_STEP: Duration = Duration::from_millis(250);

/// Waits for the first metadata. Ends early with a trouble that waiting does not help.
async fn wait_for_answer(
    producer: &ThreadedProducer<Delivery>,
    settings: &KafkaSettings,
    state: &ClientState,
) -> Result<(), TopicError> {
    let begun = tokio::time::Instant::now();
    loop {
        let Err(error) = producer.client().fetch_metadata(None, METADATA_STEP) else {
            return Ok(());
        };
        let is_over = begun.elapsed() >= settings.metadata_timeout;
        if !is_over && !state.all_brokers_down.load(Ordering::Acquire) {
            continue;
        }
        let trouble = probe::trouble(&settings.connection, state).await;
        let trouble = trouble.unwrap_or_else(|| Trouble::unknown(error.to_string()));
        if is_over || trouble.cause.asks_for_a_hand() {
            let brokers = settings.connection.brokers.clone();
            return Err(TopicError::Unreachable { brokers, trouble });
        }
    }
}

/// A topic the user may not describe is not in the list: asked for by name, it is refused.
fn refuse_hidden<C: ClientContext>(
    client: &Client<C>,
    settings: &KafkaSettings,
    missing: &BTreeSet<String>,
) -> Result<(), TopicError> {
    let is_hidden = |topic: &&String| {
        let metadata = client.fetch_metadata(Some(topic), settings.metadata_timeout);
        let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        metadata.is_ok_and(|found| found.topics().iter().any(|one| one.error() == Some(refusal)))
    };
    let hidden: BTreeSet<String> = missing.iter().filter(is_hidden).cloned().collect();
    if hidden.is_empty() {
        return Ok(());
    }
    let brokers = &settings.connection.brokers;
    let user = settings.connection.security.user().unwrap_or("USER");
    let command = |topic: &String| {
        format!(
            "  kafka-acls.sh --bootstrap-server {brokers} --add --allow-principal User:{user} \
             --operation Write --operation Describe --topic {topic}"
        )
    };
    Err(TopicError::Forbidden {
        commands: hidden.iter().map(command).collect::<Vec<_>>().join("\n"),
        topics: hidden.into_iter().collect::<Vec<_>>().join(", "),
    })
}

/// Asks for all topics at once.
fn partitions<C: ClientContext>(
    client: &Client<C>,
    settings: &KafkaSettings,
) -> Result<Result<[i32; 3], BTreeSet<String>>, TopicError> {
    let metadata = client.fetch_metadata(None, settings.metadata_timeout);
    let metadata = metadata.map_err(|error| unreachable(settings, &error))?;
    let mut missing = BTreeSet::new();
    let counts = Lane::ALL.map(|lane| {
        let name = settings.topic(lane);
        let found = metadata.topics().iter().find(|topic| topic.name() == name);
        let count = found.map_or(0, |topic| topic.partitions().len());
        if count == 0 {
            missing.insert(name.to_owned());
        }
        i32::try_from(count).unwrap_or(i32::MAX)
    });
    Ok(if missing.is_empty() { Ok(counts) } else { Err(missing) })
}

fn unreachable(settings: &KafkaSettings, error: &KafkaError) -> TopicError {
    TopicError::Unreachable {
        brokers: settings.connection.brokers.clone(),
        trouble: Trouble::unknown(error.to_string()),
    }
}

async fn create(
    settings: &KafkaSettings,
    missing: &BTreeSet<String>,
    shape: TopicShape,
) -> Result<(), TopicError> {
    let refused =
        |topic: &str, cause: String| TopicError::NotCreated { topic: topic.to_owned(), cause };
    let connection = &settings.connection;
    let admin =
        AdminClient::from_config_and_context(&connection.client_config(), connection.context())
            .map_err(|error| refused("?", error.to_string()))?;
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|name| {
            NewTopic::new(name, shape.partitions, TopicReplication::Fixed(shape.replication))
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(settings.metadata_timeout));
    let results = admin
        .create_topics(&topics, &options)
        .await
        .map_err(|error| refused("?", error.to_string()))?;
    for result in results {
        match result {
            Ok(topic) => tracing::info!(topic, "topic created"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, RDKafkaErrorCode::TopicAuthorizationFailed)) => {
                return Err(refused(&topic, "trygg's user lacks the right Create".to_owned()));
            }
            Err((topic, code)) => return Err(refused(&topic, code.to_string())),
        }
    }
    Ok(())
}

fn commands(settings: &KafkaSettings, missing: &BTreeSet<String>) -> String {
    let TopicShape { partitions, replication } =
        settings.create.unwrap_or(TopicShape { partitions: 6, replication: 3 });
    let command = |topic: &String| {
        format!(
            "  kafka-topics.sh --bootstrap-server {} --create --topic {topic} \
             --partitions {partitions} --replication-factor {replication}",
            settings.connection.brokers
        )
    };
    missing.iter().map(command).collect::<Vec<_>>().join("\n")
}
