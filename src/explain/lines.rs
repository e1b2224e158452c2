//! Messages as lines of JSON, such as a recording holds.

use std::{
    fmt,
    io::{self, BufRead, Read},
};

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
    /// Bytes that are no text: a payload of them is written as base64.
    #[error("expected UTF-8; payload_base64 takes any bytes")]
    Text,
    /// Longer than any message.
    #[error("longer than {} MiB", LINE_MAX / (1024 * 1024))]
    Length,
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

/// Bytes a line may have: several times what the largest MQTT message of a link has as base64.
pub const LINE_MAX: usize = 64 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Lines of a file, one at a time in one buffer. One that is too long is read to its end and not kept.
pub struct Lines<R> {
    source: R,
    line: Vec<u8>,
    number: u64,
}

/// What a line of a file is.
#[derive(Debug)]
pub struct Numbered {
    /// Counted from 1.
    pub number: u64,
    /// The message; `None` where there are only blanks.
    pub line: Result<Option<Line>, LineError>,
}

/// It holds a message.
impl<R> fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<R: BufRead> Lines<R> {
    /// From the begin.
    pub fn new(source: R) -> Self {
        Self { source, line: Vec::new(), number: 0 }
    }

    /// The next line; `None` at the end.
    pub fn read(&mut self) -> io::Result<Option<Numbered>> {
        self.line.clear();
        let limit = u64::try_from(LINE_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.source.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        let is_whole = self.line.last() == Some(&b'\n');
        if !is_whole && self.line.len() > LINE_MAX {
            self.source.skip_until(b'\n')?;
            return Ok(Some(Numbered { number, line: Err(LineError::Length) }));
        }
        let text = self.line.strip_prefix(BYTE_ORDER_MARK).filter(|_| number == 1);
        let text = text.unwrap_or(&self.line).trim_ascii();
        let line = if text.is_empty() { Ok(None) } else { parse_line(text).map(Some) };
        Ok(Some(Numbered { number, line }))
    }
}

/// Reads a line. Fields it does not know are for others.
fn parse_line(line: &[u8]) -> Result<Line, LineError> {
    let line = str::from_utf8(line).map_err(|_| LineError::Text)?;
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
        let payload = |line: &str| parse_line(line.as_bytes()).map(|line| line.payload);
        assert_eq!(payload(r#"{"topic":"t","payload":"21.5","id":7}"#), Ok(b"21.5".to_vec()));
        assert_eq!(payload(r#"{"topic":"t","payload":{"a":1}}"#), Ok(br#"{"a":1}"#.to_vec()));
        assert_eq!(payload(r#"{"topic":"t","payload_base64":"AP8="}"#), Ok(vec![0, 255]));
        for (line, error) in [
            ("", LineError::Shape),
            ("[]", LineError::Shape),
            (r#"{"payload":"x"}"#, LineError::Shape),
            (r#"{"topic":"t","payload":"x","retain":"yes"}"#, LineError::Shape),
            (r#"{"topic":7,"payload":"x"}"#, LineError::Shape),
            (r#"{"topic":"t","payload":"x"} {"#, LineError::Shape),
            (r#"{"topic":"t","topic":"u","payload":"x"}"#, LineError::Shape),
            (r#"{"topic":"t"}"#, LineError::Payload),
            (r#"{"topic":"t","payload":null}"#, LineError::Payload),
            (r#"{"topic":"t","payload_base64":"AP8"}"#, LineError::Base64),
            (r#"{"topic":"t","payload_base64":"?"}"#, LineError::Base64),
            (r#"{"topic":"t","payload":"x","received":"soon"}"#, LineError::Received),
        ] {
            assert_eq!(payload(line), Err(error), "{line}");
        }
        assert_eq!(parse_line(b"{\"topic\":\"\xff\",\"payload\":\"x\"}"), Err(LineError::Text));
        let line = br#"{"topic":"t","payload":"x","received":"1970-01-01T00:00:01Z"}"#;
        let line = parse_line(line);
        assert_eq!(line.unwrap().question(UnixMicros(5)).received, UnixMicros(1_000_000));
    }

    #[test]
    fn lines_end_and_begin_as_editors_leave_them() {
        let message = br#"{"topic":"t","payload":"x"}"#;
        let told = |text: &[u8]| {
            let mut lines = Lines::new(text);
            let mut told = String::new();
            while let Some(Numbered { number, line }) = lines.read().unwrap() {
                let word = match line {
                    Ok(Some(_)) => "message",
                    Ok(None) => "blank",
                    Err(_) => "mistake",
                };
                told = format!("{told} {number} {word}");
            }
            told
        };
        let lines = |lines: &[&[u8]]| told(&lines.concat());
        assert_eq!(lines(&[]), "");
        assert_eq!(lines(&[message]), " 1 message", "without an end");
        assert_eq!(
            lines(&[message, b"\r\n\r\n \t\n", message]),
            " 1 message 2 blank 3 blank 4 message"
        );
        assert_eq!(lines(&[BYTE_ORDER_MARK, message, b"\n"]), " 1 message");
        assert_eq!(lines(&[b"\n", BYTE_ORDER_MARK, message]), " 1 blank 2 mistake");
        let long = vec![b'1'; LINE_MAX + 1];
        assert_eq!(lines(&[&long, b"\n", message]), " 1 mistake 2 message");
        assert_eq!(lines(&[message, b"\n", &long]), " 1 message 2 mistake");
    }
}
