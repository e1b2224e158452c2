//! `trygg demo`.

use clap::Args;

use super::Exit;

/// What `trygg demo` is told.
#[derive(Debug, Args)]
pub struct DemoArgs {}

impl DemoArgs {
    /// Does it.
    pub fn run(self) -> Exit {
        Exit::OurBug
    }
}
