//! `trygg demo`.

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use clap::{Args, value_parser};

use super::{Exit, complain, parse::span, unsaid};
use crate::{
    demo::{self, DemoError, Look, Settings, output::Output},
    engine::{self, Signals},
    telemetry::logging::kept::Kept,
};

/// rumqttd tells of every client that leaves as of an error.
const LOG_LEVEL: &str = "warn,rumqttd=off";

/// The last lines are waited for this long: a reader may have stopped reading.
const LAST_LINES: Duration = Duration::from_millis(300);
/// Most homes times speed: beyond it the embedded broker forgets messages before they are read.
const SWIFTEST: f64 = 100_000.0;

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
    #[arg(long, value_name = "TIME", value_parser = span, allow_hyphen_values = true)]
    duration: Option<Duration>,
    /// Lines instead of a picture, as where there is no terminal.
    #[arg(long)]
    plain: bool,
}

impl DemoArgs {
    /// Runs until Ctrl-C.
    pub fn run(self) -> Exit {
        self.show().unwrap_or_else(|error| {
            let exit = match error.downcast_ref() {
                Some(DemoError::Terminal(error)) => return unsaid(error, Exit::Done),
                // No port, no thread: another time it may go.
                Some(DemoError::Broker(_) | DemoError::NotReady) => Exit::LeftWithBroker,
                None if error.is::<TooSwift>() => Exit::Usage,
                Some(_) | None => Exit::OurBug,
            };
            complain(error.as_ref());
            exit
        })
    }

    fn show(self) -> Result<Exit, Box<dyn Error>> {
        if f64::from(self.homes) * self.speed > SWIFTEST {
            return Err(TooSwift.into());
        }
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let settings = Settings {
            homes: self.homes,
            speed: self.speed,
            seed: self.seed,
            duration: self.duration,
            look: if is_terminal && !self.plain { Look::Screen } else { Look::Lines },
        };
        let kept = Kept::start(LOG_LEVEL.parse()?)?;
        let mut out = Output::start(io::stdout())?;
        let runtime = engine::single_threaded()?;
        let ended = runtime.block_on(async {
            let signals = Signals::listen()?;
            demo::run(&settings, signals, &kept, &mut out).await
        });
        runtime.shutdown_background();
        out.finish(LAST_LINES)?;
        for line in kept.take() {
            writeln!(io::stderr(), "{line}")?;
        }
        Ok(match ended?.exit {
            engine::Exit::Failed => Exit::OurBug,
            // What is left is left with a broker that ends with us.
            engine::Exit::Drained | engine::Exit::Left(_) | engine::Exit::Interrupted => Exit::Done,
        })
    }
}

/// The embedded broker is for looks.
#[derive(Debug, thiserror::Error)]
#[error(
    "homes times speed must not exceed {SWIFTEST}: the embedded broker would forget messages before \
     they are read; for load use trygg simulate against a broker of your own"
)]
struct TooSwift;

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "a number, such as 60".to_owned())?;
    if (0.1..=100_000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err("from 0.1 to 100000".to_owned())
    }
}
