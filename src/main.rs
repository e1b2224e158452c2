//! Arguments, configuration, logging, runtime, signals, exit code; no logic.

use std::{ffi::OsString, panic, process::ExitCode};

use trygg::{
    cli::{Cli, Command, Exit},
    config::Config,
    engine::{self, Observer, Signals},
    telemetry::logging,
};

fn main() -> ExitCode {
    let cli = match Cli::from_args(std::env::args_os().collect::<Vec<OsString>>(), version()) {
        Ok(cli) => cli,
        Err(answer) => return answer.print().into(),
    };
    match cli.command {
        Command::Check(args) => args.run().into(),
        #[cfg(feature = "demo")]
        Command::Demo(args) => finish(args.run()),
        Command::Config(args) => args.run().into(),
        Command::Tail(args) => args.run().into(),
        Command::Pub(args) => args.run().into(),
        Command::Simulate(args) => args.run().into(),
        Command::Completions(args) => {
            args.run(&mut std::io::stdout()).unwrap_or(Exit::Usage).into()
        }
        Command::Man(args) => match args.run() {
            Ok(exit) => exit.into(),
            Err(error) => {
                complain(&error);
                Exit::Usage.into()
            }
        },
        Command::Run { config } => match Config::load(&config) {
            Ok(config) => run(config),
            Err(errors) => {
                complain(&errors);
                Exit::Configuration.into()
            }
        },
    }
}

fn run(config: Config) -> ExitCode {
    if let Err(error) = logging::start(config.log.format, config.log.level.clone()) {
        complain(&error);
        return Exit::OurBug.into();
    }
    // A panic's text may quote data, so only its place is logged.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    for note in config.notes() {
        tracing::warn!(%note, "configuration");
    }
    let runtime = match engine::single_threaded() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the runtime could not be started");
            return Exit::OurBug.into();
        }
    };
    let ended = runtime.block_on(async {
        let signals = Signals::listen()?;
        Ok::<_, std::io::Error>(engine::run(config, signals, &Observer::default()).await)
    });
    // Blocking work that is left is a rebuild of the producer: not worth waiting for.
    runtime.shutdown_background();
    match ended {
        Ok(Ok(ending)) => Exit::from(ending.exit).into(),
        Ok(Err(error)) => {
            tracing::error!(%error, "trygg could not start");
            Exit::Configuration.into()
        }
        Err(error) => {
            tracing::error!(%error, "signals could not be listened for");
            Exit::OurBug.into()
        }
    }
}

/// Whatever a command could not do is said on stderr.
fn finish(ended: Result<Exit, Box<dyn std::error::Error>>) -> ExitCode {
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(error.as_ref());
            Exit::OurBug.into()
        }
    }
}

#[expect(clippy::print_stderr, reason = "logging is not set up yet")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("{error}");
}

/// Version, commit, and what the Kafka client was built with.
fn version() -> &'static str {
    let (_, librdkafka) = rdkafka::util::get_rdkafka_version();
    let text = format!(
        "{} (commit {}, librdkafka {librdkafka}: {})",
        env!("CARGO_PKG_VERSION"),
        trygg::COMMIT,
        trygg::kafka::settings::builtin_features(),
    );
    text.leak()
}
