//! `[decode]` and `[[key]]`: how formats read what they cannot know by themselves.

use std::sync::Arc;

use toml::de::DeValue;

use super::{
    document::{Document, Mistake, Section, Spot},
    form::Form,
    setting::{Setting, Size, quoted},
    term,
};
use crate::{
    catalogue::Catalogue,
    decode::{Decoder, DecoderSettings, Format, KeySettings, Positions, Requests},
};

/// `[decode]`.
#[derive(Clone, Debug)]
pub struct DecodeSettings {
    /// What becomes of positions. Default `discard`.
    pub positions: Positions,
    /// May senders be asked for what they said before? Default `forbidden`.
    pub requests: Requests,
    /// What the formats of a link may remember. Default 16 MiB, 1 MiB to 1 GiB.
    pub memory: Size,
}

impl DecodeSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            positions: section.get_or("positions", Positions::Discard),
            requests: section.get_or("requests", Requests::Forbidden),
            memory: section.within("memory", Size::mib(16), &(Size::mib(1)..=Size::mib(1024))),
        };
        section.finish();
        settings
    }
}

/// Reads one `[[key]]` and tries it out.
pub(super) fn read_key(
    mut section: Section<'_>,
    catalogue: &Arc<Catalogue>,
) -> Option<(KeySettings, Spot)> {
    let format = section.demand::<Format>("format");
    if format.is_some_and(|format| matches!(format, Format::Json | Format::Protobuf)) {
        let fix = "remove this [[key]]: these two name kinds themselves";
        section.refuse_found("format", Mistake::new("a format that has keys", fix));
    }
    let key = section.demand::<String>("key");
    let term = term::read(&mut section, catalogue);
    let spot = section.spot("key");
    let settings = format.zip(key).zip(term);
    let settings = settings.map(|((format, key), term)| KeySettings { format, key, term });
    if let Some(own) = &settings {
        let alone =
            DecoderSettings { keys: Arc::new([own.clone()]), ..DecoderSettings::new(catalogue) };
        if let Err(error) = Decoder::new(own.format, &alone) {
            let fix = "correct this [[key]]; docs/configuration.md lists its keys";
            let expected = format!("a key that can be used ({error})");
            section.refuse("key", Mistake::new(expected, fix));
        }
    }
    section.finish();
    settings.map(|settings| (settings, spot))
}

/// One key means one thing.
pub(super) fn refuse_repeated_keys(keys: &[(KeySettings, Spot)], document: &Document<'_>) {
    for (index, (own, spot)) in keys.iter().enumerate() {
        let same = |(it, _): &(KeySettings, Spot)| it.format == own.format && it.key == own.key;
        if keys.iter().take(index).any(same) {
            let mistake = Mistake::new("a key that stands once a format", "remove one of them");
            document.refuse(spot, "key.key", mistake.found(quoted(&own.key)));
        }
    }
}

const FORMATS: [&str; Format::ALL.len()] = super::link::Format::BUILT_IN;

impl Setting for Format {
    const EXPECTED: &'static str = "a format, such as \"tasmota\"";
    const EXAMPLE: &'static str = "\"tasmota\"";
    const FORM: Form = Form::words_or(&FORMATS, "^[a-z0-9_-]{1,64}$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        Self::named(value.as_str()?)
    }

    fn show(&self) -> String {
        quoted(self.name())
    }
}

impl Setting for Positions {
    const EXPECTED: &'static str = "\"discard\", \"round\" or \"keep\"";
    const EXAMPLE: &'static str = "\"discard\"";
    const FORM: Form = Form::words(&["discard", "round", "keep"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "discard" => Some(Self::Discard),
            "round" => Some(Self::Round),
            "keep" => Some(Self::Keep),
            _ => None,
        }
    }

    fn show(&self) -> String {
        quoted(match self {
            Self::Discard => "discard",
            Self::Round => "round",
            Self::Keep => "keep",
        })
    }
}

impl Setting for Requests {
    const EXPECTED: &'static str = "\"forbidden\" or \"allowed\"";
    const EXAMPLE: &'static str = "\"forbidden\"";
    const FORM: Form = Form::words(&["forbidden", "allowed"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "forbidden" => Some(Self::Forbidden),
            "allowed" => Some(Self::Allowed),
            _ => None,
        }
    }

    fn show(&self) -> String {
        quoted(match self {
            Self::Forbidden => "forbidden",
            Self::Allowed => "allowed",
        })
    }
}
