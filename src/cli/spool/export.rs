//! `trygg spool export`.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use serde_json::json;

use super::{Halt, Part, Reading, Where, stats::is_delivered, topics};
use crate::{
    cli::{
        Exit, complain,
        config::{Output, write_json},
        words::counted,
    },
    record::Lateness,
    spool::{
        Body,
        inspect::{self, LogFolder},
    },
};

/// What `trygg spool export` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg spool export /var/lib/trygg/spool --to records.jsonl
  trygg spool export /var/lib/trygg/spool --all --link north > records.jsonl
  trygg spool export --config /etc/trygg/trygg.toml | jq -r .topic | sort | uniq -c

One object a line, in the order of each log: topic, partition, timestamp, key and value (base64).
docs/operating.md has a program that brings them to Kafka. Records hold what devices sent: keep the
file as you keep the spool. What is damaged is left out; check says what that is.")]
pub(super) struct ExportArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    part: Part,
    /// Also records that Kafka is known to have.
    #[arg(long)]
    all: bool,
    /// Write to this new file, instead of to standard output.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Form of the summary, which goes to standard output with --to.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

impl ExportArgs {
    pub(super) fn run(self, out: &mut impl Write) -> Result<Exit, Halt> {
        let (directory, logs) = self.place.logs(&self.part)?;
        let names = topics(&directory);
        let Some(to) = &self.to else {
            let mut out = BufWriter::new(out);
            self.write(&logs, &names, &mut out)?;
            out.flush()?;
            return Ok(Exit::Done);
        };
        // What devices sent is nobody else's business, and no file is written over.
        let file = File::options().write(true).create_new(true).mode(0o600).open(to);
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                complain(&io::Error::new(error.kind(), format!("{}: {error}", to.display())));
                return Ok(Exit::Usage);
            }
        };
        let mut file = BufWriter::new(file);
        let reading = Reading::of(&logs);
        let records = self.write(&logs, &names, &mut file)?;
        drop(reading);
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        match self.output {
            Output::Text => writeln!(out, "{}", counted(records, "record", "records"))?,
            Output::Json => write_json(&json!({ "records": records }), out)?,
        }
        Ok(Exit::Done)
    }

    fn write(
        &self,
        logs: &[LogFolder],
        names: &[Option<String>; 3],
        out: &mut impl Write,
    ) -> Result<u64, Halt> {
        let mut count = 0;
        for log in logs {
            let marks = inspect::look(log)?.marks;
            let topic = names.get(log.lane as usize).and_then(Option::as_deref);
            let mut written = Ok(());
            inspect::records(log, 0, |sequence, body| {
                if self.all || !is_delivered(&marks, body.partition, sequence) {
                    count += 1;
                    written = line(log, topic, sequence, &body, out);
                }
                written.is_ok()
            })?;
            written?;
        }
        Ok(count)
    }
}

fn line(
    log: &LogFolder,
    topic: Option<&str>,
    sequence: u64,
    body: &Body<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let line = json!({
        "topic": topic,
        "partition": body.partition,
        "timestamp_ms": body.timestamp.0.div_euclid(1_000),
        "key": STANDARD.encode(body.key),
        "value": STANDARD.encode(body.value),
        "link": log.link,
        "lane": log.lane.label(),
        "sequence": sequence,
        "readings": body.readings,
        "delivered_late": body.lateness == Lateness::DeliveredLate,
    });
    writeln!(out, "{line}")
}
