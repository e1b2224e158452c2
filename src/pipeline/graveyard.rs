//! Dead letters as records.

use std::fmt;

use crate::{
    catalogue::Catalogue,
    decode::Decoded,
    encode::{
        DeadLetterEncoder,
        dead_letter::{DeadLetter, Payload, RefusedReading},
    },
    model::{Lane, Moment, QoS, RecordKey, murmur2},
    pipeline::PipelineSettings,
    record::{Record, RecordPool},
};
use xxhash_rust::xxh3::xxh3_64;

/// A message that cannot be used.
#[derive(Clone, Copy)]
pub struct Burial<'a> {
    /// Topic as received.
    pub topic: &'a [u8],
    /// What is held of the payload.
    pub payload: Payload<'a>,
    /// As received.
    pub qos: QoS,
    /// As received.
    pub retained: bool,
    /// When.
    pub received: Moment,
    /// Closed reason code.
    pub reason: &'static str,
}

/// Topic and payload are person data.
impl fmt::Debug for Burial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Burial").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// What a dead letter may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Topic and payload.
    #[default]
    Kept,
    /// Neither of them, nor anything read from them: a home has not consented to it, or nobody
    /// knows whose it is.
    Withheld,
}

/// What a dead letter without bytes says instead.
const WITHHELD: &str = "nothing is kept of it: no consent";
/// Shows no length either.
const NO_PAYLOAD: Payload<'static> = Payload::Head { head: &[], length: 0 };

/// Why, in detail.
pub(super) struct Grounds<'a> {
    pub(super) reason: &'static str,
    /// Expectation and position; never payload content.
    pub(super) detail: String,
    /// Holds the refused readings, if single ones were refused.
    pub(super) refused: Option<&'a Decoded>,
    pub(super) bytes: Bytes,
}

/// Writes the dead letters of one link.
#[derive(Debug)]
pub(super) struct Graveyard {
    encoder: DeadLetterEncoder,
    link: String,
    partitions: i32,
}

/// Room for everything of a dead letter but its payload: topic 4 KiB, 32 refused readings of up
/// to 100 bytes, the rest.
const OVERHEAD_BYTES: usize = 8 * 1024;

impl Graveyard {
    pub(super) fn new(settings: &PipelineSettings) -> Self {
        let payload_max = settings.dead_letter_bytes.saturating_sub(OVERHEAD_BYTES);
        let [_, _, partitions] = settings.partitions;
        Self {
            encoder: DeadLetterEncoder::new(&settings.link, payload_max),
            link: settings.link.to_string(),
            partitions,
        }
    }

    pub(super) fn letter(
        &self,
        burial: &Burial<'_>,
        format: &str,
        grounds: &Grounds<'_>,
        catalogue: &Catalogue,
        pool: &mut RecordPool,
    ) -> Record {
        let (topic, payload, detail): (&[u8], _, _) = match grounds.bytes {
            Bytes::Kept => (burial.topic, burial.payload, &*grounds.detail),
            Bytes::Withheld => (&[], NO_PAYLOAD, WITHHELD),
        };
        let letter = DeadLetter {
            topic,
            payload,
            reason: grounds.reason,
            detail,
            format,
            received_at: burial.received.wall,
            qos: burial.qos,
            retained: burial.retained,
            refused_count: grounds.refused.map_or(0, |decoded| decoded.refused_count),
            refused_by: "",
        };
        let listed = grounds.refused.filter(|_| grounds.bytes == Bytes::Kept);
        let refused =
            listed.into_iter().flat_map(|decoded| &decoded.refused).map(|refused| RefusedReading {
                kind: refused.kind,
                reason: refused.reason.reason(),
                number: refused.number,
            });
        let mut record = self.record(topic, burial.received, pool);
        self.encoder.write(&letter, refused, catalogue, &mut record.value);
        record
    }

    pub(super) fn letter_of_record(
        &self,
        refused: &Record,
        (code, bytes): (&str, Bytes),
        now: Moment,
        catalogue: &Catalogue,
        pool: &mut RecordPool,
    ) -> Record {
        let (key, payload, detail): (&[u8], _, _) = match bytes {
            Bytes::Kept => (
                &refused.key,
                Payload::Whole(&refused.value),
                "payload is the refused record's value",
            ),
            Bytes::Withheld => (&[], NO_PAYLOAD, WITHHELD),
        };
        let letter = DeadLetter {
            topic: b"",
            payload,
            reason: "kafka_refused",
            detail,
            format: "",
            received_at: refused.timestamp,
            qos: QoS::AtLeastOnce,
            retained: false,
            refused_count: 0,
            refused_by: &format!("{} {code}", refused.to.lane.label()),
        };
        let mut record = self.record(key, now, pool);
        record.buries = refused.buries;
        self.encoder.write(&letter, std::iter::empty(), catalogue, &mut record.value);
        record
    }

    /// Key: link and a hash of the topic, so that one topic's dead letters stay in order.
    fn record(&self, topic: &[u8], received: Moment, pool: &mut RecordPool) -> Record {
        let mut record = pool.take();
        record.key.extend_from_slice(self.link.as_bytes());
        record.key.extend_from_slice(format!("/{:016x}", xxh3_64(topic)).as_bytes());
        let partition = murmur2::partition(&record.key, self.partitions);
        record.to = RecordKey { lane: Lane::DeadLetters, partition };
        record.timestamp = received.wall;
        record.opened = received.mono;
        record
    }
}
