//! Zigbee2MQTT: a flat JSON object with everything a device last said, and topics around it.

mod keys;
mod report;
mod topic;

use std::{borrow::Cow, str, sync::Arc};

use self::{
    keys::Keys,
    report::Report,
    topic::{Parent, Place, SubTopic},
};
use super::{
    decoded::{Decoded, DeviceName},
    error::{DecodeError, NonReading},
    json_text,
    scalar::Scalar,
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
    pub(super) fn new(catalogue: &Arc<Catalogue>) -> Self {
        Self {
            state: Keys::of_state(catalogue),
            availability: Keys::of_availability(catalogue),
            catalogue: Arc::clone(catalogue),
        }
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let place = topic::place(message.topic, device);
        let body = json_text::body(message.payload);
        let is_bare = json_text::is_bare(body);
        match place {
            Place::Bridge => return Ok(Some(NonReading::Bridge)),
            Place::Command => return Ok(Some(NonReading::Command)),
            Place::Availability(_) | Place::Device if body.is_empty() => {
                return Ok(Some(NonReading::Empty));
            }
            Place::Availability(name) if is_bare => {
                self.bare(&self.availability, STATE, name, body, out)?;
            }
            Place::Availability(name) => {
                self.object(&self.availability, name, message.payload, out)?;
            }
            Place::Device if is_bare => match topic::sub_topic(message.topic, device) {
                Some(SubTopic { parent: Parent::Command, .. }) => {
                    return Ok(Some(NonReading::Command));
                }
                Some(SubTopic { key, device, parent: Parent::Device })
                    if self.state.find(key).is_some() || looks_like_attribute(key, body) =>
                {
                    self.bare(&self.state, key, device, body, out)?;
                }
                Some(_) | None => {
                    self.object(&self.state, DeviceName::Captured, message.payload, out)?;
                }
            },
            Place::Device => {
                self.object(&self.state, DeviceName::Captured, message.payload, out)?;
            }
        }
        Ok(None)
    }

    /// A whole body that is one value: `online`, or attribute output.
    fn bare(
        &self,
        keys: &Keys,
        key: &str,
        device: DeviceName,
        body: &[u8],
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let text =
            str::from_utf8(body).map_err(|error| DecodeError::Utf8 { at: error.valid_up_to() })?;
        let mut report = Report::begin(&self.catalogue, keys, device, out);
        report.take(keys.find(key), &Scalar::Text(Cow::Borrowed(text)));
        report.finish();
        Ok(())
    }

    fn object(
        &self,
        keys: &Keys,
        device: DeviceName,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let text = json_text::check(payload)?;
        let mut report = Report::begin(&self.catalogue, keys, device, out);
        json_text::parse(text, &mut report, "an object")?;
        report.finish();
        Ok(())
    }
}

/// Attribute output publishes every key, also those no kind stands for. Such a value must not
/// become a dead letter, and a device with `/` in its name that sends nonsense should.
fn looks_like_attribute(key: &str, body: &[u8]) -> bool {
    let is_key = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    key.bytes().all(is_key) && body.len() <= ATTRIBUTE_MAX && !body.iter().any(u8::is_ascii_control)
}

#[cfg(test)]
mod tests;
