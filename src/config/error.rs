//! The operator's mistakes, each with its place and its remedy.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// One mistake in the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as given on the command line.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// Path of the key, such as `link.filter.topic`; empty when the file as a whole is meant.
    pub key: String,
    /// What should stand there.
    pub expected: String,
    /// What stands there, shortened. Never a secret.
    pub found: Option<String>,
    /// The valid key the operator probably meant.
    pub nearest: Option<&'static str>,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file.display(), self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "expected {}", self.expected)?;
        if let Some(found) = &self.found {
            write!(f, ", found {found}")?;
        }
        write!(f, "\n  fix: {}", self.fix)
    }
}

impl Error for ConfigError {}

/// Every mistake of one file, in the order of the file. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub(super) Vec<ConfigError>);

impl ConfigErrors {
    /// The file itself cannot be read.
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self(vec![ConfigError {
            file: file.to_path_buf(),
            line: 1,
            column: 1,
            key: String::new(),
            expected: "a readable file".to_owned(),
            found: Some(error.to_string()),
            nearest: None,
            fix: "give the path of the configuration file".to_owned(),
        }])
    }

    /// The mistakes, first line first.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

impl Error for ConfigErrors {}
