//! Homes and devices seen on a link, with their encoded fragments, in one text.

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::name_hash;

/// A device in a memory. Void once the memory is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceIx(pub u32);

/// A home in a memory. Void once the memory is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HomeIx(pub u32);

/// On what ground a device was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// By this line of the registry.
    Registered(u32),
    /// By the policy.
    Unknown,
    /// For its urgent readings only.
    UrgentOnly,
}

/// The texts of a device to remember, each of at most 127 bytes.
#[derive(Clone, Copy)]
pub(super) struct DeviceTexts<'a> {
    pub(super) source_home: &'a str,
    pub(super) device: &'a str,
    pub(super) id: &'a str,
    pub(super) room: &'a str,
}

/// The texts of a home to remember, each of at most 127 bytes.
#[derive(Clone, Copy)]
pub(super) struct HomeTexts<'a> {
    pub(super) tenant: &'a str,
    pub(super) id: &'a str,
    pub(super) engine: &'a str,
    pub(super) link: &'a str,
}

/// A device as remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceRecord<'m> {
    pub(super) home: HomeIx,
    pub(super) admission: Admission,
    /// Captured home, `/`, device.
    pub(super) name: &'m str,
    pub(super) id: &'m str,
    pub(super) room: &'m str,
    /// Encoded device and room.
    pub(super) fragment: &'m [u8],
}

/// A home as remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct HomeRecord<'m> {
    pub(super) tenant: &'m str,
    pub(super) id: &'m str,
    /// Encoded tenant, home, engine and link.
    pub(super) prefix: &'m [u8],
}

/// Homes and devices by name. Every length fits one byte, so encoded fragments are text too.
#[derive(Debug, Default)]
pub(super) struct Memory {
    hasher: RandomState,
    /// Names and fragments of all, one after the other.
    text: String,
    devices: Vec<DeviceEntry>,
    device_index: HashTable<u32>,
    homes: Vec<HomeEntry>,
    home_index: HashTable<u32>,
}

/// In the text: captured home, `/`, device; then `device` and `room` as protobuf fields.
#[derive(Clone, Copy, Debug)]
struct DeviceEntry {
    start: u32,
    /// Low half of the hash: spares most comparisons of text.
    hash: u32,
    home: HomeIx,
    admission: Admission,
    source_home_len: u8,
    device_len: u8,
    id_len: u8,
    room_len: u8,
}

/// In the text: `tenant`, `home`, `engine` and `link` as protobuf fields.
#[derive(Clone, Copy, Debug)]
struct HomeEntry {
    start: u32,
    prefix_len: u16,
    tenant_len: u8,
    id_len: u8,
}

/// Tag and length before the bytes of a field.
const FIELD_HEAD: usize = 2;

impl Memory {
    /// Hash under which a device is found and remembered.
    pub(super) fn hash(&self, source_home: &str, device: &str) -> u64 {
        name_hash(&self.hasher, source_home, device)
    }

    /// The device of that name, if it was remembered.
    pub(super) fn find(
        &self,
        hash: u64,
        source_home: &str,
        device: &str,
    ) -> Option<(DeviceIx, Admission)> {
        let is_it = |index: &u32| {
            self.devices.get(position(*index)).is_some_and(|entry| {
                entry.hash == low_half(hash) && self.names(entry) == (source_home, device)
            })
        };
        let index = *self.device_index.find(hash, is_it)?;
        let entry = self.devices.get(position(index))?;
        Some((DeviceIx(index), entry.admission))
    }

    /// Remembers a device that [`Self::find`] did not find.
    pub(super) fn add_device(
        &mut self,
        hash: u64,
        texts: DeviceTexts<'_>,
        home: HomeIx,
        admission: Admission,
    ) -> DeviceIx {
        let start = offset(self.text.len());
        self.text.push_str(texts.source_home);
        self.text.push('/');
        self.text.push_str(texts.device);
        push_field(&mut self.text, 3, texts.id);
        push_field(&mut self.text, 4, texts.room);
        let index = offset(self.devices.len());
        self.devices.push(DeviceEntry {
            start,
            hash: low_half(hash),
            home,
            admission,
            source_home_len: length(texts.source_home),
            device_len: length(texts.device),
            id_len: length(texts.id),
            room_len: length(texts.room),
        });
        let mut table = std::mem::take(&mut self.device_index);
        table.insert_unique(hash, index, |index| {
            self.devices.get(position(*index)).map_or(0, |entry| {
                let (source_home, device) = self.names(entry);
                self.hash(source_home, device)
            })
        });
        self.device_index = table;
        DeviceIx(index)
    }

    /// The home of that tenant and id, remembered if it was not.
    pub(super) fn find_or_add_home(&mut self, texts: HomeTexts<'_>) -> HomeIx {
        let hash = self.hash(texts.tenant, texts.id);
        let is_it = |index: &u32| {
            let home = self.home(HomeIx(*index));
            home.is_some_and(|home| home.tenant == texts.tenant && home.id == texts.id)
        };
        if let Some(index) = self.home_index.find(hash, is_it) {
            return HomeIx(*index);
        }
        let start = self.text.len();
        push_field(&mut self.text, 1, texts.tenant);
        push_field(&mut self.text, 2, texts.id);
        push_field(&mut self.text, 3, texts.engine);
        push_field(&mut self.text, 4, texts.link);
        let index = offset(self.homes.len());
        self.homes.push(HomeEntry {
            start: offset(start),
            prefix_len: u16::try_from(self.text.len() - start).unwrap_or(u16::MAX),
            tenant_len: length(texts.tenant),
            id_len: length(texts.id),
        });
        let mut table = std::mem::take(&mut self.home_index);
        table.insert_unique(hash, index, |index| {
            self.home(HomeIx(*index)).map_or(0, |home| self.hash(home.tenant, home.id))
        });
        self.home_index = table;
        HomeIx(index)
    }

    /// A remembered device.
    pub(super) fn device(&self, index: DeviceIx) -> Option<DeviceRecord<'_>> {
        let entry = self.devices.get(position(index.0))?;
        let name_len = usize::from(entry.source_home_len) + 1 + usize::from(entry.device_len);
        let (id_len, room_len) = (usize::from(entry.id_len), usize::from(entry.room_len));
        let (id_head, room_head) = (field_head(id_len), field_head(room_len));
        let (name, text) = self.text_from(entry.start).split_at_checked(name_len)?;
        let fragment = text.get(..id_head + id_len + room_head + room_len)?;
        let (id, room) = fragment.get(id_head..)?.split_at_checked(id_len)?;
        Some(DeviceRecord {
            home: entry.home,
            admission: entry.admission,
            name,
            id,
            room: room.get(room_head..)?,
            fragment: fragment.as_bytes(),
        })
    }

    /// A remembered home.
    pub(super) fn home(&self, index: HomeIx) -> Option<HomeRecord<'_>> {
        let entry = self.homes.get(position(index.0))?;
        let prefix = self.text_from(entry.start).get(..usize::from(entry.prefix_len))?;
        let tenant_len = usize::from(entry.tenant_len);
        let (tenant, rest) = prefix.get(FIELD_HEAD..)?.split_at_checked(tenant_len)?;
        let id = rest.get(FIELD_HEAD..FIELD_HEAD + usize::from(entry.id_len))?;
        Some(HomeRecord { tenant, id, prefix: prefix.as_bytes() })
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

    fn names(&self, entry: &DeviceEntry) -> (&str, &str) {
        let text = self.text_from(entry.start);
        let home_len = usize::from(entry.source_home_len);
        let names = text
            .split_at_checked(home_len)
            .and_then(|(home, rest)| Some((home, rest.get(1..=usize::from(entry.device_len))?)));
        names.unwrap_or_default()
    }

    fn text_from(&self, start: u32) -> &str {
        self.text.get(position(start)..).unwrap_or_default()
    }
}

/// Appends a text field of protobuf; empty ones are left out, as proto3 does.
fn push_field(text: &mut String, field: u8, value: &str) {
    const LENGTH_DELIMITED: u8 = 2;
    if !value.is_empty() {
        text.push(char::from(field << 3 | LENGTH_DELIMITED));
        text.push(char::from(length(value)));
        text.push_str(value);
    }
}

/// What stands before a text of that length; empty fields are left out.
fn field_head(length: usize) -> usize {
    if length == 0 { 0 } else { FIELD_HEAD }
}

/// Length of a text of at most 127 bytes.
fn length(text: &str) -> u8 {
    u8::try_from(text.len()).unwrap_or(u8::MAX)
}

/// The memory is cleared long before 4 GiB.
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
