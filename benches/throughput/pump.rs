//! What a message costs when nothing is decoded: the yardsticks.
//!
//! Both pumps send the payload as it came, one keyed record a message, and acknowledge in
//! receive order after Kafka's delivery report, as the engine does.

pub(crate) mod latency;
pub(crate) mod own_loop;
pub(crate) mod rumqttc_v5;
mod slots;

use std::{net::SocketAddr, sync::Arc};

use clap::{Args, ValueEnum};
use rdkafka::{
    ClientConfig,
    producer::{BaseRecord, ProducerContext, ThreadedProducer},
};

use self::{latency::Latency, slots::Slots};
use crate::{Outcome, terminal};

/// Which client reads the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// Our own loop over the bare socket.
    OwnLoop,
    /// rumqttc's event loop as it comes, with manual acknowledgement.
    RumqttcV5,
}

/// Does the pump look at the clock for every message?
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Clock {
    Off,
    On,
}

impl Clock {
    /// The value of `--clock`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PumpArgs {
    #[arg(long, value_enum)]
    pub(crate) client: Client,
    #[arg(long)]
    pub(crate) mqtt: SocketAddr,
    #[arg(long)]
    pub(crate) brokers: String,
    #[arg(long)]
    pub(crate) topic: String,
    /// Receive Maximum.
    #[arg(long)]
    pub(crate) window: u16,
    /// librdkafka's linger, milliseconds.
    #[arg(long)]
    pub(crate) linger: u32,
    #[arg(long, value_enum)]
    pub(crate) clock: Clock,
}

/// Pumps on threads of its own; answers `latency` until stdin ends.
pub(crate) fn run(args: PumpArgs) -> Outcome {
    let latency = match args.clock {
        Clock::Off => None,
        Clock::On => Some(Arc::new(Latency::new(usize::from(args.window)))),
    };
    let of_pump = latency.clone();
    std::thread::Builder::new().name("mqtt".into()).spawn(move || {
        let end = match args.client {
            Client::OwnLoop => own_loop::run(&args, of_pump),
            Client::RumqttcV5 => rumqttc_v5::run(&args, of_pump),
        };
        // The parent notices that the line it waits for never comes, and shows this one.
        terminal::complain(&format!("pump ended: {end:?}"));
    })?;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if let (Some(latency), true) = (&latency, line == "latency") {
            terminal::report(&format!("latency p50_us={}", latency.take(0.5)))?;
        }
    }
    Ok(())
}

/// The settings the engine's producer has, so that the comparison is one of our own code.
fn producer<C: ProducerContext + 'static>(
    args: &PumpArgs,
    context: C,
) -> Outcome<ThreadedProducer<C>> {
    let producer = ClientConfig::new()
        .set("bootstrap.servers", &args.brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        .set("linger.ms", args.linger.to_string())
        .set("batch.size", "1000000")
        .set("batch.num.messages", "10000")
        .set("compression.type", "lz4")
        .set("queue.buffering.max.messages", "200000")
        .set("queue.buffering.max.kbytes", "1048576")
        .set("partitioner", "murmur2_random")
        .create_with_context(context)?;
    Ok(producer)
}

/// A message on its way to Kafka: the slot is what the delivery report brings back.
fn send<C: ProducerContext<DeliveryOpaque = usize> + 'static>(
    producer: &ThreadedProducer<C>,
    kafka_topic: &str,
    slot: usize,
    mqtt_topic: &[u8],
    payload: &[u8],
) -> Outcome {
    let record =
        BaseRecord::with_opaque_to(kafka_topic, slot).key(home(mqtt_topic)).payload(payload);
    producer.send(record).map_err(|(error, _)| error.into())
}

/// The second level of the topic.
fn home(topic: &[u8]) -> &[u8] {
    topic.split(|byte| *byte == b'/').nth(1).unwrap_or_default()
}
