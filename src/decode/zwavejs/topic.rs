//! What a topic of Z-Wave JS UI is about. Classes, properties and keys stand in it by number and
//! name, or by names only, as the gateway is set.

use crate::decode::error::NonReading;

/// What a topic is about. `device` is where the node's name stands in the topic, its location
/// included.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A value; `key` is its class, property and property key as the table writes them.
    Value { device: (usize, usize), key: String, endpoint: u16 },
    /// Whether a node is there.
    Status { device: (usize, usize) },
    /// Nothing that is measured.
    Told(NonReading),
    /// None of the gateway's.
    Foreign,
}

/// Classes, by number and by the gateway's name for them.
const CLASSES: [(u16, &str); 19] = [
    (37, "switch_binary"),
    (38, "switch_multilevel"),
    (48, "sensor_binary"),
    (49, "sensor_multilevel"),
    (50, "meter"),
    (64, "thermostat_mode"),
    (66, "thermostat_operating_state"),
    (67, "thermostat_setpoint"),
    (91, "central_scene"),
    (98, "door_lock"),
    (99, "user_code"),
    (102, "barrier_operator"),
    (111, "entry_control"),
    (112, "configuration"),
    (113, "notification"),
    (114, "manufacturer_specific"),
    (128, "battery"),
    (134, "version"),
    (156, "sensor_alarm"),
];

/// Smaller numbers are no classes of an application.
const CLASS_MIN: u8 = 32;

/// Longest class, property and key that are looked at.
const KEY_MAX: usize = 128;

pub(super) fn place(topic: &str) -> Place {
    let levels: Vec<(usize, &str)> = levels(topic);
    if let Some(what) = told(&levels) {
        return Place::Told(what);
    }
    let start = levels.get(1).map_or(topic.len(), |(at, _)| *at);
    if let [.., (_, parent), (at, "status")] = *levels
        && at > start
    {
        return match parent {
            "driver" => Place::Told(NonReading::Bridge),
            _ => Place::Status { device: (start, at - 1) },
        };
    }
    // From the end, since a node may be called by a number, too.
    let candidates = levels.windows(3).rev().filter(|window| match window {
        [(at, _), ..] => *at > start,
        _ => false,
    });
    for window in candidates {
        let [(at, class), (_, endpoint), (property, _)] = *window else { continue };
        let (Some(class), Some(endpoint)) = (class_name(class), endpoint_of(endpoint)) else {
            continue;
        };
        let mut key = class.to_owned();
        for level in topic.get(property..).unwrap_or_default().split('/') {
            push(&mut key, level);
        }
        return Place::Value { device: (start, at - 1), key, endpoint };
    }
    if is_other_class(&levels) { Place::Told(NonReading::Status) } else { Place::Foreign }
}

/// Is it a value of a class that measures nothing, such as when a node wakes up?
fn is_other_class(levels: &[(usize, &str)]) -> bool {
    levels.get(1..).unwrap_or_default().windows(3).any(|window| match *window {
        [(_, class), (_, endpoint), _] => {
            let is_number = class.parse().is_ok_and(|class: u8| class >= CLASS_MIN);
            let is_named = endpoint.starts_with("endpoint_");
            (is_number || is_named) && endpoint_of(endpoint).is_some()
        }
        _ => false,
    })
}

/// Every level with its place.
fn levels(topic: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let level = |level| {
        let start = at;
        at += str::len(level) + 1;
        (start, level)
    };
    topic.split('/').map(level).collect()
}

fn told(levels: &[(usize, &str)]) -> Option<NonReading> {
    let is = |name: &str| levels.iter().any(|(_, level)| *level == name);
    if is("_EVENTS") || is("_EVENTS_") || is("_CLIENTS") {
        return Some(NonReading::Bridge);
    }
    let (_, last) = levels.last()?;
    match *last {
        "set" | "writeValue" => Some(NonReading::Command),
        "nodeinfo" => Some(NonReading::Description),
        "lastActive" | "statistics" | "version" => Some(NonReading::Status),
        _ => None,
    }
}

fn class_name(level: &str) -> Option<&'static str> {
    let number: Option<u16> = level.parse().ok();
    let mut classes = CLASSES.iter();
    let (_, name) = classes.find(|(known, name)| number == Some(*known) || *name == level)?;
    Some(name)
}

fn endpoint_of(level: &str) -> Option<u16> {
    let number = level.strip_prefix("endpoint_").unwrap_or(level).parse().ok()?;
    // A device has 127 at most.
    (number <= 127).then_some(number)
}

/// The key of a value as its object describes it. `None`: the class is not known.
pub(super) fn key(class: u16, property: &str, property_key: Option<&str>) -> Option<String> {
    let (_, name) = CLASSES.iter().find(|(known, _)| *known == class)?;
    let mut key = (*name).to_owned();
    push(&mut key, property);
    if let Some(property_key) = property_key {
        push(&mut key, property_key);
    }
    Some(key)
}

/// Adds a level in the table's spelling: small letters, digits and `_` for blanks, which is what
/// all ways of writing a name have in common.
fn push(key: &mut String, level: &str) {
    if key.len() + level.len() >= KEY_MAX {
        return;
    }
    key.push('/');
    for letter in level.bytes() {
        match letter {
            b'a'..=b'z' | b'0'..=b'9' => key.push(char::from(letter)),
            b'A'..=b'Z' => key.push(char::from(letter.to_ascii_lowercase())),
            b' ' | b'_' | b'/' | b'-' => key.push('_'),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(device: (usize, usize), key: &str, endpoint: u16) -> Place {
        Place::Value { device, key: key.to_owned(), endpoint }
    }

    #[test]
    fn numbers_and_names_say_the_same() {
        for (topic, expected) in [
            ("z/hall/49/0/Air_temperature", value((2, 6), "sensor_multilevel/air_temperature", 0)),
            (
                "z/up/hall/sensor_multilevel/endpoint_2/Air_temperature",
                value((2, 9), "sensor_multilevel/air_temperature", 2),
            ),
            ("z/nodeID_8/50/1/value/65537", value((2, 10), "meter/value/65537", 1)),
            ("z/48/49/0/Humidity", value((2, 4), "sensor_multilevel/humidity", 0)),
            (
                "z/hall/113/0/Home_Security/Motion_sensor_status",
                value((2, 6), "notification/home_security/motion_sensor_status", 0),
            ),
            ("z/hall/status", Place::Status { device: (2, 6) }),
            ("z/up/hall/status", Place::Status { device: (2, 9) }),
            ("z/driver/status", Place::Told(NonReading::Bridge)),
            ("z/_CLIENTS/ZWAVE_GATEWAY-1/status", Place::Told(NonReading::Bridge)),
            ("z/_EVENTS/ZWAVE_GATEWAY-1/node/value_updated", Place::Told(NonReading::Bridge)),
            ("z/hall/37/0/targetValue/set", Place::Told(NonReading::Command)),
            ("z/hall/nodeinfo", Place::Told(NonReading::Description)),
            ("z/hall/lastActive", Place::Told(NonReading::Status)),
            ("z/hall/132/0/wakeUpInterval", Place::Told(NonReading::Status)),
            ("z/hall/wake_up/endpoint_0/wakeUpInterval", Place::Told(NonReading::Status)),
            ("z/hall/156/0/state/5", value((2, 6), "sensor_alarm/state/5", 0)),
            ("z/hall/5/0/x", Place::Foreign),
            ("z/hall", Place::Foreign),
            ("z/hall/49/x/Air_temperature", Place::Foreign),
            ("hall", Place::Foreign),
        ] {
            assert_eq!(place(topic), expected, "{topic}");
        }
    }

    #[test]
    fn an_object_says_it_as_the_topic_does() {
        let motion = Some("notification/home_security/motion_sensor_status".to_owned());
        assert_eq!(key(113, "Home Security", Some("Motion sensor status")), motion);
        assert_eq!(key(48, "Door/Window", None).as_deref(), Some("sensor_binary/door_window"));
        assert_eq!(key(9, "x", None), None);
        let long = "k".repeat(300);
        assert_eq!(key(113, &long, None).as_deref(), Some("notification"));
    }
}
