//! The engine against the real Mosquitto and the real Apache Kafka, watched by a relay and read
//! by an independent reader. `tools/setup.sh` brings what is needed.
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

mod config;
mod demo;
mod discover;
mod documents;
mod flow;
mod harness;
mod kafka_security;
mod kill;
mod learning;
mod lifecycle;
mod manners;
mod outage;
mod poison;
mod protocol;
mod publish;
mod refusal;
mod registry;
mod remembered;
mod replay;
mod secrets;
mod session;
mod spool;
mod support;
mod tail;
mod transport;
mod urgent;
