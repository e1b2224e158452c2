//! Ruuvi Gateway: advertisements as it hears them, in hexadecimal digits or decoded by itself.

mod advertisement;

use std::sync::Arc;

use self::advertisement::{Advertisement, Measured};
use super::{
    decoded::{Decoded, DeviceName},
    error::{DecodeError, NonReading},
    format::Format,
    identity, json_text,
    leaves::{self, Leaf, Wanted},
    scalar::Scalar,
    sender,
    settings::DecoderSettings,
    sheet::Sheet,
    term::{Term, TermError},
    time::{self, TimeFormat},
    vocabulary::{Vocabulary, Word},
};
use crate::{
    catalogue::Catalogue,
    model::{KindId, Message},
};

/// Decoder of a Ruuvi Gateway's topics.
#[derive(Clone, Debug)]
pub struct Ruuvi {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
    kinds: Kinds,
}

/// Kinds of what an advertisement holds. One the operator has taken away is left out.
#[derive(Clone, Debug)]
struct Kinds {
    temperature: Option<KindId>,
    humidity: Option<KindId>,
    pressure: Option<KindId>,
    acceleration: Option<KindId>,
    battery_voltage: Option<KindId>,
}

const TABLE: &str = include_str!("../../config/keys/ruuvi.csv");

/// Last level of the topic in which a gateway says that it is there.
const GATEWAY_STATUS: &str = "gw_status";

/// What a path of the message is.
#[derive(Clone, Copy)]
enum Key<'v> {
    Data,
    Heard,
    Sequence,
    Address,
    Term(&'v Term, u16),
}

impl Ruuvi {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        let catalogue = Arc::clone(&settings.catalogue);
        let kinds = Kinds {
            temperature: catalogue.find("air_temperature"),
            humidity: catalogue.find("relative_humidity"),
            pressure: catalogue.find("air_pressure"),
            acceleration: catalogue.find("acceleration"),
            battery_voltage: catalogue.find("battery_voltage"),
        };
        Ok(Self { keys: Vocabulary::new(Format::Ruuvi, TABLE, settings)?, kinds, catalogue })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let (gateway, sensor) = message.topic.rsplit_once('/').unwrap_or(("", message.topic));
        let body = json_text::body(message.payload);
        if body.is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        if sensor == GATEWAY_STATUS {
            return self.gateway(gateway, body, out).map(|()| None);
        }
        let leaves = leaves::read(message.payload, out, |path| self.key(path))?;
        let heard = match digits(&leaves).map(advertisement::read).transpose()? {
            Some(Advertisement::Encrypted) => return Ok(Some(NonReading::Encrypted)),
            // Its strength alone is that of somebody's radio, and no measurement.
            Some(Advertisement::Foreign) => return Ok(Some(NonReading::NoKnownKey)),
            Some(Advertisement::Measured(measured)) => Some(measured),
            None => None,
        };
        let name = name(sensor, device, &leaves, out)?;
        let mut sheet = Sheet::begin(&self.catalogue, name, out)?;
        sheet.part.way = identity::way(gateway);
        for Leaf { key, value } in &leaves {
            match *key {
                Key::Heard => sheet.part.measured_at = time::read(value, TimeFormat::UnixSeconds),
                Key::Sequence => sheet.part.sequence = sender::sequence(value),
                Key::Data | Key::Address => {}
                Key::Term(term, channel) => sheet.take(term, channel, value, None),
            }
        }
        if let Some(measured) = heard {
            self.take(&measured, &mut sheet);
        }
        sheet.finish();
        Ok(None)
    }

    fn key(&self, path: &str) -> Wanted<Key<'_>> {
        Wanted::Yes(match path {
            "data" => Key::Data,
            "ts" => Key::Heard,
            "measurementSequenceNumber" => Key::Sequence,
            "id" => Key::Address,
            path => match self.keys.find(path) {
                Some(Word::Term(term)) => Key::Term(term, term.channel),
                Some(Word::NoReading) => return Wanted::No,
                None => return Wanted::Unknown,
            },
        })
    }

    fn gateway(&self, topic: &str, body: &[u8], out: &mut Decoded) -> Result<(), DecodeError> {
        let wanted = |path: &str| match path {
            "status" | "state" => self.key(path),
            _ => Wanted::No,
        };
        let leaves = leaves::read(body, out, wanted)?;
        let gateway = topic.rsplit('/').next().unwrap_or_default();
        let name = match identity::mac(gateway) {
            Some(address) => out.own_name(&address)?,
            None => out.own_name(gateway)?,
        };
        let mut sheet = Sheet::begin(&self.catalogue, name, out)?;
        // Its time is that of the connection, also in the will, so it says nothing.
        for leaf in &leaves {
            if let Key::Term(term, _) = leaf.key {
                sheet.take(term, 0, &leaf.value, None);
            }
        }
        sheet.finish();
        Ok(())
    }

    fn take(&self, measured: &Measured, sheet: &mut Sheet<'_>) {
        let Measured { temperature, humidity, pressure, acceleration, voltage, sequence } =
            *measured;
        let [x, y, z] = acceleration;
        let kinds = &self.kinds;
        for (kind, channel, number) in [
            (kinds.temperature, 0, temperature),
            (kinds.humidity, 0, humidity),
            (kinds.pressure, 0, pressure),
            (kinds.acceleration, 1, x),
            (kinds.acceleration, 2, y),
            (kinds.acceleration, 3, z),
            (kinds.battery_voltage, 0, voltage),
        ] {
            // A gateway may send what it decoded beside what it heard.
            if let Some(kind) = kind
                && !sheet.has(kind, channel)
            {
                sheet.take_number(kind, channel, number);
            }
        }
        sheet.part.sequence = sequence.map(u64::from);
    }
}

fn digits<'l>(leaves: &'l [Leaf<'_, Key<'_>>]) -> Option<&'l str> {
    leaves.iter().rev().find_map(|leaf| match (leaf.key, &leaf.value) {
        (Key::Data, Scalar::Text(digits)) => Some(&**digits),
        (Key::Data | Key::Heard | Key::Sequence | Key::Address | Key::Term(..), _) => None,
    })
}

/// The address of the sensor: of the topic, else of the message, else what was captured.
fn name(
    topic: &str,
    captured: &str,
    leaves: &[Leaf<'_, Key<'_>>],
    out: &mut Decoded,
) -> Result<DeviceName, DecodeError> {
    let written = leaves.iter().find_map(|leaf| match (leaf.key, &leaf.value) {
        (Key::Address, Scalar::Text(address)) => identity::mac(address),
        (Key::Data | Key::Heard | Key::Sequence | Key::Address | Key::Term(..), _) => None,
    });
    match identity::mac(topic).or(written) {
        Some(address) => out.own_name(&address),
        None if captured.is_empty() => out.own_name(topic),
        None => Ok(DeviceName::Captured),
    }
}

#[cfg(test)]
mod tests;
