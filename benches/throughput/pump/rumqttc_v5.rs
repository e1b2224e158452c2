//! rumqttc's MQTT 5 event loop as it comes, manual acknowledgement, a thread of its own.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::{ClientContext, message::DeliveryResult, producer::ProducerContext};
use rumqttc::v5::{
    AsyncClient, Event, MqttOptions,
    mqttbytes::{
        QoS,
        v5::{Packet, Publish},
    },
};

use super::{Latency, PumpArgs, Slots};
use crate::{Outcome, terminal};

/// Room in the request channel beyond a window of acknowledgements.
const SPARE_REQUESTS: usize = 64;

pub(super) fn run(args: &PumpArgs, latency: Option<Arc<Latency>>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut options = MqttOptions::new("pump", args.mqtt.ip().to_string(), args.mqtt.port());
    options.set_manual_acks(true);
    options.set_clean_start(false);
    options.set_session_expiry_interval(Some(3600));
    options.set_receive_maximum(Some(args.window));
    options.set_max_packet_size(Some(1 << 20));
    let capacity = usize::from(args.window) + SPARE_REQUESTS;
    runtime.block_on(async {
        let (client, mut events) = AsyncClient::new(options, capacity);
        client.try_subscribe("homes/#", QoS::AtLeastOnce)?;
        let reports = Reports {
            slots: Arc::new(Slots::new(usize::from(args.window))),
            latency,
            prefix: Arc::new(Mutex::new(Prefix { next: 0, publish: template() })),
            client,
        };
        let producer = super::producer(args, reports.clone())?;
        let mut received = 0;
        loop {
            let Event::Incoming(Packet::Publish(publish)) = events.poll().await? else { continue };
            let slot = reports.slots.open(received, publish.pkid);
            if let Some(latency) = &reports.latency {
                latency.sent(slot);
            }
            super::send(&producer, &args.topic, slot, &publish.topic, &publish.payload)?;
            received += 1;
        }
    })
}

/// `try_ack` looks at QoS and packet id only.
fn template() -> Publish {
    Publish::new("", QoS::AtLeastOnce, Vec::new(), None)
}

/// The oldest message that is not acknowledged.
struct Prefix {
    next: usize,
    publish: Publish,
}

/// Acknowledges from librdkafka's polling thread, as far as the delivered prefix reaches.
#[derive(Clone)]
struct Reports {
    slots: Arc<Slots>,
    latency: Option<Arc<Latency>>,
    prefix: Arc<Mutex<Prefix>>,
    client: AsyncClient,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: usize) {
        if let Err((error, _)) = result {
            terminal::complain(&format!("not delivered: {error}"));
            return;
        }
        if let Some(latency) = &self.latency {
            latency.delivered(slot);
        }
        self.slots.mark(slot);
        let mut prefix = self.prefix.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(id) = self.slots.close(prefix.next) {
            prefix.publish.pkid = id;
            if let Err(error) = self.client.try_ack(&prefix.publish) {
                terminal::complain(&format!("not acknowledged: {error}"));
                return;
            }
            prefix.next += 1;
        }
    }
}
