//! One device's state, key by key.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{
    exposed::Exposed,
    keys::{Form, Found, Hint, Keys, Rule},
};
use crate::{
    catalogue::Catalogue,
    decode::{
        decoded::{Decoded, DeviceName, DevicePart, READINGS_MAX},
        error::DecodeError,
        json_flat::{FlatReader, Odd},
        meaning::{self, Meaning},
        scalar::Scalar,
        time::{self, TimeFormat},
    },
    model::{Flags, KindId, Reading, ReadingFlag, Value},
};

/// Takes the keys of one message in their order.
pub(super) struct Report<'d> {
    catalogue: &'d Catalogue,
    keys: &'d Keys,
    /// What the gateway said of this device.
    exposed: Option<&'d Exposed>,
    out: &'d mut Decoded,
    part: DevicePart,
    supply: Hint,
    /// Values under keys with an endpoint, which have no slots and so no bound of their own.
    endpoints: usize,
}

impl<'d> Report<'d> {
    pub(super) fn begin(
        catalogue: &'d Catalogue,
        keys: &'d Keys,
        name: DeviceName,
        exposed: Option<&'d Exposed>,
        out: &'d mut Decoded,
    ) -> Self {
        out.number_keys(keys.len());
        let part = DevicePart { name, ..DevicePart::begin(out) };
        Self { catalogue, keys, exposed, out, part, supply: Hint::None, endpoints: 0 }
    }

    /// The same report with nothing taken.
    pub(super) fn begin_again(self) -> Self {
        let Self { catalogue, keys, exposed, out, part, .. } = self;
        out.clear();
        Self::begin(catalogue, keys, part.name, exposed, out)
    }

    /// Takes every pair of an object, if it is as most are.
    pub(super) fn take_flat(&mut self, text: &str) -> Result<(), Odd> {
        let mut pairs = FlatReader::new(text)?;
        while let Some(key) = pairs.key()? {
            if let Some(found) = self.keys.find(key) {
                self.pair(found, &pairs.value()?);
            } else {
                pairs.pass()?;
                self.take(None, &Scalar::Null);
            }
        }
        Ok(())
    }

    #[inline]
    fn pair(&mut self, found: Found<'_>, scalar: &Scalar<'_>) {
        if let Found { rule, channel: 0 } = found
            && self.exposed.is_none()
            && let (Form::Number(absent), Some(number)) = (rule.form, scalar.plain_number())
        {
            self.number(rule, number, absent);
        } else {
            self.take(Some(found), scalar);
        }
    }

    /// Takes the value under a key; `None` is a key that no kind stands for.
    pub(super) fn take(&mut self, found: Option<Found<'_>>, scalar: &Scalar<'_>) {
        let Some(Found { rule, channel }) = found else {
            self.out.unknown_keys += 1;
            return;
        };
        self.notice(rule.hint);
        if let Some((slot, told)) =
            self.exposed.and_then(|exposed| exposed.find(rule.slot, channel))
            && let Some(entry) = self.keys.entry(slot)
        {
            let (kind, meaning, flags) = told.read(self.catalogue, entry, scalar);
            return self.put(slot, channel, kind, meaning, flags);
        }
        match rule.form {
            Form::Number(absent) => {
                let number = meaning::number(scalar, absent).map(Value::Number);
                self.put(rule.slot, channel, rule.kind, number, rule.flags);
            }
            Form::State => {
                let state = meaning::state(scalar).map(Value::State);
                self.put(rule.slot, channel, rule.kind, state, rule.flags);
            }
            Form::Term => {
                let Some(entry) = self.keys.entry(rule.slot) else { return };
                let (kind, meaning, flags) = entry.read(self.catalogue, scalar);
                self.put(rule.slot, channel, kind, meaning, flags);
            }
            Form::Stated => self.out.unknown_keys += 1,
            Form::LastSeen => self.part.measured_at = time::read(scalar, TimeFormat::Auto),
            Form::Nothing => {}
        }
    }

    #[inline]
    fn put(
        &mut self,
        slot: usize,
        channel: u16,
        kind: KindId,
        meaning: Meaning<Value>,
        flags: Flags<ReadingFlag>,
    ) {
        if channel == 0 {
            self.out.take_keyed(slot, kind, meaning, flags);
        } else {
            self.put_endpoint(channel, kind, meaning, flags);
        }
    }

    /// The last value of a channel counts, unless it alone has a unit that is not certain.
    #[cold]
    fn put_endpoint(
        &mut self,
        channel: u16,
        kind: KindId,
        meaning: Meaning<Value>,
        flags: Flags<ReadingFlag>,
    ) {
        self.endpoints += 1;
        if self.endpoints > READINGS_MAX {
            return;
        }
        let begin = self.part.readings.start;
        let mut readings = self.out.readings.iter_mut().skip(begin);
        let former = readings.find(|former| (former.kind, former.channel) == (kind, channel));
        match (former, meaning) {
            (Some(former), Meaning::Value(value)) => {
                let is_assumed = |flags: Flags<ReadingFlag>| flags.has(ReadingFlag::UnitAssumed);
                if is_assumed(former.flags) || !is_assumed(flags) {
                    (former.value, former.flags) = (value, flags);
                }
            }
            (_, meaning) => self.out.take_in_channel(kind, channel, meaning, flags, None),
        }
    }

    /// The short way of the most common value.
    #[inline]
    fn number(&mut self, rule: &Rule, number: f64, absent: Option<f64>) {
        self.notice(rule.hint);
        let meaning = meaning::unless_absent(number, absent).map(Value::Number);
        self.out.take_keyed(rule.slot, rule.kind, meaning, rule.flags);
    }

    fn notice(&mut self, hint: Hint) {
        // A plug with a battery behind it measures the mains.
        if hint != Hint::None && self.supply != Hint::Mains {
            self.supply = hint;
        }
    }

    /// Settles what only the whole message tells.
    pub(super) fn finish(self) -> Result<(), DecodeError> {
        if self.endpoints > READINGS_MAX {
            return Err(DecodeError::TooManyReadings { limit: READINGS_MAX });
        }
        for (weak, strong) in &self.keys.rivals {
            let Some(kind) = self.out.keyed(*weak).map(|weak| weak.kind) else { continue };
            // What is said not to be so does not take back what has just happened.
            let is_same = |it: &Reading| it.kind == kind && it.value != Value::State(false);
            if self.out.keyed(*strong).is_some_and(|strong| is_same(strong)) {
                self.out.forget(*weak);
            }
        }
        for slot in &self.keys.voltages {
            if let Some(reading) = self.out.keyed(*slot) {
                settle_voltage(reading, self.supply, self.keys);
            }
        }
        if self.endpoints > 0 && !self.keys.voltages.is_empty() {
            let readings = self.out.readings.iter_mut().skip(self.part.readings.start);
            readings
                .filter(|reading| reading.channel > 0)
                .for_each(|reading| settle_voltage(reading, self.supply, self.keys));
        }
        self.part.finish(self.out);
        Ok(())
    }
}

/// No battery of a sensor has more, and fewer millivolts would not run it.
const BATTERY_VOLTS_MAX: f64 = 20.0;

/// No mains has as many volts.
const MILLIVOLTS_MIN: f64 = 1_000.0;

/// Sensors give millivolts of their battery and plugs volts of the mains, both as `voltage`.
fn settle_voltage(reading: &mut Reading, supply: Hint, keys: &Keys) {
    let Value::Number(number) = reading.value else { return };
    let is_assumed = reading.flags.has(ReadingFlag::UnitAssumed);
    if reading.kind == keys.mains_voltage {
        let is_battery = match supply {
            Hint::Battery => true,
            // A meter that is read by its light runs on a battery.
            Hint::Mains => is_assumed && number >= MILLIVOLTS_MIN,
            Hint::None => number <= BATTERY_VOLTS_MAX || is_assumed && number >= MILLIVOLTS_MIN,
        };
        if is_battery {
            reading.kind = keys.battery_voltage;
        }
    }
    if reading.kind == keys.battery_voltage && is_assumed && number > BATTERY_VOLTS_MAX {
        reading.value = Value::Number(number / 1_000.0);
    }
}

impl<'de> DeserializeSeed<'de> for &mut Report<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Report<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(found) = map.next_key_seed(Known(self.keys))? {
            if let Some(found) = found {
                self.pair(found, &map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
                self.take(None, &Scalar::Null);
            }
        }
        Ok(())
    }
}

/// Turns a key into its rule without keeping it.
struct Known<'k>(&'k Keys);

impl<'de, 'k> DeserializeSeed<'de> for Known<'k> {
    type Value = Option<Found<'k>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'k> Visitor<'_> for Known<'k> {
    type Value = Option<Found<'k>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.find(key))
    }
}
