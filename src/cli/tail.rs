//! `trygg tail`.

use clap::Args;

use super::Exit;

/// What `trygg tail` is told.
#[derive(Debug, Args)]
pub struct TailArgs {}

impl TailArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        Exit::OurBug
    }
}
