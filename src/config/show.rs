//! The configuration as text: what could be set, and what holds.

use serde_json::{Map, Value, json};

use super::{
    record::{Key, Origin, Record, Shape, Table, join},
    reference,
    tables::{default_of, range_of},
};

/// Where the text of a comment is broken.
const WIDTH: usize = 96;

const HEAD: &str = "\
# trygg's configuration: every key with its default. What is commented out has no default or need
# not be there. Fill in the lines marked \"# required\", and look for mistakes with: trygg check FILE
";

/// Every key with its default, as a file to start from.
pub fn defaults(record: &Record) -> String {
    let mut text = HEAD.to_owned();
    for (number, _) in record.tables_in(0) {
        write_defaults(record, number, false, &mut text);
    }
    text
}

fn write_defaults(record: &Record, number: usize, within_comment: bool, text: &mut String) {
    let Some(table) = record.tables().get(number) else { return };
    let is_comment = within_comment || reference::is_optional(table);
    let sign = if is_comment { "# " } else { "" };
    text.push('\n');
    comment(reference::entry(&table.path).map_or("", |entry| entry.why), text);
    text.push_str(&format!("{sign}{}\n", heading(&table.path, table.shape)));
    for key in record.keys_of(number) {
        let path = join(&table.path, &key.name);
        text.push('\n');
        comment(reference::entry(&path).map_or("", |entry| entry.why), text);
        let range = range_of(&path, key);
        if !range.is_empty() {
            comment(&format!("Range: {range}."), text);
        }
        let words = reference::entry(&path).and_then(|entry| entry.default);
        let line = match (&key.default, words) {
            (Some(default), None) => format!("{sign}{} = {default}", key.name),
            (_, _) => {
                let default = default_of(&path, key);
                let mark = match default.as_str() {
                    "none" => String::new(),
                    "required" => "  # required".to_owned(),
                    other if other.starts_with("required") => format!("  # {other}"),
                    other => format!("  # default: {other}"),
                };
                format!("# {} = {}{mark}", key.name, key.example)
            }
        };
        text.push_str(&line);
        text.push('\n');
    }
    for (inner, _) in record.tables_in(number) {
        write_defaults(record, inner, is_comment, text);
    }
}

/// Every key with what is known of it, for scripts.
pub fn defaults_json(record: &Record) -> Value {
    let keys = record.keys().map(|(path, key)| {
        let words = reference::entry(&path).and_then(|entry| entry.default);
        let default = if words.is_none() { plain(key.default.as_deref()) } else { Value::Null };
        json!({
            "key": path,
            "default": default,
            "required": key.required,
            "range": range_of(&path, key),
            "why": reference::entry(&path).map(|entry| entry.why),
        })
    });
    Value::Array(keys.collect())
}

/// What holds, with where each value comes from.
pub fn effective(record: &Record) -> String {
    let mut text = String::new();
    for (number, _) in record.tables_in(0) {
        write_effective(record, number, &mut text);
    }
    text
}

fn write_effective(record: &Record, number: usize, text: &mut String) {
    let Some(table) = record.tables().get(number) else { return };
    if is_left_out(table) {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&heading(&table.path, table.shape));
    text.push('\n');
    for key in record.keys_of(number) {
        let name =
            if table.free.is_some() { super::setting::quoted(&key.name) } else { key.name.clone() };
        let (line, origin) = match &key.value {
            Some(value) => (format!("{name} = {value}"), origin(key)),
            None => (format!("# {name}"), "not set".to_owned()),
        };
        text.push_str(&format!("{line:<46} # {origin}\n"));
    }
    for (inner, _) in record.tables_in(number) {
        write_effective(record, inner, text);
    }
}

/// Is it a table that is only there when it is written, and is not?
fn is_left_out(table: &Table) -> bool {
    reference::is_optional(table) && !table.given
}

/// The same for scripts: one object a key.
pub fn effective_json(record: &Record) -> Value {
    let is_shown =
        |key: &Key| record.tables().get(key.table).is_some_and(|table| !is_left_out(table));
    let shown = record.keys().filter(|(_, key)| is_shown(key));
    let keys = shown.map(|(path, key)| {
        let mut object = Map::new();
        object.insert("key".into(), path.into());
        object.insert("address".into(), join(&record.address(key.table), &key.name).into());
        object.insert("value".into(), plain(key.value.as_deref()));
        match &key.origin {
            Origin::Default => object.insert("origin".into(), "default".into()),
            Origin::File { line } => {
                object.insert("line".into(), (*line).into());
                object.insert("origin".into(), "file".into())
            }
            Origin::Environment { variable } => {
                object.insert("variable".into(), variable.as_str().into());
                object.insert("origin".into(), "environment".into())
            }
        };
        Value::Object(object)
    });
    Value::Array(keys.collect())
}

fn origin(key: &Key) -> String {
    match &key.origin {
        Origin::Default => "default".to_owned(),
        Origin::File { line } => format!("line {line}"),
        Origin::Environment { variable } => variable.clone(),
    }
}

fn heading(path: &str, shape: Shape) -> String {
    match shape {
        Shape::Single => format!("[{path}]"),
        Shape::Entry => format!("[[{path}]]"),
    }
}

/// A value as JSON; what is shown of values is valid in both languages.
pub(super) fn plain(shown: Option<&str>) -> Value {
    shown.and_then(|shown| serde_json::from_str(shown).ok()).unwrap_or(Value::Null)
}

fn comment(words: &str, text: &mut String) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    if line.len() > 1 {
        text.push_str(&line);
        text.push('\n');
    }
}
