//! The reference: every key that can be set, with what the code says of it (its [`Record`]) and
//! what it is for (the entries here, the only place where that stands).

use std::path::Path;

use super::{
    Config,
    record::{Record, Shape, Table},
};

mod kafka;
mod link;
mod process;
mod shapes;
mod spool;

/// What a table or a key is for, and what its type does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path, such as `link.keep_alive`.
    pub path: &'static str,
    /// What it is for, in Markdown.
    pub why: &'static str,
    /// The default in words, where it depends on other keys.
    pub default: Option<&'static str>,
    /// The range in words, where the code's bounds do not say it.
    pub range: Option<&'static str>,
    /// What must hold beside the bounds.
    pub also: Option<&'static str>,
}

/// An empty one of every table that is not there unless it is written.
pub(super) const EXEMPLAR: &str = "\
[[link]]
[link.tls]
[[link.filter]]
[[kind]]
[[mapping]]
[mapping.time]
[[mapping.reading]]
[[key]]
[kafka.tls]
[kafka.sasl]
";

/// Every key there is, as the code asks for it.
pub fn record() -> Record {
    let (_, record) = Config::examine(Path::new("reference"), EXEMPLAR, |_| None, &[]);
    record
}

/// Is a table only there when it is written?
pub(super) fn is_optional(table: &Table) -> bool {
    match table.shape {
        Shape::Single => EXEMPLAR.lines().any(|line| line == format!("[{}]", table.path)),
        Shape::Entry => !table.required,
    }
}

/// Every entry.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    let all = [process::ENTRIES, link::ENTRIES, shapes::ENTRIES, kafka::ENTRIES, spool::ENTRIES];
    all.into_iter().flatten()
}

/// The entry of a path.
pub fn entry(path: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.path == path)
}

const fn why(path: &'static str, why: &'static str) -> Entry {
    Entry { path, why, default: None, range: None, also: None }
}

impl Entry {
    const fn default(self, words: &'static str) -> Self {
        Self { default: Some(words), ..self }
    }

    const fn range(self, words: &'static str) -> Self {
        Self { range: Some(words), ..self }
    }

    const fn also(self, words: &'static str) -> Self {
        Self { also: Some(words), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_has_a_why_and_every_why_a_key() {
        let record = record();
        let tables = record.tables().iter().map(|table| table.path.clone());
        let keys = record.keys().map(|(path, _)| path);
        let read: BTreeSet<String> = keys.chain(tables).filter(|path| !path.is_empty()).collect();
        let said: BTreeSet<String> = entries().map(|entry| entry.path.to_owned()).collect();
        let missing: Vec<_> = read.difference(&said).collect();
        assert!(
            missing.is_empty(),
            "the code asks for keys that nobody explains: {missing:?}\n  fix: add \
             `why(\"path\", \"what it is for\"),` to src/config/reference/*.rs, and run `make docs`"
        );
        let stale: Vec<_> = said.difference(&read).collect();
        assert!(
            stale.is_empty(),
            "no code asks for {stale:?}\n  fix: remove the entries from src/config/reference/*.rs, \
             or, where the table is only read when it is written, add it to EXEMPLAR"
        );
        assert_eq!(entries().count(), said.len(), "an entry stands twice");
    }

    #[test]
    fn every_key_is_asked_for_with_its_type() {
        let record = record();
        assert!(
            record.untyped().is_empty(),
            "{:?} are looked for by `has` or `spot` and read only sometimes\n  fix: read them \
             always (`section.get(..)`), or add their table to EXEMPLAR in src/config/reference.rs",
            record.untyped()
        );
        assert!(record.keys().count() > 60, "{}", record.keys().count());
    }

    #[test]
    fn every_type_shows_an_example_of_its_form() {
        for (path, key) in record().keys() {
            let example = toml::from_str::<toml::Table>(&format!("v = {}", key.example)).unwrap();
            let kind = example["v"].type_str();
            let allowed: &[&str] = match key.form.kind {
                super::super::form::FormKind::Text => &["string"],
                super::super::form::FormKind::Whole => &["integer"],
                super::super::form::FormKind::Number => &["float", "integer"],
                super::super::form::FormKind::State => &["boolean"],
                super::super::form::FormKind::Texts => &["array"],
                super::super::form::FormKind::Scalar => &["string", "boolean"],
            };
            assert!(allowed.contains(&kind), "{path}: {} is no {:?}", key.example, key.form.kind);
            // Words in quotes in EXPECTED are the words of FORM: the one is for people.
            let mut quoted: Vec<&str> = key.expected.split('"').skip(1).step_by(2).collect();
            quoted.retain(|word| !word.is_empty());
            assert_eq!(
                quoted.is_empty(),
                key.form.words.is_empty() || key.form.kind == super::super::form::FormKind::Whole,
                "{path}: give its type `const FORM: Form = Form::words(&{quoted:?});`"
            );
            for word in quoted {
                assert!(key.form.words.contains(&word), "{path}: FORM lacks {word:?}");
            }
        }
    }
}
