//! Components: what a device is made of, each with a number where there may be several.

/// One value's place in a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    /// `switch`.
    pub(super) component: &'p str,
    /// 0, where it has one.
    pub(super) instance: Option<u16>,
    /// `aenergy/total`; empty for the component itself.
    pub(super) field: &'p str,
}

/// Sensors that come alone. The first of them is the device's only one; further ones, of an
/// add-on, have numbers from 100.
const ALONE: [&str; 8] = [
    "devicepower",
    "flood",
    "humidity",
    "illuminance",
    "presence",
    "smoke",
    "temperature",
    "thermostat",
];

/// Meters of three phases, whose fields begin with the letter of the phase.
const THREE_PHASES: [&str; 2] = ["em", "emdata"];

impl<'p> Place<'p> {
    /// Of the second generation: `switch:0` and `aenergy/total`.
    pub(super) fn new(component: &'p str, field: &'p str) -> Self {
        let (component, instance) = match component.split_once(':') {
            Some((name, number)) => match number.parse() {
                Ok(number) => (name, Some(number)),
                Err(_) => (component, None),
            },
            None => (component, None),
        };
        Self { component, instance, field }
    }

    /// Of the first generation: `relay/0/power`, `sensor/battery`, `temperature`.
    pub(super) fn of_topic(path: &'p str) -> Self {
        let (component, rest) = path.split_once('/').unwrap_or((path, ""));
        let (number, field) = rest.split_once('/').unwrap_or((rest, ""));
        match number.parse() {
            Ok(instance) => Self { component, instance: Some(instance), field },
            Err(_) => Self { component, instance: None, field: rest },
        }
    }

    /// Which of several of its kind the device has. It follows from the name alone, never from
    /// what else the device has said, so it is the same in every message.
    pub(super) fn channel(&self) -> u16 {
        let Some(instance) = self.instance else { return 0 };
        if THREE_PHASES.contains(&self.component) {
            let phase = match self.field.split_once('_') {
                Some(("a", _)) => 1,
                Some(("b", _)) => 2,
                Some(("c", _)) => 3,
                Some(_) | None => return 0,
            };
            return instance.saturating_mul(3).saturating_add(phase);
        }
        if instance == 0 && ALONE.contains(&self.component) {
            return 0;
        }
        instance.saturating_add(1)
    }

    /// The key of the table: without the number.
    pub(super) fn write_key(&self, key: &mut String) {
        key.clear();
        key.push_str(self.component);
        if !self.field.is_empty() {
            key.push('/');
            key.push_str(self.field);
        }
    }

    /// The key with the number, for what holds for one of several only.
    pub(super) fn write_numbered_key(&self, key: &mut String) {
        key.clear();
        key.push_str(self.component);
        if let Some(instance) = self.instance {
            key.push(':');
            key.push_str(&instance.to_string());
        }
        if !self.field.is_empty() {
            key.push('/');
            key.push_str(self.field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_alone_says_the_channel() {
        for (place, channel) in [
            (Place::new("switch:0", "apower"), 1),
            (Place::new("switch:3", "apower"), 4),
            (Place::new("temperature:0", "tC"), 0),
            (Place::new("temperature:100", "tC"), 101),
            (Place::new("switch:0", "temperature/tC"), 1),
            (Place::new("em:0", "total_act_power"), 0),
            (Place::new("em:0", "b_voltage"), 2),
            (Place::new("em:1", "c_voltage"), 6),
            (Place::new("wifi", "rssi"), 0),
            (Place::new("bthomesensor:203", "value"), 204),
            (Place::new("switch:65535", "apower"), u16::MAX),
            (Place::new("switch:x", "apower"), 0),
            (Place::of_topic("sensor/temperature"), 0),
            (Place::of_topic("relay/0"), 1),
            (Place::of_topic("emeter/2/power"), 3),
            (Place::of_topic("temperature"), 0),
        ] {
            assert_eq!(place.channel(), channel, "{place:?}");
        }
    }

    #[test]
    fn a_key_has_the_number_only_where_it_is_wanted() {
        let mut key = String::new();
        for (place, plain, numbered) in [
            (
                Place::new("switch:0", "aenergy/total"),
                "switch/aenergy/total",
                "switch:0/aenergy/total",
            ),
            (Place::new("wifi", "rssi"), "wifi/rssi", "wifi/rssi"),
            (Place::of_topic("relay/1"), "relay", "relay:1"),
            (Place::of_topic("relay/1/power"), "relay/power", "relay:1/power"),
            (Place::of_topic("light/0/status/ison"), "light/status/ison", "light:0/status/ison"),
        ] {
            place.write_key(&mut key);
            assert_eq!(key, plain);
            place.write_numbered_key(&mut key);
            assert_eq!(key, numbered);
        }
    }
}
