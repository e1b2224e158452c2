//! Event ids: 128 bits a device report.
//!
//! CONTENT: xxh3-128 over the byte 1, then tenant, device name and payload, each of the first
//! two preceded by its length as four little-endian bytes. RECEPTION: xxh3-128 over the byte 2,
//! the link's name preceded by its length, the engine's start (microseconds since 1970, eight
//! little-endian bytes) and a running number (the same). A message of several reports: from the
//! second report on, xxh3-128 over the byte 3, the id made so (big-endian) and the report's
//! position (four little-endian bytes). Written to the wire big-endian, which is xxHash's
//! canonical form. Golden vectors: `tests/golden/event_ids.json`.
//!
//! xxh3 is no defence against forgery: compare ids within a device only.

use xxhash_rust::xxh3::xxh3_128;

use crate::model::{LinkName, UnixMicros};

/// Domain of each basis and version of its recipe in one byte: a changed recipe is another byte.
const CONTENT: u8 = 1;
const RECEPTION: u8 = 2;
const REPORT_OF_SEVERAL: u8 = 3;

/// Makes event ids for one link.
#[derive(Debug)]
pub struct EventIds {
    link: LinkName,
    started: UnixMicros,
    received: u64,
    scratch: Vec<u8>,
}

impl EventIds {
    /// `started` tells apart two lives of the engine.
    pub fn new(link: LinkName, started: UnixMicros) -> Self {
        Self { link, started, received: 0, scratch: Vec::with_capacity(1024) }
    }

    /// The id of what a payload says, stable for ever.
    pub fn content(&mut self, tenant: &str, device: &str, payload: &[u8]) -> u128 {
        self.scratch.clear();
        self.scratch.push(CONTENT);
        prefixed(tenant.as_bytes(), &mut self.scratch);
        prefixed(device.as_bytes(), &mut self.scratch);
        self.scratch.extend_from_slice(payload);
        xxh3_128(&self.scratch)
    }

    /// The id of a message that says nothing unmistakable of itself.
    pub fn reception(&mut self) -> u128 {
        let number = self.received;
        self.received += 1;
        self.scratch.clear();
        self.scratch.push(RECEPTION);
        prefixed(self.link.as_bytes(), &mut self.scratch);
        self.scratch.extend_from_slice(&self.started.0.to_le_bytes());
        self.scratch.extend_from_slice(&number.to_le_bytes());
        xxh3_128(&self.scratch)
    }

    /// The id of one report in a message of several: the message's own for the first.
    pub fn of_device(&mut self, message: u128, position: u32) -> u128 {
        if position == 0 {
            return message;
        }
        self.scratch.clear();
        self.scratch.push(REPORT_OF_SEVERAL);
        self.scratch.extend_from_slice(&message.to_be_bytes());
        self.scratch.extend_from_slice(&position.to_le_bytes());
        xxh3_128(&self.scratch)
    }
}

fn prefixed(field: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_equal_the_golden_vectors() {
        let golden = include_str!("../../tests/golden/event_ids.json");
        let vectors: Vec<serde_json::Value> = serde_json::from_str(golden).expect("json");
        assert!(vectors.len() >= 5);
        let mut ids = EventIds::new("any".into(), UnixMicros(7));
        for vector in vectors {
            let text = |key: &str| vector[key].as_str().expect("text").to_owned();
            let id = ids.content(&text("tenant"), &text("device"), text("payload").as_bytes());
            assert_eq!(format!("{id:032x}"), text("event_id"), "{vector}");
        }
    }

    #[test]
    fn field_borders_are_part_of_the_id() {
        let mut ids = EventIds::new("a".into(), UnixMicros(0));
        assert_ne!(ids.content("ab", "c", b"d"), ids.content("a", "bc", b"d"));
        assert_ne!(ids.content("a", "bc", b"d"), ids.content("a", "b", b"cd"));
    }

    #[test]
    fn receptions_differ_by_link_start_and_number() {
        let mut ids = EventIds::new("a".into(), UnixMicros(1));
        let (first, second) = (ids.reception(), ids.reception());
        assert_ne!(first, second);
        assert_ne!(first, EventIds::new("b".into(), UnixMicros(1)).reception());
        assert_ne!(first, EventIds::new("a".into(), UnixMicros(2)).reception());
        assert_eq!(first, EventIds::new("a".into(), UnixMicros(1)).reception());
        assert_eq!(ids.of_device(first, 0), first);
        assert_ne!(ids.of_device(first, 1), ids.of_device(first, 2));
    }
}
