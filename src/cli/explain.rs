//! `trygg explain`: what trygg makes of a message, step by step.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Args, ValueEnum};
use jiff::{Timestamp, tz::TimeZone};

use super::{Exit, complain, parse::topic, publish::is_standard_input, say, unsaid};
use crate::{
    catalogue::Catalogue,
    config::Config,
    decode::DecoderSettings,
    explain::{
        Explainer, ExplainerSettings, Lines, Numbered, Page, Question, write_json, write_text,
        write_unread,
    },
    model::UnixMicros,
    validate::ClockLimits,
};

mod live;

pub(super) use self::live::{ended, until_signal};

const EXAMPLES: &str = "\
Examples:
  What becomes of one message, by what trygg knows of itself:
    trygg explain --topic zigbee2mqtt/hall --payload-text '{\"contact\":false,\"battery\":90}'
  The same with your own filters, registry and policies:
    trygg explain --config trygg.toml --topic homes/h-1/zigbee2mqtt/hall --payload message.json
  As messages come, on a link of your configuration, without taking anything from the engine:
    trygg explain --config trygg.toml --live --count 20
  A recording, one JSON line a message:
    trygg explain --input messages.jsonl --output json

A line of --input is {\"topic\":\"t\",\"payload\":\"21.5\",\"retain\":false}, or with
\"payload_base64\"; other fields are ignored. What formats remember (births, descriptions, states)
is kept from one line to the next. Every line is answered by one line of JSON. Names, topics and values are shown: it is your terminal.

Exit codes:
   0  explained, whatever became of the messages
  64  wrong arguments, or a line that is no message: named on stderr, and the others explained
  75  the broker cannot be reached: try again
  78  mistakes in the configuration";

/// What `trygg explain` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["topic", "input", "live"]))]
pub struct ExplainArgs {
    /// Topic of the message.
    #[arg(long, short, value_parser = topic)]
    topic: Option<String>,
    /// File with its payload; - is standard input.
    #[arg(long, short, value_name = "FILE", requires = "topic")]
    payload: Option<PathBuf>,
    /// Its payload itself.
    #[arg(long, value_name = "TEXT", requires = "topic", conflicts_with = "payload")]
    payload_text: Option<String>,
    /// The broker replayed it.
    #[arg(long, requires = "topic")]
    retain: bool,
    /// Messages, a JSON object a line; - is standard input.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Messages as they come on the link, under a name of its own and at `QoS` 0.
    #[arg(long, requires = "config")]
    live: bool,
    /// End after so many messages.
    #[arg(long, value_name = "N", requires = "live")]
    count: Option<u64>,
    /// Explain with the filters, registry and policies of this file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The link of the configuration, where it has several.
    #[arg(long, value_name = "NAME", requires = "config")]
    link: Option<String>,
    /// When it came, such as 2026-11-22T14:30:00+01:00; without it now.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    received: Option<UnixMicros>,
    /// Zone of local times without an offset, such as Europe/Stockholm.
    #[arg(long, value_name = "ZONE", value_parser = zone, conflicts_with = "config")]
    time_zone: Option<TimeZone>,
    /// For people, or a JSON object a line.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    output: Output,
}

/// Who reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// People.
    #[default]
    Text,
    /// Scripts.
    Json,
}

fn moment(text: &str) -> Result<UnixMicros, &'static str> {
    let time = text.parse::<Timestamp>();
    time.map(|time| UnixMicros(time.as_microsecond()))
        .map_err(|_| "expected a time with its offset, such as 2026-11-22T14:30:00+01:00")
}

fn zone(text: &str) -> Result<TimeZone, &'static str> {
    TimeZone::get(text).map_err(|_| "expected the name of a time zone, such as Europe/Stockholm")
}

impl ExplainArgs {
    /// Explains.
    pub fn run(self) -> Exit {
        let mut explainer = match self.explainer() {
            Ok(explainer) => explainer,
            Err(exit) => return exit,
        };
        let told = if self.live {
            return live::run(&self, &mut explainer);
        } else if let Some(input) = &self.input {
            Ok(self.explain_lines(input, &mut explainer))
        } else {
            self.explain_one(&mut explainer)
        };
        told.unwrap_or_else(|error| unsaid(&error, Exit::Done))
    }

    fn now(&self) -> UnixMicros {
        self.received.unwrap_or_else(now)
    }

    fn explainer(&self) -> Result<Explainer, Exit> {
        let refuse = |exit| {
            move |error: &dyn std::error::Error| {
                complain(error);
                exit
            }
        };
        let Some(file) = &self.config else {
            let catalogue = Arc::new(Catalogue::builtin());
            let decoders = DecoderSettings {
                zone: self.time_zone.clone(),
                ..DecoderSettings::new(&catalogue)
            };
            let clock = ClockLimits {
                future_tolerance: std::time::Duration::from_mins(5),
                late_after: std::time::Duration::from_mins(10),
            };
            let settings = ExplainerSettings { decoders, clock };
            return Explainer::built_in(&settings).map_err(|error| refuse(Exit::OurBug)(&error));
        };
        let config = looked_at(file)?;
        let explainer = Explainer::of_link(&config, self.link.as_deref(), self.now());
        let explainer = explainer.map_err(|error| refuse(Exit::Configuration)(&error))?;
        explainer.ok_or_else(|| {
            let names: Vec<&str> = config.links.iter().map(|link| &*link.name).collect();
            let names = names.join(", ");
            complain(&io::Error::other(format!("--link: the configuration has {names}")));
            Exit::Usage
        })
    }

    fn explain_one(&self, explainer: &mut Explainer) -> io::Result<Exit> {
        let payload = match self.one_payload() {
            Ok(payload) => payload,
            Err(error) => {
                complain(&error);
                return Ok(Exit::Usage);
            }
        };
        let question = Question {
            topic: self.topic.as_deref().unwrap_or_default(),
            payload: &payload,
            retain: self.retain,
            received: self.now(),
        };
        let mut text = Vec::new();
        write(self.output, explainer, &question, &page(), &mut text)?;
        Ok(say(&text, Exit::Done))
    }

    fn one_payload(&self) -> io::Result<Vec<u8>> {
        let unreadable = |what: String| {
            move |error: io::Error| io::Error::other(format!("{what}: cannot be read: {error}"))
        };
        if let Some(text) = &self.payload_text {
            return Ok(text.clone().into_bytes());
        }
        match &self.payload {
            Some(file) if !is_standard_input(file) => {
                std::fs::read(file).map_err(unreadable(format!("--payload {}", file.display())))
            }
            Some(_) | None => {
                let mut payload = Vec::new();
                let read = io::stdin().lock().read_to_end(&mut payload);
                read.map(|_| payload).map_err(unreadable("standard input".to_owned()))
            }
        }
    }

    fn explain_lines(&self, input: &Path, explainer: &mut Explainer) -> Exit {
        let source: Box<dyn BufRead> = if is_standard_input(input) {
            Box::new(io::stdin().lock())
        } else {
            match File::open(input) {
                Ok(file) => Box::new(BufReader::new(file)),
                Err(error) => {
                    let place = input.display();
                    complain(&io::Error::other(format!(
                        "--input {place}: cannot be read: {error}"
                    )));
                    return Exit::Usage;
                }
            }
        };
        let mut out = io::BufWriter::new(anstream::stdout().lock());
        let told = self.write_lines(source, explainer, &mut out, &mut io::stderr());
        let told = told.and_then(|exit| out.flush().map(|()| exit));
        told.unwrap_or_else(|error| unsaid(&error, Exit::Done))
    }

    fn write_lines(
        &self,
        source: impl BufRead,
        explainer: &mut Explainer,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> io::Result<Exit> {
        let (page, mut exit) = (page(), Exit::Done);
        let mut lines = Lines::new(source);
        while let Some(Numbered { number, line }) = lines.read()? {
            match line {
                Ok(None) if self.output == Output::Json => write_unread(None, out)?,
                Ok(None) => {}
                Ok(Some(line)) => {
                    let question = line.question(self.now());
                    write(self.output, explainer, &question, &page, out)?;
                    if self.output == Output::Text {
                        writeln!(out)?;
                    }
                }
                Err(error) => {
                    let blame = format!("line {number}: {error}");
                    writeln!(err, "{blame}")?;
                    if self.output == Output::Json {
                        write_unread(Some(&blame), out)?;
                    }
                    exit = Exit::Usage;
                }
            }
        }
        Ok(exit)
    }
}

/// What a configuration says, secrets that have still to be made left aside.
pub(super) fn looked_at(file: &Path) -> Result<Config, Exit> {
    let refuse = |errors: &dyn std::error::Error| {
        complain(errors);
        Exit::Configuration
    };
    let (draft, _) = Config::draft_sources(Some(file)).map_err(|errors| refuse(&errors))?;
    let looked = draft.look().map(|(config, _)| config.clone());
    looked.map_err(|errors| refuse(&errors))
}

/// Explains one message in the form that is wanted.
fn write(
    output: Output,
    explainer: &mut Explainer,
    question: &Question<'_>,
    page: &Page,
    out: &mut dyn Write,
) -> io::Result<()> {
    match output {
        Output::Json => write_json(&explainer.explain(question), out),
        Output::Text => {
            let trace = explainer.explain_fields(question);
            write_text(&trace, question.payload, explainer.catalogue(), page, out)
        }
    }
}

/// As wide as the terminal.
fn page() -> Page {
    let is_terminal = io::stdout().is_terminal();
    let width = terminal_size::terminal_size().map(|(width, _)| width.0.into());
    Page::new(width.filter(|_| is_terminal))
}

/// The clock of this machine.
fn now() -> UnixMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixMicros(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod recordings;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod tests;
