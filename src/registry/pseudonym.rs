//! Keyed hashes that stand for homes and devices.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a hash that are used; written as twice as many hexadecimal digits.
const USED_BYTES: usize = 16;

/// Shortest key, bytes.
const MIN_KEY_BYTES: usize = 32;

/// How homes and devices the registry does not name appear in events.
#[derive(Clone, Debug)]
pub enum Identity {
    /// As keyed hashes.
    Keyed(IdentityKey),
    /// As they are. For test beds.
    ClearNames,
}

/// The key of the pseudonyms. Whoever has it can find out which name a hash stands for.
#[derive(Clone)]
pub struct IdentityKey(Hmac<Sha256>);

impl IdentityKey {
    /// From the content of a key file: 64 or more hexadecimal digits, or at least 32 bytes taken
    /// as they are. `None` when it is too short.
    pub fn from_file(content: &[u8]) -> Option<Self> {
        let decoded = str::from_utf8(content).ok().and_then(|text| decode_hex(text.trim()));
        let key = decoded.as_deref().unwrap_or(content);
        if key.len() < MIN_KEY_BYTES {
            return None;
        }
        Hmac::new_from_slice(key).ok().map(Self)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey")
    }
}

impl Identity {
    /// Appends the id of a device. `link` is empty for registered ones, which may be heard over
    /// several links.
    pub(super) fn device(&self, link: &str, home: &str, device: &str, out: &mut String) {
        match self {
            Self::Keyed(key) => hash(key, "device", [link, home, device], out),
            Self::ClearNames => out.push_str(device),
        }
    }

    /// Appends the id of a captured home. The link is no part of it, so that one home heard over
    /// two links is one home.
    pub(super) fn home(&self, tenant: &str, home: &str, out: &mut String) {
        match self {
            Self::Keyed(key) => hash(key, "home", [tenant, home, ""], out),
            Self::ClearNames => out.push_str(home),
        }
    }

    /// Appends the id of the home that stands for all of a link's devices without one.
    pub(super) fn homeless(&self, tenant: &str, link: &str, out: &mut String) {
        match self {
            Self::Keyed(key) => hash(key, "link", [tenant, link, ""], out),
            Self::ClearNames => out.push_str(link),
        }
    }
}

/// Parts are separated by NUL, which only the last of them may contain: topics and configured
/// names cannot, a device name from a payload can.
fn hash(key: &IdentityKey, domain: &str, parts: [&str; 3], out: &mut String) {
    let mut mac = key.0.clone();
    mac.update(domain.as_bytes());
    for part in parts {
        mac.update(b"\0");
        mac.update(part.as_bytes());
    }
    let digits = mac.finalize().into_bytes();
    let digits = digits.iter().take(USED_BYTES).flat_map(|byte| [byte >> 4, byte & 0xf]);
    out.extend(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)));
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let pairs = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    };
    pairs.chunks(2).map(byte).collect()
}
