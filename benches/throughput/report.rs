//! Rows, their table and `summary.json`.

use std::{
    borrow::Cow,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::Outcome;

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: Cow<'static, str>,
    pub(crate) note: String,
}

impl Row {
    pub(crate) fn new(
        name: impl Into<String>,
        value: f64,
        unit: impl Into<Cow<'static, str>>,
        note: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), value, unit: unit.into(), note: note.into() }
    }
}

/// Where results lie.
pub(crate) fn directory() -> PathBuf {
    Path::new("target").join("bench")
}

/// All figures so far, in the order in which they came.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
}

impl Report {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Name, value, unit and note in columns.
    pub(crate) fn table(&self) -> Outcome<String> {
        let name = self.rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
        let unit = self.rows.iter().map(|row| row.unit.len()).max().unwrap_or_default();
        let mut table = String::new();
        for row in &self.rows {
            let value = shown(row.value);
            writeln!(table, "{:name$}  {value:>11}  {:unit$}  {}", row.name, row.unit, row.note)?;
        }
        Ok(table)
    }

    pub(crate) fn write(&self, file: &Path) -> Outcome {
        fs::create_dir_all(directory())?;
        let rows: Vec<Value> = self.rows.iter().map(row_json).collect();
        Ok(fs::write(file, serde_json::to_string_pretty(&rows)? + "\n")?)
    }
}

fn row_json(row: &Row) -> Value {
    let Row { name, value, unit, note } = row;
    json!({ "name": name, "value": value, "unit": unit, "note": note })
}

/// Three significant digits for small numbers, none after the point for large ones.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// `PASS` or `MISS`.
pub(crate) fn verdict(reached: impl FnOnce() -> bool) -> &'static str {
    if reached() { "PASS" } else { "MISS" }
}
