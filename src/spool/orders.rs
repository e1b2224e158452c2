//! What a link asks of the spool, gathered during one step.

use crate::{
    model::{Lane, UnixMicros},
    record::{Lateness, Record},
};

/// Room in front of every body for the frame's header, which the spool's thread fills in.
pub const HEADER_BYTES: usize = 32;
/// Bytes of a body before key and value.
const FIXED_BYTES: usize = 4 + 8 + 4 + 1 + 4;

/// One step's orders of a link, by lane.
#[derive(Debug, Default)]
pub struct Orders {
    lanes: [LaneOrders; 3],
}

/// Orders for one log.
#[derive(Debug, Default)]
pub struct LaneOrders {
    /// Sequence number of the first frame to append.
    pub first: u64,
    /// Frames to append; their sequence numbers follow each other.
    pub count: u64,
    /// The frames: [`HEADER_BYTES`] of which the second four hold the body's length (little endian)
    /// and the rest is filled in by the spool, then the body.
    pub frames: Vec<u8>,
    /// By partition: everything of it below this sequence number is delivered.
    pub marks: Option<Vec<u64>>,
    /// Read from here; one request at a time.
    pub read: Option<u64>,
}

impl Orders {
    /// One lane's.
    pub fn lane(&self, lane: Lane) -> &LaneOrders {
        let [readings, alerts, dead_letters] = &self.lanes;
        match lane {
            Lane::Readings => readings,
            Lane::Alerts => alerts,
            Lane::DeadLetters => dead_letters,
        }
    }

    /// One lane's, to add to.
    pub fn lane_mut(&mut self, lane: Lane) -> &mut LaneOrders {
        let [readings, alerts, dead_letters] = &mut self.lanes;
        match lane {
            Lane::Readings => readings,
            Lane::Alerts => alerts,
            Lane::DeadLetters => dead_letters,
        }
    }

    /// Nothing asked?
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(LaneOrders::is_empty)
    }
}

impl LaneOrders {
    /// Nothing asked?
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.marks.is_none() && self.read.is_none()
    }

    /// Appends a record under `sequence`, which follows the one before.
    pub fn append(&mut self, sequence: u64, record: &Record) {
        if self.count == 0 {
            self.first = sequence;
        }
        debug_assert_eq!(sequence, self.first + self.count, "a gap in the log");
        self.count += 1;
        let body = FIXED_BYTES + record.key.len() + record.value.len();
        self.frames.reserve(HEADER_BYTES + body);
        self.frames.extend_from_slice(&[0; 4]);
        self.frames.extend_from_slice(&u32::try_from(body).unwrap_or(u32::MAX).to_le_bytes());
        self.frames.extend_from_slice(&[0; HEADER_BYTES - 8]);
        Body::of(record).write(&mut self.frames);
    }
}

/// A record as it lies in the log. Its lane is the log's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// Partition of the lane's topic.
    pub partition: i32,
    /// Kafka timestamp.
    pub timestamp: UnixMicros,
    /// Readings inside.
    pub readings: u32,
    /// Whether it says of itself that later ones may stand before it.
    pub lateness: Lateness,
    /// Kafka key.
    pub key: &'a [u8],
    /// Kafka value.
    pub value: &'a [u8],
}

impl<'a> Body<'a> {
    /// What of a record is kept.
    pub fn of(record: &'a Record) -> Self {
        Self {
            partition: record.to.partition,
            timestamp: record.timestamp,
            readings: record.readings,
            lateness: record.lateness,
            key: &record.key,
            value: &record.value,
        }
    }

    /// Appends its bytes.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.partition.to_le_bytes());
        into.extend_from_slice(&self.timestamp.0.to_le_bytes());
        into.extend_from_slice(&self.readings.to_le_bytes());
        into.push(u8::from(self.lateness == Lateness::DeliveredLate));
        into.extend_from_slice(&u32::try_from(self.key.len()).unwrap_or(u32::MAX).to_le_bytes());
        into.extend_from_slice(self.key);
        into.extend_from_slice(self.value);
    }

    /// When the record was received, of the first bytes of a body.
    pub(super) fn timestamp_of(bytes: &[u8]) -> Option<UnixMicros> {
        let timestamp = bytes.get(4..)?.first_chunk::<8>()?;
        Some(UnixMicros(i64::from_le_bytes(*timestamp)))
    }

    /// Takes a body apart. `None` when it is none.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (partition, rest) = bytes.split_first_chunk::<4>()?;
        let (timestamp, rest) = rest.split_first_chunk::<8>()?;
        let (readings, rest) = rest.split_first_chunk::<4>()?;
        let (flags, rest) = rest.split_first()?;
        let (key_length, rest) = rest.split_first_chunk::<4>()?;
        let (key, value) =
            rest.split_at_checked(usize::try_from(u32::from_le_bytes(*key_length)).ok()?)?;
        Some(Self {
            partition: i32::from_le_bytes(*partition),
            timestamp: UnixMicros(i64::from_le_bytes(*timestamp)),
            readings: u32::from_le_bytes(*readings),
            lateness: match flags & 1 {
                0 => Lateness::InOrder,
                _ => Lateness::DeliveredLate,
            },
            key,
            value,
        })
    }
}
