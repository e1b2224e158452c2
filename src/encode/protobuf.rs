//! The few protobuf primitives the encoders need.

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
pub fn tag(field: u32, wire: WireType, out: &mut Vec<u8>) {
    varint(u64::from(field << 3 | wire as u32), out);
}

/// Appends a length-delimited field; empty ones are left out, as proto3 does.
pub fn bytes(field: u32, value: &[u8], out: &mut Vec<u8>) {
    if !value.is_empty() {
        tag(field, WireType::Length, out);
        varint(length(value), out);
        out.extend_from_slice(value);
    }
}

/// Appends an integer, boolean or enum field; zero is left out, as proto3 does.
pub fn integer(field: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        tag(field, WireType::Varint, out);
        varint(value, out);
    }
}

/// Appends an eight-byte field, zero included: for `optional` ones and oneofs.
pub fn fixed64(field: u32, value: [u8; 8], out: &mut Vec<u8>) {
    tag(field, WireType::Fixed64, out);
    out.extend_from_slice(&value);
}

/// Appends a message field whose body `write` appends. The length is patched in afterwards;
/// `LENGTH_BYTES` are reserved for it, and the body moves only if the guess was wrong.
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
    let mut encoded = [0_u8; 10];
    let mut used = 0;
    let mut rest = u64::try_from(length).unwrap_or(u64::MAX);
    for byte in &mut encoded {
        *byte = low_byte(rest) & 0x7f;
        rest >>= 7;
        used += 1;
        if rest == 0 {
            break;
        }
        *byte |= 0x80;
    }
    let encoded = encoded.get(..used).unwrap_or_default();
    if used == LENGTH_BYTES {
        if let Some(place) = out.get_mut(start..start + LENGTH_BYTES) {
            place.copy_from_slice(encoded);
        }
    } else {
        out.splice(start..start + LENGTH_BYTES, encoded.iter().copied());
    }
}

fn length(value: &[u8]) -> u64 {
    u64::try_from(value.len()).unwrap_or(u64::MAX)
}
