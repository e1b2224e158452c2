//! `trygg check`: everything that is wrong with a configuration, before anything is started.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::{Value, json};

use super::{
    Exit,
    config::{Output, write_json},
    say, unsaid,
    words::counted,
};
use crate::{
    config::{Config, ConfigError, ConfigErrors, Note, Origin, Place, Record},
    registry::{Registry, RegistryErrors},
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const NOTED: Style = AnsiColor::Yellow.on_default();
const PLACE: Style = Style::new().bold();

/// What `trygg check` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg check /etc/trygg/trygg.toml
  trygg check trygg.toml --output json | jq -r '.[] | \"\\(.line): \\(.fix)\"'
  TRYGG__KAFKA__BROKERS='[\"kafka-1:9092\"]' trygg check trygg.toml

Ends with 78 if there is a mistake, with 0 otherwise; notes are no mistakes. That the file of a
secret is not there yet is a note here, with the command that makes it, and a mistake for
`trygg run`.")]
pub struct CheckArgs {
    /// The configuration file.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// For people, or for scripts.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

impl CheckArgs {
    /// Checks the file and says what was found.
    pub fn run(self) -> Exit {
        let mut text = Vec::new();
        match write_check(&self.file, self.output, &mut text) {
            Ok(exit) => say(&text, exit),
            Err(error) => unsaid(&error, Exit::OurBug),
        }
    }
}

/// Writes every mistake of a configuration and of the list of devices it names.
fn write_check(file: &Path, output: Output, out: &mut impl Write) -> io::Result<Exit> {
    let (draft, record) = match Config::draft_sources(Some(file)) {
        Ok(drafted) => drafted,
        Err(errors) => return write_mistakes(&errors, output, out),
    };
    let (config, absent) = match draft.look() {
        Ok(seen) => seen,
        Err(errors) => return write_mistakes(&errors, output, out),
    };
    let (mut devices, mut rules, mut takes_all) = (0, 0, false);
    if let Some(list) = &config.registry.file {
        match Registry::load(list, &config.engine.tenant, &config.identity, &config.catalogue) {
            Ok(registry) => {
                (devices, rules) = (registry.len(), registry.rules());
                takes_all = !registry.asks_consent();
            }
            Err(errors) => return write_list(&errors, output, out),
        }
    }
    let notes = config.notes();
    match output {
        Output::Json => {
            let absent = absent.iter().map(|mistake| mistake_json(mistake, "note"));
            let notes = notes.iter().map(|note| note_json(note, file, &record));
            let consent = takes_all.then(|| consent_json(config));
            write_json(&Value::Array(absent.chain(notes).chain(consent).collect()), out)?;
        }
        Output::Text => {
            for ConfigError { place, key, fix, .. } in absent {
                writeln!(
                    out,
                    "{NOTED}note:{NOTED:#} {PLACE}{place}{PLACE:#}: {key}: the file is not there \
                     yet\n  {GOOD}fix{GOOD:#}: {fix}"
                )?;
            }
            for note in notes {
                writeln!(out, "{NOTED}note:{NOTED:#} {note}")?;
            }
            if takes_all {
                writeln!(out, "{NOTED}note:{NOTED:#} {NO_CONSENT}")?;
            }
            let count = |of: usize, one, several| counted(of.try_into().unwrap_or(0), one, several);
            let links = count(config.links.len(), "link", "links");
            let devices = count(devices, "registered device", "registered devices");
            write!(out, "{GOOD}ok{GOOD:#}: {links}, {devices}")?;
            if rules > 0 {
                write!(out, ", {}", count(rules, "line with stars", "lines with stars"))?;
            }
            if !absent.is_empty() {
                let files = count(absent.len(), "file", "files");
                write!(out, "; `trygg run` needs {files} more")?;
            }
            writeln!(out)?;
        }
    }
    Ok(Exit::Done)
}

/// What a list without the column means.
const NO_CONSENT: &str = "registry.file: there is no column consent, so all readings of every home are \
                          taken; docs/registry.md says how homes are asked";

fn consent_json(config: &Config) -> Value {
    json!({
        "severity": "note",
        "file": config.registry.file.as_ref().map(|file| file.display().to_string()),
        "line": 1,
        "column": null,
        "variable": null,
        "key": "registry.file",
        "expected": null,
        "found": null,
        "nearest": null,
        "fix": NO_CONSENT,
    })
}

/// Writes mistakes of the configuration.
pub(super) fn write_mistakes(
    errors: &ConfigErrors,
    output: Output,
    out: &mut impl Write,
) -> io::Result<Exit> {
    if output == Output::Json {
        write_json(&errors.iter().map(|mistake| mistake_json(mistake, "mistake")).collect(), out)?;
        return Ok(Exit::Configuration);
    }
    for mistake in errors.iter() {
        let (place, sentence, fix) = (&mistake.place, mistake.sentence(), &mistake.fix);
        writeln!(out, "{PLACE}{place}{PLACE:#}: {sentence}\n  {GOOD}fix{GOOD:#}: {fix}")?;
    }
    refused(errors.count(), out)
}

/// Writes mistakes of the list of devices.
fn write_list(errors: &RegistryErrors, output: Output, out: &mut impl Write) -> io::Result<Exit> {
    if output == Output::Json {
        let mistakes = errors.iter().map(|error| {
            json!({
                "severity": "mistake",
                "file": error.file.display().to_string(),
                "line": error.line,
                "column": null,
                "variable": null,
                "key": "registry.file",
                "expected": error.mistake.to_string(),
                "found": null,
                "nearest": null,
                "fix": "correct this line of the list of devices",
            })
        });
        write_json(&mistakes.collect(), out)?;
        return Ok(Exit::Configuration);
    }
    for error in errors.iter() {
        writeln!(out, "{error}")?;
    }
    refused(errors.count(), out)
}

fn refused(count: usize, out: &mut impl Write) -> io::Result<Exit> {
    let mistakes = counted(count.try_into().unwrap_or(0), "mistake", "mistakes");
    writeln!(out, "{BAD}{mistakes}{BAD:#}")?;
    Ok(Exit::Configuration)
}

fn mistake_json(mistake: &ConfigError, severity: &str) -> Value {
    let (file, line, column, variable) = match &mistake.place {
        Place::File { file, line, column } => {
            (Some(file.display().to_string()), Some(*line), Some(*column), None)
        }
        Place::Whole { file } => (Some(file.display().to_string()), None, None, None),
        Place::Variable { name } => (None, None, None, Some(name)),
    };
    json!({
        "severity": severity,
        "file": file,
        "line": line,
        "column": column,
        "variable": variable,
        "key": mistake.key,
        "expected": mistake.expected,
        "found": mistake.found,
        "nearest": mistake.nearest,
        "fix": mistake.fix,
    })
}

fn note_json(note: &Note, file: &Path, record: &Record) -> Value {
    let key = record.key_named(note.key(), note.name());
    let (line, variable) = match key.map(|key| &key.origin) {
        Some(Origin::File { line }) => (Some(*line), None),
        Some(Origin::Environment { variable }) => (None, Some(variable)),
        Some(Origin::Default) | None => (None, None),
    };
    json!({
        "severity": "note",
        "file": file.display().to_string(),
        "line": line,
        "column": null,
        "variable": variable,
        "key": note.key(),
        "expected": null,
        "found": null,
        "nearest": null,
        "fix": note.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CONFIG: &str = "\
        [[link]]\nname = 'north'\nhost = '127.0.0.1'\nclient_id = 'c'\n\
        [[link.filter]]\ntopic = 'homes/{home}/{device}'\nformat = 'json'\n\
        [kafka]\nbrokers = ['127.0.0.1:9092']\n[identity]\nclear_names = true\n\
        [registry]\nfile = 'devices.csv'\n";

    fn check(config: &str, devices: &str) -> (Exit, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trygg.toml");
        fs::write(&file, config).unwrap();
        fs::write(folder.path().join("devices.csv"), devices).unwrap();
        let mut out = anstream::StripStream::new(Vec::new());
        let exit = write_check(&file, Output::Text, &mut out).unwrap();
        (exit, String::from_utf8(out.into_inner()).unwrap())
    }

    #[test]
    fn a_good_configuration_is_praised_with_its_notes() {
        let (exit, out) = check(CONFIG, "device,home\nd-1,h-1\nd-2,h-1\n");
        assert_eq!(exit, Exit::Done);
        assert!(out.starts_with("note: identity.clear_names"), "{out}");
        assert!(out.ends_with("ok: 1 link, 2 registered devices\n"), "{out}");
    }

    #[test]
    fn a_list_that_does_not_say_what_homes_consent_to_gets_a_note() {
        let (exit, out) = check(CONFIG, "device,home\nd-1,h-1\nroom-*,h-2\n");
        assert_eq!(exit, Exit::Done);
        assert!(out.contains("note: registry.file: there is no column consent"), "{out}");
        assert!(out.ends_with("ok: 1 link, 1 registered device, 1 line with stars\n"), "{out}");
        let (exit, out) = check(CONFIG, "device,home,consent\nd-1,h-1,all\n");
        assert_eq!(exit, Exit::Done);
        assert!(!out.contains("consent"), "{out}");
        let (exit, out) = check(CONFIG, "device,home,consent\nd-1,h-1,all\nd-2,h-1,none\n");
        assert_eq!(exit, Exit::Configuration);
        assert!(out.contains("devices.csv:3: consent: line 2 of the same home"), "{out}");
    }

    #[test]
    fn a_secret_that_has_to_be_made_is_a_note_and_anything_else_a_mistake() {
        let keyed = CONFIG.replace("clear_names = true", "key_file = 'identity.key'");
        let (exit, out) = check(&keyed, "device,home\nd-1,h-1\n");
        assert_eq!(exit, Exit::Done);
        assert!(
            out.contains(":11:12: identity.key_file: the file is not there yet\n  fix: "),
            "{out}"
        );
        assert!(out.contains("head -c 32 /dev/urandom > identity.key"), "{out}");
        assert!(!out.contains("clear_names"), "{out}");
        let ends = "ok: 1 link, 1 registered device; `trygg run` needs 1 file more\n";
        assert!(out.ends_with(ends), "{out}");
        // It is there, and others may read it.
        let open = keyed.replace("identity.key", "devices.csv");
        assert_eq!(check(&open, "device,home\n").0, Exit::Configuration);
        // The list of devices is looked at all the same.
        assert_eq!(check(&keyed, "device,home\nd-1,\n").0, Exit::Configuration);
        let (exit, out) = check(&keyed.replace("'json'", "'jason'"), "");
        assert_eq!(exit, Exit::Configuration);
        assert!(out.ends_with("2 mistakes\n"), "{out}");
    }

    #[test]
    fn a_file_that_is_not_there_has_no_lines() {
        let mut out = anstream::StripStream::new(Vec::new());
        let exit = write_check(Path::new("/nowhere"), Output::Text, &mut out).unwrap();
        assert_eq!(exit, Exit::Configuration);
        let out = String::from_utf8(out.into_inner()).unwrap();
        assert!(out.starts_with("/nowhere: expected a readable file"), "{out}");
    }

    #[test]
    fn mistakes_end_with_78() {
        let (exit, out) = check(&CONFIG.replace("kafka", "kafak"), "");
        assert_eq!(exit, Exit::Configuration);
        assert!(out.contains(":8:2: kafak: expected a known key"), "{out}");
        assert!(out.ends_with("2 mistakes\n"), "{out}");
    }

    #[test]
    fn the_list_of_devices_is_checked_too() {
        let (exit, out) = check(CONFIG, "device,home\nd-1,\n,h-1\n");
        assert_eq!(exit, Exit::Configuration);
        assert!(out.contains("devices.csv:2: home: must not be empty"), "{out}");
        assert!(out.contains("devices.csv:3: device: must not be empty"), "{out}");
        assert!(out.ends_with("2 mistakes\n"), "{out}");
    }
}
