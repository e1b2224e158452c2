//! `trygg config`.

use clap::Args;

use super::Exit;

/// What `trygg config` is told.
#[derive(Debug, Args)]
pub struct ConfigArgs {}

impl ConfigArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        Exit::OurBug
    }
}
