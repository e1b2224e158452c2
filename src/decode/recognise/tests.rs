use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// `format home device`, with `-` for what the topic does not say.
fn told(topic: &str, payload: &str) -> String {
    match recognise(topic, payload.as_bytes()) {
        None => "nothing".to_owned(),
        Some(Recognised { format, captures, .. }) => {
            let [home, device] = [captures.home, captures.device].map(|name| name.unwrap_or("-"));
            format!("{} {home} {device}", format.name())
        }
    }
}

#[test]
fn a_topic_or_else_the_payload_says_the_format() {
    for (topic, payload, expected) in [
        ("zigbee2mqtt/hall/lamp", "{}", "zigbee2mqtt - hall/lamp"),
        ("homes/h-1/zigbee2mqtt/front_door", "{}", "zigbee2mqtt h-1 front_door"),
        ("zigbee2mqtt/bridge/devices", "[]", "zigbee2mqtt - bridge/devices"),
        ("tele/kitchen/SENSOR", "{\"Time\":1}", "tasmota - -"),
        ("/bridge/12AB/tele/SENSOR", "{}", "tasmota - -"),
        ("shellies/shellyht-1/sensor/battery", "80", "shelly - -"),
        ("my-plug/events/rpc", "{\"method\":\"NotifyStatus\",\"params\":{}}", "shelly - my-plug"),
        ("my-plug/status/switch:0", "{\"id\":0}", "shelly - my-plug"),
        (
            "gate/status/blutrv:200",
            "{\"id\":200,\"rssi\":-60,\"last_updated_ts\":1}",
            "shelly - gate",
        ),
        ("home/gw/LWT", "online", "theengs - -"),
        ("node/sensor/bed/state", "21.5", "homeassistant - -"),
        ("node/status", "online", "homeassistant - -"),
        ("home/gw/BTtoMQTT/AABB", "{}", "theengs - -"),
        ("spBv1.0/g/DDATA/n/d", "\u{8}", "sparkplug - -"),
        ("v3/app@tenant/devices/d/up", "{}", "things_stack - -"),
        ("application/1/device/00aa/event/up", "{}", "chirpstack - -"),
        // Free topics.
        ("care/flat-3", "[{\"bn\":\"urn:x:\",\"n\":\"t\",\"v\":1}]", "senml - flat-3"),
        ("care/x", "\u{feff} [{\"n\":\"t\",\"v\":1}]", "senml - x"),
        ("a/b", "[{\"kind\":\"sos\"}]", "json - b"),
        ("homes/h-1/band/w", "{\"time\":1,\"readings\":[]}", "json h-1 w"),
        ("homes/h-1", "{\"kind\":\"sos\"}", "json - h-1"),
        ("x", "{\"resourceType\":\"Observation\"}", "fhir - x"),
        ("x", "{\"header\":{},\"body\":{}}", "openmhealth - x"),
        ("x", "{\"_type\":\"location\"}", "owntracks - x"),
        ("x", "{\"gw_mac\":\"AA\",\"data\":\"02\"}", "ruuvi - x"),
        ("x", "{\"end_device_ids\":{}}", "things_stack - x"),
        ("x", "{\"deviceInfo\":{},\"object\":{}}", "chirpstack - x"),
        ("x", "<?xml version=\"1.0\"?><mrq><cid>1</cid></mrq>", "scaip - x"),
        ("x", "{\"state\":\"ON\",\"linkquality\":9}", "zigbee2mqtt - x"),
        ("x", "{\"id\":\"AA:BB\",\"tempc\":20", "theengs - x"),
        // Nothing that anybody could know.
        ("x/y", "21.5", "nothing"),
        ("x/y", "{\"a\":1}", "nothing"),
        ("x/y", "<html></html>", "nothing"),
        ("x/y", "", "nothing"),
        ("x/y", "[[[]]]", "nothing"),
        ("$SYS/broker/uptime", "1 s", "nothing"),
    ] {
        assert_eq!(told(topic, payload), expected, "{topic} {payload}");
    }
    let cbor = [0x81, 0xa2, 0x21, 0x61, b'x', 0x02, 0x01];
    assert_eq!(recognise("x", &cbor).map(|found| found.format), Some(Format::SenMl));
}

#[test]
fn every_usual_topic_is_a_pattern_and_leads_to_its_format() {
    let mut listed = 0;
    for format in Format::ALL {
        for text in format.topics() {
            listed += 1;
            let topic = text
                .replace("{device...}", "d/e")
                .replace("{device}", "p")
                .replace('#', "a/b")
                .replace('+', "p");
            let found = route(&topic).map(|found| found.format);
            assert_eq!(found, Some(format), "{text}: {topic}");
        }
    }
    assert_eq!(usual().len(), listed, "one of them is no pattern");
}

#[test]
fn the_most_specific_topic_counts() {
    // One level for all there is, against a word.
    let ranks: Vec<&str> = usual().iter().map(|usual| usual.text).collect();
    let at = |text: &str| ranks.iter().position(|known| *known == text);
    assert!(at("home/+/BTtoMQTT/#") < at("+/+/BTtoMQTT/#"));
    assert!(at("shelly-blu/events/+") < at("{device}/events/rpc"));
}

const LEVELS: [&str; 10] =
    ["homes", "h", "zigbee2mqtt", "tele", "status", "", "spBv1.0", "$SYS", "å", "+"];

const PIECES: [&[u8]; 12] = [
    b"{",
    b"[",
    b"]",
    b"}",
    b"\"n\"",
    b":",
    b",",
    b"1",
    b"\"kind\"",
    b"<mrq",
    b"\x81\xa1",
    b"\xff",
];

fn any_topic() -> impl Strategy<Value = String> {
    vec(select(&LEVELS[..]), 0..8).prop_map(|levels| levels.join("/"))
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    vec(select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_panics_and_captures_come_from_the_topic(
        topic in any_topic(), payload in any_payload()
    ) {
        if let Some(found) = recognise(&topic, &payload) {
            for name in [found.captures.home, found.captures.device].into_iter().flatten() {
                prop_assert!(!name.is_empty() && topic.contains(name));
            }
        }
    }
}

#[test]
fn work_is_linear_and_depth_is_bounded() {
    for byte in ["[", "{\"a\":", "<", "\"", "9"] {
        let payload = byte.repeat(256 * 1024 / byte.len());
        assert_eq!(recognise("x", payload.as_bytes()), None);
    }
    let topic = "/".repeat(60_000);
    assert_eq!(recognise(&topic, b""), None);
}
