//! Which partitions there are, where to begin in each, and where its end is.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    metadata::MetadataTopic,
    types::RDKafkaErrorCode,
};

use super::{FollowError, FollowerSettings, From, context::Listener};

/// How long Kafka may take for one answer; also how long a stop may be put off.
pub(super) const PATIENCE: Duration = Duration::from_millis(900);

/// Topic and partition.
pub(super) type Spot = (Arc<str>, i32);

/// What to read.
pub(super) struct Plan {
    pub(super) assignment: TopicPartitionList,
    /// Partitions that hold something between where to begin and their end, with that end.
    pub(super) ends: HashMap<Spot, i64>,
    /// Milliseconds: older records are passed over. Only where the brokers cannot look up times.
    pub(super) not_before: Option<i64>,
}

/// Why there is no plan.
pub(super) enum NoPlan {
    /// Worth another try.
    Unreachable(Option<RDKafkaErrorCode>),
    /// A topic is missing; a broker that has just started may not know it yet.
    Unknown(FollowError),
}

impl std::convert::From<KafkaError> for NoPlan {
    fn from(error: KafkaError) -> Self {
        Self::Unreachable(error.rdkafka_error_code())
    }
}

/// Makes the plan. Blocks for as long as Kafka takes, within bounds.
pub(super) fn make(
    consumer: &BaseConsumer<Listener>,
    settings: &FollowerSettings,
) -> Result<Plan, NoPlan> {
    let spots = spots(consumer, settings)?;
    let ask = |offset| offsets(consumer, &spots, offset);
    let ends = ask(Offset::End)?;
    let lows = ask(Offset::Beginning)?;
    let end_of = |spot: &Spot| ends.get(spot).copied().unwrap_or(0);
    let low_of = |spot: &Spot| lows.get(spot).copied().unwrap_or(0);
    let mut not_before = None;
    let starts: HashMap<Spot, i64> = match settings.from {
        From::Beginning => lows.clone(),
        From::Now => ends.clone(),
        From::Time(time) => {
            let millis = time.0.div_euclid(1_000).max(0);
            let found = ask(Offset::Offset(millis))?;
            let is_filled = |spot: &Spot| end_of(spot) > low_of(spot);
            // An answer for a time in 1970 is there wherever there is a record, unless the
            // brokers do not know times at all, as librdkafka's mock cluster does not.
            let doubtful = spots.iter().any(|spot| is_filled(spot) && !found.contains_key(spot));
            let knows_times = !doubtful || {
                let any = ask(Offset::Offset(0))?;
                spots.iter().filter(|spot| is_filled(spot)).all(|spot| any.contains_key(spot))
            };
            if knows_times {
                let start = |spot: &Spot| found.get(spot).copied().unwrap_or_else(|| end_of(spot));
                spots.iter().map(|spot| (spot.clone(), start(spot))).collect()
            } else {
                not_before = Some(millis);
                lows.clone()
            }
        }
    };
    let mut assignment = TopicPartitionList::with_capacity(spots.len());
    let mut waiting = HashMap::new();
    for spot in spots {
        let start = starts.get(&spot).copied().unwrap_or(0);
        assignment.add_partition_offset(&spot.0, spot.1, Offset::Offset(start))?;
        let end = end_of(&spot);
        if start < end {
            waiting.insert(spot, end);
        }
    }
    Ok(Plan { assignment, ends: waiting, not_before })
}

/// Every partition of the topics. All topics are asked for: asking for one by name may create it.
fn spots(
    consumer: &BaseConsumer<Listener>,
    settings: &FollowerSettings,
) -> Result<Vec<Spot>, NoPlan> {
    let metadata = consumer.fetch_metadata(None, PATIENCE)?;
    let mut spots = Vec::new();
    let mut missing = Vec::new();
    for name in &settings.topics {
        let found = metadata.topics().iter().find(|topic| topic.name() == name);
        let partitions = found.map(MetadataTopic::partitions);
        match partitions.filter(|partitions| !partitions.is_empty()) {
            Some(partitions) => {
                let name: Arc<str> = name.as_str().into();
                spots.extend(partitions.iter().map(|one| (Arc::clone(&name), one.id())));
            }
            None => missing.push(name.clone()),
        }
    }
    if missing.is_empty() {
        return Ok(spots);
    }
    let names = metadata.topics().iter().map(MetadataTopic::name);
    let mut alike: Vec<String> =
        names.filter(|name| looks_like_ours(name)).map(str::to_owned).collect();
    alike.sort();
    Err(NoPlan::Unknown(FollowError::UnknownTopics { missing, alike }))
}

fn looks_like_ours(name: &str) -> bool {
    let last = name.rsplit(['.', '_']).next().unwrap_or(name);
    !name.starts_with("__")
        && (name.contains("trygg")
            || matches!(last, "readings" | "alerts" | "letters" | "dead-letters"))
}

/// The offset in each partition that belongs to a time, to the beginning or to the end. A
/// partition that has none is left out.
fn offsets(
    consumer: &BaseConsumer<Listener>,
    spots: &[Spot],
    of: Offset,
) -> Result<HashMap<Spot, i64>, NoPlan> {
    let mut asked = TopicPartitionList::with_capacity(spots.len());
    for (topic, partition) in spots {
        asked.add_partition_offset(topic, *partition, of)?;
    }
    let answered = consumer.offsets_for_times(asked, PATIENCE)?;
    let mut found = HashMap::with_capacity(spots.len());
    for element in answered.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset() {
            found.insert((Arc::from(element.topic()), element.partition()), offset);
        }
    }
    Ok(found)
}
