//! A duty with one route, for tests.

use std::{sync::Arc, time::Duration};

use super::{duty::Duty, settings::LinkSettings};
use crate::{
    ack::Receipt,
    batch::BatchLimits,
    catalogue::Catalogue,
    decode::{Decoder, Format},
    model::{Moment, Mono, UnixMicros, topic::TopicPattern},
    pipeline::{Pipeline, PipelineSettings, Route},
    registry::{Identity, Limits, Origin, Registry, Resolver, UnknownDevices},
    repeats::{Policy, RepeatLimits},
    sink::{Producer, Sink},
    validate::ClockLimits,
};

pub(super) fn limits() -> LinkSettings {
    LinkSettings {
        name: "north".into(),
        receive_maximum: 10_000,
        outstanding_messages: 20_000,
        outstanding_bytes: 32 << 20,
        packet_bytes: 1 << 20,
        max_age: Duration::from_mins(1),
        broker_statistics: None,
    }
}

/// Connected; `homes/{home}/{device...}` is read in the format.
pub(super) fn duty<P: Producer>(format: Format, limits: LinkSettings, producer: P) -> Duty<P> {
    let catalogue = Arc::new(Catalogue::builtin());
    let pattern = TopicPattern::parse("homes/{home}/{device...}").expect("a pattern");
    let settings = PipelineSettings {
        memory_bytes: crate::decode::MEMORY_BYTES,
        repeats: RepeatLimits::default(),
        link: "north".into(),
        routes: vec![Route {
            pattern,
            decoder: Decoder::usual(format, &catalogue),
            format: "any".into(),
            repeats: Policy::Mark,
        }],
        catalogue,
        clock: ClockLimits {
            future_tolerance: Duration::from_mins(5),
            late_after: Duration::from_mins(10),
        },
        batch: BatchLimits {
            max_readings: 100,
            max_bytes: 64 * 1024,
            linger: Duration::from_millis(20),
        },
        dead_letter_bytes: 256 * 1024,
        partitions: [4; 3],
        started: UnixMicros(1),
    };
    let origin = Origin {
        link: "north".into(),
        tenant: "t".into(),
        engine: "0",
        identity: Identity::ClearNames,
        unknown: UnknownDevices::Accept,
    };
    let resolver = Resolver::new(Arc::new(Registry::default()), origin, Limits::default());
    let sink = Sink::new(producer, [4; 3]).known();
    let mut duty = Duty::new(limits, Pipeline::new(settings, resolver), sink);
    duty.begin_epoch();
    duty
}

/// So long after the start.
pub(super) fn after(mono: Duration) -> Moment {
    let micros = u64::try_from(mono.as_micros()).expect("short");
    let wall = UnixMicros(1_790_000_000_000_000 + micros.cast_signed());
    Moment { mono: Mono(micros), wall }
}

#[expect(clippy::disallowed_methods, reason = "tests stand for Kafka")]
pub(super) fn receipt() -> Receipt {
    Receipt::new()
}
