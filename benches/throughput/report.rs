//! Rows, their table and `summary.json`.

use std::{
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
    pub(crate) unit: &'static str,
    pub(crate) note: String,
}

impl Row {
    pub(crate) fn new(
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        note: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), value, unit, note: note.into() }
    }
}

/// Where results lie.
pub(crate) fn directory() -> PathBuf {
    Path::new("target").join("bench")
}

/// All figures so far, in the order in which they came.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The value of a row, when it was measured.
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name).map(|row| row.value)
    }

    /// Adds what the bench of the stages has left, when it ran before this one.
    pub(crate) fn adopt(&mut self, file: &Path) -> Outcome {
        let Ok(text) = fs::read_to_string(file) else { return Ok(()) };
        let rows: Vec<Value> = serde_json::from_str(&text)?;
        for row in rows {
            let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
            let unit = UNITS.into_iter().find(|unit| *unit == text("unit")).unwrap_or_default();
            let value = row.get("value").and_then(Value::as_f64).unwrap_or(f64::NAN);
            self.push(Row::new(text("name"), value, unit, text("note")));
        }
        Ok(())
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

/// Units of rows that come from the bench of the stages.
const UNITS: [&str; 4] = ["ns", "instructions", "allocations", "x"];

fn row_json(row: &Row) -> Value {
    let Row { name, value, unit, note } = row;
    json!({ "name": name, "value": value, "unit": unit, "note": note })
}

/// Three significant digits for small numbers, none after the point for large ones.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The middle one; the mean of the middle two of an even number.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) {
        let lower = sorted.get((sorted.len() / 2).saturating_sub(1)).copied();
        return f64::midpoint(lower.unwrap_or(f64::NAN), upper);
    }
    upper
}

/// `min .. max of n`.
pub(crate) fn spread(values: &[f64]) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} .. {} of {}", shown(low), shown(high), values.len())
}

/// `PASS` or `MISS`.
pub(crate) fn verdict(reached: impl FnOnce() -> bool) -> &'static str {
    if reached() { "PASS" } else { "MISS" }
}
