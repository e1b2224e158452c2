//! A configuration for what was heard, and the registry lines that go with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use super::{
    census::Census,
    group::{Group, groups},
};
use crate::{
    catalogue::Catalogue,
    decode::{Decoded, Decoder, Format, Memory},
    explain::remedy::quoted,
    model::{Message, Moment, QoS, topic::TopicPattern},
};

/// Where a device stands whose home nobody has said.
const UNASSIGNED: &str = "unassigned";

/// Topics without a format that are named one by one.
const NAMED: usize = 10;

/// What is proposed.
pub struct Proposal {
    groups: Vec<Group>,
    devices: BTreeSet<Device>,
    unrecognised: Unrecognised,
}

/// Topics for which no format was found.
#[derive(Clone, Default)]
pub struct Unrecognised {
    /// How many.
    pub topics: usize,
    /// Their messages.
    pub messages: u64,
    /// Some of them, the busiest first.
    pub named: Vec<String>,
}

/// One line of the registry.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Device {
    home: Option<String>,
    name: String,
}

/// A filter, ready to find devices.
struct Route {
    pattern: TopicPattern,
    decoder: Decoder,
}

impl Proposal {
    /// Makes one of what was heard.
    pub fn new(census: &Census, catalogue: &Arc<Catalogue>) -> Self {
        let groups = groups(census);
        let routes: Vec<Route> = groups
            .iter()
            .filter_map(|group| {
                let pattern = TopicPattern::parse(&group.topic).ok()?;
                Some(Route { pattern, decoder: Decoder::usual(group.format, catalogue) })
            })
            .collect();
        let devices = devices(census, &routes);
        let mut unknown: Vec<(&String, u64)> = census
            .topics
            .iter()
            .filter(|(topic, _)| routes.iter().all(|route| route.pattern.matches(topic).is_none()))
            .map(|(topic, heard)| (topic, heard.messages))
            .collect();
        unknown.sort_by_key(|(_, messages)| std::cmp::Reverse(*messages));
        let unrecognised = Unrecognised {
            topics: unknown.len(),
            messages: unknown.iter().map(|(_, messages)| messages).sum(),
            named: unknown.iter().take(NAMED).map(|(topic, _)| (*topic).clone()).collect(),
        };
        Self { groups, devices, unrecognised }
    }

    /// Nothing to propose?
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// How many filters.
    pub fn filters(&self) -> usize {
        self.groups.len()
    }

    /// Messages by format, for people.
    pub fn formats(&self) -> BTreeMap<Format, (u64, usize)> {
        let mut formats: BTreeMap<Format, (u64, usize)> = BTreeMap::new();
        for group in &self.groups {
            let (messages, topics) = formats.entry(group.format).or_default();
            *messages += group.messages;
            *topics += group.topics;
        }
        formats
    }

    /// Devices that were heard.
    pub fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Devices whose topic names no home, so that only the registry can.
    pub fn homeless(&self) -> usize {
        self.devices.iter().filter(|device| device.home.is_none()).count()
    }

    /// What no format was found for.
    pub fn unrecognised(&self) -> &Unrecognised {
        &self.unrecognised
    }

    /// The filters, below their `[[link]]`.
    pub fn filters_toml(&self) -> String {
        let table = |Group { topic, format, messages, topics }: &Group| {
            let (topic, name) = (toml_text(topic), format.name());
            format!(
                "[[link.filter]]            # {messages} messages on {topics} topics\ntopic = \
                 {topic}\nformat = \"{name}\"\n\n"
            )
        };
        self.groups.iter().map(table).collect()
    }

    /// Lines of the registry, under a head.
    pub fn registry_csv(&self) -> String {
        let line = |Device { home, name }: &Device| {
            let source = home.as_deref().map(quoted).unwrap_or_default();
            let home = home.as_deref().map_or_else(|| UNASSIGNED.to_owned(), quoted);
            format!("{},{source},{home},\n", quoted(name))
        };
        let head = "device,source_home,home,room\n".to_owned();
        std::iter::once(head).chain(self.devices.iter().map(line)).collect()
    }
}

/// The devices that the last messages of each topic name, in the order of what they teach: what
/// says which devices there are comes first.
fn devices(census: &Census, routes: &[Route]) -> BTreeSet<Device> {
    let (mut memory, mut decoded) = (Memory::default(), Decoded::default());
    let mut devices = BTreeSet::new();
    // Twice: discovery may stand behind what it explains.
    for _ in 0..2 {
        for (topic, heard) in &census.topics {
            let route = routes
                .iter()
                .find_map(|route| route.pattern.matches(topic).map(|captures| (route, captures)));
            let Some((route, captures)) = route else { continue };
            let message = Message {
                topic,
                payload: &heard.payload,
                qos: QoS::AtMostOnce,
                retain: false,
                dup: false,
                resumed_recently: false,
                received: Moment::default(),
            };
            let captured = captures.device.unwrap_or_default();
            if route.decoder.decode(captured, &message, &mut memory, &mut decoded).is_err() {
                continue;
            }
            for part in &decoded.devices {
                let name = decoded.device_name(part, captured);
                if name.is_empty() || decoded.readings_of(part).is_empty() {
                    continue;
                }
                let home = captures.home.map(str::to_owned);
                devices.insert(Device { home, name: name.to_owned() });
            }
        }
    }
    devices
}

/// A text of TOML: JSON's escapes are TOML's too, but for one character.
pub(super) fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// Names of homes and devices may be names of people.
impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposal")
            .field("filters", &self.groups.len())
            .field("devices", &self.devices.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Unrecognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unrecognised").field("topics", &self.topics).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
