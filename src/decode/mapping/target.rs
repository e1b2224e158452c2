//! One reading of a mapping, ready to be made of a value.

use super::settings::{MappedValue, MappingError, ReadingSettings};
use crate::{
    catalogue::{Catalogue, Conversion, Kind, ValueType},
    decode::{
        meaning::{self, Meaning},
        scalar::Scalar,
    },
    model::{Flags, KindId, ReadingFlag, Value},
};

/// How the value under a pointer becomes a reading.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) kind: KindId,
    pub(super) flags: Flags<ReadingFlag>,
    form: Form,
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

/// Which way round a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    AsNamed,
    Inverted,
}

impl Target {
    pub(super) fn new(
        settings: &ReadingSettings,
        catalogue: &Catalogue,
    ) -> Result<Self, MappingError> {
        let unknown = || MappingError::Kind { kind: settings.kind.clone() };
        let id = catalogue.find(&settings.kind).ok_or_else(unknown)?;
        let kind = catalogue.get(id);
        check_fields(settings, kind)?;
        let mut flags = Flags::default();
        let form = match kind.value_type {
            ValueType::Number => {
                let conversion = match &settings.unit {
                    Some(unit) => catalogue.conversion(id, unit).map_err(|_| {
                        MappingError::Unit { kind: settings.kind.clone(), unit: unit.clone() }
                    })?,
                    None => Conversion::IDENTITY,
                };
                if settings.unit.is_none() && !matches!(&*kind.unit, "" | "1") {
                    flags.set(ReadingFlag::UnitAssumed);
                }
                Form::Number { scale: settings.scale, offset: settings.offset, conversion }
            }
            ValueType::State if settings.invert => Form::State(Sense::Inverted),
            ValueType::State => Form::State(Sense::AsNamed),
            ValueType::Category | ValueType::Event => Form::Plain,
        };
        let words = settings.words.iter().map(|(word, mapped)| {
            let meaning = meaning_of(mapped, id, catalogue, form);
            let error = || MappingError::Word {
                kind: settings.kind.clone(),
                word: word.clone(),
                value_type: kind.value_type.label(),
            };
            meaning.map(|meaning| (Box::from(word.as_str()), meaning)).ok_or_else(error)
        });
        Ok(Self { kind: id, flags, form, words: words.collect::<Result<_, _>>()? })
    }

    pub(super) fn read(&self, catalogue: &Catalogue, scalar: &Scalar<'_>) -> Meaning<Value> {
        if let Some((_, meaning)) = self.words.iter().find(|(word, _)| is_word(word, scalar)) {
            return *meaning;
        }
        match self.form {
            Form::Number { scale, offset, conversion } => {
                let absent = catalogue.get(self.kind).absent;
                meaning::number(scalar, absent)
                    .map(|number| Value::Number(conversion.apply(scaled(number, scale, offset))))
            }
            Form::State(Sense::AsNamed) => meaning::state(scalar).map(Value::State),
            Form::State(Sense::Inverted) => {
                meaning::state(scalar).map(|state| Value::State(!state))
            }
            Form::Plain => meaning::of(catalogue, self.kind, scalar),
        }
    }
}

fn scaled(number: f64, scale: f64, offset: f64) -> f64 {
    number * scale + offset
}

fn check_fields(settings: &ReadingSettings, kind: &Kind) -> Result<(), MappingError> {
    let scale_is_neutral = settings.scale.to_bits() == 1f64.to_bits() && settings.offset == 0.0;
    let is_number = kind.value_type == ValueType::Number;
    let misplaced = [
        ("unit", settings.unit.is_some() && !is_number),
        ("scale or offset", !scale_is_neutral && !is_number),
        ("invert", settings.invert && kind.value_type != ValueType::State),
    ];
    if let Some((field, _)) = misplaced.into_iter().find(|(_, is_misplaced)| *is_misplaced) {
        let value_type = kind.value_type.label();
        return Err(MappingError::Field { kind: settings.kind.clone(), value_type, field });
    }
    if !settings.scale.is_normal() || !settings.offset.is_finite() {
        return Err(MappingError::Scale { kind: settings.kind.clone() });
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

fn is_word(word: &str, scalar: &Scalar<'_>) -> bool {
    match scalar {
        Scalar::Text(text) => word.eq_ignore_ascii_case(text.trim_ascii()),
        Scalar::Unsigned(number) => word.parse() == Ok(*number),
        Scalar::Negative(number) => word.parse() == Ok(*number),
        Scalar::Bool(state) => word.parse() == Ok(*state),
        Scalar::Null => word == "null",
        Scalar::Float(_) | Scalar::Nested => false,
    }
}
