//! What a decoder found, in buffers that serve one message after another.

use std::{fmt, mem, ops::Range};

use super::request::Request;
use super::{
    Outcome,
    error::{DecodeError, NonReading, RefusalReason},
    meaning::Meaning,
    time::DeviceTime,
};
use crate::model::{
    Flags, KindId, Reading, ReadingFlag, ReportFlag, SeriesTable, UnixMicros, Value,
};

/// Readings one message may have, refused ones included.
pub const READINGS_MAX: usize = 1_000;

/// Refused readings that are listed; beyond it they are only counted.
pub const REFUSED_LISTED_MAX: usize = 32;

/// Room for names that is kept: one hostile message must not hold memory for ever.
const NAMES_KEPT: usize = 64 * 1024;

/// Bytes a device's name in the payload may have.
pub(super) const DEVICE_NAME_MAX: usize = 256;

/// Everything found in one message.
#[derive(Default)]
pub struct Decoded {
    /// Readings of all devices, each device's together.
    pub readings: Vec<Reading>,
    /// Who reported them: one entry, or several if a gateway sent a bundle.
    pub devices: Vec<DevicePart>,
    /// Refused readings, the first [`REFUSED_LISTED_MAX`] of them.
    pub refused: Vec<Refused>,
    /// How many were refused in all.
    pub refused_count: u32,
    /// Text that [`DeviceName::Own`] points into.
    pub names: String,
    /// The samples of readings that are series.
    pub series: SeriesTable,
    /// What should be said to the sender.
    pub request: Option<Request>,
    /// Keys, or fields, that no kind stands for.
    pub unknown_keys: u32,
    /// Messages before this one that its sender's own count says were sent, and that did not come.
    pub missed: u32,
    /// Values that said "nothing": null, empty action, not worn.
    pub absent: u32,
    /// Where the reading of each numbered key stands, counted from 1; 0 if it has none.
    slots: Vec<u16>,
}

/// One device's share of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePart {
    /// How it is called.
    pub name: DeviceName,
    /// Where its readings stand in [`Decoded::readings`].
    pub readings: Range<usize>,
    /// When it says it measured.
    pub measured_at: DeviceTime,
    /// Its own message counter.
    pub sequence: Option<u64>,
    /// What the payload says about itself: historical, a time that could not be read.
    pub flags: Flags<ReportFlag>,
    /// By what way it came, where the same may come by several: a hash of the gateway that heard
    /// an advertisement, or of the topic of two that say the same. Zero: there is one way only.
    pub way: u32,
}

/// Where a device's name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceName {
    /// The filter's `{device}` capture.
    Captured,
    /// The first bytes of the capture: what follows is a sub-topic such as `/availability`.
    CapturedPrefix(usize),
    /// In the payload; a range of [`Decoded::names`].
    Own(Range<usize>),
}

/// One reading that is not used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refused {
    /// Its kind, if it names one that exists.
    pub kind: Option<KindId>,
    /// Why.
    pub reason: RefusalReason,
    /// The number, in the kind's unit, if it was understood.
    pub number: Option<f64>,
}

impl Decoded {
    /// Empties every buffer and keeps its memory.
    pub fn clear(&mut self) {
        self.readings.clear();
        self.devices.clear();
        self.refused.clear();
        self.refused_count = 0;
        self.names.clear();
        self.names.shrink_to(NAMES_KEPT);
        self.series.clear();
        self.request = None;
        self.unknown_keys = 0;
        self.missed = 0;
        self.absent = 0;
        self.slots.clear();
    }

    /// The readings of one of [`Self::devices`].
    pub fn readings_of(&self, part: &DevicePart) -> &[Reading] {
        self.readings.get(part.readings.clone()).unwrap_or_default()
    }

    /// The name of one of [`Self::devices`]; `captured` is what the decoder was given.
    pub fn device_name<'a>(&'a self, part: &DevicePart, captured: &'a str) -> &'a str {
        match &part.name {
            DeviceName::Captured => captured,
            DeviceName::CapturedPrefix(length) => captured.get(..*length).unwrap_or(captured),
            DeviceName::Own(range) => self.names.get(range.clone()).unwrap_or_default(),
        }
    }

    /// Counts a refusal, and lists it while there is room.
    pub fn refuse(&mut self, kind: Option<KindId>, reason: RefusalReason, number: Option<f64>) {
        self.refused_count = self.refused_count.saturating_add(1);
        if self.refused.len() < REFUSED_LISTED_MAX {
            self.refused.push(Refused { kind, reason, number });
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        if !self.readings.is_empty() || self.refused_count > 0 {
            Outcome::Readings
        } else if self.absent > 0 {
            Outcome::NonReading(NonReading::NoValue)
        } else {
            Outcome::NonReading(NonReading::NoKnownKey)
        }
    }

    /// Takes what a value means.
    pub(super) fn take(
        &mut self,
        kind: KindId,
        meaning: Meaning<Value>,
        flags: Flags<ReadingFlag>,
        measured_at: Option<UnixMicros>,
    ) {
        self.take_in_channel(kind, 0, meaning, flags, measured_at);
    }

    /// Takes what a value means that is one of several of its kind.
    pub(super) fn take_in_channel(
        &mut self,
        kind: KindId,
        channel: u16,
        meaning: Meaning<Value>,
        flags: Flags<ReadingFlag>,
        measured_at: Option<UnixMicros>,
    ) {
        match meaning {
            Meaning::Value(value) => {
                self.readings.push(Reading { kind, channel, value, measured_at, flags });
            }
            Meaning::Nothing => self.absent += 1,
            Meaning::Refused(reason) => self.refuse(Some(kind), reason, None),
        }
    }

    /// Says how many keys have numbers, for [`Self::take_keyed`].
    pub(super) fn number_keys(&mut self, keys: usize) {
        self.slots.resize(keys, 0);
    }

    /// Takes what the value of a numbered key means. If the key came before in this message,
    /// its last value counts, as in every common reader of JSON.
    #[inline]
    pub(super) fn take_keyed(
        &mut self,
        key: usize,
        kind: KindId,
        meaning: Meaning<Value>,
        flags: Flags<ReadingFlag>,
    ) {
        if self.slots.get(key).is_some_and(|slot| *slot != 0) {
            self.forget(key);
        }
        match meaning {
            Meaning::Value(value) => {
                self.readings.push(Reading { kind, channel: 0, value, measured_at: None, flags });
                if let Some(slot) = self.slots.get_mut(key) {
                    *slot = u16::try_from(self.readings.len()).unwrap_or(0);
                }
            }
            Meaning::Nothing => self.absent += 1,
            Meaning::Refused(reason) => self.refuse(Some(kind), reason, None),
        }
    }

    /// The reading of a numbered key.
    pub(super) fn keyed(&mut self, key: usize) -> Option<&mut Reading> {
        let place = self.slots.get(key)?;
        self.readings.get_mut(usize::from(place.checked_sub(1)?))
    }

    /// Removes the reading of a numbered key, if there is one.
    #[cold]
    pub(super) fn forget(&mut self, key: usize) {
        let gone = self.slots.get_mut(key).map(mem::take).unwrap_or_default();
        if let Some(at) = usize::from(gone).checked_sub(1).filter(|at| *at < self.readings.len()) {
            self.readings.remove(at);
            self.slots.iter_mut().filter(|slot| **slot > gone).for_each(|slot| *slot -= 1);
        }
    }

    /// Fails when there are more readings, refused ones included, than a message may have.
    pub(super) fn check_amount(&self) -> Result<(), DecodeError> {
        let refused = usize::try_from(self.refused_count).unwrap_or(READINGS_MAX);
        if self.readings.len() + refused <= READINGS_MAX {
            Ok(())
        } else {
            Err(DecodeError::TooManyReadings { limit: READINGS_MAX })
        }
    }

    /// Fails when no further reading, or device, may be taken.
    pub(super) fn check_room(&self) -> Result<(), DecodeError> {
        let taken = self.readings.len()
            + usize::try_from(self.refused_count).unwrap_or(READINGS_MAX)
            + usize::try_from(self.absent).unwrap_or(READINGS_MAX);
        if taken < READINGS_MAX && self.devices.len() < READINGS_MAX {
            Ok(())
        } else {
            Err(DecodeError::TooManyReadings { limit: READINGS_MAX })
        }
    }

    /// Keeps a device name of the payload. An empty one is none.
    pub(super) fn own_name(&mut self, name: &str) -> Result<DeviceName, DecodeError> {
        if name.is_empty() {
            return Ok(DeviceName::Captured);
        }
        if name.len() > DEVICE_NAME_MAX {
            return Err(DecodeError::DeviceNameTooLong { limit: DEVICE_NAME_MAX });
        }
        let start = self.names.len();
        self.names.push_str(name);
        Ok(DeviceName::Own(start..self.names.len()))
    }

    /// Keeps a device name that is put together of several pieces.
    pub(super) fn own_joined(&mut self, pieces: &[&str]) -> Result<DeviceName, DecodeError> {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if length == 0 {
            return Ok(DeviceName::Captured);
        }
        if length > DEVICE_NAME_MAX {
            return Err(DecodeError::DeviceNameTooLong { limit: DEVICE_NAME_MAX });
        }
        let start = self.names.len();
        self.names.extend(pieces.iter().copied());
        Ok(DeviceName::Own(start..self.names.len()))
    }

    /// Keeps a device name of the payload that is written as a number.
    pub(super) fn own_number(&mut self, mut number: u64) -> Result<DeviceName, DecodeError> {
        let mut digits = [b'0'; 20];
        let mut length = 0;
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            length += 1;
            if number == 0 {
                break;
            }
        }
        let (_, written) = digits.split_at(digits.len() - length);
        self.own_name(str::from_utf8(written).unwrap_or_default())
    }
}

impl DevicePart {
    /// A part whose readings begin here.
    pub(super) fn begin(out: &Decoded) -> Self {
        Self {
            name: DeviceName::Captured,
            readings: out.readings.len()..out.readings.len(),
            measured_at: DeviceTime::Absent,
            sequence: None,
            flags: Flags::default(),
            way: 0,
        }
    }

    /// Ends the part with the readings so far. Readings keep a time of their own only where it
    /// differs. If the part has none and each of its readings has, the newest stands for it.
    pub(super) fn finish(mut self, out: &mut Decoded) {
        self.readings.end = out.readings.len();
        let readings = out.readings.get_mut(self.readings.clone()).unwrap_or_default();
        if self.measured_at == DeviceTime::Absent
            && readings.iter().all(|reading| reading.measured_at.is_some())
            && let Some(newest) = readings.iter().filter_map(|reading| reading.measured_at).max()
        {
            self.measured_at = DeviceTime::At(newest);
        }
        if let DeviceTime::At(time) = self.measured_at {
            for reading in readings {
                reading.measured_at = reading.measured_at.filter(|own| *own != time);
            }
        }
        out.devices.push(self);
    }
}

/// Values and names are person data; only amounts are shown.
impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded")
            .field("readings", &self.readings.len())
            .field("devices", &self.devices.len())
            .field("refused", &self.refused_count)
            .field("unknown_keys", &self.unknown_keys)
            .field("absent", &self.absent)
            .finish_non_exhaustive()
    }
}
