//! The table of all decoders, each with messages of its format: those `make fuzz` begins with.
//!
//! It goes over the closed list of formats. A format that is added later stands in it at once, and
//! fails its tests until it has messages in `fuzz/seeds/`.

use std::{fs, path::Path, sync::LazyLock};

use super::{bounds::bombs, catalogue};
use crate::decode::{Decoder, DecoderSettings, Format, Mapping, Positions, Requests, route};

/// A decoder and what it is sent.
pub(super) struct Sampled {
    pub(super) name: &'static str,
    /// `None`: a mapping.
    pub(super) format: Option<Format>,
    /// As it is without settings, and set up to do all it can.
    pub(super) decoders: [Decoder; 2],
    /// Messages of one sender after the other: each list is for one memory.
    pub(super) sessions: Vec<Vec<Sample>>,
}

#[derive(Debug)]
pub(super) struct Sample {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

pub(super) static ALL: LazyLock<Vec<Sampled>> = LazyLock::new(|| {
    let usual = DecoderSettings::new(&catalogue());
    let configured = DecoderSettings {
        zone: Some(jiff::tz::TimeZone::get("Europe/Stockholm").unwrap()),
        positions: Positions::Keep,
        requests: Requests::Allowed,
        ..usual.clone()
    };
    let of = |format: Format| Sampled {
        name: format.name(),
        format: Some(format),
        decoders: [&usual, &configured].map(|settings| Decoder::new(format, settings).unwrap()),
        sessions: sessions(format.name()),
    };
    let mapping = Sampled {
        name: "mapping",
        format: None,
        decoders: [mapping(), mapping()],
        sessions: sessions("mapping"),
    };
    Format::ALL.into_iter().map(of).chain([mapping]).collect()
});

/// JSON of any shape, read by a mapping that has a bit of everything.
pub(super) fn mapping() -> Decoder {
    let settings = serde_json::from_str(bombs::MAPPING).unwrap();
    Decoder::Mapping(Mapping::new(&settings, &catalogue()).unwrap())
}

impl Sampled {
    pub(super) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.sessions.iter().flatten()
    }
}

impl Sample {
    /// What the usual filter captures of the topic.
    pub(super) fn device(&self) -> &str {
        let usual = route(&self.topic).and_then(|route| route.captures.device);
        let behind = || self.topic.split_once('/').map(|(_, behind)| behind);
        usual.or_else(behind).unwrap_or_default()
    }
}

/// As `tools/fuzz.sh` and `fuzz/src/session.rs` read them.
fn sessions(name: &str) -> Vec<Vec<Sample>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let read = |end: &str| fs::read_to_string(folder.join(format!("{name}.{end}"))).ok();
    let text = read("txt").map(|text| text.trim_end().split("\n%%\n").map(of_text).collect());
    // Some lines are to be stretched to the full size; that is for the fuzzer.
    let hex = read("hex")
        .map(|text| text.lines().filter(|it| it.starts_with('0')).map(of_line).collect());
    text.into_iter().chain(hex).collect()
}

fn of_text(message: &str) -> Sample {
    let (topic, payload) = message.split_once('\n').unwrap();
    Sample { topic: topic.to_owned(), payload: payload.as_bytes().to_vec() }
}

fn of_line(line: &str) -> Sample {
    let (head, digits) = line.split_once(' ').unwrap();
    let byte = |at| u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap();
    Sample {
        topic: head.strip_prefix('0').unwrap().to_owned(),
        payload: (0..digits.len()).step_by(2).map(byte).collect(),
    }
}
