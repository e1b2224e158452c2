//! Which device stands where: the operator's list, and how devices are found in it.
//!
//! Homes and devices appear under the ids of the list, or under keyed hashes. The list must not
//! hold names of people or addresses; there is no column for them.
//!
//! A line without stars names one device: it is found by one look-up, and nothing of it is copied.
//! A line with stars is a rule; rules are asked in their order about what no exact line names.

use std::{hash::BuildHasher, path::Path};

use foldhash::fast::RandomState;

mod builder;
mod consent;
mod error;
mod file;
mod memory;
pub mod overrides;
mod pattern;
pub mod pseudonym;
mod recent;
pub mod resolver;
mod rule;
mod table;
mod text;

pub use consent::Consent;
pub use error::{RegistryError, RegistryErrors, RegistryMistake};
pub use memory::{DeviceIx, HomeIx};
pub use overrides::{Override, OverrideError, Overrides, Polarity};
pub use pseudonym::{Identity, IdentityKey};
pub use resolver::{Device, Home, Limits, Origin, Resolution, Resolver, Terms};

use self::{
    builder::Defaults,
    file::Form,
    rule::{Fit, Made, Rule},
    table::Table,
};
use crate::catalogue::Catalogue;

/// Longest name or id of a home, a device or a room, bytes. It keeps every length in an encoded
/// fragment to one byte, and a hostile name from filling memory.
pub const MAX_NAME_BYTES: usize = 127;

/// Most lines with stars: each device that no exact line names asks all of them.
const RULES_MAX: usize = 1_000;

/// What happens to a device the registry does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownDevices {
    /// Taken in under the captured home.
    Accept,
    /// Its messages become dead letters.
    DeadLetter,
    /// Its messages are discarded and counted; urgent readings are taken in nevertheless.
    Discard,
}

impl UnknownDevices {
    /// The word in the configuration.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::DeadLetter => "dead_letter",
            Self::Discard => "discard",
        }
    }
}

/// The operator's list of devices, checked and indexed. Immutable.
#[derive(Debug, Default)]
pub struct Registry {
    table: Table,
    rules: Vec<Rule>,
    hasher: RandomState,
    /// Does the list say what homes consent to? Then what it does not say is refused.
    asks_consent: bool,
}

/// What the list says of a device that no line names with its home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// A line for any home.
    Line(u32),
    /// A rule; what it makes was written.
    Rule(usize),
    /// A rule, and what it makes is too long.
    TooLong,
    Nothing,
}

impl Registry {
    /// Reads a `.csv` or `.toml` list. `tenant` and `identity` fill in what a line leaves out.
    pub fn load(
        file: &Path,
        tenant: &str,
        identity: &Identity,
        catalogue: &Catalogue,
    ) -> Result<Self, RegistryErrors> {
        let text = file::text_of(file)?;
        builder::build(file, &text, Form::of(file), Defaults { tenant, identity, catalogue })
    }

    /// Reads a list in CSV.
    pub fn from_csv(
        text: &str,
        tenant: &str,
        identity: &Identity,
        catalogue: &Catalogue,
    ) -> Result<Self, RegistryErrors> {
        let defaults = Defaults { tenant, identity, catalogue };
        builder::build(Path::new("list.csv"), text, Form::Csv, defaults)
    }

    /// How many devices it names, each by a line of its own.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// How many lines with stars it has.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// How many homes it names.
    pub fn homes(&self) -> usize {
        self.table.homes()
    }

    /// Names no device?
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.rules.is_empty()
    }

    /// Bytes of the machine's memory, more or less.
    pub fn bytes(&self) -> usize {
        self.table.bytes()
    }

    /// Does the list say what homes consent to? Without it everything is allowed.
    pub fn asks_consent(&self) -> bool {
        self.asks_consent
    }

    /// What a home consents to. A home that a rule makes consents to what the first rule says that
    /// may make it; one that nothing names, to nothing.
    pub fn consent(&self, tenant: &str, home: &str) -> Consent {
        if !self.asks_consent {
            return Consent::ALL;
        }
        let listed = self.table.find_home(self.hash(tenant, home), tenant, home);
        if let Some((_, consent)) = listed.and_then(|index| self.table.home(index)) {
            return consent;
        }
        let rule = self.rules.iter().find(|rule| rule.may_make(tenant, home));
        rule.map_or(Consent::NONE, |rule| rule.consent)
    }

    /// What the home of a device consents to; one that nothing names consents to nothing.
    fn consent_of(&self, source_home: &str, device: &str) -> Consent {
        if !self.asks_consent {
            return Consent::ALL;
        }
        let hash = self.hash(source_home, device);
        let mut made = Made::default();
        let line = match self.table.find(hash, source_home, device) {
            Some(line) => line,
            None => match self.find_other(source_home, device, &mut made) {
                Found::Line(line) => line,
                Found::Rule(rule) => {
                    let tenant = self.rules.get(rule).map_or("", |rule| &rule.tenant);
                    return self.consent(tenant, &made.home);
                }
                Found::TooLong | Found::Nothing => return Consent::NONE,
            },
        };
        let home = self.table.line(line).and_then(|line| self.table.home(line.home));
        home.map_or(Consent::NONE, |(_, consent)| consent)
    }

    /// What the list says of a device that no line names together with its home.
    fn find_other(&self, source_home: &str, device: &str, made: &mut Made) -> Found {
        if !source_home.is_empty()
            && let Some(line) = self.table.find(self.hash("", device), "", device)
        {
            return Found::Line(line);
        }
        for (index, rule) in self.rules.iter().enumerate() {
            match rule.ask(source_home, device, made) {
                Fit::Yes => return Found::Rule(index),
                Fit::TooLong => return Found::TooLong,
                Fit::No => {}
            }
        }
        Found::Nothing
    }

    fn hash(&self, home: &str, device: &str) -> u64 {
        name_hash(&self.hasher, home, device)
    }
}

/// Hash of two names that stand for a device on a link, or for a home.
fn name_hash(hasher: &RandomState, home: &str, device: &str) -> u64 {
    hasher.hash_one((home, device))
}

#[cfg(test)]
mod tests;
