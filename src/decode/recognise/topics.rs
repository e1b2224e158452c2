//! The topics each format usually has, the most specific first.

use std::sync::LazyLock;

use crate::{
    decode::format::Format,
    model::topic::{Captures, TopicPattern},
};

impl Format {
    /// The topics it has unless somebody has changed them; none, where any topic will do.
    pub fn topics(self) -> &'static [&'static str] {
        match self {
            Self::Json | Self::Protobuf => &[],
            Self::Zigbee2Mqtt => &["zigbee2mqtt/{device...}"],
            Self::Tasmota => &["tele/#", "stat/#", "cmnd/#", "tasmota/discovery/#"],
            Self::Shelly => &[
                "shellies/#",
                "{device}/events/rpc",
                "{device}/status/+",
                "{device}/online",
                "shelly-blu/events/+",
            ],
            Self::HomeAssistant => &[
                "homeassistant/#",
                "+/sensor/+/state",
                "+/binary_sensor/+/state",
                "+/text_sensor/+/state",
                "+/switch/+/state",
                "+/status",
            ],
            Self::ZwaveJs => &["zwave/#"],
            Self::Theengs => {
                &["home/+/BTtoMQTT/#", "+/+/BTtoMQTT/#", "home/+/LWT", "home/+/SYStoMQTT"]
            }
            Self::Ruuvi => &["ruuvi/#"],
            Self::Sparkplug => &["spBv1.0/#", "STATE/+"],
            Self::SenMl => &["senml/{device...}"],
            Self::ThingsStack => &["v3/+/devices/#"],
            Self::ChirpStack => &["application/+/device/#"],
            Self::Homie => &["homie/#"],
            Self::OwnTracks => &["owntracks/#"],
            Self::OpenMHealth => &["omh/{device...}"],
            Self::Fhir => &["fhir/{device...}"],
            Self::Scaip => &["scaip/{device...}"],
        }
    }
}

/// One usual topic.
pub(super) struct Usual {
    pub(super) format: Format,
    pub(super) text: &'static str,
    pub(super) pattern: TopicPattern,
}

impl Usual {
    /// Does it begin with a word that only this format has there?
    pub(super) fn is_own_word(&self) -> bool {
        !self.text.starts_with(['+', '{'])
    }
}

static USUAL: LazyLock<Vec<Usual>> = LazyLock::new(|| {
    let all = Format::ALL.into_iter();
    let all = all.flat_map(|format| format.topics().iter().map(move |text| (format, *text)));
    let parsed = all.filter_map(|(format, text)| {
        let pattern = TopicPattern::parse(text).ok()?;
        Some(Usual { format, text, pattern })
    });
    let mut usual: Vec<Usual> = parsed.collect();
    usual.sort_by_key(|usual| rank(usual.text));
    usual
});

/// Every usual topic, the most specific first.
pub(super) fn usual() -> &'static [Usual] {
    &USUAL
}

/// A word goes before one level, and one level before all that are left.
fn rank(pattern: &str) -> Vec<u8> {
    let rank = |level: &str| match level {
        "#" => 2,
        "+" => 1,
        named if named.ends_with("...}") => 2,
        named if named.starts_with('{') => 1,
        _ => 0,
    };
    pattern.split('/').map(rank).collect()
}

/// Words behind which the name of a home stands.
const HOME_WORDS: [&str; 18] = [
    "homes",
    "home",
    "houses",
    "house",
    "flats",
    "flat",
    "apartments",
    "apartment",
    "units",
    "sites",
    "customers",
    "residents",
    "dwellings",
    "hem",
    "hushall",
    "bostad",
    "lagenhet",
    "haus",
];

/// Does the name of a home stand behind a level of this word?
pub fn is_home_word(level: &str) -> bool {
    HOME_WORDS.iter().any(|word| word.eq_ignore_ascii_case(level))
}

/// The home named by levels such as `homes/h-1`.
pub(super) fn home_in(levels: &str) -> Option<&str> {
    let mut levels = levels.split('/');
    levels.find(|level| is_home_word(level))?;
    levels.next().filter(|home| !home.is_empty())
}

/// What a topic says that is no format's: its last level is the device.
pub(super) fn free(topic: &str) -> Captures<'_> {
    let (front, last) = topic.rsplit_once('/').unwrap_or(("", topic));
    Captures { home: home_in(front), device: Some(last).filter(|last| !last.is_empty()) }
}

/// The first so many levels, and what is below them.
pub(super) fn split(topic: &str, levels: usize) -> Option<(&str, &str)> {
    let Some(last) = levels.checked_sub(1) else { return Some(("", topic)) };
    let (at, _) = topic.match_indices('/').nth(last)?;
    let (front, rest) = topic.split_at_checked(at)?;
    Some((front, rest.strip_prefix('/')?))
}
