//! What a value becomes: kind, unit, sense and words, as `[[mapping.reading]]` and `[[key]]` say it.

use toml::de::DeValue;

use super::{
    document::{Mistake, Section, nearest},
    form::{Form, FormKind},
    setting::{Label, Setting, quoted, quoted_list},
};
use crate::{
    catalogue::Catalogue,
    decode::{MappedValue, Reliance, Sense, TermSettings},
};

/// Reads the keys; `None` when there is no such kind.
pub(super) fn read(section: &mut Section<'_>, catalogue: &Catalogue) -> Option<TermSettings> {
    let kind = section.demand::<Label>("kind").map(|kind| kind.0);
    let unknown = kind.as_ref().filter(|kind| catalogue.find(kind).is_none());
    if let Some(unknown) = unknown {
        let known = catalogue.iter().map(|(_, kind)| kind.name.clone());
        let fix = "correct the name, or add a [[kind]] of this name";
        let mistake = Mistake::new("the name of a kind", fix);
        section.refuse_found("kind", mistake.or_nearest(nearest(unknown, known)));
    }
    let unit = section.get("unit");
    let scale = section.get_or("scale", 1.0);
    let offset = section.get_or("offset", 0.0);
    let invert = section.get_or("invert", false);
    let absent = section.get_or("absent", Values(Vec::new())).0;
    let mut words = section.section("words");
    let words = words.values::<MappedValue>().into_iter();
    let words = words.map(|(word, meaning, _)| (word, meaning)).collect();
    let is_known = unknown.is_none();
    let sense = if invert { Sense::Inverted } else { Sense::AsNamed };
    let (reliance, channel) = (Reliance::Full, 0);
    let term =
        TermSettings { kind: kind?, unit, reliance, scale, offset, channel, sense, absent, words };
    is_known.then_some(term)
}

/// Values of a payload, as text.
struct Values(Vec<String>);

impl Setting for Values {
    const EXPECTED: &'static str = "a list of values, as text";
    const EXAMPLE: &'static str = "[\"-99\"]";
    const FORM: Form = Form::of(FormKind::Texts);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = |entry: &DeValue<'_>| entry.as_str().map(str::to_owned);
        value.as_array()?.iter().map(|entry| text(entry.get_ref())).collect::<Option<_>>().map(Self)
    }

    fn show(&self) -> String {
        quoted_list(&self.0)
    }
}

impl Setting for MappedValue {
    const EXPECTED: &'static str = "true, false, a number or a word";
    const EXAMPLE: &'static str = "true";
    const FORM: Form = Form::of(FormKind::Scalar);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let number = || f64::read(value).map(Self::Number);
        let word = || value.as_str().map(|word| Self::Word(word.to_owned()));
        value.as_bool().map(Self::State).or_else(number).or_else(word)
    }

    fn show(&self) -> String {
        match self {
            Self::State(state) => state.show(),
            Self::Number(number) => number.show(),
            Self::Word(word) => quoted(word),
        }
    }
}
