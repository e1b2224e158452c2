//! The async shell of a link: one task, one `select`, one non-async step.
//!
//! Everything that happens to a link arrives here as one event; [`Core`] decides. Both
//! directions of the socket are in the same `select`, and what is half written survives it.

#[cfg(test)]
mod allocations;
pub mod books;
pub mod clock;
pub mod close;
pub mod core;
pub mod duty;
pub mod exchange;
pub mod memory;
pub mod notice;
pub mod settings;
#[cfg(test)]
mod simulation;
pub mod snapshot;
mod stage;
pub mod task;
#[cfg(test)]
mod testkit;
pub mod voice;

pub use self::{
    clock::Clock,
    close::Close,
    core::{Core, Phase},
    notice::LeftBehind,
    settings::LinkSettings,
    task::{LinkTask, SnapshotRequest},
};
