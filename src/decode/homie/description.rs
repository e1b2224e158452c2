//! What Homie devices say of their properties and children, and how it is remembered.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::{topic::Place, value::Datatype};
use crate::decode::{
    error::DecodeError,
    json_tree::{At, Tree},
    memory::{Memory, Remembered, Shelf},
};

/// What is known of a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device {
    /// By `node/property`. The network fills this table, so its seed is random.
    properties: HashMap<Box<str>, Property, RandomState>,
    children: Vec<Box<str>>,
}

/// What is known of a property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) datatype: Option<Datatype>,
    pub(super) unit: Option<Box<str>>,
    /// Which of several nodes with this property it stands in; 0 if in the only one.
    pub(super) channel: u16,
}

/// Properties of one device that are remembered.
const PROPERTIES_MAX: usize = 1_000;

/// Children of one device that are remembered: as many as one `lost` may tell of.
const CHILDREN_MAX: usize = super::LOST_MAX;

/// Bytes of node and property that are remembered.
const KEY_MAX: usize = 256;

/// About what a table entry costs beside its texts.
const ENTRY_BYTES: usize = 64;

impl Device {
    /// Reads a `$description`.
    pub(super) fn of_json(payload: &[u8]) -> Result<Self, DecodeError> {
        let tree = Tree::parse(payload)?;
        let root = tree.root().filter(|root| root.is_object());
        let root = root.ok_or(DecodeError::JsonShape { expected: "an object" })?;
        let mut device = Self::default();
        let mut nodes_with: HashMap<&str, u16, RandomState> = HashMap::default();
        let nodes = || root.get("nodes").into_iter().flat_map(At::entries);
        let properties = nodes().flat_map(|(node, at)| {
            let properties = at.get("properties").into_iter().flat_map(At::entries);
            properties.map(move |(property, at)| (node, property, at))
        });
        let fitting =
            properties.filter(|(node, property, _)| node.len() + property.len() < KEY_MAX);
        for (node, property, at) in fitting.take(PROPERTIES_MAX) {
            let count = nodes_with.entry(property).or_default();
            *count = count.saturating_add(1);
            let known = Property {
                datatype: at.get("datatype").and_then(At::text).and_then(Datatype::named),
                unit: at.get("unit").and_then(At::text).map(Box::from),
                channel: *count,
            };
            device.properties.insert(format!("{node}/{property}").into(), known);
        }
        for (key, property) in &mut device.properties {
            let name = key.split_once('/').map_or("", |(_, name)| name);
            if nodes_with.get(name).is_none_or(|count| *count < 2) {
                property.channel = 0;
            }
        }
        let children = root.get("children").into_iter().flat_map(At::items);
        let children = children.filter_map(At::text).take(CHILDREN_MAX);
        device.children = children.map(Box::from).collect();
        Ok(device)
    }

    /// Remembers it in place of what was known.
    pub(super) fn keep(self, memory: &mut Memory, key: &str) {
        memory.put(Shelf::Homie, key, self);
    }

    /// Takes an attribute of version 4, which comes alone.
    pub(super) fn learn(
        memory: &mut Memory,
        key: &str,
        node: &str,
        property: &str,
        name: &str,
        text: &str,
    ) {
        if !matches!(name, "$datatype" | "$unit") {
            return;
        }
        if memory.get::<Self>(Shelf::Homie, key).is_none() {
            Self::default().keep(memory, key);
        }
        memory.update(Shelf::Homie, key, |device: &mut Self| {
            let key = format!("{node}/{property}");
            let is_new = !device.properties.contains_key(&*key);
            if is_new && device.properties.len() >= PROPERTIES_MAX {
                return;
            }
            let known = device.properties.entry(key.into()).or_default();
            if name == "$unit" {
                known.unit = Some(text.into());
            } else {
                known.datatype = Datatype::named(text);
            }
        });
    }

    pub(super) fn property(&self, node: &str, property: &str) -> Option<&Property> {
        self.properties.get(&*format!("{node}/{property}"))
    }
}

/// The devices below one, children's children too, as far as their descriptions are remembered.
pub(super) fn below(memory: &mut Memory, place: &Place<'_>, limit: usize) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = Vec::new();
    let mut seen: HashSet<Box<str>, RandomState> = HashSet::default();
    seen.insert(place.device.into());
    let mut at = 0;
    let mut key = place.key.to_owned();
    loop {
        let children = memory.get::<Device>(Shelf::Homie, &key).map(|device| &*device.children);
        for child in children.unwrap_or_default() {
            if found.len() < limit && !seen.contains(child) {
                seen.insert(child.clone());
                found.push(child.clone());
            }
        }
        let Some(next) = found.get(at) else { return found };
        key = place.sibling(next);
        at += 1;
    }
}

impl Remembered for Device {
    fn bytes(&self) -> usize {
        let properties = self.properties.iter().map(|(key, property)| {
            ENTRY_BYTES + key.len() + property.unit.as_ref().map_or(0, |unit| unit.len())
        });
        let children = self.children.iter().map(|child| 16 + child.len());
        properties.chain(children).sum()
    }
}
