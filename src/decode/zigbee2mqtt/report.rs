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
        error::{DecodeError, RefusalReason},
        meaning::{self, Meaning},
        scalar::{Scalar, With},
        time::{self, TimeFormat},
    },
    model::{Flags, KindId, Reading, ReadingFlag, Value},
};

/// Actions by which a device raises an alarm, and actions that are no button.
const SOS: [&str; 3] = ["emergency", "sos", "panic"];
const FALL: [&str; 2] = ["fall", "fall_detected"];
const VIBRATION: [&str; 3] = ["vibration", "tilt", "drop"];

/// Takes the keys of one message in their order.
pub(super) struct Report<'d> {
    catalogue: &'d Catalogue,
    keys: &'d Keys,
    /// What the gateway said of this device.
    exposed: Option<&'d Exposed>,
    out: &'d mut Decoded,
    part: DevicePart,
    /// Slot of `voltage`, once it was seen.
    voltage: Option<usize>,
    /// Slot of `illuminance_lux`, once it was seen.
    lux: Option<usize>,
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
        let (voltage, lux, supply, endpoints) = (None, None, Hint::None, 0);
        Self { catalogue, keys, exposed, out, part, voltage, lux, supply, endpoints }
    }

    /// Takes the value under a key; `None` is a key that no kind stands for.
    pub(super) fn take(&mut self, found: Option<Found<'_>>, scalar: &Scalar<'_>) {
        let Some(Found { rule, channel }) = found else {
            self.out.unknown_keys += 1;
            return;
        };
        self.notice(rule.hint);
        if rule.form == Form::Voltage && channel == 0 {
            self.voltage = Some(rule.slot);
        } else if rule.form == Form::IlluminanceLux && channel == 0 {
            self.lux = Some(rule.slot);
        }
        let told = self.exposed.and_then(|exposed| exposed.find(rule.slot, channel));
        if let Some(told) = told {
            let meaning = told.read(self.catalogue, rule, scalar);
            return self.put(rule, channel, rule.kind, meaning, Flags::default());
        }
        let plain = || meaning::of(self.catalogue, rule.kind, scalar);
        let assumed = Flags::default().with(ReadingFlag::UnitAssumed);
        let (kind, meaning, flags) = match rule.form {
            Form::LastSeen => {
                self.part.measured_at = time::read(scalar, TimeFormat::Auto);
                return;
            }
            Form::Number(absent) => {
                let number = meaning::number(scalar, absent).map(Value::Number);
                return self.put(rule, channel, rule.kind, number, Flags::default());
            }
            Form::Stated => {
                self.out.unknown_keys += 1;
                return;
            }
            Form::Plain | Form::IlluminanceLux => (rule.kind, plain(), Flags::default()),
            Form::Assumed | Form::Illuminance | Form::Voltage => (rule.kind, plain(), assumed),
            Form::Contact => {
                (rule.kind, meaning::contact(scalar).map(Value::State), Flags::default())
            }
            Form::BatteryVoltage => {
                let volts = meaning::number(scalar, None).map(battery_volts);
                (rule.kind, volts.map(Value::Number), assumed)
            }
            Form::Action => {
                let (kind, meaning) = self.action(rule.kind, scalar);
                (kind, meaning, Flags::default())
            }
            Form::FallStatus => (rule.kind, fall_status(scalar), Flags::default()),
        };
        self.put(rule, channel, kind, meaning, flags);
    }

    #[inline]
    fn put(
        &mut self,
        rule: &Rule,
        channel: u16,
        kind: KindId,
        meaning: Meaning<Value>,
        flags: Flags<ReadingFlag>,
    ) {
        if channel == 0 {
            self.out.take_keyed(rule.slot, kind, meaning, flags);
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
        self.out.take_keyed(rule.slot, rule.kind, meaning, Flags::default());
    }

    fn notice(&mut self, hint: Hint) {
        // A plug with a battery behind it measures the mains.
        if hint != Hint::None && self.supply != Hint::Mains {
            self.supply = hint;
        }
    }

    fn action(&self, button: KindId, scalar: &Scalar<'_>) -> (KindId, Meaning<Value>) {
        let aliases = self.keys.aliases;
        if let Scalar::Text(text) = scalar {
            let word = text.trim_ascii();
            if meaning::is_one_of(word, &SOS) {
                return (aliases.sos, Meaning::Value(Value::Event));
            }
            if meaning::is_one_of(word, &FALL) {
                return (aliases.fall, Meaning::Value(Value::Event));
            }
            if meaning::is_one_of(word, &VIBRATION) {
                return (aliases.vibration, Meaning::Value(Value::State(true)));
            }
        }
        (button, meaning::category(self.catalogue, button, scalar))
    }

    /// Settles what only the whole message tells.
    pub(super) fn finish(self) -> Result<(), DecodeError> {
        if self.endpoints > READINGS_MAX {
            return Err(DecodeError::TooManyReadings { limit: READINGS_MAX });
        }
        if self.lux.is_some_and(|slot| self.out.keyed(slot).is_some()) {
            self.out.forget(self.keys.illuminance);
        }
        if let Some(slot) = self.voltage
            && let Some(reading) = self.out.keyed(slot)
        {
            settle_voltage(reading, self.supply, self.keys.aliases.battery_voltage);
        }
        if self.endpoints > 0 {
            let (mains, battery) =
                (self.keys.aliases.mains_voltage, self.keys.aliases.battery_voltage);
            let readings = self.out.readings.iter_mut().skip(self.part.readings.start);
            readings
                .filter(|reading| reading.channel > 0 && reading.kind == mains)
                .for_each(|reading| settle_voltage(reading, self.supply, battery));
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
fn settle_voltage(reading: &mut Reading, supply: Hint, battery_voltage: KindId) {
    let Value::Number(number) = reading.value else { return };
    let is_assumed = reading.flags.has(ReadingFlag::UnitAssumed);
    let is_battery = match supply {
        Hint::Battery => true,
        Hint::Mains => false,
        Hint::None => number <= BATTERY_VOLTS_MAX || is_assumed && number >= MILLIVOLTS_MIN,
    };
    if is_battery {
        reading.kind = battery_voltage;
        let volts = if is_assumed { battery_volts(number) } else { number };
        reading.value = Value::Number(volts);
    }
}

fn battery_volts(number: f64) -> f64 {
    if number > BATTERY_VOLTS_MAX { number / 1_000.0 } else { number }
}

fn fall_status(scalar: &Scalar<'_>) -> Meaning<Value> {
    match scalar {
        Scalar::Text(text) if meaning::is_one_of(text.trim_ascii(), &FALL) => {
            Meaning::Value(Value::Event)
        }
        Scalar::Text(text) if text.trim_ascii().eq_ignore_ascii_case("maybe_fall") => {
            Meaning::Refused(RefusalReason::CategoryUnknown)
        }
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Text(_)
        | Scalar::Nested => meaning::event(scalar),
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
                let is_short = found.channel == 0 && self.exposed.is_none();
                map.next_value_seed(With(|scalar: Scalar<'_>| {
                    match (found.rule.form, scalar.plain_number()) {
                        (Form::Number(absent), Some(number)) if is_short => {
                            self.number(found.rule, number, absent);
                        }
                        _ => self.take(Some(found), &scalar),
                    }
                }))?;
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
