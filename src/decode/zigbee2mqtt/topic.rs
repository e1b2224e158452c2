//! What a topic of Zigbee2MQTT is about. Device names may hold `/`, so only a few last levels
//! are special.

use crate::decode::decoded::DeviceName;

/// What a topic is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'t> {
    /// `bridge/...`: the gateway's own.
    Bridge,
    /// `.../set` and `.../get`.
    Command,
    /// `.../availability`.
    Availability(DeviceName),
    /// A device; or, if the body is one bare value, the last level is its key.
    Device(Option<SubTopic<'t>>),
}

/// A last level that may be a key under attribute output.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SubTopic<'t> {
    pub(super) key: &'t str,
    pub(super) device: DeviceName,
    pub(super) parent: Parent,
}

/// What stands before a last level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// The device, or a folder of its name.
    Device,
    /// `set` or `get`.
    Command,
}

/// `device` is the captured part of `topic`; empty if nothing was captured.
pub(super) fn place<'t>(topic: &'t str, device: &str) -> Place<'t> {
    if is_bridge(topic, device) {
        return Place::Bridge;
    }
    let Some((head, last)) = topic.rsplit_once('/') else { return Place::Device(None) };
    let device = match device.strip_suffix(last).map(|head| head.strip_suffix('/')) {
        // The capture is the last level alone: it is the device's name, whatever it says.
        Some(None) if device.len() == last.len() => return Place::Device(None),
        Some(Some(head)) => DeviceName::CapturedPrefix(head.len()),
        Some(None) | None => DeviceName::Captured,
    };
    match last {
        "availability" => Place::Availability(device),
        "set" | "get" => Place::Command,
        key => {
            let parent = match head.rsplit('/').next() {
                Some("set" | "get") => Parent::Command,
                Some(_) | None => Parent::Device,
            };
            Place::Device(Some(SubTopic { key, device, parent }))
        }
    }
}

/// The gateway keeps the name `bridge` for itself.
fn is_bridge(topic: &str, device: &str) -> bool {
    if device.is_empty() {
        topic.split('/').any(|level| level == "bridge")
    } else {
        device == "bridge" || device.starts_with("bridge/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(key: &str, device: DeviceName, parent: Parent) -> Place<'_> {
        Place::Device(Some(SubTopic { key, device, parent }))
    }

    #[test]
    fn only_a_few_last_levels_are_special() {
        for (topic, device, expected) in [
            ("z/bridge/state", "bridge/state", Place::Bridge),
            ("z/bridge", "bridge", Place::Bridge),
            ("z/bridge/devices", "", Place::Bridge),
            ("z/hall/set", "hall/set", Place::Command),
            ("z/hall/get", "hall", Place::Command),
            ("z/hall/availability", "hall/availability", Place::Availability(DeviceName::CapturedPrefix(4))),
            ("z/hall/availability", "hall", Place::Availability(DeviceName::Captured)),
            ("z/hall/availability", "", Place::Availability(DeviceName::Captured)),
            ("z/availability", "availability", Place::Device(None)),
            ("z/set", "set", Place::Device(None)),
            ("z/hall", "hall", Place::Device(None)),
            ("hall", "hall", Place::Device(None)),
            ("hall", "", Place::Device(None)),
            ("z/my bridge/lamp", "my bridge/lamp", sub("lamp", DeviceName::CapturedPrefix(9), Parent::Device)),
            ("z/up/hall", "up/hall", sub("hall", DeviceName::CapturedPrefix(2), Parent::Device)),
            ("z/hall/set/state", "hall/set/state", sub("state", DeviceName::CapturedPrefix(8), Parent::Command)),
            ("z/hall/action", "hall", sub("action", DeviceName::Captured, Parent::Device)),
        ] {
            assert_eq!(place(topic, device), expected, "{topic} {device}");
        }
    }
}
