//! Who is there: every topic that was heard, within bounds.

use std::{collections::BTreeMap, fmt};

use crate::decode::{Format, Mark, recognise};

/// What is remembered at most.
#[derive(Clone, Copy, Debug)]
pub struct CensusLimits {
    /// Topics.
    pub topics: usize,
    /// Bytes of topics and of one payload of each.
    pub bytes: usize,
}

impl Default for CensusLimits {
    fn default() -> Self {
        Self { topics: 50_000, bytes: 32 * 1024 * 1024 }
    }
}

/// Everything heard so far.
pub struct Census {
    limits: CensusLimits,
    pub(super) topics: BTreeMap<String, Heard>,
    bytes: usize,
    messages: u64,
    uncounted: u64,
    unreadable: u64,
}

/// What was heard under one topic.
pub(super) struct Heard {
    pub(super) recognised: Option<(Format, Mark)>,
    pub(super) messages: u64,
    /// The last payload that was there, if there was room for it.
    pub(super) payload: Vec<u8>,
}

impl Census {
    /// Nothing yet.
    pub fn new(limits: CensusLimits) -> Self {
        Self { limits, topics: BTreeMap::new(), bytes: 0, messages: 0, uncounted: 0, unreadable: 0 }
    }

    /// Takes a message down.
    pub fn hear(&mut self, topic: &str, payload: &[u8]) {
        self.messages += 1;
        if let Some(heard) = self.topics.get_mut(topic) {
            heard.messages += 1;
            if payload.is_empty() {
                return;
            }
            let recognised = recognise(topic, payload);
            // What is known by its content once stays known.
            heard.recognised =
                recognised.map(|found| (found.format, found.mark)).or(heard.recognised);
            let bytes = self.bytes - heard.payload.len() + payload.len();
            if bytes <= self.limits.bytes {
                self.bytes = bytes;
                heard.payload.clear();
                heard.payload.extend_from_slice(payload);
            }
            return;
        }
        let bytes = self.bytes + topic.len();
        if self.topics.len() >= self.limits.topics || bytes > self.limits.bytes {
            self.uncounted += 1;
            return;
        }
        let recognised = recognise(topic, payload).map(|found| (found.format, found.mark));
        let has_room = bytes + payload.len() <= self.limits.bytes;
        let payload = if has_room { payload.to_vec() } else { Vec::new() };
        self.bytes = bytes + payload.len();
        self.topics.insert(topic.to_owned(), Heard { recognised, messages: 1, payload });
    }

    /// Notes a message that could not be read.
    pub fn pass_over(&mut self) {
        self.unreadable += 1;
    }

    /// Messages heard.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Topics heard.
    pub fn topics(&self) -> usize {
        self.topics.len()
    }

    /// Messages of topics for which there was no room.
    pub fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// Messages that were too large, or had no valid topic.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

/// It holds messages.
impl fmt::Debug for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Census")
            .field("topics", &self.topics.len())
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_counted_and_nothing_grows_beyond_its_bound() {
        let mut census = Census::new(CensusLimits { topics: 2, bytes: 40 });
        for (topic, payload) in [
            ("a", "1234567890"),
            ("b", "x"),
            ("c", "y"),
            ("a", "2"),
            ("a", ""),
            ("b", &"z".repeat(99)),
        ] {
            census.hear(topic, payload.as_bytes());
        }
        assert_eq!((census.topics(), census.messages(), census.uncounted()), (2, 6, 1));
        assert_eq!(census.bytes, "a".len() + "b".len() + "2".len() + "x".len());
        assert_eq!(census.topics.get("a").unwrap().payload, b"2", "an empty one tells nothing");
    }
}
