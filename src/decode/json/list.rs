//! The list of a report's readings.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    Reports,
    key::{Key, KeySeed},
    time_of,
};
use crate::{
    decode::{
        DeviceTime,
        decoded::DevicePart,
        scalar::{Scalar, With},
    },
    model::KindId,
};

/// One reading as far as it was read. Keys come in any order, so it is judged at its end.
#[derive(Default)]
pub(super) struct Fields<'de> {
    pub(super) kind: Option<KindId>,
    pub(super) value: Option<Scalar<'de>>,
    pub(super) unit: Option<Scalar<'de>>,
    pub(super) time: Option<DeviceTime>,
}

/// The list of a report's readings.
pub(super) struct List<'d> {
    pub(super) reports: Reports<'d>,
    pub(super) part: &'d mut DevicePart,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of readings")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(fields) = list.next_element_seed(EntrySeed(self.reports.again()))? {
            match fields {
                Some(fields) => self.reports.take(&fields, self.part)?,
                None => self.reports.refuse_shape()?,
            }
        }
        Ok(())
    }
}

/// One entry of the list; `None` if it is no object.
struct EntrySeed<'d>(Reports<'d>);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_> {
    type Value = Option<Fields<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_> {
    type Value = Option<Fields<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reading")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Kind => {
                    fields.kind = map.next_value_seed(With(|name| self.0.kind(&name)))?;
                }
                Key::Value => fields.value = Some(map.next_value()?),
                Key::Unit => fields.unit = Some(map.next_value()?),
                Key::Time => fields.time = Some(map.next_value_seed(With(|time| time_of(&time)))?),
                Key::Device | Key::Sequence | Key::Historical | Key::Readings | Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                    self.0.out.unknown_keys += 1;
                }
            }
        }
        Ok(Some(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}
