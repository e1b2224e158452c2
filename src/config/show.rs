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
    let mut lines = Vec::new();
    for (number, _) in record.tables_in(0) {
        write_defaults(record, number, false, &mut lines);
    }
    format!("{HEAD}{}\n", lines.join("\n"))
}

fn write_defaults(record: &Record, number: usize, within_comment: bool, lines: &mut Vec<String>) {
    let Some(table) = record.tables().get(number) else { return };
    let is_comment = within_comment || reference::is_optional(table);
    let sign = if is_comment { "# " } else { "" };
    lines.push(String::new());
    comment(reference::entry(&table.path).map_or("", |entry| entry.why), lines);
    lines.push(format!("{sign}{}", heading(&table.path, table.shape)));
    for key in record.keys_of(number) {
        let path = join(&table.path, &key.name);
        lines.push(String::new());
        comment(reference::entry(&path).map_or("", |entry| entry.why), lines);
        let range = range_of(&path, key);
        if !range.is_empty() {
            comment(&format!("Range: {range}."), lines);
        }
        let depends = reference::entry(&path).is_some_and(|entry| entry.default.is_some());
        let line = key.default.as_ref().filter(|_| !depends).map_or_else(
            || format!("# {} = {}{}", key.name, right_value(key), mark(&default_of(&path, key))),
            |default| format!("{sign}{} = {default}", key.name),
        );
        lines.push(line);
    }
    for (inner, _) in record.tables_in(number) {
        write_defaults(record, inner, is_comment, lines);
    }
}

/// A value that the key takes.
fn right_value(key: &Key) -> &str {
    let low = key.bounds.as_ref().map(|(low, _)| low.as_str());
    key.default.as_deref().or(low).unwrap_or(key.example)
}

/// What is said behind an example that is no default.
fn mark(default: &str) -> String {
    match default {
        "none" => String::new(),
        required if required.starts_with("required") => format!("  # {required}"),
        other => format!("  # default: {other}"),
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
    let mut lines = Vec::new();
    for (number, _) in record.tables_in(0) {
        write_effective(record, number, &mut lines);
    }
    lines.join("\n") + "\n"
}

fn write_effective(record: &Record, number: usize, lines: &mut Vec<String>) {
    let Some(table) = record.tables().get(number) else { return };
    if is_left_out(table) {
        return;
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(heading(&table.path, table.shape));
    for key in record.keys_of(number) {
        let name =
            if table.free.is_some() { super::setting::quoted(&key.name) } else { key.name.clone() };
        let (line, origin) = match &key.value {
            Some(value) => (format!("{name} = {value}"), origin(key)),
            None => (format!("# {name}"), "not set".to_owned()),
        };
        lines.push(format!("{line:<46} # {origin}"));
    }
    for (inner, _) in record.tables_in(number) {
        write_effective(record, inner, lines);
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

/// Words as lines of a comment.
fn comment(words: &str, lines: &mut Vec<String>) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, String::from("#")));
        }
        line.push(' ');
        line.push_str(word);
    }
    if line.len() > 1 {
        lines.push(line);
    }
}
