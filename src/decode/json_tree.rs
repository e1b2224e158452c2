//! A whole JSON text as a flat list of its values, for formats whose meaning stands in several
//! places of a text at once. Texts are borrowed; the number of values has a bound.

use std::{borrow::Cow, mem};

use serde::de::{DeserializeSeed, Deserializer};

use super::{
    error::DecodeError,
    json_text,
    json_walk::{self, Holder, Listener, Mark},
    scalar::Scalar,
};

/// A JSON text.
#[derive(Default)]
pub(super) struct Tree<'a> {
    /// Each value before what it holds.
    nodes: Vec<Node<'a>>,
}

struct Node<'a> {
    /// Its key in the object it stands in; empty elsewhere.
    key: Cow<'a, str>,
    content: Content<'a>,
    /// Where the values behind everything it holds begin.
    end: usize,
}

enum Content<'a> {
    Scalar(Scalar<'a>),
    Object,
    List,
}

/// One value of a tree.
#[derive(Clone, Copy)]
pub(super) struct At<'t, 'a> {
    nodes: &'t [Node<'a>],
    index: usize,
    node: &'t Node<'a>,
}

impl<'a> Tree<'a> {
    /// Checks and parses a payload.
    pub(super) fn parse(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let grow = json_walk::walk(json_text::check(payload)?, Grow::default())?;
        Ok(Self { nodes: grow.nodes })
    }

    /// The value that is the whole text.
    pub(super) fn root(&self) -> Option<At<'_, 'a>> {
        At::new(&self.nodes, 0)
    }
}

/// The tree of one value of a longer text, in the memory of the tree before it.
impl<'a> DeserializeSeed<'a> for &mut Tree<'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        self.nodes.clear();
        let nodes = mem::take(&mut self.nodes);
        let (grow, answer) = json_walk::walk_part(deserializer, Grow { nodes, ..Grow::default() });
        self.nodes = grow.nodes;
        answer
    }
}

impl<'t, 'a> At<'t, 'a> {
    fn new(nodes: &'t [Node<'a>], index: usize) -> Option<Self> {
        nodes.get(index).map(|node| Self { nodes, index, node })
    }

    /// What it holds; nothing if it is no object and no list.
    fn held(self) -> impl Iterator<Item = Self> {
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let at = (next < self.node.end).then(|| Self::new(self.nodes, next))??;
            next = at.node.end;
            Some(at)
        })
    }

    /// The entries of an object.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'t str, Self)> {
        let is_object = self.is_object();
        self.held().filter(move |_| is_object).map(|at| (&*at.node.key, at))
    }

    /// The entries of a list.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let is_list = self.is_list();
        self.held().filter(move |_| is_list)
    }

    /// What stands under a key; if it stands there twice, the last.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.entries().filter(|(known, _)| *known == key).last().map(|(_, at)| at)
    }

    /// What stands under one key after the other.
    pub(super) fn path(self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self, |at, key| at.get(key))
    }

    /// The value as one that holds no others.
    pub(super) fn scalar(self) -> &'t Scalar<'a> {
        match &self.node.content {
            Content::Scalar(scalar) => scalar,
            Content::Object | Content::List => &Scalar::Nested,
        }
    }

    /// The value, if it is text.
    pub(super) fn text(self) -> Option<&'t str> {
        match self.scalar() {
            Scalar::Text(text) => Some(text),
            Scalar::Null
            | Scalar::Bool(_)
            | Scalar::Unsigned(_)
            | Scalar::Negative(_)
            | Scalar::Float(_)
            | Scalar::Nested => None,
        }
    }

    /// The value, if it is written as a number.
    pub(super) fn number(self) -> Option<f64> {
        self.scalar().plain_number()
    }

    pub(super) fn is_object(self) -> bool {
        matches!(self.node.content, Content::Object)
    }

    pub(super) fn is_list(self) -> bool {
        matches!(self.node.content, Content::List)
    }
}

/// Puts the values of a text into a list.
#[derive(Default)]
struct Grow<'a> {
    nodes: Vec<Node<'a>>,
    /// Of the value that comes next.
    key: Cow<'a, str>,
}

impl<'a> Grow<'a> {
    fn add(&mut self, content: Content<'a>) -> usize {
        let at = self.nodes.len();
        let key = mem::take(&mut self.key);
        self.nodes.push(Node { key, content, end: at + 1 });
        at
    }
}

impl<'a> Listener<'a> for Grow<'a> {
    fn key(&mut self, key: Cow<'a, str>) -> Option<Mark> {
        self.key = key;
        Some(0)
    }

    fn index(&mut self, _: usize) -> Option<Mark> {
        Some(0)
    }

    fn leave(&mut self, _: Mark) {}

    fn value(&mut self, value: Scalar<'a>) -> Result<(), DecodeError> {
        self.add(Content::Scalar(value));
        Ok(())
    }

    fn begin(&mut self, holder: Holder) -> Result<Mark, DecodeError> {
        Ok(self.add(match holder {
            Holder::Object => Content::Object,
            Holder::List => Content::List,
        }))
    }

    fn end(&mut self, at: Mark) {
        let end = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(at) {
            node.end = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json_text::{FEWER_VALUES, VALUES_MAX};

    #[test]
    fn a_value_is_found_by_its_path() {
        let text = br#"{"a":{"b":[1,{"c":"x"},[],-2.5],"b\n":null},"d":true,"a2":{}, "d":false}"#;
        let tree = Tree::parse(text).unwrap();
        let root = tree.root().unwrap();
        let list = root.path(&["a", "b"]).unwrap();
        assert_eq!(list.items().count(), 4);
        assert_eq!(list.items().nth(1).unwrap().get("c").unwrap().text(), Some("x"));
        assert_eq!(list.items().nth(3).unwrap().number(), Some(-2.5));
        assert_eq!(root.path(&["a", "b\n"]).unwrap().scalar(), &Scalar::Null);
        assert_eq!(root.get("d").unwrap().scalar(), &Scalar::Bool(false), "the last one counts");
        assert_eq!(root.entries().count(), 4);
        assert_eq!(root.get("d").unwrap().entries().count(), 0);
        assert_eq!(list.entries().count(), 0, "a list has no keys");
        assert_eq!(root.items().count(), 0, "an object is no list");
        assert!(root.get("c").is_none(), "only its own keys");
    }

    #[test]
    fn it_has_a_bound() {
        let wide = |values: usize| format!("[{}]", vec!["1"; values].join(","));
        assert!(Tree::parse(wide(VALUES_MAX - 1).as_bytes()).is_ok());
        let error = Tree::parse(wide(VALUES_MAX).as_bytes()).err();
        assert_eq!(error, Some(DecodeError::JsonShape { expected: FEWER_VALUES }));
    }
}
