//! Variables of the environment that go over the file: `TRYGG__KAFKA__BROKERS`,
//! `TRYGG__LINK__NORTH__HOST`.

use std::borrow::Cow;

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    document::{Mistake, Spot, nearest},
    form::FormKind,
    record::{Record, Shape, join},
    reference,
    source::{PREFIX, Source, Variable},
};

/// Puts the variables' values into the file's tables, and says which variables mean no key.
pub(super) fn apply<'t>(source: &'t Source, root: &mut DeTable<'t>) -> Vec<(Spot, Mistake)> {
    if source.variables().is_empty() {
        return Vec::new();
    }
    let known = reference::record();
    let mut mistakes = Vec::new();
    for variable in source.variables() {
        let words = variable.name.strip_prefix(PREFIX).unwrap_or_default().to_lowercase();
        let words: Vec<&str> = words.split("__").collect();
        let value = |form| read(source, variable, form);
        let walk = Walk { known: &known, variable, words: &words };
        if let Err(mistake) = walk.set(root, 0, "", &value) {
            mistakes.push((variable.spot.clone(), mistake));
        }
    }
    mistakes
}

/// The way from the top level to the key a variable means.
struct Walk<'a> {
    known: &'a Record,
    variable: &'a Variable,
    words: &'a [&'a str],
}

impl Walk<'_> {
    /// Sets the value in the table of `path`, where the words before `at` have led.
    fn set<'t>(
        &self,
        table: &mut DeTable<'t>,
        at: usize,
        path: &str,
        value: &dyn Fn(FormKind) -> Spanned<DeValue<'t>>,
    ) -> Result<(), Mistake> {
        let rest = self.words.get(at..).unwrap_or_default();
        let Some((word, rest)) = rest.split_first() else { return Ok(()) };
        if let Some(form) = self.known.table(path).and_then(|(_, table)| table.free) {
            // Names of librdkafka hold dots, which names of variables cannot.
            let name = self.words.get(at..).unwrap_or_default().join("__").replace('_', ".");
            self.put(table, name, value(form.kind));
            return Ok(());
        }
        let child = join(path, word);
        if let (Some(key), true) = (self.known.key(&child), rest.is_empty()) {
            self.put(table, (*word).to_owned(), value(key.form.kind));
            return Ok(());
        }
        let Some((_, inner)) = self.known.table(&child) else { return Err(self.unknown(at, path)) };
        if rest.is_empty() {
            // A whole table, or all of a list, at once.
            self.put(table, (*word).to_owned(), value(FormKind::Scalar));
            return Ok(());
        }
        if inner.shape == Shape::Entry {
            return self.set_entry(table, at, &child, value);
        }
        if !table.contains_key(*word) {
            self.put(
                table,
                (*word).to_owned(),
                Spanned::new(self.variable.spot.clone(), DeValue::Table(DeTable::new())),
            );
        }
        match table.get_mut(*word).map(Spanned::get_mut) {
            Some(DeValue::Table(inner)) => self.set(inner, at + 1, &child, value),
            // What is no table is refused where it stands.
            _ => Ok(()),
        }
    }

    /// Sets the value in the table of a list that has the next word as name or place.
    fn set_entry<'t>(
        &self,
        table: &mut DeTable<'t>,
        at: usize,
        path: &str,
        value: &dyn Fn(FormKind) -> Spanned<DeValue<'t>>,
    ) -> Result<(), Mistake> {
        let (list, name) = (self.word(at), self.word(at + 1));
        let entries = match table.get_mut(list).map(Spanned::get_mut) {
            Some(DeValue::Array(entries)) => entries,
            _ => &mut DeArray::new(),
        };
        let mut names = Vec::new();
        for (place, entry) in entries.iter_mut().enumerate() {
            let DeValue::Table(entry) = entry.get_mut() else { continue };
            let own = entry.get("name").and_then(|name| name.get_ref().as_str());
            let own = own.map_or_else(|| place.to_string(), in_variables);
            if own == name {
                return self.set(entry, at + 2, path, value);
            }
            names.push(own);
        }
        let upper: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
        let expected = format!("the name of a [[{path}]] of the file: {}", upper.join(", "));
        let fix = format!("correct the name, or add the [[{path}]] to the file");
        let nearest = nearest(name, &names).map(|name| self.with(at + 1, &name));
        Err(Mistake::new(expected, fix).found(name.to_uppercase()).or_nearest(nearest))
    }

    fn put<'t>(&self, table: &mut DeTable<'t>, name: String, value: Spanned<DeValue<'t>>) {
        let name: Cow<'t, str> = Cow::Owned(name);
        // A key of the file would keep its place in the file.
        table.remove(name.as_ref());
        table.insert(Spanned::new(self.variable.spot.clone(), name), value);
    }

    /// No key is called like the word at `at` in the table of `path`.
    fn unknown(&self, at: usize, path: &str) -> Mistake {
        let Some((number, table)) = self.known.table(path) else {
            return Mistake::new("a known key", "remove the variable");
        };
        let keys = self.known.keys_of(number).map(|key| key.name.clone());
        let tables = self.known.tables_in(number);
        let tables = tables.filter_map(|(_, table)| table.path.rsplit('.').next());
        let mut names: Vec<String> = keys.chain(tables.map(str::to_owned)).collect();
        names.sort_unstable();
        names.dedup();
        let nearest = self
            .regrouped()
            .or_else(|| nearest(self.word(at), &names).map(|name| self.with(at, &name)));
        let title =
            if table.path.is_empty() { "the top level".into() } else { format!("[{path}]") };
        let fix = format!("remove the variable; {title} knows {}", names.join(", "));
        Mistake::new("a variable that means a key", fix)
            .found(format!("no key {}", join(path, self.word(at))))
            .or_nearest(nearest)
    }

    /// The variable that has the same letters with the underscores in the right places.
    fn regrouped(&self) -> Option<String> {
        let squashed = |text: &str| text.replace(['_', '.'], "");
        let meant = squashed(&self.words.concat());
        let mut keys = self.known.keys();
        let (path, _) = keys.find(|(path, _)| squashed(path) == meant)?;
        Some(format!("{PREFIX}{}", path.replace('.', "__").to_uppercase()))
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).copied().unwrap_or_default()
    }

    /// The variable's name with another word at `at`.
    fn with(&self, at: usize, word: &str) -> String {
        let words = self.words.iter().enumerate();
        let words: Vec<&str> =
            words.map(|(place, own)| if place == at { word } else { own }).collect();
        format!("{PREFIX}{}", words.join("__").to_uppercase())
    }
}

/// A name as it is written in variables, which cannot hold a hyphen.
fn in_variables(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// The value of a variable: TOML where it is TOML of the key's type, otherwise text.
fn read<'t>(source: &'t Source, variable: &Variable, kind: FormKind) -> Spanned<DeValue<'t>> {
    let text = source.text(&variable.spot);
    let parsed = DeValue::parse(text).ok().map(|value| moved(value, variable.spot.start));
    let is_text = |value: &Spanned<DeValue<'_>>| kind != FormKind::Text || value.get_ref().is_str();
    parsed.filter(is_text).unwrap_or_else(|| {
        Spanned::new(variable.spot.clone(), DeValue::String(Cow::Borrowed(text)))
    })
}

/// A value with its places counted from elsewhere.
fn moved(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let span = |span: Spot| span.start + by..span.end + by;
    let place = span(value.span());
    let value = match value.into_inner() {
        DeValue::Array(list) => {
            let mut moved_list = DeArray::new();
            list.into_iter().for_each(|entry| moved_list.push(moved(entry, by)));
            DeValue::Array(moved_list)
        }
        DeValue::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| {
                (Spanned::new(span(key.span()), key.into_inner()), moved(value, by))
            });
            DeValue::Table(entries.collect())
        }
        scalar @ (DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)) => scalar,
    };
    Spanned::new(place, value)
}
