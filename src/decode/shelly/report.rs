//! The values of one message of a Shelly, laid over what it said before.

use super::{
    happening::{self, Part},
    remembered::{ExternalPower, Presses},
};
use crate::{
    decode::{
        decoded::Decoded,
        identity,
        leaves::{Leaf, Wanted},
        meaning::{self, Meaning},
        memory::{Memory, Shelf},
        scalar::Scalar,
        sender,
        sheet::Sheet,
        term::Term,
        time::{self, TimeFormat},
        vocabulary::Scope,
    },
    model::Message,
};

/// What a value is.
#[derive(Clone, Copy)]
pub(super) enum Key<'v> {
    /// When all of it was.
    Time,
    /// A reading.
    Field {
        term: &'v Term,
        channel: u16,
    },
    /// A reading of a battery, which may not be there.
    Battery {
        term: &'v Term,
        channel: u16,
        instance: u16,
    },
    /// Whether there is a supply beside the battery.
    External {
        instance: u16,
    },
    /// A part of an event.
    Event {
        index: u16,
        part: Part,
    },
    /// The last press of an input of the first generation.
    Press {
        term: &'v Term,
        channel: u16,
    },
    /// How many presses there were.
    Presses,
    /// A temperature whose unit stands beside it, and whether it is one.
    Temperature {
        term: &'v Term,
        channel: u16,
    },
    Unit,
    Valid,
    /// Number of a BLU sensor's message.
    Packet,
    /// The Shelly that heard a BLU sensor.
    Gateway,
    /// Whether it can be read.
    Encryption,
}

/// Without a battery, its place shows less than this, in percent and in volts.
const EMPTY_PLACE: f64 = 1.0;

/// One message's values.
pub(super) struct Report<'r, 'd, 'v> {
    pub(super) keys: &'r mut Scope<'v, 2>,
    pub(super) message: &'r Message<'r>,
    /// The topic up to the device's name: whose memory it is.
    pub(super) prefix: &'r str,
    pub(super) memory: &'r mut Memory,
    pub(super) sheet: Sheet<'d>,
}

impl Report<'_, '_, '_> {
    pub(super) fn take(mut self, leaves: &[Leaf<'_, Key<'_>>]) {
        let (mut unit, mut is_valid) = (None, true);
        for leaf in leaves {
            match leaf.key {
                Key::External { instance } => self.remember_supply(instance, &leaf.value),
                Key::Presses => self.sheet.part.sequence = sender::sequence(&leaf.value),
                Key::Unit => {
                    if let Scalar::Text(text) = &leaf.value {
                        unit = Some(&**text);
                    }
                }
                Key::Valid => is_valid = meaning::state(&leaf.value) != Meaning::Value(false),
                Key::Time
                | Key::Temperature { .. }
                | Key::Field { .. }
                | Key::Battery { .. }
                | Key::Event { .. }
                | Key::Press { .. }
                | Key::Packet
                | Key::Gateway
                | Key::Encryption => {}
            }
        }
        for Leaf { key, value } in leaves {
            match *key {
                Key::Time => {
                    self.sheet.part.measured_at = time::read(value, TimeFormat::UnixSeconds);
                }
                Key::Field { term, channel } => self.sheet.take(term, channel, value, None),
                Key::Battery { term, channel, instance } => {
                    if self.is_empty_place(instance, value) {
                        self.sheet.take_nothing();
                    } else {
                        self.sheet.take(term, channel, value, None);
                    }
                }
                Key::Press { term, channel } => self.press(term, channel, value),
                Key::Temperature { term, channel } if is_valid => {
                    self.sheet.take(term, channel, value, unit);
                }
                Key::Temperature { .. } => self.sheet.take_nothing(),
                Key::External { .. }
                | Key::Event { .. }
                | Key::Presses
                | Key::Unit
                | Key::Valid
                | Key::Packet
                | Key::Gateway
                | Key::Encryption => {}
            }
        }
        happening::take(leaves, self.keys, &mut self.sheet);
        self.sheet.finish();
    }

    fn remember_supply(&mut self, instance: u16, value: &Scalar<'_>) {
        if let Meaning::Value(is_present) = meaning::state(value) {
            let name = self.name(instance);
            self.memory.put(Shelf::ShellyPower, &name, ExternalPower(is_present));
        }
    }

    /// On a supply of its own, a device reports its missing battery as an empty one.
    fn is_empty_place(&mut self, instance: u16, value: &Scalar<'_>) -> bool {
        let is_low =
            matches!(meaning::number(value, None), Meaning::Value(number) if number < EMPTY_PLACE);
        if !is_low {
            return false;
        }
        let name = self.name(instance);
        let power = self.memory.get::<ExternalPower>(Shelf::ShellyPower, &name);
        power.is_some_and(|power| power.0)
    }

    /// The last press is told again with every period; only a new count is a new press. What
    /// comes a second time from the broker may never have reached Kafka, so it counts.
    fn press(&mut self, term: &Term, channel: u16, value: &Scalar<'_>) {
        let is_again = self.message.dup || self.message.resumed_recently;
        if let Some(count) = self.sheet.part.sequence {
            let topic = self.message.topic;
            let known = self.memory.get::<Presses>(Shelf::ShellyPresses, topic).map(|it| it.0);
            if known == Some(count) && !is_again {
                return self.sheet.take_nothing();
            }
            self.memory.put(Shelf::ShellyPresses, topic, Presses(count));
        }
        self.sheet.take_event(term, channel, value, None);
    }

    fn name(&self, instance: u16) -> String {
        format!("{}/{instance}", self.prefix)
    }
}

/// A payload that is one value.
pub(super) fn bare<'p, 'v>(
    wanted: &Wanted<Key<'v>>,
    text: &'p str,
    out: &mut Decoded,
) -> Vec<Leaf<'p, Key<'v>>> {
    match *wanted {
        Wanted::Yes(key) => vec![Leaf { key, value: Scalar::Text(text.into()) }],
        Wanted::No => Vec::new(),
        Wanted::Unknown => {
            out.unknown_keys = out.unknown_keys.saturating_add(1);
            Vec::new()
        }
    }
}

/// Has a BLU sensor a key that trygg does not know?
pub(super) fn is_encrypted(leaves: &[Leaf<'_, Key<'_>>]) -> bool {
    let is_set = |leaf: &Leaf<'_, Key<'_>>| {
        matches!(leaf.key, Key::Encryption) && meaning::state(&leaf.value) == Meaning::Value(true)
    };
    leaves.iter().any(is_set)
}

/// Takes what a BLU sensor said.
pub(super) fn take_blu(leaves: &[Leaf<'_, Key<'_>>], sheet: &mut Sheet<'_>) {
    for Leaf { key, value } in leaves {
        match *key {
            Key::Field { term, channel } => sheet.take(term, channel, value, None),
            Key::Packet => sheet.part.sequence = sender::sequence(value),
            Key::Gateway => {
                if let Scalar::Text(gateway) = value {
                    sheet.part.way = identity::way(gateway);
                }
            }
            Key::Time
            | Key::Battery { .. }
            | Key::External { .. }
            | Key::Event { .. }
            | Key::Press { .. }
            | Key::Presses
            | Key::Temperature { .. }
            | Key::Unit
            | Key::Valid
            | Key::Encryption => {}
        }
    }
}
