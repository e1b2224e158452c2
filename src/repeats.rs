//! Unchanged state that a device says again, and the same message that came by several ways.
//!
//! Discarding acknowledges without storing, so the room's one rule is: *what a discarded reading
//! said is stored, or no broker is told that the reading has arrived*.
//!
//! - A **repeat** equals the value its device sent last, of the same kind in the same channel, and
//!   that value is *confirmed*: the contiguous done prefix of the window has passed the message it
//!   came with. A value on its way suppresses nothing, and a connection's unconfirmed values are
//!   void when it ends. An entry always stands for the latest value that was sent: a value that
//!   changes and changes back is sent twice.
//! - A **duplicate** has the values that are on record for its device, and came by another way
//!   within seconds. Here the first copy may still be on its way: PUBACKs leave in receive order, as
//!   a contiguous prefix of one window, so the later copy cannot be acknowledged before the first
//!   one is stored. That holds within one connection only, and so does the rule: what an ended
//!   connection left unconfirmed is void for duplicates too.
//!
//! What must not be compared is sent as it is, and makes its kind's entry void, so that the next
//! reading is sent too: events (a press of a button among them), series, alarms that are on, values that stand for a span of time,
//! replays (retained, stored history, redeliveries), a device time before the last one, and a kind
//! that stands in a message twice. A consumer that tells copies by event id may ignore any of these;
//! whatever it ignored, the next ordinary reading brings it up to date.

mod heard;
mod horizon;
mod nature;
mod part;
mod table;

pub use part::{Freshness, LeftOut, Part, Policy, RepeatCounts, RepeatLimits};

use self::{
    heard::{Origin, Tick},
    horizon::{Horizon, Stamp, Standing},
    nature::Nature,
    part::own_time,
    table::{Entry, EntryIx, Found, NO_CLOCK, RowIx, Table},
};
use crate::{
    ack::Place,
    catalogue::Catalogue,
    model::{KindId, Mono, Reading, ReadingFlag, Value},
};

/// A counter of one byte comes round soon: an equal one says little after so many times the limit.
const SAME_SEQUENCE: u32 = 12;

/// See the module.
#[derive(Debug)]
pub struct Repeats {
    /// How long a value is not said again, and how late a copy may come.
    heartbeat: u32,
    duplicate_within: u32,
    natures: Vec<Nature>,
    table: Table,
    horizon: Horizon,
    now: Tick,
    /// Where each reading of the part at hand stands.
    places: Vec<Spot>,
    /// Readings of the part at hand that are left out, if any is.
    left_out: Vec<bool>,
    counts: RepeatCounts,
}

/// What can be done with a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    /// It is sent, and there is nothing to learn.
    Untold,
    /// It is sent, and what is known of its kind is void.
    Void(EntryIx),
    /// It is compared.
    Compared { entry: EntryIx, value: u64, is_signal: bool },
}

impl Repeats {
    /// Knows no device.
    pub fn new(limits: RepeatLimits, catalogue: &Catalogue) -> Self {
        Self {
            heartbeat: Tick::count(limits.heartbeat),
            duplicate_within: Tick::count(limits.duplicate_within),
            natures: catalogue.iter().map(|(_, kind)| Nature::from(kind)).collect(),
            table: Table::new(limits.budget),
            horizon: Horizon::default(),
            now: Tick::default(),
            places: Vec::new(),
            left_out: Vec::new(),
            counts: RepeatCounts::default(),
        }
    }

    /// Another message is at hand.
    pub fn begin(&mut self, place: Place, now: Mono) {
        self.horizon.begin(place);
        self.now = Tick::from(now);
    }

    /// A device's readings are about to be judged: what is known of it may come nearer meanwhile.
    #[inline]
    pub fn approach(&self, device: u32) {
        self.table.approach(device);
    }

    /// Looks at one device's readings: marks repeats, and says how many readings are left out;
    /// [`Self::is_left_out`] says which.
    pub fn judge(&mut self, part: &Part, readings: &mut [Reading]) -> LeftOut {
        self.left_out.clear();
        let Some(row) = self.locate(part, readings) else { return LeftOut::default() };
        if self.is_duplicate(part, row) {
            self.left_out.resize(readings.len(), true);
            let duplicates = u32::try_from(readings.len()).unwrap_or(u32::MAX);
            self.counts.duplicates += u64::from(duplicates);
            return LeftOut { repeats: 0, duplicates };
        }
        if part.is_live() {
            self.table.set_origin(row, self.origin(part));
        }
        let mut repeats = 0;
        for at in 0..readings.len() {
            let (Some(reading), Some(spot)) = (readings.get_mut(at), self.places.get(at)) else {
                break;
            };
            let time = own_time(reading, part);
            match *spot {
                Spot::Untold => {}
                Spot::Void(entry) => {
                    if let Some(entry) = self.table.get_mut(entry) {
                        entry.stamp = Stamp::VOID;
                        entry.clock = time.max(entry.clock);
                    }
                }
                Spot::Compared { entry, value, .. } => {
                    if self.compare(entry, value, time) == Likeness::Repeat {
                        self.counts.repeats += 1;
                        if self.treat(part.policy, entry, reading) == Treatment::LeaveOut {
                            self.left_out.resize(readings.len(), false);
                            if let Some(left_out) = self.left_out.get_mut(at) {
                                *left_out = true;
                            }
                            repeats += 1;
                        }
                    }
                }
            }
        }
        LeftOut { repeats, duplicates: 0 }
    }

    /// Is a reading of the part judged last left out? By its place in the part.
    pub fn is_left_out(&self, ordinal: u32) -> bool {
        let at = usize::try_from(ordinal).unwrap_or(usize::MAX);
        self.left_out.get(at).copied().unwrap_or(false)
    }

    /// Something that was sent may not be stored, or not in its place: nothing sent so far is built
    /// upon.
    pub fn distrust(&mut self) {
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::RepeatOfRefused) {
            return;
        }
        self.horizon.distrust();
    }

    /// The numbers of devices mean others from here on.
    pub fn forget_all(&mut self) {
        self.table.clear();
    }

    /// What was found.
    pub fn counts(&self) -> RepeatCounts {
        self.counts
    }

    /// Devices forgotten for want of room.
    pub fn forgotten(&self) -> u64 {
        self.table.forgotten()
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// Finds the entry of each reading, and makes those that are missing.
    fn locate(&mut self, part: &Part, readings: &[Reading]) -> Option<RowIx> {
        self.places.clear();
        let is_live = part.is_live();
        let row = match self.table.row(part.device) {
            Some(row) => row,
            None if is_live && readings.iter().any(|reading| self.value(reading).is_some()) => {
                self.table.add_row(part.device)?
            }
            None => return None,
        };
        let mut cursor = self.table.cursor(row);
        let mut in_order = true;
        for reading in readings {
            let value = self.value(reading).filter(|_| is_live);
            let found = match self.table.find(row, &mut cursor, reading.kind, reading.channel) {
                Found::Ahead(entry) => Some(entry),
                Found::Behind(entry) => {
                    in_order = false;
                    Some(entry)
                }
                Found::Missing { last, count } if value.is_some() && count < table::ENTRIES_MAX => {
                    in_order = false;
                    self.table.add(row, last, (reading.kind, reading.channel))
                }
                Found::Missing { .. } => None,
            };
            let is_signal = self.nature(reading.kind) == Nature::Signal;
            let mut spot = match (found, value) {
                (None, _) => Spot::Untold,
                (Some(entry), None) => Spot::Void(entry),
                (Some(entry), Some(value)) => Spot::Compared { entry, value, is_signal },
            };
            if let Some(entry) = found.filter(|_| !in_order) {
                for earlier in self.places.iter_mut().filter(|earlier| earlier.is_at(entry)) {
                    *earlier = Spot::Void(entry);
                    spot = Spot::Void(entry);
                }
            }
            self.places.push(spot);
        }
        Some(row)
    }

    /// The value as it is compared; nothing where it must not be.
    fn value(&self, reading: &Reading) -> Option<u64> {
        if reading.flags.has(ReadingFlag::Summary) {
            return None;
        }
        match (self.nature(reading.kind), reading.value) {
            (_, Value::State(false)) => Some(0),
            (Nature::Urgent | Nature::Happening, _) | (_, Value::Event | Value::Series(_)) => None,
            (_, Value::State(true)) => Some(1),
            (_, Value::Number(number)) => Some(number.to_bits()),
            (_, Value::Category(category)) => Some(u64::from(category.0)),
        }
    }

    fn nature(&self, kind: KindId) -> Nature {
        self.natures.get(usize::from(kind.0)).copied().unwrap_or(Nature::Happening)
    }

    fn origin(&self, part: &Part) -> Origin {
        let folded = |number: u64| u16::try_from(number % u64::from(u16::MAX)).unwrap_or(0) + 1;
        Origin {
            heard: self.now,
            way: if part.way == 0 { 0 } else { folded(u64::from(part.way)) },
            sequence: part.sequence.map_or(0, folded),
        }
    }

    /// Is it what the device said just now, by another way?
    fn is_duplicate(&self, part: &Part, row: RowIx) -> bool {
        if part.way == 0 || !part.is_live() {
            return false;
        }
        let (first, copy) = (self.table.origin(row), self.origin(part));
        let within = self.duplicate_within;
        let limit = match (first.sequence, copy.sequence) {
            (0, _) | (_, 0) => within,
            (first, copy) if first == copy => within.saturating_mul(SAME_SEQUENCE),
            _ => return false,
        };
        let is_elsewhere = first.way != 0 && first.way != copy.way;
        if within == 0 || !is_elsewhere || self.now.since(first.heard) > limit {
            return false;
        }
        let mut decides = false;
        for spot in &self.places {
            match *spot {
                Spot::Untold | Spot::Void(_) => return false,
                Spot::Compared { is_signal: true, .. } => {}
                Spot::Compared { entry, value, is_signal: false } => {
                    let same = self.table.get(entry).is_some_and(|entry| {
                        entry.value == value && self.horizon.standing(entry.stamp) != Standing::Void
                    });
                    if !same {
                        return false;
                    }
                    decides = true;
                }
            }
        }
        decides
    }

    /// Compares a value with the one on record, and records it.
    fn compare(&mut self, entry: EntryIx, value: u64, time: i64) -> Likeness {
        let (stamp, now) = (self.horizon.stamp(), self.now);
        let Some(known) = self.table.get_mut(entry) else { return Likeness::Other };
        let Entry { clock, value: last, stamp: sent_with, .. } = *known;
        let standing = self.horizon.standing(sent_with);
        known.clock = time.max(clock);
        if time != NO_CLOCK && time < clock {
            known.stamp = Stamp::VOID;
            return Likeness::Other;
        }
        if value == last && standing == Standing::Confirmed {
            return Likeness::Repeat;
        }
        // The same is sent again: what it was first sent with goes on to vouch for it.
        if value != last || standing == Standing::Void {
            // Two values of one device time: its next reading may be a copy of the first, and be
            // taken for one.
            let is_moot = time != NO_CLOCK && time == clock;
            known.value = value;
            known.stamp = if is_moot { Stamp::VOID } else { stamp };
        }
        known.sent = now;
        Likeness::Other
    }

    fn treat(&mut self, policy: Policy, entry: EntryIx, reading: &mut Reading) -> Treatment {
        let (heartbeat, now) = (self.heartbeat, self.now);
        let Some(known) = self.table.get_mut(entry) else { return Treatment::Send };
        match policy {
            Policy::Off => {}
            Policy::Discard if now.since(known.sent) < heartbeat => return Treatment::LeaveOut,
            Policy::Mark | Policy::Discard => reading.flags.set(ReadingFlag::Repeated),
        }
        known.sent = now;
        Treatment::Send
    }
}

/// How a reading relates to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    Repeat,
    Other,
}

/// What is done with a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Treatment {
    Send,
    LeaveOut,
}

impl Spot {
    fn is_at(self, wanted: EntryIx) -> bool {
        match self {
            Self::Untold => false,
            Self::Void(entry) | Self::Compared { entry, .. } => entry == wanted,
        }
    }
}

#[cfg(test)]
mod tests;
