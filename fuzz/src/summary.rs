//! What messages came to, as bytes that can be compared.

use std::fmt::Write;

use trygg::{
    decode::{DecodeError, Decoded, DevicePart, Outcome},
    encode::{ReportEncoder, ReportHead, report::EventIdBasis},
    model::{Flags, Reading, ReportFlag, SeriesTable, UnixMicros},
    validate::Clock,
};

/// Outcomes, counts, and reports as they would be sent.
#[derive(Default, PartialEq)]
pub(crate) struct Summary {
    words: String,
    reports: Vec<u8>,
}

impl Summary {
    pub(crate) fn outcome(&mut self, outcome: Result<Outcome, DecodeError>) {
        writeln!(self.words, "{outcome:?}").expect("a string takes all");
    }

    pub(crate) fn counts(&mut self, out: &Decoded) {
        let Decoded { refused, refused_count, unknown_keys, absent, request, .. } = out;
        let request = request.is_some();
        writeln!(self.words, "{refused:?} {refused_count} {unknown_keys} {absent} {request}")
            .expect("a string takes all");
    }

    pub(crate) fn report(
        &mut self,
        encoder: &ReportEncoder,
        (name, part): (&str, &DevicePart),
        (clock, flags): (&Clock, Flags<ReportFlag>),
        (readings, series): (&[Reading], &SeriesTable),
    ) {
        writeln!(self.words, "{name} {}", part.way).expect("a string takes all");
        let head = ReportHead {
            event_id: 1,
            basis: EventIdBasis::Reception,
            device: name.as_bytes(),
            measured_at: clock.measured_at,
            received_at: UnixMicros(1),
            clock_source: clock.source.number(),
            sequence: part.sequence,
            flags,
        };
        let numbered = (0..).zip(readings);
        encoder.append(&head, numbered, series, &mut self.reports);
    }
}
