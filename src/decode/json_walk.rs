//! The one walk over a JSON text of any shape, in the order of the text. Who listens keeps what
//! it wants: a path to each value (`paths`), or all of them (`json_tree`). Formats that know
//! their shape, and are read most, have readers of their own.
//!
//! It goes as deep as `json_text` lets texts be, and copies only texts that have escapes.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    error::DecodeError,
    json_text::{self, FEWER_VALUES, VALUES_MAX},
    scalar::Scalar,
};

/// A value that holds others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Object,
    List,
}

/// What a listener said when something began, and hears again when it is over.
pub(super) type Mark = usize;

/// Who is told of the values of a text. The first error ends the walk.
pub(super) trait Listener<'de> {
    /// The value under a key follows. `None`: it is passed over.
    fn key(&mut self, key: Cow<'de, str>) -> Option<Mark>;

    /// The value at a place in a list follows, or its end. `None`: the rest is passed over.
    fn index(&mut self, index: usize) -> Option<Mark>;

    /// That value is over.
    fn leave(&mut self, mark: Mark);

    /// A value that holds no others.
    fn value(&mut self, value: Scalar<'de>) -> Result<(), DecodeError>;

    /// An object or a list begins.
    fn begin(&mut self, holder: Holder) -> Result<Mark, DecodeError>;

    /// It is over.
    fn end(&mut self, mark: Mark);
}

/// Tells a listener of every value of a text, and gives it back.
pub(super) fn walk<'de, L: Listener<'de>>(text: &'de str, listener: L) -> Result<L, DecodeError> {
    let mut walk = Walk::new(listener);
    // Any value will do, so a mistake of shape can only be the listener's.
    let parsed = json_text::parse(text, &mut walk, "a value");
    walk.fault.map_or(parsed, Err).map(|()| walk.listener)
}

/// The same for one value of a longer text, whose reader says what is wrong.
pub(super) fn walk_part<'de, L: Listener<'de>, D: Deserializer<'de>>(
    deserializer: D,
    listener: L,
) -> (L, Result<(), D::Error>) {
    let mut walk = Walk::new(listener);
    let answer = walk.deserialize(deserializer);
    (walk.listener, answer)
}

struct Walk<L> {
    listener: L,
    /// Met so far, those that hold others included.
    values: usize,
    fault: Option<DecodeError>,
}

impl<L> Walk<L> {
    fn new(listener: L) -> Self {
        Self { listener, values: 0, fault: None }
    }

    fn count<E: Error>(&mut self) -> Result<(), E> {
        self.values += 1;
        self.told(if self.values > VALUES_MAX {
            Err(DecodeError::JsonShape { expected: FEWER_VALUES })
        } else {
            Ok(())
        })
    }

    fn told<T, E: Error>(&mut self, answer: Result<T, DecodeError>) -> Result<T, E> {
        answer.map_err(|fault| {
            self.fault = Some(fault);
            E::custom("stopped")
        })
    }

    fn value<'de, E: Error>(&mut self, value: Scalar<'de>) -> Result<(), E>
    where
        L: Listener<'de>,
    {
        self.count()?;
        let answer = self.listener.value(value);
        self.told(answer)
    }
}

impl<'de, L: Listener<'de>> DeserializeSeed<'de> for &mut Walk<L> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, L: Listener<'de>> Visitor<'de> for &mut Walk<L> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.value(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.value(Scalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.value(Scalar::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.value(Scalar::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.value(Scalar::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<(), E> {
        self.value(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.value(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.count()?;
        let answer = self.listener.begin(Holder::Object);
        let all = self.told(answer)?;
        while let Some(mark) = map.next_key_seed(Key(&mut self.listener))? {
            match mark {
                Some(mark) => {
                    map.next_value_seed(&mut *self)?;
                    self.listener.leave(mark);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.listener.end(all);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.count()?;
        let answer = self.listener.begin(Holder::List);
        let all = self.told(answer)?;
        for index in 0.. {
            let Some(mark) = self.listener.index(index) else {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                break;
            };
            let next = list.next_element_seed(&mut *self)?;
            self.listener.leave(mark);
            if next.is_none() {
                break;
            }
        }
        self.listener.end(all);
        Ok(())
    }
}

/// Hands a key to the listener.
struct Key<'w, L>(&'w mut L);

impl<'de, L: Listener<'de>> DeserializeSeed<'de> for Key<'_, L> {
    type Value = Option<Mark>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, L: Listener<'de>> Visitor<'de> for Key<'_, L> {
    type Value = Option<Mark>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(self.0.key(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.key(Cow::Owned(key.to_owned())))
    }
}
