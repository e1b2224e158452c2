//! `trygg config`: every key there is, and what a file makes of them.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, CommandFactory, ValueEnum};
use serde_json::Value;

use super::{Cli, Exit, check, complain, say, unsaid};
use crate::config::{Config, reference, schema, show, tables};

/// What `trygg config` is told.
#[derive(Debug, Args)]
#[command(override_usage = "trygg config <--defaults|--effective [FILE]|--schema> [--output FORM]")]
#[command(after_help = "\
Examples:
  trygg config --defaults > trygg.toml
  trygg config --effective trygg.toml
  TRYGG__BATCH__LINGER=5ms trygg config --effective trygg.toml
  trygg config --effective trygg.toml --output json | jq '.[] | select(.origin != \"default\")'
  trygg config --schema > trygg.schema.json

Every key can be set by the environment too: TRYGG__SECTION__KEY=value, for a link
TRYGG__LINK__NAME__KEY=value. Secrets are never shown.")]
pub struct ConfigArgs {
    #[command(flatten)]
    what: What,
    /// For people, or for scripts.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct What {
    /// Every key with its default, range and reason, as a file to start from.
    #[arg(long)]
    defaults: bool,
    /// What holds after FILE and the environment, and where each value comes from.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "the option may stand without a file")]
    effective: Option<Option<PathBuf>>,
    /// A JSON Schema, for editors.
    #[arg(long)]
    schema: bool,
    /// FILE with its tables of keys written anew.
    #[arg(long, value_name = "FILE", hide = true)]
    markdown: Option<PathBuf>,
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// People.
    #[default]
    Text,
    /// Scripts.
    Json,
}

impl ConfigArgs {
    /// Shows what was asked for.
    pub fn run(self) -> Exit {
        if !self.what.is_given() {
            return ask();
        }
        let mut text = Vec::new();
        match self.write(&mut text) {
            Ok(exit) => say(&text, exit),
            Err(error) => {
                complain(&error);
                Exit::Usage
            }
        }
    }

    fn write(self, out: &mut impl Write) -> io::Result<Exit> {
        let is_json = self.output == Output::Json;
        if let Some(file) = self.what.effective {
            return write_effective(file.as_deref(), self.output, out);
        }
        let record = reference::record();
        if let Some(file) = self.what.markdown {
            let text = fs::read_to_string(file)?;
            out.write_all(tables::rewrite(&text, &record).as_bytes())?;
        } else if self.what.schema {
            write_json(&schema::schema(&record), out)?;
        } else if is_json {
            write_json(&show::defaults_json(&record), out)?;
        } else {
            out.write_all(show::defaults(&record).as_bytes())?;
        }
        Ok(Exit::Done)
    }
}

impl What {
    fn is_given(&self) -> bool {
        self.defaults || self.schema || self.effective.is_some() || self.markdown.is_some()
    }
}

/// What there is to choose from. clap itself would name what is hidden.
fn ask() -> Exit {
    let mut program = Cli::command();
    program.build();
    let help = program.find_subcommand_mut("config").map(clap::Command::render_help);
    let mut err = anstream::stderr();
    let written = write!(err, "{}", help.unwrap_or_default().ansi());
    written.map_or_else(|error| unsaid(&error, Exit::Usage), |()| Exit::Usage)
}

fn write_effective(file: Option<&Path>, output: Output, out: &mut impl Write) -> io::Result<Exit> {
    let (config, record) = match Config::examine_sources(file) {
        Ok(examined) => examined,
        Err(errors) => return check::write_mistakes(&errors, output, out),
    };
    if let Err(errors) = config {
        return check::write_mistakes(&errors, output, out);
    }
    match output {
        Output::Text => out.write_all(show::effective(&record).as_bytes())?,
        Output::Json => write_json(&show::effective_json(&record), out)?,
    }
    Ok(Exit::Done)
}

/// One value, laid out.
pub(super) fn write_json(value: &Value, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
