//! Homes and devices seen on a link that no line of the list names exactly.

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{
    consent::Consent,
    name_hash,
    text::{DevicePlace, DeviceText, DeviceTexts, HomePlace, HomeText, Text},
};

/// A device in a link's view: a line of the list, or one remembered. Void once the memory is
/// cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceIx(pub u32);

/// A home in a link's view. Void once the memory is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HomeIx(pub u32);

/// On what ground a device was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// By a line for any home, or by a rule.
    Registered {
        /// What it consents to.
        consent: Consent,
        /// The extras of its line.
        extras: u32,
    },
    /// By the policy.
    Unknown,
    /// For its urgent readings only.
    UrgentOnly,
}

/// A device as remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceRecord<'m> {
    pub(super) home: HomeIx,
    pub(super) text: DeviceText<'m>,
}

/// Homes and devices by name. Their numbers count from 0.
#[derive(Debug, Default)]
pub(super) struct Memory {
    hasher: RandomState,
    text: Text,
    devices: Vec<DeviceEntry>,
    device_index: HashTable<u32>,
    homes: Vec<HomePlace>,
    home_index: HashTable<u32>,
}

#[derive(Clone, Copy, Debug)]
struct DeviceEntry {
    place: DevicePlace,
    /// Low half of the hash: spares most comparisons of text.
    hash: u32,
    home: HomeIx,
    admission: Admission,
}

impl Memory {
    /// An empty one. `hasher` is what the caller's hashes are made with.
    pub(super) fn new(hasher: RandomState) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// The number of the device of that name, if it was remembered.
    pub(super) fn find(
        &self,
        hash: u64,
        source_home: &str,
        device: &str,
    ) -> Option<(u32, Admission)> {
        let is_it = |index: &u32| {
            self.devices.get(position(*index)).is_some_and(|entry| {
                entry.hash == low_half(hash) && self.text.is_named(entry.place, source_home, device)
            })
        };
        let index = *self.device_index.find(hash, is_it)?;
        let entry = self.devices.get(position(index))?;
        Some((index, entry.admission))
    }

    /// Remembers a device that [`Self::find`] did not find.
    pub(super) fn add_device(
        &mut self,
        hash: u64,
        texts: DeviceTexts<'_>,
        home: HomeIx,
        admission: Admission,
    ) -> u32 {
        let place = self.text.push_device(texts);
        let index = offset(self.devices.len());
        self.devices.push(DeviceEntry { place, hash: low_half(hash), home, admission });
        let Self { devices, text, hasher, .. } = self;
        self.device_index.insert_unique(hash, index, |index| {
            let names = devices.get(position(*index)).map(|entry| text.names(entry.place));
            names.map_or(0, |(source_home, device)| name_hash(hasher, source_home, device))
        });
        index
    }

    /// The number of the home of that tenant and id, remembered if it was not.
    pub(super) fn find_or_add_home(&mut self, tenant: &str, id: &str) -> u32 {
        let hash = name_hash(&self.hasher, tenant, id);
        let is_it = |index: &u32| {
            self.home(*index).is_some_and(|home| home.tenant == tenant && home.id == id)
        };
        if let Some(index) = self.home_index.find(hash, is_it) {
            return *index;
        }
        let place = self.text.push_home(tenant, id);
        let index = offset(self.homes.len());
        self.homes.push(place);
        let Self { homes, text, hasher, .. } = self;
        self.home_index.insert_unique(hash, index, |index| {
            let home = homes.get(position(*index)).and_then(|place| text.home(*place));
            home.map_or(0, |home| name_hash(hasher, home.tenant, home.id))
        });
        index
    }

    /// A remembered device.
    pub(super) fn device(&self, index: u32) -> Option<DeviceRecord<'_>> {
        let entry = self.devices.get(position(index))?;
        let text = self.text.device(entry.place)?;
        Some(DeviceRecord { home: entry.home, text })
    }

    /// The home of a remembered device and its encoded fragment.
    pub(super) fn fragment(&self, index: u32) -> Option<(HomeIx, &[u8])> {
        let entry = self.devices.get(position(index))?;
        Some((entry.home, self.text.fragment(entry.place)?))
    }

    /// On what ground a remembered device was taken in.
    pub(super) fn admission(&self, index: u32) -> Option<Admission> {
        self.devices.get(position(index)).map(|entry| entry.admission)
    }

    /// A remembered home.
    pub(super) fn home(&self, index: u32) -> Option<HomeText<'_>> {
        self.text.home(*self.homes.get(position(index))?)
    }

    /// Devices remembered.
    pub(super) fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// Homes remembered.
    pub(super) fn home_count(&self) -> usize {
        self.homes.len()
    }

    /// Bytes of names and fragments.
    pub(super) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Forgets everything and keeps the room for it.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.devices.clear();
        self.device_index.clear();
        self.homes.clear();
        self.home_index.clear();
    }
}

/// The memory is cleared long before there are so many.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn position(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_half(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_hashes_do_not_make_equal_devices() {
        const HASH: u64 = 7;
        let mut memory = Memory::default();
        let names = [("h-1", "lamp"), ("h-1", "door"), ("h-2", "lamp")];
        let added = names.map(|(source_home, device)| {
            assert_eq!(memory.find(HASH, source_home, device), None);
            let texts = DeviceTexts { source_home, device, id: device, room: "" };
            memory.add_device(HASH, texts, HomeIx(0), Admission::Unknown)
        });
        for ((source_home, device), index) in names.into_iter().zip(added) {
            let found = memory.find(HASH, source_home, device);
            assert_eq!(found, Some((index, Admission::Unknown)));
        }
    }
}
