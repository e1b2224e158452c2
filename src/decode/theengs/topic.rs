//! What a topic of a Bluetooth gateway is about.

use crate::decode::error::NonReading;

/// What a topic is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<'t> {
    /// An advertisement; `gateway` is all of the topic before `id`.
    Advertisement { gateway: &'t str, id: &'t str },
    /// Whether a gateway is there.
    Will { gateway: &'t str },
    /// Nothing that is measured.
    Told(NonReading),
}

/// The level before the address.
const BLUETOOTH: &str = "BTtoMQTT";

/// Digits of a beacon's UUID.
const UUID_DIGITS: usize = 32;

pub(super) fn place(topic: &str) -> Place<'_> {
    let (gateway, last) = topic.rsplit_once('/').unwrap_or(("", topic));
    let mut levels = topic.split('/');
    if last == "LWT" {
        return Place::Will { gateway: gateway.rsplit('/').next().unwrap_or_default() };
    }
    let is_command = |level: &str| level == "commands" || level.starts_with("MQTTto");
    if levels.clone().any(is_command) {
        return Place::Told(NonReading::Command);
    }
    if levels.clone().any(|level| level == "undecoded") {
        return Place::Told(NonReading::NoKnownKey);
    }
    // Its own state, other radios, and the state of its Bluetooth.
    let is_own = |level: &str| level.ends_with("toMQTT") && level != BLUETOOTH;
    if last == BLUETOOTH || levels.any(is_own) {
        return Place::Told(NonReading::Bridge);
    }
    Place::Advertisement { gateway, id: last }
}

/// Is it a beacon's UUID?
pub(super) fn is_beacon(id: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    id.bytes().all(is_digit) && id.bytes().filter(u8::is_ascii_hexdigit).count() == UUID_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_advertisements_measure() {
        let told = Place::Told;
        for (topic, expected) in [
            (
                "home/hall/BTtoMQTT/A4C138AABB01",
                Place::Advertisement { gateway: "home/hall/BTtoMQTT", id: "A4C138AABB01" },
            ),
            ("home/hall/LWT", Place::Will { gateway: "hall" }),
            ("home/hall/SYStoMQTT", told(NonReading::Bridge)),
            ("home/hall/BTtoMQTT", told(NonReading::Bridge)),
            ("home/hall/433toMQTT/7", told(NonReading::Bridge)),
            ("home/hall/commands/MQTTtoBT/config", told(NonReading::Command)),
            ("home/hall/BTtoMQTT/undecoded", told(NonReading::NoKnownKey)),
            ("home/hall/BTtoMQTT/undecoded/A4C138AABB01", told(NonReading::NoKnownKey)),
        ] {
            assert_eq!(place(topic), expected, "{topic}");
        }
    }
}
