//! What is remembered of an edge node: what its births said.

use std::{cmp::Ordering, collections::BTreeSet, time::Duration};

use crate::{
    decode::{READINGS_MAX, memory::Remembered, vocabulary::WordIx},
    model::{KindId, Mono},
};

/// Metrics of a node that are remembered. Those beyond it are not known.
const METRICS_MAX: usize = 4_096;

/// Devices of a node that are remembered: as many as one message may tell the death of, beside
/// the node's own.
const DEVICES_MAX: usize = READINGS_MAX - 1;

/// A node is asked for its birth no more often.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// See the module.
#[derive(Default)]
pub(super) struct Node {
    /// Its birth has come, and no death after it.
    pub(super) is_born: bool,
    /// Ties a death to its birth.
    pub(super) session: Option<u64>,
    /// Number of its last message.
    pub(super) sequence: Option<u8>,
    /// Devices that were born and have not died.
    pub(super) devices: BTreeSet<Box<str>>,
    /// In ascending order of what they go by.
    metrics: Vec<Born>,
    asked: Option<Mono>,
    bytes: usize,
}

/// A metric as its birth described it.
pub(super) struct Born {
    by: By,
    /// Whose it is; empty for the node's own.
    device: Box<str>,
    pub(super) datatype: u8,
    pub(super) channel: u16,
    /// What its name stands for; `None`: nothing that is known.
    pub(super) word: Option<WordIx>,
    pub(super) unit: Option<Box<str>>,
}

/// What a metric goes by in the messages after its birth.
pub(super) enum By {
    /// An alias, which is the whole node's.
    Alias(u64),
    /// Its name, which is its device's.
    Name(Box<str>),
}

impl Born {
    pub(super) fn new(
        by: By,
        device: &str,
        datatype: u8,
        known: Option<(WordIx, u16)>,
        unit: Option<&str>,
    ) -> Self {
        Self {
            by,
            device: device.into(),
            datatype,
            channel: known.map_or(0, |(_, channel)| channel),
            word: known.map(|(word, _)| word),
            unit: unit.map(Box::from),
        }
    }

    /// Aliases stand before names.
    fn cmp(&self, other: &By, device: &str) -> Ordering {
        match (&self.by, other) {
            (By::Alias(own), By::Alias(other)) => own.cmp(other),
            (By::Alias(_), By::Name(_)) => Ordering::Less,
            (By::Name(_), By::Alias(_)) => Ordering::Greater,
            (By::Name(own), By::Name(other)) => self.cmp_name(own, other, device),
        }
    }

    fn cmp_name(&self, own: &str, other: &str, device: &str) -> Ordering {
        own.cmp(other).then_with(|| (*self.device).cmp(device))
    }
}

/// Counts the metrics of a kind in one birth.
#[derive(Default)]
pub(super) struct Channels {
    seen: Vec<(KindId, u16)>,
}

impl Channels {
    /// Number of the next metric of this kind, from 1.
    pub(super) fn next(&mut self, kind: KindId) -> u16 {
        if let Some((_, count)) = self.seen.iter_mut().find(|(seen, _)| *seen == kind) {
            *count = count.saturating_add(1);
            return *count;
        }
        self.seen.push((kind, 1));
        1
    }

    /// How many there were.
    pub(super) fn count(&self, kind: KindId) -> u16 {
        self.seen.iter().find(|(seen, _)| *seen == kind).map_or(0, |(_, count)| *count)
    }
}

impl Node {
    /// Was the device born? The node itself is asked for by [`Self::is_born`].
    pub(super) fn has(&self, device: &str) -> bool {
        device.is_empty() || self.devices.contains(device)
    }

    /// Forgets what the births of a device said; of the node itself, everything.
    pub(super) fn forget(&mut self, device: &str) {
        if device.is_empty() {
            self.metrics.clear();
            self.devices.clear();
        } else {
            self.metrics.retain(|metric| *metric.device != *device);
            self.devices.remove(device);
        }
        self.weigh();
    }

    /// Remembers the metrics of a birth.
    pub(super) fn learn(&mut self, device: &str, metrics: Vec<Born>) {
        if !device.is_empty() && self.devices.len() < DEVICES_MAX {
            self.devices.insert(device.into());
        }
        let room = METRICS_MAX.saturating_sub(self.metrics.len());
        self.metrics.extend(metrics.into_iter().take(room));
        self.metrics.sort_by(|one, other| one.cmp(&other.by, &other.device));
        self.weigh();
    }

    /// What was born under an alias.
    #[inline]
    pub(super) fn born(&self, alias: u64) -> Option<&Born> {
        let order = |metric: &Born| match metric.by {
            By::Alias(own) => own.cmp(&alias),
            By::Name(_) => Ordering::Greater,
        };
        self.metrics.get(self.metrics.binary_search_by(order).ok()?)
    }

    /// What a device was born with under a name, without an alias.
    pub(super) fn born_named(&self, device: &str, name: &str) -> Option<&Born> {
        let order = |metric: &Born| match &metric.by {
            By::Alias(_) => Ordering::Less,
            By::Name(own) => metric.cmp_name(own, name, device),
        };
        self.metrics.get(self.metrics.binary_search_by(order).ok()?)
    }

    /// Takes the number of a message; how many before it did not come is returned.
    pub(super) fn count(&mut self, sequence: Option<u64>) -> u8 {
        let Some(sequence) = sequence.and_then(|number| u8::try_from(number).ok()) else {
            return 0;
        };
        let last = self.sequence.replace(sequence);
        last.map_or(0, |last| sequence.wrapping_sub(last).wrapping_sub(1))
    }

    /// May it be asked for its birth now? Then it is taken to be asked.
    pub(super) fn ask(&mut self, now: Mono) -> bool {
        let may = self.asked.is_none_or(|asked| now.since(asked) >= ASK_AGAIN);
        if may {
            self.asked = Some(now);
        }
        may
    }

    fn weigh(&mut self) {
        let texts = self.metrics.iter().map(|metric| {
            let name = match &metric.by {
                By::Alias(_) => None,
                By::Name(name) => Some(name),
            };
            let texts = [name, Some(&metric.device), metric.unit.as_ref()];
            texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
        });
        let devices = self.devices.iter().map(|device| device.len() + 48);
        self.bytes = self.metrics.len() * size_of::<Born>() + texts.chain(devices).sum::<usize>();
    }
}

impl Remembered for Node {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}
