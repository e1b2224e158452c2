//! One report: its identity, its copies among the alerts, and its place in the batch of its home.

use super::{Out, Place, Reports, Work};
use crate::{
    ack::AckToken,
    batch::FlushReason,
    encode::{ReportHead, report::EventIdBasis},
    model::{Flags, Lane, Message, Reading, RecordKey, ReportFlag, SeriesTable, murmur2},
    pipeline::{Accepted, event_id::EventIds, whole::Whole},
    record::Record,
    registry::Home,
    validate::{self, Clock},
};

/// The report's event id. What a payload with a device time says is the same for ever; anything
/// else is identified by its reception, which a redelivery inherits.
fn identify<'n>(
    ids: &mut EventIds,
    work: &Work<'_>,
    place: &Place,
    clock: &Clock,
    name: impl FnOnce() -> &'n str,
    tenant: &str,
    accepted: &mut Accepted,
) -> (u128, EventIdBasis) {
    // A gateway's bundle may name one device twice, with what it had stored.
    let position = u32::try_from(place.position).unwrap_or(u32::MAX);
    if clock.content_basis {
        let content = ids.content(tenant, name(), work.message.payload);
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

/// What the way a message came says about it.
fn of_reception(message: &Message<'_>, clock: &Clock) -> Flags<ReportFlag> {
    let mut flags = clock.flags;
    if message.retain {
        flags.set(ReportFlag::Retained);
    }
    if clock.measured_at.is_none() && (message.dup || message.resumed_recently) {
        flags.set(ReportFlag::PossiblyDelayed);
    }
    flags
}

/// Starts a record of a home's readings.
fn begin(record: &mut Record, to: RecordKey, home: &Home<'_>, message: &Message<'_>) {
    record.to = to;
    record.key.extend_from_slice(home.id.as_bytes());
    record.value.extend_from_slice(home.prefix);
    record.value.extend_from_slice(home.origin);
    record.opened = message.received.mono;
}

impl Reports {
    /// Encodes one report: urgent readings at once and singly to the alerts, the whole to its
    /// home's batch. Returns the number of alerts.
    #[expect(clippy::too_many_arguments, reason = "the parts of one message, all borrowed")]
    pub(super) fn append(
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
        let (home_index, fragment) = self.resolver.fragment(place.index);
        let home = self.resolver.home(home_index);
        // Only ids of content ask for the name, and the name for the whole text of the device.
        let name = || self.resolver.device(place.index).name;
        let (event_id, basis) =
            identify(&mut self.ids, work, place, clock, name, home.tenant, accepted);
        let own_times = validate::own_times(readings, message.received.wall, &self.clock);
        let flags = of_reception(message, clock).union(place.flags).union(own_times);
        let head = ReportHead {
            event_id,
            basis,
            device: fragment,
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
                let one = std::iter::once((ordinal, reading));
                self.encoder.append(&head, one, series, &mut alert.value);
                token.split(&mut alert.shares);
                out.ready.push(alert);
                alerts += 1;
            }
        }

        let batch = out.batches.of_home(home_index.0, message.received.mono, out.pool, |record| {
            let partition = murmur2::partition(home.id.as_bytes(), readings_partitions);
            begin(record, RecordKey { lane: Lane::Readings, partition }, &home, message);
        });
        let Some(batch) = batch else {
            self.repeats.distrust();
            return alerts;
        };
        let value = Whole::begin(&mut batch.value);
        let repeats = &self.repeats;
        let mut count = 0;
        let sent = (0_u32..).zip(readings).filter(|(ordinal, _)| !repeats.is_left_out(*ordinal));
        let sent = sent.inspect(|_| count += 1);
        self.encoder.append(&head, sent, series, value.buffer);
        value.end();
        batch.timestamp = batch.timestamp.max(message.received.wall);
        batch.readings = batch.readings.saturating_add(count);
        accepted.readings += count;
        token.split(&mut batch.shares);
        let closed = if alerts > 0 {
            out.batches.close(home_index.0, FlushReason::Urgent)
        } else {
            out.batches.close_if_full(home_index.0)
        };
        out.ready.extend(closed);
        alerts
    }
}
