//! One message after another, through the decoders and the judgement of an engine.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    fields,
    listen::Listener,
    outcome::Outcome,
    published::Site,
    trace::{DeviceSeen, Found, ReadingSeen, RefusedSeen, Seen, Trace, Way},
};
use crate::{
    catalogue::Catalogue,
    config::Config,
    decode::{self, Decoded, Decoder, DecoderSettings, Format, Mark, Memory, TermError, recognise},
    engine::{Apart, StartError},
    model::{Flags, Message, Moment, QoS, Reading, ReadingFlag, ReportFlag, UnixMicros, Value},
    tail::Flag,
    validate::{self, ClockLimits},
    wire::v1,
};

/// One message that is asked about.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its payload.
    pub payload: &'a [u8],
    /// Is it replayed by the broker?
    pub retain: bool,
    /// When it came.
    pub received: UnixMicros,
}

/// What to explain with, where there is no configuration.
#[derive(Clone, Debug)]
pub struct ExplainerSettings {
    /// Kinds, zone, and what else decoders are made of.
    pub decoders: DecoderSettings,
    /// When a device's clock is believed.
    pub clock: ClockLimits,
}

/// Explains messages. What formats remember from one to the next, it remembers too.
pub struct Explainer {
    catalogue: Arc<Catalogue>,
    clock: ClockLimits,
    memory: Memory,
    decoded: Decoded,
    source: Source,
}

/// Where decoders come from.
enum Source {
    /// Every built-in one, by topic or content.
    BuiltIn(BTreeMap<Format, Decoder>),
    /// The filters of a link, and its pipeline.
    Link(Box<Site>),
}

impl Explainer {
    /// With the built-in formats, by their usual topics and by content.
    ///
    /// # Errors
    /// A key of the settings that fits no kind.
    pub fn built_in(settings: &ExplainerSettings) -> Result<Self, TermError> {
        let decoders = Format::ALL.into_iter();
        let decoders = decoders
            .map(|format| Decoder::new(format, &settings.decoders).map(|made| (format, made)));
        Ok(Self {
            catalogue: Arc::clone(&settings.decoders.catalogue),
            clock: settings.clock,
            memory: Memory::default(),
            decoded: Decoded::default(),
            source: Source::BuiltIn(decoders.collect::<Result<_, _>>()?),
        })
    }

    /// As a link of a configuration would; the first, where none is named. None: there is no
    /// link of that name.
    ///
    /// # Errors
    /// What an engine could not start with either.
    pub fn of_link(
        config: &Config,
        link: Option<&str>,
        started: UnixMicros,
    ) -> Result<Option<Self>, StartError> {
        let apart = Apart::new(config)?;
        let Some(site) = Site::new(&apart, link, started) else { return Ok(None) };
        Ok(Some(Self {
            catalogue: Arc::clone(&config.catalogue),
            clock: ClockLimits {
                future_tolerance: config.clock.future_tolerance,
                late_after: config.clock.late_after,
            },
            memory: Memory::default(),
            decoded: Decoded::default(),
            source: Source::Link(Box::new(site)),
        }))
    }

    /// Somebody who listens on its link, if it has one.
    pub fn listener(&self) -> Option<Listener> {
        match &self.source {
            Source::BuiltIn(_) => None,
            Source::Link(site) => Some(site.listener()),
        }
    }

    /// The kinds it knows.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What becomes of a message.
    pub fn explain(&mut self, question: &Question<'_>) -> Trace {
        self.trace(question, None)
    }

    /// The same, and what each field of its payload is for.
    pub fn explain_fields(&mut self, question: &Question<'_>) -> Trace {
        self.trace(question, Some(fields::BUDGET))
    }

    fn trace(&mut self, question: &Question<'_>, budget: Option<usize>) -> Trace {
        let mut trace = Trace {
            topic: question.topic.to_owned(),
            payload_bytes: question.payload.len(),
            retained: question.retain,
            received: question.received,
            route: None,
            outcome: Outcome::Refused { reason: "no_route", detail: String::new() },
            devices: Vec::new(),
            refused: Vec::new(),
            refused_count: 0,
            unknown_keys: 0,
            absent: 0,
            fields: Vec::new(),
            published: None,
        };
        let message = message(question);
        if let Some((way, decoder)) = self.source.find(question) {
            let device = way.device.as_deref().unwrap_or_default();
            let ended = decoder.decode(device, &message, &mut self.memory, &mut self.decoded);
            if let Some(budget) = budget {
                trace.fields = fields::of(decoder, device, &message, &self.catalogue, budget);
            }
            trace.outcome = self.judge(&message, device, ended, &mut trace.devices);
            trace.route = Some(way);
            let decoded = &self.decoded;
            trace.refused = decoded.refused.iter().map(|refused| self.refused(refused)).collect();
            trace.refused_count = decoded.refused_count;
            (trace.unknown_keys, trace.absent) = (decoded.unknown_keys, decoded.absent);
        }
        if let Source::Link(site) = &mut self.source {
            site.publish(&message, &mut trace);
        }
        trace
    }

    /// Ranges and clocks, as in the pipeline.
    fn judge(
        &mut self,
        message: &Message<'_>,
        captured: &str,
        ended: Result<decode::Outcome, decode::DecodeError>,
        devices: &mut Vec<DeviceSeen>,
    ) -> Outcome {
        match ended {
            Err(error) => {
                // What was found before the mistake is nothing.
                self.decoded.clear();
                return Outcome::Refused { reason: error.reason(), detail: error.to_string() };
            }
            Ok(decode::Outcome::NonReading(what)) => {
                return Outcome::NoReading { reason: what.reason() };
            }
            Ok(decode::Outcome::Readings) => {}
        }
        validate::readings(&self.catalogue, &mut self.decoded);
        let decoded = &self.decoded;
        for part in &decoded.devices {
            let readings = decoded.readings_of(part);
            if readings.is_empty() {
                continue;
            }
            let clock = validate::clock(part.measured_at, message.received.wall, &self.clock);
            let own = validate::own_times(readings, message.received.wall, &self.clock);
            let mut flags = clock.flags.union(part.flags).union(own);
            if message.retain {
                flags.set(ReportFlag::Retained);
            }
            let may_alert = !message.retain || clock.is_fresh();
            devices.push(DeviceSeen {
                name: decoded.device_name(part, captured).to_owned(),
                measured_at: clock.measured_at,
                is_content_basis: clock.content_basis,
                sequence: part.sequence,
                flags: report_flags(flags),
                readings: readings.iter().map(|reading| self.seen(reading, may_alert)).collect(),
            });
        }
        if devices.is_empty() {
            return Outcome::Refused { reason: "readings_refused", detail: String::new() };
        }
        Outcome::Readings
    }

    fn seen(&self, reading: &Reading, may_alert: bool) -> ReadingSeen {
        let kind = self.catalogue.get(reading.kind);
        let value = match reading.value {
            Value::Number(number) => Seen::Number(number),
            Value::State(state) => Seen::State(state),
            Value::Category(word) => {
                Seen::Category(self.catalogue.category_name(reading.kind, word).to_owned())
            }
            Value::Event => Seen::Event,
            Value::Series(index) => {
                let series = self.decoded.series.get(index);
                Seen::Series {
                    start: series.start,
                    period_us: series.period_us,
                    values: series.samples.to_vec(),
                }
            }
        };
        ReadingSeen {
            id: reading.kind,
            kind: kind.name.clone().into_string(),
            channel: reading.channel,
            value,
            unit: kind.unit.clone().into_string(),
            measured_at: reading.measured_at,
            flags: reading_flags(reading.flags),
            is_urgent: may_alert && self.catalogue.is_urgent(reading),
        }
    }

    fn refused(&self, refused: &decode::Refused) -> RefusedSeen {
        RefusedSeen {
            kind: refused.kind.map(|kind| self.catalogue.get(kind).name.clone().into_string()),
            reason: refused.reason.reason(),
            number: refused.number,
        }
    }
}

impl Source {
    fn find(&self, question: &Question<'_>) -> Option<(Way, &Decoder)> {
        match self {
            Self::Link(site) => site.find(question.topic),
            Self::BuiltIn(decoders) => {
                let recognised = recognise(question.topic, question.payload)?;
                let found = match recognised.mark {
                    Mark::Topic { pattern, below } => Found::Usual { pattern, below },
                    Mark::Content => Found::Content,
                };
                let way = Way {
                    found,
                    format: recognised.format.name().to_owned(),
                    built_in: Some(recognised.format),
                    home: recognised.captures.home.map(str::to_owned),
                    device: recognised.captures.device.map(str::to_owned),
                };
                Some((way, decoders.get(&recognised.format)?))
            }
        }
    }
}

fn message<'a>(question: &Question<'a>) -> Message<'a> {
    Message {
        topic: question.topic,
        payload: question.payload,
        qos: QoS::AtLeastOnce,
        retain: question.retain,
        dup: false,
        resumed_recently: false,
        received: Moment { wall: question.received, ..Moment::default() },
    }
}

fn report_flags(flags: Flags<ReportFlag>) -> Vec<Flag> {
    let known = |number: u8| v1::ReportFlag::try_from(i32::from(number)).map(Flag::Report);
    flags.numbers().map(|number| known(number).unwrap_or(Flag::Unknown(number.into()))).collect()
}

fn reading_flags(flags: Flags<ReadingFlag>) -> Vec<Flag> {
    let known = |number: u8| v1::ReadingFlag::try_from(i32::from(number)).map(Flag::Reading);
    flags.numbers().map(|number| known(number).unwrap_or(Flag::Unknown(number.into()))).collect()
}

/// What it remembers is of devices; only amounts are shown.
impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer").field("memory", &self.memory).finish_non_exhaustive()
    }
}

/// It holds a message.
impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("bytes", &self.payload.len()).finish_non_exhaustive()
    }
}
