//! What is remembered of discovery: the entities behind each state topic.

use crate::decode::{
    decoded::READINGS_MAX,
    memory::{Memory, Remembered, Shelf},
};

/// Entities one state topic may have; no device comes near it.
const ENTITIES_MAX: usize = 256;

/// State topics with wildcards that are kept: each is tried on every topic nobody named.
const WILDCARDS_MAX: usize = 64;

/// One value of one state topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Entity {
    /// Hash of the config topic that described it.
    pub(super) config: u64,
    /// Where the value stands in the payload; empty for all of it.
    pub(super) path: Box<str>,
    /// What it is called in the table of keys; empty if no row fits.
    pub(super) key: Box<str>,
    /// Whose it is.
    pub(super) device: Box<str>,
    pub(super) unit: Option<Box<str>>,
    /// The words for true and false, where it has any.
    pub(super) words: Option<(Box<str>, Box<str>)>,
    pub(super) channel: u16,
    /// It says whether its device is reachable.
    pub(super) is_availability: bool,
}

/// A fact of discovery.
#[derive(Debug)]
pub(in crate::decode) enum Discovery {
    /// The entities of a state topic, in the order of their paths.
    Topic(Vec<Entity>),
    /// The state topics of a config topic, or all that have wildcards.
    Names(Vec<Box<str>>),
}

impl Remembered for Discovery {
    fn bytes(&self) -> usize {
        match self {
            Self::Topic(entities) => entities.iter().map(Entity::bytes).sum(),
            Self::Names(names) => names.iter().map(|name| name.len() + 16).sum(),
        }
    }
}

impl Entity {
    fn bytes(&self) -> usize {
        let unit = self.unit.as_ref().map_or(0, |unit| unit.len());
        let words = self.words.as_ref().map_or(0, |(on, off)| on.len() + off.len());
        size_of::<Self>() + self.path.len() + self.key.len() + self.device.len() + unit + words
    }
}

/// Forgets what a config topic said before.
pub(super) fn forget(memory: &mut Memory, config_topic: &str, config: u64) {
    let Some(Discovery::Names(topics)) = memory.get(Shelf::Configs, config_topic) else { return };
    for topic in std::mem::take(topics) {
        let is_empty =
            memory.update(Shelf::Entities, &topic, |known: &mut Discovery| match known {
                Discovery::Topic(entities) => {
                    entities.retain(|entity| entity.config != config);
                    entities.is_empty()
                }
                Discovery::Names(_) => true,
            });
        if is_empty == Some(true) {
            memory.remove(Shelf::Entities, &topic);
            forget_wildcard(memory, &topic);
        }
    }
    memory.remove(Shelf::Configs, config_topic);
}

/// Remembers what a config topic says. Returns how many entities found no room.
pub(super) fn remember(
    memory: &mut Memory,
    config_topic: &str,
    entities: Vec<(Box<str>, Entity)>,
) -> usize {
    let mut topics: Vec<Box<str>> = Vec::new();
    let mut left_out = 0;
    for (topic, entity) in entities.into_iter().take(READINGS_MAX) {
        if topic.contains(['+', '#']) && !remember_wildcard(memory, &topic) {
            left_out += 1;
            continue;
        }
        if topics.last() != Some(&topic) {
            topics.push(topic.clone());
        }
        let mut entity = Some(entity);
        let was_known = memory.update(Shelf::Entities, &topic, |known: &mut Discovery| {
            match (known, entity.take()) {
                (Discovery::Topic(known), Some(entity)) => insert(known, entity),
                (Discovery::Topic(_) | Discovery::Names(_), _) => true,
            }
        });
        left_out += usize::from(was_known == Some(false));
        if let (None, Some(entity)) = (was_known, entity) {
            memory.put(Shelf::Entities, &topic, Discovery::Topic(vec![entity]));
        }
    }
    memory.put(Shelf::Configs, config_topic, Discovery::Names(topics));
    left_out
}

/// Keeps the order of paths. The same said by two config topics is kept once.
fn insert(known: &mut Vec<Entity>, entity: Entity) -> bool {
    let same = |it: &Entity| {
        it.path == entity.path
            && it.device == entity.device
            && it.is_availability == entity.is_availability
            && it.key == entity.key
    };
    if let Some(twin) = known.iter_mut().find(|it| same(it)) {
        *twin = entity;
        return true;
    }
    if known.len() >= ENTITIES_MAX {
        return false;
    }
    let at = known.partition_point(|it| it.path <= entity.path);
    known.insert(at, entity);
    true
}

fn remember_wildcard(memory: &mut Memory, topic: &str) -> bool {
    let added = memory.update(Shelf::Wildcards, "", |known: &mut Discovery| match known {
        Discovery::Names(known) if known.iter().any(|it| **it == *topic) => true,
        Discovery::Names(known) if known.len() < WILDCARDS_MAX => {
            known.push(topic.into());
            true
        }
        Discovery::Names(_) | Discovery::Topic(_) => false,
    });
    if added.is_none() {
        memory.put(Shelf::Wildcards, "", Discovery::Names(vec![topic.into()]));
    }
    added.unwrap_or(true)
}

/// Makes room for others.
fn forget_wildcard(memory: &mut Memory, topic: &str) {
    if topic.contains(['+', '#']) {
        memory.update(Shelf::Wildcards, "", |known: &mut Discovery| match known {
            Discovery::Names(known) => known.retain(|it| **it != *topic),
            Discovery::Topic(_) => {}
        });
    }
}

/// The state topic with wildcards that a topic falls under.
pub(super) fn wildcard(memory: &mut Memory, topic: &str) -> Option<Box<str>> {
    match memory.get(Shelf::Wildcards, "")? {
        Discovery::Names(known) => known.iter().find(|filter| matches(filter, topic)).cloned(),
        Discovery::Topic(_) => None,
    }
}

fn matches(filter: &str, topic: &str) -> bool {
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            return true;
        }
        match levels.next() {
            Some(level) if wanted == "+" || wanted == level => {}
            Some(_) | None => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_mqtt() {
        for (filter, topic, expected) in [
            ("+/+/BTtoMQTT/0C95", "home/gw/BTtoMQTT/0C95", true),
            ("+/BTtoMQTT/0C95", "home/gw/BTtoMQTT/0C95", false),
            ("home/#", "home/gw/x", true),
            ("home/+", "home/gw/x", false),
            ("home/+/x", "home/gw", false),
        ] {
            assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
        }
    }
}
