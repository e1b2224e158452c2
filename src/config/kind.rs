//! `[[kind]]`: an own measurement kind, or other ranges for a built-in one.

use std::iter;

use toml::de::DeValue;

use super::{
    document::{Mistake, Section, Spot},
    form::{Form, FormKind},
    setting::{Label, Setting, quoted, quoted_list},
};
use crate::catalogue::{Catalogue, Class, Kind, Range, Urgency, ValueType};

/// Reads one `[[kind]]`, and where its name stands.
pub(super) fn read_kind(mut section: Section<'_>) -> (Kind, Spot) {
    let name = section.demand::<Label>("name").unwrap_or_default().0;
    let class = section.get("class").unwrap_or_else(|| usual_class(&name));
    let kind = Kind {
        name: name.into(),
        class,
        value_type: section.demand("value_type").unwrap_or(ValueType::Number),
        unit: section.get_or("unit", Unit(String::new())).0.into(),
        hard: read_range(&mut section, "hard_min", "hard_max"),
        soft: read_range(&mut section, "soft_min", "soft_max"),
        absent: section.get("absent"),
        urgency: if section.get_or("urgent", false) { Urgency::Urgent } else { Urgency::Ordinary },
        categories: section.get_or("categories", Words(Vec::new())).0,
    };
    if section.has("name") && section.has("value_type") {
        let alone = Catalogue::extended(iter::once(kind.clone()));
        if let Err(error) = alone {
            let fix = "correct this [[kind]]; docs/configuration.md lists its keys";
            let expected = format!("a kind the catalogue can take ({error})");
            section.refuse("name", Mistake::new(expected, fix));
        }
    }
    let spot = section.spot("name");
    section.finish();
    (kind, spot)
}

/// What stands for a kind that names no class.
fn usual_class(name: &str) -> Class {
    let builtin = Catalogue::builtin();
    builtin.find(name).map_or(Class::Other, |id| builtin.get(id).class)
}

/// A range that is open where nothing is said; none where nothing is said at either end.
fn read_range(section: &mut Section<'_>, min: &'static str, max: &'static str) -> Option<Range> {
    let (min, max): (Option<f64>, Option<f64>) = (section.get(min), section.get(max));
    let is_given = min.is_some() || max.is_some();
    is_given
        .then(|| Range { min: min.unwrap_or(f64::NEG_INFINITY), max: max.unwrap_or(f64::INFINITY) })
}

impl Setting for ValueType {
    const EXPECTED: &'static str = "\"number\", \"state\", \"category\" or \"event\"";
    const EXAMPLE: &'static str = "\"number\"";
    const FORM: Form = Form::words(&["number", "state", "category", "event"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let word = value.as_str()?;
        let types = [Self::Number, Self::State, Self::Category, Self::Event];
        types.into_iter().find(|value_type| value_type.label() == word)
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.label())
    }
}

impl Setting for Class {
    const EXPECTED: &'static str = "\"environment\", \"activity\", \"position\", \"vitals\", \
                                    \"sleep\", \"medication\", \"safety\", \"device\" or \
                                    \"other\"";
    const EXAMPLE: &'static str = "\"environment\"";
    const FORM: Form = Form::words(&[
        "environment",
        "activity",
        "position",
        "vitals",
        "sleep",
        "medication",
        "safety",
        "device",
        "other",
    ]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        Self::find(value.as_str()?)
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.label())
    }
}

impl Setting for f64 {
    const EXPECTED: &'static str = "a number";
    const EXAMPLE: &'static str = "1.5";
    const FORM: Form = Form::of(FormKind::Number);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = match (value.as_float(), value.as_integer()) {
            (Some(number), _) => number.as_str(),
            (None, Some(number)) if number.radix() == 10 => number.as_str(),
            (None, _) => return None,
        };
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

/// A UCUM code.
struct Unit(String);

impl Setting for Unit {
    const EXPECTED: &'static str = "a UCUM code of at most 32 characters";
    const EXAMPLE: &'static str = "\"Cel\"";
    const FORM: Form = Form::like("^[!-~]{0,32}$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        let fits = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

struct Words(Vec<Box<str>>);

impl Setting for Words {
    const EXPECTED: &'static str = "a list of different words of a-z, 0-9, _ and -";
    const EXAMPLE: &'static str = "[\"low\", \"high\"]";
    const FORM: Form = Form::of(FormKind::Texts);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let mut words: Vec<Box<str>> = Vec::new();
        for entry in value.as_array()? {
            let Label(word) = Label::read(entry.get_ref())?;
            if words.iter().any(|earlier| **earlier == *word) {
                return None;
            }
            words.push(word.into());
        }
        Some(Self(words))
    }

    fn show(&self) -> String {
        quoted_list(&self.0)
    }
}
