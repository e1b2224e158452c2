//! `[[mapping]]`: a JSON format of the operator's own, tried out as soon as it is read.

use std::sync::Arc;

use toml::de::DeValue;

use super::{
    document::{Mistake, Section, Spot},
    form::Form,
    link::Format,
    setting::{Label, Setting, quoted},
    term,
};
use crate::{
    catalogue::Catalogue,
    decode::{Mapping, MappingSettings, ReadingSettings, TimeFormat, TimeSettings},
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
    let term = term::read(&mut section, catalogue);
    section.finish();
    Some(ReadingSettings { pointer: pointer?.0, term: term? })
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
