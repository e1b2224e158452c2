//! What the demo shows: the homes, what just happened, and the books. Plain values; the terminal
//! is elsewhere.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    catalogue::{Catalogue, Urgency},
    model::{Lane, UnixMicros},
    tail::{Event, Reading, Value, What},
    telemetry::metrics::Ledger,
};

/// Happenings that are remembered.
const FEED: usize = 200;
/// Homes that are remembered: anybody may publish to the demo under any name.
const HOMES: usize = 64;
/// Last states that are remembered; beyond it all are forgotten.
const STATES: usize = 4_096;
/// Event ids of alerts, which come on two topics.
const ALERTS: usize = 64;
/// Span over which rates are taken.
const RATE_SPAN: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Scene {
    catalogue: Catalogue,
    homes: BTreeMap<Arc<str>, Home>,
    feed: VecDeque<Happening>,
    states: HashMap<(Arc<str>, Arc<str>, String), Value>,
    alerts: VecDeque<Arc<[u8]>>,
    books: VecDeque<(Duration, Ledger)>,
}

/// A home at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Home {
    /// What its sensors said last of who is where.
    pub(super) whereabouts: String,
    /// The device that saw motion last.
    moving: Option<Arc<str>>,
    /// Heart rate of the band.
    pub(super) heart_rate: String,
    /// Air temperature.
    pub(super) air: String,
    /// Events and changes so far.
    pub(super) happenings: u64,
}

/// Something worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Happening {
    /// When trygg received it.
    pub(super) at: UnixMicros,
    /// Whose; empty for a dead letter.
    pub(super) home: Arc<str>,
    /// Which device said so; empty for a dead letter.
    pub(super) device: Arc<str>,
    /// In words.
    pub(super) words: String,
    /// How loud.
    pub(super) tone: Tone,
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Daily life.
    Calm,
    /// An alert.
    Urgent,
    /// A dead letter.
    Refused,
}

/// Messages and readings a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    /// Messages received.
    pub(super) messages: f64,
    /// Readings confirmed by Kafka.
    pub(super) readings: f64,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            catalogue: Catalogue::builtin(),
            homes: BTreeMap::new(),
            feed: VecDeque::new(),
            states: HashMap::new(),
            alerts: VecDeque::new(),
            books: VecDeque::new(),
        }
    }
}

impl Scene {
    /// Something stands in Kafka. Says whether it is worth a line.
    pub(super) fn hear(&mut self, event: &Event) -> bool {
        let happening = match &event.what {
            What::DeadLetter(_) => Some((Arc::default(), Arc::default(), Tone::Refused)),
            What::Reading(reading) => {
                let tone = self.hear_reading(event.lane, reading, event);
                tone.map(|tone| (Arc::clone(&reading.home), Arc::clone(&reading.device), tone))
            }
        };
        let Some((home, device, tone)) = happening else { return false };
        let (at, words) = (event.received_at, event.words());
        let happening = Happening { at, home, device, words, tone };
        if self.feed.len() == FEED {
            self.feed.pop_front();
        }
        self.feed.push_back(happening);
        true
    }

    /// The books, so long after the start.
    pub(super) fn note(&mut self, since_start: Duration, ledger: Ledger) {
        self.books.push_back((since_start, ledger));
        while let Some((oldest, _)) = self.books.front() {
            if since_start.saturating_sub(*oldest) <= RATE_SPAN || self.books.len() <= 2 {
                break;
            }
            self.books.pop_front();
        }
    }

    /// The last books.
    pub(super) fn ledger(&self) -> Option<&Ledger> {
        self.books.back().map(|(_, ledger)| ledger)
    }

    /// Over the last seconds.
    pub(super) fn rates(&self) -> Rates {
        let (Some((then, old)), Some((now, new))) = (self.books.front(), self.books.back()) else {
            return Rates::default();
        };
        let span = now.saturating_sub(*then).as_secs_f64();
        let rate = |old: u64, new: u64| {
            let count = u32::try_from(new.saturating_sub(old)).unwrap_or(u32::MAX);
            if span > 0.0 { f64::from(count) / span } else { 0.0 }
        };
        Rates {
            messages: rate(old.received.iter().sum(), new.received.iter().sum()),
            readings: rate(old.delivered, new.delivered),
        }
    }

    /// Homes by name.
    pub(super) fn homes(&self) -> impl Iterator<Item = (&str, &Home)> {
        self.homes.iter().map(|(name, home)| (name.as_ref(), home))
    }

    /// What happened, newest first.
    pub(super) fn feed(&self) -> impl Iterator<Item = &Happening> {
        self.feed.iter().rev()
    }

    fn hear_reading(&mut self, lane: Lane, reading: &Reading, event: &Event) -> Option<Tone> {
        let mut is_news = match &reading.value {
            Value::State(_) | Value::Category(_) => self.is_change(reading),
            Value::Event => true,
            Value::Number(_) | Value::Series(_) | Value::Unknown => false,
        };
        if !self.homes.contains_key(&reading.home) && self.homes.len() == HOMES {
            self.homes.clear();
        }
        let home = self.homes.entry(Arc::clone(&reading.home)).or_default();
        match reading.kind.as_str() {
            "heart_rate" => home.heart_rate = short(reading),
            "air_temperature" => home.air = short(reading),
            // Somebody who moves about makes a lot of it: news is only another room.
            "motion" | "presence" => {
                is_news &= reading.value == Value::State(true)
                    && home.moving.replace(Arc::clone(&reading.device)).as_ref()
                        != Some(&reading.device);
                if is_news {
                    home.whereabouts = spaced(&reading.device);
                }
            }
            "bed_occupied" | "door_open" | "home_exit" | "home_entry" if is_news => {
                home.whereabouts = event.words();
            }
            _ => {}
        }
        if !is_news || is_chatter(&reading.kind) {
            return None;
        }
        let is_urgent = lane == Lane::Alerts || self.is_urgent(reading);
        if is_urgent && self.was_told(reading) {
            return None;
        }
        if let Some(home) = self.homes.get_mut(&reading.home) {
            home.happenings += 1;
        }
        let tone = if is_urgent { Tone::Urgent } else { Tone::Calm };
        Some(tone)
    }

    fn is_urgent(&self, reading: &Reading) -> bool {
        let kind = self.catalogue.iter().find(|(_, kind)| *kind.name == *reading.kind);
        kind.is_some_and(|(_, kind)| kind.urgency == Urgency::Urgent)
            && reading.value != Value::State(false)
    }

    /// What is urgent comes on two topics, in either order.
    fn was_told(&mut self, reading: &Reading) -> bool {
        if self.alerts.contains(&reading.event_id) {
            return true;
        }
        if self.alerts.len() == ALERTS {
            self.alerts.pop_front();
        }
        self.alerts.push_back(Arc::clone(&reading.event_id));
        false
    }

    /// Devices repeat themselves; a first state is no news either, but for what is true.
    fn is_change(&mut self, reading: &Reading) -> bool {
        if self.states.len() >= STATES {
            self.states.clear();
        }
        let key = (Arc::clone(&reading.home), Arc::clone(&reading.device), reading.kind.clone());
        match self.states.insert(key, reading.value.clone()) {
            Some(before) => before != reading.value,
            None => reading.value == Value::State(true),
        }
    }
}

/// True of a device rather than of a home, so not worth a line.
fn is_chatter(kind: &str) -> bool {
    matches!(kind, "battery_low" | "tamper" | "online" | "heartbeat" | "worn" | "body_posture")
}

/// A device's name as people would write it.
pub(super) fn spaced(device: &str) -> String {
    device.replace('_', " ")
}

/// A number with its unit, without its name.
fn short(reading: &Reading) -> String {
    reading.quantity().unwrap_or_default()
}

#[cfg(test)]
mod tests;
