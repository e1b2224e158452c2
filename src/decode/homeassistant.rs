//! Home Assistant: discovery as a source of units, kinds and names, the state topics it names, and
//! ESPHome, which speaks without it too.

mod config;
mod entity;
mod names;
mod template;

use std::{borrow::Cow, hash::BuildHasher, str, sync::Arc};

use foldhash::fast::FixedState;

pub(super) use self::entity::Discovery;
use self::{
    config::{Config, Draft},
    entity::Entity,
};
use super::{
    decoded::{DEVICE_NAME_MAX, Decoded, DevicePart},
    error::{DecodeError, NonReading},
    format::Format,
    json_text,
    memory::{Memory, Shelf},
    paths,
    scalar::Scalar,
    sender,
    settings::DecoderSettings,
    term::{TermError, is_word},
    vocabulary::{Vocabulary, Word},
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of discovery and of what it describes.
#[derive(Clone, Debug)]
pub struct HomeAssistant {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
}

const TABLE: &str = include_str!("../../config/keys/homeassistant.csv");

/// The row that says whether a device is reachable.
const ONLINE: &str = "binary_sensor/connectivity";

impl HomeAssistant {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            keys: Vocabulary::new(Format::HomeAssistant, TABLE, settings)?,
            catalogue: Arc::clone(&settings.catalogue),
        })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let topic = message.topic;
        if let Some(place) = names::config(topic) {
            return self.learn(&place, message, memory, out);
        }
        let body = json_text::body(message.payload);
        if body.is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        if let Some(Discovery::Topic(entities)) = memory.get(Shelf::Entities, topic) {
            return self.state(entities, 0, message, out);
        }
        if let Some(filter) = entity::wildcard(memory, topic)
            && let Some(Discovery::Topic(entities)) = memory.get(Shelf::Entities, &filter)
        {
            return self.state(entities, sender::way(topic), message, out);
        }
        self.undescribed(device, message, out)
    }

    /// Takes a description; an empty one deletes.
    fn learn(
        &self,
        place: &names::ConfigTopic<'_>,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let config = FixedState::default().hash_one(message.topic);
        if json_text::body(message.payload).is_empty() {
            entity::forget(memory, message.topic, config);
            return Ok(Some(NonReading::Empty));
        }
        let read = Config::read(json_text::check(message.payload)?)?;
        let device = read.device().unwrap_or(place.node);
        if device.len() > DEVICE_NAME_MAX {
            return Err(DecodeError::DeviceNameTooLong { limit: DEVICE_NAME_MAX });
        }
        let mut entities = Vec::new();
        let of_all = std::iter::once((place.object, &read.common));
        let of_each = read.components.iter().map(|(id, draft)| (id.as_str(), draft));
        for (id, draft) in of_all.chain(of_each) {
            // Where the topic says what it is, a `platform` is that of Home Assistant.
            let component = match place.component {
                "device" => draft.platform.as_deref().unwrap_or("device"),
                component => component,
            };
            if component == "device" || draft.is_removed() {
                continue;
            }
            let draft = draft.over(&read.common);
            if draft.is_oversize {
                out.unknown_keys += 1;
                continue;
            }
            let Some(topic) = &draft.topic else { continue };
            match self.entity(component, id, &draft) {
                Some(entity) => {
                    let entity = Entity { config, device: device.into(), ..entity };
                    entities.push((read.topic(topic), entity));
                }
                None => out.unknown_keys += 1,
            }
        }
        for draft in &read.availability {
            // The gateway's own state does not say that its devices are there.
            let Some(topic) = draft.topic.as_ref().filter(|it| !it.ends_with("bridge/state"))
            else {
                continue;
            };
            let Some(path) = path_of(draft).filter(|_| !draft.is_oversize) else { continue };
            let words = (word(draft.on.as_ref(), "online"), word(draft.off.as_ref(), "offline"));
            let entity = Entity {
                config,
                path,
                key: ONLINE.into(),
                device: device.into(),
                unit: None,
                words: Some(words),
                channel: 0,
                is_availability: true,
            };
            entities.push((read.topic(topic), entity));
        }
        entity::forget(memory, message.topic, config);
        let left_out = entity::remember(memory, message.topic, entities);
        out.unknown_keys += u32::try_from(left_out).unwrap_or(u32::MAX);
        Ok(Some(NonReading::Description))
    }

    /// `None`: its template is a program.
    fn entity(&self, component: &str, id: &str, draft: &Draft) -> Option<Entity> {
        let path = match (path_of(draft)?, component) {
            (path, "event") if path.is_empty() => "event_type".into(),
            (path, _) => path,
        };
        let object = draft.object.as_deref().unwrap_or(id);
        let key = names::key(&self.keys, component, object, draft, &path);
        let words = match component {
            "binary_sensor" | "switch" | "light" => {
                Some((word(draft.on.as_ref(), "on"), word(draft.off.as_ref(), "off")))
            }
            "lock" => {
                Some((word(draft.on.as_ref(), "unlocked"), word(draft.off.as_ref(), "locked")))
            }
            _ => None,
        };
        Some(Entity {
            config: 0,
            path,
            key: key.into(),
            device: "".into(),
            unit: draft.unit.as_deref().filter(|unit| !unit.is_empty()).map(Box::from),
            words,
            channel: names::channel(object),
            is_availability: false,
        })
    }

    /// A message on a topic that discovery has named.
    fn state(
        &self,
        entities: &[Entity],
        way: u32,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let text = json_text::check(message.payload)?;
        let is_shared = is_shared(entities);
        let mut reader = Reader { decoder: self, way, out, part: None };
        // Entities are in the order of their paths, and the empty one is the first.
        let whole = entities.partition_point(|entity| entity.path.is_empty());
        for entity in entities.iter().take(whole) {
            if !(is_shared && entity.is_availability) {
                reader.take(entity, &Scalar::Text(Cow::Borrowed(text.trim_ascii())))?;
            }
        }
        if whole < entities.len() && text.trim_ascii_start().starts_with('{') {
            paths::walk(text, |path, scalar| {
                let path = path.text();
                let from = entities.partition_point(|entity| *entity.path < *path);
                let same = entities.iter().skip(from).take_while(|entity| *entity.path == *path);
                for entity in same.filter(|entity| !(is_shared && entity.is_availability)) {
                    reader.take(entity, &scalar)?;
                }
                Ok(())
            })?;
        }
        reader.finish();
        let is_silent = out.readings.is_empty() && out.refused_count == 0 && out.absent == 0;
        Ok((is_silent && is_shared).then_some(NonReading::Bridge))
    }

    /// A topic that nothing was said of: ESPHome's speak for themselves.
    fn undescribed(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let place = names::esphome(message.topic, device);
        let (node, component, object) = match place {
            names::Plain::State { node, component, object } => (node, component, object),
            names::Plain::Status { node } => (node, "binary_sensor", "connectivity"),
            names::Plain::Log => return Ok(Some(NonReading::Status)),
            names::Plain::Command => return Ok(Some(NonReading::Command)),
            names::Plain::HomeAssistant => return Ok(Some(NonReading::Bridge)),
            names::Plain::Unknown => {
                return Err(DecodeError::Unannounced { what: "its discovery" });
            }
        };
        let text = json_text::check(message.payload)?;
        let draft = Draft::default();
        let is_json = text.trim_ascii_start().starts_with('{');
        let path: Box<str> =
            if component == "light" && is_json { "state".into() } else { "".into() };
        let key = names::key(&self.keys, component, object, &draft, "");
        let entity = Entity {
            config: 0,
            path,
            key: key.into(),
            device: node.into(),
            unit: None,
            words: None,
            channel: names::channel(object),
            is_availability: false,
        };
        self.state(&[entity], 0, message, out)
    }
}

/// Several devices point to it: a gateway's own state.
fn is_shared(entities: &[Entity]) -> bool {
    let mut devices = entities.iter().filter(|entity| entity.is_availability);
    let first = devices.next().map(|entity| &entity.device);
    devices.any(|entity| Some(&entity.device) != first)
}

fn path_of(draft: &Draft) -> Option<Box<str>> {
    match &draft.template {
        Some(template) => template::path(template).map(Box::from),
        None => Some("".into()),
    }
}

fn word(own: Option<&String>, usual: &str) -> Box<str> {
    own.map_or(usual, String::as_str).to_ascii_lowercase().into()
}

/// Takes the values of one message.
struct Reader<'r> {
    decoder: &'r HomeAssistant,
    way: u32,
    out: &'r mut Decoded,
    /// The device at hand, with its name.
    part: Option<(Box<str>, DevicePart)>,
}

impl Reader<'_> {
    fn take(&mut self, entity: &Entity, scalar: &Scalar<'_>) -> Result<(), DecodeError> {
        let HomeAssistant { catalogue, keys } = self.decoder;
        let term = match keys.find(&entity.key) {
            Some(Word::Term(term)) => term,
            Some(Word::NoReading) | None => {
                self.out.unknown_keys += 1;
                return Ok(());
            }
        };
        self.out.check_room()?;
        if self.part.as_ref().is_none_or(|(device, _)| *device != entity.device) {
            self.end_part();
            let mut part = DevicePart { way: self.way, ..DevicePart::begin(self.out) };
            part.name = self.out.own_name(&entity.device)?;
            self.part = Some((entity.device.clone(), part));
        }
        let state = entity.words.as_ref().and_then(|(on, off)| {
            let is = |word: &str| is_word(word, scalar);
            if is(on) { Some(true) } else { is(off).then_some(false) }
        });
        let (meaning, flags) = match state {
            Some(state) => term.read(catalogue, &Scalar::Bool(state), None),
            None => term.read(catalogue, scalar, entity.unit.as_deref()),
        };
        self.out.take_in_channel(term.kind, entity.channel, meaning, flags, None);
        Ok(())
    }

    fn end_part(&mut self) {
        if let Some((_, part)) = self.part.take() {
            part.finish(self.out);
        }
    }

    fn finish(mut self) {
        self.end_part();
    }
}

#[cfg(test)]
mod tests;
