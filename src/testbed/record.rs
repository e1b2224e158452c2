//! Recorded messages: a line of JSON each.
//!
//! ```json
//! {"topic":"homes/home-1/zigbee2mqtt/front_door","payload":{"contact":false}}
//! {"offset_s":12.5,"topic":"raw","payload_base64":"AAEC","retain":true,"qos":0}
//! {"at":"2024-11-23T15:14:12+01:00","topic":"text","payload":"21.5"}
//! ```

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, Outgoing};
use crate::model::QoS;

/// One line. Keys that are not known are a mistake: they would be a misspelt `retain`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset_s: Option<f64>,
    topic: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    payload: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retain: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qos: Option<u8>,
}

/// `null` is a payload; only a missing key is none.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// When a recorded message was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Recorded {
    /// Nothing is said.
    Unknown,
    /// Since 1970.
    At(Duration),
    /// Since the beginning of the recording.
    Offset(Duration),
}

/// Why a line is no message. Never says what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// No JSON, or of another shape.
    #[error(
        "column {column}: expected one JSON object with topic, payload or payload_base64, and \
         perhaps retain, qos, at or offset_s"
    )]
    Shape {
        /// From 1.
        column: usize,
    },
    /// No text.
    #[error("expected UTF-8")]
    NotText,
    /// Longer than anything a broker takes.
    #[error("expected a line of at most {} MiB", LINE_BYTES / 1024 / 1024)]
    TooLong,
    /// Neither of the two payloads, or both.
    #[error("expected either payload or payload_base64")]
    Payload,
    /// Not Base64.
    #[error("payload_base64: expected Base64 with its padding")]
    Base64,
    /// Neither 0 nor 1.
    #[error("qos: expected 0 or 1")]
    Qos,
    /// A topic that MQTT does not take.
    #[error("topic: expected 1 to 65535 bytes without +, # and NUL")]
    Topic,
    /// Not a time.
    #[error("at: expected RFC 3339 with an offset or Z; offset_s: seconds from 0")]
    Time,
}

/// Longest line that is read.
pub(super) const LINE_BYTES: usize = 16 * 1024 * 1024;

/// A line as a message. What the line leaves open is as `usual`.
///
/// # Errors
/// When it is none.
pub fn parse(line: &[u8], usual: Usual) -> Result<(Recorded, Outgoing), RecordError> {
    let text = str::from_utf8(line).map_err(|_| RecordError::NotText)?;
    let line: Line = serde_json::from_str(text)
        .map_err(|error| RecordError::Shape { column: error.column() })?;
    let payload = match (line.payload, line.payload_base64) {
        (Some(Value::String(text)), None) => text.into_bytes(),
        (Some(value), None) => serde_json::to_vec(&value).unwrap_or_default(),
        (None, Some(text)) => BASE64_STANDARD.decode(text).map_err(|_| RecordError::Base64)?,
        (None, None) | (Some(_), Some(_)) => return Err(RecordError::Payload),
    };
    let qos = match line.qos {
        None => usual.qos,
        Some(0) => QoS::AtMostOnce,
        Some(1) => QoS::AtLeastOnce,
        Some(_) => return Err(RecordError::Qos),
    };
    let recorded = match (line.at, line.offset_s) {
        (None, None) => Recorded::Unknown,
        (Some(at), None) => Recorded::At(time(&at).ok_or(RecordError::Time)?),
        (None, Some(offset)) => {
            Recorded::Offset(Duration::try_from_secs_f64(offset).map_err(|_| RecordError::Time)?)
        }
        (Some(_), Some(_)) => return Err(RecordError::Time),
    };
    let retain = line.retain.unwrap_or(usual.retain);
    let outgoing = Outgoing { topic: line.topic, payload, qos, retain };
    if !outgoing.has_topic_name() {
        return Err(RecordError::Topic);
    }
    Ok((recorded, outgoing))
}

/// What holds for lines that do not say.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    /// QoS.
    pub qos: QoS,
    /// Retain.
    pub retain: bool,
}

fn time(text: &str) -> Option<Duration> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Duration::try_from(at.duration_since(jiff::Timestamp::UNIX_EPOCH)).ok()
}

/// An event of the simulation as a line, to be read by [`parse`].
pub fn write(event: &Event) -> String {
    let payload = serde_json::from_slice(&event.payload);
    let line = Line {
        at: None,
        offset_s: Some(event.at.as_secs_f64()),
        topic: event.topic.clone(),
        payload_base64: payload.is_err().then(|| BASE64_STANDARD.encode(&event.payload)),
        payload: payload.ok(),
        retain: event.retain.then_some(true),
        qos: None,
    };
    serde_json::to_string(&line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::{Homes, Settings};

    const USUAL: Usual = Usual { qos: QoS::AtLeastOnce, retain: false };

    fn payload(line: &str) -> Vec<u8> {
        parse(line.as_bytes(), USUAL).unwrap().1.payload
    }

    #[test]
    fn a_payload_is_json_or_text_or_base64() {
        for (line, expected) in [
            (r#"{"topic":"t","payload":{"a":1.50}}"#, br#"{"a":1.5}"# as &[u8]),
            (r#"{"topic":"t","payload":"21.5"}"#, b"21.5"),
            (r#"{"topic":"t","payload":"{\"a\":1.50}"}"#, br#"{"a":1.50}"#),
            (r#"{"topic":"t","payload":21.5}"#, b"21.5"),
            (r#"{"topic":"t","payload":[1,true]}"#, b"[1,true]"),
            (r#"{"topic":"t","payload":null}"#, b"null"),
            (r#"{"topic":"t","payload":""}"#, b""),
            (r#"{"topic":"t","payload_base64":"AP8B"}"#, &[0, 255, 1]),
        ] {
            assert_eq!(payload(line), expected, "{line}");
        }
    }

    #[test]
    fn what_a_line_says_goes_before_what_is_usual() {
        let usual = Usual { qos: QoS::AtMostOnce, retain: true };
        let of = |line: &str| {
            let (_, outgoing) = parse(line.as_bytes(), usual).unwrap();
            (outgoing.qos, outgoing.retain)
        };
        assert_eq!(of(r#"{"topic":"t","payload":1}"#), (QoS::AtMostOnce, true));
        let said = of(r#"{"topic":"t","payload":1,"qos":1,"retain":false}"#);
        assert_eq!(said, (QoS::AtLeastOnce, false));
    }

    #[test]
    fn a_time_is_a_moment_or_an_offset() {
        let of = |time: &str| {
            let line = format!(r#"{{"topic":"t","payload":1{time}}}"#);
            parse(line.as_bytes(), USUAL).map(|(recorded, _)| recorded)
        };
        assert_eq!(of(""), Ok(Recorded::Unknown));
        let at = Recorded::At(Duration::from_secs(1_732_371_252));
        assert_eq!(of(r#","at":"2024-11-23T15:14:12+01:00""#), Ok(at));
        let offset = Recorded::Offset(Duration::from_millis(2_500));
        assert_eq!(of(r#","offset_s":2.5"#), Ok(offset));
        for wrong in [
            r#","at":"yesterday""#,
            r#","at":"2024-11-23T15:14:12""#,
            r#","offset_s":-1"#,
            r#","offset_s":1,"at":"2024-11-23T15:14:12Z""#,
        ] {
            assert_eq!(of(wrong), Err(RecordError::Time), "{wrong}");
        }
    }

    #[test]
    fn a_broken_line_says_why_and_nothing_of_what_stands_in_it() {
        for (line, expected) in [
            (&b"geheim"[..], RecordError::Shape { column: 1 }),
            (br#"{"topic":"t","payload":1"#, RecordError::Shape { column: 24 }),
            (br#"{"topic":"t","payload":1,"geheim":true}"#, RecordError::Shape { column: 33 }),
            (br#"{"payload":1}"#, RecordError::Shape { column: 13 }),
            (br#"{"topic":"t"}"#, RecordError::Payload),
            (br#"{"topic":"t","payload":1,"payload_base64":"AA=="}"#, RecordError::Payload),
            (br#"{"topic":"t","payload_base64":"geheim"}"#, RecordError::Base64),
            (br#"{"topic":"t","payload":1,"qos":2}"#, RecordError::Qos),
            (br#"{"topic":"geheim/#","payload":1}"#, RecordError::Topic),
            (b"\xff", RecordError::NotText),
        ] {
            let error = parse(line, USUAL).err();
            assert_eq!(error, Some(expected));
            assert!(!expected.to_string().contains("geheim"));
        }
    }

    #[test]
    fn what_the_homes_say_is_read_back_byte_for_byte() {
        for event in Homes::new(1, &Settings::default()).take(2_000) {
            let (recorded, outgoing) = parse(write(&event).as_bytes(), USUAL).unwrap();
            assert_eq!(recorded, Recorded::Offset(event.at));
            assert_eq!(outgoing.payload, event.payload);
            assert_eq!((outgoing.topic, outgoing.retain), (event.topic, event.retain));
        }
    }
}
