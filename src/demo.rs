//! The whole of trygg in one process, to look at: embedded broker, mock Kafka, simulated homes,
//! engine.
//!
//! ```text
//! testbed ─MQTT─> rumqttd ─MQTT─> engine ─> librdkafka's mock cluster ─> tail ─> scene ─> view
//! ```
//!
//! Everything but the picture is what runs in earnest: the homes speak MQTT to the broker, the
//! engine acknowledges after Kafka's report, and the picture shows what was read back from Kafka.

mod broker;
mod homes;
mod lines;
pub mod output;
mod reading;
mod scene;
mod screen;
mod setup;
mod show;
mod view;

use std::{io, time::Duration};

use thiserror::Error;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{broker::EmbeddedBroker, show::Show};
use crate::{
    config::ConfigErrors,
    engine::{self, Ending, Observer, Signals, StartError},
    kafka::mock::MockKafka,
    telemetry::logging::kept::Kept,
    testbed::{self, Stop},
};

/// When people get up, so that there is something to see.
const STARTS_AT: Duration = Duration::from_mins(6 * 60 + 45);
/// Where metrics are shown if the port is free.
const ADMIN_PORT: u16 = 9464;
/// How often the picture is drawn and the terminal's keys are looked at.
const FRAME: Duration = Duration::from_millis(200);
/// How often the books are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long the start may take.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// At the end, the broker's answers to the homes are waited for this long.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
/// At the end, what the homes have published is waited for this long.
const LAST_MESSAGES: Duration = Duration::from_millis(400);
/// Events read back and not yet shown.
const EVENTS: usize = 1_024;

/// What the demo is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many homes.
    pub homes: u32,
    /// Simulated seconds a second.
    pub speed: f64,
    /// Of the homes.
    pub seed: u64,
    /// Ends by itself after this time.
    pub duration: Option<Duration>,
    /// How it looks.
    pub look: Look,
}

impl Settings {
    /// What the homes are like: calls for help are rare in life and daily here, to be seen.
    fn homes(&self) -> testbed::Settings {
        testbed::Settings { homes: self.homes, starts_at: STARTS_AT, sos_per_week: 7.0 }
    }
}

/// How the demo looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A picture on the terminal.
    Screen,
    /// Lines of text.
    Lines,
}

/// Why the demo could not run.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A port or a thread could not be had.
    #[error("the embedded broker could not be started: {0}")]
    Broker(#[source] io::Error),
    /// librdkafka's mock cluster.
    #[error("librdkafka's mock cluster could not be started: {0}")]
    Kafka(#[from] crate::kafka::mock::MockError),
    /// Our bug.
    #[error("the demo's configuration is wrong, which is trygg's mistake: {0}")]
    Configuration(#[from] ConfigErrors),
    /// The engine.
    #[error("the engine could not be started: {0}")]
    Engine(#[from] StartError),
    /// It never became ready.
    #[error("the engine was not ready within {} s", START_TIMEOUT.as_secs())]
    NotReady,
    /// The terminal or the pipe.
    #[error("the terminal could not be used: {0}")]
    Terminal(#[from] io::Error),
    /// A part ended on its own.
    #[error("{0} ended on its own, which is trygg's mistake")]
    Ended(&'static str),
}

/// How a part of the demo ended.
enum Part {
    Engine(Result<Ending, StartError>),
    Homes,
    Reader,
}

/// Runs until a signal, Ctrl-C on the terminal, or the given time. Writes where everything is to
/// `out`, and the books at the end.
///
/// # Errors
/// When a part cannot be started or ends on its own.
pub async fn run(
    settings: &Settings,
    mut interrupted: Signals,
    kept: &Kept,
    out: &mut dyn io::Write,
) -> Result<Ending, DemoError> {
    let broker = EmbeddedBroker::start().map_err(DemoError::Broker)?;
    let kafka = MockKafka::start(&setup::TOPICS, setup::PARTITIONS)?;
    let admin = broker::free_port(ADMIN_PORT).map_err(DemoError::Broker)?;
    let config = setup::config(&setup::text(broker, &kafka.brokers(), admin))?;

    let mut parts: JoinSet<Part> = JoinSet::new();
    let observer = Observer::default();
    let (stop_engine, signals) = mpsc::channel(2);
    let watched = observer.clone();
    parts.spawn(
        async move { Part::Engine(engine::run(config, Signals::new(signals), &watched).await) },
    );
    let (events_in, mut events) = mpsc::channel(EVENTS);
    let stop_reader = CancellationToken::new();
    let (brokers, stop) = (kafka.brokers(), stop_reader.clone());
    parts.spawn_blocking(move || reading::read(brokers, &events_in, &stop));
    let _reader_ends_with_us = stop_reader.drop_guard();
    let mut stop = Stopping { engine: stop_engine, homes: Stop::default() };
    let _homes_end_with_us = stop.homes.at_once.clone().drop_guard();
    if ready(&observer, &mut parts, &mut interrupted).await? == Start::Interrupted {
        return stop.engine(&mut parts, &mut interrupted).await;
    }

    let (published_in, published) = watch::channel(0_u64);
    let (simulated, port, stop_homes) = (settings.clone(), broker.v5, stop.homes.clone());
    parts.spawn_blocking(move || homes::live(&simulated, port, &published_in, &stop_homes));

    let mut show = Show::open(settings, setup::Places::new(broker, &kafka.brokers(), admin), out)?;
    let end = settings.duration.and_then(|duration| Instant::now().checked_add(duration));
    let end = end.unwrap_or_else(far_away);
    let mut frames = interval(FRAME);
    let mut looks = interval(LOOK);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = interrupted.next() => break,
            () = sleep_until(end) => break,
            Some(part) = parts.join_next() => return Err(died(part)),
            _ = frames.tick() => {
                if show.frame(kept)? {
                    break;
                }
            }
            _ = looks.tick() => {
                if let Some(ledger) = observer.ledger().await {
                    show.note(ledger, *published.borrow(), out)?;
                }
            }
            Some(event) = events.recv() => show.hear(&event, out)?,
        }
    }

    stop.homes(&mut parts, &mut interrupted).await?;
    let published = *published.borrow();
    all_received(&observer, published, &mut interrupted).await;
    let ending = stop.engine(&mut parts, &mut interrupted).await?;
    drop(show);
    lines::books(out, published, &ending.ledger)?;
    Ok(ending)
}

/// What has to be stopped, in this order: homes, engine.
struct Stopping {
    engine: mpsc::Sender<()>,
    homes: Stop,
}

impl Stopping {
    /// What the homes have sent is acknowledged, or given up soon.
    async fn homes(
        &mut self,
        parts: &mut JoinSet<Part>,
        interrupted: &mut Signals,
    ) -> Result<(), DemoError> {
        self.homes.gently.cancel();
        let mut last = Instant::now() + LAST_ANSWERS;
        loop {
            tokio::select! {
                part = parts.join_next() => match part {
                    Some(Ok(Part::Homes)) => return Ok(()),
                    Some(other) => return Err(died(other)),
                    None => return Err(DemoError::Ended("the simulation")),
                },
                () = interrupted.next() => self.homes.at_once.cancel(),
                () = sleep_until(last) => {
                    self.homes.at_once.cancel();
                    last = far_away();
                }
            }
        }
    }

    /// What is inside goes out; a second signal ends it at once.
    async fn engine(
        &mut self,
        parts: &mut JoinSet<Part>,
        interrupted: &mut Signals,
    ) -> Result<Ending, DemoError> {
        loop {
            if self.engine.send(()).await.is_err() {
                return Err(DemoError::Ended("the engine"));
            }
            tokio::select! {
                part = parts.join_next() => return match part {
                    Some(Ok(Part::Engine(ending))) => Ok(ending?),
                    Some(other) => Err(died(other)),
                    None => Err(DemoError::Ended("the engine")),
                },
                () = interrupted.next() => {}
            }
        }
    }
}

fn far_away() -> Instant {
    Instant::now() + Duration::from_hours(24 * 365)
}

/// How the start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Ready,
    Interrupted,
}

/// Waits until the engine is connected and subscribed: what is published before reaches nobody.
async fn ready(
    observer: &Observer,
    parts: &mut JoinSet<Part>,
    interrupted: &mut Signals,
) -> Result<Start, DemoError> {
    let deadline = Instant::now() + START_TIMEOUT;
    let mut looks = interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            Some(part) = parts.join_next() => return Err(died(part)),
            () = interrupted.next() => return Ok(Start::Interrupted),
            _ = looks.tick() => {
                if observer.is_ready() {
                    return Ok(Start::Ready);
                }
                if Instant::now() > deadline {
                    return Err(DemoError::NotReady);
                }
            }
        }
    }
}

/// What the homes have published is on its way through the broker: a moment for it to arrive.
async fn all_received(observer: &Observer, published: u64, interrupted: &mut Signals) {
    let deadline = Instant::now() + LAST_MESSAGES;
    let mut looks = interval(Duration::from_millis(20));
    while Instant::now() < deadline {
        tokio::select! {
            () = interrupted.next() => return,
            _ = looks.tick() => {}
        }
        let ledger = observer.ledger().await.unwrap_or_default();
        if ledger.settled.iter().sum::<u64>() >= published {
            return;
        }
    }
}

fn died(part: Result<Part, tokio::task::JoinError>) -> DemoError {
    match part {
        Ok(Part::Engine(Err(error))) => DemoError::Engine(error),
        Ok(Part::Engine(Ok(_))) | Err(_) => DemoError::Ended("the engine"),
        Ok(Part::Homes) => DemoError::Ended("the simulation"),
        Ok(Part::Reader) => DemoError::Ended("the reader"),
    }
}
