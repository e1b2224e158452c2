//! Devices that are met for the first time, and that no line names exactly.

use std::{mem, sync::Arc};

use super::{Origin, Readings, Resolution, Resolver};
use crate::registry::{
    Consent, Found, HomeIx, MAX_NAME_BYTES, UnknownDevices, memory::Admission, rule::Made,
    text::DeviceTexts,
};

impl Resolver {
    /// Takes a device in, if registry or policy allow it.
    pub(super) fn admit(
        &mut self,
        hash: u64,
        home: &str,
        device: &str,
        readings: Readings,
    ) -> Resolution {
        if home.len() > MAX_NAME_BYTES || device.len() > MAX_NAME_BYTES {
            return Resolution::NameTooLong;
        }
        let mut made = mem::take(&mut self.made);
        let found = self.registry.find_other(home, device, &mut made);
        let resolution = match found {
            Found::TooLong => Resolution::NameTooLong,
            Found::Line(_) | Found::Rule(_) if self.is_full() => Resolution::Full,
            Found::Line(line) => self.admit_line(hash, home, device, line),
            Found::Rule(rule) => self.admit_by_rule(hash, home, device, rule, &made),
            Found::Nothing => self.admit_unnamed(hash, home, device, readings),
        };
        self.made = made;
        resolution
    }

    /// By a line for any home.
    fn admit_line(&mut self, hash: u64, source_home: &str, device: &str, line: u32) -> Resolution {
        let registry = Arc::clone(&self.registry);
        let Some(line) = registry.table.line(line) else { return Resolution::UnknownRefused };
        let consent = registry.table.home(line.home).map_or(Consent::NONE, |(_, known)| known);
        let admission = Admission::Registered { consent, extras: line.number };
        let texts = DeviceTexts { source_home, device, id: line.text.id, room: line.text.room };
        let number = self.memory.add_device(hash, texts, HomeIx(line.home), admission);
        Resolution::Known(self.remembered(number))
    }

    fn admit_by_rule(
        &mut self,
        hash: u64,
        source_home: &str,
        device: &str,
        rule: usize,
        made: &Made,
    ) -> Resolution {
        let registry = Arc::clone(&self.registry);
        let Some(rule) = registry.rules.get(rule) else { return Resolution::UnknownRefused };
        let mut id = mem::take(&mut self.id);
        id.clear();
        if made.id.is_empty() {
            self.origin.identity.device("", source_home, device, &mut id);
        } else {
            id.push_str(&made.id);
        }
        let consent = registry.consent(&rule.tenant, &made.home);
        let home = self.home_of(&rule.tenant, &made.home);
        let admission = Admission::Registered { consent, extras: rule.extras };
        let texts = DeviceTexts { source_home, device, id: &id, room: &made.room };
        let number = self.memory.add_device(hash, texts, home, admission);
        self.id = id;
        Resolution::Known(self.remembered(number))
    }

    /// By the policy.
    fn admit_unnamed(
        &mut self,
        hash: u64,
        home: &str,
        device: &str,
        readings: Readings,
    ) -> Resolution {
        let admission = match (self.origin.unknown, readings) {
            (UnknownDevices::DeadLetter, _) => return Resolution::UnknownRefused,
            _ if self.registry.asks_consent => return Resolution::NoConsent,
            (UnknownDevices::Accept, _) if home.is_empty() => return Resolution::NoHome,
            (UnknownDevices::Accept, _) => Admission::Unknown,
            (UnknownDevices::Discard, Readings::Ordinary) => return Resolution::UnknownDiscarded,
            (UnknownDevices::Discard, Readings::Urgent) => Admission::UrgentOnly,
        };
        if self.is_full() || self.limits.are_reached(&self.unknown) {
            return Resolution::Full;
        }
        let (homes, bytes) = (self.memory.home_count(), self.memory.text_bytes());
        let number = self.admit_unknown(hash, home, device, admission);
        self.unknown.devices += 1;
        self.unknown.homes += self.memory.home_count() - homes;
        self.unknown.text_bytes += self.memory.text_bytes() - bytes;
        Resolution::Known(self.remembered(number))
    }

    fn admit_unknown(&mut self, hash: u64, home: &str, device: &str, admission: Admission) -> u32 {
        let mut id = mem::take(&mut self.id);
        let Origin { link, tenant, identity, .. } = self.origin.clone();
        id.clear();
        if home.is_empty() {
            identity.homeless(&tenant, &link, &mut id);
        } else {
            identity.home(&tenant, home, &mut id);
        }
        let home_ix = self.home_of(&tenant, &id);
        id.clear();
        identity.device(&link, home, device, &mut id);
        let texts = DeviceTexts { source_home: home, device, id: &id, room: "" };
        let known = self.memory.add_device(hash, texts, home_ix, admission);
        self.id = id;
        known
    }

    /// A home of the list, or one remembered: a home has one index.
    fn home_of(&mut self, tenant: &str, id: &str) -> HomeIx {
        let hash = self.registry.hash(tenant, id);
        if let Some(index) = self.registry.table.find_home(hash, tenant, id) {
            return HomeIx(index);
        }
        HomeIx(self.listed_homes() + self.memory.find_or_add_home(tenant, id))
    }
}
