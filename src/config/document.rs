//! A TOML file read key by key, so that every mistake is found in one go and has a place.

use std::{
    cell::RefCell,
    ops::{Range, RangeInclusive},
    path::Path,
};

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{
    error::{ConfigError, ConfigErrors},
    setting::Setting,
};

/// How alike two keys must be before one is offered for the other (0..=1).
const LIKENESS: f64 = 0.75;

/// Characters of a wrong value that a message repeats.
const SHOWN_CHARS: usize = 60;

/// A parsed file and what is wrong with it so far.
pub(super) struct Document<'t> {
    file: &'t Path,
    text: &'t str,
    root: DeTable<'t>,
    mistakes: RefCell<Vec<(usize, ConfigError)>>,
}

/// A place in the file, as a byte range.
pub(super) type Spot = Range<usize>;

/// What a mistake says, apart from where.
pub(super) struct Mistake {
    pub(super) expected: String,
    pub(super) found: Option<String>,
    pub(super) nearest: Option<&'static str>,
    pub(super) fix: String,
}

impl Mistake {
    /// A mistake that needs no quotation from the file.
    pub(super) fn new(expected: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: None, nearest: None, fix: fix.into() }
    }

    /// The same, saying what stands there.
    pub(super) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }
}

impl<'t> Document<'t> {
    /// Parses as much as can be parsed; what cannot is already a mistake.
    pub(super) fn parse(file: &'t Path, text: &'t str) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document =
            Self { file, text, root: root.into_inner(), mistakes: RefCell::new(Vec::new()) };
        for error in errors {
            let spot = error.span().unwrap_or(0..0);
            let fix = "correct the TOML syntax here (quotes round text, one key a line)";
            let expected = format!("valid TOML ({})", error.message());
            document.refuse(&spot, "", Mistake::new(expected, fix));
        }
        document
    }

    /// The top level as a section.
    pub(super) fn root(&self) -> Section<'_> {
        Section {
            document: self,
            name: String::new(),
            at: 0..0,
            table: Some(&self.root),
            asked: Vec::new(),
        }
    }

    /// Notes a mistake.
    pub(super) fn refuse(&self, spot: &Spot, key: &str, mistake: Mistake) {
        let before = self.text.get(..spot.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        let error = ConfigError {
            file: self.file.to_path_buf(),
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
            key: key.to_owned(),
            expected: mistake.expected,
            found: mistake.found,
            nearest: mistake.nearest,
            fix: mistake.fix,
        };
        self.mistakes.borrow_mut().push((spot.start, error));
    }

    /// What the file says at a place, shortened.
    pub(super) fn quote(&self, spot: &Spot) -> String {
        let raw = self.text.get(spot.clone()).unwrap_or_default();
        let first_line = raw.lines().next().unwrap_or_default();
        let mut shown: String = first_line.chars().take(SHOWN_CHARS).collect();
        if shown.len() < raw.len() {
            shown.push_str("...");
        }
        shown
    }

    /// `value`, if nothing was wrong.
    pub(super) fn finish<T>(self, value: T) -> Result<T, ConfigErrors> {
        let mut mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            return Ok(value);
        }
        mistakes.sort_by_key(|(place, _)| *place);
        Err(ConfigErrors(mistakes.into_iter().map(|(_, mistake)| mistake).collect()))
    }
}

/// One table of the file. A section that is absent reads as all defaults.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    name: String,
    at: Spot,
    table: Option<&'d DeTable<'d>>,
    asked: Vec<&'static str>,
}

impl<'d> Section<'d> {
    /// The value of a key, when it is there and right.
    pub(super) fn get<T: Setting>(&mut self, key: &'static str) -> Option<T> {
        let value = self.value(key)?;
        let read = T::read(value.get_ref());
        if read.is_none() {
            let fix = format!("write {key} = {}", T::EXAMPLE);
            self.refuse_value(key, value, Mistake::new(T::EXPECTED, fix));
        }
        read
    }

    /// The value of a key, or its default.
    pub(super) fn get_or<T: Setting>(&mut self, key: &'static str, default: T) -> T {
        self.get(key).unwrap_or(default)
    }

    /// The value of a key the operator must give. Callers put a placeholder where it is missing:
    /// there will be no configuration then, and the search for mistakes goes on.
    pub(super) fn demand<T: Setting>(&mut self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            let fix = format!("add {key} = {} to {}", T::EXAMPLE, self.title());
            self.refuse(key, Mistake::new(T::EXPECTED, fix).found("nothing"));
        }
        self.get(key)
    }

    /// The value of a key, or its default, within bounds.
    pub(super) fn within<T: Setting + PartialOrd>(
        &mut self,
        key: &'static str,
        default: T,
        bounds: &RangeInclusive<T>,
    ) -> T {
        let Some(value) = self.value(key) else { return default };
        if let Some(read) = T::read(value.get_ref()).filter(|read| bounds.contains(read)) {
            return read;
        }
        let (low, high) = (bounds.start().show(), bounds.end().show());
        let expected = format!("{} from {low} to {high}", T::EXPECTED);
        let fix = format!("write {key} = {} or another value in this range", default.show());
        self.refuse_value(key, value, Mistake::new(expected, fix));
        default
    }

    /// A table inside this one.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'d> {
        let value = self.value(key);
        let table = value.and_then(|value| value.get_ref().as_table());
        if let (Some(value), None) = (value, table) {
            let fix = format!("write [{}] on a line of its own", self.path(key));
            self.refuse_value(key, value, Mistake::new("a table", fix));
        }
        let at = value.map_or_else(|| self.at.clone(), Spanned::span);
        Section { document: self.document, name: self.path(key), at, table, asked: Vec::new() }
    }

    /// The tables of an array of tables, in order.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let name = self.path(key);
        let entries = value.get_ref().as_array().map(|array| array.iter());
        let tables: Option<Vec<_>> = entries.and_then(|entries| {
            entries.map(|entry| Some((entry.span(), entry.get_ref().as_table()?))).collect()
        });
        if tables.is_none() {
            let fix = format!("write [[{name}]] before each of them");
            self.refuse_value(key, value, Mistake::new("a list of tables", fix));
        }
        let section = |(at, table)| Section {
            document: self.document,
            name: name.clone(),
            at,
            table: Some(table),
            asked: Vec::new(),
        };
        tables.unwrap_or_default().into_iter().map(section).collect()
    }

    /// Every key with its text, for tables whose keys are not ours.
    pub(super) fn texts(&mut self) -> Vec<(String, String, Spot)> {
        let mut texts = Vec::new();
        for (key, value) in self.table.into_iter().flatten() {
            let name = key.get_ref();
            let scalar = match value.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                DeValue::Integer(number) => Some(number.to_string()),
                DeValue::Float(number) => Some(number.to_string()),
                DeValue::Boolean(state) => Some(state.to_string()),
                DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
            };
            if let Some(text) = scalar {
                texts.push((name.to_string(), text, key.span()));
            } else {
                let fix = format!("write \"{name}\" = \"value\"; quote keys that hold dots");
                let mistake = Mistake::new("text, a number or true/false", fix);
                self.document.refuse(&value.span(), &self.path(name), mistake);
            }
        }
        texts
    }

    /// The whole table as another room's settings type.
    pub(super) fn deserialize<T: DeserializeOwned>(&self) -> Option<T> {
        let value = DeValue::Table(self.table?.clone());
        let value = Spanned::new(self.at.clone(), value);
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(settings) => Some(settings),
            Err(error) => {
                let spot = error.span().unwrap_or_else(|| self.at.clone());
                let fix = "see docs/configuration.md for the keys of this table";
                let expected = format!("a valid {} ({})", self.title(), error.message());
                self.document.refuse(&spot, &self.name, Mistake::new(expected, fix));
                None
            }
        }
    }

    /// Is the key there, right or wrong?
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Where the key's value stands; where the section begins when it is absent.
    pub(super) fn spot(&mut self, key: &'static str) -> Spot {
        self.value(key).map_or_else(|| self.at.clone(), Spanned::span)
    }

    /// Notes a mistake at a key.
    pub(super) fn refuse(&mut self, key: &'static str, mistake: Mistake) {
        let spot = self.spot(key);
        self.document.refuse(&spot, &self.path(key), mistake);
    }

    /// Notes a mistake at a key and quotes its value.
    pub(super) fn refuse_found(&mut self, key: &'static str, mistake: Mistake) {
        match self.value(key) {
            Some(value) => self.refuse_value(key, value, mistake),
            None => self.refuse(key, mistake),
        }
    }

    /// The document, for mistakes that concern several sections.
    pub(super) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Full path of a key of this section.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Ends the reading: every key nobody asked for is unknown.
    pub(super) fn finish(self) {
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let nearest = nearest(name, &self.asked);
            let fix = match nearest {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("remove it; {} knows {}", self.title(), self.asked.join(", ")),
            };
            let mistake = Mistake { nearest, ..Mistake::new("a known key", fix) };
            self.document.refuse(&key.span(), &self.path(name), mistake.found("an unknown one"));
        }
    }

    fn title(&self) -> String {
        if self.name.is_empty() { "the file".to_owned() } else { format!("[{}]", self.name) }
    }

    fn value(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table?.get(key)
    }

    fn refuse_value(&self, key: &str, value: &Spanned<DeValue<'_>>, mistake: Mistake) {
        let found = self.document.quote(&value.span());
        self.document.refuse(&value.span(), &self.path(key), mistake.found(found));
    }
}

/// The known word most like `word`, if any is like it at all.
pub(super) fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
