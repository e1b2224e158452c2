//! A Bluetooth advertisement of a Ruuvi sensor, byte by byte: data formats 5 (`RAWv2`) and 3.

use std::str;

use crate::decode::error::DecodeError;

/// What an advertisement says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Advertisement {
    /// What was measured.
    Measured(Measured),
    /// Readable with a key only.
    Encrypted,
    /// Of another maker, or in a format that is not known.
    Foreign,
}

/// What was measured, in the units of trygg's kinds. What the sensor does not have is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Measured {
    pub(super) temperature: Option<f64>,
    pub(super) humidity: Option<f64>,
    pub(super) pressure: Option<f64>,
    pub(super) acceleration: [Option<f64>; 3],
    pub(super) voltage: Option<f64>,
    pub(super) sequence: Option<u16>,
}

/// Bytes an advertisement may have: those of the extended kind.
const BYTES_MAX: usize = 1_650;

/// Type of the part that holds what a maker likes.
const MAKERS_DATA: u8 = 0xff;

/// Ruuvi's number, low byte first.
const RUUVI: [u8; 2] = [0x99, 0x04];

/// Reads the hexadecimal digits of a whole advertisement: parts of length, type and content.
pub(super) fn read(digits: &str) -> Result<Advertisement, DecodeError> {
    let bytes = bytes(digits.trim_ascii()).ok_or(DecodeError::Text { encoding: "hexadecimal" })?;
    let broken = DecodeError::Rule { rule: "an advertisement holds all fields of its format" };
    let mut rest = &*bytes;
    while let Some((&length, after)) = rest.split_first() {
        if length == 0 {
            break;
        }
        // One that is cut off at the end is read as far as it goes.
        let (part, next) = after.split_at_checked(usize::from(length)).unwrap_or((after, &[]));
        if let Some((&MAKERS_DATA, content)) = part.split_first()
            && let Some(data) = content.strip_prefix(&RUUVI)
        {
            return makers_data(data).ok_or(broken);
        }
        rest = next;
    }
    Ok(Advertisement::Foreign)
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if digits.len() > 2 * BYTES_MAX || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// `None`: it ends too early.
fn makers_data(data: &[u8]) -> Option<Advertisement> {
    let (&format, body) = data.split_first()?;
    match format {
        3 => version_3(&mut Fields(body)).map(Advertisement::Measured),
        5 => version_5(&mut Fields(body)).map(Advertisement::Measured),
        8 | 0xfa => Some(Advertisement::Encrypted),
        _ => Some(Advertisement::Foreign),
    }
}

/// Numbers from the front of the bytes, high byte first.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn unsigned(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn signed(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes([self.byte()?, self.byte()?]))
    }
}

/// All bits set: not available.
fn known(number: u16) -> Option<f64> {
    (number != u16::MAX).then(|| f64::from(number))
}

/// The smallest number: not available.
fn known_signed(number: i16) -> Option<f64> {
    (number != i16::MIN).then(|| f64::from(number))
}

/// Divisions by whole numbers keep 24.3 at 24.3, which factors such as 0.005 would not.
fn version_5(fields: &mut Fields<'_>) -> Option<Measured> {
    let temperature = fields.signed()?;
    let humidity = fields.unsigned()?;
    let pressure = fields.unsigned()?;
    let axes = [fields.signed()?, fields.signed()?, fields.signed()?];
    let power = fields.unsigned()?;
    let _movements = fields.byte()?;
    let sequence = fields.unsigned()?;
    // Millivolts above 1600 in the upper eleven bits; strength of the sender below.
    let millivolts = power >> 5;
    Some(Measured {
        temperature: known_signed(temperature).map(|number| number / 200.0),
        humidity: known(humidity).map(|number| number / 400.0),
        pressure: known(pressure).map(|number| (number + 50_000.0) / 100.0),
        acceleration: axes.map(|axis| known_signed(axis).map(|number| number / 1_000.0)),
        voltage: (millivolts != 0x7ff).then(|| (f64::from(millivolts) + 1_600.0) / 1_000.0),
        sequence: (sequence != u16::MAX).then_some(sequence),
    })
}

/// It has no codes for "not available", and no counter.
fn version_3(fields: &mut Fields<'_>) -> Option<Measured> {
    let humidity = fields.byte()?;
    let whole = fields.byte()?;
    let hundredths = fields.byte()?;
    let pressure = fields.unsigned()?;
    let axes = [fields.signed()?, fields.signed()?, fields.signed()?];
    let millivolts = fields.unsigned()?;
    // Sign and magnitude, not two's complement.
    let degrees = f64::from(u16::from(whole & 0x7f) * 100 + u16::from(hundredths)) / 100.0;
    let is_below_zero = whole & 0x80 != 0;
    Some(Measured {
        temperature: Some(if is_below_zero { -degrees } else { degrees }),
        humidity: Some(f64::from(humidity) / 2.0),
        pressure: Some((f64::from(pressure) + 50_000.0) / 100.0),
        acceleration: axes.map(|axis| Some(f64::from(axis) / 1_000.0)),
        voltage: Some(f64::from(millivolts) / 1_000.0),
        sequence: None,
    })
}
