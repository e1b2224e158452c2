//! From names on a link to homes and devices, without allocating for those already seen.

use std::sync::Arc;

use super::{
    Identity, MAX_NAME_BYTES, Overrides, Registry, UnknownDevices,
    memory::{Admission, DeviceIx, DeviceTexts, HomeIx, HomeTexts, Memory},
};
use crate::model::LinkName;

/// What the registry and the policy say about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Resolution {
    /// Go on with it.
    Known(DeviceIx),
    /// Unknown, would be accepted, but no home was captured: dead letter `no_home`.
    NoHome,
    /// Unknown, and the policy wants a dead letter.
    UnknownRefused,
    /// Unknown, and the policy discards; ask [`Resolver::resolve_urgent`] for urgent readings.
    UnknownDiscarded,
    /// Name of home or device above 127 bytes: dead letter.
    NameTooLong,
    /// No room for another device: flush what refers to indices, [`Resolver::forget_all`], ask
    /// again.
    Full,
}

/// A device and what is always written of it.
#[derive(Clone, Copy, Debug)]
pub struct Device<'r> {
    /// Where it stands.
    pub home: HomeIx,
    /// Id in events.
    pub id: &'r str,
    /// Room; empty when unknown.
    pub room: &'r str,
    /// Captured home, `/`, device name: what event ids are made from. The same over every link.
    pub name: &'r str,
    /// Fields `device` and `room` of a `DeviceReport`, encoded.
    pub fragment: &'r [u8],
    /// Corrections of its kinds.
    pub overrides: &'r Overrides,
}

/// A home and what is always written of it.
#[derive(Clone, Copy, Debug)]
pub struct Home<'r> {
    /// Tenant it belongs to.
    pub tenant: &'r str,
    /// Id in events, and record key.
    pub id: &'r str,
    /// Fields `tenant`, `home`, `engine` and `link` of a `ReadingBatch`, encoded.
    pub prefix: &'r [u8],
}

/// What a resolver remembers at most. The defaults cost about 30 MiB when full.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Devices.
    pub devices: usize,
    /// Homes.
    pub homes: usize,
    /// Bytes of all their names and fragments.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { devices: 200_000, homes: 50_000, text_bytes: 32 * 1024 * 1024 }
    }
}

/// Everything about a link that goes into ids and fragments.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name of the link.
    pub link: LinkName,
    /// Tenant of homes the registry does not know.
    pub tenant: Arc<str>,
    /// Version of the engine, at most 127 bytes.
    pub engine: &'static str,
    /// How unregistered homes and devices appear.
    pub identity: Identity,
    /// What happens to unregistered devices.
    pub unknown: UnknownDevices,
}

/// One link's memory of homes and devices.
#[derive(Debug)]
pub struct Resolver {
    registry: Arc<Registry>,
    origin: Origin,
    limits: Limits,
    memory: Memory,
    /// The id being made.
    id: String,
}

/// What a message carries, as far as the policy for unknown devices asks.
#[derive(Clone, Copy)]
enum Readings {
    Ordinary,
    Urgent,
}

static NO_OVERRIDES: Overrides = Overrides::none();

impl Resolver {
    /// An empty memory.
    pub fn new(registry: Arc<Registry>, origin: Origin, limits: Limits) -> Self {
        Self { registry, origin, limits, memory: Memory::default(), id: String::new() }
    }

    /// Finds or takes in a device. An empty captured home counts as none.
    pub fn resolve(&mut self, source_home: Option<&str>, device: &str) -> Resolution {
        let home = source_home.unwrap_or_default();
        let hash = self.memory.hash(home, device);
        match self.memory.find(hash, home, device) {
            Some((known, Admission::Registered(_) | Admission::Unknown)) => {
                Resolution::Known(known)
            }
            Some((_, Admission::UrgentOnly)) => Resolution::UnknownDiscarded,
            None => self.admit(hash, home, device, Readings::Ordinary),
        }
    }

    /// The same for a message with urgent readings: these are taken in where the policy
    /// discards, without a captured home under a home that stands for the link.
    pub fn resolve_urgent(&mut self, source_home: Option<&str>, device: &str) -> Resolution {
        let home = source_home.unwrap_or_default();
        let hash = self.memory.hash(home, device);
        match self.memory.find(hash, home, device) {
            Some((known, _)) => Resolution::Known(known),
            None => self.admit(hash, home, device, Readings::Urgent),
        }
    }

    /// A device by its index; an empty one for an index that is void.
    pub fn device(&self, index: DeviceIx) -> Device<'_> {
        let Some(record) = self.memory.device(index) else { return Device::NOBODY };
        let overrides = match record.admission {
            Admission::Registered(line) => self.registry.get(line).map(|line| &line.overrides),
            Admission::Unknown | Admission::UrgentOnly => None,
        };
        Device {
            home: record.home,
            id: record.id,
            room: record.room,
            name: record.name,
            fragment: record.fragment,
            overrides: overrides.unwrap_or(&NO_OVERRIDES),
        }
    }

    /// A home by its index; an empty one for an index that is void.
    pub fn home(&self, index: HomeIx) -> Home<'_> {
        let record = self.memory.home(index);
        record.map_or(Home { tenant: "", id: "", prefix: &[] }, |record| Home {
            tenant: record.tenant,
            id: record.id,
            prefix: record.prefix,
        })
    }

    /// Devices remembered: every [`DeviceIx`] is below it.
    pub fn device_count(&self) -> usize {
        self.memory.device_count()
    }

    /// Homes remembered: every [`HomeIx`] is below it.
    pub fn home_count(&self) -> usize {
        self.memory.home_count()
    }

    /// Starts afresh. Every index handed out so far is void.
    pub fn forget_all(&mut self) {
        self.memory.clear();
    }

    /// Takes a device in, if registry or policy allow it.
    fn admit(&mut self, hash: u64, home: &str, device: &str, readings: Readings) -> Resolution {
        if home.len() > MAX_NAME_BYTES || device.len() > MAX_NAME_BYTES {
            return Resolution::NameTooLong;
        }
        let registry = Arc::clone(&self.registry);
        if let Some((line, registered)) = registry.find(home, device) {
            if self.is_full() {
                return Resolution::Full;
            }
            let home_ix = self.remember_home(&registered.tenant, &registered.home);
            let (id, room) = (&*registered.id, &*registered.room);
            let texts = DeviceTexts { source_home: home, device, id, room };
            let admission = Admission::Registered(line);
            return Resolution::Known(self.memory.add_device(hash, texts, home_ix, admission));
        }
        let admission = match (self.origin.unknown, readings) {
            (UnknownDevices::Accept, _) if home.is_empty() => return Resolution::NoHome,
            (UnknownDevices::Accept, _) => Admission::Unknown,
            (UnknownDevices::DeadLetter, _) => return Resolution::UnknownRefused,
            (UnknownDevices::Discard, Readings::Ordinary) => return Resolution::UnknownDiscarded,
            (UnknownDevices::Discard, Readings::Urgent) => Admission::UrgentOnly,
        };
        if self.is_full() {
            return Resolution::Full;
        }
        Resolution::Known(self.admit_unknown(hash, home, device, admission))
    }

    fn admit_unknown(
        &mut self,
        hash: u64,
        home: &str,
        device: &str,
        admission: Admission,
    ) -> DeviceIx {
        let mut id = std::mem::take(&mut self.id);
        let Origin { link, tenant, identity, .. } = self.origin.clone();
        id.clear();
        if home.is_empty() {
            identity.homeless(&tenant, &link, &mut id);
        } else {
            identity.home(&tenant, home, &mut id);
        }
        let home_ix = self.remember_home(&tenant, &id);
        id.clear();
        identity.device(&link, home, device, &mut id);
        let texts = DeviceTexts { source_home: home, device, id: &id, room: "" };
        let known = self.memory.add_device(hash, texts, home_ix, admission);
        self.id = id;
        known
    }

    fn remember_home(&mut self, tenant: &str, id: &str) -> HomeIx {
        let (engine, link) = (self.origin.engine, &*self.origin.link);
        self.memory.find_or_add_home(HomeTexts { tenant, id, engine, link })
    }

    fn is_full(&self) -> bool {
        self.memory.device_count() >= self.limits.devices
            || self.memory.home_count() >= self.limits.homes
            || self.memory.text_bytes() >= self.limits.text_bytes
    }
}

impl Device<'_> {
    const NOBODY: Device<'static> = Device {
        home: HomeIx(u32::MAX),
        id: "",
        room: "",
        name: "",
        fragment: &[],
        overrides: &NO_OVERRIDES,
    };
}

#[cfg(test)]
mod tests;
