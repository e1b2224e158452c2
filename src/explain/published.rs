//! What a link of a configuration makes of a message: its own pipeline, up to Kafka's records.

use std::fmt;

use super::{
    listen::Listener,
    outcome::Outcome,
    trace::{Found, Trace, Way},
};
use crate::{
    ack::{Arrival, Epoch, Outstanding, Settlement},
    batch::FlushReason,
    config::{Config, Format},
    decode::Decoder,
    engine::Apart,
    model::{Lane, Message, Mono, QoS, UnixMicros, topic::TopicPattern},
    mqtt::SessionSettings,
    pipeline::Pipeline,
    record::RecordPool,
    tail::Event,
    transport::Address,
};

/// A link, without broker and Kafka.
pub(super) struct Site {
    link: String,
    filters: Vec<(TopicPattern, Format, Decoder)>,
    pipeline: Pipeline,
    /// Where the broker is, and who asks.
    place: (Address, SessionSettings),
    /// Kafka's topics, by lane.
    topics: [String; 3],
}

/// What Kafka would get of a message.
#[derive(Clone, Default)]
pub struct Published {
    /// Every reading and dead letter, as a reader of the topics sees it.
    pub events: Vec<Event>,
    /// Kafka's topics of the records, each once.
    pub topics: Vec<String>,
    /// Readings that a policy leaves out, by its code.
    pub left_out: Vec<(&'static str, u64)>,
}

impl Site {
    /// A link by its name, or the first.
    pub(super) fn new(apart: &Apart, link: Option<&str>, started: UnixMicros) -> Option<Self> {
        let config: &Config = apart.config();
        let mut links = config.links.iter();
        let link = links.find(|known| link.is_none_or(|link| &*known.name == link))?;
        let filters = link
            .filters
            .iter()
            .map(|filter| (filter.topic.clone(), filter.format.clone(), apart.decoder(filter)));
        let topics = &config.kafka.topics;
        Some(Self {
            link: link.name.to_string(),
            filters: filters.collect(),
            pipeline: apart.pipeline(&link.name, started)?,
            place: apart.place(&link.name)?,
            topics: [&topics.readings, &topics.alerts, &topics.dead_letters].map(String::clone),
        })
    }

    /// Who listens on the link, under a name of his own: the engine's session stays the engine's.
    pub(super) fn listener(&self) -> Listener {
        let (address, settings) = self.place.clone();
        let client_id = format!("{}-explain-{:08x}", settings.client_id, rand::random::<u32>());
        let filters: Vec<String> =
            self.filters.iter().map(|(pattern, ..)| unshared(pattern.filter())).collect();
        Listener::new(address, SessionSettings { client_id, ..settings }, &filters)
    }

    /// The filter of a topic.
    pub(super) fn find(&self, topic: &str) -> Option<(Way, &Decoder)> {
        let (pattern, format, decoder) =
            self.filters.iter().find(|(pattern, ..)| pattern.matches(topic).is_some())?;
        let captures = pattern.matches(topic)?;
        let way = Way {
            found: Found::Filter { link: self.link.clone(), filter: pattern.filter().to_owned() },
            format: format.name().to_owned(),
            built_in: match format {
                Format::BuiltIn(format) => Some(*format),
                Format::Mapping(_) => None,
            },
            home: captures.home.map(str::to_owned),
            device: captures.device.map(str::to_owned),
        };
        Some((way, decoder))
    }

    /// Sends the message through the link's pipeline, and corrects what was seen by it.
    pub(super) fn publish(&mut self, message: &Message<'_>, trace: &mut Trace) {
        // A window of its own: nobody waits for the answer.
        let mut window = Outstanding::new(Epoch(0), 1);
        let arrival = Arrival {
            packet_id: 0,
            qos: QoS::AtMostOnce,
            bytes: 0,
            received: Mono(0),
            fingerprint: 0,
            event_id: 0,
            readings: 0,
            refused: 0,
            settlement: Settlement::Delivered,
        };
        let Some((_, token)) = window.admit(arrival) else { return };
        let (mut pool, mut records) = (RecordPool::new(0), Vec::new());
        let before = self.pipeline.counts().discarded.by_reason();
        let accepted = self.pipeline.accept(message, None, token, &mut pool, &mut records);
        self.pipeline.flush(FlushReason::Drain, &mut records);
        let mut published = Published::default();
        let after = self.pipeline.counts().discarded.by_reason();
        let left_out = after.iter().zip(before).map(|((code, now), (_, then))| (*code, now - then));
        published.left_out = left_out.filter(|(_, count)| *count > 0).collect();
        for record in &records {
            let topic = self.topics.get(record.to.lane as usize).cloned().unwrap_or_default();
            if !published.topics.contains(&topic) {
                published.topics.push(topic);
            }
            let events = Event::from_record(record.to.lane, &record.value);
            published.events.extend(events.unwrap_or_default());
        }
        match accepted.rejected {
            // The rest went its way.
            Some("readings_refused") if accepted.readings > 0 => {}
            Some(reason) => {
                let detail = match &trace.outcome {
                    Outcome::Refused { detail, .. } => detail.clone(),
                    Outcome::Readings | Outcome::NoReading { .. } => String::new(),
                };
                trace.outcome = Outcome::Refused { reason, detail };
            }
            None if accepted.readings == 0 && trace.outcome == Outcome::Readings => {
                let policy = published.left_out.first().map(|(code, _)| *code);
                trace.outcome = Outcome::NoReading { reason: policy.unwrap_or("unknown_device") };
            }
            None => {}
        }
        trace.published = Some(published);
    }
}

/// A shared subscription would take messages away from the engines that share it.
fn unshared(filter: &str) -> String {
    let group = filter.strip_prefix("$share/").and_then(|shared| shared.split_once('/'));
    group.map_or(filter, |(_, filter)| filter).to_owned()
}

impl Published {
    /// What goes to one lane.
    pub fn of(&self, lane: Lane) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.lane == lane)
    }
}

/// It holds names and values.
impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").field("events", &self.events.len()).finish_non_exhaustive()
    }
}
