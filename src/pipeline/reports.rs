//! From decoded values to encoded device reports in the batches of their homes.

use std::{mem, sync::Arc};

use super::{Accepted, PipelineSettings, event_id::EventIds, graveyard::Bytes, whole::Whole};
use crate::{
    ack::AckToken,
    batch::{Batches, FlushReason},
    catalogue::Catalogue,
    decode::Decoded,
    encode::{ReportEncoder, ReportHead, report::EventIdBasis},
    model::{Flags, Lane, Message, Reading, RecordKey, ReportFlag, SeriesTable, murmur2},
    record::{Record, RecordPool},
    registry::{Device, DeviceIx, Home, Registry, Resolution, Resolver},
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
            owners: Vec::new(),
        }
    }

    /// Goes on with another list of devices. No batch may be open under old numbers of homes.
    pub(super) fn replace_registry(&mut self, registry: Arc<Registry>) {
        self.resolver.replace(registry);
    }

    /// The list of devices and what it remembers.
    pub(super) fn resolver(&self) -> &Resolver {
        &self.resolver
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
        for position in 0..self.owners.len() {
            let Some(owner) = self.owners.get(position).copied() else { break };
            let (Owner::Known(index) | Owner::KnownForUrgent(index)) = owner else { continue };
            let Some(part) = decoded.devices.get(position) else { break };
            let readings = decoded.readings_of(part);
            if readings.is_empty() {
                continue;
            }
            let values = (readings, &decoded.series);
            let received = work.message.received.wall;
            let clock = validate::clock(part.measured_at, received, &self.clock);
            let place = Place { index, position, flags: part.flags, sequence: part.sequence };
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
            self.resolve_all(work, decoded);
        }
        let mut made = Made::default();
        for (position, owner) in self.owners.iter().enumerate() {
            match *owner {
                Owner::Known(index) => {
                    let Device { overrides, consent, .. } = self.resolver.device(index);
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
                    Resolution::Known(index) if self.resolver.device(index).consent.is_none() => {
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

/// The report's event id. What a payload with a device time says is the same for ever; anything
/// else is identified by its reception, which a redelivery inherits.
fn identify(
    ids: &mut EventIds,
    work: &Work<'_>,
    place: &Place,
    clock: &Clock,
    device: &Device<'_>,
    tenant: &str,
    accepted: &mut Accepted,
) -> (u128, EventIdBasis) {
    // A gateway's bundle may name one device twice, with what it had stored.
    let position = u32::try_from(place.position).unwrap_or(u32::MAX);
    if clock.content_basis {
        let content = ids.content(tenant, device.name, work.message.payload);
        return (ids.of_device(content, position), EventIdBasis::Content);
    }
    let message_id = match (work.inherited, accepted.event_id) {
        // Zero: it was given none the first time.
        (Some(inherited @ 1..), _) => inherited,
        (Some(0) | None, 0) => ids.reception(),
        (Some(0) | None, given) => given,
    };
    accepted.event_id = message_id;
    (ids.of_device(message_id, position), EventIdBasis::Reception)
}

/// Starts a record of a home's readings.
fn begin(record: &mut Record, to: RecordKey, home: &Home<'_>, message: &Message<'_>) {
    record.to = to;
    record.key.extend_from_slice(home.id.as_bytes());
    record.value.extend_from_slice(home.prefix);
    record.value.extend_from_slice(home.origin);
    record.opened = message.received.mono;
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

impl Reports {
    /// Encodes one report: urgent readings at once and singly to the alerts, the whole to its
    /// home's batch. Returns the number of alerts.
    #[expect(clippy::too_many_arguments, reason = "the parts of one message, all borrowed")]
    fn append(
        &mut self,
        work: &Work<'_>,
        place: &Place,
        clock: &Clock,
        (readings, series): (&[Reading], &SeriesTable),
        token: &mut AckToken<'_>,
        out: &mut Out<'_>,
        accepted: &mut Accepted,
    ) -> u32 {
        let message = work.message;
        let device = self.resolver.device(place.index);
        let home = self.resolver.home(device.home);
        let (event_id, basis) =
            identify(&mut self.ids, work, place, clock, &device, home.tenant, accepted);
        let own_times = validate::own_times(readings, message.received.wall, &self.clock);
        let mut flags = clock.flags.union(place.flags).union(own_times);
        if message.retain {
            flags.set(ReportFlag::Retained);
        }
        if clock.measured_at.is_none() && (message.dup || message.resumed_recently) {
            flags.set(ReportFlag::PossiblyDelayed);
        }
        let head = ReportHead {
            event_id,
            basis,
            device: device.fragment,
            measured_at: clock.measured_at,
            received_at: message.received.wall,
            clock_source: clock.source.number(),
            sequence: place.sequence,
            flags,
        };
        let fresh = clock.is_fresh();
        if fresh && let Some(measured_at) = clock.measured_at {
            let lag = message.received.wall.minus(measured_at).max(0);
            accepted.device_lag_us = Some(lag.unsigned_abs());
        }

        // A replay of an old alarm must not ring anybody a second time.
        let may_alert = !message.retain || fresh;
        let [readings_partitions, alerts_partitions, _] = self.partitions;
        let mut alerts = 0;
        for (ordinal, reading) in (0_u32..).zip(readings) {
            if may_alert && work.catalogue.is_urgent(reading) {
                let partition = murmur2::partition(home.id.as_bytes(), alerts_partitions);
                let mut alert = out.pool.take();
                begin(&mut alert, RecordKey { lane: Lane::Alerts, partition }, &home, message);
                alert.timestamp = message.received.wall;
                alert.readings = 1;
                let one = std::slice::from_ref(reading);
                self.encoder.append(&head, (one, series), ordinal, &mut alert.value);
                token.split(&mut alert.shares);
                out.ready.push(alert);
                alerts += 1;
            }
        }

        let batch = out.batches.of_home(device.home.0, message.received.mono, out.pool, |record| {
            let partition = murmur2::partition(home.id.as_bytes(), readings_partitions);
            begin(record, RecordKey { lane: Lane::Readings, partition }, &home, message);
        });
        let Some(batch) = batch else { return alerts };
        let value = Whole::begin(&mut batch.value);
        self.encoder.append(&head, (readings, series), 0, value.buffer);
        value.end();
        batch.timestamp = batch.timestamp.max(message.received.wall);
        let count = u32::try_from(readings.len()).unwrap_or(u32::MAX);
        batch.readings = batch.readings.saturating_add(count);
        accepted.readings += count;
        token.split(&mut batch.shares);
        let closed = if alerts > 0 {
            out.batches.close(device.home.0, FlushReason::Urgent)
        } else {
            out.batches.close_if_full(device.home.0)
        };
        out.ready.extend(closed);
        alerts
    }
}
