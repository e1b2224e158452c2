//! Whose a message is, as topics and radio addresses say it.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{
    decoded::{Decoded, DeviceName},
    error::DecodeError,
};

/// Hexadecimal digits of a radio address (MAC).
const MAC_DIGITS: usize = 12;

/// The device whose name ends at byte `end` of the topic. `captured` is what the filter's
/// `{device}` took; if it has none, the name is the topic from `start` on.
pub(super) fn in_topic(
    topic: &str,
    captured: &str,
    (start, end): (usize, usize),
    out: &mut Decoded,
) -> Result<DeviceName, DecodeError> {
    if captured.is_empty() {
        return out.own_name(topic.get(start..end).unwrap_or_default());
    }
    let begin = topic.strip_suffix(captured).map(str::len);
    Ok(match begin.and_then(|begin| end.checked_sub(begin)) {
        Some(length) if (1..captured.len()).contains(&length) => DeviceName::CapturedPrefix(length),
        Some(_) | None => DeviceName::Captured,
    })
}

/// A radio address in the one spelling that all gateways' copies share: capitals, no colons.
pub(super) fn mac(text: &str) -> Option<String> {
    // Four bytes of colons more than it needs are still none.
    if !(MAC_DIGITS..=MAC_DIGITS + 5).contains(&text.len()) {
        return None;
    }
    let is_separator = |byte: &u8| matches!(byte, b':' | b'-');
    let digits = text.bytes().filter(|byte| !is_separator(byte));
    let digits: Vec<u8> = digits.map(|byte| byte.to_ascii_uppercase()).collect();
    let is_address = digits.len() == MAC_DIGITS && digits.iter().all(u8::is_ascii_hexdigit);
    is_address.then(|| String::from_utf8(digits).unwrap_or_default())
}

/// By what way a message came: a gateway, or one topic of two.
pub(super) fn way(text: &str) -> u32 {
    let hash = FixedState::default().hash_one(text);
    // Zero would say that there is one way only.
    u32::try_from(hash >> 32).unwrap_or(0).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_whatever_was_captured() {
        let topic = "homes/7/kitchen/status/switch:0";
        let range = ("homes/".len(), "homes/7/kitchen".len());
        for (captured, expected) in [
            ("kitchen/status/switch:0", DeviceName::CapturedPrefix(7)),
            ("7/kitchen/status/switch:0", DeviceName::CapturedPrefix(9)),
            ("kitchen", DeviceName::Captured),
            ("switch:0", DeviceName::Captured),
            ("", DeviceName::Own(0..9)),
        ] {
            let mut out = Decoded::default();
            assert_eq!(in_topic(topic, captured, range, &mut out), Ok(expected), "{captured}");
        }
    }

    #[test]
    fn an_address_has_one_spelling() {
        for (text, expected) in [
            ("f4:1f:0c:28:cb:d6", Some("F41F0C28CBD6")),
            ("F4-1F-0C-28-CB-D6", Some("F41F0C28CBD6")),
            ("f41f0c28cbd6", Some("F41F0C28CBD6")),
            ("f4:1f:0c:28:cb:d", None),
            ("f4:1f:0c:28:cb:dg", None),
            ("fda50693a4e24fb1afcfc6eb07647825", None),
            ("f4:1f:0c", None),
        ] {
            assert_eq!(mac(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ways_differ_and_none_is_zero() {
        assert_ne!(way("a"), way("b"));
        assert_eq!(way("a"), way("a"));
        assert_ne!(way(""), 0);
    }
}
