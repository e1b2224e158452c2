//! One row a wire format: what a decoder costs on its own, for a message and for a reading.

mod cases;
mod wire;

use std::{hint::black_box, sync::Arc};

use rand::{SeedableRng, rngs::StdRng};
use trygg::{
    catalogue::Catalogue,
    decode::{Decoded, Decoder, Memory, Outcome as Decoding},
    model::{Message, Moment, Mono, QoS, UnixMicros},
};

pub(crate) use self::cases::CASES;
use self::cases::{Case, Weight};
use crate::{
    Outcome,
    body::Body,
    measure::{self, Effort},
    progress::Progress,
    report::{self, Report, Row},
};

/// A Sparkplug metric, in nanoseconds.
const METRIC_NS: f64 = 150.0;
/// A reading of a CBOR pack, as a multiple of one in trygg's own protobuf.
const CBOR_OVER_PROTOBUF: f64 = 1.5;

/// Messages of one kind that differ in their digits, so that no branch is learnt by heart.
const VARIANTS: usize = 64;

/// 1 March 2026, when the messages were written.
const NOW: i64 = 1_772_323_200_000_000;

/// A case, made ready.
struct Scene {
    decoder: Decoder,
    case: &'static Case,
    payloads: Vec<Vec<u8>>,
    decoded: Decoded,
    memory: Memory,
}

/// The case of that name, repeated.
pub(crate) fn body(name: &str) -> Outcome<Body<'static>> {
    let case = CASES.iter().find(|case| case.name == name).ok_or("no such format")?;
    let mut scene = Scene::new(case)?;
    Ok(Box::new(move |count| scene.run(count)))
}

impl Scene {
    fn new(case: &'static Case) -> Outcome<Self> {
        let mut random = StdRng::seed_from_u64(2026);
        let mut scene = Self {
            decoder: cases::decoder(case, &Arc::new(Catalogue::builtin()))?,
            case,
            payloads: (0..VARIANTS).map(|_| case.weight.payload(&mut random)).collect(),
            decoded: Decoded::default(),
            memory: Memory::default(),
        };
        for (topic, before) in case.before {
            scene.decode(topic, &before.payload(&mut random))?;
        }
        for payload in std::mem::take(&mut scene.payloads) {
            let outcome = scene.decode(case.topic, &payload)?;
            let readings = scene.decoded.readings.len();
            if outcome != Decoding::Readings || readings != case.readings {
                let expected = case.readings;
                return Err(format!("{}: {readings} readings, not {expected}", case.name).into());
            }
            scene.payloads.push(payload);
        }
        Ok(scene)
    }

    fn decode(&mut self, topic: &str, payload: &[u8]) -> Outcome<Decoding> {
        let message = message(topic, payload);
        let Self { decoder, case, decoded, memory, .. } = self;
        Ok(decoder.decode(case.device, &message, memory, decoded)?)
    }

    fn run(&mut self, count: u64) -> Outcome {
        let Self { decoder, case, payloads, decoded, memory } = self;
        for (_, payload) in (0..count).zip(payloads.iter().cycle()) {
            let message = message(case.topic, payload);
            black_box(decoder.decode(case.device, &message, memory, decoded)?);
            black_box(&decoded);
        }
        Ok(())
    }
}

fn message<'m>(topic: &'m str, payload: &'m [u8]) -> Message<'m> {
    Message {
        topic,
        payload,
        qos: QoS::AtLeastOnce,
        retain: false,
        dup: false,
        resumed_recently: false,
        received: Moment { mono: Mono(0), wall: UnixMicros(NOW) },
    }
}

pub(crate) fn measure(report: &mut Report, effort: &Effort, progress: &mut Progress) -> Outcome {
    let mut protobuf = None;
    for case in CASES {
        let row = format!("format.{}", case.name);
        progress.step(&row);
        let readings = crate::float(case.readings as u64);
        let mut body = body(case.name)?;
        measure::warm_up(&mut body, effort)?;
        let nanos = measure::nanoseconds(&mut body, effort)?;
        let allocations = measure::allocations(&mut body, effort)? / readings;
        let arguments = ["--format", case.name];
        let instructions = measure::instructions(&arguments, effort)?;
        let apiece = nanos / readings;
        let about = format!("{} readings: {}", case.readings, case.about);
        let verdict = match case.weight {
            Weight::SparkplugData => {
                let is_met = report::verdict(|| apiece <= METRIC_NS);
                format!("{is_met} (at most {METRIC_NS} a metric); ")
            }
            Weight::SenMlCbor => versus(case, &mut body, instructions, protobuf, effort)?,
            Weight::Text(_) | Weight::Protobuf | Weight::SparkplugBirth(_) => String::new(),
        };
        report.push(Row::new(row.clone(), nanos, "ns", about));
        let note = format!("{verdict}a reading");
        report.push(Row::new(format!("{row}.reading"), apiece, "ns", note));
        if let Some(count) = instructions {
            let note = format!("{:.0} a reading", count / readings);
            report.push(Row::new(format!("{row}.instructions"), count, "instructions", note));
        }
        let name = format!("{row}.allocations");
        report.push(Row::new(name, allocations, "allocations", "a reading"));
        if matches!(case.weight, Weight::Protobuf) {
            protobuf = Some((case, instructions));
        }
    }
    Ok(())
}

/// Judges a reading of CBOR by one of protobuf, in rounds that take turns.
fn versus(
    cbor: &Case,
    body: &mut Body<'_>,
    instructions: Option<f64>,
    protobuf: Option<(&Case, Option<f64>)>,
    effort: &Effort,
) -> Outcome<String> {
    let Some((protobuf, fewer)) = protobuf else { return Ok(String::new()) };
    let mut other = self::body(protobuf.name)?;
    measure::warm_up(&mut other, effort)?;
    let [nanos, least] = measure::side_by_side([body, &mut other], effort)?;
    let shares = crate::float(cbor.readings as u64) / crate::float(protobuf.readings as u64);
    let ratio = nanos / least / shares;
    let verdict = report::verdict(|| ratio <= CBOR_OVER_PROTOBUF);
    let counted = match (instructions, fewer) {
        (Some(more), Some(fewer)) => format!(", {:.2} of its instructions", more / fewer / shares),
        (Some(_) | None, _) => String::new(),
    };
    Ok(format!("{verdict} (at most {CBOR_OVER_PROTOBUF} of protobuf); {ratio:.2}{counted}; "))
}
