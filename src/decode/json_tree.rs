//! A whole JSON text as a flat list of its values, for formats whose meaning stands in several
//! places of a text at once. Texts are borrowed; the number of values has a bound.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    error::DecodeError,
    json_text::{self, FEWER_VALUES, VALUES_MAX},
    scalar::Scalar,
};

/// A JSON text.
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
        let text = json_text::check(payload)?;
        let mut nodes = Vec::new();
        let seed = Grow { nodes: &mut nodes, key: Cow::Borrowed("") };
        json_text::parse(text, seed, FEWER_VALUES)?;
        Ok(Self { nodes })
    }

    /// The value that is the whole text.
    pub(super) fn root(&self) -> Option<At<'_, 'a>> {
        At::new(&self.nodes, 0)
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

/// Adds the next value, and what it holds, to the list.
struct Grow<'n, 'a> {
    nodes: &'n mut Vec<Node<'a>>,
    key: Cow<'a, str>,
}

impl<'a> Grow<'_, 'a> {
    /// Adds it, and says where.
    fn add<E: Error>(self, content: Content<'a>) -> Result<usize, E> {
        let at = self.nodes.len();
        if at >= VALUES_MAX {
            return Err(E::custom("too many values"));
        }
        self.nodes.push(Node { key: self.key, content, end: at + 1 });
        Ok(at)
    }

    fn scalar<E: Error>(self, scalar: Scalar<'a>) -> Result<(), E> {
        self.add(Content::Scalar(scalar)).map(|_| ())
    }
}

fn end(nodes: &mut [Node<'_>], at: usize) {
    let end = nodes.len();
    if let Some(node) = nodes.get_mut(at) {
        node.end = end;
    }
}

impl<'de> DeserializeSeed<'de> for Grow<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Grow<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(Scalar::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<(), E> {
        self.scalar(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { nodes, key } = self;
        let at = Grow { nodes, key }.add(Content::List)?;
        while seq.next_element_seed(Grow { nodes, key: Cow::Borrowed("") })?.is_some() {}
        end(nodes, at);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { nodes, key } = self;
        let at = Grow { nodes, key }.add(Content::Object)?;
        while let Some(key) = map.next_key_seed(KeySeed)? {
            map.next_value_seed(Grow { nodes, key })?;
        }
        end(nodes, at);
        Ok(())
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
