//! What the keys of a format mean: a table that is data, and what the operator adds to it.
//!
//! A table is a file `config/keys/<format>.csv` with the columns
//!
//! - `key`: as the format's page says, such as `temperature` or `devicepower/battery/V`; with an
//!   owner and `@` before it, it holds for that device or model only: `BBQ@tempc`;
//! - `kind`: of the catalogue; `-` for a key that is known and stands for no measurement. `#1` behind
//!   it is the channel, where a device has a second of the kind under a name of its own;
//! - `unit`: of numbers that come without one; empty is the kind's own. A `?` at its end says that
//!   makers differ, and flags the reading `unit_assumed`. `-` says that no unit is honest: a number
//!   counts only with one its sender states;
//! - `sense`: `inverted`; `contact` where true says closed and words say what they say; `count` where
//!   a number says how often it was so;
//! - `absent`: values that say "nothing", separated by blanks;
//! - `words`: what words mean, `word=value` separated by blanks, with `_` for a blank; value is `true`, `false`, a number
//!   or a word of the kind.

mod scope;

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;
use serde::Deserialize;

pub(super) use self::scope::Scope;
use super::{
    format::Format,
    settings::DecoderSettings,
    term::{MappedValue, Reliance, Sense, Term, TermError, TermSettings},
};
use crate::catalogue::Catalogue;

/// The keys of one format.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    /// A fixed seed is enough: files fill this table, the network only asks it.
    keys: HashMap<Box<str>, Word, FixedState>,
    /// Devices and models that have keys of their own.
    owners: HashSet<Box<str>, FixedState>,
    /// The keys these are.
    owned: HashSet<Box<str>, FixedState>,
}

/// What a key stands for.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// A measurement.
    Term(Term),
    /// Something that is known to be none.
    NoReading,
}

/// Stands between an owner and a key.
const OWNER: char = '@';

#[derive(Deserialize)]
struct Row<'a> {
    key: &'a str,
    kind: &'a str,
    unit: &'a str,
    sense: &'a str,
    absent: &'a str,
    words: &'a str,
}

impl Vocabulary {
    /// The table of a format, and the operator's keys for it over it.
    pub(super) fn new(
        format: Format,
        table: &'static str,
        settings: &DecoderSettings,
    ) -> Result<Self, TermError> {
        let catalogue = &*settings.catalogue;
        let mut keys: HashMap<Box<str>, Word, FixedState> =
            rows(table).map(|(key, row)| (key, row.word(catalogue))).collect();
        for own in settings.keys.iter().filter(|own| own.format == format) {
            let mut term = Term::new(&own.term, catalogue)?;
            if let Some(Word::Term(listed)) = keys.get(own.key.as_str()) {
                term.channel = listed.channel;
            }
            keys.insert(own.key.as_str().into(), Word::Term(term));
        }
        let pairs = keys.keys().filter_map(|key| key.split_once(OWNER));
        let (owners, owned): (HashSet<_, _>, HashSet<Box<str>, _>) =
            pairs.map(|(owner, key)| (Box::from(owner), Box::from(key))).unzip();
        for key in &owned {
            // Known for some, so it is not unknown for the others.
            keys.entry(key.clone()).or_insert(Word::NoReading);
        }
        Ok(Self { keys, owners, owned })
    }

    /// Every key, in alphabetical order, for a format that keeps them in a table of its own.
    pub(super) fn into_words(self) -> Vec<(Box<str>, Word)> {
        let mut words: Vec<_> = self.keys.into_iter().collect();
        words.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        words
    }

    pub(super) fn find(&self, key: &str) -> Option<&Word> {
        self.keys.get(key)
    }

    /// As [`Self::find`], with the key as the table has it.
    pub(super) fn entry(&self, key: &str) -> Option<(&str, &Word)> {
        self.keys.get_key_value(key).map(|(key, word)| (&**key, word))
    }

    /// Has a device or model a meaning of its own for it?
    pub(super) fn is_owned(&self, key: &str) -> bool {
        self.owned.contains(key)
    }

    /// The measurement a key stands for.
    pub(super) fn term(&self, key: &str) -> Option<&Term> {
        match self.find(key)? {
            Word::Term(term) => Some(term),
            Word::NoReading => None,
        }
    }
}

#[expect(clippy::expect_used, reason = "the tables are compiled in and a test reads each")]
fn rows(table: &'static str) -> impl Iterator<Item = (Box<str>, Line)> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let header = reader.headers().cloned().expect("a table of keys has a header");
    reader.into_records().map(move |line| {
        let line = line.expect("a table of keys is well-formed CSV");
        let row: Row<'_> =
            line.deserialize(Some(&header)).expect("a table of keys has its columns");
        (row.key.into(), row.into_line())
    })
}

/// A row, read.
enum Line {
    NoReading,
    Term(TermSettings),
}

impl Row<'_> {
    fn into_line(self) -> Line {
        if self.kind == "-" {
            return Line::NoReading;
        }
        let (unit, reliance) = match (self.unit, self.unit.strip_suffix('?')) {
            ("-", _) => ("", Reliance::Stated),
            (_, Some(unit)) => (unit, Reliance::Assumed),
            (unit, None) => (unit, Reliance::Full),
        };
        let (kind, channel) = self.kind.split_once('#').unwrap_or((self.kind, ""));
        let words = self.words.split_whitespace().filter_map(|word| word.split_once('='));
        Line::Term(TermSettings {
            kind: kind.to_owned(),
            channel: channel.parse().unwrap_or(0),
            unit: (!unit.is_empty()).then(|| unit.to_owned()),
            reliance,
            sense: match self.sense {
                "inverted" => Sense::Inverted,
                "contact" => Sense::Contact,
                "count" => Sense::Count,
                _ => Sense::AsNamed,
            },
            absent: self.absent.split_whitespace().map(str::to_owned).collect(),
            words: words.map(|(word, value)| (word.to_owned(), MappedValue::of(value))).collect(),
            ..TermSettings::default()
        })
    }
}

impl Line {
    /// A kind that the operator has redefined may no longer fit; then the key stands for none.
    fn word(self, catalogue: &Catalogue) -> Word {
        match self {
            Self::NoReading => Word::NoReading,
            Self::Term(settings) => {
                Term::new(&settings, catalogue).map_or(Word::NoReading, Word::Term)
            }
        }
    }
}

/// Every row of a table that cannot be used, for the tests of the formats.
#[cfg(test)]
pub(super) fn mistakes(table: &'static str) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let wrong = |(key, line): (Box<str>, Line)| match line {
        Line::NoReading => None,
        Line::Term(settings) => {
            Term::new(&settings, &catalogue).err().map(|error| format!("{key}: {error}"))
        }
    };
    rows(table).filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, sync::Arc};

    use super::*;
    use crate::{
        decode::{error::RefusalReason, meaning::Meaning, scalar::Scalar, settings::KeySettings},
        model::{ReadingFlag, Value},
    };

    const TABLE: &str = "key,kind,unit,sense,absent,words\n\
        t,air_temperature,[degF],,-99 none,\n\
        v,battery_voltage,mV?,,,\n\
        q,tvoc,-,,,\n\
        c,door_open,,contact,,ajar=true\n\
        uptime,-,,,,\n";

    fn read(vocabulary: &Vocabulary, key: &str, scalar: &Scalar<'_>) -> Option<Meaning<Value>> {
        let catalogue = Catalogue::builtin();
        vocabulary.term(key).map(|term| term.read(&catalogue, scalar, None).0)
    }

    #[test]
    fn a_table_says_unit_sense_and_what_is_nothing() {
        let settings = DecoderSettings::new(&Arc::new(Catalogue::builtin()));
        let vocabulary = Vocabulary::new(Format::Tasmota, TABLE, &settings).unwrap();
        let number = |number| Scalar::Float(number);
        let text = |text| Scalar::Text(Cow::Borrowed(text));
        let value = |value| Some(Meaning::Value(value));
        assert_eq!(read(&vocabulary, "t", &number(212.0)), value(Value::Number(100.0)));
        assert_eq!(read(&vocabulary, "t", &number(-99.0)), Some(Meaning::Nothing));
        assert_eq!(read(&vocabulary, "t", &text("none")), Some(Meaning::Nothing));
        assert_eq!(read(&vocabulary, "c", &Scalar::Bool(true)), value(Value::State(false)));
        assert_eq!(read(&vocabulary, "c", &text("open")), value(Value::State(true)));
        assert_eq!(read(&vocabulary, "c", &text("ajar")), value(Value::State(true)));
        assert!(matches!(vocabulary.find("uptime"), Some(Word::NoReading)));
        assert!(vocabulary.find("x").is_none());
        let catalogue = Catalogue::builtin();
        let (voltage, flags) =
            vocabulary.term("v").unwrap().read(&catalogue, &number(2905.0), None);
        assert_eq!(voltage, Meaning::Value(Value::Number(2.905)));
        assert!(flags.has(ReadingFlag::UnitAssumed));
        let (stated, flags) =
            vocabulary.term("v").unwrap().read(&catalogue, &number(3.0), Some("V"));
        assert_eq!(stated, Meaning::Value(Value::Number(3.0)), "the message's unit goes first");
        assert!(flags.is_empty());
        assert_eq!(
            read(&vocabulary, "q", &number(3.0)),
            Some(Meaning::Refused(RefusalReason::UnitUnknown)),
            "no unit is honest"
        );
        let (stated, flags) =
            vocabulary.term("q").unwrap().read(&catalogue, &number(3.0), Some("ppm"));
        assert_eq!(stated, Meaning::Value(Value::Number(3_000.0)));
        assert!(flags.is_empty());
        assert_eq!(mistakes(TABLE), Vec::<String>::new());
    }

    #[test]
    fn the_operators_keys_go_over_the_table() {
        let mut settings = DecoderSettings::new(&Arc::new(Catalogue::builtin()));
        let key = |format, key: &str, kind: &str| KeySettings {
            format,
            key: key.to_owned(),
            term: TermSettings { kind: kind.to_owned(), ..TermSettings::default() },
        };
        settings.keys = Arc::new([
            key(Format::Tasmota, "c", "bed_occupied"),
            key(Format::Shelly, "t", "water_temperature"),
        ]);
        let vocabulary = Vocabulary::new(Format::Tasmota, TABLE, &settings).unwrap();
        let bed = settings.catalogue.find("bed_occupied").unwrap();
        assert_eq!(vocabulary.term("c").unwrap().kind, bed);
        let air = settings.catalogue.find("air_temperature").unwrap();
        assert_eq!(vocabulary.term("t").unwrap().kind, air, "another format's key");
        settings.keys = Arc::new([key(Format::Tasmota, "x", "no_such_kind")]);
        assert!(Vocabulary::new(Format::Tasmota, TABLE, &settings).is_err());
    }
}
