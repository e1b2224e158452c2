//! Z-Wave JS UI: one value a topic, bare, with its time, or as a whole object.

mod topic;

use std::{borrow::Cow, str, sync::Arc};

use self::topic::Place;
use super::{
    decoded::{Decoded, DeviceName},
    error::{DecodeError, NonReading, RefusalReason},
    format::Format,
    identity, json_text,
    leaves::{self, Leaf, Wanted},
    scalar::Scalar,
    settings::DecoderSettings,
    sheet::Sheet,
    term::{Term, TermError},
    time::{self, DeviceTime, TimeFormat},
    vocabulary::{Vocabulary, Word},
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of Z-Wave JS UI's topics.
#[derive(Clone, Debug)]
pub struct ZwaveJs {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
}

const TABLE: &str = include_str!("../../config/keys/zwavejs.csv");

/// What a path of a value object is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Value,
    /// A value that is a structure: a buffer, a duration.
    Inside,
    Time,
    Unit,
    Class,
    Property,
    /// The property's key.
    Detail,
    Status,
}

/// What a message says, whatever its shape.
#[derive(Default)]
struct Body<'p> {
    value: Option<Scalar<'p>>,
    is_structure: bool,
    time: Option<DeviceTime>,
    unit: Option<Cow<'p, str>>,
    class: Option<u16>,
    property: Option<Scalar<'p>>,
    property_key: Option<Scalar<'p>>,
    status: Option<Scalar<'p>>,
}

impl ZwaveJs {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        let keys = Vocabulary::new(Format::ZwaveJs, TABLE, settings)?;
        Ok(Self { keys, catalogue: Arc::clone(&settings.catalogue) })
    }

    pub(super) fn decode(
        &self,
        captured: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let payload = json_text::body(message.payload);
        let (device, key, endpoint) = match topic::place(message.topic) {
            Place::Told(what) => return Ok(Some(what)),
            _ if payload.is_empty() => return Ok(Some(NonReading::Empty)),
            Place::Foreign => {
                return Err(DecodeError::Topic {
                    expected: "`<node>/<class>/<endpoint>/<property>` or `<node>/status`",
                });
            }
            Place::Status { device } => (device, "status".to_owned(), 0),
            Place::Value { device, key, endpoint } => (device, key, endpoint),
        };
        let mut body = read(payload, out)?;
        // The object goes before the topic, whose names may have been set by hand.
        let described = body.key().filter(|key| self.keys.find(key).is_some());
        let key = described.unwrap_or(key);
        if key == "status" && body.status.is_some() {
            body.value = body.status.take();
        }
        let name = identity::in_topic(message.topic, captured, device, out)?;
        self.take(name, &key, endpoint, &body, out)
    }

    fn take(
        &self,
        name: DeviceName,
        key: &str,
        endpoint: u16,
        body: &Body<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let Some((term, channel)) = self.term(key, endpoint) else {
            out.unknown_keys = out.unknown_keys.saturating_add(1);
            return Ok(None);
        };
        let mut sheet = Sheet::begin(&self.catalogue, name, out)?;
        sheet.part.measured_at = body.time.unwrap_or(DeviceTime::Absent);
        match &body.value {
            Some(value) => sheet.take(term, channel, value, body.unit.as_deref()),
            None if body.is_structure => {
                sheet.out.refuse(Some(term.kind), RefusalReason::ValueType, None);
            }
            // Known to the gateway, and not heard of since it was started.
            None => sheet.take_nothing(),
        }
        sheet.finish();
        Ok(None)
    }

    /// What a key stands for. That of a scene ends with its number, which becomes the channel.
    fn term(&self, key: &str, endpoint: u16) -> Option<(&Term, u16)> {
        match self.keys.find(key) {
            Some(Word::Term(term)) => return Some((term, endpoint)),
            Some(Word::NoReading) => return None,
            None => {}
        }
        let (shorter, number) = key.rsplit_once('/')?;
        let number = number.parse().ok()?;
        self.keys.term(shorter).map(|term| (term, number))
    }
}

impl Body<'_> {
    fn key(&self) -> Option<String> {
        let property = as_text(self.property.as_ref()?)?;
        let property_key = self.property_key.as_ref().and_then(as_text);
        topic::key(self.class?, &property, property_key.as_deref())
    }
}

fn as_text<'s>(scalar: &'s Scalar<'_>) -> Option<Cow<'s, str>> {
    match scalar {
        Scalar::Text(text) => Some(Cow::Borrowed(text)),
        Scalar::Unsigned(number) => Some(Cow::Owned(number.to_string())),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => None,
    }
}

fn read<'p>(payload: &'p [u8], out: &mut Decoded) -> Result<Body<'p>, DecodeError> {
    let mut body = Body::default();
    if payload.first() != Some(&b'{') {
        body.value = Some(bare(payload)?);
        return Ok(body);
    }
    for Leaf { key, value } in leaves::read(payload, out, wanted)? {
        match key {
            Part::Value => body.value = Some(value),
            Part::Inside => body.is_structure = true,
            Part::Time => body.time = Some(time::read(&value, TimeFormat::UnixMilliseconds)),
            Part::Unit => body.unit = text(value).filter(|unit| !unit.is_empty()),
            Part::Class => {
                body.class = match value {
                    Scalar::Unsigned(class) => u16::try_from(class).ok(),
                    Scalar::Null
                    | Scalar::Bool(_)
                    | Scalar::Negative(_)
                    | Scalar::Float(_)
                    | Scalar::Text(_)
                    | Scalar::Nested => None,
                };
            }
            Part::Property => body.property = Some(value),
            Part::Detail => body.property_key = Some(value),
            Part::Status => body.status = Some(value),
        }
    }
    Ok(body)
}

fn wanted(path: &str) -> Wanted<Part> {
    Wanted::Yes(match path {
        "value" => Part::Value,
        "time" | "lastUpdate" => Part::Time,
        "unit" => Part::Unit,
        "commandClass" => Part::Class,
        "property" => Part::Property,
        "propertyKey" => Part::Detail,
        "status" => Part::Status,
        // One of it is enough to know that there is something inside.
        "value/type" | "value/value" | "value/0" => Part::Inside,
        _ => return Wanted::No,
    })
}

fn text(value: Scalar<'_>) -> Option<Cow<'_, str>> {
    match value {
        Scalar::Text(text) => Some(text),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => None,
    }
}

/// A body that is one value: a number, a word, or a text in quotes.
fn bare(payload: &[u8]) -> Result<Scalar<'_>, DecodeError> {
    let text = json_text::check(payload)?;
    Ok(match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => Scalar::Text(Cow::Borrowed(text)),
    })
}

#[cfg(test)]
mod tests;
