//! One run: generator, mock cluster and the process that is measured, each a process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    Outcome,
    engine::{self, Ack, EngineSetup, SpoolFolder},
    generator::Format,
    process::{self, CpuTimes, Memory, Usage},
    pump::Clock,
    role::Role,
    scrape::{self, Figures},
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Engine,
    OwnLoop,
    RumqttcV5,
}

impl Subject {
    pub(crate) const ALL: [Self; 3] = [Self::Engine, Self::OwnLoop, Self::RumqttcV5];

    /// The subject's name in rows.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::OwnLoop => "own_loop",
            Self::RumqttcV5 => "rumqttc_v5",
        }
    }
}

/// The scene of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) format: Format,
    pub(crate) homes: usize,
    pub(crate) devices_per_home: usize,
    pub(crate) partitions: i32,
    /// Receive Maximum.
    pub(crate) window: u16,
    /// What the engine acknowledges messages for.
    pub(crate) ack: Ack,
    /// Added to every answer of Kafka.
    pub(crate) round_trip: Duration,
    /// Lines of the list of devices; 0 for none.
    pub(crate) listed: usize,
    /// Does the pump look at the clock for every message?
    pub(crate) clock: Clock,
}

/// Topic of the pumps; those of the engine are its defaults.
const PUMP_TOPIC: &str = "bench.messages";
const ENGINE_TOPICS: [&str; 3] = ["trygg.readings", "trygg.alerts", "trygg.dead-letters"];

/// A stretch of messages, all of them acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) count: u64,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Bytes the measured process has brought to the disk.
    pub(crate) written: u64,
    /// Longest time between two acknowledgements.
    pub(crate) silence: Duration,
    /// What 99.9 % of paced messages took at most, from PUBLISH to PUBACK.
    pub(crate) slowest: Duration,
    /// Most messages outstanding at a time.
    pub(crate) most: u64,
    /// Who could not have gone faster, if anybody.
    pub(crate) bound: Option<Bound>,
}

/// What was busy all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A thread of the measured process.
    Measured,
    /// A thread of the generator or of the mock cluster.
    Surroundings,
    /// All processors together.
    Machine,
}

impl Bound {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Measured => "CPU-bound",
            Self::Surroundings => "bound by generator or mock cluster",
            Self::Machine => "machine busy",
        }
    }
}

/// From this share of the time on a thread, or the machine, counts as busy all the time.
const BUSY: f64 = 0.85;

impl Stretch {
    pub(crate) fn cpu_us_per_message(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / crate::float(self.count)
    }

    pub(crate) fn bytes_per_message(&self) -> f64 {
        crate::float(self.written) / crate::float(self.count)
    }

    pub(crate) fn per_second(&self) -> f64 {
        crate::float(self.count) / self.wall.as_secs_f64()
    }
}

/// The three processes. Dropping it ends them, the measured one first.
pub(crate) struct Run {
    measured: Role,
    generator: Role,
    kafka: Role,
    scene: Scene,
    brokers: String,
    /// Where the engine tells its figures.
    admin: SocketAddr,
    begun: Option<Begun>,
    spool: SpoolFolder,
}

/// The state of the processes at the begin of a stretch.
struct Begun {
    times: [CpuTimes; 3],
    written: u64,
    /// How long it takes at its rate.
    planned: Duration,
}

impl Run {
    pub(crate) fn start(engine: &Path, subject: Subject, scene: &Scene) -> Outcome<Self> {
        let spool = SpoolFolder::make()?;
        let mut kafka = Role::again("mock-kafka", &kafka_arguments(subject, scene))?;
        let mut generator = Role::again("generator", &generator_arguments(scene))?;
        let brokers: String = kafka.wait_for("ready")?.get("brokers")?;
        let mqtt = address(&mut generator)?;
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let pump = |client| Role::again("pump", &pump_arguments(client, mqtt, &brokers, scene));
        let (measured, admin) = match subject {
            Subject::Engine => engine::start(engine, &setup(scene, mqtt, &brokers), &spool)?,
            Subject::OwnLoop => (pump("own-loop")?, nowhere),
            Subject::RumqttcV5 => (pump("rumqttc-v5")?, nowhere),
        };
        subscribed(&mut generator, scene)?;
        let (scene, begun) = (*scene, None);
        Ok(Self { measured, generator, kafka, scene, brokers, admin, begun, spool })
    }

    /// Kills the engine, lets `meanwhile` see its spool, and starts it again; returns when it was
    /// started. The broker knows no message any more.
    pub(crate) fn crash(
        &mut self,
        engine: &Path,
        meanwhile: impl FnOnce(&SpoolFolder) -> Outcome,
    ) -> Outcome<Instant> {
        self.measured.kill();
        meanwhile(&self.spool)?;
        let mut generator = Role::again("generator", &generator_arguments(&self.scene))?;
        let mqtt = address(&mut generator)?;
        let setup = setup(&self.scene, mqtt, &self.brokers);
        let begin = Instant::now();
        (self.measured, self.admin) = engine::start(engine, &setup, &self.spool)?;
        self.generator = generator;
        subscribed(&mut self.generator, &self.scene)?;
        Ok(begin)
    }

    /// Sends `count` messages, `rate` a second (0: as fast as they are acknowledged), and waits
    /// until all are acknowledged. CPU time is that of the stretch alone.
    pub(crate) fn send(&mut self, count: u64, rate: u64) -> Outcome<Stretch> {
        let planned = count.checked_div(rate).unwrap_or(0);
        self.begin(count, rate, Duration::from_secs(planned))?;
        self.end()
    }

    /// Begins a stretch without an end: see [`Self::stop`].
    pub(crate) fn flow(&mut self, rate: u64) -> Outcome {
        self.begin(u64::MAX, rate, Duration::ZERO)
    }

    /// Ends what [`Self::flow`] began, and waits until all is acknowledged.
    pub(crate) fn stop(&mut self) -> Outcome<Stretch> {
        self.generator.say("enough")?;
        self.end()
    }

    fn begin(&mut self, count: u64, rate: u64, planned: Duration) -> Outcome {
        let written = process::written(self.measured.pid())?;
        self.begun = Some(Begun { times: times(self.pids())?, written, planned });
        self.generator.say(&format!("send count={count} rate={rate}"))
    }

    fn end(&mut self) -> Outcome<Stretch> {
        let before = self.begun.take().ok_or("no stretch was begun")?;
        let done = self.generator.wait_longer_for("done", before.planned)?;
        let after = times(self.pids())?;
        let mut used = after.iter().zip(&before.times).map(|(after, before)| after.since(before));
        let usages = [(); 3].map(|()| used.next().unwrap_or_default());
        let (out_of_order, unknown): (u64, u64) = (done.get("out_of_order")?, done.get("unknown")?);
        let most: u64 = done.get("max_outstanding")?;
        if out_of_order + unknown > 0 {
            let reason = format!("{out_of_order} PUBACKs out of order, {unknown} of nothing");
            return Err(reason.into());
        }
        if most > u64::from(self.scene.window) {
            return Err(format!("{most} messages outstanding").into());
        }
        let wall = Duration::from_micros(done.get("wall_us")?);
        let [measured, ..] = usages;
        Ok(Stretch {
            count: done.get("count")?,
            wall,
            cpu: measured.total,
            written: process::written(self.measured.pid())?.saturating_sub(before.written),
            silence: Duration::from_micros(done.get("silence_us")?),
            slowest: Duration::from_micros(done.get("p999_us")?),
            most,
            bound: bound(&usages, wall),
        })
    }

    fn pids(&self) -> [u32; 3] {
        [self.measured.pid(), self.generator.pid(), self.kafka.pid()]
    }

    /// Closes Kafka's connections and its door.
    pub(crate) fn kafka_down(&mut self) -> Outcome {
        self.kafka.ask("down", "is_down").map(drop)
    }

    pub(crate) fn kafka_up(&mut self) -> Outcome {
        self.kafka.ask("up", "is_up").map(drop)
    }

    /// What the engine says of itself.
    pub(crate) fn figures(&self) -> Outcome<Figures> {
        scrape::read(self.admin)
    }

    /// Records in the topics of the measured process.
    pub(crate) fn records(&mut self) -> Outcome<u64> {
        self.kafka.ask("count", "counted")?.get("records")
    }

    /// Device reports in the engine's topic of readings; reads all of it.
    pub(crate) fn reports(&mut self) -> Outcome<u64> {
        self.kafka.ask("reports", "reported")?.get("reports")
    }

    /// Median time from produce to report since the last call; pumps with a clock only.
    pub(crate) fn latency(&mut self) -> Outcome<Duration> {
        Ok(Duration::from_micros(self.measured.ask("latency", "latency")?.get("p50_us")?))
    }

    pub(crate) fn memory(&self) -> Outcome<Memory> {
        process::memory(self.measured.pid())
    }
}

fn setup<'a>(scene: &Scene, mqtt: SocketAddr, brokers: &'a str) -> EngineSetup<'a> {
    let Scene { format, window, ack, listed, .. } = *scene;
    EngineSetup { mqtt, brokers, format, window, ack, listed }
}

fn address(generator: &mut Role) -> Outcome<SocketAddr> {
    let port: u16 = generator.wait_for("ready")?.get("port")?;
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

fn subscribed(generator: &mut Role, scene: &Scene) -> Outcome {
    let announced: u16 = generator.wait_for("subscribed")?.get("receive_maximum")?;
    if announced != scene.window {
        return Err(format!("Receive Maximum {announced}, not {}", scene.window).into());
    }
    Ok(())
}

fn times(pids: [u32; 3]) -> Outcome<[CpuTimes; 3]> {
    let [measured, generator, kafka] = pids;
    Ok([CpuTimes::of(measured)?, CpuTimes::of(generator)?, CpuTimes::of(kafka)?])
}

fn bound([measured, generator, kafka]: &[Usage; 3], wall: Duration) -> Option<Bound> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let all = (measured.total + generator.total + kafka.total).as_secs_f64();
    let busy = |time: Duration| time.as_secs_f64() >= BUSY * wall.as_secs_f64();
    if busy(measured.busiest) {
        Some(Bound::Measured)
    } else if busy(generator.busiest) || busy(kafka.busiest) {
        Some(Bound::Surroundings)
    } else {
        let whole = wall.as_secs_f64() * crate::float(u64::try_from(processors).unwrap_or(1));
        (all >= BUSY * whole).then_some(Bound::Machine)
    }
}

fn kafka_arguments(subject: Subject, scene: &Scene) -> Vec<String> {
    let topics = match subject {
        Subject::Engine => ENGINE_TOPICS.as_slice(),
        Subject::OwnLoop | Subject::RumqttcV5 => &[PUMP_TOPIC],
    };
    let mut arguments = vec![
        "mock-kafka".to_owned(),
        format!("--partitions={}", scene.partitions),
        format!("--round-trip={}", scene.round_trip.as_millis()),
    ];
    arguments.extend(topics.iter().map(|topic| format!("--topic={topic}")));
    arguments
}

fn generator_arguments(scene: &Scene) -> Vec<String> {
    vec![
        "generator".to_owned(),
        format!("--format={}", scene.format.name()),
        format!("--homes={}", scene.homes),
        format!("--devices-per-home={}", scene.devices_per_home),
    ]
}

fn pump_arguments(client: &str, mqtt: SocketAddr, brokers: &str, scene: &Scene) -> Vec<String> {
    vec![
        "pump".to_owned(),
        format!("--client={client}"),
        format!("--mqtt={mqtt}"),
        format!("--brokers={brokers}"),
        format!("--topic={PUMP_TOPIC}"),
        format!("--window={}", scene.window),
        format!("--linger={}", linger_ms(scene.window)),
        format!("--clock={}", scene.clock.name()),
    ]
}

/// librdkafka's linger fitted to the window: what moves most and costs least at a round trip of
/// 5 ms. Never zero: then requests of single records take up all that may be in flight, the
/// rest waits for a second round trip, and librdkafka's thread spins meanwhile (measured: window
/// 100, 70 us a message instead of 2.5).
fn linger_ms(window: u16) -> u32 {
    match window {
        0..=1_000 => 1,
        1_001.. => 5,
    }
}
