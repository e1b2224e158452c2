//! What holds for every format, whatever comes: it goes on, and says of what it found only what
//! is so.

use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    assert_whole, catalogue, message,
    samples::{ALL, Sample, Sampled},
};
use crate::decode::{Decoded, Decoder, Format, Memory, Outcome};

/// Decodes a message and judges what came of it.
#[track_caller]
fn assert_sound(
    decoder: &Decoder,
    memory: &mut Memory,
    (topic, device): (&str, &str),
    payload: &[u8],
) {
    let mut out = Decoded::default();
    match decoder.decode(device, &message(topic, payload), memory, &mut out) {
        Err(error) => assert!(!error.reason().is_empty() && error.to_string().len() < 128),
        Ok(Outcome::NonReading(_)) => assert!(out.readings.is_empty() && out.refused_count == 0),
        Ok(Outcome::Readings) => {
            assert!(!out.readings.is_empty() || out.refused_count > 0);
            assert_whole(&out);
            crate::validate::readings(&catalogue(), &mut out);
            assert_whole(&out);
        }
    }
}

/// A memory that knows what was said before.
fn after(decoder: &Decoder, samples: &[Sample]) -> Memory {
    let mut memory = Memory::default();
    for sample in samples {
        let mut out = Decoded::default();
        let message = message(&sample.topic, &sample.payload);
        let _outcome = decoder.decode(sample.device(), &message, &mut memory, &mut out);
    }
    memory
}

/// The list is closed: a format that is missing in it does not compile here.
#[test]
fn no_format_is_left_out() {
    macro_rules! formats {
        ($($format:ident)*) => {{
            let _is_all = |format: Format| match format { $(Format::$format)|* => () };
            [$(Format::$format),*]
        }};
    }
    let all = formats! {
        Json Protobuf Zigbee2Mqtt Tasmota Shelly HomeAssistant ZwaveJs Theengs Ruuvi Sparkplug
        SenMl ThingsStack ChirpStack Homie OwnTracks OpenMHealth Fhir Scaip
    };
    assert_eq!(all, Format::ALL);
}

#[test]
fn every_format_has_messages_that_are_read() {
    let mut wrong = Vec::new();
    for Sampled { name, decoders, sessions, .. } in ALL.iter() {
        let mut readings = 0;
        for session in sessions {
            let mut memory = Memory::default();
            for (at, sample) in session.iter().enumerate() {
                let mut out = Decoded::default();
                let message = message(&sample.topic, &sample.payload);
                let outcome = decoders[1].decode(sample.device(), &message, &mut memory, &mut out);
                wrong.extend(outcome.is_err().then(|| format!("{name} {at}: {outcome:?}")));
                readings += out.readings.len();
            }
        }
        assert!(readings > 0, "{name} has no messages in fuzz/seeds");
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Cut off, one byte changed, one byte doubled, the whole doubled.
fn damaged(payload: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let changed = |at: usize, byte: u8| {
        let mut bytes = payload.to_vec();
        bytes[at] = byte;
        bytes
    };
    let of_byte = move |at: usize| {
        let byte = payload[at];
        let doubled = [&payload[..=at], &payload[at..]].concat();
        let others = [byte ^ 1, byte ^ 0x80].map(|byte| changed(at, byte));
        others.into_iter().chain([payload[..at].to_vec(), doubled])
    };
    (0..payload.len()).flat_map(of_byte).chain([payload.repeat(2)])
}

#[test]
fn every_damage_to_a_message_is_survived() {
    for Sampled { decoders: [_, decoder], sessions, .. } in ALL.iter() {
        for session in sessions {
            for (at, sample) in session.iter().enumerate() {
                let mut memory = after(decoder, &session[..at]);
                for payload in damaged(&sample.payload) {
                    assert_sound(decoder, &mut memory, (&sample.topic, sample.device()), &payload);
                }
            }
        }
    }
}

/// A message of any format.
fn sample() -> impl Strategy<Value = &'static Sample> {
    any::<Index>().prop_map(|at| {
        let all: Vec<&Sample> = ALL.iter().flat_map(Sampled::samples).collect();
        all[at.index(all.len())]
    })
}

/// With bytes replaced, cut out, doubled and cut off.
fn damage() -> impl Strategy<Value = Vec<(u8, Index, u8)>> {
    vec((0_u8..4, any::<Index>(), any::<u8>()), 0..6)
}

fn with(damages: &[(u8, Index, u8)], payload: &[u8]) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    for (how, at, byte) in damages {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = *byte,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, bytes[at]),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Under a topic of any format, for every decoder.
    #[test]
    fn any_bytes_are_survived(under in sample(), payload in vec(any::<u8>(), 0..200)) {
        for decoder in ALL.iter().flat_map(|sampled| &sampled.decoders) {
            let mut memory = Memory::default();
            for device in ["", under.device()] {
                assert_sound(decoder, &mut memory, (&under.topic, device), &payload);
            }
        }
    }

    /// What one format says under the topics of another, over one memory for all.
    #[test]
    fn messages_gone_astray_are_survived(
        messages in vec((sample(), sample(), damage()), 1..4),
    ) {
        let mut memory = Memory::default();
        for (under, of, damages) in &messages {
            let payload = with(damages, &of.payload);
            for decoder in ALL.iter().map(|sampled| &sampled.decoders[1]) {
                assert_sound(decoder, &mut memory, (&under.topic, under.device()), &payload);
            }
        }
    }

    /// Each format's own messages under topics of no sense.
    #[test]
    fn any_topic_is_survived(topic in "[a-z0-9:_/$]{0,40}", device in "[a-z0-9:/]{0,12}") {
        for sampled in ALL.iter() {
            let mut memory = Memory::default();
            for sample in sampled.samples() {
                assert_sound(&sampled.decoders[1], &mut memory, (&topic, &device), &sample.payload);
            }
        }
    }
}
