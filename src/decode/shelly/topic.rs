//! What a topic of a Shelly is about.

use crate::decode::{error::NonReading, identity};

/// What a topic is about. `device` is where the device's name stands in the topic.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'t> {
    /// Notifications of the second generation.
    Events { device: (usize, usize) },
    /// The whole status of one component.
    Component { device: (usize, usize), component: &'t str },
    /// Whether the device is there.
    Online { device: (usize, usize) },
    /// One value of the first generation, under what it is called.
    FirstGeneration { device: (usize, usize), path: &'t str },
    /// What a script heard of a BLU sensor.
    Blu { address: String },
    /// Nothing that is measured.
    Told(NonReading),
    /// None of Shelly's.
    Foreign,
}

/// First level of the first generation's topics.
const FIRST_GENERATION: &str = "shellies/";

pub(super) fn place(topic: &str) -> Place<'_> {
    if let Some(prefix) = topic.strip_suffix("/events/rpc") {
        return Place::Events { device: (0, prefix.len()) };
    }
    if let Some((prefix, component)) = topic.rsplit_once("/status/")
        && !component.contains('/')
    {
        return Place::Component { device: (0, prefix.len()), component };
    }
    if let Some(start) = first_generation(topic) {
        return place_of_first(topic, start);
    }
    if let Some(prefix) = topic.strip_suffix("/online") {
        return Place::Online { device: (0, prefix.len()) };
    }
    let last = topic.rsplit('/').next().unwrap_or_default();
    match (last, identity::mac(last)) {
        (_, Some(address)) => Place::Blu { address },
        // Calls to the device; its answers come on a topic of the caller's choice with this end.
        ("rpc" | "command", _) => Place::Told(NonReading::Command),
        _ if topic.contains("/command/") => Place::Told(NonReading::Command),
        _ if topic.ends_with("/debug/log") => Place::Told(NonReading::Bridge),
        _ => Place::Foreign,
    }
}

/// Where the level after `shellies` begins.
fn first_generation(topic: &str) -> Option<usize> {
    if topic.starts_with(FIRST_GENERATION) {
        return Some(FIRST_GENERATION.len());
    }
    let (before, _) = topic.split_once("/shellies/")?;
    Some(before.len() + 1 + FIRST_GENERATION.len())
}

fn place_of_first(topic: &str, start: usize) -> Place<'_> {
    let rest = topic.get(start..).unwrap_or_default();
    let Some((name, path)) = rest.split_once('/') else {
        return match rest {
            "announce" => Place::Told(NonReading::Description),
            "command" => Place::Told(NonReading::Command),
            _ => Place::Foreign,
        };
    };
    let device = (start, start + name.len());
    match path {
        "online" => Place::Online { device },
        "announce" => Place::Told(NonReading::Description),
        // It says once more, in one piece, what the topics say.
        "info" => Place::Told(NonReading::Status),
        "rpc" => Place::Told(NonReading::Command),
        path if path.split('/').any(|level| matches!(level, "command" | "set")) => {
            Place::Told(NonReading::Command)
        }
        path => Place::FirstGeneration { device, path },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generation_has_its_topics() {
        let told = Place::Told;
        for (topic, expected) in [
            ("plug-1/events/rpc", Place::Events { device: (0, 6) }),
            ("h/7/plug-1/events/rpc", Place::Events { device: (0, 10) }),
            ("plug-1/status/switch:0", Place::Component { device: (0, 6), component: "switch:0" }),
            (
                "shellies/plug-1/status/wifi",
                Place::Component { device: (0, 15), component: "wifi" },
            ),
            ("plug-1/online", Place::Online { device: (0, 6) }),
            ("shellies/ht-1/online", Place::Online { device: (9, 13) }),
            (
                "h/shellies/ht-1/sensor/battery",
                Place::FirstGeneration { device: (11, 15), path: "sensor/battery" },
            ),
            ("shellies/m-1/status", Place::FirstGeneration { device: (9, 12), path: "status" }),
            ("shellies/ht-1/announce", told(NonReading::Description)),
            ("shellies/announce", told(NonReading::Description)),
            ("shellies/ht-1/info", told(NonReading::Status)),
            ("shellies/plug-1/relay/0/command", told(NonReading::Command)),
            ("shellies/lamp-1/light/0/set", told(NonReading::Command)),
            ("shellies/command", told(NonReading::Command)),
            ("plug-1/rpc", told(NonReading::Command)),
            ("plug-1/command/switch:0", told(NonReading::Command)),
            ("plug-1/debug/log", told(NonReading::Bridge)),
            ("blu/events/0a:1b:2c:3d:4e:5f", Place::Blu { address: "0A1B2C3D4E5F".to_owned() }),
            ("plug-1/of/somebody", Place::Foreign),
            ("shellies", Place::Foreign),
        ] {
            assert_eq!(place(topic), expected, "{topic}");
        }
    }
}
