//! `OwnTracks`: a telephone's battery, steps and regions, and its position if the policy keeps it.

use std::sync::Arc;

use super::{
    decoded::{Decoded, DeviceName, DevicePart},
    error::{DecodeError, NonReading, RefusalReason},
    format::Format,
    json_text,
    json_tree::{At, Tree},
    scalar::Scalar,
    settings::{DecoderSettings, Positions},
    term::TermError,
    time::{self, DeviceTime, TimeFormat},
    vocabulary::Vocabulary,
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of `OwnTracks`.
#[derive(Clone, Debug)]
pub struct OwnTracks {
    catalogue: Arc<Catalogue>,
    vocabulary: Vocabulary,
    positions: Positions,
}

const TABLE: &str = include_str!("../../config/keys/owntracks.csv");

/// Last levels of a device's other topics.
const SUB_TOPICS: [&str; 14] = [
    "beacon",
    "card",
    "cmd",
    "config",
    "dump",
    "event",
    "info",
    "request",
    "response",
    "status",
    "step",
    "steps",
    "waypoint",
    "waypoints",
];

/// The longest name of a region that is looked up.
const REGION_MAX: usize = 64;

/// A count over this long is one of a day.
const DAY_US: i64 = 20 * 3_600 * 1_000_000;

impl OwnTracks {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            catalogue: Arc::clone(&settings.catalogue),
            vocabulary: Vocabulary::new(Format::OwnTracks, TABLE, settings)?,
            positions: settings.positions,
        })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        if json_text::body(message.payload).is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        let tree = Tree::parse(message.payload)?;
        let shape = DecodeError::JsonShape { expected: "an object with `_type`" };
        let at = tree.root().ok_or(shape)?;
        let kind = at.get("_type").and_then(At::text).ok_or(shape)?;
        let mut part = DevicePart::begin(out);
        part.name = device_name(message.topic, device, out)?;
        let mut nothing_else = None;
        match kind {
            "location" => {
                part.measured_at = moment(at, "tst");
                let keeps = self.location(at, out);
                nothing_else = (!keeps).then_some(NonReading::Position);
            }
            "transition" => {
                part.measured_at = moment(at, "tst");
                self.transition(at, out);
                self.position(at, out);
            }
            "steps" => {
                part.measured_at = match moment(at, "to") {
                    DeviceTime::Absent => moment(at, "tst"),
                    end @ (DeviceTime::At(_) | DeviceTime::Unreadable) => end,
                };
                let key = if is_day(at) { "steps/day" } else { "steps/steps" };
                self.take(key, at.get("steps"), out);
                self.take("steps/distance", at.get("distance"), out);
            }
            // The broker says it, with the time at which the telephone had connected.
            "lwt" => self.say("lwt", &Scalar::Bool(false), out),
            "encrypted" => return Ok(Some(NonReading::Encrypted)),
            "cmd" | "request" => return Ok(Some(NonReading::Command)),
            "waypoint" | "waypoints" | "card" | "configuration" | "dump" => {
                return Ok(Some(NonReading::Description));
            }
            "status" | "beacon" => return Ok(Some(NonReading::Status)),
            _ => return Ok(Some(NonReading::NoKnownKey)),
        }
        part.finish(out);
        let is_all = out.readings.is_empty() && out.refused_count == 0 && out.absent == 0;
        Ok(nothing_else.filter(|_| is_all))
    }

    /// True if nothing was held back.
    fn location(&self, at: At<'_, '_>, out: &mut Decoded) -> bool {
        for (key, name) in [("location/batt", "batt"), ("location/p", "p")] {
            self.take(key, at.get(name), out);
        }
        self.position(at, out)
    }

    /// Takes a position as far as the policy keeps it. False if it was held back.
    fn position(&self, at: At<'_, '_>, out: &mut Decoded) -> bool {
        if self.positions == Positions::Discard {
            return at.get("lat").is_none() && at.get("lon").is_none();
        }
        for (key, name) in [("location/lat", "lat"), ("location/lon", "lon")] {
            let Some(number) = at.get(name).and_then(At::number) else {
                self.take(key, at.get(name), out);
                continue;
            };
            self.say(key, &Scalar::Float(self.positions.kept(number)), out);
        }
        // Of a rounded position it would say something wrong.
        if self.positions == Positions::Keep {
            self.take("location/acc", at.get("acc"), out);
        }
        true
    }

    fn transition(&self, at: At<'_, '_>, out: &mut Decoded) {
        let event = match at.get("event").and_then(At::text) {
            Some("enter") => "enter",
            Some("leave") => "leave",
            Some(_) | None => {
                let kind = self.vocabulary.term("transition/enter").map(|term| term.kind);
                out.refuse(kind, RefusalReason::CategoryUnknown, None);
                return;
            }
        };
        self.say(&format!("transition/{event}"), &Scalar::Bool(true), out);
        let region = at.get("desc").and_then(At::text).unwrap_or_default();
        if region.len() <= REGION_MAX {
            let region = region.trim().to_lowercase();
            self.say(&format!("{region}/{event}"), &Scalar::Bool(true), out);
        }
    }

    fn take(&self, key: &str, at: Option<At<'_, '_>>, out: &mut Decoded) {
        if let Some(at) = at {
            self.say(key, at.scalar(), out);
        }
    }

    fn say(&self, key: &str, scalar: &Scalar<'_>, out: &mut Decoded) {
        let Some(term) = self.vocabulary.term(key) else { return };
        let (meaning, flags) = term.read(&self.catalogue, scalar, None);
        out.take(term.kind, meaning, flags, None);
    }
}

fn moment(at: At<'_, '_>, key: &str) -> DeviceTime {
    at.get(key).map_or(DeviceTime::Absent, |at| time::read(at.scalar(), TimeFormat::UnixSeconds))
}

fn is_day(at: At<'_, '_>) -> bool {
    match (moment(at, "from"), moment(at, "to")) {
        (DeviceTime::At(from), DeviceTime::At(to)) => to.0.saturating_sub(from.0) >= DAY_US,
        (DeviceTime::Absent | DeviceTime::Unreadable | DeviceTime::At(_), _) => false,
    }
}

/// `<user>/<device>`, whatever topic of the device's it is.
fn device_name(topic: &str, device: &str, out: &mut Decoded) -> Result<DeviceName, DecodeError> {
    if !device.is_empty() {
        let sub = device.rsplit_once('/').filter(|(_, last)| SUB_TOPICS.contains(last));
        // A capture of one level, or of user and device, holds no other topic.
        return Ok(
            sub.map_or(DeviceName::Captured, |(name, _)| DeviceName::CapturedPrefix(name.len()))
        );
    }
    let name = match topic.rsplit_once('/') {
        Some((name, last)) if SUB_TOPICS.contains(&last) => name,
        Some(_) | None => topic,
    };
    let start = name.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
    out.own_name(name.get(start..).unwrap_or(name))
}

#[cfg(test)]
mod tests;
