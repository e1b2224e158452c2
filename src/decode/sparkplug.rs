//! Sparkplug B: births that say what there is, and data that only mean something after them.

mod ask;
mod metric;
mod name;
mod node;
mod session;
mod topic;

use std::sync::Arc;

use self::{
    metric::{Metric, Read},
    name::Names,
    node::Node,
    topic::{Place, Verb},
};
use super::{
    decoded::{Decoded, DeviceName, DevicePart},
    error::{DecodeError, NonReading, RefusalReason},
    format::Format,
    meaning::Meaning,
    memory::{Memory, Shelf},
    position::{Judged, PositionPolicy},
    protobuf::fields::{Fields, Stop},
    settings::{DecoderSettings, Requests},
    term::{Term, TermError},
    time::DeviceTime,
    vocabulary::{Vocabulary, Word},
};
use crate::{
    catalogue::{Catalogue, ValueType},
    model::{Flags, KindId, Message, ReportFlag, Value},
};

/// Decoder of Sparkplug B.
#[derive(Clone, Debug)]
pub struct Sparkplug {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
    positions: PositionPolicy,
    requests: Requests,
    online: Option<KindId>,
    press: Option<KindId>,
}

const TABLE: &str = include_str!("../../config/keys/sparkplug.csv");

/// The payload's fields beside its metrics.
struct Head {
    timestamp: DeviceTime,
    sequence: Option<u64>,
}

/// Field of a payload that holds a metric.
const METRICS: u32 = 2;

/// Metrics of one message, those nobody knows included.
const METRICS_MAX: usize = 16 * 1024;

/// A metric and what is known of it.
struct Known<'k, 'a> {
    metric: &'k Metric<'a>,
    term: &'k Term,
    channel: u16,
    datatype: u8,
    unit: Option<&'k str>,
}

/// What a walk over the metrics came by.
#[derive(Default)]
struct Seen {
    historical: bool,
    unannounced: bool,
}

impl Sparkplug {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            keys: Vocabulary::of_names(Format::Sparkplug, TABLE, settings)?,
            positions: PositionPolicy::new(settings),
            requests: settings.requests,
            online: settings.catalogue.find("online"),
            press: settings.catalogue.find("button_press"),
            catalogue: Arc::clone(&settings.catalogue),
        })
    }

    pub(super) fn decode(
        &self,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let place = topic::place(message.topic)?;
        let done = match place.verb {
            Verb::State => return Ok(Some(NonReading::Status)),
            Verb::Command => return Ok(Some(NonReading::Command)),
            Verb::Birth | Verb::Data | Verb::Death if message.payload.is_empty() => {
                return Ok(Some(NonReading::Empty));
            }
            Verb::Birth => self.birth(place, message, memory, out),
            Verb::Data => self.data(place, message, memory, out),
            Verb::Death => self.death(place, message, memory, out),
        };
        done.map_err(|stop| stop.of(message.payload.len()))
    }

    /// Values of a node or device, most of them under aliases.
    fn data(
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
        let mut node = memory.get::<Node>(Shelf::Sparkplug, key(place, &name, out));
        let missed = node.as_mut().map_or(0, |node| node.count(head.sequence));
        out.missed += u32::from(missed);
        let node = node.as_deref();
        let seen = self.metrics(place, message.payload, (node, false), &mut part, out)?;
        // What is only history needs no report of the present beside it.
        if !seen.historical || !out.readings.is_empty() {
            part.finish(out);
        }
        if seen.historical {
            let mut part = DevicePart { name: name.clone(), ..DevicePart::begin(out) };
            part.flags.set(ReportFlag::Historical);
            self.metrics(place, message.payload, (node, true), &mut part, out)?;
            part.finish(out);
        }
        let is_born = node.is_some_and(|node| node.is_born);
        let is_whole = node.is_some_and(|node| node.is_born && node.has(place.device));
        if !is_whole || missed > 0 || seen.unannounced {
            self.ask(place, &name, message.received, memory, out);
        }
        if seen.unannounced && !is_born && out.readings.is_empty() {
            return Err(DecodeError::Unannounced { what: "the birth of its node" }.into());
        }
        Ok(None)
    }

    /// Takes the metrics that are history, or those that are not.
    fn metrics(
        &self,
        place: Place<'_>,
        payload: &[u8],
        (node, historical): (Option<&Node>, bool),
        part: &mut DevicePart,
        out: &mut Decoded,
    ) -> Result<Seen, Stop> {
        let (mut seen, mut names) = (Seen::default(), Names::of(place.device));
        let mut fields = Fields::of(payload, 0);
        while let Some((number, field)) = fields.next()? {
            if number != METRICS {
                continue;
            }
            let metric = Metric::of(field.message()?)?;
            seen.historical |= metric.is_historical;
            if metric.is_historical != historical {
                continue;
            }
            out.check_room()?;
            let born = match metric.alias {
                Some(alias) => node.and_then(|node| node.born(alias)),
                None => metric.name.and_then(|name| node?.born_named(place.device, name)),
            };
            if let Some(born) = born {
                let word = born.word.and_then(|word| self.keys.word(word));
                let (datatype, channel) = (born.datatype, born.channel);
                let unit = metric.unit()?.or(born.unit.as_deref());
                match word {
                    Some(Word::Term(term)) => {
                        let known = Known { metric: &metric, term, channel, datatype, unit };
                        self.take(&known, part, out);
                    }
                    Some(Word::NoReading) => {}
                    None => out.unknown_keys = out.unknown_keys.saturating_add(1),
                }
            } else if let Some(name) = metric.name {
                match self.find(&mut names, name, metric.is_boolean()) {
                    Some((_, Word::Term(term))) => {
                        let unit = metric.unit()?;
                        let known = Known { metric: &metric, term, channel: 0, datatype: 0, unit };
                        self.take(&known, part, out);
                    }
                    Some((_, Word::NoReading)) => {}
                    None => out.unknown_keys = out.unknown_keys.saturating_add(1),
                }
            } else {
                seen.unannounced = true;
                out.refuse(None, RefusalReason::AliasUnknown, None);
            }
        }
        Ok(seen)
    }

    /// Takes the value of a metric that is a measurement.
    fn take(&self, known: &Known<'_, '_>, part: &mut DevicePart, out: &mut Decoded) {
        let Known { metric, term, channel, datatype, unit } = *known;
        let measured_at = match metric.measured_at() {
            DeviceTime::At(time) => Some(time),
            DeviceTime::Absent => None,
            DeviceTime::Unreadable => {
                part.flags.set(ReportFlag::ClockUnreadable);
                None
            }
        };
        let (meaning, flags) = match metric.read(datatype) {
            Read::Scalar(scalar) => term.read(&self.catalogue, &scalar, unit),
            Read::Unsupported => {
                (Meaning::Refused(RefusalReason::TypeUnsupported), Flags::default())
            }
        };
        match self.positions.judge(term.kind, meaning) {
            Judged::Kept(meaning) => {
                out.take_in_channel(term.kind, channel, meaning, flags, measured_at);
            }
            Judged::Discarded => out.absent = out.absent.saturating_add(1),
        }
    }

    /// A birth says what is, so what happened before it is not said again.
    fn is_happening(&self, kind: KindId) -> bool {
        self.catalogue.get(kind).value_type == ValueType::Event || self.press == Some(kind)
    }

    fn take_online(&self, is_online: bool, out: &mut Decoded) {
        if let Some(online) = self.online {
            let meaning = Meaning::Value(Value::State(is_online));
            out.take(online, meaning, Flags::default(), None);
        }
    }
}

impl Head {
    fn of(payload: &[u8]) -> Result<Self, Stop> {
        let mut head = Self { timestamp: DeviceTime::Absent, sequence: None };
        let mut metrics = 0_usize;
        let mut fields = Fields::of(payload, 0);
        while let Some((number, field)) = fields.next()? {
            match number {
                METRICS if metrics >= METRICS_MAX => {
                    return Err(DecodeError::Rule { rule: "at most 16384 metrics" }.into());
                }
                METRICS => metrics += 1,
                1 => head.timestamp = metric::milliseconds(field.varint()?),
                3 => head.sequence = Some(field.varint()?),
                _ => {}
            }
        }
        Ok(head)
    }
}

/// `group/node` or `group/node/device`.
fn name(place: Place<'_>, out: &mut Decoded) -> Result<DeviceName, DecodeError> {
    let Place { group, node, device, .. } = place;
    if device.is_empty() {
        out.own_joined(&[group, "/", node])
    } else {
        out.own_joined(&[group, "/", node, "/", device])
    }
}

/// The node's part of a device's name.
fn key<'o>(place: Place<'_>, name: &DeviceName, out: &'o Decoded) -> &'o str {
    let length = place.group.len() + 1 + place.node.len();
    match name {
        DeviceName::Own(range) => out.names.get(range.start..range.start + length),
        DeviceName::Captured | DeviceName::CapturedPrefix(_) => None,
    }
    .unwrap_or_default()
}

#[cfg(test)]
mod tests;
