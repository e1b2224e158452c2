//! `trygg spool repair`.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Halt, Part, Reading, Where,
    words::{name, size},
};
use crate::{
    cli::{
        Exit,
        config::{Output, write_json},
        words::counted,
    },
    spool::{
        inspect::{self, LogFolder},
        repair::{self, Repair},
    },
};

/// What `trygg spool repair` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg spool repair /var/lib/trygg/spool
  trygg spool repair /var/lib/trygg/spool --link north --lane readings

Run it as the user of the spool, while trygg is stopped. Segments that hold damage are written anew
with everything that is readable, under the same sequence numbers; the bytes of what is not are kept
in quarantine/. A running trygg goes on over damage without this, too.")]
pub(super) struct RepairArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    part: Part,
    /// For people, or for scripts.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

/// What was done to one log.
struct Repaired {
    log: LogFolder,
    /// Damaged cursors, which are written anew at the next start.
    cursors: u32,
    repair: Repair,
}

impl RepairArgs {
    pub(super) fn run(self, out: &mut impl Write) -> Result<Exit, Halt> {
        let (directory, logs) = self.place.logs(&self.part)?;
        let reading = Reading::of(&logs);
        let mut done = Vec::new();
        for log in logs {
            let cursors = inspect::look(&log)?.damaged_cursors;
            let repair = repair::repair(&directory, &log)?;
            reading.done(&log);
            done.push(Repaired { log, cursors, repair });
        }
        drop(reading);
        match self.output {
            Output::Text => {
                for one in &done {
                    writeln!(out, "{}: {}", name(&one.log), one.words())?;
                }
            }
            Output::Json => write_json(&done.iter().map(Repaired::json).collect::<Value>(), out)?,
        }
        Ok(Exit::Done)
    }
}

impl Repaired {
    fn words(&self) -> String {
        let Repair { segments, kept, lost, set_aside } = self.repair;
        let mut words = Vec::new();
        if segments > 0 {
            words.push(format!(
                "{} replaced, {} of them kept, {lost} lost, {} set aside in quarantine/",
                counted(segments, "segment", "segments"),
                counted(kept, "record", "records"),
                size(set_aside),
            ));
        }
        if self.cursors > 0 {
            words.push(counted(self.cursors.into(), "cursor removed", "cursors removed"));
        }
        if words.is_empty() { "nothing to repair".to_owned() } else { words.join("; ") }
    }

    fn json(&self) -> Value {
        json!({
            "link": self.log.link,
            "lane": self.log.lane.label(),
            "segments_replaced": self.repair.segments,
            "records_kept": self.repair.kept,
            "records_lost": self.repair.lost,
            "bytes_set_aside": self.repair.set_aside,
            "cursors_removed": self.cursors,
        })
    }
}
