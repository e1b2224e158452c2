//! The keys of Zigbee2MQTT that trygg knows, and how their values are read.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::{catalogue::Catalogue, model::KindId};

/// How the value under a key is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In the kind's own unit and sense.
    Plain,
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
const STATE: &[(&str, &str, Form)] = &[
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
    ("formaldehyd", "formaldehyde", Form::Assumed),
    ("hcho", "formaldehyde", Form::Assumed),
    ("pm25", "pm25", Form::Plain),
    ("pm10", "pm10", Form::Plain),
    ("noise", "sound_level", Form::Plain),
];

const AVAILABILITY: &[(&str, &str, Form)] = &[(super::STATE, "online", Form::Plain)];

/// What to do with the value under one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Number of the key within its table.
    pub(super) slot: usize,
    pub(super) kind: KindId,
    pub(super) form: Form,
    pub(super) hint: Hint,
}

/// A table of keys. The seed is fixed because nothing from the network is ever put in.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    rules: HashMap<&'static str, Rule, FixedState>,
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
}

impl Keys {
    pub(super) fn of_state(catalogue: &Catalogue) -> Self {
        Self::new(STATE, catalogue)
    }

    pub(super) fn of_availability(catalogue: &Catalogue) -> Self {
        Self::new(AVAILABILITY, catalogue)
    }

    fn new(table: &[(&'static str, &str, Form)], catalogue: &Catalogue) -> Self {
        // Every catalogue begins with the built-in kinds, and a test finds all names in them.
        let id = |name| catalogue.find(name).unwrap_or(KindId(0));
        let rules = table.iter().enumerate().map(|(slot, &(key, kind, form))| {
            let hint = match key {
                "battery" | "battery_low" => Hint::Battery,
                "power" | "current" | "energy" => Hint::Mains,
                _ => Hint::None,
            };
            (key, Rule { slot, kind: id(kind), form, hint })
        });
        Self {
            rules: rules.collect(),
            illuminance: table
                .iter()
                .position(|(.., form)| *form == Form::Illuminance)
                .unwrap_or(usize::MAX),
            aliases: Aliases {
                sos: id("sos"),
                fall: id("fall"),
                vibration: id("vibration"),
                battery_voltage: id("battery_voltage"),
            },
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<Rule> {
        self.rules.get(key).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_once_and_its_kind_exists() {
        let catalogue = Catalogue::builtin();
        for table in [STATE, AVAILABILITY] {
            assert_eq!(Keys::new(table, &catalogue).len(), table.len());
            for (key, kind, form) in table {
                assert!(*form == Form::LastSeen || catalogue.find(kind).is_some(), "{key}");
            }
        }
        for kind in ["sos", "fall", "vibration", "battery_voltage"] {
            assert!(catalogue.find(kind).is_some(), "{kind}");
        }
    }
}
