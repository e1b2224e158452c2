//! The operator's mistakes, each with its place and its remedy.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

/// One mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where.
    pub place: Place,
    /// Path of the key, such as `link.filter.topic`; empty when the file as a whole is meant.
    pub key: String,
    /// What should stand there.
    pub expected: String,
    /// What stands there, shortened. Never a secret.
    pub found: Option<String>,
    /// The valid key or word the operator probably meant.
    pub nearest: Option<String>,
    /// What to do about it.
    pub fix: String,
    /// Is it only that a secret's file is not there yet? Then `trygg check` takes it for a note.
    pub is_absent: bool,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file.
    File {
        /// As given on the command line.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
    },
    /// The file as a whole.
    Whole {
        /// As given on the command line.
        file: PathBuf,
    },
    /// In a variable of the environment.
    Variable {
        /// Its name.
        name: String,
    },
}

impl Place {
    /// The line, if it has one.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::File { line, .. } => Some(*line),
            Self::Whole { .. } | Self::Variable { .. } => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => {
                write!(f, "{}:{line}:{column}", file.display())
            }
            Self::Whole { file } => file.display().fmt(f),
            Self::Variable { name } => f.write_str(name),
        }
    }
}

impl ConfigError {
    /// The sentence without place and remedy.
    pub fn sentence(&self) -> String {
        let mut sentence = String::new();
        if !self.key.is_empty() {
            sentence = format!("{}: ", self.key);
        }
        sentence.push_str("expected ");
        sentence.push_str(&self.expected);
        if let Some(found) = &self.found {
            sentence.push_str(", found ");
            sentence.push_str(found);
        }
        sentence
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  fix: {}", self.place, self.sentence(), self.fix)
    }
}

impl Error for ConfigError {}

/// Every mistake of one configuration, in the order of the file, then those of the environment.
/// Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub(super) Vec<ConfigError>);

impl ConfigErrors {
    /// The file itself cannot be read.
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self(vec![ConfigError {
            place: Place::Whole { file: file.to_path_buf() },
            key: String::new(),
            expected: "a readable file".to_owned(),
            found: Some(error.to_string()),
            nearest: None,
            fix: "give the path of the configuration file".to_owned(),
            is_absent: false,
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
