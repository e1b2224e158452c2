//! Births and deaths: what begins and ends the life of a node and of its devices.

use super::{
    Head, Known, METRICS, Sparkplug, key,
    metric::{Metric, Read},
    name,
    name::Names,
    node::{Born, By, Channels, Node},
    topic::Place,
};
use crate::{
    decode::{
        decoded::{Decoded, DeviceName, DevicePart},
        error::NonReading,
        memory::{Memory, Shelf},
        protobuf::fields::{Fields, Stop},
        scalar::Scalar,
        vocabulary::Word,
    },
    model::{Message, ReportFlag},
};

/// The metric that ties a death to its birth.
const SESSION: &str = "bdSeq";

/// Metrics of one birth that are remembered.
const BORN_MAX: usize = 4_096;

impl Sparkplug {
    /// Says what a node or device has, and what it is at.
    pub(super) fn birth(
        &self,
        place: Place<'_>,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, Stop> {
        let head = Head::of(message.payload)?;
        let name = name(place, out)?;
        let mut part = DevicePart { name: name.clone(), ..DevicePart::begin(out) };
        part.measured_at = head.timestamp;
        self.take_online(true, out);
        let (mut several, mut names) = (Channels::default(), Names::of(place.device));
        let mut meant = Vec::new();
        each(message.payload, |metric, name| {
            let found = self.find(&mut names, name, metric.is_boolean());
            if let Some((_, Word::Term(term))) = found {
                several.next(term.kind);
            }
            meant.push(found);
            Ok(())
        })?;
        let mut meant = meant.into_iter();
        let (mut channels, mut born, mut session) = (Channels::default(), Vec::new(), None);
        let mut historical = false;
        each(message.payload, |metric, metric_name| {
            if metric_name == SESSION
                && let Read::Scalar(Scalar::Unsigned(number)) = metric.read(0)
            {
                session = Some(number);
            }
            let unit = metric.unit()?;
            let mut known = None;
            match meant.next().flatten() {
                Some((word, Word::Term(term))) => {
                    let channel = channels.next(term.kind);
                    let channel = if several.count(term.kind) > 1 { channel } else { 0 };
                    known = word.map(|word| (word, channel));
                    historical |= metric.is_historical;
                    out.check_room()?;
                    if self.is_happening(term.kind) {
                        out.absent = out.absent.saturating_add(1);
                    } else {
                        let known = Known { metric, term, channel, datatype: 0, unit };
                        self.take(&known, &mut part, out);
                    }
                }
                Some((word, Word::NoReading)) => known = word.map(|word| (word, 0)),
                None => out.unknown_keys = out.unknown_keys.saturating_add(1),
            }
            // What goes by its name and is not known by it needs no remembering.
            let by = match metric.alias {
                Some(alias) => Some(By::Alias(alias)),
                None => known.map(|_| By::Name(metric_name.into())),
            };
            if let Some(by) = by.filter(|_| born.len() < BORN_MAX) {
                born.push(Born::new(by, place.device, metric.datatype, known, unit));
            }
            Ok(())
        })?;
        if historical {
            part.flags.set(ReportFlag::Historical);
        }
        part.finish(out);
        self.learn(place, message, (&name, &head), (born, session), memory, out);
        Ok(None)
    }

    /// Remembers what a birth said.
    fn learn(
        &self,
        place: Place<'_>,
        message: &Message<'_>,
        (name, head): (&DeviceName, &Head),
        (born, session): (Vec<Born>, Option<u64>),
        memory: &mut Memory,
        out: &mut Decoded,
    ) {
        let node_name = key(place, name, out);
        if memory.get::<Node>(Shelf::Sparkplug, node_name).is_none() {
            memory.put(Shelf::Sparkplug, node_name, Node::default());
        }
        let learned = memory.update(Shelf::Sparkplug, node_name, |node: &mut Node| {
            node.forget(place.device);
            let missed = if place.device.is_empty() {
                node.is_born = true;
                node.session = session;
                node.sequence = head.sequence.and_then(|number| u8::try_from(number).ok());
                0
            } else {
                node.count(head.sequence)
            };
            node.learn(place.device, born);
            (missed, node.is_born)
        });
        let (missed, is_born) = learned.unwrap_or((0, false));
        out.missed += u32::from(missed);
        if missed > 0 || !is_born {
            self.ask(place, name, message.received, memory, out);
        }
    }

    /// A node is lost with all of its devices, or a device alone.
    pub(super) fn death(
        &self,
        place: Place<'_>,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, Stop> {
        let head = Head::of(message.payload)?;
        let mut session = None;
        each(message.payload, |metric, metric_name| {
            if metric_name == SESSION
                && let Read::Scalar(Scalar::Unsigned(number)) = metric.read(0)
            {
                session = Some(number);
            }
            Ok(())
        })?;
        let name = name(place, out)?;
        let node_name = key(place, &name, out);
        let known = memory.get::<Node>(Shelf::Sparkplug, node_name);
        let of_another = known.is_some_and(|node| {
            node.is_born && node.session.is_some() && session.is_some() && node.session != session
        });
        if place.device.is_empty() && of_another {
            return Ok(Some(NonReading::Stale));
        }
        let lost = memory.update(Shelf::Sparkplug, node_name, |node: &mut Node| {
            let devices = std::mem::take(&mut node.devices);
            if place.device.is_empty() {
                node.forget("");
                node.is_born = false;
                node.sequence = None;
                (devices, 0)
            } else {
                node.devices = devices;
                node.forget(place.device);
                (std::collections::BTreeSet::new(), node.count(head.sequence))
            }
        });
        let (devices, missed) = lost.unwrap_or_default();
        out.missed += u32::from(missed);
        let mut part = DevicePart { name, ..DevicePart::begin(out) };
        if !place.device.is_empty() {
            // A node's death was written when it connected, so its time says nothing.
            part.measured_at = head.timestamp;
        }
        self.take_online(false, out);
        part.finish(out);
        for device in devices {
            out.check_room()?;
            let name: DeviceName = out.own_joined(&[place.group, "/", place.node, "/", &device])?;
            let part = DevicePart { name, ..DevicePart::begin(out) };
            self.take_online(false, out);
            part.finish(out);
        }
        Ok(None)
    }
}

/// Every metric with its name.
fn each<'a>(
    payload: &'a [u8],
    mut take: impl FnMut(&Metric<'a>, &'a str) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut fields = Fields::of(payload, 0);
    while let Some((number, field)) = fields.next()? {
        if number == METRICS {
            let metric = Metric::of(field.message()?)?;
            take(&metric, metric.name.unwrap_or_default())?;
        }
    }
    Ok(())
}
