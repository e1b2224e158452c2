//! Read until drained, send, acknowledge the delivered prefix in one write.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::BytesMut;
use rdkafka::{
    ClientContext,
    message::DeliveryResult,
    producer::{ProducerContext, ThreadedProducer},
};
use rumqttc::v5::mqttbytes::{
    QoS,
    v5::{Connect, ConnectProperties, Filter, Packet, Subscribe},
};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream, sync::Notify};

use super::{Latency, PumpArgs, Slots};
use crate::{Outcome, terminal};

const READ_BYTES: usize = 64 * 1024;
const PUBLISH_QOS1: u8 = 0x32;

/// Reads are gathered for this long while something is outstanding: below 50 000 messages a
/// second the price is wake-ups, not code.
const COALESCE: Duration = Duration::from_millis(1);

/// A smaller window is empty within a millisecond: gathering would only idle the broker.
const COALESCE_WINDOW_MIN: u16 = 1_000;

pub(super) fn run(args: &PumpArgs, latency: Option<Arc<Latency>>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reports = Reports {
        shared: Arc::new(Shared {
            slots: Slots::new(usize::from(args.window)),
            asleep: AtomicBool::new(false),
            delivered: Notify::new(),
        }),
        latency,
    };
    let producer = super::producer(args, reports.clone())?;
    runtime.block_on(async {
        let mut pump = OwnLoop {
            socket: TcpStream::connect(args.mqtt).await?,
            args,
            producer,
            reports,
            input: Input { bytes: vec![0; READ_BYTES].into(), begin: 0, end: 0 },
            received: 0,
            acknowledged: 0,
            output: Vec::with_capacity(READ_BYTES),
        };
        pump.subscribe().await?;
        pump.pump().await
    })
}

struct OwnLoop<'a> {
    socket: TcpStream,
    args: &'a PumpArgs,
    producer: ThreadedProducer<Reports>,
    reports: Reports,
    input: Input,
    /// Messages read, and how many of them are acknowledged.
    received: usize,
    acknowledged: usize,
    output: Vec<u8>,
}

impl OwnLoop<'_> {
    async fn subscribe(&mut self) -> Outcome {
        self.socket.set_nodelay(true)?;
        let mut properties = ConnectProperties::new();
        properties.receive_maximum = Some(self.args.window);
        properties.session_expiry_interval = Some(3600);
        let connect = Connect {
            keep_alive: 0,
            client_id: "pump".to_owned(),
            clean_start: false,
            properties: Some(properties),
        };
        let filter = Filter::new("homes/#", QoS::AtLeastOnce);
        let mut subscribe = Subscribe::new(filter, None);
        subscribe.pkid = 1;
        let mut bytes = BytesMut::new();
        Packet::Connect(connect, None, None).write(&mut bytes, None)?;
        Packet::Subscribe(subscribe).write(&mut bytes, None)?;
        self.socket.write_all(&bytes).await?;
        // CONNACK is 5 bytes here and SUBACK 6; nothing else comes before them.
        let mut answers = [0; 11];
        self.socket.read_exact(&mut answers).await?;
        Ok(())
    }

    async fn pump(&mut self) -> Outcome {
        let gathers = self.args.window >= COALESCE_WINDOW_MIN;
        loop {
            let drained = self.read()?;
            self.acknowledge().await?;
            if drained == Drained::Yes {
                if gathers && self.received > self.acknowledged {
                    // Not the runtime's sleep: that one wakes for every packet, only to go
                    // back to sleep. The thread has nothing else to do.
                    std::thread::park_timeout(COALESCE);
                }
                self.wait().await?;
            }
        }
    }

    /// Sends what one buffer holds.
    fn read(&mut self) -> Outcome<Drained> {
        let spare = self.input.spare();
        let length = match self.socket.try_read(spare) {
            Ok(0) => return Err("the broker closed the connection".into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Drained::Yes),
            Err(error) => return Err(error.into()),
        };
        let drained = if length < spare.len() { Drained::Yes } else { Drained::No };
        self.input.end += length;
        while let Some(publish) = self.input.next()? {
            let slot = self.reports.shared.slots.open(self.received, publish.packet_id);
            if let Some(latency) = &self.reports.latency {
                latency.sent(slot);
            }
            super::send(&self.producer, &self.args.topic, slot, publish.topic, publish.payload)?;
            self.received += 1;
        }
        self.input.compact();
        Ok(drained)
    }

    /// Acknowledges the delivered prefix in one write.
    async fn acknowledge(&mut self) -> Outcome {
        while self.acknowledged < self.received
            && let Some(id) = self.reports.shared.slots.close(self.acknowledged)
        {
            let [high, low] = id.to_be_bytes();
            self.output.extend_from_slice(&[0x40, 2, high, low]);
            self.acknowledged += 1;
        }
        if !self.output.is_empty() {
            self.socket.write_all(&self.output).await?;
            self.output.clear();
        }
        Ok(())
    }

    /// Until there is something to read, or the oldest message is delivered.
    async fn wait(&mut self) -> Outcome {
        let shared = Arc::clone(&self.reports.shared);
        shared.asleep.store(true, Ordering::SeqCst);
        if self.received > self.acknowledged && shared.slots.is_marked(self.acknowledged) {
            shared.asleep.store(false, Ordering::SeqCst);
            return Ok(());
        }
        tokio::select! {
            readable = self.socket.readable() => readable?,
            () = shared.delivered.notified() => {}
        }
        shared.asleep.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// Was there more to read?
#[derive(PartialEq, Eq)]
enum Drained {
    Yes,
    No,
}

/// The read buffer.
struct Input {
    bytes: Box<[u8]>,
    begin: usize,
    end: usize,
}

struct Publish<'a> {
    topic: &'a [u8],
    packet_id: u16,
    payload: &'a [u8],
}

impl Input {
    fn spare(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// The next whole PUBLISH; the buffer is far larger than any of the generator's packets.
    fn next(&mut self) -> Outcome<Option<Publish<'_>>> {
        let bytes = self.bytes.get(self.begin..self.end).unwrap_or_default();
        let [kind, low, high, ..] = *bytes else { return Ok(None) };
        let (length, header) = match (low & 0x80, high & 0x80) {
            (0, _) => (usize::from(low), 2),
            (_, 0) => (usize::from(low & 0x7F) | usize::from(high) << 7, 3),
            _ => return Err("a packet of more than 16 KiB".into()),
        };
        let Some(body) = bytes.get(header..header + length) else { return Ok(None) };
        self.begin += header + length;
        if kind != PUBLISH_QOS1 {
            return Err(format!("packet type {kind:#x} was not expected").into());
        }
        let parsed = body.split_first_chunk().and_then(|(length, rest)| {
            let (topic, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            let (id, rest) = rest.split_first_chunk()?;
            let (properties, rest) = rest.split_first()?;
            let payload = rest.get(usize::from(*properties)..)?;
            Some(Publish { topic, packet_id: u16::from_be_bytes(*id), payload })
        });
        parsed.map(Some).ok_or_else(|| "a malformed PUBLISH".into())
    }

    /// Moves the begun packet to the front.
    fn compact(&mut self) {
        self.bytes.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
    }
}

struct Shared {
    slots: Slots,
    asleep: AtomicBool,
    delivered: Notify,
}

/// Takes delivery reports on librdkafka's polling thread.
#[derive(Clone)]
struct Reports {
    shared: Arc<Shared>,
    latency: Option<Arc<Latency>>,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: usize) {
        if let Err((error, _)) = result {
            // Not acknowledged, so the run stalls and fails, as it should.
            terminal::complain(&format!("not delivered: {error}"));
            return;
        }
        if let Some(latency) = &self.latency {
            latency.delivered(slot);
        }
        self.shared.slots.mark(slot);
        if self.shared.asleep.load(Ordering::SeqCst)
            && self.shared.asleep.swap(false, Ordering::SeqCst)
        {
            self.shared.delivered.notify_one();
        }
    }
}
