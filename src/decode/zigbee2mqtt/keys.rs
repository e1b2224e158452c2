//! The keys of Zigbee2MQTT that trygg knows, and how their values are read.

use super::endpoint;
use crate::{
    catalogue::{Catalogue, ValueType},
    model::KindId,
};

/// How the value under a key is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// In the kind's own unit and sense.
    Plain,
    /// As `Plain`, of a kind that is a number; this one says "no value".
    Number(Option<f64>),
    /// As `Plain`, but models differ in the unit.
    Assumed,
    /// True says closed.
    Contact,
    /// Millivolts of a battery or volts of the mains: the other keys tell.
    Voltage,
    /// Volts or millivolts of a battery: the size tells.
    BatteryVoltage,
    /// Lux, or in older releases a raw count beside `illuminance_lux`.
    Illuminance,
    /// Lux for certain.
    IlluminanceLux,
    /// A button, or an alarm that came as one.
    Action,
    /// `fall`, or that there was none.
    FallStatus,
    /// A number that has no honest unit, unless the gateway's description says it.
    Stated,
    /// The time of the message.
    LastSeen,
}

/// What a key says about the `voltage` beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// The device runs on a battery.
    Battery,
    /// The device measures the mains.
    Mains,
}

/// Key, kind, form.
type Row = (&'static str, &'static str, Form);

const STATE: &[Row] = &[
    ("linkquality", "link_quality", Form::Plain),
    ("battery", "battery_level", Form::Plain),
    ("voltage", "mains_voltage", Form::Voltage),
    ("last_seen", "", Form::LastSeen),
    ("temperature", "air_temperature", Form::Plain),
    ("local_temperature", "air_temperature", Form::Plain),
    ("device_temperature", "device_temperature", Form::Plain),
    ("humidity", "relative_humidity", Form::Plain),
    ("pressure", "air_pressure", Form::Plain),
    ("illuminance", "illuminance", Form::Illuminance),
    ("illuminance_lux", "illuminance", Form::IlluminanceLux),
    ("contact", "door_open", Form::Contact),
    ("occupancy", "motion", Form::Plain),
    ("presence", "presence", Form::Plain),
    ("motion_state", "motion_state", Form::Plain),
    ("human_motion_state", "motion_state", Form::Plain),
    ("target_distance", "target_distance", Form::Plain),
    ("water_leak", "water_leak", Form::Plain),
    ("smoke", "smoke_alarm", Form::Plain),
    ("smoke_density", "smoke_density", Form::Assumed),
    ("carbon_monoxide", "co_alarm", Form::Plain),
    ("gas", "gas_alarm", Form::Plain),
    ("sos", "sos", Form::Plain),
    ("fall", "fall", Form::Plain),
    ("fall_down_status", "fall", Form::FallStatus),
    ("action", "button_press", Form::Action),
    ("vibration", "vibration", Form::Plain),
    ("angle", "tilt_angle", Form::Plain),
    ("tamper", "tamper", Form::Plain),
    ("battery_low", "battery_low", Form::Plain),
    ("battery_voltage", "battery_voltage", Form::BatteryVoltage),
    ("lock_state", "lock_state", Form::Plain),
    ("power", "power", Form::Plain),
    ("current", "current", Form::Plain),
    ("energy", "energy", Form::Plain),
    ("co2", "co2", Form::Plain),
    ("co", "co", Form::Plain),
    ("voc_parts", "tvoc", Form::Plain),
    ("voc", "tvoc", Form::Stated),
    ("formaldehyd", "formaldehyde", Form::Assumed),
    ("hcho", "formaldehyde", Form::Assumed),
    ("pm25", "pm25", Form::Plain),
    ("pm10", "pm10", Form::Plain),
    ("noise", "sound_level", Form::Plain),
];

const AVAILABILITY: &[Row] = &[(super::STATE, "online", Form::Plain)];

/// What to do with the value under one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Number of the key within its table.
    pub(super) slot: usize,
    pub(super) kind: KindId,
    pub(super) form: Form,
    pub(super) hint: Hint,
}

/// A key that was found: its rule, and which of several it is; 0 if it says nothing of that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'k> {
    pub(super) rule: &'k Rule,
    pub(super) channel: u16,
}

/// A table of keys without collisions: a seed was looked for that has none, so a look-up is
/// one multiplication and one comparison. Nothing from the network is ever put in.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    places: Vec<Option<(&'static str, Rule)>>,
    seed: u32,
    count: usize,
    /// Slot of `illuminance`, which gives way to `illuminance_lux`.
    pub(super) illuminance: usize,
    pub(super) aliases: Aliases,
}

/// Kinds that are named by a value, not by a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aliases {
    pub(super) sos: KindId,
    pub(super) fall: KindId,
    pub(super) vibration: KindId,
    pub(super) battery_voltage: KindId,
    pub(super) mains_voltage: KindId,
}

/// Places of a table; a power of two, and several times the number of keys.
const PLACES: usize = 256;

/// Where a key belongs: its length and three of its letters tell our keys apart.
fn place(key: &str, seed: u32) -> usize {
    let bytes = key.as_bytes();
    let letter = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    let middle = letter(bytes.len() / 2);
    let last = letter(bytes.len().saturating_sub(1));
    let mixed = u32::from_le_bytes([length, letter(0), middle, last]).wrapping_mul(seed);
    usize::from(mixed.to_be_bytes()[0])
}

fn has_no_collision(table: &[Row], seed: u32) -> bool {
    let mut taken = [false; PLACES];
    table.iter().all(|(key, ..)| {
        taken.get_mut(place(key, seed)).is_some_and(|taken| !std::mem::replace(taken, true))
    })
}

impl Keys {
    pub(super) fn of_state(catalogue: &Catalogue) -> Self {
        Self::new(STATE, catalogue)
    }

    pub(super) fn of_availability(catalogue: &Catalogue) -> Self {
        Self::new(AVAILABILITY, catalogue)
    }

    fn new(table: &[Row], catalogue: &Catalogue) -> Self {
        // Every catalogue begins with the built-in kinds, and a test finds all names in them.
        let id = |name| catalogue.find(name).unwrap_or(KindId(0));
        let seed = (1..u32::MAX).step_by(2).find(|seed| has_no_collision(table, *seed));
        let seed = seed.unwrap_or(1);
        let mut places = vec![None; PLACES];
        for (slot, &(key, kind, form)) in table.iter().enumerate() {
            let kind = id(kind);
            let form = match (form, catalogue.get(kind).value_type) {
                (Form::Plain, ValueType::Number) => Form::Number(catalogue.get(kind).absent),
                (form, _) => form,
            };
            let hint = match key {
                "battery" | "battery_low" => Hint::Battery,
                "power" | "current" | "energy" => Hint::Mains,
                _ => Hint::None,
            };
            if let Some(place) = places.get_mut(place(key, seed)) {
                *place = Some((key, Rule { slot, kind, form, hint }));
            }
        }
        let is_illuminance = |(.., form): &Row| *form == Form::Illuminance;
        Self {
            places,
            seed,
            count: table.len(),
            illuminance: table.iter().position(is_illuminance).unwrap_or(usize::MAX),
            aliases: Aliases {
                sos: id("sos"),
                fall: id("fall"),
                vibration: id("vibration"),
                battery_voltage: id("battery_voltage"),
                mains_voltage: id("mains_voltage"),
            },
        }
    }

    #[inline]
    pub(super) fn find(&self, key: &str) -> Option<Found<'_>> {
        match self.rule(key) {
            Some(rule) => Some(Found { rule, channel: 0 }),
            None => self.find_endpoint(key),
        }
    }

    #[inline]
    fn rule(&self, key: &str) -> Option<&Rule> {
        let (known, rule) = self.places.get(place(key, self.seed))?.as_ref()?;
        (*known == key).then_some(rule)
    }

    /// A key nobody knows may be a known one of a device that has several.
    #[cold]
    fn find_endpoint(&self, key: &str) -> Option<Found<'_>> {
        let (stem, channel) = endpoint::split(key)?;
        let rule = self.rule(stem).filter(|rule| rule.form != Form::LastSeen)?;
        Some(Found { rule, channel })
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_and_its_kind_exists() {
        let catalogue = Catalogue::builtin();
        for table in [STATE, AVAILABILITY] {
            let keys = Keys::new(table, &catalogue);
            for (slot, (key, kind, form)) in table.iter().enumerate() {
                assert_eq!(keys.find(key).unwrap().rule.slot, slot, "{key}");
                assert!(keys.find(&key.to_uppercase()).is_none(), "{key}");
                assert!(*form == Form::LastSeen || catalogue.find(kind).is_some(), "{key}");
            }
            for unknown in ["", "x", "batterie", "linkqualitY", &"a".repeat(300)] {
                assert!(keys.find(unknown).is_none(), "{unknown}");
            }
        }
        for kind in ["sos", "fall", "vibration", "battery_voltage", "mains_voltage"] {
            assert!(catalogue.find(kind).is_some(), "{kind}");
        }
    }
}
