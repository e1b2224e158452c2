//! The tables of `docs/configuration.md`, written from the record.

use super::{
    form::FormKind,
    record::{Key, Record, join},
    reference,
};

/// Stands before a generated table, with the path of its section.
const BEGIN: &str = "<!-- keys of ";
const BEGIN_ENDS: &str = " -->";
const END: &str = "<!-- end of keys -->";

/// The text with every table between marks written anew.
pub fn rewrite(text: &str, record: &Record) -> String {
    let mut written = String::with_capacity(text.len());
    let mut is_old = false;
    for line in text.lines() {
        if line == END {
            is_old = false;
        }
        if !is_old {
            written.push_str(line);
            written.push('\n');
        }
        let path = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(BEGIN_ENDS));
        if let Some((number, _)) = path.and_then(|path| record.table(path)) {
            written.push_str(&table(record, number));
            is_old = true;
        }
    }
    written
}

fn table(record: &Record, number: usize) -> String {
    let mut rows = String::from("| key | default | range | why |\n|---|---|---|---|\n");
    let path = record.tables().get(number).map_or("", |table| &table.path);
    for key in record.keys_of(number) {
        let path = join(path, &key.name);
        let why = reference::entry(&path).map_or("", |entry| entry.why);
        let name = format!("`{}`", key.name);
        for cell in [&name, &default_of(&path, key), &range_of(&path, key), why] {
            rows.push_str("| ");
            rows.push_str(cell);
            rows.push_str(if cell.is_empty() { "" } else { " " });
        }
        rows.push_str("|\n");
    }
    rows
}

/// The default as people read it.
pub(super) fn default_of(path: &str, key: &Key) -> String {
    let words = reference::entry(path).and_then(|entry| entry.default);
    match (words, &key.default) {
        (Some(words), _) => words.to_owned(),
        (None, Some(default)) => format!("`{}`", default.trim_matches('"')),
        (None, None) if key.required => "required".to_owned(),
        (None, None) => "none".to_owned(),
    }
}

/// What the value can be, as people read it.
pub(super) fn range_of(path: &str, key: &Key) -> String {
    let entry = reference::entry(path);
    if let Some(words) = entry.and_then(|entry| entry.range) {
        return words.to_owned();
    }
    let range = match &key.bounds {
        Some((low, high)) => format!("{} to {}", low.trim_matches('"'), high.trim_matches('"')),
        None if !key.form.words.is_empty() => {
            let words: Vec<String> =
                key.form.words.iter().map(|word| format!("`{word}`")).collect();
            words.join(", ")
        }
        None if key.form.kind == FormKind::State => String::new(),
        None => key.expected.to_owned(),
    };
    match entry.and_then(|entry| entry.also) {
        Some(also) => format!("{range}, {also}"),
        None => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../docs/configuration.md");

    #[test]
    fn the_document_says_what_the_code_says() {
        let written = rewrite(DOCUMENT, &reference::record());
        let differs = written.lines().zip(DOCUMENT.lines()).find(|(new, old)| new != old);
        assert!(written == DOCUMENT, "run `make docs`; the first difference is {differs:#?}");
    }

    #[test]
    fn every_section_stands_in_the_document() {
        for table in reference::record().tables() {
            let path = &table.path;
            let shown = if table.free.is_some() {
                DOCUMENT.contains(&format!("[{path}]")) || DOCUMENT.contains("`words = {")
            } else {
                DOCUMENT.contains(&format!("{BEGIN}{path}{BEGIN_ENDS}\n"))
            };
            let mark = format!("{BEGIN}{path}{BEGIN_ENDS}\n{END}");
            assert!(
                path.is_empty() || shown,
                "docs/configuration.md has no place for [{path}]: add a \
                 heading and\n{mark}\nand run `make docs`"
            );
        }
    }

    #[test]
    fn only_what_stands_between_marks_is_written() {
        let text = "before\n<!-- keys of clock -->\nold\n<!-- end of keys -->\nafter\n";
        let written = rewrite(text, &reference::record());
        assert!(written.starts_with("before\n<!-- keys of clock -->\n| key | default | range"));
        assert!(written.ends_with(" |\n<!-- end of keys -->\nafter\n"));
        assert!(written.contains("| `late_after` | `10m` | 1s to 365d | A reading older"));
        assert!(!written.contains("old\n<"));
    }
}
