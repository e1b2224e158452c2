//! Successes without a place in the log: librdkafka infers them, no broker has told them.
//!
//! When a batch was refused for a reason that passes, and a later one of its partition is taken,
//! librdkafka holds both for written, because a broker takes sequence numbers without gaps. But the
//! log of a topic that was deleted and made again has never heard of the producer, and takes any
//! number for its first. What the old log had refused, and the new one was never sent, would be
//! acknowledged. The place of the later record tells: behind the last one that was told there must
//! be room for all that is inferred. Where there is none, nobody knows what became of them.
//!
//! That is evidence and no proof: a topic that is made again and filled by others beyond its old
//! end, all between two batches of one partition, is not told from the old one.

use std::mem;

/// What an inferred success is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is room for it in the log.
    Written,
    /// Its place may be in a log that is gone.
    Unknown,
}

/// Every partition that one producer writes to.
#[derive(Debug)]
pub(super) struct Implied<T> {
    topics: Vec<(Box<str>, Vec<Log<T>>)>,
}

#[derive(Debug)]
struct Log<T> {
    /// Place of the last record that was told.
    last: Option<i64>,
    /// Inferred since, in order: no more than the producer holds.
    waiting: Vec<T>,
    /// How many of them waited at the last look.
    stale: usize,
}

impl<T> Default for Implied<T> {
    fn default() -> Self {
        Self { topics: Vec::new() }
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { last: None, waiting: Vec::new(), stale: 0 }
    }
}

impl<T> Implied<T> {
    /// A success without a place: the one it was inferred from follows at once.
    pub(super) fn infer(&mut self, topic: &str, partition: i32, item: T) {
        if let Some(log) = self.log(topic, partition) {
            log.waiting.push(item);
        }
    }

    /// A success with its place, which settles those inferred from it.
    #[inline]
    pub(super) fn place(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
        settle: impl FnMut(T, Verdict),
    ) {
        let Some(log) = self.log(topic, partition) else { return };
        if !log.waiting.is_empty() {
            log.settle(offset, settle);
        }
        log.last = Some(offset);
    }

    /// Settles what has waited since the look before: nothing follows it any more, as behind the
    /// reply of a broker that had the batch and has forgotten where.
    pub(super) fn look(&mut self, mut settle: impl FnMut(T, Verdict)) {
        for log in self.topics.iter_mut().flat_map(|(_, logs)| logs) {
            log.waiting.drain(..log.stale).for_each(|item| settle(item, Verdict::Unknown));
            log.stale = log.waiting.len();
        }
    }

    /// Nothing for the partition -1, which no record of ours has.
    fn log(&mut self, topic: &str, partition: i32) -> Option<&mut Log<T>> {
        let partition = usize::try_from(partition).ok()?;
        let known = self.topics.iter().position(|(name, _)| **name == *topic);
        let number = known.unwrap_or_else(|| {
            self.topics.push((topic.into(), Vec::new()));
            self.topics.len() - 1
        });
        let (_, logs) = self.topics.get_mut(number)?;
        if logs.len() <= partition {
            logs.resize_with(partition + 1, Log::default);
        }
        logs.get_mut(partition)
    }
}

impl<T> Log<T> {
    #[cold]
    fn settle(&mut self, offset: i64, mut settle: impl FnMut(T, Verdict)) {
        self.stale = 0;
        let between = self.last.and_then(|last| offset.checked_sub(last)?.checked_sub(1));
        let is_room = between
            .and_then(|places| usize::try_from(places).ok())
            .is_some_and(|places| places >= self.waiting.len());
        let verdict = if is_room { Verdict::Written } else { Verdict::Unknown };
        for item in mem::take(&mut self.waiting) {
            settle(item, verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Implied, Verdict::*, *};

    type Told = Vec<(char, Verdict)>;

    fn place(implied: &mut Implied<char>, partition: i32, offset: i64) -> Told {
        let mut told = Vec::new();
        implied.place("readings", partition, offset, |item, verdict| told.push((item, verdict)));
        told
    }

    fn look(implied: &mut Implied<char>) -> Told {
        let mut told = Vec::new();
        implied.look(|item, verdict| told.push((item, verdict)));
        told
    }

    #[test]
    fn what_has_room_before_the_next_place_was_written() {
        let mut implied = Implied::default();
        assert_eq!(place(&mut implied, 2, 40), []);
        implied.infer("readings", 2, 'a');
        implied.infer("readings", 2, 'b');
        assert_eq!(place(&mut implied, 2, 43), [('a', Written), ('b', Written)]);
        assert_eq!(place(&mut implied, 2, 44), [], "each is settled once");
        implied.infer("readings", 2, 'c');
        assert_eq!(place(&mut implied, 2, 60), [('c', Written)], "others write there too");
    }

    #[test]
    fn a_log_that_begins_anew_proves_nothing() {
        for (last, next) in [(34, 0), (34, 34), (34, 35), (34, 36), (0, 2), (i64::MAX, 0)] {
            let mut implied = Implied::default();
            place(&mut implied, 0, last);
            implied.infer("readings", 0, 'a');
            implied.infer("readings", 0, 'b');
            let unknown = [('a', Unknown), ('b', Unknown)];
            assert_eq!(place(&mut implied, 0, next), unknown, "{next} behind {last}");
        }
        let mut implied = Implied::default();
        implied.infer("readings", 0, 'a');
        assert_eq!(place(&mut implied, 0, 7), [('a', Unknown)], "nothing was told before");
    }

    #[test]
    fn partitions_and_topics_are_apart() {
        let mut implied = Implied::default();
        place(&mut implied, 0, 5);
        place(&mut implied, 3, 5);
        implied.infer("readings", 0, 'a');
        implied.infer("alerts", 0, 'b');
        implied.infer("readings", -1, 'x');
        assert_eq!(place(&mut implied, 3, 9), []);
        assert_eq!(place(&mut implied, 0, 9), [('a', Written)]);
        assert_eq!(look(&mut implied), []);
        assert_eq!(look(&mut implied), [('b', Unknown)]);
    }

    #[test]
    fn what_nothing_follows_is_unknown_at_the_second_look() {
        let mut implied = Implied::default();
        place(&mut implied, 1, 5);
        implied.infer("readings", 1, 'a');
        assert_eq!(look(&mut implied), [], "its successor may be on the way");
        implied.infer("readings", 1, 'b');
        assert_eq!(look(&mut implied), [('a', Unknown)]);
        assert_eq!(place(&mut implied, 1, 8), [('b', Written)]);
        implied.infer("readings", 1, 'c');
        assert_eq!(look(&mut implied), []);
        assert_eq!(look(&mut implied), [('c', Unknown)]);
        assert_eq!(look(&mut implied), []);
    }
}
