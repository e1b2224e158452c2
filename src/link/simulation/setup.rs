//! The link under simulation: small windows, three homes, two partitions.

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use super::log::Hand;
use crate::{
    batch::BatchLimits,
    catalogue::Catalogue,
    decode::Decoder,
    link::{core::Core, settings::LinkSettings},
    model::{QoS, UnixMicros, topic::TopicPattern},
    mqtt::{Necessity, Protocol, Replay, Session, SessionSettings, Subscription},
    pipeline::{Pipeline, PipelineSettings, Route},
    registry::{Identity, Limits, Origin, Registry, Resolver, UnknownDevices},
    repeats::{Policy, RepeatLimits},
    sink::{Habit, Sink},
    spool::Recovered,
    validate::ClockLimits,
};

pub(super) fn core(
    kafka: &Hand,
    protocol: Protocol,
    log: Option<(Habit, &[Recovered; 3])>,
    started: UnixMicros,
) -> Core<Hand> {
    let catalogue = Arc::new(Catalogue::builtin());
    let pattern = TopicPattern::parse("homes/{home}/json/{device...}").expect("pattern");
    let own = Subscription {
        filter: pattern.filter().to_owned(),
        qos: QoS::AtLeastOnce,
        necessity: Necessity::Required,
        replay: Replay::New,
    };
    let statistics = Subscription {
        filter: "$SYS/dropped".to_owned(),
        qos: QoS::AtMostOnce,
        necessity: Necessity::Optional,
        replay: Replay::New,
    };
    let session = Session::new(SessionSettings {
        protocol,
        client_id: "sim".to_owned(),
        login: None,
        keep_alive_s: 30,
        session_expiry_s: 3600,
        receive_maximum: NonZeroU16::new(20).expect("20"),
        subscriptions: vec![own, statistics],
        allow_downgrade: false,
        connect_timeout: Duration::from_secs(10),
        subscribe_timeout: Duration::from_secs(10),
    });
    let settings = PipelineSettings {
        memory_bytes: crate::decode::MEMORY_BYTES,
        repeats: RepeatLimits::default(),
        link: "sim".into(),
        routes: vec![Route {
            pattern,
            decoder: Decoder::usual(crate::decode::Format::Json, &catalogue),
            format: "json".into(),
            repeats: Policy::Discard,
        }],
        catalogue,
        clock: ClockLimits {
            future_tolerance: Duration::from_mins(5),
            late_after: Duration::from_mins(10),
        },
        batch: BatchLimits { max_readings: 6, max_bytes: 4096, linger: Duration::from_millis(20) },
        dead_letter_bytes: 256 * 1024,
        partitions: [2, 2, 1],
        started,
    };
    let origin = Origin {
        link: "sim".into(),
        tenant: "t".into(),
        engine: "0",
        identity: Identity::ClearNames,
        unknown: UnknownDevices::Accept,
    };
    let resolver = Resolver::new(Arc::new(Registry::default()), origin, Limits::default());
    let limits = LinkSettings {
        name: "sim".into(),
        receive_maximum: 20,
        outstanding_messages: 40,
        outstanding_bytes: 1 << 20,
        packet_bytes: 2048,
        max_age: Duration::from_mins(1),
        broker_statistics: Some("$SYS/dropped".to_owned()),
    };
    let mut sink = Sink::new(kafka.clone(), [2, 2, 1]);
    if let Some((habit, recovered)) = log {
        sink = sink.with_log(habit, recovered);
    }
    Core::new(limits, session.expect("session"), Pipeline::new(settings, resolver), sink)
}
