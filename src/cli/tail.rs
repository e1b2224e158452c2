//! `trygg tail`.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, IsTerminal, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};

use super::{
    Exit,
    parse::{brokers, span},
};
use crate::{
    config::{Config, is_secret, password},
    kafka::LoginContext,
    model::Lane,
    tail::{
        Filter, FollowSettings, Form, Glob, Layout, Output, Since, TailError, follow,
        zone_of_this_machine,
    },
};

const EXAMPLES: &str = "\
Examples:
  trygg tail                                       what happens from now on, in words
  trygg tail --from 15m                            and what happened in the last 15 minutes
  trygg tail --home 'h-04*' --kind '*_open'        doors, windows and cupboards of some homes
  trygg tail --alerts --brokers kafka-1:9092       only what devices raised as alarms
  trygg tail --dead-letters --from beginning       what was not understood, and why
  trygg tail --config /etc/trygg/trygg.toml        with the brokers, topics and logins of a file
  trygg tail --from 2h --until-end --output jsonl | jq .kind
  trygg tail -X security.protocol=SASL_SSL -X sasl.mechanism=SCRAM-SHA-512 \\
             -X sasl.username=reader -X sasl.password=@/run/secrets/reader

A line is: time, mark, home, room and device, what happened, what to know about it. The mark !
stands for the alerts topic, which repeats what the readings topic says, and ? for a message that
was not understood. Pseudonyms are shortened; --output jsonl has them in full.

Ends with 0 after Ctrl-C, at the --limit, at the end with --until-end, and when nobody reads its
output any more; with 75 when Kafka could not be reached within --timeout or the output could not
be written; with 78 when a topic, a right or a setting is missing; with 64 for wrong arguments.";

/// Defaults of `[kafka.topics]`.
const TOPICS: [&str; 3] = ["trygg.readings", "trygg.alerts", "trygg.dead-letters"];

/// What `trygg tail` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct TailArgs {
    /// Some brokers of the cluster.
    #[arg(long, value_name = "HOST:PORT,...", conflicts_with = "config")]
    #[arg(default_value = "127.0.0.1:9092", value_parser = brokers)]
    brokers: String,
    /// Take brokers, logins and topic names from the `[kafka]` section of this file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Tell librdkafka something; a secret only as KEY=@FILE. May be given several times.
    #[arg(short = 'X', value_name = "KEY=VALUE")]
    property: Vec<Unchecked>,
    /// Follow these topics instead of trygg's three.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    #[arg(conflicts_with_all = ["readings", "alerts", "dead_letters", "all"])]
    topic: Vec<String>,
    /// What the topics given by --topic hold, where their names do not say it.
    #[arg(long = "as", value_name = "WHAT", requires = "topic")]
    content: Option<Content>,
    /// Follow the readings.
    #[arg(long)]
    readings: bool,
    /// Follow the alerts.
    #[arg(long)]
    alerts: bool,
    /// Follow the dead letters. They hold MQTT topics in clear.
    #[arg(long)]
    dead_letters: bool,
    /// Follow all three; so it is when none is named.
    #[arg(long)]
    all: bool,
    /// Only this home; * stands for anything. May be given several times.
    #[arg(long, value_name = "GLOB")]
    home: Vec<Glob>,
    /// Only this device; * stands for anything. May be given several times.
    #[arg(long, value_name = "GLOB")]
    device: Vec<Glob>,
    /// Only this kind of reading; * stands for anything. May be given several times.
    #[arg(long, value_name = "GLOB")]
    kind: Vec<Glob>,
    /// beginning, now, an age such as 15m or 2h, or a time such as 2026-11-22T14:30:00+01:00.
    #[arg(long, value_name = "WHEN", default_value = "now", allow_hyphen_values = true)]
    from: Since,
    /// End after so many lines.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u64>,
    /// End at what is there now, instead of waiting for more.
    #[arg(long)]
    until_end: bool,
    /// End with 75 when Kafka cannot be reached for so long, such as 10s. Without it, wait.
    #[arg(long, value_name = "DURATION", value_parser = span, allow_hyphen_values = true)]
    timeout: Option<Duration>,
    /// In which form.
    #[arg(long, value_enum, default_value_t = Wanted::Text)]
    output: Wanted,
    /// Colours.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Content {
    Readings,
    Alerts,
    DeadLetters,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wanted {
    /// A line of words each.
    Text,
    /// A JSON object each, described in docs/downstream.md.
    Jsonl,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Colour {
    /// On a terminal.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// A setting that nobody has looked at. It may hold a secret, which clap would quote with the
/// mistake.
#[derive(Clone)]
struct Unchecked(String);

impl From<String> for Unchecked {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unchecked")
    }
}

impl Unchecked {
    /// `KEY=VALUE`, the value of a secret read from the file it names.
    fn property(&self) -> Result<(String, String), String> {
        let parts = self.0.split_once('=').filter(|(key, _)| !key.is_empty());
        let Some((key, value)) = parts else {
            return Err("-X: expected KEY=VALUE, such as security.protocol=SSL".to_owned());
        };
        let value = match (is_secret(key), value.strip_prefix('@')) {
            (false, _) => value.to_owned(),
            (true, Some(file)) => {
                let secret = password(Some(Path::new(file)), None);
                let secret = secret.map_err(|error| format!("-X {key}: {error}"))?;
                secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default()
            }
            (true, None) => {
                return Err(format!(
                    "-X: everybody on this machine can read a command line: write the secret to a \
                     file of mode 0600 and say {key}=@FILE"
                ));
            }
        };
        Ok((key.to_owned(), value))
    }
}

impl TailArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        let mut side = io::stderr();
        let (exit, complaint) = match self.settings() {
            Ok(settings) => match follow(settings, output(), &mut side) {
                Ok(()) => return Exit::Done,
                Err(error) => (exit_of(&error), error.to_string()),
            },
            Err(refused) => refused,
        };
        // Nobody is left to tell that the terminal is gone.
        drop(writeln!(side, "trygg tail: {complaint}"));
        exit
    }

    fn settings(self) -> Result<FollowSettings, (Exit, String)> {
        let mut topics = TOPICS.map(str::to_owned);
        let (mut brokers, mut properties) = (self.brokers.clone(), BTreeMap::new());
        let mut login = LoginContext::default();
        if let Some(file) = &self.config {
            let config = Config::load(file);
            let kafka = config.map_err(|errors| (Exit::Configuration, errors.to_string()))?.kafka;
            brokers = kafka.brokers.join(",");
            let connection = kafka.connection();
            (properties, login) = (connection.properties(), connection.context());
            // The brokers stand apart, and a reader must not use up the quota of the producer.
            properties.retain(|key, _| key != "bootstrap.servers" && key != "client.id");
            topics = [kafka.topics.readings, kafka.topics.alerts, kafka.topics.dead_letters];
        }
        let topics = self.topics(topics).map_err(|complaint| (Exit::Usage, complaint))?;
        let given: Result<Vec<_>, _> = self.property.iter().map(Unchecked::property).collect();
        properties.extend(given.map_err(|complaint| (Exit::Usage, complaint))?);
        let is_terminal = io::stdout().is_terminal();
        let form = match self.output {
            Wanted::Jsonl => Form::Json,
            Wanted::Text => {
                let width = terminal_size::terminal_size().map(|(width, _)| width.0.into());
                let width = width.filter(|_| is_terminal);
                Form::Text(Layout::new(zone_of_this_machine(), width, self.color.is_on()))
            }
        };
        Ok(FollowSettings {
            brokers,
            properties,
            login,
            topics,
            since: self.from,
            until_end: self.until_end,
            limit: self.limit,
            timeout: self.timeout,
            filter: Filter { homes: self.home, devices: self.device, kinds: self.kind },
            form,
            introduce: is_terminal,
        })
    }

    /// Each topic to follow, with what it holds. `known` are the three of the configuration.
    fn topics(&self, known: [String; 3]) -> Result<Vec<(String, Lane)>, String> {
        let known: Vec<(String, Lane)> = known.into_iter().zip(Lane::ALL).collect();
        if self.topic.is_empty() {
            let wanted = |lane| match lane {
                Lane::Readings => self.readings,
                Lane::Alerts => self.alerts,
                Lane::DeadLetters => self.dead_letters,
            };
            let is_all = self.all || !Lane::ALL.into_iter().any(wanted);
            return Ok(known.into_iter().filter(|(_, lane)| is_all || wanted(*lane)).collect());
        }
        let mut topics: Vec<(String, Lane)> = Vec::new();
        for name in &self.topic {
            let listed = known.iter().find(|(topic, _)| topic == name).map(|(_, lane)| *lane);
            let lane = self.content.map(Content::lane).or(listed).or_else(|| lane_by_name(name));
            let Some(lane) = lane else {
                return Err(format!(
                    "the name {name} does not say what the topic holds: add --as readings, \
                     --as alerts or --as dead-letters"
                ));
            };
            if !topics.iter().any(|(topic, _)| topic == name) {
                topics.push((name.clone(), lane));
            }
        }
        Ok(topics)
    }
}

impl Content {
    fn lane(self) -> Lane {
        match self {
            Self::Readings => Lane::Readings,
            Self::Alerts => Lane::Alerts,
            Self::DeadLetters => Lane::DeadLetters,
        }
    }
}

impl Colour {
    fn is_on(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // Asks the terminal, and the variables by which users say that they want none.
            Self::Auto => {
                anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
        }
    }
}

fn lane_by_name(name: &str) -> Option<Lane> {
    let name = name.replace('_', "-");
    let ends = [
        ("readings", Lane::Readings),
        ("alerts", Lane::Alerts),
        ("dead-letters", Lane::DeadLetters),
    ];
    ends.into_iter().find(|(end, _)| name.ends_with(end)).map(|(_, lane)| lane)
}

fn output() -> Output {
    let stdout = io::stdout();
    let descriptor = stdout.as_fd().try_clone_to_owned().ok();
    Output { writer: Box::new(stdout), descriptor }
}

fn exit_of(error: &TailError) -> Exit {
    match error {
        TailError::Away { .. } | TailError::Output(_) => Exit::LeftWithBroker,
        TailError::Kafka(_) => Exit::Configuration,
        TailError::Machine(_) => Exit::OurBug,
    }
}

#[cfg(test)]
mod tests;
