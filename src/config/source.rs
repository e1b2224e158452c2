//! Where the configuration comes from: a file, and variables of the environment over it.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use super::error::Place;

/// What every variable that overrides a key begins with.
pub(super) const PREFIX: &str = "TRYGG__";

/// A place in the source, as a byte range.
pub(super) type Spot = Range<usize>;

/// File and variables in one text, so that every value has one kind of place.
#[derive(Debug)]
pub(super) struct Source {
    file: PathBuf,
    text: String,
    file_end: usize,
    variables: Vec<Variable>,
}

/// A variable of the environment that overrides a key.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) spot: Spot,
}

impl Source {
    pub(super) fn new(file: &Path, text: &str, overrides: &[(String, String)]) -> Self {
        let mut all = text.to_owned();
        let mut variables = Vec::new();
        for (name, value) in overrides {
            all.push('\n');
            let begin = all.len();
            all.push_str(value);
            variables.push(Variable { name: name.clone(), spot: begin..all.len() });
        }
        Self { file: file.to_path_buf(), text: all, file_end: text.len(), variables }
    }

    /// The text of the file alone.
    pub(super) fn file_text(&self) -> &str {
        self.text(&(0..self.file_end))
    }

    /// The text at a place.
    pub(super) fn text(&self, spot: &Spot) -> &str {
        self.text.get(spot.clone()).unwrap_or_default()
    }

    pub(super) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Which variable a place lies in, if not in the file.
    pub(super) fn variable(&self, spot: &Spot) -> Option<&str> {
        let holds = |variable: &&Variable| {
            (variable.spot.start..=variable.spot.end).contains(&spot.start)
                && spot.start > self.file_end
        };
        self.variables.iter().find(holds).map(|variable| variable.name.as_str())
    }

    /// The place in the operator's terms.
    pub(super) fn place(&self, spot: &Spot) -> Place {
        if let Some(name) = self.variable(spot) {
            return Place::Variable { name: name.to_owned() };
        }
        let before = self.text.get(..spot.start).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let in_line = before.get(line_start..).unwrap_or_default();
        Place::File {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            column: in_line.chars().count() + 1,
        }
    }
}
