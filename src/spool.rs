//! What Kafka has not taken yet, safe on disk.
//!
//! A link's [`sink`](crate::sink) gathers [`Orders`]: bodies to append, what is delivered, where to
//! read. The spool's one thread carries them out, group after group, and answers with [`Tiding`]s.
//! Links never wait for it.

mod cursor;
pub mod damage;
pub mod disk;
pub mod error;
pub mod figures;
mod frame;
pub mod hand;
pub mod inspect;
pub mod keeper;
pub mod lock;
mod log;
pub mod orders;
mod post;
pub mod pulse;
mod quarantine;
mod reader;
mod recovery;
pub mod repair;
pub mod room;
mod scan;
mod segment;
pub mod thread;
pub mod tidings;
mod voice;
mod walk;

pub use error::SpoolError;
pub use hand::Hand;
pub use orders::{Body, Orders};
pub use room::Limits;
pub use thread::{Spool, SpoolSettings};
pub use tidings::{Chunk, Recovered, Synced, Tiding};

#[cfg(test)]
mod tests;
