//! The keys of Zigbee2MQTT as every message asks for them: found in one step, with what is short
//! to say of each beside it.

use std::collections::BTreeSet;

use super::{endpoint, index::Index};
use crate::{
    catalogue::{Catalogue, ValueType},
    decode::{
        format::Format,
        meaning::Meaning,
        scalar::Scalar,
        settings::DecoderSettings,
        term::{Reliance, Term, TermError},
        vocabulary::{Vocabulary, Word},
    },
    model::{Flags, KindId, ReadingFlag, Value},
};

/// How the value under a key is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// A number as it stands; this one says "no value".
    Number(Option<f64>),
    /// A state as it stands.
    State,
    /// As its term says.
    Term,
    /// A number that counts only where the gateway's description states the unit.
    Stated,
    /// The time of the message.
    LastSeen,
    /// No measurement, unless the gateway's description makes it one.
    Nothing,
}

/// What a key says about the voltage beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// The device runs on a battery.
    Battery,
    /// The device measures the mains.
    Mains,
}

/// What to do with the value under one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Number of the key within its table. Those of measurements come first.
    pub(super) slot: usize,
    pub(super) kind: KindId,
    pub(super) form: Form,
    pub(super) hint: Hint,
    /// Of a value that is read as it stands.
    pub(super) flags: Flags<ReadingFlag>,
}

/// A key that was found: its rule, and which of several it is; 0 if it says nothing of that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'k> {
    pub(super) rule: &'k Rule,
    pub(super) channel: u16,
}

/// A table of keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    index: Index<Rule>,
    /// By slot.
    entries: Vec<Entry>,
    /// Slots of voltages whose unit is assumed: of a battery or of the mains, in V or in mV.
    pub(super) voltages: Vec<usize>,
    /// Slots of two keys of a kind. The first has a unit that is assumed, or one of its words is the
    /// kind, and gives way to the second, which has one for certain.
    pub(super) rivals: Vec<(usize, usize)>,
    pub(super) battery_voltage: KindId,
    pub(super) mains_voltage: KindId,
}

/// A key that stands for a measurement.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) term: Term,
    /// Said by the operator, who knows the devices better than their gateway does.
    pub(super) is_own: bool,
    /// Words that are another kind's.
    words: Vec<(Box<str>, Term)>,
}

const TABLE: &str = include_str!("../../../config/keys/zigbee2mqtt.csv");

/// Stands between a key and one of its words that is a kind of its own.
const WORD: char = '=';

/// Stands before keys of availability topics.
const AVAILABILITY: &str = "availability/";

const LAST_SEEN: &str = "last_seen";

impl Keys {
    /// The keys of states, and those of availability topics.
    pub(super) fn both(settings: &DecoderSettings) -> Result<[Self; 2], TermError> {
        let words = Vocabulary::new(Format::Zigbee2Mqtt, TABLE, settings)?.words();
        let (mut state, mut availability) = (Vec::new(), Vec::new());
        for (key, word) in words {
            match key.strip_prefix(AVAILABILITY) {
                Some(key) => availability.push((key.into(), word)),
                None => state.push((key, word)),
            }
        }
        Ok([Self::new(state, settings), Self::new(availability, settings)])
    }

    fn new(words: Vec<(Box<str>, Word)>, settings: &DecoderSettings) -> Self {
        // Every catalogue begins with the built-in kinds, and a test finds all names in them.
        let kind = |name| settings.catalogue.find(name).unwrap_or(KindId(0));
        let own = settings.keys.iter().filter(|own| own.format == Format::Zigbee2Mqtt);
        let own: Vec<&str> = own.map(|own| &*own.key).collect();
        let (mut terms, mut others, mut special) = (Vec::new(), Vec::new(), Vec::new());
        for (key, word) in words {
            match word {
                Word::Term(term) if key.contains(WORD) => special.push((key, term)),
                Word::Term(term) => terms.push((key, term)),
                Word::NoReading => others.push(key),
            }
        }
        let (mut rules, mut entries) = (Vec::new(), Vec::new());
        for (key, term) in terms {
            let catalogue = &*settings.catalogue;
            let words = special.iter().filter_map(|(special, term): &(Box<str>, Term)| {
                let (stem, word) = special.split_once(WORD)?;
                (*stem == *key).then(|| (word.into(), term.clone()))
            });
            let words: Vec<(Box<str>, Term)> = words.collect();
            let form = match term.reliance() {
                Reliance::Stated => Form::Stated,
                Reliance::Full | Reliance::Assumed => {
                    if term.is_plain_number() {
                        Form::Number(catalogue.get(term.kind).absent)
                    } else if term.is_plain_state() && words.is_empty() {
                        Form::State
                    } else {
                        Form::Term
                    }
                }
            };
            let hint = hint(&catalogue.get(term.kind).name);
            let (slot, kind, flags) = (entries.len(), term.kind, term.flags());
            let rule = Rule { slot, kind, form, hint, flags };
            let is_own = own.contains(&&*key);
            entries.push(Entry { term, is_own, words });
            rules.push((key, rule));
        }
        for (slot, key) in (entries.len()..).zip(others) {
            let form = if *key == *LAST_SEEN { Form::LastSeen } else { Form::Nothing };
            let flags = Flags::default();
            rules.push((key, Rule { slot, kind: KindId(0), form, hint: Hint::None, flags }));
        }
        let [battery_voltage, mains_voltage] = ["battery_voltage", "mains_voltage"].map(kind);
        let is_voltage =
            |entry: &Entry| [battery_voltage, mains_voltage].contains(&entry.term.kind);
        let is_assumed = |entry: &Entry| entry.term.reliance() == Reliance::Assumed;
        let slots = (0..).zip(&entries);
        let voltages = slots.filter(|(_, entry)| is_assumed(entry) && is_voltage(entry));
        Self {
            index: Index::new(rules),
            voltages: voltages.map(|(slot, _)| slot).collect(),
            rivals: rivals(&entries, is_voltage),
            entries,
            battery_voltage,
            mains_voltage,
        }
    }

    #[inline]
    pub(super) fn find(&self, key: &str) -> Option<Found<'_>> {
        match self.index.find(key) {
            Some(rule) => Some(Found { rule, channel: 0 }),
            None => self.find_endpoint(key),
        }
    }

    /// A key nobody knows may be a known one of a device that has several.
    #[cold]
    fn find_endpoint(&self, key: &str) -> Option<Found<'_>> {
        let (stem, channel) = endpoint::split(key)?;
        let rule = self.index.find(stem).filter(|rule| rule.form != Form::LastSeen)?;
        Some(Found { rule, channel })
    }

    /// How many keys stand for measurements.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What a slot stands for, if it is a measurement.
    #[inline]
    pub(super) fn entry(&self, slot: usize) -> Option<&Entry> {
        self.entries.get(slot)
    }
}

impl Entry {
    /// What a value means that no description says anything of.
    pub(super) fn read(
        &self,
        catalogue: &Catalogue,
        scalar: &Scalar<'_>,
    ) -> (KindId, Meaning<Value>, Flags<ReadingFlag>) {
        if !self.words.is_empty()
            && let Scalar::Text(text) = scalar
            && let Some((_, term)) =
                self.words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim_ascii()))
        {
            let (meaning, flags) = match catalogue.get(term.kind).value_type {
                ValueType::State | ValueType::Event => {
                    term.read(catalogue, &Scalar::Bool(true), None)
                }
                ValueType::Category | ValueType::Number => term.read(catalogue, scalar, None),
            };
            return (term.kind, meaning, flags);
        }
        let (meaning, flags) = self.term.read(catalogue, scalar, None);
        (self.term.kind, meaning, flags)
    }
}

/// Pairs of slots of which the first gives way to the second.
fn rivals(entries: &[Entry], is_voltage: impl Fn(&Entry) -> bool) -> Vec<(usize, usize)> {
    let is = |entry: &Entry, reliance| entry.term.reliance() == reliance;
    let slots = || (0..).zip(entries);
    let mut rivals = BTreeSet::new();
    for (weak, entry) in slots() {
        // What an operator asks for is not to be lost to what the table knows.
        let is_weak = is(entry, Reliance::Assumed) && !is_voltage(entry) && !entry.is_own;
        let certain = slots().filter(|(_, it)| is_weak && is(it, Reliance::Full));
        let certain = certain.filter(|(_, it)| it.term.kind == entry.term.kind);
        // A word of one key says what another key is for.
        let is_spoken = |kind| entry.words.iter().any(|(_, term)| term.kind == kind);
        let spoken = slots().filter(|(slot, it)| *slot != weak && is_spoken(it.term.kind));
        rivals.extend(certain.chain(spoken).map(|(strong, _)| (weak, strong)));
    }
    rivals.into_iter().collect()
}

/// Who measures the one runs on a battery, and who measures the other is plugged in.
fn hint(kind: &str) -> Hint {
    match kind {
        "battery_level" | "battery_low" => Hint::Battery,
        "power" | "current" | "energy" => Hint::Mains,
        _ => Hint::None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::decode::vocabulary;

    #[test]
    fn every_row_can_be_used() {
        assert_eq!(vocabulary::mistakes(TABLE), Vec::<String>::new());
        let catalogue = Arc::new(Catalogue::builtin());
        let settings = DecoderSettings::new(&catalogue);
        let [state, availability] = Keys::both(&settings).unwrap();
        let mut slots = BTreeSet::new();
        for row in TABLE.lines().skip(1) {
            let key = row.split(',').next().unwrap();
            if let Some((stem, word)) = key.split_once(WORD) {
                let rule = state.find(stem).unwrap().rule;
                let words = &state.entry(rule.slot).unwrap().words;
                assert!(words.iter().any(|(known, _)| **known == *word), "{key}");
            } else if let Some(key) = key.strip_prefix(AVAILABILITY) {
                assert!(availability.find(key).is_some(), "{key}");
            } else {
                assert!(slots.insert(state.find(key).unwrap().rule.slot), "{key}");
                assert!(state.find(&key.to_uppercase()).is_none(), "{key}");
            }
        }
        for unknown in ["", "x", "batterie", "linkqualitY", &"a".repeat(300)] {
            assert!(state.find(unknown).is_none(), "{unknown}");
        }
        for kind in ["battery_level", "battery_low", "power", "current", "energy"] {
            assert!(catalogue.find(kind).is_some(), "{kind}");
        }
        for voltage in [state.battery_voltage, state.mains_voltage] {
            assert_ne!(voltage, KindId(0), "or the first kind is a voltage now");
        }
        assert_eq!((state.voltages.len(), state.rivals.len()), (2, 5));
    }
}
