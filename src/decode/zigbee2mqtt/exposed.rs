//! What a gateway says of a device's keys in `bridge/devices`, as far as it is not how they are
//! read anyway: the unit of a number, the words of a state, and what a `state` is the state of.

use super::{
    keys::{Entry, Found, Keys},
    list,
};
use crate::{
    catalogue::{Catalogue, Conversion, ValueType},
    decode::{
        error::{DecodeError, RefusalReason},
        json_tree::At,
        meaning::{self, Meaning},
        memory::{Memory, Remembered, Shelf},
        scalar::Scalar,
        term::Reliance,
    },
    model::{Flags, KindId, ReadingFlag, Value},
};

/// Devices of one gateway of which something is remembered: several times what Zigbee allows.
const DEVICES_MAX: usize = 1_000;

/// Keys of one device that are looked at.
const KEYS_MAX: usize = 128;

/// Bytes of a device's topic, and of a word, that are remembered.
const TOPIC_MAX: usize = 512;
const WORD_MAX: usize = 64;

/// What is remembered of one device.
pub(super) struct Exposed {
    keys: Vec<Key>,
}

/// What was said of one key, found by its slot and channel.
struct Key {
    slot: usize,
    channel: u16,
    /// The slot it is read as: another where its owner tells what it is the state of.
    meant: usize,
    told: Told,
}

/// What was said of a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// Nothing that would be news.
    Usual,
    /// The unit of its numbers.
    Unit(Conversion),
    /// A unit that its kind cannot have, or one unit here and another there.
    Unfit(RefusalReason),
    /// What its kind's true and false are called.
    Words { on: Word, off: Word },
}

/// A word for true or for false.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Bool(bool),
    Number(f64),
    Text(Box<str>),
}

/// The devices of one gateway of which something is remembered.
struct Exposers {
    names: Vec<Box<str>>,
}

impl Remembered for Exposed {
    fn bytes(&self) -> usize {
        let words = |key: &Key| match &key.told {
            Told::Usual | Told::Unit(_) | Told::Unfit(_) => 0,
            Told::Words { on, off } => on.bytes() + off.bytes(),
        };
        size_of_val(self.keys.as_slice()) + self.keys.iter().map(words).sum::<usize>()
    }
}

impl Remembered for Exposers {
    fn bytes(&self) -> usize {
        let texts = self.names.iter().map(|name| name.len());
        size_of_val(self.names.as_slice()) + texts.sum::<usize>()
    }
}

impl Exposed {
    /// What is remembered of the device of a topic.
    pub(super) fn of<'m>(topic: &str, memory: &'m mut Memory) -> Option<&'m Self> {
        if !memory.has_exposed() {
            return None;
        }
        memory.get::<Self>(Shelf::Exposed, topic).map(|exposed| &*exposed)
    }

    /// How the value under a key is to be read: as which slot, and what was told of it.
    pub(super) fn find(&self, slot: usize, channel: u16) -> Option<(usize, &Told)> {
        let mut keys = self.keys.iter();
        let key = keys.find(|key| (key.slot, key.channel) == (slot, channel))?;
        Some((key.meant, &key.told))
    }

    /// What is to be remembered of a device, and whether that is all that was said.
    pub(super) fn read(keys: &Keys, catalogue: &Catalogue, exposes: At<'_, '_>) -> (Self, bool) {
        let mut exposed = Self { keys: Vec::new() };
        let mut is_whole = true;
        let mut open: Vec<(At<'_, '_>, &str)> = exposes.items().map(|at| (at, "")).collect();
        while let Some((expose, owner)) = open.pop() {
            let form = expose.get("type").and_then(At::text).unwrap_or_default();
            if form == "composite" || form == "list" {
                // Its keys stand inside of a value of its own, which is not read.
                continue;
            }
            let features = expose.get("features").into_iter().flat_map(At::items);
            open.extend(features.map(|feature| (feature, form)));
            let Some(key) = expose.get("property").and_then(At::text) else { continue };
            if key.len() > WORD_MAX || !is_published(expose) {
                continue;
            }
            let Some(found) = keys.find(key) else { continue };
            // `state` of a light is another thing than `state` of a valve.
            let meant =
                if owner.is_empty() { None } else { keys.find(&[owner, "/", key].concat()) };
            let meant = meant.map_or(found.rule.slot, |meant| meant.rule.slot);
            let Some(entry) = keys.entry(meant) else { continue };
            let told = match form {
                "numeric" => Told::unit(catalogue, entry, expose),
                "binary" => Told::words(catalogue, entry, expose),
                _ => None,
            };
            let told = told.unwrap_or(Told::Usual);
            is_whole &= exposed.add(found, meant, told);
        }
        exposed.keys.retain(|key| key.is_news(keys));
        exposed.keys.shrink_to_fit();
        (exposed, is_whole)
    }

    /// Adds what was said of a key. `false`: there is no room.
    fn add(&mut self, found: Found<'_>, meant: usize, told: Told) -> bool {
        let (slot, channel) = (found.rule.slot, found.channel);
        let known = self.keys.iter_mut().find(|key| (key.slot, key.channel) == (slot, channel));
        if let Some(known) = known {
            known.hear(told);
        } else if self.keys.len() < KEYS_MAX {
            self.keys.push(Key { slot, channel, meant, told });
        } else {
            return false;
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl Key {
    /// Two statements of one key: the first counts, but for units that are not the same.
    fn hear(&mut self, told: Told) {
        match (&self.told, told) {
            (Told::Unit(one), Told::Unit(other)) if *one != other => {
                self.told = Told::Unfit(RefusalReason::UnitConflict);
            }
            (Told::Unit(_), Told::Unfit(_)) | (Told::Unfit(_), Told::Unit(_)) => {
                self.told = Told::Unfit(RefusalReason::UnitConflict);
            }
            (Told::Usual, told) => self.told = told,
            (Told::Unit(_) | Told::Unfit(_) | Told::Words { .. }, _) => {}
        }
    }

    /// Is it something that the keys do not say themselves?
    fn is_news(&self, keys: &Keys) -> bool {
        let is_certain = || {
            let entry = keys.entry(self.meant);
            entry.is_some_and(|entry| entry.term.reliance() == Reliance::Full)
        };
        match &self.told {
            Told::Usual => self.slot != self.meant,
            Told::Unit(conversion) => *conversion != Conversion::IDENTITY || !is_certain(),
            Told::Unfit(_) | Told::Words { .. } => true,
        }
    }
}

/// The first bit of `access` says that the key stands in states.
fn is_published(expose: At<'_, '_>) -> bool {
    match expose.get("access").map(At::scalar) {
        Some(Scalar::Unsigned(bits)) => bits & 1 == 1,
        Some(_) | None => true,
    }
}

/// Remembers what a list of devices says, in place of what the same gateway said before.
pub(super) fn learn(
    keys: &Keys,
    catalogue: &Catalogue,
    base: &str,
    payload: &[u8],
    memory: &mut Memory,
) -> Result<(), DecodeError> {
    let mut found: Vec<(Box<str>, Exposed)> = Vec::new();
    let mut left_out = 0;
    list::read(payload, |device| {
        let Some(exposes) = device.path(&["definition", "exposes"]) else { return };
        let name = device.get("friendly_name").and_then(At::text).unwrap_or_default();
        let (exposed, is_whole) = Exposed::read(keys, catalogue, exposes);
        if exposed.is_empty() {
            return;
        }
        let fits = !name.is_empty() && base.len() + name.len() <= TOPIC_MAX;
        let has_room = fits && found.len() < DEVICES_MAX;
        left_out += u64::from(!has_room || !is_whole);
        if has_room {
            found.push((name.into(), exposed));
        }
    })?;
    forget(base, memory);
    memory.leave_out(left_out);
    let mut names: Vec<Box<str>> = Vec::with_capacity(found.len());
    for (name, exposed) in found {
        memory.put(Shelf::Exposed, &[base, &*name].concat(), exposed);
        names.push(name);
    }
    if !names.is_empty() {
        memory.put(Shelf::Exposers, base, Exposers { names });
    }
    Ok(())
}

/// Forgets all devices of a gateway.
pub(super) fn forget(base: &str, memory: &mut Memory) {
    let exposers = memory.get::<Exposers>(Shelf::Exposers, base);
    let names = exposers.map(|exposers| std::mem::take(&mut exposers.names)).unwrap_or_default();
    for name in names {
        memory.remove(Shelf::Exposed, &[base, &name].concat());
    }
    memory.remove(Shelf::Exposers, base);
}

impl Told {
    fn unit(catalogue: &Catalogue, entry: &Entry, expose: At<'_, '_>) -> Option<Self> {
        let term = &entry.term;
        if catalogue.get(term.kind).value_type != ValueType::Number {
            return None;
        }
        let unit = expose.get("unit").and_then(At::text).map(str::trim)?;
        match catalogue.conversion(term.kind, unit) {
            _ if unit.is_empty() => None,
            Ok(conversion) => Some(Self::Unit(conversion)),
            Err(_) if term.reliance() == Reliance::Stated => None,
            Err(error) => Some(Self::Unfit(error.into())),
        }
    }

    fn words(catalogue: &Catalogue, entry: &Entry, expose: At<'_, '_>) -> Option<Self> {
        let (on, off) = (expose.get("value_on")?.scalar(), expose.get("value_off")?.scalar());
        let (yes, no) = match catalogue.get(entry.term.kind).value_type {
            ValueType::State => {
                (Meaning::Value(Value::State(true)), Meaning::Value(Value::State(false)))
            }
            ValueType::Event => (Meaning::Value(Value::Event), Meaning::Nothing),
            ValueType::Number | ValueType::Category => return None,
        };
        let usual = |scalar| entry.term.read(catalogue, scalar, None).0;
        let is_known = usual(on) == yes && usual(off) == no;
        if is_known || on == off || entry.is_own {
            return None;
        }
        Some(Self::Words { on: Word::of(on)?, off: Word::of(off)? })
    }

    /// What a value means that comes under the key.
    pub(super) fn read(
        &self,
        catalogue: &Catalogue,
        entry: &Entry,
        scalar: &Scalar<'_>,
    ) -> (KindId, Meaning<Value>, Flags<ReadingFlag>) {
        let term = &entry.term;
        let meaning = match self {
            Self::Usual => return entry.read(catalogue, scalar),
            Self::Unit(conversion) => term.read_in(catalogue, scalar, *conversion),
            Self::Unfit(reason) => match term.read_in(catalogue, scalar, Conversion::IDENTITY) {
                Meaning::Value(_) => Meaning::Refused(*reason),
                other @ (Meaning::Nothing | Meaning::Refused(_)) => other,
            },
            Self::Words { on, .. } if on.is(scalar) => meant(catalogue, entry, true),
            Self::Words { off, .. } if off.is(scalar) => meant(catalogue, entry, false),
            Self::Words { .. } => term.read(catalogue, scalar, None).0,
        };
        (term.kind, meaning, Flags::default())
    }
}

impl Word {
    fn of(scalar: &Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Bool(word) => Some(Self::Bool(*word)),
            Scalar::Text(word) if word.len() <= WORD_MAX => Some(Self::Text((**word).into())),
            Scalar::Unsigned(_) | Scalar::Negative(_) | Scalar::Float(_) => {
                scalar.plain_number().map(Self::Number)
            }
            Scalar::Null | Scalar::Text(_) | Scalar::Nested => None,
        }
    }

    fn is(&self, scalar: &Scalar<'_>) -> bool {
        match (self, scalar) {
            (Self::Bool(word), Scalar::Bool(found)) => word == found,
            (Self::Bool(word), Scalar::Text(found)) => {
                found.eq_ignore_ascii_case(if *word { "true" } else { "false" })
            }
            (Self::Text(word), Scalar::Text(found)) => word.eq_ignore_ascii_case(found),
            (Self::Number(word), found) => found.plain_number() == Some(*word),
            (Self::Bool(_) | Self::Text(_), _) => false,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Bool(_) | Self::Number(_) => 0,
            Self::Text(word) => word.len(),
        }
    }
}

/// What the kind's name says, or not: whichever way round its key is.
fn meant(catalogue: &Catalogue, entry: &Entry, is_on: bool) -> Meaning<Value> {
    meaning::of(catalogue, entry.term.kind, &Scalar::Bool(is_on))
}
