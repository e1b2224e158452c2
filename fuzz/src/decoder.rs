//! What holds for every format, whatever it is sent.

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use trygg::{
    catalogue::Catalogue,
    decode::{
        DecodeError, Decoded, Decoder, DecoderSettings, Format, Mapping, Memory, Outcome,
        Positions, READINGS_MAX, REFUSED_LISTED_MAX, Requests, route,
    },
    encode::ReportEncoder,
    model::{Message, Moment, Mono, QoS, UnixMicros},
    validate::{self, ClockLimits},
};

use crate::{
    measure::{self, Cost},
    session::{self, Sent},
    summary::Summary,
};

/// Room of a memory that forgets at once, and of one that does not.
const MEMORIES: [usize; 2] = [2 * 1024, 1024 * 1024];

/// When every message is received: in 2026.
const RECEIVED: Moment = Moment { mono: Mono(60_000_000), wall: UnixMicros(1_780_000_000_000_000) };

const LIMITS: ClockLimits =
    ClockLimits { future_tolerance: Duration::from_mins(5), late_after: Duration::from_hours(1) };

const MAPPING: &str = r#"{
    "name": "ward", "device": "/id", "time": {"pointer": "/ts"}, "sequence": "/n",
    "reading": [
        {"pointer": "/data/temp", "kind": "air_temperature", "unit": "F"},
        {"pointer": "/data/0", "kind": "motion", "invert": true},
        {"pointer": "/key", "kind": "button_press", "words": {"short": "single"}},
        {"pointer": "", "kind": "sos"}
    ]
}"#;

/// A format, without settings and with.
pub(crate) struct Target {
    catalogue: Arc<Catalogue>,
    encoder: ReportEncoder,
    plain: Decoder,
    configured: Decoder,
}

impl Target {
    /// A built-in format.
    pub(crate) fn of(format: Format) -> Self {
        Self::new(|settings| Decoder::new(format, settings).expect("tables that are compiled in"))
    }

    /// JSON read by a mapping.
    pub(crate) fn mapping() -> Self {
        let settings = serde_json::from_str(MAPPING).expect("a mapping");
        Self::new(|with| {
            Decoder::Mapping(Mapping::new(&settings, &with.catalogue).expect("a good mapping"))
        })
    }

    fn new(decoder: impl Fn(&DecoderSettings) -> Decoder) -> Self {
        let catalogue = Arc::new(Catalogue::builtin());
        let plain = DecoderSettings::new(&catalogue);
        let configured = DecoderSettings {
            zone: Some(TimeZone::get("Europe/Stockholm").expect("a zone that is compiled in")),
            positions: Positions::Keep,
            requests: Requests::Allowed,
            ..plain.clone()
        };
        Self {
            encoder: ReportEncoder::new(&catalogue),
            plain: decoder(&plain),
            configured: decoder(&configured),
            catalogue,
        }
    }

    /// Decodes the messages of an input, judges and encodes what is found, and does it again.
    pub(crate) fn check(&self, input: &[u8]) {
        let (flags, sent) = session::read(input);
        let decoder = if flags.is_configured() { &self.configured } else { &self.plain };
        let room = MEMORIES[usize::from(!flags.forgets())];
        let (first, costs) = self.run(decoder, room, &sent);
        let again = || {
            let (second, costs) = self.run(decoder, room, &sent);
            assert!(first == second, "the same messages were decoded to something else");
            costs
        };
        again();
        measure::judge(costs, again);
    }

    /// What all of the messages come to, with a memory of their own.
    fn run(&self, decoder: &Decoder, room: usize, sent: &[Sent<'_>]) -> (Summary, Vec<Cost>) {
        let mut memory = Memory::new(room);
        let mut out = Decoded::default();
        let mut summary = Summary::default();
        let mut costs = Vec::new();
        for sent in sent {
            let message = message(sent);
            let device = captured(&sent.topic);
            let bytes = sent.topic.len() + sent.payload.len();
            let decode = || decoder.decode(device, &message, &mut memory, &mut out);
            let (outcome, cost) = Cost::of(bytes, decode);
            costs.push(cost);
            assert!(memory.bytes() <= room, "{} bytes remembered, {room} allowed", memory.bytes());
            assert_sound(outcome, &out);
            summary.outcome(outcome);
            self.encode(device, &out, &mut summary);
            if outcome.is_ok() {
                validate::readings(&self.catalogue, &mut out);
                assert_whole(&out);
                self.encode(device, &out, &mut summary);
            }
        }
        (summary, costs)
    }

    fn encode(&self, captured: &str, out: &Decoded, summary: &mut Summary) {
        summary.counts(out);
        for part in &out.devices {
            let readings = out.readings.get(part.readings.clone()).unwrap_or_default();
            let clock = validate::clock(part.measured_at, RECEIVED.wall, &LIMITS);
            let own_times = validate::own_times(readings, RECEIVED.wall, &LIMITS);
            let flags = clock.flags.union(part.flags).union(own_times);
            let name = out.device_name(part, captured);
            summary.report(&self.encoder, (name, part), (&clock, flags), (readings, &out.series));
        }
    }
}

fn message<'s>(sent: &'s Sent<'_>) -> Message<'s> {
    Message {
        topic: &sent.topic,
        payload: &sent.payload,
        qos: QoS::AtLeastOnce,
        retain: false,
        dup: false,
        resumed_recently: false,
        received: RECEIVED,
    }
}

/// What a usual filter would capture: all behind the first level, where none is known.
fn captured(topic: &str) -> &str {
    let usual = route(topic).and_then(|route| route.captures.device);
    usual.or_else(|| topic.split_once('/').map(|(_, behind)| behind)).unwrap_or_default()
}

fn assert_sound(outcome: Result<Outcome, DecodeError>, out: &Decoded) {
    match outcome {
        Err(error) => {
            assert!(!error.reason().is_empty() && error.to_string().len() < 128);
        }
        Ok(Outcome::NonReading(what)) => {
            assert!(!what.reason().is_empty());
            assert!(out.readings.is_empty() && out.refused_count == 0, "a non-reading has none");
        }
        Ok(Outcome::Readings) => {
            assert!(!out.readings.is_empty() || out.refused_count > 0, "neither read nor refused");
            assert_whole(out);
        }
    }
}

/// Devices share out the readings without gap or overlap, and every bound holds.
fn assert_whole(out: &Decoded) {
    let mut next = 0;
    for part in &out.devices {
        assert_eq!(part.readings.start, next, "a device's readings begin where the last ended");
        assert!(part.readings.end >= next, "a range that runs backwards");
        next = part.readings.end;
        if let trygg::decode::DeviceName::Own(range) = &part.name {
            let name = out.names.get(range.clone());
            assert!(name.is_some_and(|name| !name.is_empty()), "a device without a name");
        }
    }
    assert_eq!(next, out.readings.len(), "readings of no device");
    let found = out.readings.len() + out.refused_count as usize;
    assert!(found <= READINGS_MAX, "{found} readings");
    assert_eq!(out.refused.len(), REFUSED_LISTED_MAX.min(out.refused_count as usize));
    for reading in &out.readings {
        if let trygg::model::Value::Series(index) = reading.value {
            let _samples = out.series.get(index).samples;
        }
    }
}
