//! trygg: MQTT in, typed protobuf events on Kafka out, nothing acknowledged early.
//!
//! ```text
//! broker ─socket─> mqtt ─> decode ─> resolve ─> validate ─> batch ─> encode ─> kafka ─> topics
//!                   ^                                          (or spool ─> kafka) │
//!                   └────── PUBACK, in order, contiguous prefix <── window <───────┘
//!                                                       (delivery report, or fsync)
//! ```
//!
//! Data flows down, obligation flows back, nothing else flows upstream. ARCHITECTURE.md shows
//! the house; the modules stand here in reading order.

pub mod engine;

pub mod cli;
#[cfg(feature = "demo")]
pub mod demo;
pub mod explain;
pub mod tail;
pub mod testbed;

pub mod config;
pub mod telemetry;

pub mod link;
pub mod mqtt;
pub mod pipeline;
pub mod transport;

pub mod decode;
pub mod registry;
pub mod repeats;
pub mod validate;

pub mod batch;
pub mod encode;
pub mod kafka;
pub mod sink;
pub mod spool;

pub mod ack;
pub mod catalogue;
pub mod model;
pub mod record;
pub mod wire;

#[cfg(test)]
mod plant;

/// Commit the binary was built from.
pub const COMMIT: &str = include_str!(concat!(env!("OUT_DIR"), "/commit.txt"));
