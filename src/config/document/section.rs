//! One table of the document. Whoever reads it says what may stand there, and that is recorded.

use std::ops::RangeInclusive;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Document, Mistake, Spot, nearest, span_of};
use crate::config::{
    form::{Form, FormKind},
    record::{Key, Origin, Shape, Table, join},
    secret,
    setting::{Setting, quoted},
};

/// One table of the file. A section that is absent reads as all defaults.
pub(in crate::config) struct Section<'d> {
    document: &'d Document<'d>,
    id: usize,
    name: String,
    at: Spot,
    table: Option<&'d DeTable<'d>>,
    asked: Vec<&'static str>,
}

/// What is said about a key apart from its value.
#[derive(Default)]
struct Terms {
    required: bool,
    default: Option<String>,
    bounds: Option<(String, String)>,
}

impl<'d> Section<'d> {
    pub(super) fn new(
        document: &'d Document<'d>,
        id: usize,
        name: String,
        at: Spot,
        table: Option<&'d DeTable<'d>>,
    ) -> Self {
        Self { document, id, name, at, table, asked: Vec::new() }
    }

    /// The value of a key, when it is there and right.
    pub(in crate::config) fn get<T: Setting>(&mut self, key: &'static str) -> Option<T> {
        self.read(key, Terms::default())
    }

    /// The value of a key, or its default.
    pub(in crate::config) fn get_or<T: Setting>(&mut self, key: &'static str, default: T) -> T {
        let terms = Terms { default: Some(default.show()), ..Terms::default() };
        self.read(key, terms).unwrap_or(default)
    }

    /// The value of a key the operator must give. Callers put a placeholder where it is missing:
    /// there will be no configuration then, and the search for mistakes goes on.
    pub(in crate::config) fn demand<T: Setting>(&mut self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            let fix = format!("add {key} = {} to {}", T::EXAMPLE, self.title());
            self.refuse(key, Mistake::new(T::EXPECTED, fix).found("nothing"));
        }
        self.read(key, Terms { required: true, ..Terms::default() })
    }

    /// The value of a key, or its default, within bounds.
    pub(in crate::config) fn within<T: Setting + PartialOrd>(
        &mut self,
        key: &'static str,
        default: T,
        bounds: &RangeInclusive<T>,
    ) -> T {
        self.bounded(key, Some(default.show()), bounds).unwrap_or(default)
    }

    /// The value of a key within bounds, when it is there and right.
    pub(in crate::config) fn get_within<T: Setting + PartialOrd>(
        &mut self,
        key: &'static str,
        bounds: &RangeInclusive<T>,
    ) -> Option<T> {
        self.bounded(key, None, bounds)
    }

    /// A table inside this one.
    pub(in crate::config) fn section(&mut self, key: &'static str) -> Section<'d> {
        let value = self.value(key);
        let table = value.and_then(|value| value.get_ref().as_table());
        if let (Some(value), None) = (value, table) {
            let fix = format!("write [{}] on a line of its own", self.path(key));
            self.refuse_value(key, value, Mistake::new("a table", fix));
        }
        let at = span_of(value).unwrap_or_else(|| self.at.clone());
        let id = self.enter(key, Shape::Single, value.is_some());
        Section::new(self.document, id, self.path(key), at, table)
    }

    /// The tables of an array of tables, in order.
    pub(in crate::config) fn sections(&mut self, key: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let entries = value.get_ref().as_array().map(|array| array.iter());
        let tables: Option<Vec<_>> = entries.and_then(|entries| {
            entries.map(|entry| Some((entry.span(), entry.get_ref().as_table()?))).collect()
        });
        if tables.is_none() {
            let fix = format!("write [[{}]] before each of them", self.path(key));
            self.refuse_value(key, value, Mistake::new("a list of tables", fix));
        }
        let section = |(at, table)| {
            let id = self.enter(key, Shape::Entry, true);
            Section::new(self.document, id, self.path(key), at, Some(table))
        };
        tables.unwrap_or_default().into_iter().map(section).collect()
    }

    /// The tables of an array of tables that must not be missing.
    pub(in crate::config) fn demand_sections(
        &mut self,
        key: &'static str,
        mistake: Mistake,
    ) -> Vec<Section<'d>> {
        if !self.has(key) {
            self.refuse(key, mistake.found("nothing"));
        }
        let sections = self.sections(key);
        self.document.record.borrow_mut().demand(&self.path(key));
        sections
    }

    /// Every key with its text, for tables whose keys are not ours.
    pub(in crate::config) fn texts(&mut self) -> Vec<(String, String, Spot)> {
        self.values::<Scalar>().into_iter().map(|(key, text, spot)| (key, text.0, spot)).collect()
    }

    /// Every key with its value, for tables whose keys are not ours.
    pub(in crate::config) fn values<T: Setting>(&mut self) -> Vec<(String, T, Spot)> {
        self.document.record.borrow_mut().set_free(self.id, T::FORM);
        let mut values = Vec::new();
        for (key, value) in self.table.into_iter().flatten() {
            let name = key.get_ref();
            let read = T::read(value.get_ref());
            self.note(name, Some(value), read.as_ref(), Terms::default());
            if let Some(read) = read {
                values.push((name.to_string(), read, key.span()));
            } else {
                let fix =
                    format!("write {} = {}; quote keys that hold dots", quoted(name), T::EXAMPLE);
                let mistake = Mistake::new(T::EXPECTED, fix);
                self.document.refuse(&value.span(), &self.path(name), mistake);
            }
        }
        values
    }

    /// Does the table itself stand in the document?
    pub(in crate::config) fn is_given(&self) -> bool {
        self.table.is_some()
    }

    /// Is the key there, right or wrong?
    pub(in crate::config) fn has(&mut self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Where the key's value stands; where the section begins when it is absent.
    pub(in crate::config) fn spot(&mut self, key: &'static str) -> Spot {
        span_of(self.value(key)).unwrap_or_else(|| self.at.clone())
    }

    /// Notes a mistake at a key.
    pub(in crate::config) fn refuse(&mut self, key: &'static str, mistake: Mistake) {
        let spot = self.spot(key);
        self.document.refuse(&spot, &self.path(key), mistake);
    }

    /// Notes a mistake at a key and quotes its value.
    pub(in crate::config) fn refuse_found(&mut self, key: &'static str, mistake: Mistake) {
        match self.value(key) {
            Some(value) => self.refuse_value(key, value, mistake),
            None => self.refuse(key, mistake),
        }
    }

    /// The document, for mistakes that concern several sections.
    pub(in crate::config) fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Full path of a key of this section.
    pub(in crate::config) fn path(&self, key: &str) -> String {
        join(&self.name, key)
    }

    /// Ends the reading: every key nobody asked for is unknown.
    pub(in crate::config) fn finish(self) {
        self.document.record.borrow_mut().close(self.id, &self.asked);
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let path = self.path(name);
            let mistake = if secret::is_inline(&path) {
                Mistake::new("no secret in this file", secret::ELSEWHERE).found("one (not shown)")
            } else {
                let known = self.asked.join(", ");
                let fix = format!("remove it; {} knows {known}", self.title());
                let mistake = Mistake::new("a known key", fix).found("an unknown one");
                mistake.or_nearest(nearest(name, &self.asked))
            };
            self.document.refuse(&key.span(), &path, mistake);
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

    fn read<T: Setting>(&mut self, key: &'static str, terms: Terms) -> Option<T> {
        let value = self.value(key);
        let read = value.and_then(|value| T::read(value.get_ref()));
        self.note(key, value, read.as_ref(), terms);
        if let (Some(value), None) = (value, &read) {
            let fix = format!("write {key} = {}", T::EXAMPLE);
            let word = value.get_ref().as_str();
            let nearest = word.and_then(|word| nearest(word, T::FORM.words));
            let nearest = nearest.map(|word| quoted(&word));
            self.refuse_value(key, value, Mistake::new(T::EXPECTED, fix).or_nearest(nearest));
        }
        read
    }

    fn bounded<T: Setting + PartialOrd>(
        &mut self,
        key: &'static str,
        default: Option<String>,
        bounds: &RangeInclusive<T>,
    ) -> Option<T> {
        let (low, high) = (bounds.start().show(), bounds.end().show());
        let value = self.value(key);
        let read = value.and_then(|value| T::read(value.get_ref()));
        let read = read.filter(|read| bounds.contains(read));
        let example = default.clone().unwrap_or_else(|| T::EXAMPLE.to_owned());
        let expected = format!("{} from {low} to {high}", T::EXPECTED);
        let terms = Terms { required: false, default, bounds: Some((low, high)) };
        self.note(key, value, read.as_ref(), terms);
        if let (Some(value), None) = (value, &read) {
            let fix = format!("write {key} = {example} or another value in this range");
            self.refuse_value(key, value, Mistake::new(expected, fix));
        }
        read
    }

    fn enter(&self, key: &str, shape: Shape, given: bool) -> usize {
        let path = self.path(key);
        let table =
            Table { path, parent: Some(self.id), shape, given, required: false, free: None };
        self.document.record.borrow_mut().enter(table)
    }

    fn note<T: Setting>(
        &self,
        name: &str,
        value: Option<&Spanned<DeValue<'_>>>,
        read: Option<&T>,
        terms: Terms,
    ) {
        let is_hidden = secret::is_hidden(&self.path(name));
        let shown = |value: &T| if is_hidden { quoted(secret::MASK) } else { value.show() };
        let source = self.document.source;
        let origin = value.map_or(Origin::Default, |value| {
            let spot = value.span();
            match (source.variable(&spot), source.place(&spot).line()) {
                (None, Some(line)) => Origin::File { line },
                (variable, _) => {
                    Origin::Environment { variable: variable.unwrap_or_default().to_owned() }
                }
            }
        });
        self.document.record.borrow_mut().note(Key {
            table: self.id,
            name: name.to_owned(),
            form: T::FORM,
            expected: T::EXPECTED,
            example: T::EXAMPLE,
            required: terms.required,
            value: read.map(shown).or_else(|| terms.default.clone()),
            default: terms.default,
            bounds: terms.bounds,
            origin,
        });
    }

    fn refuse_value(&self, key: &str, value: &Spanned<DeValue<'_>>, mistake: Mistake) {
        let path = self.path(key);
        let mistake = if secret::may_hold_secret(&path) {
            mistake.found("something else (not shown)")
        } else {
            mistake.found(self.document.quote(&value.span()))
        };
        self.document.refuse(&value.span(), &path, mistake);
    }
}

/// Text, a number or a state, as text.
struct Scalar(String);

impl Setting for Scalar {
    const EXPECTED: &'static str = "text, a number or true/false";
    const EXAMPLE: &'static str = "\"value\"";
    const FORM: Form = Form::of(FormKind::Scalar);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::String(text) => Some(Self(text.to_string())),
            DeValue::Integer(number) => Some(Self(number.to_string())),
            DeValue::Float(number) => Some(Self(number.to_string())),
            DeValue::Boolean(state) => Some(Self(state.to_string())),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
        }
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}
