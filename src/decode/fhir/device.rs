//! Whose an Observation is: what its reference names, wherever that stands.

use crate::decode::{
    decoded::{Decoded, DeviceName},
    error::DecodeError,
    json_tree::At,
};

/// The devices that stand in the same Bundle, by the address they have in it alone.
#[derive(Default)]
pub(super) struct Devices<'t> {
    /// In the order of addresses.
    named: Vec<(&'t str, &'t str)>,
}

impl<'t> Devices<'t> {
    pub(super) fn of(entries: impl Iterator<Item = At<'t, 't>>) -> Self {
        let devices = entries.filter_map(|entry| {
            let resource = entry.get("resource")?;
            let is_device = resource.get("resourceType").and_then(At::text) == Some("Device");
            let address = entry.get("fullUrl").and_then(At::text)?;
            is_device.then(|| (address, own(resource).unwrap_or_default()))
        });
        let mut named: Vec<_> = devices.collect();
        named.sort_unstable();
        Self { named }
    }

    /// The device an Observation refers to, by its id or identifier; else the topic's. The person
    /// is never looked at.
    pub(super) fn name(
        &self,
        device: &str,
        observation: At<'_, '_>,
        out: &mut Decoded,
    ) -> Result<DeviceName, DecodeError> {
        let Some(at) = observation.get("device") else { return Ok(DeviceName::Captured) };
        let reference = at.get("reference").and_then(At::text);
        let referred = reference.and_then(|reference| match reference.strip_prefix('#') {
            Some(id) => contained(observation, id),
            None if reference.starts_with("urn:") => self.find(reference),
            None => Some(id_of(reference)),
        });
        let identifier = at.path(&["identifier", "value"]).and_then(At::text);
        // How somebody calls it may be anything: only if nothing else names it.
        let display = || at.get("display").and_then(At::text).filter(|_| device.is_empty());
        out.own_name(referred.or(identifier).or_else(display).unwrap_or_default())
    }

    /// An address of this Bundle alone would name another device in each; one that stands in
    /// no entry is as lasting as its sender made it.
    fn find<'r>(&'r self, address: &'r str) -> Option<&'r str> {
        match self.named.binary_search_by(|(known, _)| (*known).cmp(address)) {
            Ok(at) => self.named.get(at).map(|(_, name)| *name).filter(|name| !name.is_empty()),
            Err(_) => Some(address),
        }
    }
}

/// A device that stands in the Observation: `#dev` is the same text in every message of every
/// gateway, and names nothing.
fn contained<'t>(observation: At<'t, '_>, id: &str) -> Option<&'t str> {
    let mut inside = observation.get("contained").into_iter().flat_map(At::items);
    inside.find(|at| at.get("id").and_then(At::text) == Some(id)).and_then(own)
}

/// What a device calls itself for good.
fn own<'t>(device: At<'t, '_>) -> Option<&'t str> {
    let mut identifiers = device.get("identifier").into_iter().flat_map(At::items);
    let identifier = identifiers.find_map(|at| at.get("value").and_then(At::text));
    identifier.or_else(|| device.get("serialNumber").and_then(At::text))
}

/// `Device/band-7`, `https://…/Device/band-7` and `Device/band-7/_history/3` name one device.
fn id_of(reference: &str) -> &str {
    let reference = reference.split_once("/_history/").map_or(reference, |(name, _)| name);
    reference.rsplit('/').next().unwrap_or(reference)
}
