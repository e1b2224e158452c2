//! Payloads of the three formats, with times of the last minute.

use std::{fmt::Write as _, io::Write as _};

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use prost::encoding::{WireType, double, encode_key, encode_varint, sfixed64, string};
use rand::{Rng, rngs::StdRng};

use crate::Outcome;

/// What the messages carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Zigbee2MQTT's JSON: seven readings and a time.
    Zigbee2mqtt,
    /// trygg's own JSON, one reading.
    Json,
    /// trygg's own protobuf, one reading.
    Protobuf,
}

impl Format {
    /// The format's name in the configuration, and its level in the topic.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zigbee2mqtt => "zigbee2mqtt",
            Self::Json => "json",
            Self::Protobuf => "protobuf",
        }
    }
}

/// Field numbers of `trygg.device.v1`.
mod field {
    pub(super) const MEASURED_AT_US: u32 = 2;
    pub(super) const READINGS: u32 = 5;
    pub(super) const KIND: u32 = 1;
    pub(super) const NUMBER: u32 = 2;
    pub(super) const UNIT: u32 = 5;
}

/// Makes one payload after another.
pub(crate) struct Writer {
    format: Format,
    random: StdRng,
    now: Timestamp,
    time: String,
    payload: Vec<u8>,
    part: Vec<u8>,
}

/// What a device of one reading measures.
struct Measured {
    kind: &'static str,
    value: f64,
    unit: &'static str,
}

impl Writer {
    pub(crate) fn new(format: Format, random: StdRng) -> Self {
        Self {
            format,
            random,
            now: Timestamp::now(),
            time: String::new(),
            payload: Vec::new(),
            part: Vec::new(),
        }
    }

    /// The next payload of a device.
    pub(crate) fn payload(&mut self, device: usize) -> Outcome<&[u8]> {
        let ago = SignedDuration::from_millis(self.random.random_range(0..60_000));
        let at = self.now.checked_sub(ago).unwrap_or(self.now);
        self.time.clear();
        self.payload.clear();
        write!(self.time, "{at:.3}")?;
        match self.format {
            Format::Zigbee2mqtt => self.zigbee2mqtt()?,
            Format::Json => self.json(device)?,
            Format::Protobuf => self.protobuf(device, at.as_microsecond()),
        }
        Ok(&self.payload)
    }

    fn zigbee2mqtt(&mut self) -> Outcome {
        let random = &mut self.random;
        let battery = random.random_range(5..=100);
        let humidity = f64::from(random.random_range(2_000..7_000)) / 100.0;
        let light = random.random_range(0..2_000);
        let link = random.random_range(20..=255);
        let occupied = random.random_bool(0.4);
        let temperature = f64::from(random.random_range(1_700..2_600)) / 100.0;
        let voltage = random.random_range(2_700..=3_100);
        let time = &self.time;
        write!(
            self.payload,
            r#"{{"battery":{battery},"humidity":{humidity},"illuminance":{light},"last_seen":"{time}","linkquality":{link},"occupancy":{occupied},"temperature":{temperature},"voltage":{voltage}}}"#,
        )?;
        Ok(())
    }

    fn json(&mut self, device: usize) -> Outcome {
        let Measured { kind, value, unit } = self.measured(device);
        let time = &self.time;
        write!(
            self.payload,
            r#"{{"kind":"{kind}","value":{value},"unit":"{unit}","time":"{time}"}}"#
        )?;
        Ok(())
    }

    fn protobuf(&mut self, device: usize, at_us: i64) {
        let Measured { kind, value, unit } = self.measured(device);
        self.part.clear();
        string::encode(field::KIND, &kind.to_owned(), &mut self.part);
        double::encode(field::NUMBER, &value, &mut self.part);
        string::encode(field::UNIT, &unit.to_owned(), &mut self.part);
        sfixed64::encode(field::MEASURED_AT_US, &at_us, &mut self.payload);
        encode_key(field::READINGS, WireType::LengthDelimited, &mut self.payload);
        encode_varint(self.part.len() as u64, &mut self.payload);
        self.payload.extend_from_slice(&self.part);
    }

    /// Wearables and room sensors by turns.
    fn measured(&mut self, device: usize) -> Measured {
        if device.is_multiple_of(2) {
            let value = f64::from(self.random.random_range(52..=110));
            return Measured { kind: "heart_rate", value, unit: "/min" };
        }
        let value = f64::from(self.random.random_range(1_700..2_600)) / 100.0;
        Measured { kind: "air_temperature", value, unit: "Cel" }
    }
}
