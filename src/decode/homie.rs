//! Homie 5 and 4: one topic a property, bare text, and retained topics that say what each is.

mod description;
mod topic;
mod value;

use std::{str, sync::Arc};

pub(super) use self::description::Device;
use self::{
    description::{Property, below},
    topic::{About, Place},
    value::Datatype,
};
use super::{
    decoded::{Decoded, DeviceName, DevicePart},
    error::{DecodeError, NonReading},
    format::Format,
    memory::{Memory, Shelf},
    scalar::Scalar,
    settings::DecoderSettings,
    term::{Term, TermError},
    vocabulary::{Vocabulary, Word},
};
use crate::{
    catalogue::{Catalogue, ValueType},
    model::Message,
};

/// Decoder of Homie's topics.
#[derive(Clone, Debug)]
pub struct Homie {
    catalogue: Arc<Catalogue>,
    vocabulary: Vocabulary,
}

const TABLE: &str = include_str!("../../config/keys/homie.csv");

/// Devices of which one `lost` can tell.
const LOST_MAX: usize = 200;

impl Homie {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            catalogue: Arc::clone(&settings.catalogue),
            vocabulary: Vocabulary::of_names(Format::Homie, TABLE, settings)?,
        })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let place = Place::of(message.topic, device)?;
        let alert = match place.about {
            About::Alert(alert) => self.vocabulary.term(&format!("$alert/{alert}")),
            About::State
            | About::Description
            | About::Attribute { .. }
            | About::Value { .. }
            | About::Broadcast
            | About::Command
            | About::Target
            | About::Other => None,
        };
        if message.payload.is_empty() && alert.is_none() {
            if matches!(place.about, About::Description) {
                memory.remove(Shelf::Homie, place.key);
            }
            return Ok(Some(NonReading::Empty));
        }
        let text = str::from_utf8(message.payload)
            .map_err(|error| DecodeError::Utf8 { at: error.valid_up_to() })?;
        // An empty text is one zero byte, since an empty body deletes.
        let text = text.strip_suffix('\0').unwrap_or(text);
        let mut part = DevicePart::begin(out);
        part.name = place.name(out)?;
        match place.about {
            About::State => {
                self.state(text, out);
                part.finish(out);
                if text == "lost" {
                    self.lost(&place, memory, out)?;
                }
                return Ok(None);
            }
            About::Value { node, property } => {
                let known = property_of(memory, place.key, node, property);
                self.value(node, property, &known, text, out);
            }
            About::Alert(_) => match alert {
                Some(term) => {
                    let (meaning, flags) =
                        term.read(&self.catalogue, &Scalar::Bool(!text.is_empty()), None);
                    out.take(term.kind, meaning, flags, None);
                }
                None => return Ok(Some(NonReading::Status)),
            },
            About::Description => {
                Device::of_json(message.payload)?.keep(memory, place.key);
                return Ok(Some(NonReading::Description));
            }
            About::Attribute { node, property, name } => {
                Device::learn(memory, place.key, node, property, name, text);
                return Ok(Some(NonReading::Description));
            }
            About::Broadcast | About::Command => return Ok(Some(NonReading::Command)),
            About::Target => return Ok(Some(NonReading::Status)),
            About::Other => return Ok(Some(NonReading::Description)),
        }
        part.finish(out);
        Ok(None)
    }

    fn state(&self, text: &str, out: &mut Decoded) {
        let Some(term) = self.vocabulary.term("$state") else { return };
        let (meaning, flags) = term.read(&self.catalogue, &Scalar::Text(text.into()), None);
        out.take(term.kind, meaning, flags, None);
    }

    /// What is lost is lost with all its children.
    fn lost(
        &self,
        place: &Place<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        for child in below(memory, place, LOST_MAX) {
            out.check_room()?;
            let mut part = DevicePart::begin(out);
            part.name = out.own_name(&child)?;
            self.state("lost", out);
            part.finish(out);
        }
        Ok(())
    }

    fn value(&self, node: &str, property: &str, known: &Property, text: &str, out: &mut Decoded) {
        let is_boolean = match known.datatype {
            Some(datatype) => datatype == Datatype::Boolean,
            None => matches!(text, "true" | "false"),
        };
        let of_node = self.vocabulary.named(&format!("{node}/{property}"), is_boolean);
        let word = of_node.or_else(|| self.vocabulary.named(property, is_boolean));
        let term = match word.and_then(|word| self.vocabulary.word(word)) {
            Some(Word::Term(term)) => Some(term),
            Some(Word::NoReading) => return,
            None => None,
        };
        let Some(term) = term.filter(|term| self.fits(term, known, text)) else {
            out.unknown_keys += 1;
            return;
        };
        let scalar = match value::scalar(text, known.datatype) {
            Ok(scalar) => scalar,
            Err(reason) => {
                out.refuse(Some(term.kind), reason, None);
                return;
            }
        };
        let unit = known.unit.as_deref().filter(|unit| !unit.is_empty());
        let is_number = self.catalogue.get(term.kind).value_type == ValueType::Number;
        let (meaning, flags) = term.read(&self.catalogue, &scalar, unit.filter(|_| is_number));
        out.take_in_channel(term.kind, known.channel, meaning, flags, None);
    }

    /// Makers call different things by one name: a `power` that is true or false is no watts.
    fn fits(&self, term: &Term, known: &Property, text: &str) -> bool {
        let is_number = self.catalogue.get(term.kind).value_type == ValueType::Number;
        match known.datatype {
            Some(datatype) => !is_number || datatype.is_number(),
            None => !is_number || !matches!(text, "true" | "false"),
        }
    }
}

fn property_of(memory: &mut Memory, key: &str, node: &str, property: &str) -> Property {
    let device = memory.get::<Device>(Shelf::Homie, key);
    device.and_then(|device| device.property(node, property)).cloned().unwrap_or_default()
}

impl Place<'_> {
    fn name(&self, out: &mut Decoded) -> Result<DeviceName, DecodeError> {
        match self.captured {
            Some(length) => Ok(DeviceName::CapturedPrefix(length)),
            None => out.own_name(self.device),
        }
    }
}

#[cfg(test)]
mod tests;
