//! The link under simulation: small windows, three homes, two partitions.

use std::{fmt::Write as _, num::NonZeroU16, sync::Arc, time::Duration};

use super::{Chance, log::Hand};
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

/// The home whose consent changes.
pub(super) const DOUBTFUL: &str = "h2";

/// A list of devices, and what it says of one home.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) registry: Arc<Registry>,
    pub(super) is_refused: bool,
    /// Is everything taken?
    pub(super) is_all: bool,
}

/// No list, and lists that differ in what one home consents to.
pub(super) struct Lists {
    all: Vec<List>,
    /// Which of them is in force.
    number: usize,
    /// Has one home ever not consented to everything? Then its messages may end nowhere.
    pub(super) had_doubts: bool,
}

impl Lists {
    pub(super) fn new() -> Self {
        Self { all: lists(), number: 0, had_doubts: false }
    }

    pub(super) fn in_force(&self) -> &List {
        &self.all[self.number]
    }

    pub(super) fn change(&mut self, chance: &mut Chance) {
        self.number = chance.below(self.all.len());
        self.had_doubts |= !self.in_force().is_all;
    }
}

fn lists() -> Vec<List> {
    let catalogue = Catalogue::builtin();
    let list = |consent: &str| {
        let mut text = "device,source_home,home,consent\n".to_owned();
        for home in ["h0", "h1", DOUBTFUL] {
            let consent = if home == DOUBTFUL { consent } else { "all" };
            for device in ["d0", "d1"] {
                writeln!(text, "{device},{home},{home},{consent}").expect("text");
            }
        }
        let registry = Registry::from_csv(&text, "t", &Identity::ClearNames, &catalogue);
        let (is_refused, is_all) = (consent == "none", consent == "all");
        List { registry: Arc::new(registry.expect("a list")), is_refused, is_all }
    };
    let nothing = List { registry: Arc::default(), is_refused: false, is_all: true };
    vec![nothing, list("all"), list("none"), list("safety")]
}

pub(super) fn core(
    kafka: &Hand,
    protocol: Protocol,
    log: Option<(Habit, &[Recovered; 3])>,
    registry: Arc<Registry>,
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
    let resolver = Resolver::new(Arc::clone(&registry), origin, Limits::default());
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
    sink.replace_registry(registry);
    Core::new(limits, session.expect("session"), Pipeline::new(settings, resolver), sink)
}
