//! Writes the protobuf of `proto/trygg/v1` by hand, byte for byte what prost writes (a test
//! holds it to that), from fragments that are encoded once: device and room, kind and unit.

pub mod dead_letter;
pub mod protobuf;
pub mod report;

pub use dead_letter::DeadLetterEncoder;
pub use report::{ReportEncoder, ReportHead};
