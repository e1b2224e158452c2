//! Which event a topic is for: `application/<id>/device/<eui>/event/<event>`.

/// What a topic is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// `up`; `rx` of old releases; also a topic of another shape.
    Uplink,
    /// What the device said of its battery.
    Status,
    /// Where the server believes it to be.
    Location,
    /// It joined the network.
    Join,
    /// `ack`, `txack`.
    Acknowledgement,
    /// `command/...`.
    Command,
    /// `log`, `integration`, and everything about gateways.
    Server,
}

/// The event, and the device's number in the topic.
pub(super) fn of(topic: &str) -> (Event, &str) {
    if topic.split('/').any(|level| level == "gateway") {
        return (Event::Server, "");
    }
    let eui = topic.split_once("/device/").and_then(|(_, rest)| rest.split('/').next());
    let (head, last) = topic.rsplit_once('/').unwrap_or(("", topic));
    let event = match last {
        _ if head.ends_with("/command") || head == "command" => Event::Command,
        "status" => Event::Status,
        "location" => Event::Location,
        "join" => Event::Join,
        "ack" | "txack" => Event::Acknowledgement,
        "log" | "error" | "integration" => Event::Server,
        "tx" => Event::Command,
        _ => Event::Uplink,
    };
    (event, eui.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_level_says_which() {
        let eui = "0badc0de00000001";
        for (last, expected) in [
            ("event/up", Event::Uplink),
            ("rx", Event::Uplink),
            ("event/status", Event::Status),
            ("event/location", Event::Location),
            ("event/join", Event::Join),
            ("event/txack", Event::Acknowledgement),
            ("event/log", Event::Server),
            ("command/down", Event::Command),
        ] {
            let topic = format!("application/4/device/{eui}/{last}");
            assert_eq!(of(&topic), (expected, eui), "{topic}");
        }
        assert_eq!(of("eu868/gateway/0016c001f153a14c/event/up"), (Event::Server, ""));
        assert_eq!(of("bed"), (Event::Uplink, ""));
    }
}
