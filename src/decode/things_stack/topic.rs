//! What a topic of The Things Stack is about: `v3/<application>/devices/<device>/<what>`.

/// What a topic is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `up`; also a topic of another shape, where the payload decides.
    Uplink,
    /// `location/solved`.
    Location,
    /// `down/push`, `down/replace`.
    Command,
    /// The rest of `down/`.
    Acknowledgement,
    /// `join`, `service/data`.
    Status,
}

/// What it is about, and the device's name in it.
pub(super) fn place(topic: &str) -> (Place, &str) {
    let Some((_, rest)) = topic.split_once("/devices/") else { return (Place::Uplink, "") };
    let (device, what) = rest.split_once('/').unwrap_or((rest, ""));
    let place = match what {
        "location/solved" => Place::Location,
        "down/push" | "down/replace" => Place::Command,
        "join" | "service/data" => Place::Status,
        what if what.starts_with("down/") => Place::Acknowledgement,
        _ => Place::Uplink,
    };
    (place, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_levels_say_what_it_is() {
        for (topic, expected) in [
            ("v3/care@town/devices/bed-1/up", (Place::Uplink, "bed-1")),
            ("v3/care/devices/bed-1/join", (Place::Status, "bed-1")),
            ("v3/care/devices/bed-1/down/push", (Place::Command, "bed-1")),
            ("v3/care/devices/bed-1/down/queued", (Place::Acknowledgement, "bed-1")),
            ("v3/care/devices/bed-1/location/solved", (Place::Location, "bed-1")),
            ("v3/care/devices/bed-1/service/data", (Place::Status, "bed-1")),
            ("v3/care/devices/bed-1", (Place::Uplink, "bed-1")),
            ("bridge/bed-1", (Place::Uplink, "")),
        ] {
            assert_eq!(place(topic), expected, "{topic}");
        }
    }
}
