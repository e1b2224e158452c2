//! `trygg spool dump`.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use super::{
    Halt, Part, Where,
    stats::is_delivered,
    words::{name, time},
};
use crate::{
    cli::{Exit, config::Output, words::counted},
    record::Lateness,
    spool::{
        Body,
        inspect::{self, LogFolder},
    },
};

/// What `trygg spool dump` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg spool dump /var/lib/trygg/spool --limit 20
  trygg spool dump /var/lib/trygg/spool --link north --lane alerts --waiting
  trygg spool dump --config /etc/trygg/trygg.toml --output json | jq 'select(.partition == 3)'

A line is: link and lane, sequence number, partition, Kafka timestamp, bytes of key and value,
readings, whether Kafka has it. Keys are names of homes, or their pseudonyms: only with --show-keys.")]
pub(super) struct DumpArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    part: Part,
    /// Only records that Kafka is not known to have.
    #[arg(long)]
    waiting: bool,
    /// Begin at this sequence number of each log.
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    /// End after so many lines.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Show the records' keys.
    #[arg(long)]
    show_keys: bool,
    /// For people, or for scripts: one object a line.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

impl DumpArgs {
    pub(super) fn run(self, out: &mut impl Write) -> Result<Exit, Halt> {
        let (_, logs) = self.place.logs(&self.part)?;
        let mut left = self.limit.unwrap_or(u64::MAX);
        let mut out = io::BufWriter::new(out);
        for log in &logs {
            let marks = inspect::look(log)?.marks;
            let mut written = Ok(());
            inspect::records(log, self.from, |sequence, body| {
                let is_delivered = is_delivered(&marks, body.partition, sequence);
                if self.waiting && is_delivered {
                    return true;
                }
                if left == 0 {
                    return false;
                }
                left -= 1;
                written = self.write(log, sequence, &body, is_delivered, &mut out);
                written.is_ok()
            })?;
            written?;
        }
        out.flush()?;
        Ok(Exit::Done)
    }

    fn write(
        &self,
        log: &LogFolder,
        sequence: u64,
        body: &Body<'_>,
        is_delivered: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let key = self.show_keys.then(|| String::from_utf8_lossy(body.key).into_owned());
        let at = time(body.timestamp);
        let is_late = body.lateness == Lateness::DeliveredLate;
        if self.output == Output::Json {
            let line = json!({
                "link": log.link,
                "lane": log.lane.label(),
                "sequence": sequence,
                "partition": body.partition,
                "timestamp": at,
                "key": key,
                "key_bytes": body.key.len(),
                "value_bytes": body.value.len(),
                "readings": body.readings,
                "delivered_late": is_late,
                "delivered": is_delivered,
            });
            return writeln!(out, "{line}");
        }
        write!(
            out,
            "{}: {sequence}, partition {}, {}, key {} B",
            name(log),
            body.partition,
            at.as_deref().unwrap_or("no time"),
            body.key.len(),
        )?;
        if let Some(key) = key {
            write!(out, " {}", key.escape_debug())?;
        }
        let readings = counted(body.readings.into(), "reading", "readings");
        write!(out, ", value {} B, {readings}", body.value.len())?;
        let late = if is_late { ", delivered late" } else { "" };
        writeln!(out, "{late}{}", if is_delivered { ", Kafka has it" } else { "" })
    }
}
