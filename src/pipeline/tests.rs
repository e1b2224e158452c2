//! Messages in, records out. Every test ends with all records confirmed, and then every message
//! must be answered for: none forgotten, none abandoned.

mod any_input;
mod consent;
mod identity;
mod policy;
mod refusal;
mod repeats;
mod urgent;

use std::time::Duration;

use prost::Message as _;

use super::*;
use crate::{
    ack::{Arrival, Epoch, Outstanding, Receipt, Settlement},
    model::murmur2,
    model::{Lane, QoS},
    registry::{Identity, Limits, Origin, Registry, UnknownDevices},
    wire::v1::{DeadLetter, DeviceReport, ReadingBatch, reading},
};

/// 2026-09-21, more or less.
const NOW: UnixMicros = UnixMicros(1_790_000_000_000_000);
const WINDOW: usize = 4096;

/// A pipeline with its surroundings.
struct Line {
    pipeline: Pipeline,
    window: Outstanding,
    pool: RecordPool,
    ready: Vec<Record>,
    now: Moment,
    inherited: Option<u128>,
}

/// What Kafka was given.
#[derive(Debug, Default)]
struct Stored {
    readings: Vec<ReadingBatch>,
    alerts: Vec<ReadingBatch>,
    letters: Vec<DeadLetter>,
}

fn resolver(unknown: UnknownDevices, limits: Limits) -> Resolver {
    let origin = Origin {
        link: "north".into(),
        tenant: "t".into(),
        engine: "0.1.0",
        identity: Identity::ClearNames,
        unknown,
    };
    Resolver::new(Arc::new(Registry::default()), origin, limits)
}

fn settings() -> PipelineSettings {
    let catalogue = Arc::new(Catalogue::builtin());
    let route = |pattern: &str, format: &str, decoder| Route {
        pattern: TopicPattern::parse(pattern).expect("a pattern"),
        decoder,
        format: format.into(),
        repeats: Policy::Mark,
    };
    PipelineSettings {
        memory_bytes: crate::decode::MEMORY_BYTES,
        repeats: RepeatLimits::default(),
        link: "north".into(),
        routes: vec![
            route(
                "homes/{home}/z/{device...}",
                "z2m",
                Decoder::usual(crate::decode::Format::Zigbee2Mqtt, &catalogue),
            ),
            route(
                "homes/{home}/json/{device...}",
                "json",
                Decoder::usual(crate::decode::Format::Json, &catalogue),
            ),
            route(
                "homes/{home}/pb/{device...}",
                "pb",
                Decoder::usual(crate::decode::Format::Protobuf, &catalogue),
            ),
            route(
                "z/{device...}",
                "z2m",
                Decoder::usual(crate::decode::Format::Zigbee2Mqtt, &catalogue),
            ),
            route(
                "gateway/{home}",
                "json",
                Decoder::usual(crate::decode::Format::Json, &catalogue),
            ),
        ],
        catalogue,
        clock: ClockLimits {
            future_tolerance: Duration::from_mins(5),
            late_after: Duration::from_mins(10),
        },
        batch: BatchLimits {
            max_readings: 500,
            max_bytes: 64 * 1024,
            linger: Duration::from_millis(20),
        },
        dead_letter_bytes: 64 * 1024,
        partitions: [5, 3, 2],
        started: NOW,
    }
}

impl Line {
    fn new() -> Self {
        Self::with(settings(), resolver(UnknownDevices::Accept, Limits::default()))
    }

    fn unknown(policy: UnknownDevices) -> Self {
        Self::with(settings(), resolver(policy, Limits::default()))
    }

    fn with(settings: PipelineSettings, resolver: Resolver) -> Self {
        Self {
            pipeline: Pipeline::new(settings, resolver),
            window: Outstanding::new(Epoch(1), WINDOW),
            pool: RecordPool::new(64),
            ready: Vec::new(),
            now: Moment { mono: Mono(1_000), wall: NOW },
            inherited: None,
        }
    }

    fn send(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> Accepted {
        self.send_as(topic, payload, |_| {})
    }

    fn send_as(
        &mut self,
        topic: &str,
        payload: impl AsRef<[u8]>,
        change: impl FnOnce(&mut Message<'_>),
    ) -> Accepted {
        let payload = payload.as_ref();
        let mut message = Message {
            topic,
            payload,
            qos: QoS::AtLeastOnce,
            retain: false,
            dup: false,
            resumed_recently: false,
            received: self.now,
        };
        change(&mut message);
        let (_, token) = self.window.admit(arrival()).expect("room");
        let (pool, ready) = (&mut self.pool, &mut self.ready);
        self.pipeline.accept(&message, self.inherited, token, pool, ready)
    }

    /// Confirms everything; then nothing may be owed any more.
    fn stored(&mut self) -> Stored {
        self.pipeline.flush(FlushReason::Drain, &mut self.ready);
        let mut stored = Stored::default();
        for mut record in self.ready.drain(..) {
            let value = record.value.as_slice();
            match record.to.lane {
                Lane::Readings => stored.readings.push(ReadingBatch::decode(value).expect("whole")),
                Lane::Alerts => stored.alerts.push(ReadingBatch::decode(value).expect("whole")),
                Lane::DeadLetters => stored.letters.push(DeadLetter::decode(value).expect("whole")),
            }
            record.shares.settle(receipt());
            self.pool.put(record);
        }
        while self.window.pop_done().is_some() {}
        assert_eq!(self.window.window().abandoned(), 0);
        assert!(self.window.is_empty(), "{} messages are still owed", self.window.len());
        stored
    }
}

impl Stored {
    fn reports(&self) -> Vec<&DeviceReport> {
        self.readings.iter().flat_map(|batch| &batch.reports).collect()
    }

    /// `h/hall door_open=true; 8/bed sos!`, dead letters as `-reason`.
    fn told(&self) -> String {
        let mut told = Vec::new();
        for batch in self.readings.iter().chain(&self.alerts) {
            for report in &batch.reports {
                let readings = report.readings.iter().map(say).collect::<Vec<_>>().join(" ");
                told.push(format!("{}/{} {readings}", batch.home, report.device));
            }
        }
        told.extend(self.letters.iter().map(|letter| format!("-{}", letter.reason)));
        told.join("; ")
    }
}

fn say(reading: &crate::wire::v1::Reading) -> String {
    let kind = &reading.kind;
    match reading.value.as_ref().expect("a value") {
        reading::Value::Number(number) => format!("{kind}={number}"),
        reading::Value::State(state) => format!("{kind}={state}"),
        reading::Value::Category(word) => format!("{kind}={word}"),
        reading::Value::Event(_) => format!("{kind}!"),
        reading::Value::Series(_) => format!("{kind}~"),
    }
}

fn arrival() -> Arrival {
    Arrival {
        packet_id: 1,
        qos: QoS::AtLeastOnce,
        bytes: 1,
        received: Mono(0),
        fingerprint: 0,
        event_id: 0,
        readings: 0,
        refused: 0,
        settlement: Settlement::Delivered,
    }
}

#[expect(clippy::disallowed_methods, reason = "this test stands for Kafka")]
fn receipt() -> Receipt {
    Receipt::new()
}

#[test]
fn a_contact_becomes_a_door() {
    let mut line = Line::new();
    let accepted = line.send("homes/7/z/hall", r#"{"contact":false}"#);
    assert_eq!((accepted.readings, accepted.refused, accepted.rejected), (1, 0, None));
    line.pipeline.flush(FlushReason::Drain, &mut line.ready);
    let record = &line.ready[0];
    assert_eq!((record.key.as_slice(), record.readings), (&b"7"[..], 1));
    assert_eq!(record.to.partition, murmur2::partition(b"7", 5));
    assert_eq!((record.timestamp, record.opened), (NOW, Mono(1_000)));
    let stored = line.stored();
    assert_eq!(stored.told(), "7/hall door_open=true");
    let batch = &stored.readings[0];
    assert_eq!((batch.tenant.as_str(), batch.engine.as_str()), ("t", "0.1.0"));
    assert_eq!((batch.link.as_str(), batch.delivered_late), ("north", false));
    let report = &batch.reports[0];
    assert_eq!((report.received_at_us, report.measured_at_us), (NOW.0, None));
}

#[test]
fn a_batch_holds_one_home_and_closes_when_it_is_full() {
    let mut settings = settings();
    settings.batch.max_readings = 3;
    let mut line = Line::with(settings, resolver(UnknownDevices::Accept, Limits::default()));
    for device in ["a", "b", "c"] {
        line.send(&format!("homes/7/z/{device}"), r#"{"contact":true}"#);
        line.send(&format!("homes/8/z/{device}"), r#"{"contact":true,"battery":5}"#);
    }
    assert_eq!(line.ready.len(), 2, "home 8 after two messages, home 7 after three");
    let [eight, seven] = &line.ready[..] else { panic!("two records") };
    assert_eq!((eight.key.as_slice(), eight.readings), (&b"8"[..], 4));
    assert_eq!((seven.key.as_slice(), seven.readings), (&b"7"[..], 3));
    assert_eq!(line.stored().readings.len(), 3);
}

#[test]
fn a_batch_closes_when_its_bytes_are_many_or_its_linger_is_over() {
    let mut settings = settings();
    settings.batch.max_bytes = 100;
    let mut line = Line::with(settings, resolver(UnknownDevices::Accept, Limits::default()));
    line.send("homes/7/z/a", r#"{"contact":true}"#);
    assert!(line.ready.is_empty());
    line.send("homes/7/z/a", r#"{"contact":true}"#);
    assert_eq!(line.ready.len(), 1);
    line.send("homes/7/z/a", r#"{"contact":true}"#);
    let due = line.now.mono + Duration::from_millis(20);
    assert_eq!(line.pipeline.deadline(), Some(due));
    line.pipeline.flush_due(Mono(due.0 - 1), &mut line.ready);
    assert_eq!(line.ready.len(), 1);
    line.pipeline.flush_due(due, &mut line.ready);
    assert_eq!((line.ready.len(), line.pipeline.deadline()), (2, None));
    line.stored();
}

#[test]
fn records_are_used_again_and_carry_nothing_over() {
    let mut line = Line::new();
    line.send("homes/7/json/a", r#"{"kind":"sos"}"#);
    line.send("elsewhere", "x");
    let first = line.stored();
    for _ in 0..3 {
        line.send("homes/8/z/b", r#"{"contact":true}"#);
        line.pipeline.flush(FlushReason::Drain, &mut line.ready);
        let record = &line.ready[0];
        assert!(record.value.capacity() > 0 && record.shares.len() == 1);
        assert_eq!((record.key.as_slice(), record.readings), (&b"8"[..], 1));
        assert_eq!(line.stored().told(), "8/b door_open=false");
    }
    assert_eq!(first.told(), "7/a sos!; 7/a sos!; -no_route");
}

#[test]
fn a_full_memory_of_devices_closes_every_batch_before_it_starts_afresh() {
    let limits = Limits { devices: 2, ..Limits::default() };
    let mut line = Line::with(settings(), resolver(UnknownDevices::Accept, limits));
    for round in 0..3 {
        for home in ["7", "8", "9"] {
            let payload = format!(r#"{{"battery":{round}}}"#);
            line.send(&format!("homes/{home}/z/d{home}"), payload);
        }
    }
    let stored = line.stored();
    let mut told: Vec<String> = Vec::new();
    for batch in &stored.readings {
        for report in &batch.reports {
            assert_eq!(report.device, format!("d{}", batch.home), "a device of another home");
            told.push(format!("{}={}", batch.home, say(&report.readings[0])));
        }
    }
    told.sort();
    assert_eq!(told.len(), 9);
    assert_eq!(told[..3], ["7=battery_level=0", "7=battery_level=1", "7=battery_level=2"]);
}

#[test]
fn a_gateways_message_is_a_report_for_each_device() {
    let mut line = Line::new();
    let accepted = line.send(
        "gateway/7",
        r#"[{"device":"a","kind":"motion","value":true},
            {"device":"b","readings":[{"kind":"sos"},{"kind":"motion","value":false}]}]"#,
    );
    assert_eq!((accepted.readings, accepted.rejected), (3, None));
    let stored = line.stored();
    assert_eq!(stored.told(), "7/a motion=true; 7/b sos! motion=false; 7/b sos!");
    assert_eq!(stored.readings.len(), 1);
}
