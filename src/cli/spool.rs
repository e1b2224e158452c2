//! `trygg spool`: looks into a spool, of a stopped or of a running engine, and mends one.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use self::{
    check::CheckArgs, dump::DumpArgs, export::ExportArgs, repair::RepairArgs, stats::StatsArgs,
};
use super::{Exit, complain, unsaid};
use crate::{
    config::{Config, ConfigErrors},
    engine,
    model::Lane,
    spool::{
        SpoolError,
        inspect::{self, LogFolder},
    },
};

mod check;
mod dump;
mod explain;
mod export;
mod repair;
mod stats;
mod words;

/// What `trygg spool` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg spool stats /var/lib/trygg/spool
  trygg spool check /var/lib/trygg/spool
  trygg spool dump --config /etc/trygg/trygg.toml --lane alerts --limit 20
  trygg spool export /var/lib/trygg/spool --to records.jsonl
  trygg spool repair /var/lib/trygg/spool

All but repair only read, and work beside a running trygg. They end with 0, check with 78 where
something is damaged; with 78 also when the spool cannot be read. docs/operating.md says what to do.")]
pub struct SpoolArgs {
    #[command(subcommand)]
    command: SpoolCommand,
}

#[derive(Debug, Subcommand)]
enum SpoolCommand {
    /// Say what lies in it: records, bytes, the oldest, how far each partition is delivered.
    Stats(StatsArgs),
    /// Read everything, verify every checksum, and explain each damage.
    Check(CheckArgs),
    /// List its records, one a line, without what they hold.
    Dump(DumpArgs),
    /// Make a damaged one whole again, while trygg is stopped; what cannot be read is set aside.
    Repair(RepairArgs),
    /// Write its records to a file, to be brought to Kafka by other means.
    Export(ExportArgs),
}

impl SpoolArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        let mut out = anstream::stdout();
        let done = self.write(&mut out);
        match done.and_then(|exit| out.flush().map(|()| exit).map_err(Halt::Unsaid)) {
            Ok(exit) => exit,
            Err(Halt::Unsaid(error)) => unsaid(&error, Exit::Done),
            Err(Halt::Spool(error)) => refuse(&error),
            Err(Halt::Config(errors)) => refuse(&errors),
        }
    }

    fn write(self, out: &mut impl Write) -> Result<Exit, Halt> {
        match self.command {
            SpoolCommand::Stats(args) => args.run(out),
            SpoolCommand::Check(args) => args.run(out),
            SpoolCommand::Dump(args) => args.run(out),
            SpoolCommand::Repair(args) => args.run(out),
            SpoolCommand::Export(args) => args.run(out),
        }
    }
}

fn refuse(error: &dyn std::error::Error) -> Exit {
    complain(error);
    Exit::Configuration
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
enum Halt {
    /// What there is to say cannot be written.
    #[error(transparent)]
    Unsaid(#[from] io::Error),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    Config(#[from] ConfigErrors),
}

/// Where the spool lies.
#[derive(Debug, Args)]
struct Where {
    /// The spool's directory.
    #[arg(value_name = "DIRECTORY", required_unless_present = "config")]
    directory: Option<PathBuf>,
    /// Take `spool.directory` from this file.
    #[arg(long, value_name = "FILE", conflicts_with = "directory")]
    config: Option<PathBuf>,
}

/// A part of a spool.
#[derive(Debug, Default, Args)]
struct Part {
    /// Only the logs of this link.
    #[arg(long, value_name = "NAME")]
    link: Option<String>,
    /// Only the logs of this lane.
    #[arg(long, value_enum)]
    lane: Option<Wanted>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wanted {
    Readings,
    Alerts,
    DeadLetters,
}

impl Where {
    fn directory(&self) -> Result<PathBuf, Halt> {
        let Some(config) = &self.config else {
            return Ok(self.directory.clone().unwrap_or_default());
        };
        let (draft, _record) = Config::draft_sources(Some(config))?;
        let (config, _absent) = draft.look()?;
        Ok(config.spool.directory.clone())
    }

    /// The directory and its logs.
    fn logs(&self, part: &Part) -> Result<(PathBuf, Vec<LogFolder>), Halt> {
        let directory = self.directory()?;
        let mut logs = inspect::logs(&directory)?;
        logs.retain(|log| part.holds(log));
        Ok((directory, logs))
    }
}

impl Part {
    fn holds(&self, log: &LogFolder) -> bool {
        let lane = self.lane.map(|lane| match lane {
            Wanted::Readings => Lane::Readings,
            Wanted::Alerts => Lane::Alerts,
            Wanted::DeadLetters => Lane::DeadLetters,
        });
        let is_link = self.link.as_ref().is_none_or(|link| *link == log.link);
        is_link && lane.is_none_or(|lane| lane == log.lane)
    }
}

/// Names of the topics, where trygg has noted them beside its logs.
fn topics(directory: &std::path::Path) -> [Option<String>; 3] {
    engine::topics_noted(directory).map_or([const { None }; 3], |topics| topics.map(Some))
}

/// Shown on a terminal while much is read, a log at a time.
struct Reading {
    bar: ProgressBar,
}

impl Reading {
    fn of(logs: &[LogFolder]) -> Self {
        let bytes = logs.iter().map(bytes).sum();
        let bar = if io::stderr().is_terminal() {
            ProgressBar::new(bytes)
        } else {
            ProgressBar::hidden()
        };
        // The template is right, or the plain bar is shown.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {eta}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    fn done(&self, log: &LogFolder) {
        self.bar.inc(bytes(log));
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Bytes of a log's files, as far as they are still there.
fn bytes(log: &LogFolder) -> u64 {
    let entries = fs::read_dir(&log.path).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}

#[cfg(test)]
mod tests;
