//! Shelly: bare values under topics of their own (first generation), notifications and statuses of
//! components in JSON (second and later), and BLU sensors that a script of one has heard.

mod component;
mod happening;
mod remembered;
mod report;
mod topic;

use std::sync::Arc;

use self::{
    component::Place as Component,
    report::{Key, Report},
    topic::Place,
};
use super::{
    Outcome,
    decoded::Decoded,
    error::{DecodeError, NonReading},
    format::Format,
    identity, json_text,
    leaves::{self, Wanted},
    memory::Memory,
    settings::DecoderSettings,
    sheet::Sheet,
    term::TermError,
    vocabulary::{Scope, Vocabulary, Word},
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of Shelly's topics.
#[derive(Clone, Debug)]
pub struct Shelly {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
    /// The operator has keys with the number of a component in them.
    has_numbered: bool,
}

const TABLE: &str = include_str!("../../config/keys/shelly.csv");

/// Bytes of a key that is looked at. Part of it may be the topic's, which holds for every value.
const KEY_MAX: usize = 256;

/// The two topics that say the same.
const NOTIFICATIONS: &str = "events/rpc";
const STATUSES: &str = "status";

impl Shelly {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        let is_numbered = |key: &str| {
            let plain = key.split_once('@').map_or(key, |(_, plain)| plain);
            plain.split('/').next().is_some_and(|component| component.contains(':'))
        };
        let mut own = settings.keys.iter().filter(|own| own.format == Format::Shelly);
        Ok(Self {
            has_numbered: own.any(|own| is_numbered(&own.key)),
            keys: Vocabulary::new(Format::Shelly, TABLE, settings)?,
            catalogue: Arc::clone(&settings.catalogue),
        })
    }

    pub(super) fn decode(
        &self,
        captured: &str,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let body = json_text::body(message.payload);
        let place = match topic::place(message.topic) {
            Place::Told(what) => return Ok(Some(what)),
            _ if body.is_empty() => return Ok(Some(NonReading::Empty)),
            Place::Blu { address } => return self.blu(&address, message, out),
            Place::Foreign => {
                return Err(DecodeError::Topic {
                    expected: "`shellies/...`, `.../events/rpc`, `.../status/...`, `.../online`",
                });
            }
            place @ (Place::Events { device }
            | Place::Component { device, .. }
            | Place::Online { device }
            | Place::FirstGeneration { device, .. }) => (place, device),
        };
        let (place, device) = place;
        let prefix = message.topic.get(..device.1).unwrap_or_default();
        let name = identity::in_topic(message.topic, captured, device, out)?;
        let mut scope = self.scope(prefix);
        // What is wanted of the payload comes first: reading it counts what is unknown.
        let leaves = match place {
            Place::Events { .. } => {
                leaves::read(message.payload, out, |path| self.notified(path, &mut scope))?
            }
            Place::Component { component, .. } => leaves::read(message.payload, out, |path| {
                if component.len() > KEY_MAX {
                    return Wanted::Unknown;
                }
                self.field(Component::new(component, path), &mut scope)
            })?,
            // Such as the list of reasons why a sensor woke up: known, and no measurement.
            Place::FirstGeneration { path, .. }
                if matches!(self.field(Component::of_topic(path), &mut scope), Wanted::No) =>
            {
                Vec::new()
            }
            Place::FirstGeneration { path, .. } if !json_text::is_bare(body) => {
                let mut whole = String::new();
                leaves::read(message.payload, out, |below| {
                    if path.len() > KEY_MAX {
                        return Wanted::Unknown;
                    }
                    whole.clear();
                    whole.extend([path, "/", below]);
                    self.field(Component::of_topic(&whole), &mut scope)
                })?
            }
            Place::FirstGeneration { path, .. } => {
                let wanted = self.field(Component::of_topic(path), &mut scope);
                report::bare(&wanted, json_text::check(body)?, out)
            }
            Place::Online { .. } => {
                let wanted = self.field(Component::of_topic("online"), &mut scope);
                report::bare(&wanted, json_text::check(body)?, out)
            }
            Place::Blu { .. } | Place::Told(_) | Place::Foreign => Vec::new(),
        };
        let mut sheet = Sheet::begin(&self.catalogue, name, out)?;
        sheet.part.way = match place {
            Place::Events { .. } => identity::way(NOTIFICATIONS),
            Place::Component { .. } => identity::way(STATUSES),
            Place::Online { .. }
            | Place::FirstGeneration { .. }
            | Place::Blu { .. }
            | Place::Told(_)
            | Place::Foreign => 0,
        };
        Report { keys: &mut scope, message, prefix, memory, sheet }.take(&leaves);
        // Most of what a device says of itself is no measurement.
        let is_silent = out.outcome() == Outcome::NonReading(NonReading::NoKnownKey);
        Ok(is_silent.then_some(NonReading::Status))
    }

    /// The keys for the device of a topic: by its name, and by the model in front of its number.
    fn scope(&self, prefix: &str) -> Scope<'_, 2> {
        let name = prefix.rsplit('/').next().unwrap_or_default();
        let model = name.rsplit_once('-').map_or(name, |(model, _)| model);
        self.keys.scope([name, model])
    }

    /// What a path of a notification is.
    fn notified<'v>(&'v self, path: &str, scope: &mut Scope<'v, 2>) -> Wanted<Key<'v>> {
        let Some(path) = path.strip_prefix("params/") else {
            // `src`, `dst`, `method`: the topic says as much.
            return Wanted::No;
        };
        if path == "ts" {
            return Wanted::Yes(Key::Time);
        }
        if let Some(path) = path.strip_prefix("events/") {
            return happening::wanted(path);
        }
        let (component, field) = path.split_once('/').unwrap_or((path, ""));
        self.field(Component::new(component, field), scope)
    }

    /// What a field of a component is.
    fn field<'v>(&'v self, place: Component<'_>, scope: &mut Scope<'v, 2>) -> Wanted<Key<'v>> {
        if place.component.len() + place.field.len() > KEY_MAX {
            return Wanted::Unknown;
        }
        let channel = place.channel();
        let instance = place.instance.unwrap_or(0);
        match (place.component, place.field) {
            ("devicepower", "external/present") => return Wanted::Yes(Key::External { instance }),
            ("input_event", "event_cnt") => return Wanted::Yes(Key::Presses),
            ("status", "tmp/units") => return Wanted::Yes(Key::Unit),
            ("status", "tmp/is_valid") => return Wanted::Yes(Key::Valid),
            _ => {}
        }
        let mut key = String::new();
        let mut word = None;
        if self.has_numbered {
            place.write_numbered_key(&mut key);
            word = scope.find(&key);
        }
        if word.is_none() {
            place.write_key(&mut key);
            word = scope.find(&key);
        }
        match word {
            Some(Word::Term(term)) => Wanted::Yes(match place.component {
                "devicepower" => Key::Battery { term, channel, instance },
                "input_event" => Key::Press { term, channel },
                "status" if place.field == "tmp/value" => Key::Temperature { term, channel },
                _ => Key::Field { term, channel },
            }),
            Some(Word::NoReading) => Wanted::No,
            None => Wanted::Unknown,
        }
    }

    /// A BLU sensor, as the usual script puts it.
    fn blu(
        &self,
        address: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let mut key = String::new();
        let leaves = leaves::read(message.payload, out, |path| {
            match path {
                "pid" => return Wanted::Yes(Key::Packet),
                "encryption" => return Wanted::Yes(Key::Encryption),
                "gateway" => return Wanted::Yes(Key::Gateway),
                "address" => return Wanted::No,
                _ => {}
            }
            // A sensor of several buttons has a list.
            let (field, channel) = match path.rsplit_once('/') {
                Some((field, index)) => {
                    (field, index.parse().map_or(0, |at: u16| at.saturating_add(1)))
                }
                None => (path, 0),
            };
            key.clear();
            key.extend(["blu/", field]);
            match self.keys.find(&key) {
                Some(Word::Term(term)) => Wanted::Yes(Key::Field { term, channel }),
                Some(Word::NoReading) => Wanted::No,
                None => Wanted::Unknown,
            }
        })?;
        if report::is_encrypted(&leaves) {
            return Ok(Some(NonReading::Encrypted));
        }
        let name = out.own_name(address)?;
        let mut sheet = Sheet::begin(&self.catalogue, name, out)?;
        // Several Shellys may hear it, and script or topic may say which one did.
        sheet.part.way = identity::way(message.topic);
        report::take_blu(&leaves, &mut sheet);
        sheet.finish();
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
