//! Messages of 500 homes with 20 devices each, in random order.

use std::{ops::Range, sync::Arc};

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

/// All messages one behind the other, as in a read buffer: what is measured is the stage, not
/// the search for its input in memory.
pub(crate) struct Inputs {
    pub(crate) format: Format,
    pub(crate) catalogue: Arc<Catalogue>,
    /// When the payloads were made, more or less.
    pub(crate) now: Moment,
    topics: String,
    payloads: Vec<u8>,
    places: Vec<Place>,
}

struct Place {
    topic: Range<usize>,
    /// Captures of the topic, in the same text.
    home: Range<usize>,
    device: Range<usize>,
    payload: Range<usize>,
}

/// One message.
#[derive(Clone, Copy)]
pub(crate) struct Input<'i> {
    pub(crate) topic: &'i str,
    pub(crate) home: &'i str,
    pub(crate) device: &'i str,
    pub(crate) payload: &'i [u8],
}

impl Inputs {
    pub(crate) fn build(format: Format) -> Outcome<Self> {
        let mut random = StdRng::seed_from_u64(2026);
        let mut order: Vec<usize> = (0..HOMES * DEVICES_PER_HOME).collect();
        order.shuffle(&mut random);
        let mut writer = Writer::new(format, random);
        let wall = UnixMicros(jiff::Timestamp::now().as_microsecond());
        let mut inputs = Self {
            format,
            catalogue: Arc::new(Catalogue::builtin()),
            now: Moment { mono: Mono(0), wall },
            topics: String::new(),
            payloads: Vec::new(),
            places: Vec::new(),
        };
        for number in order {
            inputs.push(number, writer.payload(number)?);
        }
        Ok(inputs)
    }

    fn push(&mut self, number: usize, payload: &[u8]) {
        let begin = self.topics.len();
        self.topics.push_str("homes/");
        let home = self.append(&format!("h{:05}", number / DEVICES_PER_HOME));
        self.append(&format!("/{}/", self.format.name()));
        let address = 0x0015_8d00_0000_0000_u64 + number as u64 * 0x1_0003;
        let device = self.append(&format!("{address:#018x}"));
        let from = self.payloads.len();
        self.payloads.extend_from_slice(payload);
        let topic = begin..self.topics.len();
        self.places.push(Place { topic, home, device, payload: from..self.payloads.len() });
    }

    fn append(&mut self, text: &str) -> Range<usize> {
        let begin = self.topics.len();
        self.topics.push_str(text);
        begin..self.topics.len()
    }

    fn input(&self, place: &Place) -> Input<'_> {
        let text = |range: &Range<usize>| self.topics.get(range.clone()).unwrap_or_default();
        Input {
            topic: text(&place.topic),
            home: text(&place.home),
            device: text(&place.device),
            payload: self.payloads.get(place.payload.clone()).unwrap_or_default(),
        }
    }

    /// Every message once.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Input<'_>> {
        self.places.iter().map(|place| self.input(place))
    }

    /// The messages over and over, `count` in all, the first being that with number `first`.
    pub(crate) fn cycle(&self, first: u64, count: u64) -> impl Iterator<Item = Input<'_>> {
        let skipped = usize::try_from(first).unwrap_or_default() % self.places.len();
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.places.iter().cycle().skip(skipped).take(count).map(|place| self.input(place))
    }

    pub(crate) fn decoder(&self) -> Decoder {
        match self.format {
            Format::Zigbee2mqtt => {
                Decoder::usual(trygg::decode::Format::Zigbee2Mqtt, &self.catalogue)
            }
            Format::Json => Decoder::usual(trygg::decode::Format::Json, &self.catalogue),
            Format::Protobuf => Decoder::usual(trygg::decode::Format::Protobuf, &self.catalogue),
        }
    }

    pub(crate) fn pattern(&self) -> Outcome<TopicPattern> {
        let pattern = format!("homes/{{home}}/{}/{{device...}}", self.format.name());
        TopicPattern::parse(&pattern).map_err(|error| error.to_string().into())
    }
}

impl<'i> Input<'i> {
    pub(crate) fn message(&self, received: Moment) -> Message<'i> {
        Message {
            topic: self.topic,
            payload: self.payload,
            qos: QoS::AtLeastOnce,
            retain: false,
            dup: false,
            resumed_recently: false,
            received,
        }
    }
}
