//! Open mHealth and IEEE 1752.1: a body with one measurement, alone or behind a header that says
//! what it is. Bodies are held to their schema, as far as `config/schemas/openmhealth.csv` has it.

mod frame;
mod schema;

use std::sync::Arc;

use self::{
    frame::Frame,
    schema::{Schemas, Shape},
};
use super::{
    decoded::{Decoded, DeviceName, DevicePart},
    error::{DecodeError, NonReading, RefusalReason},
    format::Format,
    json_text,
    json_tree::{At, Tree},
    meaning::{self, Meaning},
    settings::{DecoderSettings, Positions},
    term::TermError,
    time::DeviceTime,
    vocabulary::{Vocabulary, Word},
};
use crate::{
    catalogue::Catalogue,
    model::{Message, ReadingFlag, ReportFlag, Value},
};

/// Decoder of Open mHealth.
#[derive(Clone, Debug)]
pub struct OpenMHealth {
    catalogue: Arc<Catalogue>,
    vocabulary: Vocabulary,
    schemas: Schemas,
    positions: Positions,
}

/// What the body's values are measured in one moment or over a span.
const TABLE: &str = include_str!("../../config/keys/openmhealth.csv");

/// Statistics that say how values spread, which is no value of their quantity.
const SPREADS: [&str; 4] = ["standard deviation", "variance", "count", "quartile deviation"];

const EXPECTED: &str = "an object: a body, or header and body";

impl OpenMHealth {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            catalogue: Arc::clone(&settings.catalogue),
            vocabulary: Vocabulary::new(Format::OpenMHealth, TABLE, settings)?,
            schemas: Schemas::builtin(),
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
        let root = tree.root().ok_or(DecodeError::JsonShape { expected: EXPECTED })?;
        let by_topic = schema_of_topic(message.topic);
        if !root.is_list() {
            return self.data_point(device, root, by_topic.as_deref(), out);
        }
        // As interfaces of Open mHealth answer: several data points.
        if root.items().next().is_none() {
            return Err(DecodeError::JsonShape { expected: EXPECTED });
        }
        let mut last = None;
        for point in root.items() {
            out.check_room()?;
            let so_far = out.readings.len();
            match self.data_point(device, point, by_topic.as_deref(), out) {
                Ok(non_reading) => last = non_reading.or(last),
                // A point that breaks its schema says nothing about its neighbours.
                Err(DecodeError::Rule { .. } | DecodeError::JsonShape { .. }) => {
                    out.readings.truncate(so_far);
                    out.check_room()?;
                    out.refuse(None, RefusalReason::ReadingShape, None);
                }
                Err(error) => return Err(error),
            }
        }
        let is_bare = out.readings.is_empty() && out.absent == 0 && out.refused_count == 0;
        Ok(last.filter(|_| is_bare))
    }

    /// Reads a body, alone or behind its header.
    fn data_point(
        &self,
        device: &str,
        root: At<'_, '_>,
        by_topic: Option<&str>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let shape = DecodeError::JsonShape { expected: EXPECTED };
        if let Some(schema) = by_topic {
            self.schemas.check(schema, root)?;
        }
        let mut part = DevicePart::begin(out);
        let (body, schema) = match (root.get("header"), root.get("body")) {
            (Some(header), Some(body)) => {
                self.schemas.check_header(header)?;
                part.name = own_name(device, header, out)?;
                (body, schema_of_header(header))
            }
            (Some(_), None) | (None, Some(_)) => {
                return Err(DecodeError::Rule { rule: "a header and a body" });
            }
            (None, None) if root.is_object() => (root, None),
            // A text or number alone is legal as a part of other schemas, and says nothing alone.
            (None, None) if by_topic.is_some() => return Ok(Some(NonReading::NoKnownKey)),
            (None, None) => return Err(shape),
        };
        let mut has_position = false;
        if body.is_list() {
            // A series of bodies of one schema, each with its own time frame.
            for body in body.items() {
                has_position |= self.body(body, schema.as_deref(), &mut part, out)?;
            }
        } else {
            has_position = self.body(body, schema.as_deref(), &mut part, out)?;
        }
        part.finish(out);
        let is_all = out.readings.is_empty() && out.refused_count == 0;
        Ok((has_position && is_all).then_some(NonReading::Position))
    }

    /// Reads one body. True if it held a position that is not kept.
    fn body(
        &self,
        body: At<'_, '_>,
        schema: Option<&str>,
        part: &mut DevicePart,
        out: &mut Decoded,
    ) -> Result<bool, DecodeError> {
        if !body.is_object() {
            return Err(DecodeError::JsonShape { expected: EXPECTED });
        }
        if let Some(schema) = schema {
            self.schemas.check(schema, body)?;
        }
        let frame = match body.get("effective_time_frame") {
            Some(frame) => frame::read(frame, &Shape::Frame)?,
            None => Frame::ABSENT,
        };
        match frame.measured_at {
            DeviceTime::Unreadable => part.flags.set(ReportFlag::ClockUnreadable),
            DeviceTime::Absent | DeviceTime::At(_) => {}
        }
        let statistic = body.get("descriptive_statistic").and_then(At::text);
        let by_day = body.get("descriptive_statistic_denominator").and_then(At::text) == Some("d");
        let measure = Measure {
            frame,
            statistic,
            is_a_day: by_day || frame.is_a_day(),
            location: body.get("measurement_location").and_then(At::text),
        };
        let mut has_position = false;
        for (key, at) in body.entries() {
            if matches!(key, "latitude" | "longitude") && self.positions == Positions::Discard {
                has_position = true;
                continue;
            }
            self.value(key, at, &measure, out)?;
        }
        Ok(has_position)
    }

    /// Some keys mean another thing over a day, or at some place of the body.
    fn find(&self, key: &str, measure: &Measure<'_>) -> Option<&Word> {
        let narrower = match (key, measure.location) {
            ("step_count", _) if measure.is_a_day => self.vocabulary.find("step_count/d"),
            ("body_temperature", Some(location)) => {
                self.vocabulary.find(&format!("body_temperature/{location}"))
            }
            _ => None,
        };
        narrower.or_else(|| self.vocabulary.find(key))
    }

    fn value(
        &self,
        key: &str,
        at: At<'_, '_>,
        measure: &Measure<'_>,
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let term = match self.find(key, measure) {
            Some(Word::Term(term)) => term,
            Some(Word::NoReading) => return Ok(()),
            None => {
                out.unknown_keys += 1;
                return Ok(());
            }
        };
        if measure.statistic.is_some_and(|word| SPREADS.contains(&word)) {
            out.unknown_keys += 1;
            return Ok(());
        }
        out.check_room()?;
        let value = if at.is_object() { at.get("value") } else { Some(at) };
        let Some(value) = value else {
            out.refuse(Some(term.kind), RefusalReason::ValueMissing, None);
            return Ok(());
        };
        let unit = at.get("unit").and_then(At::text);
        let (meaning, mut flags) = term.read(&self.catalogue, value.scalar(), unit);
        let is_amount = meaning::is_amount(&self.catalogue.get(term.kind).name);
        let is_summary = match measure.statistic {
            Some(word) => word != "sum" || !is_amount,
            None => measure.frame.is_span && !is_amount,
        };
        if is_summary {
            flags.set(ReadingFlag::Summary);
        }
        let is_position = matches!(key, "latitude" | "longitude");
        let meaning = match meaning {
            Meaning::Value(Value::Number(number)) if is_position => {
                Meaning::Value(Value::Number(self.positions.kept(number)))
            }
            other @ (Meaning::Value(_) | Meaning::Nothing | Meaning::Refused(_)) => other,
        };
        let channel = match key {
            "acceleration_x" => 1,
            "acceleration_y" => 2,
            "acceleration_z" => 3,
            _ => 0,
        };
        let measured_at = match measure.frame.measured_at {
            DeviceTime::At(time) => Some(time),
            DeviceTime::Absent | DeviceTime::Unreadable => None,
        };
        out.take_in_channel(term.kind, channel, meaning, flags, measured_at);
        Ok(())
    }
}

/// What stands beside the values of a body and holds for all of them.
struct Measure<'t> {
    frame: Frame,
    statistic: Option<&'t str>,
    is_a_day: bool,
    location: Option<&'t str>,
}

/// The topic names the device; the source named in the header only if nothing else does, and
/// the user never.
fn own_name(
    device: &str,
    header: At<'_, '_>,
    out: &mut Decoded,
) -> Result<DeviceName, DecodeError> {
    if !device.is_empty() {
        return Ok(DeviceName::Captured);
    }
    let source = header.path(&["acquisition_provenance", "source_name"]).and_then(At::text);
    out.own_name(source.unwrap_or_default())
}

fn schema_of_header(header: At<'_, '_>) -> Option<String> {
    let id = header.get("schema_id")?;
    let part = |name| id.get(name).and_then(At::text);
    Some(name(part("namespace")?, part("name")?, part("version")?))
}

/// The last levels of a topic may say it: `.../omh/heart-rate/2.0`.
fn schema_of_topic(topic: &str) -> Option<String> {
    let mut levels = topic.rsplit('/');
    let (version, schema, namespace) = (levels.next()?, levels.next()?, levels.next()?);
    let is_version = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (is_version && version.contains('.')).then(|| name(namespace, schema, version))
}

fn name(namespace: &str, schema: &str, version: &str) -> String {
    format!("{namespace}:{schema}:{version}")
}

#[cfg(test)]
mod tests;
