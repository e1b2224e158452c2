//! The Things Stack v3: one uplink with what the device's formatter made of it.

mod topic;

use self::topic::Place;
use super::{
    decoded::{Decoded, DeviceName},
    error::{DecodeError, NonReading},
    format::Format,
    json_text,
    leaves::{self, Leaf, Wanted},
    lorawan::{self, Field, LoraWan, Uplink},
    scalar::Scalar,
    sender,
    settings::DecoderSettings,
    term::TermError,
    time::{self, DeviceTime, TimeFormat},
};
use crate::model::{KindId, Message, UnixMicros};

/// Decoder of The Things Stack's topics.
#[derive(Clone, Debug)]
pub struct ThingsStack {
    lorawan: LoraWan,
}

/// What a path of the message is.
#[derive(Clone, Copy)]
enum Key<'v> {
    Simulated,
    DevEui,
    DeviceId,
    /// When the application server had it.
    Application,
    /// When the network server had it.
    Network,
    /// When a gateway heard it.
    Gateway,
    Rssi,
    Count,
    /// Of the formatter.
    Field(Field<'v>),
    /// Of the formatter's normalised list: which measurement, and what of it.
    Normalized(usize, Field<'v>),
    NormalizedTime(usize),
    Battery,
    BatteryTime,
    /// Latitude, longitude or accuracy of a solved location.
    Location(usize),
}

const DECODED: &str = "uplink_message/decoded_payload/";
const NORMALIZED: &str = "uplink_message/normalized_payload/";
const HEARD: &str = "uplink_message/rx_metadata/";

impl ThingsStack {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self { lorawan: LoraWan::new(Format::ThingsStack, settings)? })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        if json_text::body(message.payload).is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        let (place, device_id) = topic::place(message.topic);
        match place {
            Place::Uplink | Place::Location => {}
            Place::Command => return Ok(Some(NonReading::Command)),
            Place::Acknowledgement => return Ok(Some(NonReading::Acknowledgement)),
            Place::Status => return Ok(Some(NonReading::Status)),
        }
        let leaves = leaves::read(message.payload, out, |path| self.key(path))?;
        let facts = Facts::of(&leaves);
        if facts.is_simulated {
            return Ok(Some(NonReading::Simulated));
        }
        let name = facts.name(device_id, device, out)?;
        let mut uplink = self.lorawan.begin(name, out)?;
        uplink.part.measured_at = facts.measured_at();
        if place == Place::Uplink {
            // Zero is left out of the message.
            uplink.part.sequence = Some(facts.count.unwrap_or(0));
        }
        take_fields(&leaves, &mut uplink)?;
        uplink.take_rssi(facts.rssi);
        if let Some(battery) = facts.battery {
            uplink.take_battery(battery, facts.battery_at);
        }
        uplink.take_location(facts.location);
        Ok(uplink.finish())
    }

    fn key(&self, path: &str) -> Wanted<Key<'_>> {
        if let Some(field) = path.strip_prefix(DECODED) {
            return match self.lorawan.field(field) {
                Wanted::Yes(field) => Wanted::Yes(Key::Field(field)),
                Wanted::No => Wanted::No,
                Wanted::Unknown => Wanted::Unknown,
            };
        }
        if let Some((index, field)) = numbered(path, NORMALIZED) {
            return match self.lorawan.field(field) {
                _ if field == "time" => Wanted::Yes(Key::NormalizedTime(index)),
                // The normalised battery is in volts, whatever codecs mean by the word.
                _ if field == "battery" => match self.lorawan.field("battery_voltage") {
                    Wanted::Yes(field) => Wanted::Yes(Key::Normalized(index, field)),
                    Wanted::No | Wanted::Unknown => Wanted::No,
                },
                Wanted::Yes(field) => Wanted::Yes(Key::Normalized(index, field)),
                Wanted::No => Wanted::No,
                Wanted::Unknown => Wanted::Unknown,
            };
        }
        if let Some((_, field)) = numbered(path, HEARD) {
            return match field {
                "time" => Wanted::Yes(Key::Gateway),
                "rssi" => Wanted::Yes(Key::Rssi),
                _ => Wanted::No,
            };
        }
        Wanted::Yes(match path {
            "simulated" => Key::Simulated,
            "end_device_ids/dev_eui" => Key::DevEui,
            "end_device_ids/device_id" => Key::DeviceId,
            "received_at" => Key::Application,
            "uplink_message/received_at" => Key::Network,
            "uplink_message/f_cnt" => Key::Count,
            "uplink_message/last_battery_percentage/value" => Key::Battery,
            "uplink_message/last_battery_percentage/received_at" => Key::BatteryTime,
            "location_solved/location/latitude" => Key::Location(0),
            "location_solved/location/longitude" => Key::Location(1),
            "location_solved/location/accuracy" => Key::Location(2),
            // What the server adds of its own is known, and no measurement.
            _ => return Wanted::No,
        })
    }
}

type Leaves<'a, 'v> = [Leaf<'a, Key<'v>>];

/// `prefix/3/rest` apart.
fn numbered<'p>(path: &'p str, prefix: &str) -> Option<(usize, &'p str)> {
    let (index, rest) = path.strip_prefix(prefix)?.split_once('/')?;
    Some((index.parse().ok()?, rest))
}

/// What stands in a message once.
struct Facts<'l> {
    is_simulated: bool,
    eui: Option<&'l str>,
    id: Option<&'l str>,
    application: DeviceTime,
    network: DeviceTime,
    gateway: DeviceTime,
    rssi: Option<f64>,
    count: Option<u64>,
    battery: Option<&'l Scalar<'l>>,
    battery_at: Option<UnixMicros>,
    location: [Option<f64>; 3],
}

impl<'l> Facts<'l> {
    fn of(leaves: &'l Leaves<'_, '_>) -> Self {
        let mut facts = Self {
            is_simulated: false,
            eui: None,
            id: None,
            application: DeviceTime::Absent,
            network: DeviceTime::Absent,
            gateway: DeviceTime::Absent,
            rssi: None,
            count: None,
            battery: None,
            battery_at: None,
            location: [None; 3],
        };
        for Leaf { key, value } in leaves {
            let read = || time::read(value, TimeFormat::Rfc3339);
            match *key {
                Key::Simulated => facts.is_simulated = *value == Scalar::Bool(true),
                Key::DevEui => facts.eui = text(value),
                Key::DeviceId => facts.id = text(value),
                Key::Application => facts.application = read(),
                Key::Network => facts.network = read(),
                Key::Gateway => facts.gateway = earlier(facts.gateway, read()),
                Key::Rssi => {
                    facts.rssi =
                        facts.rssi.into_iter().chain(value.plain_number()).reduce(f64::max);
                }
                Key::Count => facts.count = sender::sequence(value),
                Key::Battery => facts.battery = Some(value),
                Key::BatteryTime => facts.battery_at = at(value),
                Key::Location(place) => {
                    if let Some(number) = facts.location.get_mut(place) {
                        *number = value.plain_number();
                    }
                }
                Key::Field(_) | Key::Normalized(..) | Key::NormalizedTime(_) => {}
            }
        }
        facts
    }

    /// The number printed on the device; for one without, the name it has at the server.
    fn name(
        &self,
        topic: &str,
        captured: &str,
        out: &mut Decoded,
    ) -> Result<DeviceName, DecodeError> {
        match self.eui.or(self.id) {
            Some(name) => out.own_name(name),
            None if captured.is_empty() => out.own_name(topic),
            None => Ok(DeviceName::Captured),
        }
    }

    /// The best time there is: the earliest gateway's, else the network server's, else that of
    /// the application server.
    fn measured_at(&self) -> DeviceTime {
        lorawan::heard_at(self.gateway, lorawan::heard_at(self.network, self.application))
    }
}

fn text<'l>(value: &'l Scalar<'_>) -> Option<&'l str> {
    match value {
        Scalar::Text(text) if !text.is_empty() => Some(&**text),
        Scalar::Text(_)
        | Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => None,
    }
}

fn earlier(one: DeviceTime, other: DeviceTime) -> DeviceTime {
    match (one, other) {
        (DeviceTime::At(one), DeviceTime::At(other)) => DeviceTime::At(one.min(other)),
        (DeviceTime::At(_), DeviceTime::Absent | DeviceTime::Unreadable) => one,
        (DeviceTime::Absent | DeviceTime::Unreadable, other) => other,
    }
}

fn take_fields(leaves: &Leaves<'_, '_>, uplink: &mut Uplink<'_>) -> Result<(), DecodeError> {
    for leaf in leaves {
        if let Key::Normalized(index, Field::Value(term, channel)) = leaf.key {
            uplink.take(term, channel, &leaf.value, None, normalized_time(leaves, index))?;
        } else if let Key::Field(Field::Value(term, channel)) = leaf.key {
            // What the list says in units that are laid down goes before the maker's own.
            let is_normalized = leaves.iter().any(|other| {
                matches!(other.key, Key::Normalized(_, Field::Value(same, _)) if same.kind == term.kind)
            });
            if !is_normalized {
                let unit = unit_beside(leaves, term.kind, channel);
                uplink.take(term, channel, &leaf.value, unit, None)?;
            }
        }
    }
    Ok(())
}

fn unit_beside<'l>(leaves: &'l Leaves<'_, '_>, kind: KindId, channel: u16) -> Option<&'l str> {
    let is_unit =
        |key| matches!(key, Key::Field(Field::Unit(of, at)) if of == kind && at == channel);
    leaves.iter().find(|leaf| is_unit(leaf.key)).and_then(|leaf| text(&leaf.value))
}

fn normalized_time(leaves: &Leaves<'_, '_>, index: usize) -> Option<UnixMicros> {
    let is_time = |key| matches!(key, Key::NormalizedTime(of) if of == index);
    leaves.iter().find(|leaf| is_time(leaf.key)).and_then(|leaf| at(&leaf.value))
}

fn at(value: &Scalar<'_>) -> Option<UnixMicros> {
    match time::read(value, TimeFormat::Rfc3339) {
        DeviceTime::At(time) => Some(time),
        DeviceTime::Absent | DeviceTime::Unreadable => None,
    }
}

#[cfg(test)]
mod tests;
