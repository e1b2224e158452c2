//! What was asked of the document and what came of it: the one source of defaults, ranges and
//! types for reference, schema and overview.

use super::form::Form;

/// Every table and every key that was read, in the order of reading.
#[derive(Clone, Debug, Default)]
pub struct Record {
    tables: Vec<Table>,
    keys: Vec<Key>,
    untyped: Vec<String>,
}

/// A table that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its path, such as `link.filter`; empty for the top level.
    pub path: String,
    /// The table it stands in.
    pub parent: Option<usize>,
    /// What kind of table.
    pub shape: Shape,
    /// Does it stand in the file?
    pub given: bool,
    /// Must it be there?
    pub required: bool,
    /// The form of its values, if its keys are not ours.
    pub free: Option<Form>,
}

/// What kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[table]`.
    Single,
    /// One of `[[table]]`.
    Entry,
}

/// A key that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Number of the table it belongs to.
    pub table: usize,
    /// Its name within the table.
    pub name: String,
    /// What its values look like.
    pub form: Form,
    /// Ends the sentence "expected ...".
    pub expected: &'static str,
    /// A right value, as TOML.
    pub example: &'static str,
    /// Must it be given?
    pub required: bool,
    /// What holds when it is not given, as TOML.
    pub default: Option<String>,
    /// Least and greatest value, as TOML.
    pub bounds: Option<(String, String)>,
    /// What holds, as TOML. A secret is masked.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    Default,
    /// The file.
    File {
        /// Counted from 1.
        line: usize,
    },
    /// A variable of the environment.
    Environment {
        /// Its name.
        variable: String,
    },
}

impl Record {
    /// The tables, in the order of reading; a key's `table` is a place in it.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The keys of a table, in the order of reading.
    pub fn keys_of(&self, table: usize) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.table == table)
    }

    /// Every key with its path.
    pub fn keys(&self) -> impl Iterator<Item = (String, &Key)> {
        self.keys.iter().map(|key| (self.path_of(key), key))
    }

    /// Tables that stand directly in a table.
    pub fn tables_in(&self, parent: usize) -> impl Iterator<Item = (usize, &Table)> {
        let tables = self.tables.iter().enumerate();
        tables.filter(move |(_, table)| table.parent == Some(parent))
    }

    /// The first table of a path.
    pub fn table(&self, path: &str) -> Option<(usize, &Table)> {
        self.tables.iter().enumerate().find(|(_, table)| table.path == path)
    }

    /// The first key of a path.
    pub fn key(&self, path: &str) -> Option<&Key> {
        let (table, name) = path.rsplit_once('.').unwrap_or(("", path));
        let (table, _) = self.table(table)?;
        self.keys_of(table).find(|key| key.name == name)
    }

    /// The key of a path; in the table of this name, where a name is given.
    pub fn key_named(&self, path: &str, name: Option<&str>) -> Option<&Key> {
        let (table, last) = path.rsplit_once('.').unwrap_or(("", path));
        let tables = self.tables.iter().enumerate().filter(|(_, other)| other.path == table);
        let named = |number: usize| {
            let own = self.keys_of(number).find(|key| key.name == "name");
            let own = own.and_then(|key| key.value.as_deref());
            name.is_none_or(|name| own.map(|own| own.trim_matches('"')) == Some(name))
        };
        let mut tables = tables.map(|(number, _)| number).filter(|number| named(*number));
        tables.find_map(|number| self.keys_of(number).find(|key| key.name == last))
    }

    /// Keys that were looked at without a type, and so are missing above. There must be none.
    pub fn untyped(&self) -> &[String] {
        &self.untyped
    }

    /// Where a table of a list stands among its like, as `link.0.filter.1` counts them.
    pub fn address(&self, table: usize) -> String {
        let Some(entry) = self.tables.get(table) else { return String::new() };
        let Some(parent) = entry.parent else { return entry.path.clone() };
        let name = entry.path.rsplit('.').next().unwrap_or_default();
        let address = join(&self.address(parent), name);
        match entry.shape {
            Shape::Single => address,
            Shape::Entry => {
                let like = self.tables_in(parent).filter(|(_, other)| other.path == entry.path);
                let place = like.take_while(|(number, _)| *number != table).count();
                format!("{address}.{place}")
            }
        }
    }

    fn path_of(&self, key: &Key) -> String {
        let table = self.tables.get(key.table).map_or("", |table| &table.path);
        join(table, &key.name)
    }

    /// Notes a table and gives its number.
    pub(super) fn enter(&mut self, table: Table) -> usize {
        let again = self.tables.iter().position(|other| {
            table.shape == Shape::Single && other.path == table.path && other.parent == table.parent
        });
        again.unwrap_or_else(|| {
            self.tables.push(table);
            self.tables.len() - 1
        })
    }

    /// Notes that a table's keys are not ours.
    pub(super) fn set_free(&mut self, table: usize, form: Form) {
        if let Some(table) = self.tables.get_mut(table) {
            table.free = Some(form);
        }
    }

    /// Notes a key; what was known of it before stays where nothing new is said.
    pub(super) fn note(&mut self, key: Key) {
        let known =
            self.keys.iter_mut().find(|other| other.table == key.table && other.name == key.name);
        match known {
            Some(known) => {
                let required = known.required || key.required;
                let default = key.default.clone().or_else(|| known.default.take());
                *known = Key { required, default, ..key };
            }
            None => self.keys.push(key),
        }
    }

    /// Marks the tables of a path as necessary.
    pub(super) fn demand(&mut self, path: &str) {
        let meant = self.tables.iter_mut().filter(|table| table.path == path);
        meant.for_each(|table| table.required = true);
    }

    /// Notes the keys of a table that was read to its end.
    pub(super) fn close(&mut self, table: usize, asked: &[&str]) {
        let path = self.tables.get(table).map_or("", |table| &table.path).to_owned();
        for name in asked {
            let is_key = self.keys_of(table).any(|key| key.name == *name);
            let child = join(&path, name);
            let is_table = self.tables.iter().any(|table| table.path == child);
            if !is_key && !is_table {
                self.untyped.push(child);
            }
        }
    }
}

/// The path of something in a table.
pub(super) fn join(table: &str, name: &str) -> String {
    if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") }
}
