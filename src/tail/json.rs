//! An event as one JSON object. The field names are a promise: docs/downstream.md lists them.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    event::{DeadLetter, Event, Reading, What},
    fields::{ValueField, hex, rfc3339},
};
use crate::wire::v1;

/// Where in Kafka an event stands.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Origin<'a> {
    /// Kafka's topic.
    pub topic: &'a str,
    /// Of the topic.
    pub partition: i32,
    /// Of the partition.
    pub offset: i64,
}

#[derive(Serialize)]
struct ReadingLine<'a> {
    lane: &'a str,
    measured_at: Option<String>,
    received_at: Option<String>,
    tenant: &'a str,
    home: &'a str,
    room: &'a str,
    device: &'a str,
    kind: &'a str,
    channel: u32,
    value: ValueField<'a>,
    unit: &'a str,
    flags: Vec<String>,
    event_id: String,
    ordinal: u32,
    event_id_basis: String,
    clock_source: String,
    sequence: Option<u64>,
    link: &'a str,
    #[serde(flatten)]
    origin: Origin<'a>,
}

#[derive(Serialize)]
struct DeadLetterLine<'a> {
    lane: &'a str,
    received_at: Option<String>,
    reason: &'a str,
    detail: &'a str,
    format: &'a str,
    link: &'a str,
    mqtt_topic: &'a str,
    payload_length: u64,
    payload_sha256: String,
    truncated: bool,
    qos: u32,
    retained: bool,
    refused: Vec<RefusedField<'a>>,
    refused_count: u32,
    refused_by: &'a str,
    #[serde(flatten)]
    origin: Origin<'a>,
}

#[derive(Serialize)]
struct RefusedField<'a> {
    kind: &'a str,
    reason: &'a str,
    number: Option<f64>,
}

/// Writes an event as one line.
pub fn write_json(event: &Event, origin: Origin<'_>, out: &mut dyn Write) -> io::Result<()> {
    match &event.what {
        What::Reading(reading) => {
            serde_json::to_writer(&mut *out, &reading_line(event, reading, origin))?;
        }
        What::DeadLetter(letter) => {
            serde_json::to_writer(&mut *out, &dead_letter_line(event, letter, origin))?;
        }
    }
    out.write_all(b"\n")
}

fn reading_line<'a>(event: &'a Event, reading: &'a Reading, origin: Origin<'a>) -> ReadingLine<'a> {
    ReadingLine {
        lane: event.lane.label(),
        measured_at: reading.measured_at.and_then(rfc3339),
        received_at: rfc3339(event.received_at),
        tenant: &reading.tenant,
        home: &reading.home,
        room: &reading.room,
        device: &reading.device,
        kind: &reading.kind,
        channel: reading.channel,
        value: ValueField::from(&reading.value),
        unit: &reading.unit,
        flags: reading.flags.iter().map(|flag| flag.label()).collect(),
        event_id: hex(&reading.event_id),
        ordinal: reading.ordinal,
        event_id_basis: reading.basis_label(),
        clock_source: reading.clock_label(),
        sequence: reading.sequence,
        link: &event.link,
        origin,
    }
}

fn dead_letter_line<'a>(
    event: &'a Event,
    letter: &'a DeadLetter,
    origin: Origin<'a>,
) -> DeadLetterLine<'a> {
    let refused = |refused: &'a v1::RefusedReading| RefusedField {
        kind: &refused.kind,
        reason: &refused.reason,
        number: refused.number,
    };
    DeadLetterLine {
        lane: event.lane.label(),
        received_at: rfc3339(event.received_at),
        reason: &letter.reason,
        detail: &letter.detail,
        format: &letter.format,
        link: &event.link,
        mqtt_topic: &letter.topic,
        payload_length: letter.payload_length,
        payload_sha256: hex(&letter.payload_sha256),
        truncated: letter.truncated,
        qos: letter.qos,
        retained: letter.retained,
        refused: letter.refused.iter().map(refused).collect(),
        refused_count: letter.refused_count,
        refused_by: &letter.refused_by,
        origin,
    }
}
