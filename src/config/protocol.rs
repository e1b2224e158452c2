//! The version of MQTT a link speaks, and the keys that only one of the two has.

use std::time::Duration;

use toml::de::DeValue;

use super::{
    document::{Mistake, Section},
    form::Form,
    link::seconds,
    setting::Setting,
};

/// The version of MQTT a link speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 5.
    V5,
    /// MQTT 3.1.1.
    V311,
}

impl Protocol {
    /// The key that says how many unacknowledged messages may be on the way.
    pub(super) fn window_key(self) -> &'static str {
        match self {
            Self::V5 => "receive_maximum",
            Self::V311 => "inflight",
        }
    }

    /// In MQTT 5 the client names the window. In 3.1.1 the broker has one of its own and tells
    /// nobody, so the operator has to: Mosquitto's is 20 unless set. The key of the other version
    /// is read too, but has no default where it cannot stand.
    pub(super) fn read_window(self, section: &mut Section<'_>) -> u16 {
        let bounds = 1..=u16::MAX;
        match self {
            Self::V5 => {
                let window = section.within("receive_maximum", 10_000, &bounds);
                section.get_within("inflight", &bounds);
                let fix = "write receive_maximum instead: trygg tells it to the broker";
                refuse_foreign(section, "inflight", Self::V311, fix);
                window
            }
            Self::V311 => {
                section.get_within("receive_maximum", &bounds);
                let fix = "write inflight instead, with the broker's own limit (Mosquitto: \
                           max_inflight_messages)";
                refuse_foreign(section, "receive_maximum", Self::V5, fix);
                section.within("inflight", 20, &bounds)
            }
        }
    }

    /// What may be outstanding unless the operator says otherwise: twice the window. The window of
    /// 3.1.1 is small and says nothing about QoS 0, so there it is what MQTT 5 has by default.
    pub(super) fn usual_outstanding(self, window: u16) -> usize {
        let twice = 2 * usize::from(window);
        match self {
            Self::V5 => twice,
            Self::V311 => twice.max(20_000),
        }
    }

    /// In 3.1.1 there is no such word.
    pub(super) fn read_session_expiry(self, section: &mut Section<'_>) -> Duration {
        let (day, bounds) = (seconds(86_400), seconds(60)..=seconds(365 * 86_400));
        match self {
            Self::V5 => section.within("session_expiry", day, &bounds),
            Self::V311 => {
                section.get_within("session_expiry", &bounds);
                let fix = "remove it, and set at the broker how long it keeps a session \
                           (Mosquitto: persistent_client_expiration)";
                refuse_foreign(section, "session_expiry", Self::V5, fix);
                day
            }
        }
    }
}

/// Refuses a key that only links of the other version have.
fn refuse_foreign(section: &mut Section<'_>, key: &'static str, owner: Protocol, fix: &str) {
    if section.has(key) {
        let expected = format!("no {key}, which only a link with protocol = {} has", owner.show());
        section.refuse_found(key, Mistake::new(expected, fix));
    }
}

impl Setting for Protocol {
    const EXPECTED: &'static str = "\"5\" or \"3.1.1\"";
    const EXAMPLE: &'static str = "\"5\"";
    const FORM: Form = Form::words(&["5", "3.1.1"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "5" => Some(Self::V5),
            "3.1.1" => Some(Self::V311),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Self::V5 => "\"5\"".to_owned(),
            Self::V311 => "\"3.1.1\"".to_owned(),
        }
    }
}
