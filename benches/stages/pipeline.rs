//! The pipeline as a link drives it, without socket and without Kafka.

use std::{hint::black_box, sync::Arc, time::Duration};

use trygg::{
    ack::{Arrival, Epoch, Outstanding, Settlement},
    batch::BatchLimits,
    model::{Moment, Mono, QoS, UnixMicros},
    pipeline::{Pipeline, PipelineSettings, Route},
    record::{Record, RecordPool},
    registry::{Identity, Limits, Origin, Registry, Resolver, UnknownDevices},
    repeats::{Policy, RepeatLimits},
    validate::ClockLimits,
};

use crate::{
    Outcome,
    body::Body,
    inputs::{Input, Inputs},
};

/// The configuration's defaults.
pub(crate) const CLOCK_LIMITS: ClockLimits =
    ClockLimits { future_tolerance: Duration::from_mins(5), late_after: Duration::from_mins(10) };
const BATCH_LIMITS: BatchLimits =
    BatchLimits { max_readings: 500, max_bytes: 64 * 1024, linger: Duration::from_millis(20) };
pub(crate) const WINDOW: usize = 10_000;
pub(crate) const PARTITIONS: [i32; 3] = [4; 3];

/// Messages of one wake-up, and the time between two messages: 250 000 a second.
pub(crate) const WAKE_UP: u64 = 250;
pub(crate) const INTERVAL_US: u64 = 4;

struct Assembly<'i> {
    inputs: &'i Inputs,
    pipeline: Pipeline,
    outstanding: Outstanding,
    pool: RecordPool,
    ready: Vec<Record>,
    done: u64,
}

pub(crate) fn body(inputs: &Inputs) -> Outcome<Body<'_>> {
    let mut assembly = Assembly {
        inputs,
        pipeline: pipeline(inputs)?,
        outstanding: Outstanding::new(Epoch(1), WINDOW),
        pool: RecordPool::new(WINDOW),
        ready: Vec::new(),
        done: 0,
    };
    Ok(Box::new(move |count| assembly.run(count)))
}

impl Assembly<'_> {
    fn run(&mut self, count: u64) -> Outcome {
        for input in self.inputs.cycle(self.done, count) {
            let micros = self.done * INTERVAL_US;
            let wall = self.inputs.now.wall.0 + i64::try_from(micros)?;
            let now = Moment { mono: Mono(micros), wall: UnixMicros(wall) };
            self.accept(&input, now)?;
            self.done += 1;
            if self.done.is_multiple_of(WAKE_UP) {
                self.pipeline.flush_due(now.mono, &mut self.ready);
                self.report();
            }
        }
        Ok(())
    }

    fn accept(&mut self, input: &Input<'_>, now: Moment) -> Outcome {
        let arrival = arrival(1, input.payload.len(), now.mono);
        let (_, token) = self.outstanding.admit(arrival).ok_or("the window is full")?;
        let message = input.message(now);
        let accepted = self.pipeline.accept(&message, None, token, &mut self.pool, &mut self.ready);
        match accepted.rejected {
            None => Ok(()),
            Some(reason) => Err(format!("a message was refused: {reason}").into()),
        }
    }

    /// What Kafka would do: every record is answered, and its buffers come back. Its shares are
    /// given up, since only Kafka's callback can make a receipt; both cost the same.
    fn report(&mut self) {
        for mut record in self.ready.drain(..) {
            black_box(&record.value);
            record.shares.abandon();
            self.pool.put(record);
        }
        while let Some(answered) = self.outstanding.pop_resolved() {
            black_box(answered);
        }
    }
}

/// With one route, to topics of four partitions.
pub(crate) fn pipeline(inputs: &Inputs) -> Outcome<Pipeline> {
    let settings = PipelineSettings {
        memory_bytes: trygg::decode::MEMORY_BYTES,
        repeats: RepeatLimits::default(),
        link: "bench".into(),
        routes: vec![Route {
            pattern: inputs.pattern()?,
            decoder: inputs.decoder(),
            format: inputs.format.name().into(),
            repeats: Policy::Mark,
        }],
        catalogue: Arc::clone(&inputs.catalogue),
        clock: CLOCK_LIMITS,
        batch: BATCH_LIMITS,
        dead_letter_bytes: 256 * 1024,
        partitions: PARTITIONS,
        started: inputs.now.wall,
    };
    Ok(Pipeline::new(settings, resolver()))
}

/// A memory of devices as the link `bench` has it, with names in clear.
pub(crate) fn resolver() -> Resolver {
    let origin = Origin {
        link: "bench".into(),
        tenant: "bench".into(),
        engine: "bench",
        identity: Identity::ClearNames,
        unknown: UnknownDevices::Accept,
    };
    Resolver::new(Arc::new(Registry::default()), origin, Limits::default())
}

pub(crate) fn arrival(packet_id: u16, bytes: usize, received: Mono) -> Arrival {
    Arrival {
        packet_id,
        qos: QoS::AtLeastOnce,
        bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        received,
        fingerprint: 0,
        event_id: 0,
        readings: 0,
        refused: 0,
        settlement: Settlement::Delivered,
    }
}
