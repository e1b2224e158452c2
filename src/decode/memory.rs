//! What formats have to remember between messages: the names behind Sparkplug's aliases, what a
//! Shelly said before its last change, what discovery says of a topic. One place for all of a
//! link, with one bound.
//!
//! Nothing of it outlives the process. What a broker retains (discovery, descriptions) is asked
//! for again at the first connection of a process; what is not retained (births of Sparkplug,
//! full states of a Shelly) is missing until the device says it again, and the page of the format
//! says what that means. Losing an entry never loses a message: its values are refused with a
//! reason, or read without what it would have added.

use std::{any::Any, fmt};

use foldhash::fast::FixedState;
use lru::LruCache;

/// Memory of one link when the configuration names none: some ten thousand entities of discovery.
pub const MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// What an entry costs beside what it holds: hash table, list of ages, key.
const ENTRY_BYTES: usize = 128;

/// Something a format remembers under a key of its own.
pub(super) trait Remembered: Any + Send {
    /// About how many bytes it holds, its key not counted.
    fn bytes(&self) -> usize;
}

/// What the formats of one link remember; what was not used for longest is forgotten first.
pub struct Memory {
    facts: LruCache<Box<str>, Kept, FixedState>,
    /// The key at hand: shelf and name.
    key: String,
    bytes: usize,
    limit: usize,
    forgotten: u64,
    /// Entries on [`Shelf::Exposed`]: asked for with every message of a busy format.
    exposed: usize,
}

struct Kept {
    fact: Box<dyn Any + Send>,
    bytes: usize,
    is_exposed: bool,
}

/// Keeps the names of formats apart: the first letter of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shelf {
    /// Homie's devices, by topic.
    Homie,
    /// What tests remember.
    #[cfg(test)]
    Notes,
    /// Supplies, by topic up to the device and number of the component.
    ShellyPower,
    /// Presses, by topic.
    ShellyPresses,
    /// Names of SenML's records.
    SenMl,
    /// Edge nodes of Sparkplug, by group and node.
    Sparkplug,
    /// What a state topic of Home Assistant says.
    Entities,
    /// State topics by the config topic that named them.
    Configs,
    /// State topics with wildcards.
    Wildcards,
    /// What Zigbee2MQTT says of a device's keys, by the device's topic.
    Exposed,
    /// The devices on that shelf, by the topic of their gateway.
    Exposers,
}

impl Shelf {
    fn letter(self) -> char {
        match self {
            Self::Homie => 'h',
            #[cfg(test)]
            Self::Notes => 'n',
            Self::ShellyPower => 'p',
            Self::ShellyPresses => 'b',
            Self::SenMl => 'm',
            Self::Sparkplug => 's',
            Self::Entities => 'e',
            Self::Configs => 'c',
            Self::Wildcards => 'w',
            Self::Exposed => 'z',
            Self::Exposers => 'g',
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(MEMORY_BYTES)
    }
}

impl Memory {
    /// An empty one that holds about `limit` bytes.
    pub fn new(limit: usize) -> Self {
        let facts = LruCache::unbounded_with_hasher(FixedState::default());
        Self { facts, key: String::new(), bytes: 0, limit, forgotten: 0, exposed: 0 }
    }

    /// What is remembered under a name.
    pub(super) fn get<T: Remembered>(&mut self, shelf: Shelf, name: &str) -> Option<&mut T> {
        let key = key(&mut self.key, shelf, name);
        self.facts.get_mut(key)?.fact.downcast_mut()
    }

    /// Remembers, in place of what was there. What is larger than the whole memory is not kept,
    /// and counts as forgotten.
    pub(super) fn put<T: Remembered>(&mut self, shelf: Shelf, name: &str, fact: T) {
        self.remove(shelf, name);
        let key = key(&mut self.key, shelf, name);
        let bytes = ENTRY_BYTES + key.len() + fact.bytes();
        if bytes > self.limit {
            self.forgotten += 1;
            return;
        }
        let is_exposed = shelf == Shelf::Exposed;
        self.facts.put(key.into(), Kept { fact: Box::new(fact), bytes, is_exposed });
        self.bytes += bytes;
        self.exposed += usize::from(is_exposed);
        self.shrink();
    }

    /// What is remembered under a name, or else `new`; nothing if that is larger than all there may be.
    pub(super) fn get_or_put<T: Remembered>(
        &mut self,
        shelf: Shelf,
        name: &str,
        new: impl FnOnce() -> T,
    ) -> Option<&mut T> {
        if self.get::<T>(shelf, name).is_none() {
            self.put(shelf, name, new());
        }
        self.get(shelf, name)
    }

    /// Changes what is remembered under a name, which may grow by that.
    pub(super) fn update<T: Remembered, R>(
        &mut self,
        shelf: Shelf,
        name: &str,
        change: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let key = key(&mut self.key, shelf, name);
        let kept = self.facts.get_mut(key)?;
        let fact: &mut T = kept.fact.downcast_mut()?;
        let result = change(fact);
        let bytes = ENTRY_BYTES + key.len() + fact.bytes();
        self.bytes = self.bytes - kept.bytes + bytes;
        kept.bytes = bytes;
        self.shrink();
        Some(result)
    }

    /// Forgets on purpose.
    pub(super) fn remove(&mut self, shelf: Shelf, name: &str) {
        let key = key(&mut self.key, shelf, name);
        if let Some(kept) = self.facts.pop(key) {
            self.bytes -= kept.bytes;
            self.exposed -= usize::from(kept.is_exposed);
        }
    }

    /// Counts what a bound of a format left out, as forgotten.
    pub(super) fn leave_out(&mut self, count: u64) {
        self.forgotten += count;
    }

    /// Is there anything on [`Shelf::Exposed`]?
    pub(super) fn has_exposed(&self) -> bool {
        self.exposed > 0
    }

    /// Bytes held, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Holds nothing?
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Entries that had to go for newer ones.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn shrink(&mut self) {
        while self.bytes > self.limit {
            let Some((_, oldest)) = self.facts.pop_lru() else { break };
            self.bytes -= oldest.bytes;
            self.exposed -= usize::from(oldest.is_exposed);
            self.forgotten += 1;
        }
    }
}

fn key<'k>(key: &'k mut String, shelf: Shelf, name: &str) -> &'k str {
    key.clear();
    key.push(shelf.letter());
    key.push_str(name);
    key
}

/// What is remembered says where sensors are; only amounts are shown.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("facts", &self.facts.len())
            .field("bytes", &self.bytes)
            .field("forgotten", &self.forgotten)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Remembered for String {
        fn bytes(&self) -> usize {
            self.capacity()
        }
    }

    fn note(memory: &mut Memory, name: &str) -> Option<String> {
        memory.get::<String>(Shelf::Notes, name).cloned()
    }

    #[test]
    fn the_oldest_use_is_forgotten_first_and_counted() {
        let mut memory = Memory::new(3 * (ENTRY_BYTES + 2));
        for name in ["a", "b", "c"] {
            memory.put(Shelf::Notes, name, String::new());
        }
        assert!(note(&mut memory, "a").is_some());
        memory.put(Shelf::Notes, "d", String::new());
        assert_eq!(note(&mut memory, "b"), None);
        assert_eq!((memory.len(), memory.forgotten()), (3, 1));
    }

    #[test]
    fn what_is_on_the_shelf_asked_for_most_is_counted() {
        let mut memory = Memory::new(2 * (ENTRY_BYTES + 2));
        assert!(!memory.has_exposed());
        memory.put(Shelf::Exposed, "a", String::new());
        memory.put(Shelf::Exposed, "a", String::new());
        memory.put(Shelf::Notes, "b", String::new());
        assert!(memory.has_exposed());
        memory.put(Shelf::Notes, "c", String::new());
        assert!(!memory.has_exposed(), "it was the oldest");
        memory.put(Shelf::Exposed, "a", String::new());
        memory.remove(Shelf::Exposed, "a");
        assert!(!memory.has_exposed());
    }

    #[test]
    fn what_grows_is_weighed_again() {
        let mut memory = Memory::new(10_000);
        memory.put(Shelf::Notes, "a", String::new());
        memory.put(Shelf::Notes, "b", String::new());
        let grow = |note: &mut String| note.push_str(&"x".repeat(9_860));
        assert!(memory.update(Shelf::Notes, "b", grow).is_some());
        assert_eq!(note(&mut memory, "a"), None, "no room beside the other");
        assert!(memory.bytes() >= 9_860);
        memory.remove(Shelf::Notes, "b");
        assert_eq!((memory.bytes(), memory.len(), memory.forgotten()), (0, 0, 1));
        memory.put(Shelf::Notes, "huge", "x".repeat(20_000));
        assert!(memory.is_empty(), "it is larger than all there is");
    }
}
