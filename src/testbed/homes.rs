//! Many homes as one stream of events, in order of time.

use std::{cmp::Reverse, collections::BinaryHeap, fmt, time::Duration};

use super::{
    DAY, HOUR, Millis,
    home::{EARLIEST_START, Home, Saying},
};

/// What the homes are like.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many, `home-1` and so on.
    pub homes: u32,
    /// Time of day at which the simulation begins.
    pub starts_at: Duration,
    /// How often somebody in a home presses the button for help, on average.
    pub sos_per_week: f64,
}

impl Default for Settings {
    /// Three homes that are about to wake up; a call for help about once a month each.
    fn default() -> Self {
        Self { homes: 3, starts_at: Duration::from_hours(6), sos_per_week: 0.25 }
    }
}

/// One MQTT message that a home would publish.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Simulated time since the start.
    pub at: Duration,
    /// Number of the home, from 1.
    pub home: u32,
    /// Where it is published.
    pub topic: String,
    /// What is published. It holds no time, so that it may be published at any.
    pub payload: Vec<u8>,
    /// Whether the broker shall keep it for later subscribers.
    pub retain: bool,
}

/// The habit of the house: payloads and topics are not for `{:?}`.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("at", &self.at)
            .field("home", &self.home)
            .field("topic_bytes", &self.topic.len())
            .field("payload_bytes", &self.payload.len())
            .field("retain", &self.retain)
            .finish()
    }
}

/// Simulated homes: an endless stream of events for a seed, the same one every time. Empty only
/// without a home.
#[derive(Debug)]
pub struct Homes {
    start: Millis,
    inhabited: Vec<(Home, Option<Saying>)>,
    /// Time of each home's next saying, and its place among the homes.
    next: BinaryHeap<Reverse<(Millis, usize)>>,
}

impl Homes {
    /// The homes of a seed.
    pub fn new(seed: u64, settings: &Settings) -> Self {
        let mut start = u64::try_from(settings.starts_at.as_millis()).unwrap_or(0) % DAY;
        if start < EARLIEST_START {
            start += DAY;
        }
        let mut inhabited = Vec::new();
        let mut next = BinaryHeap::new();
        for number in 1..=u64::from(settings.homes) {
            let mut home = Home::new(seed, number, start, settings.sos_per_week);
            let saying = home.next();
            next.extend(saying.as_ref().map(|saying| Reverse((saying.at, inhabited.len()))));
            inhabited.push((home, saying));
        }
        Self { start, inhabited, next }
    }

    /// What tells the simulated time of day.
    pub fn timepiece(&self) -> Timepiece {
        Timepiece { start: self.start }
    }
}

/// Tells day and time of day of a simulated time.
#[derive(Clone, Copy, Debug)]
pub struct Timepiece {
    start: Millis,
}

impl Timepiece {
    /// Day and time of day, a time after the start.
    pub fn read(self, at: Duration) -> Clock {
        let now = self.start + u64::try_from(at.as_millis()).unwrap_or(0);
        let minutes = now % DAY / (HOUR / 60);
        Clock { day: now / DAY - self.start / DAY + 1, hour: minutes / 60, minute: minutes % 60 }
    }
}

impl Iterator for Homes {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let Reverse((_, place)) = self.next.pop()?;
        let (home, waiting) = self.inhabited.get_mut(place)?;
        let said = std::mem::replace(waiting, home.next())?;
        self.next.extend(waiting.as_ref().map(|saying| Reverse((saying.at, place))));
        Some(Event {
            at: Duration::from_millis(said.at.saturating_sub(self.start)),
            home: u32::try_from(place + 1).unwrap_or(u32::MAX),
            topic: said.topic,
            payload: said.payload,
            retain: said.retain,
        })
    }
}

/// Simulated day and time of day; `Display` writes `day 2, 07:45`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// From 1.
    pub day: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "day {}, {:02}:{:02}", self.day, self.hour, self.minute)
    }
}

#[cfg(test)]
mod tests;
