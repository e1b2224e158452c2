//! A record in a segment: 32 bytes of header, then its body.
//!
//! ```text
//! mark 4 | length of the body 4 | sequence 8 | proven 8 | crc of the body 4 | crc of the header 4
//! ```
//!
//! Little endian, CRC-32C. *proven*: everything below this sequence number was known to be on the
//! medium when the frame was written; by it a torn tail is told from damage. A frame without a body is
//! no record: it only carries *proven*, and the sequence number of the record to come.

use super::orders::HEADER_BYTES;

const MARK: [u8; 4] = *b"tygF";

/// A header that has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the body.
    pub(super) length: u32,
    /// Of the record; of the next one when there is no body.
    pub(super) sequence: u64,
    /// All below was on the medium.
    pub(super) proven: u64,
    /// Of the body.
    body_crc: u32,
}

/// Start value of the header's checksum. With it a frame of another log or segment is none, be it left
/// over on the disk or a payload made to look like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seed(u32);

impl Seed {
    /// Of one segment.
    pub(super) fn new(log: u64, first: u64) -> Self {
        Self(crc32c::crc32c_append(crc32c::crc32c(&log.to_le_bytes()), &first.to_le_bytes()))
    }
}

impl Header {
    /// Reads a header. `None` when these bytes are none.
    pub(super) fn parse(bytes: &[u8], seed: Seed) -> Option<Self> {
        let (checked, crc) = bytes.first_chunk::<HEADER_BYTES>()?.split_last_chunk::<4>()?;
        let (mark, rest) = checked.split_first_chunk::<4>()?;
        if *mark != MARK || crc32c::crc32c_append(seed.0, checked) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (proven, rest) = rest.split_first_chunk::<8>()?;
        Some(Self {
            length: u32::from_le_bytes(*length),
            sequence: u64::from_le_bytes(*sequence),
            proven: u64::from_le_bytes(*proven),
            body_crc: u32::from_le_bytes(*rest.first_chunk::<4>()?),
        })
    }

    /// Is this the body that was written?
    pub(super) fn fits(&self, body: &[u8]) -> bool {
        crc32c::crc32c(body) == self.body_crc
    }

    /// Header and body.
    pub(super) fn frame_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.length)
    }

    /// Only a carrier of *proven*?
    pub(super) fn is_bare(&self) -> bool {
        self.length == 0
    }
}

/// Where a header may begin in these bytes, from `start` on.
pub(super) fn next_mark(bytes: &[u8], start: usize) -> Option<usize> {
    let found = bytes.get(start..)?.windows(MARK.len()).position(|window| window == MARK)?;
    Some(start + found)
}

/// Fills in the headers of frames of which only the bodies and their lengths are there. Filling in
/// again, for another segment, is all right. `None` when the lengths do not add up.
pub(super) fn fill(frames: &mut [u8], first: u64, proven: u64, seed: Seed) -> Option<u64> {
    let (mut rest, mut sequence) = (frames, first);
    while !rest.is_empty() {
        let (header, after) = rest.split_first_chunk_mut::<HEADER_BYTES>()?;
        let length = u32::from_le_bytes(*header.get(4..)?.first_chunk::<4>()?);
        let (body, after) = after.split_at_mut_checked(usize::try_from(length).ok()?)?;
        *header = write(length, sequence, proven, crc32c::crc32c(body), seed);
        sequence = sequence.checked_add(1)?;
        rest = after;
    }
    Some(sequence)
}

/// A frame without a body.
pub(super) fn bare(next: u64, proven: u64, seed: Seed) -> [u8; HEADER_BYTES] {
    write(0, next, proven, crc32c::crc32c(&[]), seed)
}

fn write(length: u32, sequence: u64, proven: u64, body: u32, seed: Seed) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    let fields: [&[u8]; 5] = [
        &MARK,
        &length.to_le_bytes(),
        &sequence.to_le_bytes(),
        &proven.to_le_bytes(),
        &body.to_le_bytes(),
    ];
    put(&mut bytes, &fields);
    let (checked, crc) = bytes.split_at_mut(HEADER_BYTES - 4);
    crc.copy_from_slice(&crc32c::crc32c_append(seed.0, checked).to_le_bytes());
    bytes
}

/// Writes fields one behind the other. What does not fit is left out, which no caller of ours does.
pub(super) fn put(into: &mut [u8], fields: &[&[u8]]) {
    let bytes = fields.iter().flat_map(|field| field.iter());
    for (place, byte) in into.iter_mut().zip(bytes) {
        *place = *byte;
    }
}
