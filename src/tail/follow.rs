//! `trygg tail`: Kafka on one side, a terminal or a pipe on the other.

use std::{
    collections::BTreeMap, fmt, io, io::Write, mem, os::fd::OwnedFd, pin::pin, time::Duration,
};

use jiff::Timestamp;
use thiserror::Error;
use tokio::{
    io::Interest,
    net::unix::pipe,
    select,
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep_until},
};

use super::{Event, Filter, Layout, Origin, Since, write_json};
use crate::{
    kafka::{
        Absence, FollowError, Followed, Follower, FollowerSettings, Heard, LoginContext,
        follower::From,
    },
    model::{Lane, UnixMicros},
};

/// What is collected before it is written, if there is so much at once.
const CHUNK: usize = 64 * 1024;

/// What to follow and how to show it.
pub struct FollowSettings {
    /// `host:port`, comma separated.
    pub brokers: String,
    /// Further librdkafka keys. May hold secrets.
    pub properties: BTreeMap<String, String>,
    /// For a login by token.
    pub login: LoginContext,
    /// Each topic with what it holds.
    pub topics: Vec<(String, Lane)>,
    /// Where to begin.
    pub since: Since,
    /// End at what is there at the beginning.
    pub until_end: bool,
    /// End after so many events.
    pub limit: Option<u64>,
    /// End when Kafka has been away for so long.
    pub timeout: Option<Duration>,
    /// What to show.
    pub filter: Filter,
    /// How to show it.
    pub form: Form,
    /// Say on the side what is followed.
    pub introduce: bool,
}

/// How events are shown.
#[derive(Debug)]
pub enum Form {
    /// A line of words each.
    Text(Layout),
    /// An object each.
    Json,
}

/// Where events go.
pub struct Output {
    /// Takes them.
    pub writer: Box<dyn Write + Send>,
    /// The same, to notice at once that its reader has gone.
    pub descriptor: Option<OwnedFd>,
}

/// Why following ended before its time.
#[derive(Debug, Error)]
pub enum TailError {
    /// Kafka was away for too long.
    #[error("{absence} at {brokers} within {} s", timeout.as_secs_f64())]
    Away {
        /// As given.
        brokers: String,
        /// Why.
        absence: Absence,
        /// How long was waited.
        timeout: Duration,
    },
    /// Kafka gives nothing to follow.
    #[error(transparent)]
    Kafka(#[from] FollowError),
    /// The output takes nothing any more.
    #[error("the output could not be written: {0}")]
    Output(io::Error),
    /// No runtime, no signals.
    #[error("this machine gives no descriptors or threads any more: {0}")]
    Machine(io::Error),
}

/// Follows until a signal, the end asked for, or until nobody reads any more. What there is to
/// say beside the events goes to `side`.
pub fn follow(
    settings: FollowSettings,
    output: Output,
    side: &mut dyn Write,
) -> Result<(), TailError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(TailError::Machine)?;
    let ended = runtime.block_on(run(settings, output, side));
    // A write that a full pipe holds up is left behind.
    runtime.shutdown_background();
    ended
}

async fn run(
    settings: FollowSettings,
    output: Output,
    side: &mut dyn Write,
) -> Result<(), TailError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(TailError::Machine)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(TailError::Machine)?;
    let reader = pin!(reader_gone(output.descriptor));
    let mut tail = Tail::start(settings, output.writer, side)?;
    select! {
        ended = tail.run() => ended,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        () = reader => Ok(()),
    }?;
    tail.sum_up();
    Ok(())
}

/// Waits until the other end of a pipe has been closed; for ever if it is no pipe.
async fn reader_gone(descriptor: Option<OwnedFd>) {
    let pipe = descriptor.and_then(|one| pipe::Sender::from_owned_fd_unchecked(one).ok());
    if let Some(pipe) = pipe
        && pipe.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

struct Tail<'a> {
    settings: FollowSettings,
    follower: Follower,
    side: &'a mut dyn Write,
    /// None while it is out writing.
    writer: Option<Box<dyn Write + Send>>,
    buffer: Vec<u8>,
    shown: u64,
    foreign: u64,
    /// Since when Kafka is away, and why.
    away: Option<(Instant, Absence)>,
}

impl<'a> Tail<'a> {
    fn start(
        settings: FollowSettings,
        writer: Box<dyn Write + Send>,
        side: &'a mut dyn Write,
    ) -> Result<Self, TailError> {
        let follower = Follower::start(FollowerSettings {
            brokers: settings.brokers.clone(),
            properties: settings.properties.clone(),
            login: settings.login.clone(),
            topics: settings.topics.iter().map(|(topic, _)| topic.clone()).collect(),
            from: begin(settings.since, UnixMicros(Timestamp::now().as_microsecond())),
            until_end: settings.until_end,
        })?;
        Ok(Self {
            settings,
            follower,
            side,
            writer: Some(writer),
            buffer: Vec::new(),
            shown: 0,
            foreign: 0,
            // Not met yet is away, too.
            away: Some((Instant::now(), Absence::Unreachable)),
        })
    }

    async fn run(&mut self) -> Result<(), TailError> {
        let is_full = |tail: &Self| tail.settings.limit.is_some_and(|limit| tail.shown >= limit);
        while !is_full(self) {
            let is_time = self.buffer.len() >= CHUNK || !self.follower.has_next();
            if is_time && !self.write_out().await? {
                return Ok(());
            }
            let Some(heard) = self.next().await? else { break };
            if !self.take(heard)? {
                break;
            }
        }
        self.write_out().await.map(drop)
    }

    /// What the follower says next, while Kafka is not away for too long.
    async fn next(&mut self) -> Result<Option<Heard>, TailError> {
        let patience = self.settings.timeout.zip(self.away);
        let ends = patience.and_then(|(timeout, (since, absence))| {
            Some((since.checked_add(timeout)?, timeout, absence))
        });
        let Some((at, timeout, absence)) = ends else {
            return Ok(Some(self.follower.next().await?));
        };
        select! {
            heard = self.follower.next() => Ok(Some(heard?)),
            () = sleep_until(at) => {
                let brokers = self.settings.brokers.clone();
                Err(TailError::Away { brokers, absence, timeout })
            }
        }
    }

    /// False at the end.
    fn take(&mut self, heard: Heard) -> Result<bool, TailError> {
        let brokers = &self.settings.brokers;
        match heard {
            Heard::Following { partitions } => {
                self.away = None;
                if self.settings.introduce {
                    let topics: Vec<_> =
                        self.settings.topics.iter().map(|(topic, _)| topic.as_str()).collect();
                    let topics = topics.join(", ");
                    let noun = if partitions == 1 { "partition" } else { "partitions" };
                    self.say(format_args!(
                        "following {topics} ({partitions} {noun}); Ctrl-C ends it"
                    ));
                }
            }
            Heard::Record(record) => self.show(&record)?,
            Heard::Away(absence) => {
                let since = self.away.map_or_else(Instant::now, |(since, _)| since);
                self.away = Some((since, absence));
                let text = format!("{absence} at {brokers}; waiting for it");
                self.say(format_args!("{text}"));
            }
            Heard::Back => {
                self.away = None;
                let text = format!("Kafka answers at {brokers}");
                self.say(format_args!("{text}"));
            }
            Heard::End => return Ok(false),
        }
        Ok(true)
    }

    fn show(&mut self, record: &Followed) -> Result<(), TailError> {
        let topics = &self.settings.topics;
        let lane = topics.iter().find(|(topic, _)| **topic == *record.topic);
        let Some((_, lane)) = lane else { return Ok(()) };
        let events = match Event::from_record(*lane, &record.value) {
            Ok(events) => events,
            Err(error) => {
                self.foreign += 1;
                if self.foreign == 1 {
                    let Followed { topic, partition, offset, .. } = record;
                    self.say(format_args!(
                        "record {offset} of {topic}, partition {partition}, is not trygg's and \
                         left out: {error}"
                    ));
                }
                return Ok(());
            }
        };
        let origin =
            Origin { topic: &record.topic, partition: record.partition, offset: record.offset };
        for event in events.iter().filter(|event| self.settings.filter.shows(event)) {
            if self.settings.limit.is_some_and(|limit| self.shown >= limit) {
                break;
            }
            self.shown += 1;
            match &mut self.settings.form {
                Form::Text(layout) => layout.write(event, &mut self.buffer),
                Form::Json => write_json(event, origin, &mut self.buffer),
            }
            .map_err(TailError::Output)?;
        }
        Ok(())
    }

    /// Writes what has been collected, on a thread that a slow terminal may hold up. False when
    /// nobody reads any more.
    async fn write_out(&mut self) -> Result<bool, TailError> {
        if self.buffer.is_empty() {
            return Ok(true);
        }
        let Some(mut writer) = self.writer.take() else { return Ok(false) };
        let mut buffer = mem::take(&mut self.buffer);
        let writing = tokio::task::spawn_blocking(move || {
            let written = writer.write_all(&buffer).and_then(|()| writer.flush());
            buffer.clear();
            (written, writer, buffer)
        });
        let (written, writer, buffer) =
            writing.await.map_err(|error| TailError::Output(io::Error::other(error)))?;
        self.writer = Some(writer);
        self.buffer = buffer;
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(TailError::Output(error)),
        }
    }

    fn sum_up(&mut self) {
        if self.foreign > 0 {
            let count = self.foreign;
            let what = if count == 1 { "record was" } else { "records were" };
            self.say(format_args!("{count} {what} not trygg's and left out"));
        }
    }

    /// Says something beside the events. Nobody may be listening, and that is no reason to end.
    fn say(&mut self, words: fmt::Arguments<'_>) {
        drop(writeln!(self.side, "trygg tail: {words}"));
    }
}

fn begin(since: Since, now: UnixMicros) -> From {
    match since {
        Since::Beginning => From::Beginning,
        Since::Now => From::Now,
        Since::At(time) => From::Time(time),
        Since::Ago(age) => {
            let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
            From::Time(UnixMicros(now.0.saturating_sub(age)))
        }
    }
}

/// Properties may be secrets, and filters names of people.
impl fmt::Debug for FollowSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowSettings")
            .field("since", &self.since)
            .field("until_end", &self.until_end)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}
