//! A trace in plain words, step by step.

use std::io::{self, Write};

use super::{
    outcome::Outcome,
    page::{Page, Tone},
    published::Published,
    reasons, remedy,
    trace::{Found, Trace},
    words,
};
use crate::{
    catalogue::Catalogue,
    model::Lane,
    tail::{Event, hex},
};

/// Fields that are shown one by one.
const FIELDS_SHOWN: usize = 60;

/// Readings that are shown one by one.
const READINGS_SHOWN: usize = 60;

/// Writes what became of a message. `payload` is looked at for what would change it.
pub fn write_text(
    trace: &Trace,
    payload: &[u8],
    catalogue: &Catalogue,
    page: &Page,
    out: &mut dyn Write,
) -> io::Result<()> {
    message(trace, page, out)?;
    way(trace, page, out)?;
    fields(trace, catalogue, page, out)?;
    readings(trace, page, out)?;
    refused(trace, page, out)?;
    match &trace.published {
        Some(published) => kafka(published, page, out)?,
        None => without_configuration(trace, page, out)?,
    }
    outcome(trace, page, out)?;
    for remedy in remedy::of(trace, payload, catalogue) {
        page.step("To change it", Tone::Good, &[remedy.sentence + "."], out)?;
        page.verbatim(&remedy.snippet, out)?;
    }
    Ok(())
}

fn message(trace: &Trace, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let retained = if trace.retained { ", retained" } else { "" };
    let lines = [
        words::clean(&trace.topic),
        format!(
            "{} bytes{retained}, received {}",
            trace.payload_bytes,
            words::time(trace.received)
        ),
    ];
    page.step("Message", Tone::Plain, &lines, out)
}

fn way(trace: &Trace, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let Some(way) = &trace.route else {
        let lines =
            ["no filter and no usual topic fits, and the payload shows no format".to_owned()];
        return page.step("Route", Tone::Bad, &lines, out);
    };
    let found = match &way.found {
        Found::Filter { link, filter } => {
            format!("{}, by the filter {filter} of link {link}", way.format)
        }
        Found::Usual { pattern, below: 0 } => {
            format!("{}, by its usual topic {pattern}", way.format)
        }
        Found::Usual { pattern, below } => format!(
            "{}, by its usual topic {pattern} below {below} {}",
            way.format,
            if *below == 1 { "level" } else { "levels" }
        ),
        Found::Content => {
            format!("{}, by what the payload holds: the topic says nothing", way.format)
        }
    };
    let mut lines = vec![found];
    lines.push(match (&way.home, &way.device) {
        (Some(home), Some(device)) => {
            format!("{{home}} {}, {{device}} {}", words::clean(home), words::clean(device))
        }
        (Some(home), None) => format!("{{home}} {}", words::clean(home)),
        (None, Some(device)) => format!("{{device}} {}", words::clean(device)),
        (None, None) => "nothing captured: the format finds the device itself".to_owned(),
    });
    page.step("Route", Tone::Plain, &lines, out)
}

fn fields(
    trace: &Trace,
    catalogue: &Catalogue,
    page: &Page,
    out: &mut dyn Write,
) -> io::Result<()> {
    if trace.fields.is_empty() {
        return Ok(());
    }
    let rows: Vec<[String; 3]> = trace
        .fields
        .iter()
        .take(FIELDS_SHOWN)
        .map(|field| {
            [words::clean(&field.path), words::clean(&field.sent), words::purpose(field, catalogue)]
        })
        .collect();
    page.table("Fields", &rows, out)?;
    match trace.fields.len().saturating_sub(FIELDS_SHOWN) {
        0 => Ok(()),
        more => page.step("", Tone::Faint, &[format!("and {more} more")], out),
    }
}

fn readings(trace: &Trace, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    for device in &trace.devices {
        let name = match device.name.as_str() {
            "" => "a device without a name".to_owned(),
            name => words::clean(name),
        };
        let mut facts = vec![match device.measured_at {
            Some(time) => format!("{name}, measured {}", words::time(time)),
            None => name,
        }];
        facts.extend(device.sequence.map(|sequence| format!("its message number {sequence}")));
        page.step("Readings", Tone::Plain, &facts, out)?;
        let rows: Vec<[String; 3]> = device
            .readings
            .iter()
            .take(READINGS_SHOWN)
            .map(|reading| {
                let mut remarks: Vec<String> =
                    reading.flags.iter().map(|flag| flag.label()).collect();
                if reading.is_urgent {
                    remarks.insert(0, "urgent: goes to the alerts at once".to_owned());
                }
                remarks.extend(reading.measured_at.map(|time| format!("at {}", words::time(time))));
                [words::kind(reading), words::value(reading), remarks.join("; ")]
            })
            .collect();
        page.table("", &rows, out)?;
        if let Some(more) = device.readings.len().checked_sub(READINGS_SHOWN + 1) {
            page.step("", Tone::Faint, &[format!("and {} more", more + 1)], out)?;
        }
    }
    let mut flags: Vec<String> = Vec::new();
    for device in &trace.devices {
        let own = device.readings.iter().flat_map(|reading| &reading.flags);
        for flag in device.flags.iter().chain(own) {
            let label = flag.label();
            let sentence = reasons::flag(&label).unwrap_or("a flag of a later trygg");
            let line = format!("{label}: {sentence}");
            if !flags.contains(&line) {
                flags.push(line);
            }
        }
    }
    if flags.is_empty() { Ok(()) } else { page.step("Flags", Tone::Warn, &flags, out) }
}

fn refused(trace: &Trace, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let mut lines: Vec<String> = Vec::new();
    for refused in &trace.refused {
        let kind = refused.kind.as_deref().unwrap_or("a reading");
        let number =
            refused.number.map_or(String::new(), |number| format!(" ({})", words::number(number)));
        let sentence = reasons::find(refused.reason).map_or("", |reason| reason.sentence);
        lines.push(format!("{kind}{number}, {}: {sentence}", refused.reason));
    }
    let listed = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    if trace.refused_count > listed {
        lines.push(format!("and {} more", trace.refused_count - listed));
    }
    if lines.is_empty() { Ok(()) } else { page.step("Refused", Tone::Bad, &lines, out) }
}

fn kafka(published: &Published, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let mut events: Vec<[u8; 16]> = Vec::new();
    for event in published.of(Lane::Readings) {
        let Some(reading) = event.reading() else { continue };
        let id = <[u8; 16]>::try_from(&*reading.event_id).unwrap_or_default();
        if events.contains(&id) {
            continue;
        }
        events.push(id);
        let room = match &*reading.room {
            "" => String::new(),
            room => format!(", room {}", words::clean(room)),
        };
        let basis = reading.basis_label();
        let basis = match &*basis {
            "content" => "made of what the message says: the same at every delivery",
            "reception" => "made of its arrival, since the message has no time of its own",
            other => other,
        };
        let lines = [
            format!("tenant {}, home {}{room}", reading.tenant, words::clean(&reading.home)),
            format!("device {}", words::clean(&reading.device)),
            format!("event id {}, {basis}", hex(&id)),
        ];
        page.step("Home", Tone::Plain, &lines, out)?;
    }
    for (code, count) in &published.left_out {
        let sentence = reasons::find(code).map_or("", |reason| reason.sentence);
        page.step("Left out", Tone::Warn, &[format!("{count} by {code}: {sentence}")], out)?;
    }
    if published.topics.is_empty() {
        return page.step("Kafka", Tone::Plain, &["gets nothing of it".to_owned()], out);
    }
    let mut lines = vec![published.topics.join(", ")];
    lines.extend(published.of(Lane::Readings).take(READINGS_SHOWN).map(Event::words));
    page.step("Kafka", Tone::Plain, &lines, out)
}

fn without_configuration(trace: &Trace, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    if trace.devices.is_empty() {
        return Ok(());
    }
    let basis = if trace.devices.iter().all(|device| device.is_content_basis) {
        "the event's id is made of what the message says"
    } else {
        "the event's id is made of its arrival, since the message has no time of its own"
    };
    let lines = [format!("{basis}; home, room and ids need a configuration: --config FILE")];
    page.step("Home", Tone::Faint, &lines, out)
}

fn outcome(trace: &Trace, page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let sentence = |code: &str| reasons::find(code).map_or("", |reason| reason.sentence);
    let (tone, lines) = match &trace.outcome {
        Outcome::Readings => {
            let count = trace.readings().count();
            let urgent = trace.readings().filter(|(_, reading)| reading.is_urgent).count();
            let mut line = format!("{count} {}", if count == 1 { "reading" } else { "readings" });
            if urgent > 0 {
                line.extend([", ", &urgent.to_string(), " of them urgent"]);
            }
            (Tone::Good, vec![line])
        }
        Outcome::NoReading { reason } => {
            (Tone::Plain, vec![format!("no reading, {reason}: {}", sentence(reason))])
        }
        Outcome::Refused { reason, detail } => {
            let mut lines = vec![format!("refused, {reason}: {}", sentence(reason))];
            if !detail.is_empty() {
                lines.push(detail.clone());
            }
            (Tone::Bad, lines)
        }
    };
    page.step("Outcome", tone, &lines, out)
}
