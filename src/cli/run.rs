//! `trygg run`.

use std::{panic, path::PathBuf};

use clap::Args;

use super::{Exit, complain};
use crate::{
    config::Config,
    engine::{self, Observer, Signals},
    telemetry::logging,
};

/// What `trygg run` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
SIGINT or SIGTERM ends it: it takes no new messages, waits for Kafka's reports, acknowledges, and
leaves the rest with the broker. A second signal ends it at once.

Examples:
  trygg run --config /etc/trygg/trygg.toml
  TRYGG__LOG__LEVEL=debug trygg run --config trygg.toml")]
pub struct RunArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

impl RunArgs {
    /// Runs the engine.
    pub fn run(self) -> Exit {
        let config = match Config::load(&self.config) {
            Ok(config) => config,
            Err(errors) => {
                complain(&errors);
                return Exit::Configuration;
            }
        };
        if let Err(error) = logging::start(config.log.format, config.log.level.clone()) {
            complain(&error);
            return Exit::OurBug;
        }
        // A panic's text may quote data, so only its place is logged.
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panic");
        }));
        for note in config.notes() {
            tracing::warn!(%note, "configuration");
        }
        run(config)
    }
}

fn run(config: Config) -> Exit {
    let runtime = match engine::single_threaded() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the runtime could not be started");
            return Exit::OurBug;
        }
    };
    let ended = runtime.block_on(async {
        let signals = Signals::listen()?;
        Ok::<_, std::io::Error>(engine::run(config, signals, &Observer::default()).await)
    });
    // Blocking work that is left is a rebuild of the producer: not worth waiting for.
    runtime.shutdown_background();
    match ended {
        Ok(Ok(ending)) => Exit::from(ending.exit),
        Ok(Err(error)) => {
            tracing::error!(%error, "trygg could not start");
            Exit::Configuration
        }
        Err(error) => {
            tracing::error!(%error, "signals could not be listened for");
            Exit::OurBug
        }
    }
}
