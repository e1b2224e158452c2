//! The topics must exist before the first message is taken.

use std::{collections::BTreeSet, time::Duration};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::FromClientConfig,
    producer::{Producer, ThreadedProducer},
};
use thiserror::Error;

use super::{
    delivery::Delivery,
    settings::{Grouping, KafkaSettings, TopicShape},
};
use crate::model::Lane;

/// Why the topics could not be made sure of. Every one ends the start.
#[derive(Debug, Error)]
pub enum TopicError {
    /// No metadata in time.
    #[error("no answer from Kafka at {brokers}: {cause}")]
    Unreachable {
        /// As configured.
        brokers: String,
        /// librdkafka's words.
        cause: rdkafka::error::KafkaError,
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
) -> Result<[i32; 3], TopicError> {
    let mut missing = BTreeSet::new();
    for _ in 0..MISSING_TRIES {
        match partitions(producer, settings)? {
            Ok(found) => return Ok(found),
            Err(absent) => missing = absent,
        }
        tokio::time::sleep(METADATA_PAUSE).await;
    }
    let Some(shape) = settings.create else {
        return Err(TopicError::Missing { commands: commands(settings, &missing) });
    };
    create(settings, &missing, shape).await?;
    for _ in 0..METADATA_TRIES {
        if let Ok(found) = partitions(producer, settings)? {
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

/// A broker that has just started may not know every topic yet.
const MISSING_TRIES: u32 = 4;
/// A created topic shows up within a second or two.
const METADATA_TRIES: u32 = 40;
const METADATA_PAUSE: Duration = Duration::from_millis(250);

/// Asks for all topics: asking for one by name may create it by itself, in the broker's shape.
fn partitions(
    producer: &ThreadedProducer<Delivery>,
    settings: &KafkaSettings,
) -> Result<Result<[i32; 3], BTreeSet<String>>, TopicError> {
    let metadata = producer
        .client()
        .fetch_metadata(None, settings.metadata_timeout)
        .map_err(|cause| TopicError::Unreachable { brokers: settings.brokers.clone(), cause })?;
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

async fn create(
    settings: &KafkaSettings,
    missing: &BTreeSet<String>,
    shape: TopicShape,
) -> Result<(), TopicError> {
    let refused =
        |topic: &str, cause: String| TopicError::NotCreated { topic: topic.to_owned(), cause };
    let admin: AdminClient<DefaultClientContext> =
        AdminClient::from_config(&settings.client_config(Grouping::Batched))
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
            Err((_, rdkafka::types::RDKafkaErrorCode::TopicAlreadyExists)) => {}
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
            settings.brokers
        )
    };
    missing.iter().map(command).collect::<Vec<_>>().join("\n")
}
