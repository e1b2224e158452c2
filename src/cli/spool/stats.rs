//! `trygg spool stats`.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Halt, Part, Reading, Where,
    words::{name, size, time},
};
use crate::{
    cli::{
        Exit,
        config::{Output, write_json},
        words::counted,
    },
    model::UnixMicros,
    spool::{
        SpoolError,
        inspect::{self, LogFolder, LogView},
    },
};

/// What `trygg spool stats` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg spool stats /var/lib/trygg/spool
  trygg spool stats --config /etc/trygg/trygg.toml --output json | jq '[.[].waiting] | add'

`waiting` are the records that Kafka is not known to have. Beside a running trygg they are as of the
last time it noted that, some 200 ms ago.")]
pub(super) struct StatsArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    part: Part,
    /// For people, or for scripts.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

/// One log's figures.
struct Stats {
    log: LogFolder,
    view: LogView,
    waiting: u64,
    readings: u64,
    oldest: Option<UnixMicros>,
}

impl StatsArgs {
    pub(super) fn run(self, out: &mut impl Write) -> Result<Exit, Halt> {
        let (_, logs) = self.place.logs(&self.part)?;
        let reading = Reading::of(&logs);
        let all = logs.into_iter().map(|log| {
            let stats = Stats::of(log)?;
            reading.done(&stats.log);
            Ok::<_, Halt>(stats)
        });
        let all: Vec<Stats> = all.collect::<Result<_, _>>()?;
        drop(reading);
        match self.output {
            Output::Text => write_text(&all, out)?,
            Output::Json => write_json(&all.iter().map(Stats::json).collect::<Value>(), out)?,
        }
        Ok(Exit::Done)
    }
}

impl Stats {
    fn of(log: LogFolder) -> Result<Self, SpoolError> {
        let view = inspect::look(&log)?;
        let (mut waiting, mut readings, mut oldest) = (0, 0, None::<UnixMicros>);
        inspect::records(&log, view.low(), |sequence, body| {
            if !is_delivered(&view.marks, body.partition, sequence) {
                waiting += 1;
                readings += u64::from(body.readings);
                oldest = Some(oldest.map_or(body.timestamp, |oldest| oldest.min(body.timestamp)));
            }
            true
        })?;
        Ok(Self { log, view, waiting, readings, oldest })
    }

    fn bytes(&self) -> u64 {
        self.view.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn json(&self) -> Value {
        json!({
            "link": self.log.link,
            "lane": self.log.lane.label(),
            "bytes": self.bytes(),
            "segments": self.view.segments.len(),
            "records": self.view.segments.iter().map(|segment| segment.records).sum::<u64>(),
            "waiting": self.waiting,
            "waiting_readings": self.readings,
            "oldest": self.oldest.and_then(time),
            "first": self.view.segments.first().map(|segment| segment.first),
            "next": self.view.next,
            "delivered_below": self.view.marks,
            "damaged": self.view.is_damaged(),
        })
    }
}

/// Does Kafka have it, as far as the cursor says?
pub(super) fn is_delivered(marks: &[u64], partition: i32, sequence: u64) -> bool {
    let mark = usize::try_from(partition).ok().and_then(|partition| marks.get(partition));
    mark.is_some_and(|mark| sequence < *mark)
}

fn write_text(all: &[Stats], out: &mut impl Write) -> Result<(), Halt> {
    for stats in all {
        let oldest = stats.oldest.and_then(time);
        let oldest = oldest.map(|oldest| format!(", the oldest of {oldest}"));
        writeln!(
            out,
            "{}: {} waiting ({}){}; {} in {}, next {}",
            name(&stats.log),
            counted(stats.waiting, "record", "records"),
            counted(stats.readings, "reading", "readings"),
            oldest.unwrap_or_default(),
            size(stats.bytes()),
            counted(stats.view.segments.len() as u64, "segment", "segments"),
            stats.view.next,
        )?;
        if stats.view.is_damaged() {
            writeln!(out, "  damaged: `trygg spool check` explains it")?;
        }
    }
    let (waiting, bytes) = (all.iter().map(|one| one.waiting), all.iter().map(Stats::bytes));
    let waiting = counted(waiting.sum(), "record", "records");
    writeln!(out, "{waiting} waiting, {} on disk", size(bytes.sum()))?;
    Ok(())
}
