//! `[[mapping]]`: a JSON format of the operator's own, tried out as soon as it is read.

use std::sync::Arc;

use toml::de::DeValue;

use super::{
    document::{Mistake, Section, Spot, nearest},
    form::{Form, FormKind},
    link::Format,
    setting::{Label, Setting, quoted},
};
use crate::{
    catalogue::Catalogue,
    decode::{
        MappedValue, Mapping, MappingSettings, ReadingSettings, Sense, TermSettings, TimeFormat,
        TimeSettings,
    },
};

/// The name of a mapping and where it stands; there even if the mapping itself is wrong.
pub(super) struct MappingName {
    pub(super) name: String,
    pub(super) spot: Spot,
}

/// Reads one `[[mapping]]` and tries it out.
pub(super) fn read_mapping(
    mut section: Section<'_>,
    catalogue: &Arc<Catalogue>,
) -> (Option<MappingSettings>, MappingName) {
    let name = section.demand::<Label>("name").unwrap_or_default().0;
    if Format::BUILT_IN.contains(&name.as_str()) {
        let mistake = Mistake::new("a name that is not a built-in format", "rename it");
        section.refuse_found("name", mistake);
    }
    let device = section.get::<Pointer>("device").map(|pointer| pointer.0);
    let time = read_time(section.section("time"));
    let sequence = section.get::<Pointer>("sequence").map(|pointer| pointer.0);
    let fix = "add [[mapping.reading]] with pointer and kind";
    let entries = section.demand_sections("reading", Mistake::new("at least one reading", fix));
    let count = entries.len();
    let readings: Vec<_> =
        entries.into_iter().filter_map(|entry| read_reading(entry, catalogue)).collect();
    // One that lacks a reading has been refused for that.
    let is_whole = readings.len() == count && count > 0 && !name.is_empty();
    let settings = MappingSettings { name: name.clone(), device, time, sequence, readings };
    let settings = is_whole.then_some(settings);
    if let Some(Err(error)) = settings.as_ref().map(|it| Mapping::new(it, catalogue)) {
        let fix = "correct this [[mapping]]; docs/configuration.md lists its keys";
        let expected = format!("a mapping that can be used ({error})");
        section.refuse("name", Mistake::new(expected, fix));
    }
    let spot = section.spot("name");
    section.finish();
    (settings, MappingName { name, spot })
}

fn read_time(mut section: Section<'_>) -> Option<TimeSettings> {
    let is_given = section.is_given();
    let pointer =
        if is_given { section.demand::<Pointer>("pointer") } else { section.get("pointer") };
    let format = section.get_or("format", TimeFormat::default());
    section.finish();
    pointer.map(|pointer| TimeSettings { pointer: pointer.0, format })
}

fn read_reading(mut section: Section<'_>, catalogue: &Catalogue) -> Option<ReadingSettings> {
    let pointer = section.demand::<Pointer>("pointer");
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
    let mut words = section.section("words");
    let words = words.values::<MappedValue>().into_iter();
    let words = words.map(|(word, meaning, _)| (word, meaning)).collect();
    let is_known = unknown.is_none();
    section.finish();
    let sense = if invert { Sense::Inverted } else { Sense::AsNamed };
    let term =
        TermSettings { kind: kind?, unit, scale, offset, sense, words, ..TermSettings::default() };
    is_known.then_some(ReadingSettings { pointer: pointer?.0, term })
}

/// A JSON pointer.
struct Pointer(String);

impl Setting for Pointer {
    const EXPECTED: &'static str = "a JSON pointer";
    const EXAMPLE: &'static str = "\"/data/0/temp\"";
    const FORM: Form = Form::like("^(/.*)?$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        (text.is_empty() || text.starts_with('/')).then(|| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

const TIME_FORMATS: [(&str, TimeFormat); 5] = [
    ("auto", TimeFormat::Auto),
    ("rfc3339", TimeFormat::Rfc3339),
    ("unix_seconds", TimeFormat::UnixSeconds),
    ("unix_milliseconds", TimeFormat::UnixMilliseconds),
    ("unix_microseconds", TimeFormat::UnixMicroseconds),
];

impl Setting for TimeFormat {
    const EXPECTED: &'static str = "\"auto\", \"rfc3339\", \"unix_seconds\", \
                                    \"unix_milliseconds\" or \"unix_microseconds\"";
    const EXAMPLE: &'static str = "\"auto\"";
    const FORM: Form =
        Form::words(&["auto", "rfc3339", "unix_seconds", "unix_milliseconds", "unix_microseconds"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let word = value.as_str()?;
        TIME_FORMATS.into_iter().find(|(name, _)| *name == word).map(|(_, format)| format)
    }

    fn show(&self) -> String {
        let name = TIME_FORMATS.into_iter().find(|(_, format)| format == self);
        quoted(name.map_or("auto", |(name, _)| name))
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
