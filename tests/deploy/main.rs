//! The files of `deploy/`, started for real where that can be done on one machine, and otherwise
//! judged by the tools that read them. `tools/setup.sh` brings what is needed.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::doc_markdown,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unused_result_ok,
    missing_docs,
    unreachable_pub,
    reason = "a test harness: it waits by the clock, prints what it found, and fails by panicking"
)]

mod broker;
mod capture;
mod client;
mod docker;
mod package;
mod prometheus;
mod secrets;
mod systemd;
mod whole;

#[path = "../it/support"]
#[allow(dead_code, reason = "tests/it uses the rest")]
mod support {
    pub mod kafka;
    pub mod process;
    pub mod tools;
    pub mod wait;
}

use std::{
    fs,
    process::{Command, Output},
};

use support::tools::root;

/// The program under test.
const TRYGG: &str = env!("CARGO_BIN_EXE_trygg");

/// A file of the repository.
fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Runs a command to its end; whatever it said, if it did not like what it saw.
fn try_run(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } = command.output().expect("a program");
    let said = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(said);
    }
    Err(format!("{status}\n{said}{}", String::from_utf8_lossy(&stderr)))
}

/// Runs a command that must succeed; its output.
fn run(command: &mut Command) -> String {
    try_run(command).unwrap_or_else(|said| panic!("{command:?}: {said}"))
}
