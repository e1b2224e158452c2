//! What comes back: records that were refused, or lost with their producer.

use super::outcome::Poison;
use super::track::{Fate, Progress, Suspicion};
use super::{Place, Producer, Sink, entry, track};
use crate::{
    encode::report::append_delivered_late,
    kafka::{Failure, FailureClass, settings::Grouping},
    model::{Lane, Mono, RecordKey},
    record::{Lateness, LogPlace, Record},
};

impl<P: Producer> Sink<P> {
    pub(super) fn failed(
        &mut self,
        index: u32,
        to: RecordKey,
        failure: Failure,
        grouping: Grouping,
        now: Mono,
    ) {
        match failure.class {
            FailureClass::Record => self.counts.failed_record += 1,
            FailureClass::World => self.counts.failed_world += 1,
            FailureClass::Unknown => self.counts.failed_unknown += 1,
        }
        let Some(entry) = entry(&mut self.entries, index) else { return };
        entry.place = Place::Here;
        match failure.class {
            FailureClass::Record | FailureClass::World => entry.fate = Fate::Unwritten,
            FailureClass::Unknown => {}
        }
        let sequence = entry.sequence;
        let Some(track) = track(&mut self.tracks, to) else { return };
        // A dead letter cannot become a dead letter: that topic's refusals are the world's.
        let failure = match (to.lane, failure.class) {
            (Lane::DeadLetters, FailureClass::Record) => {
                Failure { class: FailureClass::World, ..failure }
            }
            (_, FailureClass::Record | FailureClass::World | FailureClass::Unknown) => failure,
        };
        let singly_refused = failure.class == FailureClass::Record && grouping == Grouping::Single;
        let mut is_of_the_world = false;
        if singly_refused && let Some(run) = self.runs.get_mut(to.lane as usize) {
            is_of_the_world = run.refused(failure.code) == Suspicion::World;
            let confirmed = self.counts.delivered.get(to.lane as usize).copied().unwrap_or(0);
            let heard = entry.heard.replace(confirmed);
            // Others of its topic were taken since it was refused before: it is at fault.
            if !is_of_the_world && heard.is_some_and(|heard| heard < confirmed) {
                track.heard_again(now);
                return self.give_up(vec![(index, failure.code)]);
            }
        }
        track.refuse(index, sequence, failure, grouping, now);
        if !self.troubled.contains(&to) {
            self.troubled.push(to);
        }
        if is_of_the_world {
            for track in self.tracks.get_mut(to.lane as usize).into_iter().flatten() {
                track.acquit(failure.code, now);
            }
        }
    }

    /// Lets a troubled partition take its next steps.
    pub(super) fn progress(&mut self, to: RecordKey, now: Mono) {
        loop {
            let Some(track) = track(&mut self.tracks, to) else { return };
            match track.step(now) {
                Progress::Wait => return,
                Progress::Send(index, grouping) => {
                    self.counts.retried_singly += u64::from(grouping == Grouping::Single);
                    self.send(index, to, grouping, now);
                }
                Progress::GiveUp(indices) => self.give_up(indices),
                Progress::Healed => {
                    self.troubled.retain(|other| *other != to);
                    return;
                }
            }
        }
    }

    pub(super) fn give_up(&mut self, refused: Vec<(u32, &'static str)>) {
        for (index, code) in refused {
            let logged = entry(&mut self.entries, index).and_then(|entry| entry.logged);
            if let Some(mut record) = self.remove(index) {
                self.counts.poison += 1;
                // The log keeps it until its dead letter is safe.
                record.buries = logged.map(|sequence| LogPlace { to: record.to, sequence });
                self.poison.push(Poison { record, code });
            }
        }
    }

    /// After a rebuild: records of the old producer whose reports did not come are lost there.
    pub(super) fn sweep_lost(&mut self, now: Mono) {
        let settled = self.producer.settled_generation();
        if settled == self.settled_generation {
            return;
        }
        self.settled_generation = settled;
        let lost: Vec<(u32, RecordKey, Grouping)> = (0_u32..)
            .zip(&self.entries)
            .filter_map(|(index, entry)| match entry.place {
                // Half of the numbers lie behind, half ahead: generations wrap.
                Place::WithKafka { generation, grouping }
                    if (1..1 << 15).contains(&settled.wrapping_sub(generation)) =>
                {
                    Some((index, entry.record.to, grouping))
                }
                Place::WithKafka { .. } | Place::Vacant | Place::Here => None,
            })
            .collect();
        for (index, to, grouping) in lost {
            if let Some(track) = track(&mut self.tracks, to) {
                track.returned_by_kafka();
            }
            self.failed(index, to, Failure::PRODUCER_LOST, grouping, now);
        }
    }
}

/// Makes a record say that later ones stand before it; returns by how much it grew.
pub(super) fn mark_late(record: &mut Record) -> usize {
    if record.to.lane == Lane::DeadLetters || record.lateness == Lateness::DeliveredLate {
        return 0;
    }
    record.lateness = Lateness::DeliveredLate;
    let before = record.bytes();
    append_delivered_late(&mut record.value);
    record.bytes() - before
}
