//! From decoded values to encoded device reports in the batches of their homes.

mod append;

use std::{mem, sync::Arc};

use super::{Accepted, PipelineSettings, event_id::EventIds, graveyard::Bytes};
use crate::{
    ack::AckToken,
    batch::{Batches, FlushReason},
    catalogue::Catalogue,
    decode::Decoded,
    encode::ReportEncoder,
    model::{Flags, Message, Reading, ReportFlag},
    record::{Record, RecordPool},
    registry::{DeviceIx, Registry, Resolution, Resolver, Terms},
    repeats::{self, Freshness, LeftOut, Policy, Repeats},
    validate::{self, Clock, ClockLimits},
};

/// Makes reports for one link.
#[derive(Debug)]
pub(super) struct Reports {
    resolver: Resolver,
    encoder: ReportEncoder,
    ids: EventIds,
    clock: ClockLimits,
    partitions: [i32; 3],
    repeats: Repeats,
    /// Owner of each device's readings in the message at hand.
    owners: Vec<Owner>,
}

/// One decoded message.
pub(super) struct Work<'a> {
    pub(super) message: &'a Message<'a>,
    pub(super) source_home: Option<&'a str>,
    pub(super) device: &'a str,
    pub(super) inherited: Option<u128>,
    pub(super) catalogue: &'a Catalogue,
    pub(super) repeats: Policy,
}

/// Where records go.
pub(super) struct Out<'a> {
    pub(super) batches: &'a mut Batches,
    pub(super) pool: &'a mut RecordPool,
    pub(super) ready: &'a mut Vec<Record>,
}

/// How it went.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Why a part of the message could not be used, beyond single readings.
    pub(super) obstacle: Option<&'static str>,
    /// Readings of such parts.
    pub(super) withheld: u32,
    /// Urgent readings sent.
    pub(super) alerts: u32,
    /// Readings discarded for want of consent.
    pub(super) without_consent: u32,
    /// What a dead letter of the message may hold.
    pub(super) bytes: Bytes,
    /// Repeats and duplicates that were not sent.
    pub(super) left_out: LeftOut,
}

/// Whose readings they are, or why nobody's.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Known(DeviceIx),
    /// Only what is urgent of it.
    KnownForUrgent(DeviceIx),
    Discarded,
    /// Nothing says that anything of it may be taken.
    NoConsent,
    Refused(&'static str),
}

impl Reports {
    pub(super) fn new(settings: &PipelineSettings, resolver: Resolver) -> Self {
        Self {
            resolver,
            encoder: ReportEncoder::new(&settings.catalogue),
            ids: EventIds::new(Arc::clone(&settings.link), settings.started),
            clock: settings.clock,
            partitions: settings.partitions,
            repeats: Repeats::new(settings.repeats, &settings.catalogue),
            owners: Vec::new(),
        }
    }

    /// Goes on with another list of devices. No batch may be open under old numbers of homes.
    pub(super) fn replace_registry(&mut self, registry: Arc<Registry>) {
        self.resolver.replace(registry);
        self.repeats.forget_all();
    }

    /// The list of devices and what it remembers.
    pub(super) fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    pub(super) fn repeats(&self) -> &Repeats {
        &self.repeats
    }

    pub(super) fn repeats_mut(&mut self) -> &mut Repeats {
        &mut self.repeats
    }

    /// Finds the owner of each device's readings, judges them, and appends a report for each.
    pub(super) fn make(
        &mut self,
        work: &Work<'_>,
        decoded: &mut Decoded,
        token: &mut AckToken<'_>,
        out: &mut Out<'_>,
        accepted: &mut Accepted,
    ) -> Made {
        let mut made = self.find_owners(work, decoded, out, accepted);
        validate::readings(work.catalogue, decoded);
        self.repeats.begin(token.place(), work.message.received.mono);
        for position in 0..self.owners.len() {
            let Some(owner) = self.owners.get(position).copied() else { break };
            let (Owner::Known(index) | Owner::KnownForUrgent(index)) = owner else { continue };
            let Some(part) = decoded.devices.get(position) else { break };
            let received = work.message.received.wall;
            let clock = validate::clock(part.measured_at, received, &self.clock);
            let place = Place { index, position, flags: part.flags, sequence: part.sequence };
            let judged = self.repeated(work, &place, &clock, part.way);
            let Some(readings) = decoded.readings.get_mut(part.readings.clone()) else { break };
            let left_out = self.repeats.judge(&judged, readings);
            made.left_out.repeats += left_out.repeats;
            made.left_out.duplicates += left_out.duplicates;
            let count = u32::try_from(readings.len()).unwrap_or(u32::MAX);
            if count == left_out.repeats + left_out.duplicates {
                continue;
            }
            let values = (&*readings, &decoded.series);
            made.alerts += self.append(work, &place, &clock, values, token, out, accepted);
        }
        made
    }

    fn find_owners(
        &mut self,
        work: &Work<'_>,
        decoded: &mut Decoded,
        out: &mut Out<'_>,
        accepted: &mut Accepted,
    ) -> Made {
        if self.resolve_all(work, decoded) == Space::Full {
            // Numbers of homes are about to be given anew: no batch may be open under an old one.
            while let Some(record) = out.batches.pop(FlushReason::Drain) {
                out.ready.push(record);
            }
            self.resolver.forget_all();
            self.repeats.forget_all();
            self.resolve_all(work, decoded);
        }
        let mut made = Made::default();
        for (position, owner) in self.owners.iter().enumerate() {
            match *owner {
                Owner::Known(index) => {
                    // Of thousands of devices and hundreds of batches few are in the cache.
                    self.repeats.approach(index.0);
                    let (home, _) = self.resolver.fragment(index);
                    out.batches.approach(home.0);
                    let Terms { overrides, consent, .. } = self.resolver.terms(index);
                    if !overrides.is_empty() {
                        for reading in readings_mut(decoded, position) {
                            overrides.apply(reading);
                        }
                    }
                    if !consent.is_all() {
                        let class = |reading: &Reading| work.catalogue.get(reading.kind).class;
                        let allowed = |reading: &Reading| consent.allows(class(reading));
                        made.without_consent += keep(decoded, position, allowed);
                        made.bytes = Bytes::Withheld;
                    }
                }
                Owner::KnownForUrgent(_) => {
                    let is_urgent = |reading: &Reading| work.catalogue.is_urgent(reading);
                    accepted.discarded += keep(decoded, position, is_urgent);
                }
                Owner::Discarded => accepted.discarded += keep(decoded, position, |_| false),
                Owner::NoConsent => {
                    made.without_consent += keep(decoded, position, |_| false);
                    made.bytes = Bytes::Withheld;
                }
                Owner::Refused(reason) => {
                    if self.resolver.registry().asks_consent() {
                        made.bytes = Bytes::Withheld;
                    }
                    made.obstacle.get_or_insert(reason);
                    made.withheld += keep(decoded, position, |_| false);
                }
            }
        }
        let discarded = |owner: &Owner| matches!(owner, Owner::Discarded | Owner::NoConsent);
        if !self.owners.is_empty() && self.owners.iter().all(discarded) {
            // Nothing of a discarded device is kept, its refused readings included.
            let refused = mem::take(&mut decoded.refused_count);
            match made.bytes {
                Bytes::Kept => accepted.discarded += refused,
                Bytes::Withheld => made.without_consent += refused,
            }
            decoded.refused.clear();
        }
        accepted.discarded += made.without_consent;
        made
    }

    /// What decides whether a part may repeat an earlier one.
    fn repeated(&self, work: &Work<'_>, place: &Place, clock: &Clock, way: u32) -> repeats::Part {
        let message = work.message;
        let is_replayed = message.retain || message.dup || place.flags.has(ReportFlag::Historical);
        #[cfg(test)]
        let way = if way == 0 { crate::plant::way(message.payload) } else { way };
        repeats::Part {
            device: place.index.0,
            way,
            sequence: place.sequence,
            measured_at: clock.measured_at,
            latest: self.clock.latest(message.received.wall),
            freshness: if is_replayed { Freshness::Replayed } else { Freshness::Live },
            policy: work.repeats,
        }
    }

    fn resolve_all(&mut self, work: &Work<'_>, decoded: &Decoded) -> Space {
        self.owners.clear();
        let mut space = Space::Enough;
        for part in &decoded.devices {
            let device = decoded.device_name(part, work.device);
            let readings = decoded.readings_of(part);
            let owner = if device.is_empty() {
                Owner::Refused("no_device")
            } else {
                match self.resolver.resolve(work.source_home, device) {
                    Resolution::Known(index) if self.resolver.terms(index).consent.is_none() => {
                        Owner::NoConsent
                    }
                    Resolution::Known(index) => Owner::Known(index),
                    Resolution::NoHome => Owner::Refused("no_home"),
                    Resolution::UnknownRefused => Owner::Refused("unknown_device"),
                    Resolution::NameTooLong => Owner::Refused("device_name_too_long"),
                    Resolution::NoConsent => Owner::NoConsent,
                    Resolution::UnknownDiscarded
                        if !readings.iter().any(|reading| work.catalogue.is_urgent(reading)) =>
                    {
                        Owner::Discarded
                    }
                    Resolution::UnknownDiscarded => {
                        match self.resolver.resolve_urgent(work.source_home, device) {
                            Resolution::Known(index) => Owner::KnownForUrgent(index),
                            Resolution::NameTooLong => Owner::Refused("device_name_too_long"),
                            Resolution::NoHome
                            | Resolution::UnknownRefused
                            | Resolution::UnknownDiscarded
                            | Resolution::NoConsent
                            | Resolution::Full => {
                                space = Space::Full;
                                Owner::Refused("too_many_devices")
                            }
                        }
                    }
                    Resolution::Full => {
                        space = Space::Full;
                        Owner::Refused("too_many_devices")
                    }
                }
            };
            self.owners.push(owner);
        }
        space
    }
}

/// Whether every device of a message could be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Enough,
    Full,
}

/// One device's part of a message.
struct Place {
    index: DeviceIx,
    position: usize,
    flags: Flags<ReportFlag>,
    sequence: Option<u64>,
}

fn readings_mut(decoded: &mut Decoded, position: usize) -> &mut [Reading] {
    let range = decoded.devices.get(position).map(|part| part.readings.clone());
    range.and_then(|range| decoded.readings.get_mut(range)).unwrap_or_default()
}

/// Shortens a device's part to the readings `wanted`; returns how many are left out.
fn keep(decoded: &mut Decoded, position: usize, wanted: impl Fn(&Reading) -> bool) -> u32 {
    let readings = readings_mut(decoded, position);
    let mut kept = 0;
    for at in 0..readings.len() {
        if readings.get(at).is_some_and(&wanted) {
            readings.swap(kept, at);
            kept += 1;
        }
    }
    let left_out = readings.len() - kept;
    if let Some(part) = decoded.devices.get_mut(position) {
        part.readings.end = part.readings.start + kept;
    }
    u32::try_from(left_out).unwrap_or(u32::MAX)
}
