//! One Kafka record on its way, with the obligations it carries.

use crate::{
    ack::Shares,
    model::{Lane, Mono, RecordKey, UnixMicros},
};

/// A record from the opening of its batch until Kafka's report on it. It keeps its own bytes
/// until then, so that it can be sent again without asking the broker.
#[derive(Debug)]
pub struct Record {
    /// Topic and partition.
    pub to: RecordKey,
    /// Kafka key.
    pub key: Vec<u8>,
    /// Kafka value.
    pub value: Vec<u8>,
    /// The parts of messages that wait for it.
    pub shares: Shares,
    /// Kafka timestamp: when the newest of its messages was received.
    pub timestamp: UnixMicros,
    /// When the oldest of its messages was received.
    pub opened: Mono,
    /// Readings inside.
    pub readings: u32,
    /// Whether it says of itself that it may stand behind later ones.
    pub lateness: Lateness,
    /// A dead letter's: the copy in the log of what it was made of, which is done with once the
    /// letter is safe.
    pub buries: Option<LogPlace>,
}

/// A record's place in a link's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// Lane and partition.
    pub to: RecordKey,
    /// Its number there.
    pub sequence: u64,
}

/// Whether a record says that it may stand behind later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// In order.
    InOrder,
    /// Sent again after Kafka refused a neighbour.
    DeliveredLate,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            to: RecordKey { lane: Lane::Readings, partition: 0 },
            key: Vec::new(),
            value: Vec::new(),
            shares: Shares::default(),
            timestamp: UnixMicros::default(),
            opened: Mono::default(),
            readings: 0,
            lateness: Lateness::InOrder,
            buries: None,
        }
    }
}

impl Record {
    /// Bytes it occupies here and in Kafka's queue.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

/// Buffers of reported records, for the next ones: the hot path does not allocate.
#[derive(Debug)]
pub struct RecordPool {
    free: Vec<Record>,
    limit: usize,
}

/// A buffer that grew beyond this is given back: one huge record must not hold memory for ever.
const POOLED_BYTES: usize = 64 * 1024;

impl RecordPool {
    /// Keeps at most `limit` spare records.
    pub fn new(limit: usize) -> Self {
        Self { free: Vec::new(), limit }
    }

    /// An empty record.
    pub fn take(&mut self) -> Record {
        self.free.pop().unwrap_or_default()
    }

    /// Takes a settled record back.
    pub fn put(&mut self, mut record: Record) {
        debug_assert!(record.shares.is_empty(), "a pooled record would lose its shares");
        if record.shares.is_empty()
            && self.free.len() < self.limit
            && record.value.capacity() <= POOLED_BYTES
        {
            record.key.clear();
            record.value.clear();
            record.readings = 0;
            record.lateness = Lateness::InOrder;
            record.buries = None;
            self.free.push(record);
        }
    }
}
