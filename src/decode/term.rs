//! What the value under one key becomes: kind, unit, sense, and the words that mean something else.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    error::RefusalReason,
    meaning::{self, Meaning},
    scalar::Scalar,
};
use crate::{
    catalogue::{Catalogue, Conversion, Kind, ValueType},
    model::{Flags, KindId, ReadingFlag, Value},
};

/// A reading as a configuration or a table of keys describes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct TermSettings {
    /// What it is.
    pub kind: String,
    /// Unit of a number after `scale` and `offset`; without it the kind's own.
    pub unit: Option<String>,
    /// How far the unit can be relied on.
    #[serde(skip)]
    pub reliance: Reliance,
    /// A number is multiplied by it first.
    pub scale: f64,
    /// Then this is added.
    pub offset: f64,
    /// Which of several of its kind a device has; 0 is its only one.
    #[serde(skip)]
    pub channel: u16,
    /// Which way round a state is.
    #[serde(rename = "invert", deserialize_with = "sense")]
    pub sense: Sense,
    /// Values that say "nothing".
    pub absent: Vec<String>,
    /// Values of the payload, as text, and what they mean. Others are read as usual.
    pub words: BTreeMap<String, MappedValue>,
}

impl Default for TermSettings {
    fn default() -> Self {
        Self {
            kind: String::new(),
            unit: None,
            reliance: Reliance::Full,
            scale: 1.0,
            offset: 0.0,
            channel: 0,
            sense: Sense::AsNamed,
            absent: Vec::new(),
            words: BTreeMap::new(),
        }
    }
}

/// How far the unit of a key can be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reliance {
    /// It is what the numbers are in. Without a unit readings are flagged `unit_assumed` all the same.
    #[default]
    Full,
    /// Makers differ: readings are flagged `unit_assumed`.
    Assumed,
    /// None is honest: a number counts only with a unit its sender states.
    Stated,
}

/// Which way round a state is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sense {
    /// True means what the kind's name says.
    #[default]
    AsNamed,
    /// True means the opposite.
    Inverted,
    /// True says closed, while words such as `open` say what they say.
    Contact,
    /// How often it was so since the last message: more than never is true.
    Count,
}

fn sense<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Sense, D::Error> {
    let is_inverted = bool::deserialize(deserializer)?;
    Ok(if is_inverted { Sense::Inverted } else { Sense::AsNamed })
}

/// What a value of the payload means.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum MappedValue {
    /// A state; for an event, whether it happened.
    State(bool),
    /// A number in the reading's unit.
    Number(f64),
    /// A word of the kind's list.
    Word(String),
}

impl MappedValue {
    /// From a table of keys.
    pub(super) fn of(text: &str) -> Self {
        match (text, text.parse()) {
            ("true", _) => Self::State(true),
            ("false", _) => Self::State(false),
            (_, Ok(number)) => Self::Number(number),
            (_, Err(_)) => Self::Word(text.to_owned()),
        }
    }
}

/// Why a reading cannot be made so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// Not in the catalogue.
    #[error("no kind is called {kind:?}")]
    Kind {
        /// As written.
        kind: String,
    },
    /// Not a unit of the kind.
    #[error("kind {kind:?} cannot be given in {unit:?}")]
    Unit {
        /// The kind.
        kind: String,
        /// As written.
        unit: String,
    },
    /// A setting that its value type has no use for.
    #[error("kind {kind:?} is a {value_type}: {field} does not apply")]
    Field {
        /// The kind.
        kind: String,
        /// What its values are.
        value_type: &'static str,
        /// The setting that does not fit.
        field: &'static str,
    },
    /// Zero would turn every number into one, and infinity is no number.
    #[error("kind {kind:?}: scale and offset are finite numbers, and scale is not 0")]
    Scale {
        /// The kind.
        kind: String,
    },
    /// A value of `words` is none of the kind's.
    #[error("kind {kind:?}: the meaning of {word:?} is no {value_type} of this kind")]
    Word {
        /// The kind.
        kind: String,
        /// As written.
        word: String,
        /// What its values are.
        value_type: &'static str,
    },
}

/// How a value becomes a reading.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) kind: KindId,
    /// Which of several the table says it is.
    pub(super) channel: u16,
    flags: Flags<ReadingFlag>,
    form: Form,
    reliance: Reliance,
    words: Vec<(Box<str>, Meaning<Value>)>,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Number {
        scale: f64,
        offset: f64,
        conversion: Conversion,
    },
    State(Sense),
    /// As any value of its kind.
    Plain,
}

impl Term {
    pub(super) fn new(settings: &TermSettings, catalogue: &Catalogue) -> Result<Self, TermError> {
        let name = || settings.kind.clone();
        let id = catalogue.find(&settings.kind).ok_or_else(|| TermError::Kind { kind: name() })?;
        let kind = catalogue.get(id);
        check_fields(settings, kind)?;
        let mut flags = Flags::default();
        let form = match kind.value_type {
            ValueType::Number => {
                let conversion = match &settings.unit {
                    Some(unit) => catalogue
                        .conversion(id, unit)
                        .map_err(|_| TermError::Unit { kind: name(), unit: unit.clone() })?,
                    None => Conversion::IDENTITY,
                };
                let is_unsaid = settings.unit.is_none() && !matches!(&*kind.unit, "" | "1");
                if is_unsaid || settings.reliance == Reliance::Assumed {
                    flags.set(ReadingFlag::UnitAssumed);
                }
                Form::Number { scale: settings.scale, offset: settings.offset, conversion }
            }
            ValueType::State => Form::State(settings.sense),
            ValueType::Category | ValueType::Event => Form::Plain,
        };
        let words = settings.words.iter().map(|(word, mapped)| {
            let meaning = meaning_of(mapped, id, catalogue, form);
            let error = || TermError::Word {
                kind: name(),
                word: word.clone(),
                value_type: kind.value_type.label(),
            };
            meaning.map(|meaning| (Box::from(word.as_str()), meaning)).ok_or_else(error)
        });
        let mut words: Vec<_> = words.collect::<Result<_, _>>()?;
        let absent = settings.absent.iter();
        words.extend(absent.map(|word| (Box::from(word.as_str()), Meaning::Nothing)));
        let reliance = if flags.has(ReadingFlag::UnitAssumed) && settings.reliance == Reliance::Full
        {
            Reliance::Assumed
        } else {
            settings.reliance
        };
        Ok(Self { kind: id, channel: settings.channel, flags, form, reliance, words })
    }

    pub(super) fn reliance(&self) -> Reliance {
        self.reliance
    }

    /// What is said of each of its readings.
    pub(super) fn flags(&self) -> Flags<ReadingFlag> {
        self.flags
    }

    /// Is a state of it a reading as it stands?
    pub(super) fn is_plain_state(&self) -> bool {
        matches!(self.form, Form::State(Sense::AsNamed)) && self.words.is_empty()
    }

    /// Is a number of it a reading as it stands?
    pub(super) fn is_plain_number(&self) -> bool {
        let is_as_it_stands = match self.form {
            Form::Number { scale, offset, conversion } => {
                scale.to_bits() == 1f64.to_bits()
                    && offset == 0.0
                    && conversion == Conversion::IDENTITY
            }
            Form::State(_) | Form::Plain => false,
        };
        is_as_it_stands && self.words.is_empty()
    }

    /// What a value means, and what to know about it. `stated` is the unit the message itself
    /// gives, which goes before that of the key.
    pub(super) fn read(
        &self,
        catalogue: &Catalogue,
        scalar: &Scalar<'_>,
        stated: Option<&str>,
    ) -> (Meaning<Value>, Flags<ReadingFlag>) {
        if let Some(meaning) = self.word(scalar) {
            return (meaning, self.flags);
        }
        let mut flags = self.flags;
        let meaning = match self.form {
            Form::Number { scale, offset, conversion } => {
                let conversion = match stated {
                    Some(unit) => match catalogue.conversion(self.kind, unit) {
                        Ok(conversion) => {
                            flags = Flags::default();
                            conversion
                        }
                        Err(error) => return (Meaning::Refused(error.into()), flags),
                    },
                    None if self.reliance == Reliance::Stated => {
                        return (Meaning::Refused(RefusalReason::UnitUnknown), flags);
                    }
                    None => conversion,
                };
                let absent = catalogue.get(self.kind).absent;
                meaning::number(scalar, absent)
                    .map(|number| Value::Number(conversion.apply(number * scale + offset)))
            }
            Form::State(Sense::AsNamed) => meaning::state(scalar).map(Value::State),
            Form::State(Sense::Inverted) => {
                meaning::state(scalar).map(|state| Value::State(!state))
            }
            Form::State(Sense::Contact) => meaning::contact(scalar).map(Value::State),
            Form::State(Sense::Count) => meaning::count(scalar).map(Value::State),
            Form::Plain => meaning::of(catalogue, self.kind, scalar),
        };
        (meaning, flags)
    }

    /// As [`Self::read`], of a number whose unit was made out before.
    pub(super) fn read_in(
        &self,
        catalogue: &Catalogue,
        scalar: &Scalar<'_>,
        conversion: Conversion,
    ) -> Meaning<Value> {
        match (self.word(scalar), self.form) {
            (Some(meaning), _) => meaning,
            (None, Form::Number { scale, offset, .. }) => {
                meaning::number(scalar, catalogue.get(self.kind).absent)
                    .map(|number| Value::Number(conversion.apply(number * scale + offset)))
            }
            (None, Form::State(_) | Form::Plain) => self.read(catalogue, scalar, None).0,
        }
    }

    /// From a unit to the kind's own, where all values are numbers.
    pub(super) fn conversion_from(&self, catalogue: &Catalogue, unit: &str) -> Option<Conversion> {
        let is_number = matches!(self.form, Form::Number { .. }) && self.words.is_empty();
        if is_number { catalogue.conversion(self.kind, unit).ok() } else { None }
    }

    fn word(&self, scalar: &Scalar<'_>) -> Option<Meaning<Value>> {
        let known = self.words.iter().find(|(word, _)| is_word(word, scalar));
        known.map(|(_, meaning)| *meaning)
    }
}

fn check_fields(settings: &TermSettings, kind: &Kind) -> Result<(), TermError> {
    let scale_is_neutral = settings.scale.to_bits() == 1f64.to_bits() && settings.offset == 0.0;
    let is_number = kind.value_type == ValueType::Number;
    let is_turned = settings.sense != Sense::AsNamed;
    let misplaced = [
        ("unit", settings.unit.is_some() && !is_number),
        ("scale or offset", !scale_is_neutral && !is_number),
        ("invert", is_turned && kind.value_type != ValueType::State),
    ];
    if let Some((field, _)) = misplaced.into_iter().find(|(_, is_misplaced)| *is_misplaced) {
        let value_type = kind.value_type.label();
        return Err(TermError::Field { kind: settings.kind.clone(), value_type, field });
    }
    if !settings.scale.is_normal() || !settings.offset.is_finite() {
        return Err(TermError::Scale { kind: settings.kind.clone() });
    }
    Ok(())
}

/// `None` if the mapped value is none of the kind's.
fn meaning_of(
    mapped: &MappedValue,
    id: KindId,
    catalogue: &Catalogue,
    form: Form,
) -> Option<Meaning<Value>> {
    match (mapped, catalogue.get(id).value_type, form) {
        (MappedValue::State(state), ValueType::State, _) => {
            Some(Meaning::Value(Value::State(*state)))
        }
        (MappedValue::State(true), ValueType::Event, _) => Some(Meaning::Value(Value::Event)),
        (MappedValue::State(false), ValueType::Event, _) => Some(Meaning::Nothing),
        (MappedValue::Number(number), ValueType::Number, Form::Number { conversion, .. }) => {
            Some(Meaning::Value(Value::Number(conversion.apply(*number))))
        }
        (MappedValue::Word(word), ValueType::Category, _) => {
            let category = catalogue.category(id, word)?;
            Some(Meaning::Value(Value::Category(category)))
        }
        (MappedValue::State(_) | MappedValue::Number(_) | MappedValue::Word(_), _, _) => None,
    }
}

/// Is it what a value says, as text?
pub(super) fn is_word(word: &str, scalar: &Scalar<'_>) -> bool {
    match scalar {
        Scalar::Text(text) => is_text(word, text.trim_ascii()),
        Scalar::Unsigned(number) => word.parse() == Ok(*number),
        Scalar::Negative(number) => word.parse() == Ok(*number),
        Scalar::Float(number) => {
            word.parse::<f64>().is_ok_and(|it| it.to_bits() == number.to_bits())
        }
        Scalar::Bool(state) => word.parse() == Ok(*state),
        Scalar::Null => word == "null",
        Scalar::Nested => false,
    }
}

/// Tables write a blank as `_`, and senders 999 as `999.0`.
fn is_text(word: &str, text: &str) -> bool {
    let letter = |byte: u8| if byte == b' ' { b'_' } else { byte.to_ascii_lowercase() };
    let is_number = |text: &str| text.starts_with(|it: char| it == '-' || it.is_ascii_digit());
    let number = |text: &str| text.parse::<f64>().ok().map(f64::to_bits);
    word.bytes().map(letter).eq(text.bytes().map(letter))
        || is_number(word)
            && is_number(text)
            && number(word).is_some_and(|it| number(text) == Some(it))
}
