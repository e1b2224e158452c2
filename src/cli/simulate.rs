//! `trygg simulate`.

use clap::Args;

use super::Exit;

/// What `trygg simulate` is told.
#[derive(Debug, Args)]
pub struct SimulateArgs {}

impl SimulateArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        Exit::OurBug
    }
}
