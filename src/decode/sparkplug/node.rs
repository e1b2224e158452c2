//! What is remembered of an edge node: what its births said.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    decode::{memory::Remembered, vocabulary::WordIx},
    model::{KindId, Mono},
};

/// Metrics of a node that are remembered. Aliases beyond it are not known.
const METRICS_MAX: usize = 4_096;

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
    /// In ascending order of aliases.
    metrics: Vec<Born>,
    asked: Option<Mono>,
    bytes: usize,
}

/// A metric as its birth described it.
pub(super) struct Born {
    pub(super) alias: u64,
    /// Whose it is; empty for the node's own.
    device: Box<str>,
    pub(super) datatype: u8,
    pub(super) channel: u16,
    /// What its name stands for; `None`: nothing that is known.
    pub(super) word: Option<WordIx>,
    pub(super) unit: Option<Box<str>>,
}

impl Born {
    pub(super) fn new(
        alias: u64,
        device: &str,
        datatype: u8,
        known: Option<(WordIx, u16)>,
        unit: Option<&str>,
    ) -> Self {
        Self {
            alias,
            device: device.into(),
            datatype,
            channel: known.map_or(0, |(_, channel)| channel),
            word: known.map(|(word, _)| word),
            unit: unit.map(Box::from),
        }
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
        if !device.is_empty() {
            self.devices.insert(device.into());
        }
        let room = METRICS_MAX.saturating_sub(self.metrics.len());
        self.metrics.extend(metrics.into_iter().take(room));
        self.metrics.sort_by_key(|metric| metric.alias);
        self.weigh();
    }

    /// What was born under an alias.
    #[inline]
    pub(super) fn born(&self, alias: u64) -> Option<&Born> {
        let at = self.metrics.binary_search_by_key(&alias, |metric| metric.alias).ok()?;
        self.metrics.get(at)
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
            let texts = [Some(&metric.device), metric.unit.as_ref()];
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
