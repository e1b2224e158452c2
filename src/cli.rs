//! The command line: what was asked for, and with which number the process ends.

use std::{
    ffi::OsString,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::engine;

mod check;
mod complete;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod discover;
mod explain;
mod parse;
mod publish;
mod run;
mod simulate;
mod spool;
mod tail;
mod words;

#[cfg(feature = "demo")]
pub use self::demo::DemoArgs;
pub use self::{
    check::CheckArgs,
    complete::{CompletionsArgs, ManArgs},
    config::ConfigArgs,
    discover::DiscoverArgs,
    explain::ExplainArgs,
    publish::PubArgs,
    run::RunArgs,
    simulate::SimulateArgs,
    spool::SpoolArgs,
    tail::TailArgs,
};

const AFTER_HELP: &str = "\
Examples:
  See it run, with nothing but this program, and send it something from another terminal:
    trygg demo
    trygg pub --topic homes/my-home/zigbee2mqtt/front_door --message '{\"contact\":false}'
  Point it at your own brokers:
    trygg config --defaults > trygg.toml
    trygg check trygg.toml
    trygg run --config trygg.toml
  Look at what it publishes:
    trygg tail --config trygg.toml --from 15m
  More examples:
    trygg tail --help

Exit codes:
   0  ended as asked: nothing is left unacknowledged
  64  wrong arguments, or a line that is no message
  70  a mistake of trygg's own; nothing was acknowledged for it
  75  try again: messages are left with the broker, or somebody could not be reached in time
  78  mend it first: configuration, right, name, certificate, address in use, damaged spool";

/// Streaming ingestion for elderly care: MQTT in, typed protobuf events on Kafka out, nothing
/// acknowledged early.
///
/// Not a medical device and not an alarm system: it must never be the only path of an alarm.
#[derive(Debug, Parser)]
#[command(name = "trygg", after_help = AFTER_HELP, subcommand_required = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A broker, a Kafka and a few simulated homes in this process: nothing else is needed.
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// Bring messages from the brokers to Kafka until stopped by a signal.
    Run(RunArgs),
    /// List every mistake in a configuration, with its line and a remedy.
    Check(CheckArgs),
    /// Show every key of the configuration, or what a file makes of them.
    Config(ConfigArgs),
    /// Show step by step what becomes of a message, and what would change it.
    Explain(ExplainArgs),
    /// Listen on a broker, and propose a configuration for what is heard.
    Discover(DiscoverArgs),
    /// Follow what trygg publishes, in words.
    Tail(TailArgs),
    /// Look into a spool, or repair one.
    Spool(SpoolArgs),
    /// Publish a message, or a file of messages, to a broker.
    Pub(PubArgs),
    /// Simulate homes, or replay recorded events, against a broker.
    Simulate(SimulateArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
    /// Write the manual pages.
    #[command(hide = true)]
    Man(ManArgs),
}

impl Command {
    /// Does it.
    pub fn run(self) -> Exit {
        match self {
            #[cfg(feature = "demo")]
            Self::Demo(args) => args.run(),
            Self::Run(args) => args.run(),
            Self::Check(args) => args.run(),
            Self::Config(args) => args.run(),
            Self::Explain(args) => args.run(),
            Self::Discover(args) => args.run(),
            Self::Tail(args) => args.run(),
            Self::Spool(args) => args.run(),
            Self::Pub(args) => args.run(),
            Self::Simulate(args) => args.run(),
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(),
        }
    }
}

/// Says on stderr what could not be done, where there is no log.
fn complain(error: &dyn std::error::Error) {
    // Nobody is left to tell that stderr is gone.
    let _gone = writeln!(io::stderr(), "{error}");
}

/// Prints what a command has to say, in colours if a terminal reads it, and ends with `exit`.
fn say(text: &[u8], exit: Exit) -> Exit {
    let mut out = anstream::stdout();
    out.write_all(text)
        .and_then(|()| out.flush())
        .map_or_else(|error| unsaid(&error, exit), |()| exit)
}

/// Output that could not be written. Who closed the pipe has read enough: that changes nothing.
fn unsaid(error: &io::Error, exit: Exit) -> Exit {
    if error.kind() == ErrorKind::BrokenPipe {
        return exit;
    }
    complain(error);
    Exit::LeftWithBroker
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// As asked; nothing is left unacknowledged.
    Done = 0,
    /// Wrong arguments.
    Usage = 64,
    /// Our bug.
    OurBug = 70,
    /// Try again: messages are left with the broker, or somebody could not be reached in time.
    LeftWithBroker = 75,
    /// Wrong configuration.
    Configuration = 78,
}

impl From<engine::Exit> for Exit {
    fn from(exit: engine::Exit) -> Self {
        match exit {
            engine::Exit::Drained => Self::Done,
            engine::Exit::Left(_) | engine::Exit::Interrupted => Self::LeftWithBroker,
            engine::Exit::Failed => Self::OurBug,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Arguments that lead to an answer rather than to work: mistakes, but also `--help`.
#[derive(Debug)]
pub struct Answer(clap::Error);

impl Answer {
    /// Prints it where it belongs, and says how to end.
    pub fn print(&self) -> Exit {
        self.0.print().map_or_else(|error| unsaid(&error, self.exit()), |()| self.exit())
    }

    fn exit(&self) -> Exit {
        if self.0.use_stderr() { Exit::Usage } else { Exit::Done }
    }
}

impl Cli {
    /// Reads the arguments, the program's own name first. `version` is what `--version` says.
    pub fn from_args(
        args: impl IntoIterator<Item = OsString>,
        version: &'static str,
    ) -> Result<Self, Answer> {
        let matches = Self::command().version(version).try_get_matches_from(args);
        matches.and_then(|matches| Self::from_arg_matches(&matches)).map_err(Answer)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn parse(args: &[&str]) -> Result<Command, Exit> {
        let args = std::iter::once("trygg").chain(args.iter().copied()).map(OsString::from);
        Cli::from_args(args, "0.0.0").map(|cli| cli.command).map_err(|answer| answer.exit())
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let file = PathBuf::from("f.toml");
        let run = parse(&["run", "--config", "f.toml"]);
        assert!(matches!(run, Ok(Command::Run(args)) if args.config == file));
        let check = parse(&["check", "f.toml"]);
        assert!(matches!(check, Ok(Command::Check(args)) if args.file == file));
    }

    #[test]
    fn wrong_arguments_end_with_64() {
        for args in [&[] as &[&str], &["run"], &["walk"], &["check"], &["run", "--config"]] {
            assert_eq!(parse(args).err(), Some(Exit::Usage), "{args:?}");
        }
        assert_eq!(parse(&["--version"]).err(), Some(Exit::Done));
        assert_eq!(parse(&["--help"]).err(), Some(Exit::Done));
    }

    #[test]
    fn the_help_names_every_exit_code() {
        for exit in
            [Exit::Done, Exit::Usage, Exit::OurBug, Exit::LeftWithBroker, Exit::Configuration]
        {
            let line = format!("\n{:>4}  ", exit as u8);
            assert!(AFTER_HELP.contains(&line), "{exit:?}");
        }
    }
}
