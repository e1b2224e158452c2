//! Messages as lines of JSON, such as a recording holds.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::explainer::Question;
use crate::model::UnixMicros;

/// One message of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    topic: String,
    payload: Vec<u8>,
    retain: bool,
    received: Option<UnixMicros>,
}

/// Why a line is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not one JSON object, or a field of another type.
    #[error("expected an object such as {{\"topic\":\"t\",\"payload\":\"21.5\"}}")]
    Shape,
    /// Nothing to explain.
    #[error("expected a payload or a payload_base64")]
    Payload,
    /// Not what `payload_base64` promises.
    #[error("payload_base64: expected base64")]
    Base64,
    /// Not a time.
    #[error("received: expected a time such as 2026-11-22T14:30:00+01:00")]
    Received,
}

#[derive(Deserialize)]
struct Fields {
    topic: String,
    payload: Option<Value>,
    payload_base64: Option<String>,
    #[serde(default)]
    retain: bool,
    received: Option<String>,
}

/// Reads a line. Fields it does not know are for others.
pub fn parse_line(line: &str) -> Result<Line, LineError> {
    let fields: Fields = serde_json::from_str(line).map_err(|_| LineError::Shape)?;
    let payload = match (fields.payload, fields.payload_base64) {
        (_, Some(encoded)) => STANDARD.decode(encoded).map_err(|_| LineError::Base64)?,
        // A text is the payload as it is; anything else is JSON itself.
        (Some(Value::String(text)), None) => text.into_bytes(),
        (Some(json), None) => json.to_string().into_bytes(),
        (None, None) => return Err(LineError::Payload),
    };
    let received = fields.received.map(|text| text.parse::<Timestamp>());
    let received = received.transpose().map_err(|_| LineError::Received)?;
    Ok(Line {
        topic: fields.topic,
        payload,
        retain: fields.retain,
        received: received.map(|time| UnixMicros(time.as_microsecond())),
    })
}

impl Line {
    /// The question it asks; `received` counts unless it says so itself.
    pub fn question(&self, received: UnixMicros) -> Question<'_> {
        Question {
            topic: &self.topic,
            payload: &self.payload,
            retain: self.retain,
            received: self.received.unwrap_or(received),
        }
    }
}

/// It holds a message.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("bytes", &self.payload.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_message_or_says_what_it_lacks() {
        let payload = |line: &str| parse_line(line).map(|line| line.payload);
        assert_eq!(payload(r#"{"topic":"t","payload":"21.5","id":7}"#), Ok(b"21.5".to_vec()));
        assert_eq!(payload(r#"{"topic":"t","payload":{"a":1}}"#), Ok(br#"{"a":1}"#.to_vec()));
        assert_eq!(payload(r#"{"topic":"t","payload_base64":"AP8="}"#), Ok(vec![0, 255]));
        for (line, error) in [
            ("", LineError::Shape),
            ("[]", LineError::Shape),
            (r#"{"payload":"x"}"#, LineError::Shape),
            (r#"{"topic":"t","payload":"x","retain":"yes"}"#, LineError::Shape),
            (r#"{"topic":"t"}"#, LineError::Payload),
            (r#"{"topic":"t","payload_base64":"?"}"#, LineError::Base64),
            (r#"{"topic":"t","payload":"x","received":"soon"}"#, LineError::Received),
        ] {
            assert_eq!(payload(line), Err(error), "{line}");
        }
        let line = parse_line(r#"{"topic":"t","payload":"x","received":"1970-01-01T00:00:01Z"}"#);
        assert_eq!(line.unwrap().question(UnixMicros(5)).received, UnixMicros(1_000_000));
    }
}
