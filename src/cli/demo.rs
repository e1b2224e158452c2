//! `trygg demo`.

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use clap::{Args, value_parser};

use super::{Exit, complain, parse::span, unsaid};
use crate::{
    demo::{self, DemoError, Look, Settings},
    engine::{self, Signals},
    telemetry::logging::kept::Kept,
};

/// rumqttd tells of every client that leaves as of an error.
const LOG_LEVEL: &str = "warn,rumqttd=off";

/// What `trygg demo` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing outside this process is needed and nothing is kept: broker, Kafka and homes end with it.

Examples:
  trygg demo
  trygg demo --homes 10 --speed 300         a day in five minutes
  trygg demo --plain --duration 1m | tee demo.log")]
pub struct DemoArgs {
    /// How many homes.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = value_parser!(u32).range(1..=200))]
    homes: u32,
    /// How many times faster than life; 60 makes a day of 24 minutes.
    #[arg(long, default_value_t = 60.0, value_name = "X", value_parser = speed)]
    speed: f64,
    /// Another seed, other lives.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// End by itself after this time (30s, 10m, 2h).
    #[arg(long, value_name = "TIME", value_parser = span)]
    duration: Option<Duration>,
    /// Lines instead of a picture, as where there is no terminal.
    #[arg(long)]
    plain: bool,
}

impl DemoArgs {
    /// Runs until Ctrl-C.
    pub fn run(self) -> Exit {
        self.show().unwrap_or_else(|error| {
            if let Some(DemoError::Terminal(error)) = error.downcast_ref() {
                return unsaid(error, Exit::Done);
            }
            complain(error.as_ref());
            Exit::OurBug
        })
    }

    fn show(self) -> Result<Exit, Box<dyn Error>> {
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let settings = Settings {
            homes: self.homes,
            speed: self.speed,
            seed: self.seed,
            duration: self.duration,
            look: if is_terminal && !self.plain { Look::Screen } else { Look::Lines },
        };
        let kept = Kept::start(LOG_LEVEL.parse()?)?;
        let runtime = engine::single_threaded()?;
        let ended = runtime.block_on(async {
            let signals = Signals::listen()?;
            demo::run(&settings, signals, &kept, &mut io::stdout()).await
        });
        runtime.shutdown_background();
        for line in kept.take() {
            writeln!(io::stderr(), "{line}")?;
        }
        Ok(Exit::from(ended?.exit))
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "a number, such as 60".to_owned())?;
    if (0.1..=100_000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err("from 0.1 to 100000".to_owned())
    }
}
