//! Sparkplug, `SenML`, The Things Stack and `ChirpStack` against any bytes.

use std::sync::LazyLock;

use proptest::{collection::vec, prelude::*, sample::select};

use super::{assert_whole, catalogue, message};
use crate::decode::{Decoded, Decoder, Format, Memory, Outcome};

static DECODERS: LazyLock<[(Decoder, &str); 6]> = LazyLock::new(|| {
    let usual = |format| Decoder::usual(format, &catalogue());
    [
        (usual(Format::SenMl), "senml/7"),
        (usual(Format::ThingsStack), "v3/care@town/devices/bed-1/up"),
        (usual(Format::ChirpStack), "application/4/device/0badc0de/event/up"),
        (usual(Format::ChirpStack), "application/4/device/0badc0de/event/status"),
        (usual(Format::Sparkplug), "spBv1.0/g/DBIRTH/n/bed"),
        (usual(Format::Sparkplug), "spBv1.0/g/DDATA/n/bed"),
    ]
});

/// Well-formed messages, to be damaged.
const CORPUS: [&[u8]; 7] = [
    br#"[{"bn":"urn:dev:ow:7:","bt":1320078429,"bu":"Cel","n":"temp","v":21.5},{"n":"rh","u":"%RH","t":-5,"v":41}]"#,
    b"\x82\xa5\x21\x62a/\x22\x1a\x4e\xae\xcc\x5d\x00\x64temp\x01\x63Cel\x02\xf9\x4d\x60\xa3\x00\x62rh\x01\x63%RH\x02\x18\x29",
    br#"{"end_device_ids":{"dev_eui":"70B3D5"},"uplink_message":{"f_cnt":3,"decoded_payload":{"temperature":{"value":19,"unit":"Cel"},"pir":"trigger"},"rx_metadata":[{"rssi":-97,"time":"2025-03-04T05:06:08Z"}]}}"#,
    br#"{"deviceInfo":{"devEui":"0badc0de"},"fCnt":3,"object":{"temperature":19,"gps":{"latitude":59}},"rxInfo":[{"rssi":-90}]}"#,
    b"\x12\x02\x08\x07\x38\x0c\x5a\x13\x0a\x11\x0a\x04temp\x12\x09\x11\x00\x00\x00\x00\x00\x80\x33\x40",
    b"\x08\x07\x12\x11\x0a\x0aHeart Rate\x10\x0b\x20\x05\x50\x3a\x18\x01",
    b"\x08\x07\x12\x06\x10\x0b\x28\x01\x50\x3d\x12\x05\x10\x0c\x65\x00\x00\xac\x41\x18\x02",
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
                1 => {
                    bytes.remove(at);
                }
                2 => bytes.insert(at, bytes[at]),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

/// All of them one after the other, over one memory, as on a link.
fn assert_sound(payloads: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let (mut out, mut memory) = (Decoded::default(), Memory::default());
    for payload in payloads {
        for (decoder, topic) in DECODERS.iter() {
            match decoder.decode("", &message(topic, payload), &mut memory, &mut out) {
                Err(error) => prop_assert!(error.to_string().len() < 128),
                Ok(Outcome::NonReading(_)) => {
                    prop_assert!(out.readings.is_empty() && out.refused_count == 0);
                }
                Ok(Outcome::Readings) => {
                    prop_assert!(!out.readings.is_empty() || out.refused_count > 0);
                    assert_whole(&out);
                    crate::validate::readings(&catalogue(), &mut out);
                    assert_whole(&out);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_are_survived(payload in vec(any::<u8>(), 0..200)) {
        assert_sound(&[payload])?;
    }

    #[test]
    fn damaged_messages_are_survived(payloads in vec(damaged(), 1..4)) {
        assert_sound(&payloads)?;
    }
}
