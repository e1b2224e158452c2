//! What was seen of a message on its way, as plain values.

use std::fmt;

use super::{fields::Field, outcome::Outcome, published::Published};
use crate::{
    decode::Format,
    model::{KindId, UnixMicros},
    tail::Flag,
};

/// Everything that was seen of one message.
pub struct Trace {
    /// Its topic.
    pub topic: String,
    /// Bytes of its payload.
    pub payload_bytes: usize,
    /// Replayed by the broker.
    pub retained: bool,
    /// When it came, or is said to have come.
    pub received: UnixMicros,
    /// How it came to its decoder; none: no decoder is for it.
    pub route: Option<Way>,
    /// What became of it.
    pub outcome: Outcome,
    /// What each device said.
    pub devices: Vec<DeviceSeen>,
    /// Single readings that were refused, as far as they are listed.
    pub refused: Vec<RefusedSeen>,
    /// How many were refused in all.
    pub refused_count: u32,
    /// Keys that no kind stands for.
    pub unknown_keys: u32,
    /// Values that said "nothing".
    pub absent: u32,
    /// What each field of the payload was for; empty where that was not asked or cannot be said.
    pub fields: Vec<Field>,
    /// What Kafka would get; none without a configuration.
    pub published: Option<Published>,
}

/// How a message came to its decoder.
#[derive(Clone, PartialEq, Eq)]
pub struct Way {
    /// By what it was found.
    pub found: Found,
    /// Name of the format or mapping.
    pub format: String,
    /// The format, if it is built in.
    pub built_in: Option<Format>,
    /// What stands at `{home}`.
    pub home: Option<String>,
    /// What stands at `{device}`.
    pub device: Option<String>,
}

/// By what the decoder of a message was found.
#[derive(Clone, PartialEq, Eq)]
pub enum Found {
    /// A filter of the configuration.
    Filter {
        /// Its link.
        link: String,
        /// The filter, as a subscription.
        filter: String,
    },
    /// A usual topic of the format.
    Usual {
        /// The pattern.
        pattern: &'static str,
        /// Levels in front of it.
        below: usize,
    },
    /// What stands in the payload.
    Content,
}

/// What a device said.
#[derive(Clone, PartialEq)]
pub struct DeviceSeen {
    /// Its name in topic or payload; empty if there is none.
    pub name: String,
    /// When it says it measured.
    pub measured_at: Option<UnixMicros>,
    /// Does its time make the event's id, the same at every delivery?
    pub is_content_basis: bool,
    /// Its own counter.
    pub sequence: Option<u64>,
    /// What to know about all its readings.
    pub flags: Vec<Flag>,
    /// Its readings.
    pub readings: Vec<ReadingSeen>,
}

/// One reading.
#[derive(Clone, PartialEq)]
pub struct ReadingSeen {
    /// Its kind in the catalogue.
    pub id: KindId,
    /// Its kind's name.
    pub kind: String,
    /// Which of several of its kind; zero: there is one.
    pub channel: u16,
    /// The value.
    pub value: Seen,
    /// UCUM code of the kind.
    pub unit: String,
    /// Its own time, where it differs from its device's.
    pub measured_at: Option<UnixMicros>,
    /// What to know about it.
    pub flags: Vec<Flag>,
    /// Goes to the alerts too, at once.
    pub is_urgent: bool,
}

/// A value, with the words of its kind.
#[derive(Clone, PartialEq)]
pub enum Seen {
    /// In the kind's unit.
    Number(f64),
    /// True as the kind's name says.
    State(bool),
    /// A word of the kind's list.
    Category(String),
    /// The fact is the value.
    Event,
    /// Equally spaced samples.
    Series {
        /// Time of the first.
        start: UnixMicros,
        /// Microseconds between two.
        period_us: u64,
        /// The samples, in the kind's unit.
        values: Vec<f32>,
    },
}

/// One reading that is not used.
#[derive(Clone, PartialEq)]
pub struct RefusedSeen {
    /// Its kind, if it names one that exists.
    pub kind: Option<String>,
    /// Why.
    pub reason: &'static str,
    /// The number, where it was understood.
    pub number: Option<f64>,
}

impl Trace {
    /// All readings with their devices.
    pub fn readings(&self) -> impl Iterator<Item = (&DeviceSeen, &ReadingSeen)> {
        self.devices
            .iter()
            .flat_map(|device| device.readings.iter().map(move |reading| (device, reading)))
    }
}

/// It holds a message; only amounts are shown.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("outcome", &self.outcome)
            .field("devices", &self.devices.len())
            .field("refused", &self.refused_count)
            .finish_non_exhaustive()
    }
}

macro_rules! says_nothing {
    ($($name:ident),*) => {$(
        /// It may hold names or values of persons.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

says_nothing!(Way, Found, DeviceSeen, ReadingSeen, Seen, RefusedSeen);
