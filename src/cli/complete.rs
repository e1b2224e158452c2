//! `trygg completions` and `trygg man`: what a package ships beside the program.

use std::{io, path::PathBuf};

use clap::{Args, CommandFactory};

use super::{Cli, Exit, complain, say};

/// What `trygg completions` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg completions bash > /etc/bash_completion.d/trygg
  trygg completions zsh > ~/.zfunc/_trygg
  trygg completions fish > ~/.config/fish/completions/trygg.fish")]
pub struct CompletionsArgs {
    /// Whose.
    shell: clap_complete::Shell,
}

impl CompletionsArgs {
    /// Prints them.
    pub fn run(self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "trygg", &mut script);
        say(&script, Exit::Done)
    }
}

/// What `trygg man` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg man /usr/local/share/man/man1")]
pub struct ManArgs {
    /// Folder that takes trygg.1, trygg-run.1 and so on.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl ManArgs {
    /// Writes a page for the program and one for each command.
    pub fn run(self) -> Exit {
        match clap_mangen::generate_to(Cli::command(), &self.folder) {
            Ok(()) => Exit::Done,
            Err(error) => {
                let folder = self.folder.display();
                complain(&io::Error::new(error.kind(), format!("{folder}: {error}")));
                Exit::Usage
            }
        }
    }
}
