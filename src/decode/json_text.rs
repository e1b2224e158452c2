//! From payload bytes to JSON text that is safe to hand to a parser.

use std::str;

use serde::de::DeserializeSeed;
use serde_json::{Deserializer, error::Category};

use super::error::DecodeError;

/// Levels of nesting a message may have.
const DEPTH_MAX: usize = 128;

/// Values one text may have, objects and lists counted where they are kept. Real bundles of 256 KiB
/// have about 13 000.
pub(super) const VALUES_MAX: usize = 32 * 1024;

/// What is said of a text with more.
pub(super) const FEWER_VALUES: &str = "at most 32768 values";

/// Some senders put it in front of their text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The payload without what may stand around a value, to see what kind of value it is.
pub(super) fn body(payload: &[u8]) -> &[u8] {
    payload.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(payload).trim_ascii()
}

/// Is it one value as bare text, such as `online` or `21.5`, and no JSON text?
pub(super) fn is_bare(body: &[u8]) -> bool {
    !matches!(body.first(), None | Some(b'{' | b'[' | b'"'))
}

/// Checks encoding and depth.
pub(super) fn check(payload: &[u8]) -> Result<&str, DecodeError> {
    let text =
        str::from_utf8(payload).map_err(|error| DecodeError::Utf8 { at: error.valid_up_to() })?;
    // What nests too deep needs two bytes a level: nearly always this is all there is to check.
    if payload.len() > 2 * DEPTH_MAX && openings(payload) > DEPTH_MAX && depth(payload) > DEPTH_MAX
    {
        return Err(DecodeError::JsonTooDeep { limit: DEPTH_MAX });
    }
    Ok(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
}

/// Counts in bytes by blocks, which the compiler turns into vector instructions.
fn openings(json: &[u8]) -> usize {
    let in_block = |block: &[u8]| -> u8 {
        // `{` and `[` differ in this one bit.
        block.iter().map(|byte| u8::from(byte | 0x20 == b'{')).sum()
    };
    json.chunks(usize::from(u8::MAX)).map(|block| usize::from(in_block(block))).sum()
}

fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

/// Parses the whole text with a seed. `expected` says what a value of another shape misses.
pub(super) fn parse<'de, S: DeserializeSeed<'de>>(
    text: &'de str,
    seed: S,
    expected: &'static str,
) -> Result<S::Value, DecodeError> {
    let mut json = Deserializer::from_str(text);
    let parsed = seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    parsed.map_err(|error| match error.classify() {
        Category::Data => DecodeError::JsonShape { expected },
        Category::Io | Category::Syntax | Category::Eof => {
            DecodeError::Json { line: error.line(), column: error.column() }
        }
    })
}
