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
/// Pause before records of unknown fate are sent again: a rebuild takes about that long.
const UNKNOWN_PAUSE: Duration = Duration::from_millis(100);

/// What to do next for a troubled partition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing now.
    Wait,
    /// Hand this record to Kafka.
    Send(u32, Grouping),
    /// Hand this record to Kafka, singly, because one of its neighbours may be poison.
    Try(u32),
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
    /// Came back, by their sequence: they go first, in their first order.
    returned: BTreeMap<u64, u32>,
    /// Arrived later; they go after the returned ones.
    held: VecDeque<u32>,
    /// Refused singly, on trial: sequence, record, code.
    refused: Vec<(u64, u32, &'static str)>,
    /// Single refusals in a row with one code; a confirmed record ends the row.
    run: Run,
}

#[derive(Clone, Copy, Debug, Default)]
struct Run {
    code: &'static str,
    length: u32,
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
    pub(super) fn flows(&self) -> bool {
        matches!(self.mode, Mode::Flowing)
    }

    pub(super) fn hold(&mut self, index: u32) {
        self.held.push_back(index);
    }

    pub(super) fn given_to_kafka(&mut self) {
        self.with_kafka += 1;
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

    pub(super) fn deadline(&self) -> Option<Mono> {
        match self.mode {
            Mode::Collecting { not_before, .. } | Mode::Singly { not_before } => Some(not_before),
            Mode::Refused { retry_at, .. } => Some(retry_at),
            Mode::Flowing => None,
        }
    }

    /// A record was confirmed: what was refused before it was refused for itself.
    pub(super) fn confirmed(&mut self) -> Vec<(u32, &'static str)> {
        self.run = Run::default();
        if let Mode::Refused { then, .. } = self.mode {
            // The world has changed its mind: what waited gets another hearing.
            self.mode = match then {
                Resend::Singly => Mode::Singly { not_before: Mono::default() },
                Resend::InOrder => {
                    Mode::Collecting { next: Resend::InOrder, not_before: Mono::default() }
                }
            };
        }
        mem::take(&mut self.refused).into_iter().map(|(_, index, code)| (index, code)).collect()
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
                self.refused.push((sequence, index, failure.code));
                self.run = if self.run.code == failure.code {
                    Run { code: failure.code, length: self.run.length.saturating_add(1) }
                } else {
                    Run { code: failure.code, length: 1 }
                };
                if self.run.length > POISON_RUN_MAX {
                    self.recall();
                    self.world_refuses(failure.code, Resend::Singly, now);
                }
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
                self.returned.insert(sequence, index);
                self.collect(Resend::InOrder, now + UNKNOWN_PAUSE);
            }
        }
    }

    /// The next step. Ask again until it says to wait or that it flows.
    pub(super) fn step(&mut self, now: Mono) -> Progress {
        match self.mode {
            Mode::Flowing => Progress::Healed,
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
                    Progress::Try(index)
                } else if self.refused.is_empty() {
                    self.send_next()
                } else {
                    let refused = mem::take(&mut self.refused).into_iter();
                    Progress::GiveUp(refused.map(|(_, index, code)| (index, code)).collect())
                }
            }
            Mode::Refused { code, retry_at, pause, then } => {
                if self.with_kafka > 0 || now < retry_at {
                    return Progress::Wait;
                }
                let pause = (pause * 2).min(WORLD_PAUSE_MAX);
                self.mode = Mode::Refused { code, retry_at: now + pause, pause, then };
                match self.returned.pop_first() {
                    Some((_, index)) => Progress::Send(index, Grouping::Single),
                    None => self.send_next(),
                }
            }
        }
    }

    /// Everything that waits, oldest first, batched; then the partition flows.
    fn send_next(&mut self) -> Progress {
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
        self.mode = Mode::Flowing;
        Progress::Healed
    }

    /// The stronger reason wins: what must go singly stays so, and a refusing world is waited
    /// for before anything else is tried.
    fn collect(&mut self, resend: Resend, not_before: Mono) {
        self.mode = match (self.mode, resend) {
            (Mode::Refused { .. }, _) => self.mode,
            (Mode::Singly { .. }, _) => Mode::Singly { not_before },
            (Mode::Collecting { next: Resend::Singly, .. }, Resend::InOrder) => self.mode,
            (Mode::Flowing | Mode::Collecting { .. }, next) => {
                Mode::Collecting { next, not_before }
            }
        };
    }

    fn world_refuses(&mut self, code: &'static str, then: Resend, now: Mono) {
        if !matches!(self.mode, Mode::Refused { .. }) {
            let pause = WORLD_PAUSE_MIN;
            self.mode = Mode::Refused { code, retry_at: now + pause, pause, then };
        }
    }

    fn recall(&mut self) {
        let refused = mem::take(&mut self.refused);
        self.returned.extend(refused.into_iter().map(|(sequence, index, _)| (sequence, index)));
    }
}
