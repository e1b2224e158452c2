//! Wire formats: the bytes of one message in, readings in canonical kinds and units out.
//!
//! Every decoder is a pure function over borrowed bytes and writes into one reused
//! [`Decoded`]. None stops at a bad value: it is refused with its reason and the others go on.

mod decoded;
mod entry;
mod error;
mod json;
mod json_text;
mod mapping;
mod meaning;
mod protobuf;
mod scalar;
mod sender;
mod time;
mod zigbee2mqtt;

use std::sync::Arc;

pub use decoded::{Decoded, DeviceName, DevicePart, READINGS_MAX, REFUSED_LISTED_MAX, Refused};
pub use error::{DecodeError, NonReading, RefusalReason};
pub use json::Json;
pub use mapping::{
    MappedValue, Mapping, MappingError, MappingSettings, ReadingSettings, TimeSettings,
};
pub use protobuf::Protobuf;
pub use time::{DeviceTime, TimeFormat};
pub use zigbee2mqtt::Zigbee2Mqtt;

use crate::{catalogue::Catalogue, model::Message};

/// The format of a filter's messages, ready to decode them.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// Zigbee2MQTT's state, availability and attribute topics.
    Zigbee2Mqtt(Zigbee2Mqtt),
    /// trygg's own JSON.
    Json(Json),
    /// trygg's own protobuf, `trygg.device.v1`.
    Protobuf(Protobuf),
    /// JSON of any shape, read by a configured mapping.
    Mapping(Mapping),
}

/// What a message turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something was measured. Every reading may have been refused; then only the refusals
    /// are there, never neither.
    Readings,
    /// Nothing went wrong and nothing was measured.
    NonReading(NonReading),
}

impl Decoder {
    /// Zigbee2MQTT.
    pub fn zigbee2mqtt(catalogue: &Arc<Catalogue>) -> Self {
        Self::Zigbee2Mqtt(Zigbee2Mqtt::new(catalogue))
    }

    /// trygg's own JSON.
    pub fn json(catalogue: &Arc<Catalogue>) -> Self {
        Self::Json(Json::new(catalogue))
    }

    /// trygg's own protobuf.
    pub fn protobuf(catalogue: &Arc<Catalogue>) -> Self {
        Self::Protobuf(Protobuf::new(catalogue))
    }

    /// Decodes one message into `out`, which is cleared first. `device` is the filter's
    /// `{device}` capture; empty if it has none.
    pub fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Outcome, DecodeError> {
        out.clear();
        let nothing_else = match self {
            Self::Zigbee2Mqtt(decoder) => decoder.decode(device, message, out)?,
            Self::Json(decoder) => decoder.decode(message.payload, out)?,
            Self::Protobuf(decoder) => decoder.decode(message.payload, out)?,
            Self::Mapping(decoder) => decoder.decode(message.payload, out)?,
        };
        Ok(match nothing_else {
            Some(non_reading) => Outcome::NonReading(non_reading),
            None => out.outcome(),
        })
    }
}

#[cfg(test)]
mod tests;
