//! `trygg pub`.

use clap::Args;

use super::Exit;

/// What `trygg pub` is told.
#[derive(Debug, Args)]
pub struct PubArgs {}

impl PubArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        Exit::OurBug
    }
}
