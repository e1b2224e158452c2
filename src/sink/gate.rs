//! What may not be handed over any more: records of homes that do not consent to anything.
//!
//! Consent is asked for when a reading is taken in, by class. A record waits between then and its
//! turn, for days if Kafka is away, and a home may be refused meanwhile. So every record is looked
//! at again when it is handed over, whichever way it came: directly, held back, sent again, or from
//! the log. Only the home as a whole is asked for then. Dead letters do not tell their home.

use std::{mem, sync::Arc};

use super::{Producer, Sink, entry, track};
use crate::{
    encode::report::home_of,
    model::{Lane, Mono, RecordKey},
    record::Record,
    registry::Registry,
};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Gate {
    registry: Arc<Registry>,
}

impl Gate {
    /// Must this record stay? One load where the list does not ask for consent.
    pub(super) fn refuses(&self, record: &Record) -> bool {
        if !self.registry.asks_consent() {
            return false;
        }
        match record.to.lane {
            Lane::Readings | Lane::Alerts => home_of(&record.value)
                .is_none_or(|(tenant, home)| self.registry.consent(tenant, home).is_none()),
            Lane::DeadLetters => false,
        }
    }
}

impl Gate {
    /// The same for a record that has waited.
    pub(super) fn refuses_waiting(&self, record: &Record) -> bool {
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::UnaskedGate) {
            return false;
        }
        self.refuses(record)
    }
}

impl<P: Producer> Sink<P> {
    /// From now on this list says whose records may be handed over.
    pub fn replace_registry(&mut self, registry: Arc<Registry>) {
        self.gate.registry = registry;
    }

    /// Records that were not handed over since the last call. Their messages are to be answered by
    /// policy.
    pub fn take_withheld(&mut self) -> Vec<Record> {
        mem::take(&mut self.withheld)
    }

    /// A record in the table stays. To its log it is as good as delivered.
    pub(super) fn withhold(&mut self, index: u32, to: RecordKey, now: Mono) {
        let logged = entry(&mut self.entries, index).and_then(|entry| entry.logged);
        let Some(record) = self.remove(index) else { return };
        if let Some(track) = track(&mut self.tracks, to) {
            track.not_tried(now);
        }
        if let (Some(backlog), Some(logged)) = (&mut self.backlog, logged) {
            backlog.withheld(to, logged);
        }
        self.put_aside(record);
    }

    pub(super) fn put_aside(&mut self, record: Record) {
        if let Some(count) = self.counts.withheld.get_mut(record.to.lane as usize) {
            *count += 1;
        }
        if record.to.lane == Lane::Readings {
            self.counts.withheld_readings += u64::from(record.readings);
        }
        self.withheld.push(record);
    }
}
