//! From names on a link to homes and devices, without allocating for those already seen.

mod admission;

use std::{sync::Arc, time::Duration};

use super::{
    Consent, Identity, Overrides, Registry, UnknownDevices,
    memory::{Admission, DeviceIx, HomeIx, Memory},
    recent::Recent,
    rule::Made,
    table::{LineRecord, NOTHING},
    text::{DeviceText, push_field},
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
    /// Unknown, and the list says what homes consent to: nothing of it is taken, alarms included.
    NoConsent,
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
    /// How often it should be heard, if the list says so.
    pub interval: Option<Duration>,
    /// What its home consents to.
    pub consent: Consent,
}

/// What holds for a device, before anything is written of it.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'r> {
    /// Corrections of its kinds.
    pub overrides: &'r Overrides,
    /// How often it should be heard, if the list says so.
    pub interval: Option<Duration>,
    /// What its home consents to.
    pub consent: Consent,
}

/// A home and what is always written of it.
#[derive(Clone, Copy, Debug)]
pub struct Home<'r> {
    /// Tenant it belongs to.
    pub tenant: &'r str,
    /// Id in events, and record key.
    pub id: &'r str,
    /// Fields `tenant` and `home` of a `ReadingBatch`, encoded. They stand first.
    pub prefix: &'r [u8],
    /// Fields `engine` and `link` of a `ReadingBatch`, encoded: the same for every home of a link.
    pub origin: &'r [u8],
}

/// What a resolver remembers at most of devices the list does not name. The defaults cost about
/// 30 MiB when full. What rules and lines for any home name has room of its own.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Devices.
    pub devices: usize,
    /// Homes.
    pub homes: usize,
    /// Bytes of all their names and fragments.
    pub text_bytes: usize,
}

impl Limits {
    /// For everything that is remembered: devices by rules, unknown ones, their homes.
    const ALL: Self = Self { devices: 1_500_000, homes: 1_000_000, text_bytes: 256 * 1024 * 1024 };
    const NOTHING: Self = Self { devices: 0, homes: 0, text_bytes: 0 };

    /// Is one of them used up?
    fn are_reached(&self, used: &Self) -> bool {
        used.devices >= self.devices
            || used.homes >= self.homes
            || used.text_bytes >= self.text_bytes
    }
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

/// One link's view of homes and devices: the list, and a memory of what the list does not name
/// exactly.
#[derive(Debug)]
pub struct Resolver {
    registry: Arc<Registry>,
    origin: Origin,
    /// Fields `engine` and `link`, encoded.
    fields: String,
    limits: Limits,
    recent: Recent,
    memory: Memory,
    /// What devices that the list does not name take of the memory.
    unknown: Limits,
    /// The id being made.
    id: String,
    /// What a rule makes.
    made: Made,
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
        let mut fields = String::new();
        push_field(&mut fields, 3, origin.engine);
        push_field(&mut fields, 4, &origin.link);
        Self {
            memory: Memory::new(registry.hasher.clone()),
            registry,
            origin,
            fields,
            limits,
            recent: Recent::default(),
            unknown: Limits::NOTHING,
            id: String::new(),
            made: Made::default(),
        }
    }

    /// Finds or takes in a device. An empty captured home counts as none.
    pub fn resolve(&mut self, source_home: Option<&str>, device: &str) -> Resolution {
        self.find(source_home, device, Readings::Ordinary)
    }

    /// The same for a message with urgent readings: these are taken in where the policy
    /// discards, without a captured home under a home that stands for the link.
    pub fn resolve_urgent(&mut self, source_home: Option<&str>, device: &str) -> Resolution {
        self.find(source_home, device, Readings::Urgent)
    }

    /// A device by its index; an empty one for an index that is void.
    pub fn device(&self, index: DeviceIx) -> Device<'_> {
        let Terms { overrides, interval, consent } = self.terms(index);
        let (home, text) =
            if let Some(LineRecord { home, text, .. }) = self.registry.table.line(index.0) {
                (HomeIx(home), text)
            } else if let Some(record) = self.memory.device(self.number(index)) {
                (record.home, record.text)
            } else {
                return Device::NOBODY;
            };
        let DeviceText { name, id, room, fragment } = text;
        Device { home, id, room, name, fragment, overrides, interval, consent }
    }

    /// A device's home and its encoded fields, which is all that a report of it needs; nothing for an
    /// index that is void.
    #[inline]
    pub fn fragment(&self, index: DeviceIx) -> (HomeIx, &[u8]) {
        match self.registry.table.fragment(index.0) {
            Some((home, fragment)) => (HomeIx(home), fragment),
            None => self.memory.fragment(self.number(index)).unwrap_or((HomeIx(u32::MAX), &[])),
        }
    }

    /// What holds for a device; for an index that is void, nothing is allowed.
    #[inline]
    pub fn terms(&self, index: DeviceIx) -> Terms<'_> {
        let table = &self.registry.table;
        let (extras, consent) = if let Some((home, extras)) = table.terms(index.0) {
            let asks = self.registry.asks_consent;
            (extras, if asks { table.consent(home) } else { Consent::ALL })
        } else {
            match self.memory.admission(self.number(index)) {
                Some(Admission::Registered { consent, extras }) => (table.extras(extras), consent),
                Some(Admission::Unknown | Admission::UrgentOnly) => (&NOTHING, Consent::ALL),
                None => (&NOTHING, Consent::NONE),
            }
        };
        let interval_s = u64::from(extras.interval_s);
        Terms {
            overrides: &extras.overrides,
            interval: (interval_s > 0).then(|| Duration::from_secs(interval_s)),
            consent,
        }
    }

    /// A home by its index; an empty one for an index that is void.
    pub fn home(&self, index: HomeIx) -> Home<'_> {
        let listed = self.registry.table.home(index.0).map(|(home, _)| home);
        let number = index.0.wrapping_sub(self.listed_homes());
        let home = listed.or_else(|| self.memory.home(number));
        let origin = self.fields.as_bytes();
        home.map_or(Home { tenant: "", id: "", prefix: &[], origin }, |home| Home {
            tenant: home.tenant,
            id: home.id,
            prefix: home.prefix,
            origin,
        })
    }

    /// Every [`DeviceIx`] is below it.
    pub fn device_count(&self) -> usize {
        self.registry.len() + self.memory.device_count()
    }

    /// Every [`HomeIx`] is below it.
    pub fn home_count(&self) -> usize {
        self.registry.table.homes() + self.memory.home_count()
    }

    /// Starts afresh. Every index handed out so far is void.
    pub fn forget_all(&mut self) {
        self.memory.clear();
        self.unknown = Limits::NOTHING;
    }

    /// Goes on with another list. Every index handed out so far is void.
    pub fn replace(&mut self, registry: Arc<Registry>) {
        self.memory = Memory::new(registry.hasher.clone());
        self.recent = Recent::default();
        self.unknown = Limits::NOTHING;
        self.registry = registry;
    }

    /// The list it goes by.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// May bytes of a message be kept that cannot be used? Not where consent is asked for, unless
    /// its device is known and its home consents to everything: nobody knows what is inside.
    pub fn may_keep(&self, source_home: Option<&str>, device: Option<&str>) -> bool {
        if !self.registry.asks_consent {
            return true;
        }
        let home = source_home.unwrap_or_default();
        device.is_some_and(|device| self.registry.consent_of(home, device).is_all())
    }

    fn find(&mut self, source_home: Option<&str>, device: &str, readings: Readings) -> Resolution {
        let home = source_home.unwrap_or_default();
        let hash = self.registry.hash(home, device);
        let table = &self.registry.table;
        if let Some(line) = self.recent.find(hash)
            && table.is(line, home, device)
        {
            return Resolution::Known(DeviceIx(line));
        }
        if let Some(line) = table.find(hash, home, device) {
            self.recent.note(hash, line);
            return Resolution::Known(DeviceIx(line));
        }
        match (self.memory.find(hash, home, device), readings) {
            (Some((_, Admission::UrgentOnly)), Readings::Ordinary) => Resolution::UnknownDiscarded,
            (Some((number, _)), _) => Resolution::Known(self.remembered(number)),
            (None, _) => self.admit(hash, home, device, readings),
        }
    }

    fn remembered(&self, number: u32) -> DeviceIx {
        DeviceIx(self.lines() + number)
    }

    /// The number in the memory of a device that is no line.
    fn number(&self, index: DeviceIx) -> u32 {
        index.0.wrapping_sub(self.lines())
    }

    fn lines(&self) -> u32 {
        u32::try_from(self.registry.len()).unwrap_or(u32::MAX)
    }

    fn listed_homes(&self) -> u32 {
        u32::try_from(self.registry.table.homes()).unwrap_or(u32::MAX)
    }

    fn is_full(&self) -> bool {
        Limits::ALL.are_reached(&Limits {
            devices: self.memory.device_count(),
            homes: self.memory.home_count(),
            text_bytes: self.memory.text_bytes(),
        })
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
        interval: None,
        consent: Consent::NONE,
    };
}

#[cfg(test)]
mod tests;
