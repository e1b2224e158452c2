//! `ChirpStack`: events of a device with what its codec made of an uplink, as JSON or protobuf.

mod event;
mod json;
mod protobuf;

use self::event::Event;
use super::{
    decoded::{Decoded, DeviceName},
    error::{DecodeError, NonReading},
    format::Format,
    json_text,
    lorawan::LoraWan,
    settings::DecoderSettings,
    term::TermError,
    time::DeviceTime,
};
use crate::model::Message;

/// Decoder of `ChirpStack`'s event topics, version 4 and the JSON of version 3.
#[derive(Clone, Debug)]
pub struct ChirpStack {
    lorawan: LoraWan,
}

/// What an event says once, in either writing.
#[derive(Default)]
struct Facts {
    eui: Option<String>,
    /// The server's time, else a gateway's.
    time: Option<DeviceTime>,
    gateway: Option<DeviceTime>,
    published: Option<DeviceTime>,
    count: Option<u64>,
    rssi: Option<f64>,
    battery: Option<f64>,
    has_no_battery: bool,
    location: [Option<f64>; 3],
}

impl ChirpStack {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self { lorawan: LoraWan::new(Format::ChirpStack, settings)? })
    }

    pub(super) fn decode(
        &self,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let body = json_text::body(message.payload);
        if body.is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        let (event, eui) = event::of(message.topic);
        match event {
            Event::Uplink | Event::Status | Event::Location => {}
            Event::Join => return Ok(Some(NonReading::Status)),
            Event::Acknowledgement => return Ok(Some(NonReading::Acknowledgement)),
            Event::Command => return Ok(Some(NonReading::Command)),
            Event::Server => return Ok(Some(NonReading::Bridge)),
        }
        // No event begins with the byte of a brace: it would be the group of a field none has.
        if body.first() == Some(&b'{') {
            self.json(event, eui, message.payload, out)
        } else {
            self.protobuf(event, eui, message.payload, out)
        }
    }
}

impl Facts {
    /// The number printed on the device: of the topic, else of the message.
    fn name(&self, topic: &str, out: &mut Decoded) -> Result<DeviceName, DecodeError> {
        match self.eui.as_deref() {
            _ if !topic.is_empty() => out.own_name(topic),
            Some(eui) => out.own_name(eui),
            None => Ok(DeviceName::Captured),
        }
    }

    fn measured_at(&self) -> DeviceTime {
        self.time.or(self.gateway).or(self.published).unwrap_or(DeviceTime::Absent)
    }

    /// The strongest reception.
    fn heard(&mut self, rssi: Option<f64>) {
        self.rssi = self.rssi.into_iter().chain(rssi).reduce(f64::max);
    }
}

#[cfg(test)]
mod tests;
