//! Wire formats: the bytes of one message in, readings in canonical kinds and units out.
//!
//! Every decoder is a pure function over borrowed bytes and writes into one reused
//! [`Decoded`]. None stops at a bad value: it is refused with its reason and the others go on.

mod chirpstack;
mod decoded;
mod entry;
mod error;
mod fhir;
mod format;
mod homeassistant;
mod homie;
mod identity;
mod json;
mod json_flat;
mod json_text;
mod json_tree;
mod json_walk;
mod leaves;
mod lorawan;
mod mapping;
mod meaning;
mod memory;
mod openmhealth;
mod owntracks;
mod paths;
mod position;
mod protobuf;
mod recognise;
mod request;
mod ruuvi;
mod samples;
mod scaip;
mod scalar;
mod sender;
mod senml;
mod settings;
mod sheet;
mod shelly;
mod sparkplug;
mod tasmota;
mod term;
mod theengs;
mod things_stack;
mod time;
mod vocabulary;
mod zigbee2mqtt;
mod zwavejs;

use std::sync::Arc;

pub use chirpstack::ChirpStack;
pub use decoded::{Decoded, DeviceName, DevicePart, READINGS_MAX, REFUSED_LISTED_MAX, Refused};
pub use error::{DecodeError, NonReading, RefusalReason};
pub use fhir::Fhir;
pub use format::Format;
pub use homeassistant::HomeAssistant;
pub use homie::Homie;
pub use json::Json;
pub use mapping::{Mapping, MappingError, MappingSettings, ReadingSettings, TimeSettings};
pub use memory::{MEMORY_BYTES, Memory};
pub use openmhealth::OpenMHealth;
pub use owntracks::OwnTracks;
pub use protobuf::Protobuf;
pub use recognise::{Mark, Recognised, is_home_word, recognise, route};
pub use request::{Purpose, Request};
pub use ruuvi::Ruuvi;
pub use scaip::Scaip;
pub use senml::SenMl;
pub use settings::{DecoderSettings, KeySettings, Positions, Requests};
pub use shelly::Shelly;
pub use sparkplug::Sparkplug;
pub use tasmota::Tasmota;
pub use term::{MappedValue, Reliance, Sense, TermError, TermSettings};
pub use theengs::Theengs;
pub use things_stack::ThingsStack;
pub use time::{DeviceTime, TimeFormat};
pub use zigbee2mqtt::Zigbee2Mqtt;
pub use zwavejs::ZwaveJs;

use crate::{catalogue::Catalogue, model::Message};

/// The format of a filter's messages, ready to decode them.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// Zigbee2MQTT's state, availability and attribute topics.
    Zigbee2Mqtt(Zigbee2Mqtt),
    /// Tasmota.
    Tasmota(Tasmota),
    /// Home Assistant's discovery, and ESPHome.
    HomeAssistant(HomeAssistant),
    /// trygg's own JSON.
    Json(Json),
    /// trygg's own protobuf, `trygg.device.v1`.
    Protobuf(Protobuf),
    /// Shelly of every generation, and BLU behind one.
    Shelly(Shelly),
    /// Z-Wave JS UI.
    ZwaveJs(ZwaveJs),
    /// Bluetooth advertisements of `OpenMQTTGateway` and Theengs Gateway.
    Theengs(Theengs),
    /// Ruuvi Gateway.
    Ruuvi(Ruuvi),
    /// Sparkplug B.
    Sparkplug(Sparkplug),
    /// SenML, JSON and CBOR.
    SenMl(SenMl),
    /// The Things Stack v3.
    ThingsStack(ThingsStack),
    /// `ChirpStack` v4, JSON and protobuf.
    ChirpStack(ChirpStack),
    /// Homie 4 and 5.
    Homie(Homie),
    /// `OwnTracks`.
    OwnTracks(OwnTracks),
    /// Open mHealth and IEEE 1752.1.
    OpenMHealth(OpenMHealth),
    /// FHIR's Observations.
    Fhir(Fhir),
    /// SCAIP.
    Scaip(Scaip),
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
    /// The decoder of a format.
    pub fn new(format: Format, settings: &DecoderSettings) -> Result<Self, TermError> {
        let catalogue = &settings.catalogue;
        Ok(match format {
            Format::Json => Self::Json(Json::new(catalogue)),
            Format::Protobuf => Self::Protobuf(Protobuf::new(catalogue)),
            Format::Zigbee2Mqtt => Self::Zigbee2Mqtt(Zigbee2Mqtt::new(settings)?),
            Format::Shelly => Self::Shelly(Shelly::new(settings)?),
            Format::ZwaveJs => Self::ZwaveJs(ZwaveJs::new(settings)?),
            Format::Theengs => Self::Theengs(Theengs::new(settings)?),
            Format::Ruuvi => Self::Ruuvi(Ruuvi::new(settings)?),
            Format::Tasmota => Self::Tasmota(Tasmota::new(settings)?),
            Format::HomeAssistant => Self::HomeAssistant(HomeAssistant::new(settings)?),
            Format::SenMl => Self::SenMl(SenMl::new(settings)?),
            Format::ThingsStack => Self::ThingsStack(ThingsStack::new(settings)?),
            Format::ChirpStack => Self::ChirpStack(ChirpStack::new(settings)?),
            Format::Sparkplug => Self::Sparkplug(Sparkplug::new(settings)?),
            Format::Homie => Self::Homie(Homie::new(settings)?),
            Format::OwnTracks => Self::OwnTracks(OwnTracks::new(settings)?),
            Format::OpenMHealth => Self::OpenMHealth(OpenMHealth::new(settings)?),
            Format::Fhir => Self::Fhir(Fhir::new(settings)?),
            Format::Scaip => Self::Scaip(Scaip::new(settings)?),
        })
    }

    /// The decoder of a format with its own tables and nothing else.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test makes each of them")]
    pub fn usual(format: Format, catalogue: &Arc<Catalogue>) -> Self {
        Self::new(format, &DecoderSettings::new(catalogue)).expect("tables that are compiled in")
    }

    /// Decodes one message into `out`, which is cleared first. `device` is the filter's
    /// `{device}` capture; empty if it has none. `memory` is that of the link.
    pub fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Outcome, DecodeError> {
        out.clear();
        let nothing_else = match self {
            Self::Zigbee2Mqtt(decoder) => decoder.decode(device, message, memory, out)?,
            Self::Tasmota(decoder) => decoder.decode(device, message, out)?,
            Self::HomeAssistant(decoder) => decoder.decode(device, message, memory, out)?,
            Self::Json(decoder) => decoder.decode(message.payload, out)?,
            Self::Protobuf(decoder) => decoder.decode(message.payload, out)?,
            Self::Shelly(decoder) => decoder.decode(device, message, memory, out)?,
            Self::ZwaveJs(decoder) => decoder.decode(device, message, out)?,
            Self::Theengs(decoder) => decoder.decode(device, message, out)?,
            Self::Ruuvi(decoder) => decoder.decode(device, message, out)?,
            Self::Sparkplug(decoder) => decoder.decode(message, memory, out)?,
            Self::SenMl(decoder) => decoder.decode(message, memory, out)?,
            Self::ThingsStack(decoder) => decoder.decode(device, message, out)?,
            Self::ChirpStack(decoder) => decoder.decode(message, out)?,
            Self::Homie(decoder) => decoder.decode(device, message, memory, out)?,
            Self::OwnTracks(decoder) => decoder.decode(device, message, out)?,
            Self::OpenMHealth(decoder) => decoder.decode(device, message, out)?,
            Self::Fhir(decoder) => decoder.decode(device, message, out)?,
            Self::Scaip(decoder) => decoder.decode(device, message, out)?,
            Self::Mapping(decoder) => decoder.decode(message.payload, out)?,
        };
        out.check_amount()?;
        Ok(match nothing_else {
            Some(non_reading) => Outcome::NonReading(non_reading),
            None => out.outcome(),
        })
    }
}

#[cfg(test)]
mod tests;
