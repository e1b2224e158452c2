//! Messages that are built to cost as much as a message of their size can, for every format.

mod binary;
mod json;
mod places;
mod texts;

use super::Format;

/// A message, and those that come before it over the same memory.
pub(crate) struct Bomb {
    pub(crate) name: String,
    pub(crate) topic: String,
    /// What the filter captured.
    pub(crate) device: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) before: Vec<(String, Vec<u8>)>,
}

impl Bomb {
    fn new(name: impl Into<String>, topic: impl Into<String>, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            topic: topic.into(),
            device: String::new(),
            payload: payload.into(),
            before: Vec::new(),
        }
    }

    fn after(self, before: Vec<(String, Vec<u8>)>) -> Self {
        Self { before, ..self }
    }
}

/// All of a format, of about so many bytes each.
pub(crate) fn of(format: Format, size: usize) -> Vec<Bomb> {
    let own = match format {
        Format::Json => texts::json(size),
        Format::Protobuf => binary::device(size),
        Format::Zigbee2Mqtt => texts::zigbee2mqtt(size),
        Format::Tasmota => texts::tasmota(size),
        Format::Shelly => texts::shelly(size),
        Format::HomeAssistant => texts::homeassistant(size),
        Format::Ruuvi => texts::ruuvi(size),
        Format::Sparkplug => binary::sparkplug(size),
        Format::SenMl => texts::senml(size).into_iter().chain(binary::senml(size)).collect(),
        Format::ChirpStack => binary::chirpstack(size),
        Format::Homie => texts::homie(size),
        Format::OwnTracks => texts::owntracks(size),
        Format::OpenMHealth => texts::openmhealth(size),
        Format::Fhir => texts::fhir(size),
        Format::Scaip => texts::scaip(size),
        Format::ThingsStack => texts::things_stack(size),
        // What holds for every JSON is all there is to them.
        Format::ZwaveJs | Format::Theengs => Vec::new(),
    };
    let places = places::of(format);
    let topics = places.iter().map(|place| place.topic.clone());
    let topics: Vec<String> = topics.chain(own.iter().map(|bomb| bomb.topic.clone())).collect();
    let topic = topics.first().cloned().unwrap_or_default();
    let inside = places.iter().flat_map(|place| json::inside(place, size));
    own.into_iter().chain(inside).chain(raw(&topic, size)).collect()
}

/// All for JSON that is read by a mapping.
pub(crate) fn of_mapping(size: usize) -> Vec<Bomb> {
    let places = places::of_mapping();
    places.iter().flat_map(|place| json::inside(place, size)).chain(raw("t", size)).collect()
}

/// A mapping that has a bit of everything.
pub(crate) const MAPPING: &str = r#"{
    "name": "ward", "device": "/id", "time": {"pointer": "/ts"}, "sequence": "/n",
    "reading": [
        {"pointer": "/data/temp", "kind": "air_temperature", "unit": "F"},
        {"pointer": "/data/0", "kind": "motion", "invert": true},
        {"pointer": "/key", "kind": "button_press", "words": {"short": "single"}},
        {"pointer": "", "kind": "sos"}
    ]
}"#;

/// Bytes of no format.
fn raw(topic: &str, size: usize) -> Vec<Bomb> {
    let bytes = [
        ("zeros", "\0"),
        ("blanks", " "),
        ("digits", "1"),
        ("letters", "x"),
        ("quotes", "\""),
        ("lists", "["),
        ("empty lists", "[],"),
        ("objects", "{\"a\":"),
        ("elements", "<a>"),
        ("references", "&amp;"),
        ("groups", "{"),
    ];
    let mut bombs: Vec<Bomb> = bytes
        .iter()
        .map(|(name, text)| Bomb::new(format!("raw {name}"), topic, text.repeat(size / text.len())))
        .collect();
    bombs.push(Bomb::new("raw high bytes", topic, vec![0xff; size]));
    bombs
}

/// `head`, as many parts as there is room for, and `tail`. Parts are numbered.
fn fill(size: usize, head: &str, tail: &str, part: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = head.to_owned();
    for number in 0.. {
        let part = part(number);
        if text.len() + part.len() + tail.len() > size {
            break;
        }
        text.push_str(&part);
    }
    text.push_str(tail);
    text.into_bytes()
}

/// A letter again and again, as a share of the size in percent.
fn long(letter: &str, size: usize, percent: usize) -> String {
    letter.repeat(size / 100 * percent / letter.len())
}
