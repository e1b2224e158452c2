//! `trygg spool check`.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::{Value, json};

use super::{
    Halt, Part, Reading, Where,
    explain::{self, Finding},
    words::{name, size},
};
use crate::{
    cli::{
        Exit,
        config::{Output, write_json},
        words::counted,
    },
    spool::{
        SpoolError,
        inspect::{self, LogFolder, LogView},
    },
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const PLACE: Style = Style::new().bold();

/// What `trygg spool check` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trygg spool check /var/lib/trygg/spool
  trygg spool check --config /etc/trygg/trygg.toml --output json | jq '.logs[].findings'

Ends with 0 when everything is whole, with 78 when something is damaged or cannot be read. An
unfinished end is no damage: nothing of it was acknowledged.")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    part: Part,
    /// For people, or for scripts.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    output: Output,
}

/// What was found of one log.
struct Checked {
    log: LogFolder,
    view: Result<LogView, SpoolError>,
    findings: Vec<Finding>,
}

impl CheckArgs {
    pub(super) fn run(self, out: &mut impl Write) -> Result<Exit, Halt> {
        let (_, logs) = self.place.logs(&self.part)?;
        let reading = Reading::of(&logs);
        let looked = logs.into_iter().map(|log| {
            let view = inspect::look(&log);
            reading.done(&log);
            let findings = view.as_ref().map_or_else(|_| Vec::new(), explain::findings);
            Checked { log, view, findings }
        });
        let checked: Vec<Checked> = looked.collect();
        drop(reading);
        match self.output {
            Output::Text => write_text(&checked, out)?,
            Output::Json => write_json(&as_json(&checked), out)?,
        }
        let is_whole = checked.iter().all(Checked::is_whole);
        Ok(if is_whole { Exit::Done } else { Exit::Configuration })
    }
}

impl Checked {
    fn is_whole(&self) -> bool {
        self.view.is_ok() && self.findings.is_empty()
    }

    fn records(&self) -> u64 {
        let segments = self.view.iter().flat_map(|view| &view.segments);
        segments.map(|segment| segment.records).sum()
    }

    fn bytes(&self) -> u64 {
        let segments = self.view.iter().flat_map(|view| &view.segments);
        segments.map(|segment| segment.bytes).sum()
    }
}

fn write_text(checked: &[Checked], out: &mut impl Write) -> Result<(), Halt> {
    for one in checked {
        let view = match &one.view {
            Ok(view) => view,
            Err(error) => {
                writeln!(
                    out,
                    "{PLACE}{}{PLACE:#}: {BAD}unreadable{BAD:#}\n  {error}",
                    name(&one.log)
                )?;
                continue;
            }
        };
        write!(
            out,
            "{PLACE}{}{PLACE:#}: {}, {} in {}: ",
            name(&one.log),
            counted(one.records(), "whole record", "whole records"),
            size(one.bytes()),
            counted(view.segments.len() as u64, "segment", "segments"),
        )?;
        let damages = counted(one.findings.len() as u64, "damage", "damages");
        if one.findings.is_empty() {
            writeln!(out, "{GOOD}ok{GOOD:#}")?;
        } else {
            writeln!(out, "{BAD}{damages}{BAD:#}")?;
        }
        for finding in &one.findings {
            let file = finding.file.as_deref().unwrap_or("cursor");
            let bytes = finding.bytes.map(|(from, to)| format!(", bytes {from} to {to}"));
            let Finding { what, means, fix, .. } = finding;
            writeln!(out, "  {PLACE}{file}{}{PLACE:#}: {what}", bytes.unwrap_or_default())?;
            writeln!(out, "    {means}\n    {GOOD}fix{GOOD:#}: {fix}")?;
        }
        if let Some(torn) = &view.torn {
            writeln!(out, "  {}", explain::unfinished(torn))?;
        }
    }
    let bad = checked.iter().filter(|one| !one.is_whole()).count() as u64;
    let logs = |count| counted(count, "log", "logs");
    if checked.is_empty() {
        writeln!(out, "no logs here")?;
    } else if bad == 0 {
        writeln!(out, "{GOOD}ok{GOOD:#}: {}", logs(checked.len() as u64))?;
    } else {
        writeln!(out, "{BAD}{} with damage{BAD:#}", logs(bad))?;
    }
    Ok(())
}

fn as_json(checked: &[Checked]) -> Value {
    let logs = checked.iter().map(|one| {
        let torn = one.view.as_ref().ok().and_then(|view| view.torn);
        json!({
            "link": one.log.link,
            "lane": one.log.lane.label(),
            "whole": one.is_whole(),
            "records": one.records(),
            "bytes": one.bytes(),
            "error": one.view.as_ref().err().map(ToString::to_string),
            "findings": one.findings.iter().map(Finding::json).collect::<Vec<_>>(),
            "unfinished": torn.map(|torn| json!({"from": torn.from, "bytes": torn.bytes})),
        })
    });
    json!({ "whole": checked.iter().all(Checked::is_whole), "logs": logs.collect::<Vec<_>>() })
}
