//! What can be wrong with the list of devices. Messages name lines and columns, never devices.

use std::{error::Error, fmt, io, path::PathBuf};

use thiserror::Error;

use super::{file::COLUMNS, overrides::OverrideError};
use crate::catalogue::Class;

/// One mistake in the list of devices.
#[derive(Debug)]
pub struct RegistryError {
    /// The list.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: u64,
    /// What is wrong there.
    pub mistake: RegistryMistake,
}

/// What can be wrong with the list of devices.
#[derive(Debug, Error)]
pub enum RegistryMistake {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    /// Not CSV, not TOML, or a key no line has.
    #[error("{0}")]
    Syntax(String),
    /// A column that does not exist.
    #[error("no column is called {name:?}; there are {}", COLUMNS.join(", "))]
    UnknownColumn {
        /// As in the heading.
        name: String,
    },
    /// Nothing where something must be.
    #[error("{column}: must not be empty")]
    Missing {
        /// Which column.
        column: &'static str,
    },
    /// Too long or with control characters.
    #[error("{column}: at most 127 bytes without control characters")]
    BadText {
        /// Which column.
        column: &'static str,
    },
    /// Two lines for one device.
    #[error("line {earlier} names the same source_home and device")]
    Repeated {
        /// The other line.
        earlier: u64,
    },
    /// One id for two devices.
    #[error("id: line {earlier} has it too, for a device in another home")]
    IdInTwoHomes {
        /// The other line.
        earlier: u64,
    },
    /// A star too many.
    #[error("device, source_home: at most nine * or **, and never three stars in a row")]
    Stars,
    /// A `$` that names no star.
    #[error(
        "{column}: $1 to $9 are what the stars of this line stand for, at most nine of them; $$ is $"
    )]
    Template {
        /// Which column.
        column: &'static str,
    },
    /// Many devices would be one.
    #[error("id: a line with * stands for many devices; leave it empty or use $1")]
    IdOfMany,
    /// More devices than there is room for.
    #[error("more than 4 000 000 devices, or 4 GiB of names")]
    TooMany,
    /// Every unknown device asks all rules.
    #[error("more than 1 000 lines with *")]
    TooManyRules,
    /// No duration, or an odd one.
    #[error("interval: expected a duration with its unit (s, m, h, d), 1 s to 365 d")]
    Interval,
    /// Neither `all` nor `none` nor classes.
    #[error("consent: expected all, none, or classes separated by blanks: {}", classes())]
    Consent,
    /// Two lines of a home.
    #[error("consent: line {earlier} of the same home says otherwise")]
    ConsentDiffers {
        /// The other line.
        earlier: u64,
    },
    /// The column `kinds`.
    #[error(transparent)]
    Override(OverrideError),
}

fn classes() -> String {
    Class::ALL.map(Class::label).join(", ")
}

/// Every mistake in the list of devices. Never empty.
#[derive(Debug)]
pub struct RegistryErrors(pub(super) Vec<RegistryError>);

impl RegistryErrors {
    /// The mistakes, first line first.
    pub fn iter(&self) -> impl Iterator<Item = &RegistryError> {
        self.0.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.mistake)
    }
}

impl fmt::Display for RegistryErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl Error for RegistryError {}
impl Error for RegistryErrors {}
