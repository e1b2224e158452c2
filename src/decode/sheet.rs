//! One device's share of a message, taken value by value.

use super::{
    decoded::{Decoded, DeviceName, DevicePart},
    error::DecodeError,
    meaning::Meaning,
    scalar::Scalar,
    term::Term,
};
use crate::{
    catalogue::Catalogue,
    model::{KindId, UnixMicros},
};

/// Takes the values of one device. Of two of the same kind and channel the last one counts, as
/// with a key that stands twice.
pub(super) struct Sheet<'d> {
    catalogue: &'d Catalogue,
    pub(super) out: &'d mut Decoded,
    pub(super) part: DevicePart,
}

impl<'d> Sheet<'d> {
    pub(super) fn begin(
        catalogue: &'d Catalogue,
        name: DeviceName,
        out: &'d mut Decoded,
    ) -> Result<Self, DecodeError> {
        out.check_room()?;
        let part = DevicePart { name, ..DevicePart::begin(out) };
        Ok(Self { catalogue, out, part })
    }

    /// Takes a value. `stated` is the unit the message itself gives.
    pub(super) fn take(
        &mut self,
        term: &Term,
        channel: u16,
        scalar: &Scalar<'_>,
        stated: Option<&str>,
    ) {
        let (meaning, flags) = term.read(self.catalogue, scalar, stated);
        if let Some(at) = self.place(term.kind, channel) {
            self.out.readings.remove(at);
        }
        self.out.take_in_channel(term.kind, channel, meaning, flags, None);
    }

    /// Takes something that happened, with the time it has for itself. Two of a kind are two.
    pub(super) fn take_event(
        &mut self,
        term: &Term,
        channel: u16,
        scalar: &Scalar<'_>,
        measured_at: Option<UnixMicros>,
    ) {
        let (meaning, flags) = term.read(self.catalogue, scalar, None);
        self.out.take_in_channel(term.kind, channel, meaning, flags, measured_at);
    }

    /// Takes a number that is in the unit of its kind, or that there is none.
    pub(super) fn take_number(&mut self, kind: KindId, channel: u16, number: Option<f64>) {
        let meaning = number
            .map_or(Meaning::Nothing, |number| Meaning::Value(crate::model::Value::Number(number)));
        self.out.take_in_channel(kind, channel, meaning, crate::model::Flags::default(), None);
    }

    /// A value that is known, and of which the sender says that it is none.
    pub(super) fn take_nothing(&mut self) {
        self.out.absent = self.out.absent.saturating_add(1);
    }

    /// Is there a reading of this kind?
    pub(super) fn has(&self, kind: KindId, channel: u16) -> bool {
        self.place(kind, channel).is_some()
    }

    pub(super) fn finish(self) {
        self.part.finish(self.out);
    }

    fn place(&self, kind: KindId, channel: u16) -> Option<usize> {
        let start = self.part.readings.start;
        let own = self.out.readings.get(start..)?;
        let at = own.iter().position(|it| it.kind == kind && it.channel == channel)?;
        Some(start + at)
    }
}
