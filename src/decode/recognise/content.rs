//! What a payload shows of its format, wherever it was published.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Deserializer as Json;

use crate::decode::{format::Format, json_text};

/// How a payload begins, as far as that tells formats apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Object,
    List,
}

/// Keys of the outermost object, or of the first of a list, by which a format is known.
struct Rule {
    format: Format,
    shape: Shape,
    /// Each of them.
    all: &'static [&'static str],
    /// And one of them, if there are any.
    any: &'static [&'static str],
}

const fn object(
    format: Format,
    all: &'static [&'static str],
    any: &'static [&'static str],
) -> Rule {
    Rule { format, shape: Shape::Object, all, any }
}

const fn list(format: Format, all: &'static [&'static str], any: &'static [&'static str]) -> Rule {
    Rule { format, shape: Shape::List, all, any }
}

/// The first that holds counts.
static RULES: &[Rule] = &[
    list(Format::SenMl, &[], &["bn", "bt", "bu", "bv", "bver"]),
    list(Format::SenMl, &["n"], &["v", "vs", "vb", "vd", "s"]),
    list(Format::Json, &[], &["kind", "readings"]),
    object(Format::Fhir, &["resourceType"], &[]),
    object(Format::ThingsStack, &["end_device_ids"], &[]),
    object(Format::ChirpStack, &["deviceInfo"], &[]),
    object(Format::ChirpStack, &["devEUI"], &["applicationID", "rxInfo"]),
    object(Format::Ruuvi, &["gw_mac"], &[]),
    object(Format::OwnTracks, &["_type"], &[]),
    object(Format::Shelly, &["method", "params"], &[]),
    object(Format::OpenMHealth, &["effective_time_frame"], &[]),
    object(Format::OpenMHealth, &["header", "body"], &[]),
    object(Format::HomeAssistant, &[], &["state_topic", "stat_t", "command_topic", "cmd_t"]),
    object(Format::ZwaveJs, &[], &["commandClass", "commandClassName", "propertyName"]),
    object(Format::Shelly, &["id", "last_updated_ts"], &[]),
    object(
        Format::Theengs,
        &["id"],
        &["servicedata", "manufacturerdata", "tempc", "model_id", "mac_type", "rssi"],
    ),
    object(Format::Json, &[], &["kind", "readings"]),
    object(Format::Tasmota, &[], &["Time", "ZbReceived", "StatusSNS", "TempUnit"]),
    object(Format::Zigbee2Mqtt, &[], &["linkquality", "last_seen"]),
];

/// How much of XML is looked at for its root.
const ROOT_WITHIN: usize = 1_024;

/// The format of a payload, if it shows one.
pub(super) fn format(payload: &[u8]) -> Option<Format> {
    let body = json_text::body(payload);
    match body.first()? {
        b'{' | b'[' => json(payload),
        b'<' => xml(body),
        0x80..=0x9f => is_senml_cbor(payload).then_some(Format::SenMl),
        _ => None,
    }
}

fn json(payload: &[u8]) -> Option<Format> {
    let text = json_text::check(payload).ok()?;
    let mut seen = Seen { shape: Shape::Object, keys: 0 };
    // What stands in front of a mistake shows the format too.
    drop(Head(&mut seen).deserialize(&mut Json::from_str(text)));
    let has = |key: &&'static str| position(key).is_some_and(|at| seen.keys & (1 << at) != 0);
    let holds = |rule: &&Rule| {
        rule.shape == seen.shape
            && rule.all.iter().all(has)
            && (rule.any.is_empty() || rule.any.iter().any(has))
    };
    RULES.iter().find(holds).map(|rule| rule.format)
}

/// Every key that a rule asks for; its position is its bit.
static KEYS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    let asked = RULES.iter().flat_map(|rule| rule.all.iter().chain(rule.any));
    let mut keys: Vec<&str> = asked.copied().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
});

fn position(key: &str) -> Option<usize> {
    KEYS.binary_search(&key).ok()
}

/// What was seen of the outermost keys.
struct Seen {
    shape: Shape,
    keys: u64,
}

/// Reads the keys of an object, or of the first object of a list.
struct Head<'s>(&'s mut Seen);

impl<'de> DeserializeSeed<'de> for Head<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Head<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(at)) = map.next_key()? {
            self.0.keys |= at.map_or(0, |at| 1 << at);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.shape = Shape::List;
        list.next_element_seed(First(self.0))?;
        Ok(())
    }
}

/// The first of a list, which may be anything.
struct First<'s>(&'s mut Seen);

impl<'de> DeserializeSeed<'de> for First<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Head(self.0))
    }
}

/// A key that a rule asks for.
struct Key(Option<usize>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Known;
        impl Visitor<'_> for Known {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(Key(position(key)))
            }
        }
        deserializer.deserialize_str(Known)
    }
}

fn xml(body: &[u8]) -> Option<Format> {
    let head = body.get(..ROOT_WITHIN).unwrap_or(body);
    head.windows(4).any(|bytes| bytes == b"<mrq").then_some(Format::Scaip)
}

/// A list of maps whose first key is one of RFC 8428's numbers.
fn is_senml_cbor(payload: &[u8]) -> bool {
    let ([0x80..=0x97 | 0x9f, maps @ ..] | [0x98, _, maps @ ..] | [0x99, _, _, maps @ ..]) =
        payload
    else {
        return false;
    };
    matches!(maps, [0xa1..=0xb7 | 0xbf, 0x00..=0x08 | 0x20..=0x25, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_rules_has_a_bit() {
        assert!(KEYS.len() <= 64, "{}", KEYS.len());
    }
}
