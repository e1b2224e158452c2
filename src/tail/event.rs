//! A record taken apart: one event a reading or dead letter.

use std::{fmt, sync::Arc};

use prost::Message;
use thiserror::Error;

use crate::{
    model::{Lane, UnixMicros},
    wire::v1,
};

/// One reading, or one message that was not understood.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// Which topic told it. An urgent reading is told by two.
    pub lane: Lane,
    /// The link it came over.
    pub link: Arc<str>,
    /// When trygg received it.
    pub received_at: UnixMicros,
    /// What it is.
    pub what: What,
}

/// What an event is.
#[derive(Clone, PartialEq)]
pub enum What {
    /// A value of a kind.
    Reading(Reading),
    /// A message that could not be used.
    DeadLetter(DeadLetter),
}

/// One value of one kind, with what its report and its batch say.
#[derive(Clone, PartialEq)]
pub struct Reading {
    /// Tenant of the home.
    pub tenant: Arc<str>,
    /// The home, mostly a pseudonym.
    pub home: Arc<str>,
    /// The room; empty when unknown.
    pub room: Arc<str>,
    /// The device, mostly a pseudonym.
    pub device: Arc<str>,
    /// With `ordinal` it identifies the reading within its device.
    pub event_id: Arc<[u8]>,
    /// What the id was made of.
    pub basis: v1::EventIdBasis,
    /// Place in the report.
    pub ordinal: u32,
    /// When the device says it measured.
    pub measured_at: Option<UnixMicros>,
    /// Where that time is from.
    pub clock: v1::ClockSource,
    /// The device's own counter.
    pub sequence: Option<u64>,
    /// Name in the catalogue.
    pub kind: String,
    /// Which of several of the kind the device has, from 1; 0 when it has one.
    pub channel: u32,
    /// UCUM code.
    pub unit: String,
    /// The value.
    pub value: Value,
    /// Of batch, report and reading.
    pub flags: Vec<Flag>,
}

/// A value as it stands on the wire.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// In the reading's unit.
    Number(f64),
    /// True as the kind's name says.
    State(bool),
    /// A word of the kind's list.
    Category(String),
    /// The fact is the value.
    Event,
    /// Equally spaced samples.
    Series(v1::SampledSeries),
    /// A case that a later trygg wrote.
    Unknown,
}

/// What to know about a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Of its message.
    Report(v1::ReportFlag),
    /// Of itself.
    Reading(v1::ReadingFlag),
    /// Of its record: later ones may stand before it.
    DeliveredLate,
    /// A number that a later trygg wrote.
    Unknown(i32),
}

/// A message that was not understood, without its payload.
#[derive(Clone, PartialEq)]
pub struct DeadLetter {
    /// Of MQTT, in clear.
    pub topic: String,
    /// A code of docs/formats.md.
    pub reason: String,
    /// What was expected and where.
    pub detail: String,
    /// Format of the filter; empty when none matched.
    pub format: String,
    /// Bytes of the whole payload.
    pub payload_length: u64,
    /// SHA-256 of the whole payload; may be empty.
    pub payload_sha256: Vec<u8>,
    /// The dead letter holds less than the whole.
    pub truncated: bool,
    /// `QoS` it arrived with.
    pub qos: u32,
    /// Replayed by the broker.
    pub retained: bool,
    /// Single readings that were refused.
    pub refused: Vec<v1::RefusedReading>,
    /// How many were refused in all.
    pub refused_count: u32,
    /// Kafka topic and code where Kafka refused the record.
    pub refused_by: String,
}

/// Why a record is not one of trygg's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Undecodable {
    /// Not even a message of that type.
    #[error("not a trygg.v1 message of this topic's type")]
    Protobuf,
    /// A message without what every one of ours has.
    #[error("a message without home or reason, which trygg's always have")]
    Foreign,
}

impl Event {
    /// Takes the value of a record of `lane` apart, in the order of the record.
    pub fn from_record(lane: Lane, value: &[u8]) -> Result<Vec<Self>, Undecodable> {
        match lane {
            Lane::Readings | Lane::Alerts => readings(lane, value),
            Lane::DeadLetters => dead_letter(value).map(|event| vec![event]),
        }
    }

    /// The reading, if it is one.
    pub fn reading(&self) -> Option<&Reading> {
        match &self.what {
            What::Reading(reading) => Some(reading),
            What::DeadLetter(_) => None,
        }
    }

    /// When it happened: the device's time where there is one to trust, else trygg's.
    pub fn when(&self) -> UnixMicros {
        let untrusted =
            [Flag::Report(v1::ReportFlag::ClockInFuture), Flag::Report(v1::ReportFlag::ClockUnset)];
        let reading = self.reading();
        let trusted =
            reading.filter(|reading| !untrusted.iter().any(|flag| reading.flags.contains(flag)));
        trusted.and_then(|reading| reading.measured_at).unwrap_or(self.received_at)
    }
}

fn readings(lane: Lane, value: &[u8]) -> Result<Vec<Event>, Undecodable> {
    let batch = v1::ReadingBatch::decode(value).map_err(|_| Undecodable::Protobuf)?;
    if batch.home.is_empty() {
        return Err(Undecodable::Foreign);
    }
    let (tenant, home): (Arc<str>, Arc<str>) = (batch.tenant.into(), batch.home.into());
    let link: Arc<str> = batch.link.into();
    let late = batch.delivered_late.then_some(Flag::DeliveredLate);
    let mut events = Vec::new();
    for report in batch.reports {
        let (basis, clock) = (report.event_id_basis(), report.clock_source());
        let (room, device): (Arc<str>, Arc<str>) = (report.room.into(), report.device.into());
        let event_id: Arc<[u8]> = report.event_id.into();
        let flags = report
            .flags
            .iter()
            .map(|&flag| v1::ReportFlag::try_from(flag).map_or(Flag::Unknown(flag), Flag::Report));
        let flags: Vec<Flag> = late.into_iter().chain(flags).collect();
        for reading in report.readings {
            let own = reading.flags.iter().map(|&flag| {
                v1::ReadingFlag::try_from(flag).map_or(Flag::Unknown(flag), Flag::Reading)
            });
            let measured_at = reading.measured_at_us.or(report.measured_at_us);
            events.push(Event {
                lane,
                link: Arc::clone(&link),
                received_at: UnixMicros(report.received_at_us),
                what: What::Reading(Reading {
                    tenant: Arc::clone(&tenant),
                    home: Arc::clone(&home),
                    room: Arc::clone(&room),
                    device: Arc::clone(&device),
                    event_id: Arc::clone(&event_id),
                    basis,
                    ordinal: reading.ordinal,
                    measured_at: measured_at.map(UnixMicros),
                    clock,
                    sequence: report.sequence,
                    flags: flags.iter().copied().chain(own).collect(),
                    kind: reading.kind,
                    channel: reading.channel,
                    unit: reading.unit,
                    value: reading.value.into(),
                }),
            });
        }
    }
    Ok(events)
}

fn dead_letter(value: &[u8]) -> Result<Event, Undecodable> {
    let letter = v1::DeadLetter::decode(value).map_err(|_| Undecodable::Protobuf)?;
    if letter.reason.is_empty() {
        return Err(Undecodable::Foreign);
    }
    Ok(Event {
        lane: Lane::DeadLetters,
        link: letter.link.into(),
        received_at: UnixMicros(letter.received_at_us),
        what: What::DeadLetter(DeadLetter {
            topic: letter.topic,
            reason: letter.reason,
            detail: letter.detail,
            format: letter.format,
            payload_length: letter.payload_length,
            payload_sha256: letter.payload_sha256,
            truncated: letter.truncated,
            qos: letter.qos,
            retained: letter.retained,
            refused: letter.refused,
            refused_count: letter.refused_count,
            refused_by: letter.refused_by,
        }),
    })
}

impl From<Option<v1::reading::Value>> for Value {
    fn from(value: Option<v1::reading::Value>) -> Self {
        use v1::reading::Value as Wire;
        match value {
            Some(Wire::Number(number)) => Self::Number(number),
            Some(Wire::State(state)) => Self::State(state),
            Some(Wire::Category(word)) => Self::Category(word),
            Some(Wire::Event(v1::EventMarker {})) => Self::Event,
            Some(Wire::Series(series)) => Self::Series(series),
            None => Self::Unknown,
        }
    }
}

impl Reading {
    /// What the id is made of: `content`, `reception`.
    pub fn basis_label(&self) -> String {
        self.basis.as_str_name().trim_start_matches("EVENT_ID_BASIS_").to_ascii_lowercase()
    }

    /// Where the time comes from: `payload`, or `none`.
    pub fn clock_label(&self) -> String {
        self.clock.as_str_name().trim_start_matches("CLOCK_SOURCE_").to_ascii_lowercase()
    }
}

impl Flag {
    /// Name in JSON: that of the proto file, without its prefix and in small letters.
    pub fn label(self) -> String {
        let name = match self {
            Self::Report(flag) => flag.as_str_name().trim_start_matches("REPORT_FLAG_"),
            Self::Reading(flag) => flag.as_str_name().trim_start_matches("READING_FLAG_"),
            Self::DeliveredLate => "DELIVERED_LATE",
            Self::Unknown(number) => return number.to_string(),
        };
        name.to_ascii_lowercase()
    }
}

/// Names of homes and devices may be names of people.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("lane", &self.lane)
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading(reading) => reading.fmt(f),
            Self::DeadLetter(letter) => letter.fmt(f),
        }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("flags", &self.flags).finish_non_exhaustive()
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter").field("bytes", &self.payload_length).finish_non_exhaustive()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number(_) => "Number",
            Self::State(_) => "State",
            Self::Category(_) => "Category",
            Self::Event => "Event",
            Self::Series(_) => "Series",
            Self::Unknown => "Unknown",
        })
    }
}
