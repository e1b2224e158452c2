//! Bluetooth advertisements as `OpenMQTTGateway` and Theengs Gateway decode them: one or two values
//! a message, heard by as many gateways as there are in reach.

mod topic;

use std::sync::Arc;

use self::topic::Place;
use super::{
    decoded::{Decoded, DeviceName},
    error::{DecodeError, NonReading},
    format::Format,
    identity, json_text,
    leaves::{self, Leaf, Wanted},
    meaning::{self, Meaning},
    scalar::Scalar,
    sender,
    settings::DecoderSettings,
    sheet::Sheet,
    term::{Term, TermError},
    vocabulary::{Scope, Vocabulary, Word},
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of Bluetooth gateways.
#[derive(Clone, Debug)]
pub struct Theengs {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
    online: Vocabulary,
}

const TABLE: &str = include_str!("../../config/keys/theengs.csv");

/// The last will of a gateway, which is bare text.
const WILL: &str = "key,kind,unit,sense,absent,words\nLWT,online,,,,\n";

/// What a key of an advertisement is.
#[derive(Clone, Copy)]
enum Key<'v> {
    Id,
    Mac,
    Model,
    Type,
    Encrypted,
    Unit,
    WeighingMode,
    Packet,
    /// A key of the table, and which of several it is.
    Listed(&'v str, u16),
}

/// What an advertisement says of itself.
#[derive(Default)]
struct Head<'l> {
    id: Option<&'l str>,
    mac: Option<&'l str>,
    model: &'l str,
    class: &'l str,
    unit: Option<&'l str>,
    is_object: bool,
    is_encrypted: bool,
    packet: Option<u64>,
}

impl Theengs {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            keys: Vocabulary::new(Format::Theengs, TABLE, settings)?,
            online: Vocabulary::new(
                Format::Theengs,
                WILL,
                &DecoderSettings::new(&settings.catalogue),
            )?,
            catalogue: Arc::clone(&settings.catalogue),
        })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let body = json_text::body(message.payload);
        match topic::place(message.topic) {
            Place::Told(what) => Ok(Some(what)),
            Place::Will { .. } | Place::Advertisement { .. } if body.is_empty() => {
                Ok(Some(NonReading::Empty))
            }
            Place::Will { gateway } => self.will(gateway, body, out).map(|()| None),
            Place::Advertisement { gateway, id } => {
                self.advertisement((gateway, id), device, message.payload, out)
            }
        }
    }

    fn will(&self, gateway: &str, body: &[u8], out: &mut Decoded) -> Result<(), DecodeError> {
        let text = json_text::check(body)?;
        let name = out.own_name(gateway)?;
        let mut sheet = Sheet::begin(&self.catalogue, name, out)?;
        if let Some(term) = self.online.term("LWT") {
            sheet.take(term, 0, &Scalar::Text(text.into()), None);
        }
        sheet.finish();
        Ok(())
    }

    fn advertisement(
        &self,
        (gateway, id): (&str, &str),
        captured: &str,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let leaves = leaves::read(payload, out, |path| self.key(path))?;
        let head = Head::of(&leaves);
        if head.is_encrypted {
            return Ok(Some(NonReading::Encrypted));
        }
        let name = name(id, captured, &head, out)?;
        let mut sheet = Sheet::begin(&self.catalogue, name, out)?;
        sheet.part.way = identity::way(gateway);
        sheet.part.sequence = head.packet;
        let mut scope = self.keys.scope([head.model, head.class]);
        // Degrees Fahrenheit stand beside the same in Celsius: they count where those are missing.
        for is_second in [false, true] {
            for Leaf { key, value } in &leaves {
                if let Key::Listed(key, channel) = *key
                    && key.starts_with("tempf") == is_second
                    && let Some(term) = term(&mut scope, key)
                    && !(is_second && sheet.has(term.kind, channel))
                {
                    take(&mut sheet, (key, term), channel, value, &head);
                }
            }
        }
        sheet.finish();
        Ok(None)
    }

    fn key(&self, path: &str) -> Wanted<Key<'_>> {
        Wanted::Yes(match path {
            "id" => Key::Id,
            "mac" => Key::Mac,
            "model_id" => Key::Model,
            "type" => Key::Type,
            "encr" => Key::Encrypted,
            "unit" => Key::Unit,
            "weighing_mode" => Key::WeighingMode,
            "packet" => Key::Packet,
            path => match self.keys.entry(path) {
                Some((key, Word::Term(term))) => Key::Listed(key, term.channel),
                // What is nothing in general may be something of a model.
                Some((key, Word::NoReading)) if self.keys.is_owned(key) => Key::Listed(key, 0),
                Some((_, Word::NoReading)) => return Wanted::No,
                None => match numbered(path).and_then(|(key, channel)| {
                    let (key, _) = self.keys.entry(key)?;
                    Some(Key::Listed(key, channel))
                }) {
                    Some(key) => key,
                    None => return Wanted::Unknown,
                },
            },
        })
    }
}

fn term<'v>(scope: &mut Scope<'v, 2>, key: &str) -> Option<&'v Term> {
    match scope.find(key)? {
        Word::Term(term) => Some(term),
        Word::NoReading => None,
    }
}

fn take(
    sheet: &mut Sheet<'_>,
    (key, term): (&str, &Term),
    channel: u16,
    value: &Scalar<'_>,
    head: &Head<'_>,
) {
    match key {
        // A scale weighs bags, too, and says so.
        "weight" if head.is_object => sheet.take_nothing(),
        "weight" => sheet.take(term, channel, value, head.unit),
        _ => sheet.take(term, channel, value, None),
    }
}

impl<'l> Head<'l> {
    fn of(leaves: &'l [Leaf<'_, Key<'_>>]) -> Self {
        let mut head = Self::default();
        for Leaf { key, value } in leaves {
            match key {
                Key::Id => head.id = text(value),
                Key::Mac => head.mac = text(value),
                Key::Model => head.model = text(value).unwrap_or_default(),
                Key::Type => head.class = text(value).unwrap_or_default(),
                Key::Unit => head.unit = text(value),
                Key::WeighingMode => head.is_object = text(value) == Some("object"),
                Key::Encrypted => {
                    // `true`, 1 or 2, by the way it is encrypted.
                    head.is_encrypted = match meaning::state(value) {
                        Meaning::Value(is_encrypted) => is_encrypted,
                        Meaning::Nothing => false,
                        Meaning::Refused(_) => true,
                    };
                }
                Key::Packet => head.packet = sender::sequence(value),
                Key::Listed(..) => {}
            }
        }
        head
    }
}

fn text<'l>(value: &'l Scalar<'_>) -> Option<&'l str> {
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

/// The sensor: the topic's last level if it is an address, else the address in the message, else
/// the last level whatever it is, such as a beacon's UUID.
fn name(
    id: &str,
    captured: &str,
    head: &Head<'_>,
    out: &mut Decoded,
) -> Result<DeviceName, DecodeError> {
    let address = || identity::mac(head.id?);
    let own = || identity::mac(head.mac?);
    match identity::mac(id) {
        Some(address) => out.own_name(&address),
        None if topic::is_beacon(id) => out.own_name(&id.to_ascii_uppercase()),
        None => match address().or_else(own) {
            Some(address) => out.own_name(&address),
            None if captured.is_empty() => out.own_name(id),
            None => Ok(DeviceName::Captured),
        },
    }
}

/// `tempc2` is the second of `tempc`.
fn numbered(key: &str) -> Option<(&str, u16)> {
    let base = key.trim_end_matches(|it: char| it.is_ascii_digit());
    let number = key.strip_prefix(base)?.parse().ok()?;
    (!base.is_empty()).then_some((base, number))
}

#[cfg(test)]
mod tests;
