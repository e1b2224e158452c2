//! SCAIP: what a social alarm unit says, as XML of a bridge. Alarms must not get lost for the
//! sake of form, so little is demanded: a message, and whose it is.

mod fields;

use std::{borrow::Cow, sync::Arc};

use self::fields::Fields;
use super::{
    decoded::{Decoded, DeviceName, DevicePart},
    error::{DecodeError, NonReading, RefusalReason},
    format::Format,
    scalar::Scalar,
    settings::DecoderSettings,
    term::{Term, TermError},
    vocabulary::{Vocabulary, Word},
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of SCAIP.
#[derive(Clone, Debug)]
pub struct Scaip {
    catalogue: Arc<Catalogue>,
    vocabulary: Vocabulary,
}

const TABLE: &str = include_str!("../../config/keys/scaip.csv");

/// What a missing type of message stands for, and a missing status.
const MESSAGE: &str = "ME";
const STATUS: &str = "10";

impl Scaip {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            catalogue: Arc::clone(&settings.catalogue),
            vocabulary: Vocabulary::new(Format::Scaip, TABLE, settings)?,
        })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        if message.payload.trim_ascii().is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        let Some(fields) = Fields::read(message.payload)? else {
            return Ok(Some(NonReading::Acknowledgement));
        };
        if fields.is_empty() {
            return Err(DecodeError::Rule { rule: "a request that says something" });
        }
        let mut part = DevicePart::begin(out);
        part.name = device_name(&fields, device, out)?;
        // The message's own number makes a repeated sending the same event.
        part.sequence = fields.reference.as_deref().and_then(number);
        self.take(&fields, out);
        part.finish(out);
        let is_silent = out.readings.is_empty() && out.refused_count == 0 && out.absent == 0;
        Ok(is_silent.then_some(NonReading::Status))
    }

    fn take(&self, fields: &Fields, out: &mut Decoded) {
        let kind = fields.kind.as_deref().unwrap_or(MESSAGE).to_ascii_uppercase();
        let of = |code: Option<&str>, absent| canonical(code.unwrap_or(absent)).into_owned();
        let device_type = of(fields.device_type.as_deref(), "*");
        let status = of(fields.status.as_deref(), STATUS);
        match self.find(&kind, &device_type, &status) {
            Some(Word::Term(term)) => self.happened(term, out),
            Some(Word::NoReading) => {}
            // Information nobody has explained is one; an alarm must be heard of.
            None if kind == "IN" => out.unknown_keys += 1,
            None => out.refuse(None, RefusalReason::KindUnknown, None),
        }
    }

    /// The nearest row: of this device type and status, of either, of neither.
    fn find(&self, kind: &str, device_type: &str, status: &str) -> Option<&Word> {
        let pairs = [(device_type, status), (device_type, "*"), ("*", status), ("*", "*")];
        pairs.into_iter().find_map(|(device_type, status)| {
            self.vocabulary.find(&format!("{kind}/{device_type}/{status}"))
        })
    }

    fn happened(&self, term: &Term, out: &mut Decoded) {
        let (meaning, flags) = term.read(&self.catalogue, &Scalar::Bool(true), None);
        out.take(term.kind, meaning, flags, None);
    }
}

/// Controller and device behind it; number 0 is the controller itself.
fn device_name(
    fields: &Fields,
    device: &str,
    out: &mut Decoded,
) -> Result<DeviceName, DecodeError> {
    let controller = fields.controller.as_deref().map(canonical).filter(|name| !name.is_empty());
    let Some(controller) = controller else {
        if device.is_empty() {
            return Err(DecodeError::Rule { rule: "a controller (`cid`)" });
        }
        return Ok(DeviceName::Captured);
    };
    match fields.device.as_deref().map(canonical).filter(|id| !matches!(&**id, "" | "0")) {
        Some(id) => out.own_name(&format!("{controller}/{id}")),
        None => out.own_name(&controller),
    }
}

/// Codes are padded at will: `10`, `010` and ` 0010` are one.
fn canonical(code: &str) -> Cow<'_, str> {
    let code: Cow<'_, str> = if code.contains(char::is_whitespace) {
        code.split_whitespace().collect::<String>().into()
    } else {
        code.into()
    };
    if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return code;
    }
    let digits = code.trim_start_matches('0');
    if digits.is_empty() { "0".into() } else { digits.to_owned().into() }
}

/// Decimal, or hexadecimal if it cannot be.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.parse().ok().or_else(|| u64::from_str_radix(text, 16).ok())
}

#[cfg(test)]
mod tests;
