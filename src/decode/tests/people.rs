//! What holds for the formats about people: whatever comes, they go on.

use std::sync::LazyLock;

use proptest::{collection::vec, prelude::*, sample::select};

use super::{assert_whole, catalogue, message, told};
use crate::decode::{Decoded, Decoder, Format, Memory, Outcome};

const FORMATS: [Format; 7] = [
    Format::Json,
    Format::Protobuf,
    Format::OpenMHealth,
    Format::Fhir,
    Format::OwnTracks,
    Format::Homie,
    Format::Scaip,
];

static DECODERS: LazyLock<Vec<Decoder>> =
    LazyLock::new(|| FORMATS.map(|format| Decoder::usual(format, &catalogue())).to_vec());

const TOPICS: [(&str, &str); 6] = [
    ("omh/omh/heart-rate/1.0", ""),
    ("owntracks/a/phone/event", "a/phone/event"),
    ("homie/5/hub/$description", "hub"),
    ("homie/5/hub/hall/temperature", ""),
    ("homie/5/hub/$state", "hub/$state"),
    ("homie/hub/hall/temperature/$unit", "hub"),
];

/// Well-formed messages of these formats, to be damaged.
const CORPUS: [&str; 10] = [
    r#"{"heart_rate":{"value":61,"unit":"beats/min"},"effective_time_frame":{"time_interval":{"start_date_time":"2024-03-01T07:00:00Z","duration":{"value":1.5,"unit":"h"}}},"descriptive_statistic":"minimum"}"#,
    r#"{"header":{"id":"1","creation_date_time":"2024-03-01T08:00:00Z","schema_id":{"namespace":"omh","name":"heart-rate","version":"1.1"}},"body":[{"heart_rate":{"value":61,"unit":"beats/min"}}]}"#,
    r#"{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"effectiveInstant":"2024-03-01T07:00:00Z","valueSampledData":{"origin":{"value":60,"code":"/min"},"period":500,"dimensions":2,"data":"1 2 E 4"},"component":[{"code":{},"valueQuantity":{"value":1,"unit":"kg"}}]}"#,
    r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]},"valueQuantity":{"value":36.5,"code":"Cel"}}}]}"#,
    r#"{"_type":"location","batt":81,"lat":59.1,"lon":17.9,"tst":1709276400}"#,
    r#"{"_type":"transition","event":"enter","desc":"Home","tst":1709276400}"#,
    r#"{"nodes":{"hall":{"properties":{"temperature":{"datatype":"float","unit":"°F"}}}},"children":["hub","bed"]}"#,
    "lost",
    "<mrq><ref>17</ref><cid>041</cid><mty>ME</mty><dty>2</dty><stc>010</stc><crd>&amp;</crd></mrq>",
    r#"{"readings":[{"kind":"acceleration","channel":1,"unit":"mg","series":{"start":1709276400,"rate_hz":32,"values":[1,2,3]}},{"kind":"sos"}]}"#,
];

fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (0_u8..4, any::<prop::sample::Index>(), any::<u8>());
    (select(&CORPUS[..]), vec(damage, 0..6)).prop_map(|(message, damages)| {
        let mut bytes = message.as_bytes().to_vec();
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

fn assert_sound(payload: &[u8]) -> Result<(), TestCaseError> {
    let (mut memory, mut out) = (Memory::default(), Decoded::default());
    for decoder in DECODERS.iter() {
        for (topic, device) in TOPICS {
            match decoder.decode(device, &message(topic, payload), &mut memory, &mut out) {
                Err(error) => prop_assert!(error.to_string().len() < 128),
                Ok(Outcome::NonReading(_)) => {
                    prop_assert!(out.readings.is_empty() && out.refused_count == 0);
                }
                Ok(Outcome::Readings) => {
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
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_survived(payload in vec(any::<u8>(), 0..200)) {
        assert_sound(&payload)?;
    }

    #[test]
    fn damaged_messages_are_survived(payload in damaged()) {
        assert_sound(&payload)?;
    }
}

/// 256 KiB of whatever costs most.
#[test]
fn large_messages_are_refused_or_read_within_bounds() {
    const SIZE: usize = 256 * 1024;
    let times = |text: &str, room: usize| text.repeat(room / text.len());
    let list = |text: &str| format!("[{}1]", times(text, SIZE - 100));
    let observation = |rest: &str| {
        format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"8867-4"}}]}},"effectiveInstant":"2024-03-01T07:00:00Z",{rest}}}"#
        )
    };
    let sampled = |dimensions: usize, data: &str| {
        let data = times(data, SIZE - 1_000);
        observation(&format!(
            r#""valueSampledData":{{"origin":{{"value":60,"code":"/min"}},"period":1,"dimensions":{dimensions},"data":"{data}"}}"#
        ))
    };
    let component = r#"{"code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]}},"#;
    let components = times(component, SIZE - 1_000);
    let property = |number| format!(r#""p{number}":{{"unit":"\n"}},"#);
    let properties = (0..8_000).map(property).collect::<Vec<_>>().concat();
    for (format, topic, payload, expected) in [
        (Format::OpenMHealth, "t", list("1,"), "error json_shape"),
        (Format::OpenMHealth, "t", list("{},"), "error json_shape"),
        (Format::Fhir, "t", sampled(1, "1 "), "-heart_rate:series_shape"),
        (Format::Fhir, "t", sampled(1, "1 E         "), "error too_many_readings"),
        (
            Format::Fhir,
            "t",
            observation(&format!(r#""component":[{components}1]"#)),
            "error too_many_readings",
        ),
        (
            Format::Homie,
            "homie/5/hub/$description",
            format!(r#"{{"nodes":{{"n":{{"properties":{{{properties}"p":1}}}}}}}}"#),
            "none description",
        ),
        (
            Format::Scaip,
            "t",
            format!("<mrq>{}</mrq>", times("<x>1</x>", SIZE - 100)),
            "error rule_broken",
        ),
        (
            Format::Scaip,
            "t",
            format!("<mrq><cid>{}", times("&amp;", SIZE - 100)),
            "error xml_malformed",
        ),
        (
            Format::OwnTracks,
            "t",
            format!(r#"{{"_type":"{}"}}"#, times("x", SIZE)),
            "none no_known_key",
        ),
    ] {
        let decoder = Decoder::usual(format, &catalogue());
        let text = told(&decoder, topic, "hub", payload.as_bytes());
        let head: String = payload.chars().take(60).collect();
        assert_eq!(text, expected, "{head}");
    }
}
