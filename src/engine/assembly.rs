//! From the configuration to the parts of the engine.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{StartError, keeping::Part};
use crate::{
    batch::BatchLimits,
    config::{self, Ack, Config, FilterSettings, Format},
    decode::{self, Decoder, DecoderSettings, Mapping},
    kafka::{Kafka, KafkaSettings, settings::TopicShape},
    link::{Clock, Core, LinkSettings, LinkTask, SnapshotRequest, voice::Voice},
    model::{QoS, UnixMicros},
    mqtt::{Backoff, Login, Necessity, Protocol, Replay, Session, SessionSettings, Subscription},
    pipeline::{Pipeline, PipelineSettings, Route},
    registry::{Limits, Origin, Registry, Resolver},
    repeats::RepeatLimits,
    sink::Sink,
    telemetry::health::Health,
    transport::Address,
    validate::ClockLimits,
};

/// The broker's own count of messages it has discarded (Mosquitto; others have none).
const BROKER_DROPPED: &str = "$SYS/broker/publish/messages/dropped";
/// From CONNECT to CONNACK and from SUBSCRIBE to SUBACK.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests for figures a link may have waiting: scrapes come one at a time.
const SNAPSHOT_REQUESTS: usize = 4;
/// librdkafka's linger where the configuration names none: 1 ms up to this window, 5 ms above. A
/// small window empties while one waits; but with none at all, requests of a record or two fill
/// the five places in flight, and the rest of the window waits for another round trip.
const SMALL_WINDOW: usize = 1_000;

/// Everything that can be made without Kafka.
#[derive(Debug)]
pub(super) struct Assembly {
    config: Config,
    registry: Arc<ArcSwap<Registry>>,
    settings: DecoderSettings,
    decoders: BTreeMap<decode::Format, Decoder>,
    mappings: BTreeMap<String, Decoder>,
}

/// A link ready to run.
pub(super) struct ReadyLink {
    pub(super) task: LinkTask,
    pub(super) requests: mpsc::Sender<SnapshotRequest>,
}

impl Assembly {
    pub(super) fn prepare(
        config: &Config,
        registry: Arc<ArcSwap<Registry>>,
    ) -> Result<Self, StartError> {
        let mappings = config.mappings.iter().map(|settings| {
            let name = settings.name.clone();
            let mapping = Mapping::new(settings, &config.catalogue);
            mapping
                .map(|mapping| (name.clone(), Decoder::Mapping(mapping)))
                .map_err(|error| StartError::Mapping { name, error })
        });
        let settings = DecoderSettings {
            keys: Arc::clone(&config.keys),
            positions: config.decode.positions,
            requests: config.decode.requests,
            ..DecoderSettings::new(&config.catalogue)
        };
        let decoders = decode::Format::ALL.into_iter().map(|format| {
            let decoder = Decoder::new(format, &settings);
            let name = || format.name().to_owned();
            decoder
                .map(|decoder| (format, decoder))
                .map_err(|error| StartError::Mapping { name: name(), error: error.into() })
        });
        Ok(Self {
            registry,
            decoders: decoders.collect::<Result<_, _>>()?,
            settings,
            mappings: mappings.collect::<Result<_, _>>()?,
            config: config.clone(),
        })
    }

    /// The list of devices as it is now.
    pub(super) fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    pub(super) fn link_count(&self) -> usize {
        self.config.links.len()
    }

    /// Where the spool lies, if there is one.
    pub(super) fn spool_directory(&self) -> Option<&Path> {
        let spool = &self.config.spool;
        (spool.ack != Ack::Kafka).then_some(&spool.directory)
    }

    pub(super) fn kafka_settings(&self) -> KafkaSettings {
        let kafka = &self.config.kafka;
        let links = &self.config.links;
        let window = links.iter().map(|link| usize::from(link.receive_maximum)).min().unwrap_or(0);
        let fitted = if window <= SMALL_WINDOW {
            Duration::from_millis(1)
        } else {
            Duration::from_millis(5)
        };
        let shape = TopicShape { partitions: kafka.partitions, replication: kafka.replication };
        let record_bytes =
            kafka.dead_letter_max_bytes.bytes().max(self.config.batch.max_bytes.bytes() * 2);
        KafkaSettings {
            connection: kafka.connection(),
            compression: kafka.compression,
            linger: kafka.linger.unwrap_or(fitted),
            topics: [
                kafka.topics.readings.clone(),
                kafka.topics.alerts.clone(),
                kafka.topics.dead_letters.clone(),
            ],
            create: kafka.create_topics.then_some(shape),
            queue_records: links.iter().map(|link| link.max_outstanding_messages).sum(),
            queue_bytes: links.iter().map(|link| link.max_outstanding_bytes.bytes()).sum(),
            record_bytes,
            metadata_timeout: kafka.metadata_timeout,
        }
    }

    pub(super) fn links(
        &self,
        kafka: &Arc<Kafka>,
        parts: Option<Vec<Part>>,
        health: &Arc<Health>,
        clock: Clock,
        (stop, abort): (&CancellationToken, &CancellationToken),
    ) -> Result<Vec<ReadyLink>, StartError> {
        let mut parts = parts.unwrap_or_default().into_iter();
        let links = (0_u16..).zip(&self.config.links);
        links
            .map(|(index, link)| {
                let part = parts.next();
                let (requests, snapshots) = mpsc::channel(SNAPSHOT_REQUESTS);
                let producer = kafka.link(index);
                let mailbox = Arc::clone(producer.mailbox());
                let session = Session::new(session_settings(link))
                    .map_err(|error| StartError::Link { link: Arc::clone(&link.name), error })?;
                let mut sink = Sink::new(producer, kafka.partitions());
                if let Some(part) = &part {
                    sink = sink.with_log(part.habit, &part.recovered);
                }
                let registry = self.registry();
                sink.replace_registry(Arc::clone(&registry));
                let pipeline = self.pipeline(
                    link,
                    Arc::clone(&registry),
                    kafka.partitions(),
                    clock.now().wall,
                );
                let task = LinkTask {
                    core: Core::new(link_settings(link), session, pipeline, sink),
                    address: address(link),
                    backoff: Backoff::new(Backoff::STABLE, rand::random()),
                    mailbox,
                    spool: part.map(|part| part.hand),
                    snapshots,
                    health: Arc::clone(health),
                    position: usize::from(index),
                    clock,
                    stop: stop.clone(),
                    abort: abort.clone(),
                    registry,
                    registries: Arc::clone(&self.registry),
                    voice: Voice::default(),
                    troubled_lane: None,
                };
                Ok(ReadyLink { task, requests })
            })
            .collect()
    }

    /// A link's, between its session and its sink.
    pub(super) fn pipeline(
        &self,
        link: &config::LinkSettings,
        registry: Arc<Registry>,
        partitions: [i32; 3],
        started: UnixMicros,
    ) -> Pipeline {
        let config = &self.config;
        let routes = link.filters.iter().map(|filter| Route {
            pattern: filter.topic.clone(),
            decoder: self.decoder(filter),
            format: filter.format.name().into(),
            repeats: filter.repeats.unwrap_or(config.repeats.policy),
        });
        let origin = Origin {
            link: Arc::clone(&link.name),
            tenant: Arc::clone(&config.engine.tenant),
            engine: env!("CARGO_PKG_VERSION"),
            identity: config.identity.clone(),
            unknown: config.registry.unknown,
        };
        let resolver = Resolver::new(registry, origin, Limits::default());
        let settings = PipelineSettings {
            link: Arc::clone(&link.name),
            routes: routes.collect(),
            catalogue: Arc::clone(&config.catalogue),
            clock: ClockLimits {
                future_tolerance: config.clock.future_tolerance,
                late_after: config.clock.late_after,
            },
            batch: BatchLimits {
                max_readings: u32::try_from(config.batch.max_readings).unwrap_or(u32::MAX),
                max_bytes: config.batch.max_bytes.bytes(),
                linger: config.batch.linger,
            },
            repeats: RepeatLimits {
                heartbeat: config.repeats.heartbeat,
                duplicate_within: config.repeats.duplicate_within,
                budget: config.repeats.budget.bytes(),
            },
            dead_letter_bytes: config.kafka.dead_letter_max_bytes.bytes(),
            partitions,
            memory_bytes: config.decode.memory.bytes(),
            started,
        };
        Pipeline::new(settings, resolver)
    }

    /// The decoder of a filter: its format's, with the zone of its local times.
    pub(super) fn decoder(&self, filter: &FilterSettings) -> Decoder {
        let found = match (&filter.format, &filter.time_zone) {
            (Format::BuiltIn(format), Some(zone)) => {
                let zone = Some(zone.clone());
                Decoder::new(*format, &DecoderSettings { zone, ..self.settings.clone() }).ok()
            }
            (Format::BuiltIn(format), None) => self.decoders.get(format).cloned(),
            (Format::Mapping(name), _) => self.mappings.get(name).cloned(),
        };
        // `prepare` has made one of each, and `config` refuses a mapping that does not exist.
        found.unwrap_or_else(|| Decoder::usual(decode::Format::Json, &self.config.catalogue))
    }
}

pub(super) fn address(link: &config::LinkSettings) -> Address {
    let config::TransportSettings { tls, websocket_path, .. } = &link.transport;
    Address {
        host: link.host.clone(),
        port: link.port,
        tls: tls.clone(),
        websocket: websocket_path.clone(),
    }
}

fn link_settings(link: &config::LinkSettings) -> LinkSettings {
    LinkSettings {
        name: Arc::clone(&link.name),
        receive_maximum: usize::from(link.receive_maximum),
        outstanding_messages: link.max_outstanding_messages,
        outstanding_bytes: link.max_outstanding_bytes.bytes(),
        packet_bytes: link.max_packet_bytes.bytes(),
        max_age: link.max_age,
        broker_statistics: link.broker_statistics.then(|| BROKER_DROPPED.to_owned()),
    }
}

pub(super) fn session_settings(link: &config::LinkSettings) -> SessionSettings {
    let own = link.filters.iter().map(|filter| Subscription {
        filter: filter.topic.filter().to_owned(),
        qos: filter.qos,
        necessity: Necessity::Required,
        replay: match filter.format {
            Format::BuiltIn(format) if format.learns() => Replay::Always,
            Format::BuiltIn(_) | Format::Mapping(_) => Replay::New,
        },
    });
    let statistics = link.broker_statistics.then(|| Subscription {
        filter: BROKER_DROPPED.to_owned(),
        qos: QoS::AtMostOnce,
        necessity: Necessity::Optional,
        replay: Replay::New,
    });
    let login = (link.user.is_some() || link.password.is_some()).then(|| Login {
        username: link.user.clone().unwrap_or_default(),
        password: link
            .password
            .as_ref()
            .map_or_else(String::new, |password| password.reveal().to_owned()),
    });
    SessionSettings {
        protocol: match link.protocol {
            config::Protocol::V5 => Protocol::V5,
            config::Protocol::V311 => Protocol::V311,
        },
        client_id: link.client_id.clone(),
        login,
        keep_alive_s: u16::try_from(link.keep_alive.as_secs()).unwrap_or(u16::MAX),
        session_expiry_s: u32::try_from(link.session_expiry.as_secs()).unwrap_or(u32::MAX),
        receive_maximum: link.receive_maximum.try_into().unwrap_or(std::num::NonZeroU16::MIN),
        subscriptions: own.chain(statistics).collect(),
        allow_downgrade: link.allow_downgrade,
        connect_timeout: ANSWER_TIMEOUT,
        subscribe_timeout: ANSWER_TIMEOUT,
    }
}
