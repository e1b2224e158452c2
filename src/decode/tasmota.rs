//! Tasmota: JSON nested by chip with local times, a will, and what a Zigbee bridge hears.

mod body;
mod head;
mod topic;

use std::{borrow::Cow, str, sync::Arc};

use jiff::tz::TimeZone;

use self::{body::Body, head::Head, topic::Place};
use super::{
    decoded::{Decoded, DevicePart},
    error::{DecodeError, NonReading},
    format::Format,
    json_text, meaning, paths,
    scalar::Scalar,
    sender,
    settings::DecoderSettings,
    term::TermError,
    vocabulary::{Vocabulary, Word},
};
use crate::{
    catalogue::Catalogue,
    model::{Flags, KindId, Message, Value},
};

/// Decoder of Tasmota's topics.
#[derive(Clone, Debug)]
pub struct Tasmota {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
    zone: Option<TimeZone>,
    online: KindId,
}

const TABLE: &str = include_str!("../../config/keys/tasmota.csv");

/// The longest bare text that is believed to be a value.
const BARE_MAX: usize = 64;

impl Tasmota {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            keys: Vocabulary::new(Format::Tasmota, TABLE, settings)?,
            zone: settings.zone.clone(),
            online: settings.catalogue.find("online").unwrap_or(KindId(0)),
            catalogue: Arc::clone(&settings.catalogue),
        })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let (place, last) = topic::place(message.topic);
        let body = json_text::body(message.payload);
        match place {
            Place::Command => return Ok(Some(NonReading::Command)),
            Place::Description => return Ok(Some(NonReading::Description)),
            _ if body.is_empty() => return Ok(Some(NonReading::Empty)),
            Place::Will | Place::Answer | Place::Status | Place::Report => {}
        }
        let mut gateway = topic::device(message.topic, device, last);
        if place == Place::Will || (json_text::is_bare(body) && is_text(body)) {
            return self.bare(&gateway, last, place, body, out);
        }
        let text = json_text::check(message.payload)?;
        let whole = gateway.clone();
        let head = Head::read(text, whole.rsplit('/').next().unwrap_or_default())?;
        cut_address(&mut gateway, &head);
        let (time, flags) = head.time(self.zone.as_ref(), message.received.wall);
        let way = way(place, last);
        let mut body = Body {
            catalogue: &self.catalogue,
            keys: &self.keys,
            head: &head,
            gateway: &gateway,
            time,
            flags,
            way,
            part: DevicePart { measured_at: time, flags, way, ..DevicePart::begin(out) },
            out,
            owner: String::new(),
            claimed: Vec::new(),
            name: String::new(),
        };
        let deeper = paths::walk(text, |path, scalar| body.take(path, &scalar))?;
        body.out.unknown_keys = body.out.unknown_keys.saturating_add(deeper);
        body.finish();
        Ok(nothing(place, out))
    }

    /// A whole body that is one value: the will, or a state under its own topic.
    fn bare(
        &self,
        gateway: &str,
        last: &str,
        place: Place,
        body: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let text =
            str::from_utf8(body).map_err(|error| DecodeError::Utf8 { at: error.valid_up_to() })?;
        let scalar = Scalar::Text(Cow::Borrowed(text));
        let mut part = DevicePart { way: way(place, last), ..DevicePart::begin(out) };
        part.name = out.own_name(gateway)?;
        if place == Place::Will {
            let online = meaning::state(&scalar).map(Value::State);
            out.take(self.online, online, Flags::default(), None);
        } else {
            let stem = last.trim_end_matches(|letter: char| letter.is_ascii_digit());
            let channel = last.strip_prefix(stem).and_then(|digits| digits.parse().ok());
            let exact = self.keys.find(last).map(|word| (word, 0));
            let found = exact.or_else(|| Some((self.keys.find(stem)?, channel.unwrap_or(0))));
            match found {
                Some((Word::Term(term), channel)) => {
                    let (meaning, flags) = term.read(&self.catalogue, &scalar, None);
                    out.take_in_channel(term.kind, channel, meaning, flags, None);
                }
                Some((Word::NoReading, _)) => return Ok(Some(NonReading::Status)),
                None => out.unknown_keys += 1,
            }
        }
        part.finish(out);
        Ok(nothing(place, out))
    }
}

/// Without a reading, what the message is says its topic; or it said only what is known to be
/// no measurement.
fn nothing(place: Place, out: &Decoded) -> Option<NonReading> {
    if !out.readings.is_empty() || out.refused_count > 0 {
        return None;
    }
    match place {
        Place::Answer => Some(NonReading::Acknowledgement),
        Place::Status => Some(NonReading::Status),
        Place::Report if out.unknown_keys == 0 && out.absent == 0 => Some(NonReading::Status),
        Place::Report | Place::Will | Place::Command | Place::Description => None,
    }
}

/// A switched relay is told twice: `RESULT` and `POWER`.
fn way(place: Place, last: &str) -> u32 {
    if place == Place::Answer || last.starts_with("POWER") { sender::way(last) } else { 0 }
}

/// Words such as `ON` or `21.5`; braces are missing from some broken JSON, control characters
/// from no value.
fn is_text(body: &[u8]) -> bool {
    body.len() <= BARE_MAX && !body.iter().any(|byte| byte.is_ascii_control() || *byte == b'{')
}

/// A Zigbee device may have a topic of its own below the bridge's: `tele/bridge/8F20/SENSOR`.
/// Its name is in the message, and must be the same either way.
fn cut_address(gateway: &mut String, head: &Head<'_>) {
    if head.is_of_level() {
        let above = gateway.rsplit_once('/').map_or(0, |(above, _)| above.len());
        gateway.truncate(above);
    }
}

#[cfg(test)]
mod tests;
