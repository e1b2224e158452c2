//! Arguments and exit code; no logic.

use std::{ffi::OsString, process::ExitCode};

use trygg::cli::Cli;

fn main() -> ExitCode {
    match Cli::from_args(std::env::args_os().collect::<Vec<OsString>>(), version()) {
        Ok(cli) => cli.command.run().into(),
        Err(answer) => answer.print().into(),
    }
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
