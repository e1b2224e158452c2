//! The keys of trygg's own JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

/// What a key of ours says.
pub(super) enum Key {
    Device,
    Time,
    Sequence,
    Historical,
    Readings,
    Kind,
    Value,
    Unit,
    Channel,
    Series,
    Start,
    PeriodUs,
    PeriodMs,
    RateHz,
    Values,
    Other,
}

/// Turns a key into what it says without keeping it.
pub(super) struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match key {
            "device" => Key::Device,
            "time" => Key::Time,
            "sequence" => Key::Sequence,
            "historical" => Key::Historical,
            "readings" => Key::Readings,
            "kind" => Key::Kind,
            "value" => Key::Value,
            "unit" => Key::Unit,
            "channel" => Key::Channel,
            "series" => Key::Series,
            "start" => Key::Start,
            "period_us" => Key::PeriodUs,
            "period_ms" => Key::PeriodMs,
            "rate_hz" => Key::RateHz,
            "values" => Key::Values,
            _ => Key::Other,
        })
    }
}
