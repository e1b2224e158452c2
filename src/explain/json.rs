//! A trace as one line of JSON. The field names are a promise: docs/onboarding.md lists them.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    published::Published,
    trace::{DeviceSeen, ReadingSeen, Seen, Trace},
};
use crate::{
    model::Lane,
    tail::{Event, Flag, Reading, ValueField, hex, rfc3339},
};

#[derive(Serialize)]
struct LineField<'a> {
    outcome: &'static str,
    format: Option<&'a str>,
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    readings: Vec<ReadingField<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<RefusedField<'a>>,
    #[serde(skip_serializing_if = "is_zero")]
    unknown_keys: u32,
}

#[derive(Serialize)]
struct ReadingField<'a> {
    device: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    channel: u32,
    value: ValueField<'a>,
    unit: &'a str,
    measured_at: Option<String>,
    flags: Vec<String>,
    urgent: bool,
    #[serde(flatten)]
    place: Option<PlaceField<'a>>,
}

/// What only a configuration can tell.
#[derive(Serialize)]
struct PlaceField<'a> {
    tenant: &'a str,
    home: &'a str,
    room: &'a str,
    device_id: &'a str,
    event_id: String,
    event_id_basis: String,
}

#[derive(Serialize)]
struct RefusedField<'a> {
    kind: Option<&'a str>,
    reason: &'static str,
    number: Option<f64>,
}

/// Writes what became of a message as one line.
pub fn write_json(trace: &Trace, out: &mut dyn Write) -> io::Result<()> {
    let refused = trace.refused.iter().map(|refused| RefusedField {
        kind: refused.kind.as_deref(),
        reason: refused.reason,
        number: refused.number,
    });
    let line = LineField {
        outcome: trace.outcome.label(),
        format: trace.route.as_ref().map(|way| way.format.as_str()),
        reason: trace.outcome.reason(),
        detail: trace.outcome.detail(),
        readings: match &trace.published {
            Some(published) => published_readings(trace, published),
            None => trace.readings().map(|(device, reading)| seen(device, reading)).collect(),
        },
        refused: refused.collect(),
        unknown_keys: trace.unknown_keys,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// Writes the line of a line that holds no message.
pub fn write_unread(blame: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let (outcome, reason) = match blame {
        Some(_) => ("refused", "line_malformed"),
        None => ("no_reading", "line_empty"),
    };
    let line = LineField {
        outcome,
        format: None,
        reason: Some(reason),
        detail: blame.unwrap_or_default(),
        readings: Vec::new(),
        refused: Vec::new(),
        unknown_keys: 0,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

fn seen<'a>(device: &'a DeviceSeen, reading: &'a ReadingSeen) -> ReadingField<'a> {
    let flags = device.flags.iter().chain(&reading.flags);
    ReadingField {
        device: &device.name,
        kind: &reading.kind,
        channel: u32::from(reading.channel),
        value: ValueField::from(&reading.value),
        unit: &reading.unit,
        measured_at: reading.measured_at.or(device.measured_at).and_then(rfc3339),
        flags: flags.map(|flag| flag.label()).collect(),
        urgent: reading.is_urgent,
        place: None,
    }
}

/// The readings of Kafka's records, under the names that topic and payload give the devices.
fn published_readings<'a>(trace: &'a Trace, published: &'a Published) -> Vec<ReadingField<'a>> {
    let alerts: Vec<_> = published.of(Lane::Alerts).filter_map(Event::reading).collect();
    let is_alert = |reading: &Reading| {
        alerts.iter().any(|alert| {
            alert.event_id == reading.event_id
                && alert.ordinal == reading.ordinal
                && alert.kind == reading.kind
        })
    };
    let readings = published.of(Lane::Readings).filter_map(Event::reading);
    let named = readings.map(|reading| ReadingField {
        device: source_name(trace, published, reading),
        kind: &reading.kind,
        channel: reading.channel,
        value: ValueField::from(&reading.value),
        unit: &reading.unit,
        measured_at: reading.measured_at.and_then(rfc3339),
        flags: reading.flags.iter().map(|flag: &Flag| flag.label()).collect(),
        urgent: is_alert(reading),
        place: Some(PlaceField {
            tenant: &reading.tenant,
            home: &reading.home,
            room: &reading.room,
            device_id: &reading.device,
            event_id: hex(&reading.event_id),
            event_id_basis: reading.basis_label(),
        }),
    });
    named.collect()
}

/// What topic or payload call the device of a report: reports stand in the order of the devices.
fn source_name<'a>(trace: &'a Trace, published: &'a Published, reading: &'a Reading) -> &'a str {
    let mut reports: Vec<&[u8]> =
        published.of(Lane::Readings).filter_map(Event::reading).map(|one| &*one.event_id).collect();
    reports.dedup();
    let position = reports.iter().position(|id| **id == *reading.event_id);
    let device = position.filter(|_| reports.len() == trace.devices.len());
    let device = device.and_then(|position| trace.devices.get(position));
    device.map_or(&*reading.device, |device| &device.name)
}

impl<'a> From<&'a Seen> for ValueField<'a> {
    fn from(value: &'a Seen) -> Self {
        match value {
            Seen::Number(number) => Self::Number(*number),
            Seen::State(state) => Self::State(*state),
            Seen::Category(word) => Self::Category(word),
            // The fact is the value.
            Seen::Event => Self::State(true),
            Seen::Series { start, period_us, values } => {
                Self::Series { start: rfc3339(*start), period_us: *period_us, values }
            }
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
