//! What holds for Shelly, Bluetooth gateways, Ruuvi and Z-Wave, whatever is sent.

use std::sync::LazyLock;

use proptest::{collection::vec, prelude::*, sample::select};

use super::{assert_whole, catalogue, message};
use crate::decode::{Decoded, Decoder, Format, Memory, Outcome};

static DECODERS: LazyLock<[Decoder; 4]> = LazyLock::new(|| {
    [Format::Shelly, Format::Theengs, Format::Ruuvi, Format::ZwaveJs]
        .map(|format| Decoder::usual(format, &catalogue()))
});

const TOPICS: [&str; 11] = [
    "plug-1/events/rpc",
    "plug-1/status/switch:0",
    "shellies/ht-1/sensor/temperature",
    "shellies/ht-1/input_event/0",
    "plug-1/online",
    "blu/events/0a:1b:2c:3d:4e:5f",
    "home/hall/BTtoMQTT/A4C138AABB01",
    "ruuvi/AA:00:00:00:00:01/gw_status",
    "z/hall/113/0/Access_Control/Door_state",
    "z/hall/status",
    "",
];

const CORPUS: [&[u8]; 10] = [
    br#"{"src":"p","params":{"ts":1700000000.5,"switch:0":{"apower":1.5,"aenergy":{"total":2}},"devicepower:0":{"battery":{"V":0.4,"percent":0},"external":{"present":true}}}}"#,
    br#"{"params":{"events":[{"component":"input:0","event":"single_push","ts":1},{"component":"bthomesensor:200","event":"long_push"}]}}"#,
    br#"{"id":0,"output":true,"apower":"x","temperature":{"tC":40.5,"tF":null}}"#,
    b"21.5",
    br#"{"event":"S","event_cnt":7}"#,
    br#"{"id":"a4:c1:38:aa:bb:01","type":"BBQ","tempc":71,"tempf":159.8,"weight":80,"unit":"lb","button1":1,"encr":0}"#,
    br#"{"rssi":-50,"ts":"1700000000","data":"0201061BFF99040510B24718C5CD0014FC2C0064A8D6111234C40D15EA5E07"}"#,
    br#"{"commandClass":49,"property":"Air temperature","unit":"\u00b0F","value":68,"lastUpdate":1700000000000}"#,
    br#"{"time":1,"value":{"type":"Buffer","data":[1,2]},"status":"Alive"}"#,
    b"\xff\xfe",
];

/// The corpus with bytes replaced, cut out, doubled and cut off.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (0_u8..4, any::<prop::sample::Index>(), any::<u8>());
    (select(&CORPUS[..]), vec(damage, 0..6)).prop_map(|(message, damages)| {
        let mut bytes = message.to_vec();
        for (how, at, byte) in damages {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, bytes[at]),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

fn assert_sound(topic: &str, device: &str, payload: &[u8]) {
    for decoder in &*DECODERS {
        let mut out = Decoded::default();
        let mut memory = Memory::default();
        for _ in 0..2 {
            match decoder.decode(device, &message(topic, payload), &mut memory, &mut out) {
                Err(error) => assert!(error.to_string().len() < 128),
                Ok(Outcome::NonReading(_)) => {
                    assert!(out.readings.is_empty() && out.refused_count == 0);
                }
                Ok(Outcome::Readings) => {
                    assert!(!out.readings.is_empty() || out.refused_count > 0);
                    assert_whole(&out);
                    crate::validate::readings(&catalogue(), &mut out);
                    assert_whole(&out);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes_are_survived(topic in select(&TOPICS[..]), payload in vec(any::<u8>(), 0..200)) {
        assert_sound(topic, "", &payload);
    }

    #[test]
    fn damaged_messages_are_survived(topic in select(&TOPICS[..]), payload in damaged()) {
        assert_sound(topic, topic, &payload);
    }

    #[test]
    fn any_topic_is_survived(topic in "[a-z0-9:_/]{0,40}", device in "[a-z0-9:/]{0,12}") {
        for payload in CORPUS {
            assert_sound(&topic, &device, payload);
        }
    }
}

/// 256 KiB of what costs most.
fn bombs() -> Vec<(&'static str, String)> {
    let size = 256 * 1024;
    let fill = |head: &str, body: &str, tail: &str| {
        let count = (size - head.len() - tail.len()) / body.len();
        format!("{head}{}{tail}", body.repeat(count))
    };
    vec![
        ("small numbers", fill("{\"a\":[", "1,", "1]}")),
        ("empty objects", fill("{\"params\":[", "{},", "1]}")),
        ("unknown keys", fill("{", "\"a\":1,", "\"b\":1}")),
        ("known keys", fill("{", "\"tempc\":1,", "\"tempc\":1}")),
        ("events", fill("{\"params\":{\"events\":[", "{\"event\":\"x\"},", "{}]}}")),
        ("a long key", fill("{\"params\":{\"", "k", "\":[1,2,3]}}")),
        ("a long text", fill("{\"value\":\"", "v", "\"}")),
        ("escapes", fill("{\"value\":\"", "\\n", "\"}")),
        ("digits", fill("{\"data\":\"", "0F", "\"}")),
        ("deep", fill("{\"a\":", "[", "")),
        ("a bare text", "v".repeat(size)),
    ]
}

#[test]
fn no_message_takes_much_memory() {
    for (name, payload) in bombs() {
        for (at, decoder) in DECODERS.iter().enumerate() {
            let (mut out, mut memory) = (Decoded::default(), Memory::default());
            for topic in TOPICS {
                let message = message(topic, payload.as_bytes());
                let used = allocation_counter::measure(|| {
                    let _outcome = decoder.decode("", &message, &mut memory, &mut out);
                });
                assert!(used.bytes_max <= 4 << 20, "{name} {topic} {at}: {}", used.bytes_max);
            }
        }
    }
}
