//! Zigbee2MQTT: a flat JSON object with everything a device last said, and topics around it.

mod endpoint;
mod exposed;
mod index;
mod keys;
mod list;
mod report;
mod topic;

use std::{borrow::Cow, str, sync::Arc};

use self::{
    exposed::Exposed,
    keys::Keys,
    report::Report,
    topic::{Parent, Place, SubTopic},
};
use super::{
    decoded::{Decoded, DeviceName},
    error::{DecodeError, NonReading},
    json_text,
    memory::Memory,
    scalar::Scalar,
    settings::DecoderSettings,
    term::TermError,
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of Zigbee2MQTT's topics.
#[derive(Clone, Debug)]
pub struct Zigbee2Mqtt {
    catalogue: Arc<Catalogue>,
    state: Keys,
    availability: Keys,
}

/// The longest value that an attribute topic is believed to carry under a key nobody knows.
const ATTRIBUTE_MAX: usize = 64;

/// The only key of an availability topic, and the name of its bare form.
const STATE: &str = "state";

impl Zigbee2Mqtt {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        let [state, availability] = Keys::both(settings)?;
        Ok(Self { state, availability, catalogue: Arc::clone(&settings.catalogue) })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let place = topic::place(message.topic, device);
        let body = json_text::body(message.payload);
        let is_bare = json_text::is_bare(body);
        match place {
            Place::Bridge => return self.bridge(message, memory).map(Some),
            Place::Command => return Ok(Some(NonReading::Command)),
            Place::Availability(_) | Place::Device if body.is_empty() => {
                return Ok(Some(NonReading::Empty));
            }
            Place::Availability(name) if is_bare => {
                self.bare((&self.availability, STATE), name, None, body, out)?;
            }
            Place::Availability(name) => {
                self.object(&self.availability, name, None, message.payload, out)?;
            }
            Place::Device if is_bare => match topic::sub_topic(message.topic, device) {
                Some(SubTopic { parent: Parent::Command, .. }) => {
                    return Ok(Some(NonReading::Command));
                }
                Some(SubTopic { key, device, parent: Parent::Device })
                    if self.state.find(key).is_some() || looks_like_attribute(key, body) =>
                {
                    let topic = message.topic.rsplit_once('/').map_or("", |(head, _)| head);
                    let exposed = Exposed::of(topic, memory);
                    self.bare((&self.state, key), device, exposed, body, out)?;
                }
                Some(_) | None => self.state(message, memory, out)?,
            },
            Place::Device => self.state(message, memory, out)?,
        }
        Ok(None)
    }

    /// The gateway's own: only its list of devices says anything of use.
    fn bridge(
        &self,
        message: &Message<'_>,
        memory: &mut Memory,
    ) -> Result<NonReading, DecodeError> {
        let Some(base) = topic::base_of_devices(message.topic) else {
            return Ok(NonReading::Bridge);
        };
        if json_text::body(message.payload).is_empty() {
            exposed::forget(base, memory);
            return Ok(NonReading::Empty);
        }
        exposed::learn(&self.state, &self.catalogue, base, message.payload, memory)?;
        Ok(NonReading::Description)
    }

    fn state(
        &self,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let exposed = Exposed::of(message.topic, memory);
        self.object(&self.state, DeviceName::Captured, exposed, message.payload, out)
    }

    /// A whole body that is one value: `online`, or attribute output.
    fn bare(
        &self,
        (keys, key): (&Keys, &str),
        device: DeviceName,
        exposed: Option<&Exposed>,
        body: &[u8],
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let text =
            str::from_utf8(body).map_err(|error| DecodeError::Utf8 { at: error.valid_up_to() })?;
        let mut report = Report::begin(&self.catalogue, keys, device, exposed, out);
        report.take(keys.find(key), &Scalar::Text(Cow::Borrowed(text)));
        report.finish()
    }

    fn object(
        &self,
        keys: &Keys,
        device: DeviceName,
        exposed: Option<&Exposed>,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let text = json_text::check(payload)?;
        let mut report = Report::begin(&self.catalogue, keys, device, exposed, out);
        if report.take_flat(text).is_err() {
            report = report.begin_again();
            json_text::parse(text, &mut report, "an object")?;
        }
        report.finish()
    }
}

/// Attribute output publishes every key, also those no kind stands for. Such a value must not
/// become a dead letter, and a device with `/` in its name that sends nonsense should.
fn looks_like_attribute(key: &str, body: &[u8]) -> bool {
    // A key of an object stands behind that of the object: `update-state`.
    let is_key = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    key.bytes().all(is_key) && body.len() <= ATTRIBUTE_MAX && !body.iter().any(u8::is_ascii_control)
}

#[cfg(test)]
mod tests;
