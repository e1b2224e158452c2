//! Which device stands where: the operator's list, and how devices are found in it.
//!
//! Homes and devices appear under the ids of the list, or under keyed hashes. The list must not
//! hold names of people or addresses; there is no column for them.

use std::{hash::BuildHasher, path::Path};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

mod builder;
mod error;
mod file;
mod memory;
pub mod overrides;
pub mod pseudonym;
pub mod resolver;

pub use error::{RegistryError, RegistryErrors, RegistryMistake};
pub use memory::{DeviceIx, HomeIx};
pub use overrides::{Override, OverrideError, Overrides, Polarity};
pub use pseudonym::{Identity, IdentityKey};
pub use resolver::{Device, Home, Limits, Origin, Resolution, Resolver};

use crate::catalogue::Catalogue;

/// Longest name or id of a home, a device or a room, bytes. It keeps every length in an encoded
/// fragment to one byte, and a hostile name from filling memory.
pub const MAX_NAME_BYTES: usize = 127;

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
    devices: Vec<RegisteredDevice>,
    index: HashTable<u32>,
    hasher: RandomState,
}

/// One line of the list.
#[derive(Debug)]
struct RegisteredDevice {
    /// Name in topic or payload.
    device: Box<str>,
    /// Captured home it belongs to; empty fits any.
    source_home: Box<str>,
    tenant: Box<str>,
    home: Box<str>,
    room: Box<str>,
    id: Box<str>,
    overrides: Overrides,
}

impl Registry {
    /// Reads a `.csv` or `.toml` list. `tenant` and `identity` fill in what a line leaves out.
    pub fn load(
        file: &Path,
        tenant: &str,
        identity: &Identity,
        catalogue: &Catalogue,
    ) -> Result<Self, RegistryErrors> {
        builder::load(file, tenant, identity, catalogue)
    }

    /// How many devices it names.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Names no device?
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The line for a device: one for its captured home before one for any home.
    fn find(&self, source_home: &str, device: &str) -> Option<(u32, &RegisteredDevice)> {
        self.find_exact(source_home, device).or_else(|| self.find_exact("", device))
    }

    fn get(&self, index: u32) -> Option<&RegisteredDevice> {
        self.devices.get(usize::try_from(index).ok()?)
    }

    fn find_exact(&self, home: &str, device: &str) -> Option<(u32, &RegisteredDevice)> {
        let is_it = |index: &u32| {
            self.get(*index)
                .is_some_and(|line| &*line.device == device && &*line.source_home == home)
        };
        let index = *self.index.find(name_hash(&self.hasher, home, device), is_it)?;
        Some((index, self.get(index)?))
    }

    /// Adds a line whose device no other line names.
    fn insert(&mut self, line: RegisteredDevice) {
        let index = u32::try_from(self.devices.len()).unwrap_or(u32::MAX);
        let hash = name_hash(&self.hasher, &line.source_home, &line.device);
        self.devices.push(line);
        let (devices, hasher) = (&self.devices, &self.hasher);
        self.index.insert_unique(hash, index, |index| {
            let line = usize::try_from(*index).ok().and_then(|index| devices.get(index));
            line.map_or(0, |line| name_hash(hasher, &line.source_home, &line.device))
        });
    }
}

/// Hash of the two names that identify a device on a link.
fn name_hash(hasher: &RandomState, home: &str, device: &str) -> u64 {
    hasher.hash_one((home, device))
}

#[cfg(test)]
mod tests;
