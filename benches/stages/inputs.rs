//! Messages of 500 homes with 20 devices each, in random order.

use std::sync::Arc;

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use trygg::{
    catalogue::Catalogue,
    decode::Decoder,
    model::{Message, Moment, Mono, QoS, UnixMicros, topic::TopicPattern},
};

use crate::{
    Outcome,
    payload::{Format, Writer},
};

const HOMES: usize = 500;
const DEVICES_PER_HOME: usize = 20;

pub(crate) struct Inputs {
    pub(crate) format: Format,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) messages: Vec<Input>,
    /// When the payloads were made, more or less.
    pub(crate) now: Moment,
}

pub(crate) struct Input {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    /// Captures of the topic.
    pub(crate) home: String,
    pub(crate) device: String,
}

impl Inputs {
    pub(crate) fn build(format: Format) -> Outcome<Self> {
        let mut random = StdRng::seed_from_u64(2026);
        let mut order: Vec<usize> = (0..HOMES * DEVICES_PER_HOME).collect();
        order.shuffle(&mut random);
        let mut writer = Writer::new(format, random);
        let messages = order.into_iter().map(|number| {
            let home = format!("h{:05}", number / DEVICES_PER_HOME);
            let device = format!("{:#018x}", 0x0015_8d00_0000_0000_u64 + number as u64 * 0x1_0003);
            let topic = format!("homes/{home}/{}/{device}", format.name());
            Ok(Input { topic, payload: writer.payload(number)?.to_vec(), home, device })
        });
        let wall = UnixMicros(jiff::Timestamp::now().as_microsecond());
        Ok(Self {
            format,
            catalogue: Arc::new(Catalogue::builtin()),
            messages: messages.collect::<Outcome<_>>()?,
            now: Moment { mono: Mono(0), wall },
        })
    }

    /// The messages over and over, `count` in all, the first being that with number `first`.
    pub(crate) fn cycle(&self, first: u64, count: u64) -> impl Iterator<Item = &Input> {
        let skipped = usize::try_from(first).unwrap_or_default() % self.messages.len();
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.messages.iter().cycle().skip(skipped).take(count)
    }

    pub(crate) fn decoder(&self) -> Decoder {
        match self.format {
            Format::Zigbee2mqtt => Decoder::zigbee2mqtt(&self.catalogue),
            Format::Json => Decoder::json(&self.catalogue),
            Format::Protobuf => Decoder::protobuf(&self.catalogue),
        }
    }

    pub(crate) fn pattern(&self) -> Outcome<TopicPattern> {
        let pattern = format!("homes/{{home}}/{}/{{device...}}", self.format.name());
        TopicPattern::parse(&pattern).map_err(|error| error.to_string().into())
    }
}

impl Input {
    pub(crate) fn message(&self, received: Moment) -> Message<'_> {
        Message {
            topic: &self.topic,
            payload: &self.payload,
            qos: QoS::AtLeastOnce,
            retain: false,
            dup: false,
            resumed_recently: false,
            received,
        }
    }
}
