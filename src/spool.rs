//! What Kafka has not taken yet, safe on disk.
//!
//! A link's [`sink`](crate::sink) gathers [`Orders`]: bodies to append, what is delivered, where to
//! read. The spool's one thread carries them out, group after group, and answers with [`Tiding`]s.
//! Links never wait for it.

pub mod orders;
pub mod tidings;

pub use orders::{Body, Orders};
pub use tidings::{Chunk, Recovered, Synced, Tiding};
