//! One partition of one topic as one link sees it: flowing, or sorting out a refusal.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    time::Duration,
};

use crate::{
    kafka::{Failure, FailureClass, settings::Grouping},
    model::Mono,
};

/// Singly refused records in a row, with one code, that may still be poison. One more, and it
/// is the world that refuses.
pub const POISON_RUN_MAX: u32 = 5;

/// First and longest pause between two tries while the world refuses.
const WORLD_PAUSE_MIN: Duration = Duration::from_secs(1);
const WORLD_PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a refused record waits for another one of its topic to be confirmed or refused, which
/// tells poison from a topic that takes nothing. Afterwards it counts as poison.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause before records of unknown fate are sent again: a rebuild takes about that long.
const UNKNOWN_PAUSE: Duration = Duration::from_millis(100);
/// How long a broker surely remembers a producer; by default it is a day
/// (`producer.id.expiration.ms`).
const REMEMBERED: Duration = Duration::from_hours(1);

/// What to do next for a troubled partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing now.
    Wait,
    /// Hand this record to Kafka.
    Send(u32, Grouping),
    /// These were refused for themselves, each with Kafka's code.
    GiveUp(Vec<(u32, &'static str)>),
    /// It flows again.
    Healed,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Track {
    mode: Mode,
    with_kafka: u32,
    /// Producer of the last record that was sent.
    generation: u16,
    /// Producer whose record was confirmed last, and when.
    known: Option<(u16, Mono)>,
    /// Highest sequence that was confirmed.
    confirmed: Option<u64>,
    /// Highest sequence of which nobody knows whether it was written.
    perhaps: Option<u64>,
    /// Came back, by their sequence: they go first, in their first order.
    returned: BTreeMap<u64, u32>,
    /// Arrived later; they go after the returned ones.
    held: VecDeque<u32>,
    /// Refused singly, on trial: sequence, record, code.
    refused: Vec<(u64, u32, &'static str)>,
    /// Pause before the next try while the world refuses; a confirmed record ends it.
    pause: Option<Duration>,
    /// When the ones on trial count as poison for want of other evidence.
    patience: Mono,
    /// The next try of a topic that takes nothing is not its first record's.
    asks_another: bool,
}

/// Single refusals of one topic in a row with one code; a confirmed record ends the row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    code: &'static str,
    length: u32,
}

/// What is known of an unconfirmed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It may have been written.
    Open,
    /// Kafka refused it.
    Unwritten,
}

/// What a run of refusals says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// The records.
    Records,
    /// The world.
    World,
}

impl Run {
    /// One more refusal.
    pub(super) fn refused(&mut self, code: &'static str) -> Suspicion {
        let length = if self.code == code { self.length.saturating_add(1) } else { 1 };
        *self = Self { code, length };
        if length > POISON_RUN_MAX { Suspicion::World } else { Suspicion::Records }
    }

    /// Nothing refused since the last confirmation?
    pub(super) fn is_over(&self) -> bool {
        self.length == 0
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum Mode {
    /// Records go straight to Kafka.
    #[default]
    Flowing,
    /// Waits until Kafka has answered for all it has, and until the time has come.
    Collecting { next: Resend, not_before: Mono },
    /// One record at a time is with Kafka.
    Singly { not_before: Mono },
    /// Nothing goes through; one try when the time comes, and once that is confirmed the rest
    /// follows as `then` says.
    Refused { code: &'static str, retry_at: Mono, pause: Duration, then: Resend },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resend {
    InOrder,
    Singly,
}

impl Track {
    /// Does nothing wait?
    pub(super) fn flows(&self) -> bool {
        matches!(self.mode, Mode::Flowing) && !self.is_waited_for()
    }

    /// May a record go to Kafka behind those it has? Not behind the first of a producer: a broker
    /// takes whatever sequence number one that it does not know begins with. Had it refused the first
    /// batch and taken the second, librdkafka would hold both for written.
    pub(super) fn may_follow(&self, now: Mono) -> bool {
        let is_known = |(generation, at): (u16, Mono)| {
            generation == self.generation && now.since(at) < REMEMBERED
        };
        self.with_kafka == 0 || self.known.is_some_and(is_known)
    }

    /// The broker has written a record of this producer.
    pub(super) fn knows(&mut self, generation: u16, now: Mono) {
        self.known = Some((generation, now));
    }

    pub(super) fn hold(&mut self, index: u32) {
        self.held.push_back(index);
    }

    pub(super) fn given_to_kafka(&mut self, generation: u16) {
        self.with_kafka += 1;
        self.generation = generation;
    }

    /// The producer that the partition's records are with, while some are.
    pub(super) fn behind(&self) -> Option<u16> {
        (self.with_kafka > 0).then_some(self.generation)
    }

    /// The record that was to be sent is not: while the world refuses, it was no try.
    pub(super) fn not_tried(&mut self, now: Mono) {
        if let Mode::Refused { retry_at, pause, .. } = &mut self.mode {
            *retry_at = now;
            *pause = (*pause / 2).max(WORLD_PAUSE_MIN);
        }
    }

    pub(super) fn returned_by_kafka(&mut self) {
        self.with_kafka -= 1;
    }

    /// The code while the world refuses.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        match self.mode {
            Mode::Refused { code, .. } => Some(code),
            Mode::Flowing | Mode::Collecting { .. } | Mode::Singly { .. } => None,
        }
    }

    /// When [`Self::step`] has something to do without another report.
    pub(super) fn deadline(&self) -> Option<Mono> {
        if self.with_kafka > 0 {
            return None;
        }
        match self.mode {
            Mode::Singly { not_before } if self.returned.is_empty() => {
                Some(self.patience.max(not_before))
            }
            Mode::Collecting { not_before, .. } | Mode::Singly { not_before } => Some(not_before),
            Mode::Refused { retry_at, .. } => Some(retry_at),
            Mode::Flowing => None,
        }
    }

    /// May a later record of this partition stand before this one? Behind one that was surely
    /// not written, even those of unknown fate may.
    pub(super) fn is_overtaken(&self, sequence: u64, fate: Fate) -> bool {
        match fate {
            Fate::Unwritten => self.confirmed.max(self.perhaps) > Some(sequence),
            Fate::Open => self.confirmed > Some(sequence),
        }
    }

    /// A record of this partition was confirmed.
    pub(super) fn confirmed(&mut self, sequence: u64) {
        self.confirmed = self.confirmed.max(Some(sequence));
        self.pause = None;
        if let Mode::Refused { then, .. } = self.mode {
            // The world has changed its mind: what waited gets another hearing.
            self.mode = match then {
                Resend::Singly => Mode::Singly { not_before: Mono::default() },
                Resend::InOrder => {
                    Mode::Collecting { next: Resend::InOrder, not_before: Mono::default() }
                }
            };
        }
    }

    /// The topic takes records: those on trial were refused for themselves.
    pub(super) fn convict(&mut self) -> Vec<(u32, &'static str)> {
        mem::take(&mut self.refused).into_iter().map(|(_, index, code)| (index, code)).collect()
    }

    /// The topic takes nothing: those on trial wait with the others.
    pub(super) fn acquit(&mut self, code: &'static str, now: Mono) {
        if !self.refused.is_empty() {
            self.recall();
            self.world_refuses(code, Resend::Singly, now);
        }
    }

    /// A record came back, or was not taken.
    pub(super) fn refuse(
        &mut self,
        index: u32,
        sequence: u64,
        failure: Failure,
        grouping: Grouping,
        now: Mono,
    ) {
        match (failure.class, grouping) {
            (FailureClass::Record, Grouping::Single) => {
                if self.refused.is_empty() {
                    self.patience = now + PATIENCE;
                }
                self.refused.push((sequence, index, failure.code));
                // Refused for itself: the topic as such may be taking records again.
                self.mode = Mode::Singly { not_before: now };
            }
            (FailureClass::Record, Grouping::Batched) => {
                self.returned.insert(sequence, index);
                self.collect(Resend::Singly, now);
            }
            (FailureClass::World, _) => {
                self.returned.insert(sequence, index);
                self.world_refuses(failure.code, Resend::InOrder, now);
            }
            (FailureClass::Unknown, _) => {
                self.perhaps = self.perhaps.max(Some(sequence));
                self.returned.insert(sequence, index);
                self.collect(Resend::InOrder, now + UNKNOWN_PAUSE);
            }
        }
    }

    /// A record that was refused singly before, and is now for good: its neighbours go on.
    pub(super) fn heard_again(&mut self, now: Mono) {
        self.mode = Mode::Singly { not_before: now };
    }

    /// The next step. Ask again until it says to wait or that it flows.
    pub(super) fn step(&mut self, now: Mono) -> Progress {
        match self.mode {
            Mode::Flowing if !self.may_follow(now) && self.is_waited_for() => Progress::Wait,
            Mode::Flowing => self.send_next(),
            Mode::Collecting { next, not_before } => {
                if self.with_kafka > 0 || now < not_before {
                    return Progress::Wait;
                }
                match next {
                    Resend::Singly => {
                        self.mode = Mode::Singly { not_before };
                        self.step(now)
                    }
                    Resend::InOrder => self.send_next(),
                }
            }
            Mode::Singly { not_before } => {
                if self.with_kafka > 0 || now < not_before {
                    Progress::Wait
                } else if let Some((_, index)) = self.returned.pop_first() {
                    Progress::Send(index, Grouping::Single)
                } else if self.refused.is_empty() {
                    self.send_next()
                } else if let Some(index) = self.held.pop_front() {
                    // Another record is the best evidence.
                    Progress::Send(index, Grouping::Single)
                } else if now < self.patience {
                    Progress::Wait
                } else {
                    Progress::GiveUp(self.convict())
                }
            }
            Mode::Refused { code, retry_at, pause, then } => {
                if self.with_kafka > 0 || now < retry_at {
                    return Progress::Wait;
                }
                let pause = (pause * 2).min(WORLD_PAUSE_MAX);
                self.pause = Some(pause);
                self.mode = Mode::Refused { code, retry_at: now + pause, pause, then };
                if then == Resend::Singly && pause == WORLD_PAUSE_MAX {
                    self.asks_another = !self.asks_another;
                    if !self.asks_another
                        && let Some(index) = self.last()
                    {
                        return Progress::Send(index, Grouping::Single);
                    }
                }
                match self.returned.pop_first() {
                    Some((_, index)) => Progress::Send(index, Grouping::Single),
                    None => self.send_next(),
                }
            }
        }
    }

    /// The one that was tried least. Records that look like a topic that takes nothing may all be
    /// poison, and where they fill the window nobody else comes to show it.
    fn last(&mut self) -> Option<u32> {
        self.held.pop_front().or_else(|| self.returned.pop_last().map(|(_, index)| index))
    }

    fn is_waited_for(&self) -> bool {
        !self.returned.is_empty() || !self.held.is_empty()
    }

    /// The partition flows: everything that waits goes first, oldest in front, batched. Nothing
    /// is waited for in between, else a backlog would leave at one record a round trip.
    fn send_next(&mut self) -> Progress {
        self.mode = Mode::Flowing;
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::Overtaking)
            && let Some(index) = self.held.pop_front()
        {
            return Progress::Send(index, Grouping::Batched);
        }
        let returned = self.returned.pop_first().map(|(_, index)| index);
        if let Some(index) = returned.or_else(|| self.held.pop_front()) {
            return Progress::Send(index, Grouping::Batched);
        }
        Progress::Healed
    }

    /// The stronger reason wins: what must go singly stays so, and a refusing world is waited
    /// for before anything else is tried.
    fn collect(&mut self, resend: Resend, not_before: Mono) {
        self.mode = match (self.mode, resend) {
            (Mode::Refused { .. }, _)
            | (Mode::Collecting { next: Resend::Singly, .. }, Resend::InOrder) => self.mode,
            (Mode::Singly { .. }, _) => Mode::Singly { not_before },
            (Mode::Flowing | Mode::Collecting { .. }, next) => {
                Mode::Collecting { next, not_before }
            }
        };
    }

    fn world_refuses(&mut self, code: &'static str, then: Resend, now: Mono) {
        if !matches!(self.mode, Mode::Refused { .. }) {
            let pause = self.pause.unwrap_or(WORLD_PAUSE_MIN);
            self.mode = Mode::Refused { code, retry_at: now + pause, pause, then };
        }
    }

    fn recall(&mut self) {
        let refused = mem::take(&mut self.refused);
        self.returned.extend(refused.into_iter().map(|(sequence, index, _)| (sequence, index)));
    }
}
