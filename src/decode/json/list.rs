//! The list of a report's readings.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    Reports, channel_of,
    key::{Key, KeySeed},
    series::{Sent, SeriesOf},
    time_of,
};
use crate::{
    decode::{
        DeviceTime,
        decoded::DevicePart,
        error::RefusalReason,
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
    pub(super) series: Option<Sent>,
    /// Inside: given as something that is no channel.
    pub(super) channel: Option<Result<u16, RefusalReason>>,
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
        while list
            .next_element_seed(EntryOf { reports: self.reports.again(), part: self.part })?
            .is_some()
        {}
        Ok(())
    }
}

/// One entry of the list.
struct EntryOf<'d> {
    reports: Reports<'d>,
    part: &'d mut DevicePart,
}

impl<'de> DeserializeSeed<'de> for EntryOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntryOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reading")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Kind => {
                    fields.kind = map.next_value_seed(With(|name| self.reports.kind(&name)))?;
                }
                Key::Value => fields.value = Some(map.next_value()?),
                Key::Unit => fields.unit = Some(map.next_value()?),
                Key::Time => fields.time = Some(map.next_value_seed(With(|time| time_of(&time)))?),
                Key::Series => {
                    let series = SeriesOf(self.reports.again());
                    fields.series = Some(map.next_value_seed(series)?);
                }
                Key::Channel => {
                    fields.channel = Some(map.next_value_seed(With(|it| channel_of(&it)))?);
                }
                Key::Device
                | Key::Sequence
                | Key::Historical
                | Key::Readings
                | Key::Start
                | Key::PeriodUs
                | Key::PeriodMs
                | Key::RateHz
                | Key::Values
                | Key::Other => self.reports.skip(&mut map)?,
            }
        }
        self.reports.take(&fields, self.part)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.reports.refuse_shape()
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.reports.refuse_shape()
    }

    fn visit_bool<E: Error>(mut self, _: bool) -> Result<(), E> {
        self.reports.refuse_shape()
    }

    fn visit_u64<E: Error>(mut self, _: u64) -> Result<(), E> {
        self.reports.refuse_shape()
    }

    fn visit_i64<E: Error>(mut self, _: i64) -> Result<(), E> {
        self.reports.refuse_shape()
    }

    fn visit_f64<E: Error>(mut self, _: f64) -> Result<(), E> {
        self.reports.refuse_shape()
    }

    fn visit_str<E: Error>(mut self, _: &str) -> Result<(), E> {
        self.reports.refuse_shape()
    }
}
