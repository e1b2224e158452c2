//! Who sent a message, as payloads write it: device name and counter.

use super::{
    decoded::{Decoded, DeviceName},
    error::DecodeError,
    scalar::Scalar,
};

/// A device is named by a text or a whole number.
pub(super) fn name(name: &Scalar<'_>, out: &mut Decoded) -> Result<DeviceName, DecodeError> {
    match name {
        Scalar::Text(name) => out.own_name(name),
        Scalar::Unsigned(number) => out.own_number(*number),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => Ok(DeviceName::Captured),
    }
}

/// A counter is a whole number from zero, also as text; anything else is none.
pub(super) fn sequence(sequence: &Scalar<'_>) -> Option<u64> {
    match sequence {
        Scalar::Unsigned(number) => Some(*number),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => None,
    }
}

/// By what way a message came, for [`DevicePart::way`]: never zero, which says that there is one
/// way only.
///
/// [`DevicePart::way`]: super::DevicePart::way
pub(super) fn way(name: &str) -> u32 {
    // FNV-1a.
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.max(1)
}
