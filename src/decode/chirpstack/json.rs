//! Events written as JSON, by the rules of protobuf: what is zero or false is left out.

use super::{ChirpStack, Event, Facts};
use crate::decode::{
    decoded::Decoded,
    error::{DecodeError, NonReading},
    leaves::{self, Leaf, Wanted},
    lorawan::{Field, Uplink},
    scalar::Scalar,
    sender,
    time::{self, TimeFormat},
};

/// What a path of an event is.
#[derive(Clone, Copy)]
enum Key<'v> {
    Eui,
    Time,
    Published,
    Gateway,
    Rssi,
    Count,
    /// Of the codec.
    Field(Field<'v>),
    /// Of the codec, as a JSON text within the JSON.
    Text,
    Battery,
    NoBattery,
    Location(usize),
}

impl ChirpStack {
    pub(super) fn json(
        &self,
        event: Event,
        eui: &str,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let leaves = leaves::read(payload, out, |path| self.key(path))?;
        let facts = Facts::of(&leaves);
        let inner = leaves.iter().find_map(|leaf| match (leaf.key, &leaf.value) {
            (Key::Text, Scalar::Text(text)) => Some(text.as_bytes()),
            _ => None,
        });
        let inner = match inner {
            Some(text) if !text.is_empty() => leaves::read(text, out, |path| self.field_key(path))?,
            Some(_) | None => Vec::new(),
        };
        let name = facts.name(eui, out)?;
        let mut uplink = self.lorawan.begin(name, out)?;
        uplink.part.measured_at = facts.measured_at();
        take_fields(&leaves, &mut uplink)?;
        take_fields(&inner, &mut uplink)?;
        Ok(facts.take(event, uplink))
    }

    fn key(&self, path: &str) -> Wanted<Key<'_>> {
        if let Some(field) = path.strip_prefix("object/") {
            return self.field_key(field);
        }
        if let Some(field) = path.strip_prefix("rxInfo/") {
            return match field.split_once('/') {
                Some((_, "rssi")) => Wanted::Yes(Key::Rssi),
                Some((_, "gwTime" | "time")) => Wanted::Yes(Key::Gateway),
                Some(_) | None => Wanted::No,
            };
        }
        Wanted::Yes(match path {
            "deviceInfo/devEui" | "devEUI" => Key::Eui,
            "time" => Key::Time,
            "publishedAt" => Key::Published,
            "fCnt" => Key::Count,
            "objectJSON" => Key::Text,
            "batteryLevel" => Key::Battery,
            "batteryLevelUnavailable" | "externalPowerSource" => Key::NoBattery,
            "location/latitude" => Key::Location(0),
            "location/longitude" => Key::Location(1),
            "location/accuracy" => Key::Location(2),
            // What the server adds of its own is known, and no measurement.
            _ => return Wanted::No,
        })
    }

    fn field_key(&self, path: &str) -> Wanted<Key<'_>> {
        match self.lorawan.field(path) {
            Wanted::Yes(field) => Wanted::Yes(Key::Field(field)),
            Wanted::No => Wanted::No,
            Wanted::Unknown => Wanted::Unknown,
        }
    }
}

impl Facts {
    fn of(leaves: &[Leaf<'_, Key<'_>>]) -> Self {
        let mut facts = Self::default();
        for Leaf { key, value } in leaves {
            let read = || Some(time::read(value, TimeFormat::Rfc3339));
            match *key {
                Key::Eui => {
                    if let Scalar::Text(eui) = value {
                        facts.eui = Some(eui.clone().into_owned());
                    }
                }
                Key::Time => facts.time = read(),
                Key::Published => facts.published = read(),
                Key::Gateway => facts.gateway = facts.gateway.or_else(read),
                Key::Rssi => facts.heard(value.plain_number()),
                Key::Count => facts.count = sender::sequence(value),
                Key::Battery => facts.battery = value.plain_number(),
                Key::NoBattery => facts.has_no_battery |= *value == Scalar::Bool(true),
                Key::Location(place) => {
                    if let Some(number) = facts.location.get_mut(place) {
                        *number = value.plain_number();
                    }
                }
                Key::Field(_) | Key::Text => {}
            }
        }
        facts
    }

    /// Takes what only some events have.
    pub(super) fn take(&self, event: Event, mut uplink: Uplink<'_>) -> Option<NonReading> {
        match event {
            Event::Uplink => {
                uplink.part.sequence = Some(self.count.unwrap_or(0));
                uplink.take_rssi(self.rssi);
            }
            Event::Status => {
                // Devices say 0 for mains and 255 for "I cannot tell", so a level is never 0.
                let level = self.battery.filter(|level| *level > 0.0 && !self.has_no_battery);
                let level = level.map_or(Scalar::Null, Scalar::Float);
                uplink.take_battery(&level, None);
            }
            Event::Location => uplink.take_location(self.location),
            Event::Join | Event::Acknowledgement | Event::Command | Event::Server => {}
        }
        uplink.finish()
    }
}

fn take_fields(leaves: &[Leaf<'_, Key<'_>>], uplink: &mut Uplink<'_>) -> Result<(), DecodeError> {
    for leaf in leaves {
        let Key::Field(Field::Value(term, channel)) = leaf.key else { continue };
        let is_unit = |key| matches!(key, Key::Field(Field::Unit(of, at)) if of == term.kind && at == channel);
        let unit = leaves.iter().find(|leaf| is_unit(leaf.key)).map(|leaf| &leaf.value);
        let unit = unit.and_then(|unit| match unit {
            Scalar::Text(unit) => Some(&**unit),
            Scalar::Null
            | Scalar::Bool(_)
            | Scalar::Unsigned(_)
            | Scalar::Negative(_)
            | Scalar::Float(_)
            | Scalar::Nested => None,
        });
        uplink.take(term, channel, &leaf.value, unit, None)?;
    }
    Ok(())
}
