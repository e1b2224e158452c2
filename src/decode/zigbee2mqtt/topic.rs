//! What a topic of Zigbee2MQTT is about. Device names may hold `/`, so only a few last levels
//! are special.

use crate::decode::decoded::DeviceName;

/// What a topic is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `bridge/...`: the gateway's own.
    Bridge,
    /// `.../set` and `.../get`.
    Command,
    /// `.../availability`.
    Availability(DeviceName),
    /// A device; or, if the body is one bare value, perhaps one of its keys.
    Device,
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
pub(super) fn place(topic: &str, device: &str) -> Place {
    if is_bridge(topic, device) {
        return Place::Bridge;
    }
    let is_command = topic.ends_with("/set") || topic.ends_with("/get");
    if !is_command && !topic.ends_with("/availability") {
        return Place::Device;
    }
    match sub_topic(topic, device) {
        None => Place::Device,
        Some(_) if is_command => Place::Command,
        Some(sub) => Place::Availability(sub.device),
    }
}

/// The last level apart from the device it belongs to. `None` if it is the device's name.
pub(super) fn sub_topic<'t>(topic: &'t str, device: &str) -> Option<SubTopic<'t>> {
    let (head, key) = topic.rsplit_once('/')?;
    let device = match device.strip_suffix(key) {
        // The capture is the last level alone: a name, whatever it says.
        Some("") => return None,
        Some(head) => match head.strip_suffix('/') {
            Some(head) => DeviceName::CapturedPrefix(head.len()),
            None => DeviceName::Captured,
        },
        None => DeviceName::Captured,
    };
    let parent = match head.rsplit('/').next() {
        Some("set" | "get") => Parent::Command,
        Some(_) | None => Parent::Device,
    };
    Some(SubTopic { key, device, parent })
}

/// What stands before the gateway's list of devices, with its last `/`; `None` is another topic.
pub(super) fn base_of_devices(topic: &str) -> Option<&str> {
    let base = topic.strip_suffix("bridge/devices")?;
    (base.is_empty() || base.ends_with('/')).then_some(base)
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

    #[test]
    fn only_a_few_last_levels_are_special() {
        let prefix = |length| Place::Availability(DeviceName::CapturedPrefix(length));
        for (topic, device, expected) in [
            ("z/bridge/state", "bridge/state", Place::Bridge),
            ("z/bridge", "bridge", Place::Bridge),
            ("z/bridge/devices", "", Place::Bridge),
            ("z/my bridge/state", "my bridge/state", Place::Device),
            ("z/hall/set", "hall/set", Place::Command),
            ("z/hall/get", "hall", Place::Command),
            ("z/hall/availability", "hall/availability", prefix(4)),
            ("z/hall/availability", "hall", Place::Availability(DeviceName::Captured)),
            ("z/hall/availability", "", Place::Availability(DeviceName::Captured)),
            ("z/availability", "availability", Place::Device),
            ("z/set", "set", Place::Device),
            ("z/sunset", "sunset", Place::Device),
            ("z/hall", "hall", Place::Device),
            ("hall", "", Place::Device),
        ] {
            assert_eq!(place(topic, device), expected, "{topic} {device}");
        }
    }

    #[test]
    fn a_last_level_is_told_from_a_name() {
        let sub = |key, device, parent| Some(SubTopic { key, device, parent });
        let prefix = DeviceName::CapturedPrefix;
        for (topic, device, expected) in [
            ("hall", "hall", None),
            ("z/hall", "hall", None),
            ("z/my bridge/lamp", "my bridge/lamp", sub("lamp", prefix(9), Parent::Device)),
            ("z/hall/set/state", "hall/set/state", sub("state", prefix(8), Parent::Command)),
            ("z/hall/action", "hall", sub("action", DeviceName::Captured, Parent::Device)),
            ("z/hall/action", "", sub("action", DeviceName::Captured, Parent::Device)),
        ] {
            assert_eq!(sub_topic(topic, device), expected, "{topic} {device}");
        }
    }
}
