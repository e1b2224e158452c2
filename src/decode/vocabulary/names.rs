//! Names that senders choose freely, in all the ways people write them.

use super::{OWNER, Vocabulary, WordIx};

/// What people call what a sensor measures, in plain letters. A row of `boolean@name` holds where
/// the value is true or false: a `co` that is true is an alarm and no concentration.
pub(super) const NAMES: &str = include_str!("../../../config/keys/names.csv");

/// Bytes of a name that is made plain.
const NAME_MAX: usize = 128;

impl Vocabulary {
    /// What a name stands for: as it is, else in plain letters.
    pub(in crate::decode) fn named(&self, name: &str, is_boolean: bool) -> Option<WordIx> {
        let found = self.typed(name, is_boolean);
        if found.is_some() || name.len() > NAME_MAX {
            return found;
        }
        let plain = plain(name);
        if plain == name { None } else { self.typed(&plain, is_boolean) }
    }

    /// Where that stands, of a name that is plain.
    pub(in crate::decode) fn typed(&self, key: &str, is_boolean: bool) -> Option<WordIx> {
        let of_boolean = || self.place(&of_boolean(key));
        let found = if is_boolean && self.is_owned(key) { of_boolean() } else { None };
        found.or_else(|| self.place(key))
    }
}

/// The key of a name whose value is true or false.
pub(super) fn of_boolean(key: &str) -> String {
    format!("boolean{OWNER}{key}")
}

fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len() + 4);
    push_plain(name, &mut plain);
    plain
}

/// `Heart Rate`, `heart-rate` and `HeartRate` as `heart_rate`, behind what is there.
pub(in crate::decode) fn push_plain(name: &str, plain: &mut String) {
    let mut was_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            if was_small {
                plain.push('_');
            }
            plain.push(letter.to_ascii_lowercase());
        } else {
            plain.push(if matches!(letter, ' ' | '-' | '.') { '_' } else { letter });
        }
        was_small = letter.is_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        catalogue::Catalogue,
        decode::{
            format::Format,
            settings::{DecoderSettings, KeySettings},
            term::TermSettings,
            vocabulary::{Word, mistakes},
        },
    };

    /// Kinds that no plain name stands for: one is of the gateway, the others would be read from
    /// a name that mostly says something else.
    const UNNAMED: [&str; 4] = ["online", "heartbeat", "distance", "acceleration"];

    fn kind(settings: &DecoderSettings, name: &str, is_boolean: bool) -> Option<String> {
        let vocabulary =
            Vocabulary::of_names(Format::SenMl, "key,kind,unit,sense,absent,words\n", settings);
        let vocabulary = vocabulary.unwrap();
        match vocabulary.word(vocabulary.named(name, is_boolean)?)? {
            Word::Term(term) => Some(settings.catalogue.get(term.kind).name.to_string()),
            Word::NoReading => None,
        }
    }

    #[test]
    fn names_are_made_plain() {
        for (name, expected) in [
            ("Heart Rate", "heart_rate"),
            ("HeartRate", "heart_rate"),
            ("CO2", "co2"),
            ("Bed/Body-Temperature", "bed/body_temperature"),
            ("", ""),
        ] {
            assert_eq!(plain(name), expected);
        }
    }

    #[test]
    fn every_kind_has_its_own_name() {
        assert_eq!(mistakes(NAMES), Vec::<String>::new());
        let catalogue = Arc::new(Catalogue::builtin());
        let vocabulary = Vocabulary::of_names(
            Format::SenMl,
            "key,kind,unit,sense,absent,words\n",
            &DecoderSettings::new(&catalogue),
        )
        .unwrap();
        for (id, kind) in catalogue.iter() {
            let named = vocabulary.term(&kind.name).map(|term| term.kind);
            // Steps are counted over the day wherever nobody says over what.
            let expected = if UNNAMED.contains(&&*kind.name) { None } else { Some(id) };
            assert_eq!(named, expected, "{}", kind.name);
        }
    }

    #[test]
    fn what_is_true_or_false_is_another_thing_of_that_name() {
        let mut settings = DecoderSettings::new(&Arc::new(Catalogue::builtin()));
        let some = |name: &str| Some(name.to_owned());
        for (name, is_boolean, expected) in [
            ("co", false, some("co")),
            ("CO", true, some("co_alarm")),
            ("light", false, some("illuminance")),
            ("Light", true, some("light_on")),
            ("door", true, some("door_open")),
            ("uptime", false, None),
        ] {
            assert_eq!(kind(&settings, name, is_boolean), expected, "{name}");
        }
        let term = TermSettings { kind: "smoke_alarm".to_owned(), ..TermSettings::default() };
        settings.keys =
            Arc::new([KeySettings { format: Format::SenMl, key: "co".to_owned(), term }]);
        assert_eq!(kind(&settings, "co", true), some("smoke_alarm"), "the operator's goes first");
    }
}
