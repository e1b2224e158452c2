//! The few protobuf primitives the encoders need.

use std::iter;

/// Wire type of a field.
#[derive(Clone, Copy, Debug)]
pub enum WireType {
    /// Integers, booleans, enums.
    Varint = 0,
    /// double, sfixed64.
    Fixed64 = 1,
    /// bytes, strings, messages, packed lists.
    Length = 2,
}

/// Appends a varint.
#[inline]
pub fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

#[expect(clippy::cast_possible_truncation, reason = "the low byte is what is asked for")]
fn low_byte(value: u64) -> u8 {
    value as u8
}

/// Appends a field's tag.
#[inline]
pub fn tag(field: u32, wire: WireType, out: &mut Vec<u8>) {
    varint(u64::from(field << 3 | wire as u32), out);
}

/// The tag of one of the first fifteen fields, made while compiling.
///
/// # Panics
///
/// For a later field: it has a tag of two bytes. In a constant that does not compile.
pub const fn one_byte_tag(field: u32, wire: WireType) -> u8 {
    assert!(field < 16, "a tag of two bytes");
    #[expect(clippy::cast_possible_truncation, reason = "below 128, as just asserted")]
    let tag = (field << 3 | wire as u32) as u8;
    tag
}

/// Appends a length-delimited field; empty ones are left out, as proto3 does.
pub fn bytes(field: u32, value: &[u8], out: &mut Vec<u8>) {
    if !value.is_empty() {
        tag(field, WireType::Length, out);
        varint(wide(value.len()), out);
        out.extend_from_slice(value);
    }
}

/// Appends an integer, boolean or enum field; zero is left out, as proto3 does.
#[inline]
pub fn integer(field: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        tag(field, WireType::Varint, out);
        varint(value, out);
    }
}

/// Appends an eight-byte field, zero included: for `optional` ones and oneofs.
#[inline]
pub fn fixed64(field: u32, value: [u8; 8], out: &mut Vec<u8>) {
    if let Ok(one @ 0..0x80) = u8::try_from(field << 3 | WireType::Fixed64 as u32) {
        // In one go: most fields have tags of one byte.
        let mut whole = [one; 9];
        let [_, rest @ ..] = &mut whole;
        *rest = value;
        out.extend_from_slice(&whole);
    } else {
        tag(field, WireType::Fixed64, out);
        out.extend_from_slice(&value);
    }
}

/// Appends a message field whose body `write` appends. The length is patched in afterwards;
/// `LENGTH_BYTES` are reserved for it, and the body moves only if the guess was wrong.
#[inline]
pub fn message<const LENGTH_BYTES: usize>(
    field: u32,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>),
) {
    tag(field, WireType::Length, out);
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    write(out);
    let length = out.len() - start - LENGTH_BYTES;
    let is_guessed = length >> (7 * LENGTH_BYTES) == 0
        && (LENGTH_BYTES == 1 || length >> (7 * (LENGTH_BYTES - 1)) > 0);
    match out.get_mut(start..start + LENGTH_BYTES) {
        Some(place) if is_guessed => {
            for (at, byte) in place.iter_mut().enumerate() {
                let more = if at + 1 < LENGTH_BYTES { 0x80 } else { 0 };
                *byte = low_byte(wide(length) >> (7 * at)) & 0x7f | more;
            }
        }
        Some(_) | None => insert_length(start, LENGTH_BYTES, wide(length), out),
    }
}

/// Writes the length in front of a body behind `reserved` bytes, and moves the body up to it.
#[inline(never)]
fn insert_length(start: usize, reserved: usize, length: u64, out: &mut Vec<u8>) {
    let mut encoded = [0_u8; 10];
    let mut used = 0;
    let mut rest = length;
    for byte in &mut encoded {
        *byte = low_byte(rest) & 0x7f | if rest >= 0x80 { 0x80 } else { 0 };
        rest >>= 7;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    if used > reserved {
        out.splice(start..start, iter::repeat_n(0, used - reserved));
    } else {
        out.copy_within(start + reserved.., start + used);
        out.truncate(out.len() - (reserved - used));
    }
    if let (Some(place), Some(encoded)) = (out.get_mut(start..start + used), encoded.get(..used)) {
        place.copy_from_slice(encoded);
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As protobuf has it, whatever was reserved: the shortest length in front of an unchanged body.
    #[test]
    fn a_length_is_the_shortest_whatever_was_reserved() {
        for length in [0, 1, 126, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152] {
            let body: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut expected = b"before".to_vec();
            bytes(1, &body, &mut expected);
            if length == 0 {
                expected.extend([0x0a, 0]);
            }
            let (mut one, mut two, mut three) =
                (b"before".to_vec(), b"before".to_vec(), b"before".to_vec());
            message::<1>(1, &mut one, |out| out.extend_from_slice(&body));
            message::<2>(1, &mut two, |out| out.extend_from_slice(&body));
            message::<3>(1, &mut three, |out| out.extend_from_slice(&body));
            for made in [one, two, three] {
                assert!(made == expected, "{length}");
            }
        }
    }

    #[test]
    fn a_tag_of_two_bytes_goes_before_eight_bytes_too() {
        let mut out = Vec::new();
        fixed64(15, [1; 8], &mut out);
        fixed64(16, [2; 8], &mut out);
        let expected = [&[15 << 3 | 1][..], &[1; 8], &[0x81, 1], &[2; 8]].concat();
        assert_eq!(out, expected);
    }
}
