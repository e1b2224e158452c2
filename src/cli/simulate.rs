//! `trygg simulate`: homes that live by themselves, or recorded events, against a broker.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use tokio::sync::mpsc;

use super::{
    Exit,
    parse::span,
    publish::{BrokerArgs, Delivery, Output, Progress, send_file, size},
    unsaid,
};
use crate::{
    model::QoS,
    testbed::{
        Event, Fed, Homes, Manner, Rate, Recording, Settings, Speed, Usual, filters_toml,
        read_dataset, send_events, write_record,
    },
};

/// What `trygg simulate` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Three homes against a broker on this machine, a day in 24 minutes, until Ctrl-C:
    trygg simulate
  What they would say in an hour of theirs, as lines of JSON:
    trygg simulate --print --simulated 1h
  Fifty other homes, for ten minutes, as a user:
    trygg simulate --homes 50 --seed 7 --duration 10min \\
      --broker mqtt://anna@broker.example --password-env BROKER_PASSWORD
  Recorded events in their own time, or as fast as the broker takes them:
    trygg simulate --replay monday.jsonl --speed 1
    trygg simulate --replay monday.jsonl --speed max --rate-limit 500/s
  A published recording of a home or a wristband, from its directory:
    trygg simulate --replay data/wrist-e4 --speed 60
  The filters a link needs for these homes:
    trygg simulate --config >> trygg.toml

A line of --replay is one of `trygg pub --jsonl`, perhaps with its time: \"at\" (RFC 3339), or
\"offset_s\" (seconds since the beginning).

A seed makes the same homes every time. Payloads hold no time, so simulated events are always
of now. Habits are drawn by chance and are nobody's.

Exit codes:
   0  the broker has everything that was sent
  64  wrong arguments, or a line that is no message
  75  the broker cannot be reached or has not acknowledged everything: try again
  78  refused for good: user, password, certificate, permission to write")]
pub struct SimulateArgs {
    /// How many homes.
    #[arg(long, default_value_t = 3, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    homes: u32,
    /// Whose homes: another number, other people.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// How many times as fast as life, or max.
    #[arg(long, default_value = "60", allow_negative_numbers = true)]
    speed: Speed,
    /// Stop after this time of yours, such as 10min.
    #[arg(long, value_name = "TIME", value_parser = span, allow_hyphen_values = true)]
    duration: Option<Duration>,
    /// Stop after this time of theirs, such as 7d.
    #[arg(long, value_name = "TIME", value_parser = span, allow_hyphen_values = true, conflicts_with = "replay")]
    simulated: Option<Duration>,
    /// Hour of the day at which it begins, theirs.
    #[arg(long, value_name = "HOUR", allow_negative_numbers = true, default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..24))]
    starts_at: u8,
    /// How often somebody presses the help button, a week and home, on average.
    #[arg(long, value_name = "TIMES", allow_negative_numbers = true, default_value_t = 0.25, value_parser = often)]
    sos_per_week: f64,
    /// Most messages a time, such as 100/s.
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    rate_limit: Option<Rate>,
    /// Send recorded events instead: lines of JSON (- is standard input), or the directory of a
    /// recording in the form of CASAS, Ordonez or Empatica E4.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["homes", "seed"])]
    replay: Vec<PathBuf>,
    /// Write what would be published, as lines of JSON; a simulated day, if nothing else is said.
    #[arg(long, conflicts_with_all = ["replay", "duration", "config"])]
    print: bool,
    /// Write the filters a link needs, for trygg.toml.
    #[arg(long, conflicts_with = "replay")]
    config: bool,
    /// The summary as text or as JSON.
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    broker: BrokerArgs,
}

const DAY: Duration = Duration::from_hours(24);

impl SimulateArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        let (mut out, mut err) = (io::stdout().lock(), io::stderr());
        self.run_with(&mut out, &mut err).unwrap_or_else(|error| unsaid(&error, Exit::Done))
    }

    fn run_with(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        if self.config {
            out.write_all(filters_toml().as_bytes())?;
            return Ok(Exit::Done);
        }
        if self.print {
            return match self.print(out) {
                // `head` has seen enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
                printed => printed,
            };
        }
        let homes = self.homes();
        let broker = match self.broker.broker("simulate") {
            Ok(broker) => broker,
            Err(error) => {
                writeln!(err, "{error}")?;
                return Ok(Exit::Usage);
            }
        };
        let manner = Manner { rate: self.rate_limit, keep_going: false, reconnect: true };
        let (speed, duration, output) = (self.speed, self.duration, self.output);
        if self.replay.is_empty() {
            let until = self.simulated.unwrap_or(Duration::MAX);
            let (count, clock) = (self.homes, homes.timepiece());
            let progress = Progress::Told(Box::new(move |position| {
                format!("{count} homes  {}", clock.read(Duration::from_millis(position)))
            }));
            let source = move |sender: &mpsc::Sender<Fed>| {
                send_events(homes, speed, until, sender);
            };
            return Delivery { broker, manner, source, duration, progress, output }.run(out, err);
        }
        let mut bytes = Some(0);
        let mut recordings = Vec::new();
        for path in self.replay {
            let (recording, size) = match Replayed::of(path) {
                Ok(replayed) => replayed,
                Err(mistake) => {
                    writeln!(err, "--replay {mistake}")?;
                    return Ok(Exit::Usage);
                }
            };
            bytes = bytes.zip(size).map(|(bytes, more)| bytes + more);
            recordings.push(recording);
        }
        let progress = match bytes {
            Some(bytes) => Progress::Bytes(bytes),
            None => Progress::Told(Box::new(|_| String::new())),
        };
        let source = move |sender: &mpsc::Sender<Fed>| {
            let usual = Usual { qos: QoS::AtLeastOnce, retain: false };
            let mut lines = Recording::new(usual, speed);
            for recording in recordings {
                let goes_on = match recording {
                    Replayed::Lines(path) => send_file(&path, &mut lines, sender),
                    Replayed::Dataset(events) => {
                        send_events(events.into_iter(), speed, Duration::MAX, sender)
                    }
                };
                if !goes_on {
                    break;
                }
            }
        };
        Delivery { broker, manner, source, duration, progress, output }.run(out, err)
    }

    fn homes(&self) -> Homes {
        let settings = Settings {
            homes: self.homes,
            starts_at: Duration::from_secs(u64::from(self.starts_at) * 3_600),
            sos_per_week: self.sos_per_week,
        };
        Homes::new(self.seed, &settings)
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<Exit> {
        let until = self.simulated.unwrap_or(DAY);
        let mut out = io::BufWriter::new(out);
        for event in self.homes().take_while(|event| event.at <= until) {
            writeln!(out, "{}", write_record(&event))?;
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

/// One thing to replay.
enum Replayed {
    /// A file of messages.
    Lines(PathBuf),
    /// A directory that holds a published recording.
    Dataset(Vec<Event>),
}

impl Replayed {
    /// What stands at a path, and how many bytes of lines if that is known; or what is wrong.
    fn of(path: PathBuf) -> Result<(Self, Option<u64>), String> {
        if path.is_dir() {
            let events = read_dataset(&path);
            let events = events.map_err(|error| format!("{}: {error}", path.display()))?;
            return Ok((Self::Dataset(events), None));
        }
        match size(&path) {
            Ok(size) => Ok((Self::Lines(path), size)),
            Err(error) => Err(format!("{}: cannot be read: {error}", path.display())),
        }
    }
}

fn often(text: &str) -> Result<f64, &'static str> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|number| (0.0..=1_000.0).contains(number));
    number.ok_or("expected a number from 0 to 1000")
}

#[cfg(test)]
mod tests;
