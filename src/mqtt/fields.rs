//! The basic fields MQTT packets are made of.

/// A variable byte integer at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VariableInteger {
    /// Its value (at most 268 435 455) and how many bytes it took (1 to 4).
    Complete { value: usize, width: usize },
    /// The bytes end inside it.
    Partial,
    /// The fourth byte says that a fifth follows.
    Malformed,
}

/// Reads a variable byte integer. Padded forms (`80 00` for 0) are taken: they break the
/// specification, but the frame is unambiguous and refusing it would only stop the link.
#[inline]
pub(super) fn variable_integer(bytes: &[u8]) -> VariableInteger {
    let mut value = 0;
    for (at, &byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return VariableInteger::Complete { value, width: at + 1 };
        }
    }
    if bytes.len() < 4 { VariableInteger::Partial } else { VariableInteger::Malformed }
}

/// How many bytes a variable byte integer takes.
pub(super) fn variable_width(value: usize) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}

/// Appends a variable byte integer of at most 268 435 455.
pub(super) fn push_variable_integer(mut value: usize, out: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(value & 0x7F).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// A big-endian two-byte integer and what follows it.
#[inline]
pub(super) fn two_bytes(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*head), rest))
}

/// A string or binary field (two bytes of length in front) and what follows it.
#[inline]
pub(super) fn binary(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = two_bytes(bytes)?;
    rest.split_at_checked(usize::from(length))
}

#[cfg(test)]
mod tests {
    use super::{VariableInteger::*, *};

    #[test]
    fn variable_integers_of_every_width() {
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x7F], 127),
            (&[0x80, 0x01], 128),
            (&[0xFF, 0x7F], 16_383),
            (&[0x80, 0x80, 0x01], 16_384),
            (&[0xFF, 0xFF, 0xFF, 0x7F], 268_435_455),
        ] {
            assert_eq!(variable_integer(bytes), Complete { value, width: bytes.len() });
            let mut written = Vec::new();
            push_variable_integer(value, &mut written);
            assert_eq!((&written[..], variable_width(value)), (bytes, bytes.len()));
            for cut in 0..bytes.len() {
                assert_eq!(variable_integer(&bytes[..cut]), Partial);
            }
        }
        assert_eq!(variable_integer(&[0x80, 0x00]), Complete { value: 0, width: 2 });
        assert_eq!(variable_integer(&[0xFF, 0xFF, 0xFF, 0xFF]), Malformed);
        assert_eq!(variable_integer(&[0xFF, 0xFF, 0xFF, 0xFF, 0x01]), Malformed);
    }
}
