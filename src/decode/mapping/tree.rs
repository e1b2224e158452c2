//! The pointers of a mapping as one tree, and the walk of a payload along it. Its depth is the
//! longest pointer's, however deep the payload nests.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Leaf, Mapping, settings::MappingError};
use crate::decode::{
    decoded::{Decoded, DevicePart},
    error::DecodeError,
    scalar::Scalar,
    sender, time,
};

/// Levels a pointer may have.
const LEVELS_MAX: usize = 16;

/// Index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(usize);

impl NodeId {
    pub(super) const ROOT: Self = Self(0);
}

/// Every pointer of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(Step, NodeId)>,
    leaves: Vec<Leaf>,
}

/// One level of a pointer: a key, and an index too if it is a number.
#[derive(Clone, Debug)]
struct Step {
    key: Box<str>,
    index: Option<usize>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Tree {
    pub(super) fn add(&mut self, pointer: &str, leaf: Leaf) -> Result<(), MappingError> {
        let wrong = || MappingError::Pointer { pointer: pointer.to_owned(), limit: LEVELS_MAX };
        let mut node = NodeId::ROOT;
        if !pointer.is_empty() {
            let levels = pointer.strip_prefix('/').ok_or_else(wrong)?;
            if levels.split('/').count() > LEVELS_MAX {
                return Err(wrong());
            }
            for level in levels.split('/') {
                node = self.child_or_new(node, &unescape(level).ok_or_else(wrong)?);
            }
        }
        if let Some(node) = self.nodes.get_mut(node.0) {
            node.leaves.push(leaf);
        }
        Ok(())
    }

    fn child_or_new(&mut self, parent: NodeId, key: &str) -> NodeId {
        if let Some(child) = self.child(parent, key) {
            return child;
        }
        let child = NodeId(self.nodes.len());
        self.nodes.push(Node::default());
        if let Some(parent) = self.nodes.get_mut(parent.0) {
            parent.children.push((Step { key: key.into(), index: key.parse().ok() }, child));
        }
        child
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    fn child(&self, parent: NodeId, key: &str) -> Option<NodeId> {
        let mut children = self.node(parent)?.children.iter();
        children.find(|(step, _)| *step.key == *key).map(|(_, child)| *child)
    }

    fn child_at(&self, parent: NodeId, index: usize) -> Option<NodeId> {
        let mut children = self.node(parent)?.children.iter();
        children.find(|(step, _)| step.index == Some(index)).map(|(_, child)| *child)
    }

    fn is_end(&self, id: NodeId) -> bool {
        self.node(id).is_none_or(|node| node.children.is_empty())
    }

    pub(super) fn has_leaves(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| !node.leaves.is_empty())
    }
}

/// `~1` is `/` and `~0` is `~`; any other `~` is wrong.
fn unescape(level: &str) -> Option<Cow<'_, str>> {
    let mut tildes = level.split('~').skip(1);
    tildes
        .all(|after| after.starts_with(['0', '1']))
        .then(|| level.replace("~1", "/").replace("~0", "~").into())
}

/// One step of the walk.
pub(super) struct Walk<'w> {
    pub(super) mapping: &'w Mapping,
    pub(super) node: NodeId,
    pub(super) out: &'w mut Decoded,
    pub(super) part: &'w mut DevicePart,
    pub(super) fault: &'w mut Option<DecodeError>,
}

impl Walk<'_> {
    fn at(&mut self, node: NodeId) -> Walk<'_> {
        Walk { mapping: self.mapping, node, out: self.out, part: self.part, fault: self.fault }
    }

    /// Takes the value of this node for everything it is mapped to.
    pub(super) fn take(&mut self, scalar: &Scalar<'_>) {
        let mapping = self.mapping;
        let Some(node) = mapping.tree.node(self.node) else { return };
        if let Err(fault) = self.out.check_amount() {
            *self.fault = Some(fault);
            return;
        }
        for leaf in &node.leaves {
            match leaf {
                Leaf::Reading(number) => {
                    let Some(target) = mapping.targets.get(*number) else { continue };
                    let (meaning, flags) = target.read(&mapping.catalogue, scalar, None);
                    self.out.take_keyed(*number, target.kind, meaning, flags);
                }
                Leaf::Device => match sender::name(scalar, self.out) {
                    Ok(name) => self.part.name = name,
                    Err(fault) => *self.fault = Some(fault),
                },
                Leaf::Time => self.part.measured_at = time::read(scalar, mapping.time_format),
                Leaf::Sequence => self.part.sequence = sender::sequence(scalar),
            }
        }
    }

    /// A value where the tree goes on may still be mapped itself; at the root it must be.
    fn scalar<E: Error>(mut self, scalar: &Scalar<'_>) -> Result<(), E> {
        if self.node == NodeId::ROOT && !self.mapping.tree.has_leaves(self.node) {
            return Err(E::custom("not an object or array"));
        }
        self.take(scalar);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        if self.mapping.tree.is_end(self.node) {
            let scalar = serde::de::Deserialize::deserialize(deserializer)?;
            self.take(&scalar);
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.take(&Scalar::Nested);
        while let Some(child) = map.next_key_seed(Child(&self.mapping.tree, self.node))? {
            if let Some(child) = child {
                map.next_value_seed(self.at(child))?;
            } else {
                map.next_value::<IgnoredAny>()?;
                self.out.unknown_keys += 1;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.take(&Scalar::Nested);
        for index in 0.. {
            let next = match self.mapping.tree.child_at(self.node, index) {
                Some(child) => seq.next_element_seed(self.at(child))?,
                None => seq.next_element::<IgnoredAny>()?.map(|_| ()),
            };
            if next.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar(&Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(&Scalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(&Scalar::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(&Scalar::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(&Scalar::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(&Scalar::Text(Cow::Borrowed(value)))
    }
}

/// Finds the node of a key without keeping it.
struct Child<'t>(&'t Tree, NodeId);

impl<'de> DeserializeSeed<'de> for Child<'_> {
    type Value = Option<NodeId>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Child<'_> {
    type Value = Option<NodeId>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(self.1, key))
    }
}
