//! What network servers of `LoRaWAN` have in common: the fields a device's codec made, whose names
//! are the maker's own, and what gateways say of the reception.

use std::{ops::RangeInclusive, sync::Arc};

use super::{
    decoded::{Decoded, DeviceName, DevicePart},
    error::{DecodeError, NonReading},
    format::Format,
    leaves::Wanted,
    meaning::Meaning,
    position::{Judged, PositionPolicy},
    scalar::Scalar,
    settings::DecoderSettings,
    term::{Term, TermError},
    time::DeviceTime,
    vocabulary::{Vocabulary, Word},
};
use crate::{
    catalogue::Catalogue,
    model::{Flags, KindId, ReadingFlag, UnixMicros, Value},
};

const TABLE: &str = include_str!("../../config/keys/lorawan.csv");

/// Where codecs put what was measured before.
const KEPT: &str = "history/";

/// Volts of a battery in use. So low a percentage comes as a whole number.
const VOLTS: RangeInclusive<f64> = 1.5..=4.5;

/// The names codecs use, and what is done with their values.
#[derive(Clone, Debug)]
pub(super) struct LoraWan {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
    positions: PositionPolicy,
    rssi: Option<KindId>,
    battery: Option<KindId>,
    battery_voltage: Option<KindId>,
    coordinates: [Option<KindId>; 3],
}

/// What a field of a codec is.
#[derive(Clone, Copy)]
pub(super) enum Field<'v> {
    /// The value of a measurement, one of several if the number is not 0.
    Value(&'v Term, u16),
    /// The unit that stands beside it.
    Unit(KindId, u16),
}

impl LoraWan {
    pub(super) fn new(format: Format, settings: &DecoderSettings) -> Result<Self, TermError> {
        let kind = |name| settings.catalogue.find(name);
        Ok(Self {
            keys: Vocabulary::new(format, TABLE, settings)?,
            positions: PositionPolicy::new(settings),
            rssi: kind("rssi"),
            battery: kind("battery_level"),
            battery_voltage: kind("battery_voltage"),
            coordinates: [kind("latitude"), kind("longitude"), kind("position_accuracy")],
            catalogue: Arc::clone(&settings.catalogue),
        })
    }

    /// What the field under a path of the decoded payload is: `temperature`, `gps_1/latitude`,
    /// `temperatureSensor/3`, `air/temperature`, `co2/value`.
    pub(super) fn field(&self, path: &str) -> Wanted<Field<'_>> {
        if let Some(owner) = path.strip_suffix("/unit")
            && let Some((Word::Term(term), channel)) = self.word(owner)
        {
            return Wanted::Yes(Field::Unit(term.kind, channel));
        }
        // What a device kept and sends later has times of its own, which no two codecs write alike.
        if path.starts_with(KEPT) {
            return Wanted::No;
        }
        let path = path.strip_suffix("/value").unwrap_or(path);
        match self.word(path) {
            Some((Word::Term(term), channel)) => Wanted::Yes(Field::Value(term, channel)),
            Some((Word::NoReading, _)) => Wanted::No,
            None => Wanted::Unknown,
        }
    }

    /// The whole path or its last names; a number at the end says which of several.
    fn word(&self, path: &str) -> Option<(&Word, u16)> {
        let mut rest = path;
        loop {
            if let Some(word) = self.keys.find(rest) {
                let channel = match word {
                    Word::Term(term) => term.channel,
                    Word::NoReading => 0,
                };
                return Some((word, channel));
            }
            if let Some((name, number)) = rest.rsplit_once(['/', '_'])
                && let Ok(number) = number.parse()
                && let Some(word) = self.keys.find(name)
            {
                return Some((word, number));
            }
            (_, rest) = rest.split_once('/')?;
        }
    }

    /// Begins the share of a device.
    pub(super) fn begin<'d>(
        &'d self,
        name: DeviceName,
        out: &'d mut Decoded,
    ) -> Result<Uplink<'d>, DecodeError> {
        out.check_room()?;
        let part = DevicePart { name, ..DevicePart::begin(out) };
        Ok(Uplink { lorawan: self, out, part, has_position: false })
    }
}

/// One device's message, taken value by value.
pub(super) struct Uplink<'d> {
    lorawan: &'d LoraWan,
    pub(super) out: &'d mut Decoded,
    pub(super) part: DevicePart,
    has_position: bool,
}

impl Uplink<'_> {
    /// Takes what a codec made.
    pub(super) fn take(
        &mut self,
        term: &Term,
        channel: u16,
        value: &Scalar<'_>,
        stated: Option<&str>,
        measured_at: Option<UnixMicros>,
    ) -> Result<(), DecodeError> {
        self.out.check_room()?;
        let (meaning, flags) = term.read(&self.lorawan.catalogue, value, stated);
        let kind = self.settle_battery(term.kind, meaning, flags);
        match self.lorawan.positions.judge(kind, meaning) {
            Judged::Kept(meaning) => {
                self.out.take_in_channel(kind, channel, meaning, flags, measured_at);
            }
            Judged::Discarded => self.has_position = true,
        }
        Ok(())
    }

    /// Some codecs give the volts of a battery under the name by which others give its percent.
    fn settle_battery(
        &self,
        kind: KindId,
        meaning: Meaning<Value>,
        flags: Flags<ReadingFlag>,
    ) -> KindId {
        let is_level = self.lorawan.battery == Some(kind) && flags.has(ReadingFlag::UnitAssumed);
        match (meaning, self.lorawan.battery_voltage) {
            (Meaning::Value(Value::Number(number)), Some(voltage))
                if is_level && VOLTS.contains(&number) && number.fract() != 0.0 =>
            {
                voltage
            }
            (Meaning::Value(_) | Meaning::Nothing | Meaning::Refused(_), _) => kind,
        }
    }

    /// Takes the strength by which the nearest gateway heard it.
    pub(super) fn take_rssi(&mut self, rssi: Option<f64>) {
        if let (Some(kind), Some(rssi)) = (self.lorawan.rssi, rssi) {
            self.number(kind, rssi);
        }
    }

    /// Takes the battery's level as the server knows it.
    pub(super) fn take_battery(&mut self, level: &Scalar<'_>, measured_at: Option<UnixMicros>) {
        if let (Some(kind), Ok(())) = (self.lorawan.battery, self.out.check_room()) {
            let meaning = super::meaning::number(level, Some(-1.0)).map(Value::Number);
            self.out.take(kind, meaning, Flags::default(), measured_at);
        }
    }

    /// Takes where the server believes the device to be: latitude, longitude, accuracy.
    pub(super) fn take_location(&mut self, location: [Option<f64>; 3]) {
        for (kind, number) in self.lorawan.coordinates.into_iter().zip(location) {
            if let (Some(kind), Some(number)) = (kind, number) {
                self.number(kind, number);
            }
        }
    }

    fn number(&mut self, kind: KindId, number: f64) {
        if self.out.check_room().is_err() {
            return;
        }
        match self.lorawan.positions.judge(kind, Meaning::Value(Value::Number(number))) {
            Judged::Kept(meaning) => self.out.take(kind, meaning, Flags::default(), None),
            Judged::Discarded => self.has_position = true,
        }
    }

    /// Ends the share.
    pub(super) fn finish(self) -> Option<NonReading> {
        let Self { out, part, has_position, .. } = self;
        part.finish(out);
        let is_bare = out.readings.is_empty() && out.refused_count == 0;
        (has_position && is_bare).then_some(NonReading::Position)
    }
}

/// A gateway's clock may never have been set. It is believed if the server's does not say that
/// it lies ahead; what a gateway kept for hours while offline is older and right.
pub(super) fn heard_at(gateway: DeviceTime, server: DeviceTime) -> DeviceTime {
    /// Clocks that are set differ by less.
    const AHEAD: i64 = 60_000_000;
    match (gateway, server) {
        (DeviceTime::At(heard), DeviceTime::At(received))
            if heard < UnixMicros::YEAR_2020 || heard.minus(received) > AHEAD =>
        {
            server
        }
        (DeviceTime::At(_), _)
        | (DeviceTime::Unreadable, DeviceTime::Absent | DeviceTime::Unreadable) => gateway,
        (DeviceTime::Absent, _) | (DeviceTime::Unreadable, DeviceTime::At(_)) => server,
    }
}

#[cfg(test)]
mod tests;
