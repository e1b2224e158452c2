//! Decode, resolve, validate, identify, encode, batch: one message in, records out.
//!
//! Plain functions over plain values: no I/O, no clock, no waiting. The pipeline holds its own
//! share of a message (the token) until every part has been handed on.

mod counts;
pub mod event_id;
mod graveyard;
mod reports;
mod requests;
mod whole;

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

pub use counts::{Discarded, PipelineCounts};
pub use graveyard::Burial;
use graveyard::{Bytes, Graveyard, Grounds};
use reports::Reports;
pub use requests::Requests;

use crate::{
    ack::{AckToken, DiscardReason},
    batch::{BatchLimits, Batches, FlushReason},
    catalogue::Catalogue,
    decode::{Decoded, Decoder, Memory, Outcome},
    encode::{dead_letter::Payload, report::home_of},
    model::{LinkName, Message, Moment, Mono, UnixMicros, topic::TopicPattern},
    record::{Record, RecordPool},
    registry::{Registry, Resolver},
    repeats::{LeftOut, Policy, RepeatLimits, Repeats},
    validate::ClockLimits,
};

/// Which topics a decoder is for.
#[derive(Debug)]
pub struct Route {
    /// Topic filter with named captures.
    pub pattern: TopicPattern,
    /// How payloads under it are read.
    pub decoder: Decoder,
    /// Configured name of the format, for dead letters.
    pub format: Arc<str>,
    /// What happens to unchanged state that is said again.
    pub repeats: Policy,
}

/// What a pipeline is made of.
#[derive(Debug)]
pub struct PipelineSettings {
    /// Link it works for.
    pub link: LinkName,
    /// Filters in configured order; they do not overlap.
    pub routes: Vec<Route>,
    /// Measurement kinds.
    pub catalogue: Arc<Catalogue>,
    /// When a device's clock is believed.
    pub clock: ClockLimits,
    /// When a batch is closed.
    pub batch: BatchLimits,
    /// Most bytes of a dead letter's record.
    pub dead_letter_bytes: usize,
    /// Partitions of each lane's topic.
    pub partitions: [i32; 3],
    /// What is remembered of values that devices may repeat.
    pub repeats: RepeatLimits,
    /// Bytes the formats of the link may remember.
    pub memory_bytes: usize,
    /// Start of the engine, for event ids.
    pub started: UnixMicros,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The id its first report was given, for a redelivery to inherit.
    pub event_id: u128,
    /// Readings on their way.
    pub readings: u32,
    /// Readings refused, listed in its dead letter.
    pub refused: u32,
    /// Readings put aside by policy, repeats and duplicates among them.
    pub discarded: u32,
    /// Reason of its dead letter, if it has one.
    pub rejected: Option<&'static str>,
    /// Receive time minus device time, microseconds, where the device time is plausible.
    pub device_lag_us: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub struct Pipeline {
    routes: Vec<Route>,
    catalogue: Arc<Catalogue>,
    decoded: Decoded,
    memory: Memory,
    requests: Requests,
    reports: Reports,
    graveyard: Graveyard,
    batches: Batches,
    counts: PipelineCounts,
}

/// What is to be done with a message's token.
enum Verdict {
    /// All of its parts are in records.
    HandOn,
    /// Nothing of it is kept, by policy.
    Discard(DiscardReason),
    /// It cannot be used: nothing of it is in a record.
    Bury { reason: &'static str, detail: String },
    /// Part of it cannot be used; the rest is in records.
    BuryRefused { reason: &'static str, bytes: Bytes },
}

impl Pipeline {
    /// A pipeline with nothing inside.
    pub fn new(settings: PipelineSettings, resolver: Resolver) -> Self {
        let graveyard = Graveyard::new(&settings);
        Self {
            batches: Batches::new(settings.batch),
            reports: Reports::new(&settings, resolver),
            graveyard,
            memory: Memory::new(settings.memory_bytes),
            requests: Requests::default(),
            decoded: Decoded::default(),
            counts: PipelineCounts::default(),
            routes: settings.routes,
            catalogue: settings.catalogue,
        }
    }

    /// Turns a message into records: those that are complete go to `ready`, the rest waits in
    /// open batches. A panic on the way makes it a dead letter `internal_error`.
    pub fn accept(
        &mut self,
        message: &Message<'_>,
        inherited: Option<u128>,
        mut token: AckToken<'_>,
        pool: &mut RecordPool,
        ready: &mut Vec<Record>,
    ) -> Accepted {
        let mut accepted = Accepted::default();
        #[cfg(test)]
        if crate::plant::is_planted(crate::plant::Bug::DroppedToken)
            && message.payload.windows(7).any(|bytes| bytes == b"drop me")
        {
            return accepted;
        }
        let work = AssertUnwindSafe(|| {
            self.work(message, inherited, &mut token, pool, ready, &mut accepted)
        });
        let verdict = catch_unwind(work).unwrap_or_else(|_panic| {
            // Nobody knows what of it was sent.
            self.reports.repeats_mut().forget_all();
            Verdict::Bury { reason: "internal_error", detail: String::new() }
        });
        let grounds = match verdict {
            Verdict::HandOn => {
                token.hand_on();
                return accepted;
            }
            Verdict::Discard(reason) => {
                token.discard(reason);
                return accepted;
            }
            Verdict::Bury { reason, detail } => {
                Grounds { reason, detail, refused: None, bytes: self.bytes(Some(message.topic)) }
            }
            Verdict::BuryRefused { reason, bytes } => {
                Grounds { reason, detail: String::new(), refused: Some(&self.decoded), bytes }
            }
        };
        let format =
            self.routes.iter().find(|route| route.pattern.matches(message.topic).is_some());
        let burial = Burial {
            topic: message.topic.as_bytes(),
            payload: Payload::Whole(message.payload),
            qos: message.qos,
            retained: message.retain,
            received: message.received,
            reason: grounds.reason,
        };
        let format = format.map_or("", |route| &route.format);
        let mut letter = self.graveyard.letter(&burial, format, &grounds, &self.catalogue, pool);
        token.split(&mut letter.shares);
        ready.push(letter);
        accepted.rejected = Some(grounds.reason);
        token.hand_on();
        accepted
    }

    /// Makes a dead letter of a message that cannot even be decoded.
    pub fn bury(
        &mut self,
        burial: &Burial<'_>,
        mut token: AckToken<'_>,
        pool: &mut RecordPool,
        ready: &mut Vec<Record>,
    ) -> Accepted {
        let bytes = self.bytes(str::from_utf8(burial.topic).ok());
        let grounds =
            Grounds { reason: burial.reason, detail: String::new(), refused: None, bytes };
        let mut letter = self.graveyard.letter(burial, "", &grounds, &self.catalogue, pool);
        token.split(&mut letter.shares);
        ready.push(letter);
        token.hand_on();
        Accepted { rejected: Some(burial.reason), ..Accepted::default() }
    }

    /// Records came back from Kafka, or will not be stored in their place: what they hold is no
    /// ground to leave out a reading.
    pub fn distrust_repeats(&mut self) {
        self.reports.repeats_mut().distrust();
    }

    /// Makes a dead letter of a record that Kafka refused: the shares move over.
    pub fn bury_record(
        &mut self,
        mut record: Record,
        code: &'static str,
        now: Moment,
        pool: &mut RecordPool,
        ready: &mut Vec<Record>,
    ) {
        self.distrust_repeats();
        let registry = self.reports.resolver().registry();
        let is_refused = registry.asks_consent()
            && home_of(&record.value)
                .is_none_or(|(tenant, home)| registry.consent(tenant, home).is_none());
        let bytes = if is_refused { Bytes::Withheld } else { Bytes::Kept };
        let refusal = (code, bytes);
        let mut letter =
            self.graveyard.letter_of_record(&record, refusal, now, &self.catalogue, pool);
        letter.opened = record.opened;
        mem::swap(&mut letter.shares, &mut record.shares);
        ready.push(letter);
        pool.put(record);
    }

    /// Goes on with another list of devices. Batches that are open under the old one are closed.
    pub fn replace_registry(&mut self, registry: Arc<Registry>, ready: &mut Vec<Record>) {
        self.flush(FlushReason::Drain, ready);
        self.reports.replace_registry(registry);
    }

    /// Closes every open batch.
    pub fn flush(&mut self, reason: FlushReason, ready: &mut Vec<Record>) {
        while let Some(record) = self.batches.pop(reason) {
            ready.push(record);
        }
    }

    /// Closes the batches whose linger is over.
    pub fn flush_due(&mut self, now: Mono, ready: &mut Vec<Record>) {
        while let Some(record) = self.batches.pop_due(now) {
            ready.push(record);
        }
    }

    /// When the oldest open batch is due.
    pub fn deadline(&mut self) -> Option<Mono> {
        self.batches.deadline()
    }

    /// Its counts.
    pub fn counts(&self) -> &PipelineCounts {
        &self.counts
    }

    /// What its formats would like to have said to senders.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The same, to take them.
    pub fn requests_mut(&mut self) -> &mut Requests {
        &mut self.requests
    }

    /// What its formats remember, for its counts.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What it remembers of values that may be repeated, for its counts.
    pub fn repeats(&self) -> &Repeats {
        self.reports.repeats()
    }

    /// Its batches, for their counts.
    pub fn batches(&self) -> &Batches {
        &self.batches
    }

    fn work(
        &mut self,
        message: &Message<'_>,
        inherited: Option<u128>,
        token: &mut AckToken<'_>,
        pool: &mut RecordPool,
        ready: &mut Vec<Record>,
        accepted: &mut Accepted,
    ) -> Verdict {
        let route = self.routes.iter().find_map(|route| {
            route.pattern.matches(message.topic).map(|captures| (route, captures))
        });
        let Some((route, captures)) = route else {
            return Verdict::Bury { reason: "no_route", detail: String::new() };
        };
        let device = captures.device.unwrap_or_default();
        #[cfg(test)]
        crate::plant::panic_if_planted(crate::plant::Bug::PanickingDecoder);
        let outcome = route.decoder.decode(device, message, &mut self.memory, &mut self.decoded);
        self.counts.unknown_keys += u64::from(self.decoded.unknown_keys);
        self.counts.missed += u64::from(self.decoded.missed);
        if let Some(request) = self.decoded.request.take() {
            self.requests.push(request);
        }
        match outcome {
            Err(error) => {
                return Verdict::Bury { reason: error.reason(), detail: error.to_string() };
            }
            Ok(Outcome::NonReading(what)) => {
                self.counts.non_readings.add(what.reason());
                return Verdict::Discard(DiscardReason::NonReading);
            }
            Ok(Outcome::Readings) => {}
        }
        let work = reports::Work {
            message,
            source_home: captures.home,
            device,
            inherited,
            catalogue: &self.catalogue,
            repeats: route.repeats,
        };
        let verdict = self.reports.make(
            &work,
            &mut self.decoded,
            token,
            &mut reports::Out { batches: &mut self.batches, pool, ready },
            accepted,
        );
        self.counts.alerts += u64::from(verdict.alerts);
        let bytes = verdict.bytes;
        let LeftOut { repeats, duplicates } = verdict.left_out;
        let discarded = &mut self.counts.discarded;
        discarded.unknown_device += u64::from(accepted.discarded - verdict.without_consent);
        discarded.no_consent += u64::from(verdict.without_consent);
        discarded.repeat += u64::from(repeats);
        discarded.duplicate += u64::from(duplicates);
        accepted.discarded += repeats + duplicates;
        accepted.refused = self.decoded.refused_count + verdict.withheld;
        for refused in &self.decoded.refused {
            self.counts.refused.add(refused.reason.reason());
        }
        match (verdict.obstacle, self.decoded.refused_count) {
            (Some(reason), _) => Verdict::BuryRefused { reason, bytes },
            (None, 1..) => Verdict::BuryRefused { reason: "readings_refused", bytes },
            (None, 0) if accepted.readings > 0 => Verdict::HandOn,
            (None, 0) if verdict.without_consent > 0 => Verdict::Discard(DiscardReason::NoConsent),
            (None, 0) if repeats + duplicates > 0 => Verdict::Discard(DiscardReason::Repeat),
            (None, 0) => Verdict::Discard(DiscardReason::UnknownDevice),
        }
    }

    /// What a dead letter of a message may hold of which only the topic can be read.
    fn bytes(&self, topic: Option<&str>) -> Bytes {
        let captures = topic
            .and_then(|topic| self.routes.iter().find_map(|route| route.pattern.matches(topic)));
        let (home, device) =
            captures.map_or((None, None), |captures| (captures.home, captures.device));
        if self.reports.resolver().may_keep(home, device) { Bytes::Kept } else { Bytes::Withheld }
    }
}

#[cfg(test)]
mod tests;
