//! `trygg pub`: one message, or a file of messages, brought to a broker and acknowledged by it.

mod broker;
mod delivery;

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgAction, Args};
use tokio::sync::mpsc;

pub(super) use self::{
    broker::BrokerArgs,
    delivery::{Delivery, Output, Progress},
};
use super::{Exit, parse::topic, unsaid};
use crate::{
    model::QoS,
    testbed::{Fed, Manner, Outgoing, Rate, Recording, Scheduled, Speed, Usual},
};

/// What `trygg pub` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  A door opens:
    trygg pub --topic homes/home-1/zigbee2mqtt/front_door --message '{\"contact\":false}'
  A payload from a file, kept by the broker:
    trygg pub --topic setup/image --file image.bin --retain
  A file of messages, a line each, 100 a second:
    trygg pub --jsonl messages.jsonl --rate 100/s
  A simulated day at once, over TLS, as a user:
    trygg simulate --print | trygg pub --jsonl - --broker mqtts://anna@broker.example \\
      --password-file anna.pass --ca-file ca.pem

A line of --jsonl:
  {\"topic\":\"t\",\"payload\":{\"any\":\"json\"},\"retain\":false,\"qos\":1}
  A payload that is a string is sent as its text, without quotes; \"payload_base64\" sends bytes.
  Empty lines are skipped; \"at\" and \"offset_s\" are for `trygg simulate --replay`.

Exit codes:
   0  the broker has everything
  64  wrong arguments, or a line that is no message
  75  the broker cannot be reached or has not acknowledged everything: try again
  78  refused for good: user, password, certificate, permission to write")]
pub struct PubArgs {
    /// Topic of one message.
    #[arg(long, short, required_unless_present = "jsonl", value_parser = topic)]
    topic: Option<String>,
    /// Its payload; without --message and --file it is read from standard input.
    #[arg(long, short, value_name = "TEXT", conflicts_with = "file")]
    message: Option<String>,
    /// Its payload, from a file.
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Messages, a JSON object a line; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["topic", "message", "file"])]
    jsonl: Option<PathBuf>,
    /// The broker shall keep the message for later subscribers.
    #[arg(long, short)]
    retain: bool,
    /// 1: until the broker acknowledges it. 0: sent and forgotten.
    #[arg(long, short, default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(0..=1))]
    qos: u8,
    /// Most messages a time, such as 100/s or 30/min.
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    rate: Option<Rate>,
    /// Send everything so many times.
    #[arg(long, value_name = "TIMES", allow_negative_numbers = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Go on behind a line that is no message, and a message that is refused.
    #[arg(long, action = ArgAction::SetTrue)]
    keep_going: bool,
    /// The summary as text or as JSON.
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    broker: BrokerArgs,
}

impl PubArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        let (mut out, mut err) = (io::stdout(), io::stderr());
        self.run_with(&mut out, &mut err).unwrap_or_else(|error| unsaid(&error, Exit::Done))
    }

    fn run_with(self, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
        let usual = Usual { qos: qos(self.qos), retain: self.retain };
        let manner = Manner { rate: self.rate, keep_going: self.keep_going, reconnect: false };
        let repeat = self.repeat;
        let lines = match &self.jsonl {
            Some(path) if is_standard_input(path) && repeat > 1 => {
                writeln!(err, "--repeat: standard input comes only once; write it to a file")?;
                return Ok(Exit::Usage);
            }
            Some(path) => Some(path.clone()),
            None => None,
        };
        let broker = match self.broker.broker("pub") {
            Ok(broker) => broker,
            Err(error) => {
                writeln!(err, "{error}")?;
                return Ok(Exit::Usage);
            }
        };
        let output = self.output;
        if let Some(path) = lines {
            let bytes = match size(&path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    writeln!(err, "--jsonl {}: cannot be read: {error}", path.display())?;
                    return Ok(Exit::Usage);
                }
            };
            let progress = match bytes {
                Some(bytes) => Progress::Bytes(bytes.saturating_mul(u64::from(repeat))),
                None => Progress::Told(Box::new(|_| String::new())),
            };
            let source = move |sender: &mpsc::Sender<Fed>| {
                let mut recording = Recording::new(usual, Speed::Max);
                for _ in 0..repeat {
                    if !send_file(&path, &mut recording, sender) {
                        break;
                    }
                }
            };
            let delivery = Delivery { broker, manner, source, duration: None, progress, output };
            return delivery.run(out, err);
        }
        let payload = match payload(self.message, self.file.as_deref()) {
            Ok(payload) => payload,
            Err(error) => {
                writeln!(err, "{error}")?;
                return Ok(Exit::Usage);
            }
        };
        let topic = self.topic.unwrap_or_default();
        let Usual { qos, retain } = usual;
        let outgoing = Outgoing { topic, payload, qos, retain };
        let source = move |sender: &mpsc::Sender<Fed>| {
            for _ in 0..repeat {
                let outgoing = outgoing.clone();
                let scheduled = Scheduled { due: Duration::ZERO, position: 0, outgoing };
                if sender.blocking_send(Ok(scheduled)).is_err() {
                    break;
                }
            }
        };
        let progress = match repeat {
            1 => Progress::Hidden,
            _ => Progress::Told(Box::new(|_| String::new())),
        };
        Delivery { broker, manner, source, duration: None, progress, output }.run(out, err)
    }
}

fn qos(level: u8) -> QoS {
    if level == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce }
}

fn payload(message: Option<String>, file: Option<&Path>) -> Result<Vec<u8>, String> {
    if let Some(message) = message {
        return Ok(message.into_bytes());
    }
    let unreadable = |what: String| move |error| format!("{what}: cannot be read: {error}");
    if let Some(file) = file {
        let unreadable = unreadable(format!("--file {}", file.display()));
        return std::fs::read(file).map_err(unreadable);
    }
    let mut payload = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut payload);
    read.map(|_| payload).map_err(unreadable("standard input".to_owned()))
}

pub(super) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Bytes of a plain file; a pipe has none. An error if it cannot be opened.
pub(super) fn size(path: &Path) -> io::Result<Option<u64>> {
    if is_standard_input(path) {
        return Ok(None);
    }
    let meta = File::open(path)?.metadata()?;
    if meta.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(meta.is_file().then_some(meta.len()))
}

/// Sends the lines of a file. False when nobody takes them any more, or it is gone.
pub(super) fn send_file(
    path: &Path,
    recording: &mut Recording,
    sender: &mpsc::Sender<Fed>,
) -> bool {
    if is_standard_input(path) {
        recording.name("standard input");
        return recording.send(&mut io::stdin().lock(), sender);
    }
    recording.name(&path.display().to_string());
    match File::open(path) {
        Ok(file) => recording.send(&mut BufReader::new(file), sender),
        Err(error) => recording.fail(&error, sender),
    }
}

#[cfg(test)]
mod tests;
