//! Device reports and the batch around them.

use super::protobuf::{WireType, bytes, fixed64, integer, message, one_byte_tag, tag, varint};
use crate::{
    catalogue::Catalogue,
    model::{Flags, Reading, ReportFlag, Series, SeriesTable, UnixMicros, Value, reading::Flag},
};

/// Field numbers of `trygg.v1`.
mod field {
    pub(super) mod batch {
        pub(crate) const TENANT: u32 = 1;
        pub(crate) const HOME: u32 = 2;
        pub(crate) const REPORTS: u32 = 5;
        pub(crate) const DELIVERED_LATE: u32 = 6;
    }
    pub(super) mod report {
        pub(crate) const EVENT_ID: u32 = 1;
        pub(crate) const EVENT_ID_BASIS: u32 = 2;
        pub(crate) const MEASURED_AT: u32 = 5;
        pub(crate) const RECEIVED_AT: u32 = 6;
        pub(crate) const CLOCK_SOURCE: u32 = 7;
        pub(crate) const SEQUENCE: u32 = 8;
        pub(crate) const FLAGS: u32 = 9;
        pub(crate) const READINGS: u32 = 10;
    }
    pub(super) mod reading {
        pub(crate) const ORDINAL: u32 = 1;
        pub(crate) const KIND: u32 = 2;
        pub(crate) const UNIT: u32 = 3;
        pub(crate) const NUMBER: u32 = 4;
        pub(crate) const STATE: u32 = 5;
        pub(crate) const CATEGORY: u32 = 6;
        pub(crate) const EVENT: u32 = 7;
        pub(crate) const SERIES: u32 = 8;
        pub(crate) const MEASURED_AT: u32 = 9;
        pub(crate) const FLAGS: u32 = 10;
        pub(crate) const CHANNEL: u32 = 11;
    }
    pub(super) mod series {
        pub(crate) const START: u32 = 1;
        pub(crate) const PERIOD: u32 = 2;
        pub(crate) const VALUES: u32 = 3;
    }
}

/// What an event id was made of. Numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EventIdBasis {
    /// Tenant, device and payload with a device time.
    Content = 1,
    /// Made at reception.
    Reception = 2,
}

/// Everything of a report but its readings.
#[derive(Clone, Copy, Debug)]
pub struct ReportHead<'a> {
    /// Identity of the report.
    pub event_id: u128,
    /// What the id promises.
    pub basis: EventIdBasis,
    /// Encoded device and room.
    pub device: &'a [u8],
    /// Device time.
    pub measured_at: Option<UnixMicros>,
    /// Our time.
    pub received_at: UnixMicros,
    /// Wire number of the clock source.
    pub clock_source: u8,
    /// The device's counter.
    pub sequence: Option<u64>,
    /// Flags of the message.
    pub flags: Flags<ReportFlag>,
}

/// Encodes reports with every kind's name and unit ready as bytes.
#[derive(Debug)]
pub struct ReportEncoder {
    kinds: Vec<KindBytes>,
}

#[derive(Debug)]
struct KindBytes {
    /// Fields `kind` and `unit`.
    name_and_unit: Vec<u8>,
    /// Field `category` for each word of the kind.
    categories: Vec<Vec<u8>>,
}

impl ReportEncoder {
    /// Prepares the fragments of every kind.
    pub fn new(catalogue: &Catalogue) -> Self {
        let kinds = catalogue
            .iter()
            .map(|(_, kind)| {
                let mut name_and_unit = Vec::new();
                bytes(field::reading::KIND, kind.name.as_bytes(), &mut name_and_unit);
                bytes(field::reading::UNIT, kind.unit.as_bytes(), &mut name_and_unit);
                let categories = kind.categories.iter().map(|word| {
                    let mut encoded = Vec::new();
                    bytes(field::reading::CATEGORY, word.as_bytes(), &mut encoded);
                    encoded
                });
                KindBytes { name_and_unit, categories: categories.collect() }
            })
            .collect();
        Self { kinds }
    }

    /// Appends one report to a batch, with each reading under its ordinal: its place in the
    /// message, also where it is an alert's copy or others are left out.
    #[expect(single_use_lifetimes, reason = "`impl Iterator` cannot leave it out")]
    pub fn append<'r>(
        &self,
        head: &ReportHead<'_>,
        readings: impl Iterator<Item = (u32, &'r Reading)>,
        series: &SeriesTable,
        out: &mut Vec<u8>,
    ) {
        message::<2>(field::batch::REPORTS, out, |out| {
            bytes(field::report::EVENT_ID, &head.event_id.to_be_bytes(), out);
            #[cfg(test)]
            crate::plant::panic_if_planted(crate::plant::Bug::PanickingEncoder);
            integer(field::report::EVENT_ID_BASIS, u64::from(head.basis as u8), out);
            out.extend_from_slice(head.device);
            if let Some(measured_at) = head.measured_at {
                fixed64(field::report::MEASURED_AT, measured_at.0.to_le_bytes(), out);
            }
            fixed64(field::report::RECEIVED_AT, head.received_at.0.to_le_bytes(), out);
            integer(field::report::CLOCK_SOURCE, u64::from(head.clock_source), out);
            if let Some(sequence) = head.sequence {
                tag(field::report::SEQUENCE, WireType::Varint, out);
                varint(sequence, out);
            }
            flags(field::report::FLAGS, head.flags, out);
            for (ordinal, reading) in readings {
                if !self.plain_number(ordinal, reading, out) {
                    message::<1>(field::report::READINGS, out, |out| {
                        self.reading(ordinal, reading, series, out);
                    });
                }
            }
        });
    }

    /// A number and nothing beside it, as most readings are: its length is known beforehand, and
    /// it is written in three strokes. Says whether it was such a one.
    #[inline]
    fn plain_number(&self, ordinal: u32, reading: &Reading, out: &mut Vec<u8>) -> bool {
        const READING: u8 = one_byte_tag(field::report::READINGS, WireType::Length);
        const ORDINAL: u8 = one_byte_tag(field::reading::ORDINAL, WireType::Varint);
        const NUMBER_BYTES: usize = 9;
        let Reading {
            kind,
            value: Value::Number(number),
            measured_at: None,
            flags,
            channel: 0,
            ..
        } = reading
        else {
            return false;
        };
        let Some(kind) = self.kinds.get(usize::from(kind.0)) else { return false };
        let length = kind.name_and_unit.len() + NUMBER_BYTES;
        let (Ok(ordinal @ 0..0x80), Ok(length @ 0..0x7e)) =
            (u8::try_from(ordinal), u8::try_from(length))
        else {
            return false;
        };
        if !flags.is_empty() {
            return false;
        }
        if ordinal == 0 {
            out.extend_from_slice(&[READING, length]);
        } else {
            out.extend_from_slice(&[READING, length + 2, ORDINAL, ordinal]);
        }
        out.extend_from_slice(&kind.name_and_unit);
        fixed64(field::reading::NUMBER, number.to_le_bytes(), out);
        true
    }

    fn reading(&self, ordinal: u32, reading: &Reading, series: &SeriesTable, out: &mut Vec<u8>) {
        integer(field::reading::ORDINAL, u64::from(ordinal), out);
        let Some(kind) = self.kinds.get(usize::from(reading.kind.0)) else { return };
        out.extend_from_slice(&kind.name_and_unit);
        match reading.value {
            Value::Number(number) => fixed64(field::reading::NUMBER, number.to_le_bytes(), out),
            Value::State(state) => {
                tag(field::reading::STATE, WireType::Varint, out);
                out.push(u8::from(state));
            }
            Value::Category(category) => {
                if let Some(word) = kind.categories.get(usize::from(category.0)) {
                    out.extend_from_slice(word);
                }
            }
            Value::Event => {
                tag(field::reading::EVENT, WireType::Length, out);
                out.push(0);
            }
            Value::Series(index) => sampled(series.get(index), out),
        }
        if let Some(measured_at) = reading.measured_at {
            fixed64(field::reading::MEASURED_AT, measured_at.0.to_le_bytes(), out);
        }
        flags(field::reading::FLAGS, reading.flags, out);
        if reading.channel != 0 {
            integer(field::reading::CHANNEL, u64::from(reading.channel), out);
        }
    }
}

/// Samples as a packed list.
fn sampled(series: Series<'_>, out: &mut Vec<u8>) {
    message::<3>(field::reading::SERIES, out, |out| {
        if series.start != UnixMicros(0) {
            fixed64(field::series::START, series.start.0.to_le_bytes(), out);
        }
        integer(field::series::PERIOD, series.period_us, out);
        if series.samples.is_empty() {
            return;
        }
        tag(field::series::VALUES, WireType::Length, out);
        varint(u64::try_from(series.samples.len() * 4).unwrap_or(0), out);
        out.extend(series.samples.iter().flat_map(|sample| sample.to_le_bytes()));
    });
}

/// Marks an encoded batch as delivered late. Protobuf fields may follow in any order, so the
/// bytes need no walking.
pub fn append_delivered_late(batch: &mut Vec<u8>) {
    integer(field::batch::DELIVERED_LATE, 1, batch);
}

/// Tenant and home of an encoded batch, which stand first in it. `None` for other bytes.
pub fn home_of(batch: &[u8]) -> Option<(&str, &str)> {
    let (tenant, rest) = short_text(field::batch::TENANT, batch)?;
    let (home, _) = short_text(field::batch::HOME, rest)?;
    Some((tenant, home))
}

/// The text of a field of at most 127 bytes that stands first, and what follows it.
fn short_text(field: u32, bytes: &[u8]) -> Option<(&str, &[u8])> {
    const LENGTH_DELIMITED: u32 = 2;
    let ([tag, length], rest) = bytes.split_first_chunk::<2>()?;
    if u32::from(*tag) != field << 3 | LENGTH_DELIMITED || *length > 127 {
        return None;
    }
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((str::from_utf8(text).ok()?, rest))
}

/// Flags as a packed list; every number fits one byte.
fn flags<F: Flag>(field: u32, flags: Flags<F>, out: &mut Vec<u8>) {
    if !flags.is_empty() {
        tag(field, WireType::Length, out);
        varint(u64::from(flags.len()), out);
        out.extend(flags.numbers());
    }
}

#[cfg(test)]
mod tests;
