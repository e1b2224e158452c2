//! Packs written as JSON: an array of objects.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    pack::Pack,
    record::{Label, Record},
};
use crate::decode::{error::DecodeError, json_text, scalar::Scalar};

/// Reads a pack.
pub(super) fn read<'a>(payload: &'a [u8], pack: &mut Pack<'_, 'a>) -> Result<(), DecodeError> {
    let text = json_text::check(payload)?;
    let mut stopped = None;
    let parsed =
        json_text::parse(text, Records { pack, stopped: &mut stopped }, "an array of records");
    match stopped {
        Some(error) => Err(error),
        None => parsed,
    }
}

struct Records<'r, 'd, 'a> {
    pack: &'r mut Pack<'d, 'a>,
    stopped: &'r mut Option<DecodeError>,
}

impl<'a> DeserializeSeed<'a> for Records<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Records<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        let Self { pack, stopped } = self;
        while let Some(read) = list.next_element_seed(One)? {
            if let Err(error) = read.and_then(|mut record| pack.take(&mut record)) {
                *stopped = Some(error);
                return Err(S::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

struct One;

impl<'a> DeserializeSeed<'a> for One {
    type Value = Result<Record<'a>, DecodeError>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for One {
    type Value = Result<Record<'a>, DecodeError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut record = Record::default();
        while let Some(label) = map.next_key_seed(Key)? {
            if let Err(error) = record.set(label, map.next_value::<Scalar<'a>>()?) {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(Err(error));
            }
        }
        Ok(Ok(record))
    }
}

struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Label;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Label, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Label;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label")
    }

    fn visit_str<E>(self, label: &str) -> Result<Label, E> {
        Ok(Label::named(label))
    }
}
