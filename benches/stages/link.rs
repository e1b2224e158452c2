//! The link's step as its task takes it: bytes in, records to a Kafka that confirms at once,
//! acknowledgements out. With a spool to fall back to, and without.

use std::{cell::RefCell, mem, num::NonZeroU16, rc::Rc, time::Duration};

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::{self, v5::Publish};
use trygg::{
    ack::Receipt,
    kafka::{Failure, Report, mailbox::Ticket, settings::Grouping},
    link::{Core, LinkSettings, duty::Socket},
    model::{Lane, LinkName, Moment, Mono, QoS, UnixMicros},
    mqtt::{Necessity, Protocol, Session, SessionSettings, Subscription},
    record::Record,
    sink::{Habit, Producer, Sink},
    spool::{Limits, Orders, Recovered, Spool, SpoolSettings, Synced, Tiding},
};

use crate::{
    Outcome,
    body::Body,
    inputs::Inputs,
    pipeline::{self, INTERVAL_US, PARTITIONS, WAKE_UP, WINDOW},
};

/// What the link falls back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// Nothing: `ack = "kafka"`.
    Nothing,
    /// A spool that is not needed: `ack = "auto"`.
    Spool,
}

/// How messages come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    messages_of_a_wake_up: u64,
    interval_us: u64,
}

/// 10 000 a second: looking for work that is not there weighs more than with many at a time.
pub(crate) const PACED: Pace = Pace { messages_of_a_wake_up: 10, interval_us: 100 };
pub(crate) const SATURATED: Pace =
    Pace { messages_of_a_wake_up: WAKE_UP, interval_us: INTERVAL_US };

/// CONNACK and SUBACK of a broker that grants everything.
pub(crate) const ESTABLISHED: [u8; 11] = [0x20, 3, 0, 0, 0, 0x90, 4, 0, 1, 0, 1];

/// The configuration's default.
const AFTER: Duration = Duration::from_secs(2);

struct Scene {
    core: Core<Confirming>,
    sent: Rc<RefCell<Vec<Ticket>>>,
    reports: Vec<Report>,
    proof: Synced,
    stream: Stream,
    pace: Pace,
    start: UnixMicros,
    done: u64,
    acknowledged: u64,
}

pub(crate) fn body(inputs: &Inputs, fallback: Fallback, pace: Pace) -> Outcome<Body<'_>> {
    let (proof, recovered) = proof()?;
    let sent = Rc::<RefCell<Vec<Ticket>>>::default();
    let mut sink = Sink::new(Confirming { sent: Rc::clone(&sent) }, PARTITIONS);
    match fallback {
        Fallback::Nothing => {}
        Fallback::Spool => sink = sink.with_log(Habit::After(AFTER), &recovered),
    }
    let settings = LinkSettings {
        name: "bench".into(),
        receive_maximum: WINDOW,
        outstanding_messages: 2 * WINDOW,
        outstanding_bytes: 32 << 20,
        packet_bytes: 1 << 20,
        max_age: Duration::from_mins(1),
        broker_statistics: None,
    };
    let core = Core::new(settings, session()?, pipeline::pipeline(inputs)?, sink);
    let mut scene = Scene {
        core,
        sent,
        reports: Vec::new(),
        proof,
        stream: Stream::of(inputs)?,
        pace,
        start: inputs.now.wall,
        done: 0,
        acknowledged: 0,
    };
    scene.connect()?;
    Ok(Box::new(move |count| scene.run(count)))
}

impl Scene {
    fn connect(&mut self) -> Outcome {
        let now = self.now()?;
        self.core.opened(now);
        let (_, buffer) = self.core.both_ways();
        buffer.extend_from_slice(&ESTABLISHED);
        self.core.wrote(self.core.unsent().len(), now.mono);
        self.core.step(&mut self.reports, Socket::Drained, now)?;
        // SUBSCRIBE.
        self.core.wrote(self.core.unsent().len(), now.mono);
        Ok(())
    }

    fn run(&mut self, count: u64) -> Outcome {
        let goal = self.done + count;
        while self.done < goal {
            let messages = self.pace.messages_of_a_wake_up.min(goal - self.done);
            let (_, buffer) = self.core.both_ways();
            self.stream.read(messages, buffer)?;
            self.done += messages;
            self.wake_up()?;
        }
        if self.done.saturating_sub(self.acknowledged) > WINDOW as u64 {
            return Err("the window is not acknowledged".into());
        }
        Ok(())
    }

    /// What [`trygg::link::LinkTask`] does between two looks at the socket.
    fn wake_up(&mut self) -> Outcome {
        let now = self.now()?;
        for ticket in mem::take(&mut *self.sent.borrow_mut()) {
            self.reports.push(Report { ticket, outcome: Ok(self.receipt()?) });
        }
        self.core.bytes_arrived(now.mono);
        self.core.step(&mut self.reports, Socket::Filled, now)?;
        if self.core.orders().is_some_and(|orders| !orders.is_empty()) {
            return Err("something is spooled although Kafka is up".into());
        }
        let unsent = self.core.unsent().len();
        self.acknowledged += unsent as u64 / PUBACK_BYTES;
        self.core.wrote(unsent, now.mono);
        self.core.deadline();
        Ok(())
    }

    fn receipt(&self) -> Outcome<Receipt> {
        Ok(self.proof.receipt(0).ok_or("the record is not on disk")?)
    }

    fn now(&self) -> Outcome<Moment> {
        let micros = self.done * self.pace.interval_us;
        let wall = UnixMicros(self.start.0 + i64::try_from(micros)?);
        Ok(Moment { mono: Mono(micros), wall })
    }
}

const PUBACK_BYTES: u64 = 4;

/// Confirms what it was given before the next wake-up.
struct Confirming {
    sent: Rc<RefCell<Vec<Ticket>>>,
}

impl Producer for Confirming {
    fn send(
        &mut self,
        index: u32,
        _: Grouping,
        _: Option<u16>,
        _: &Record,
    ) -> Result<Ticket, Failure> {
        let ticket = Ticket { record: index, generation: 0 };
        self.sent.borrow_mut().push(ticket);
        Ok(ticket)
    }

    fn settled_generation(&self) -> u16 {
        0
    }
}

/// Nobody but a disk or Kafka can prove anything, so a record is brought to disk: its proof
/// stands for Kafka's. And the logs of a spool that was never used.
fn proof() -> Outcome<(Synced, [Recovered; 3])> {
    let directory = tempfile::tempdir()?;
    let limits = Limits { max_bytes: 1 << 20, keep_free: 0 };
    let settings = SpoolSettings { directory: directory.path().join("spool"), limits };
    let links: [LinkName; 1] = ["bench".into()];
    let (spool, hands, recovered) = Spool::open(&settings, &links, PARTITIONS)?;
    let (Some(hand), Some(recovered)) = (hands.first(), recovered.into_iter().next()) else {
        return Err("a spool without its link".into());
    };
    let mut orders = Orders::default();
    orders.lane_mut(Lane::Readings).append(0, &Record::default());
    hand.submit(&mut orders);
    let mut tidings = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    while tidings.is_empty() {
        runtime.block_on(hand.arrived());
        hand.take(&mut tidings);
    }
    spool.close();
    match tidings.pop() {
        Some(Tiding::Synced(synced)) => Ok((synced, recovered)),
        Some(Tiding::Read(_)) | None => Err("the spool read what nobody asked for".into()),
    }
}

pub(crate) fn session() -> Outcome<Session> {
    Ok(Session::new(SessionSettings {
        protocol: Protocol::V5,
        client_id: "bench".to_owned(),
        login: None,
        keep_alive_s: 0,
        session_expiry_s: 3_600,
        receive_maximum: NonZeroU16::MAX,
        subscriptions: vec![Subscription {
            filter: "homes/#".to_owned(),
            qos: QoS::AtLeastOnce,
            necessity: Necessity::Required,
            replay: trygg::mqtt::Replay::New,
        }],
        allow_downgrade: false,
        connect_timeout: Duration::from_secs(10),
        subscribe_timeout: Duration::from_secs(10),
    })?)
}

/// PUBLISH packets, over and over.
pub(crate) struct Stream {
    pub(crate) bytes: Bytes,
    /// Where each packet ends.
    ends: Vec<usize>,
    at: usize,
    next: usize,
}

impl Stream {
    pub(crate) fn of(inputs: &Inputs) -> Outcome<Self> {
        let mut bytes = BytesMut::new();
        let mut ends = Vec::new();
        for (number, input) in (1_u16..).zip(inputs.iter()) {
            let qos = mqttbytes::QoS::AtLeastOnce;
            let mut publish = Publish::new(input.topic, qos, input.payload.to_vec(), None);
            publish.pkid = number;
            publish.write(&mut bytes)?;
            ends.push(bytes.len());
        }
        Ok(Self { bytes: bytes.freeze(), ends, at: 0, next: 0 })
    }

    /// The next so many packets.
    fn read(&mut self, packets: u64, into: &mut BytesMut) -> Outcome {
        for _ in 0..packets {
            let end = *self.ends.get(self.next).ok_or("no packets")?;
            into.extend_from_slice(self.bytes.get(self.at..end).unwrap_or_default());
            self.next = (self.next + 1) % self.ends.len();
            self.at = if self.next == 0 { 0 } else { end };
        }
        Ok(())
    }
}
