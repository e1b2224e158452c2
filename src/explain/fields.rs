//! What each field of a JSON payload is for: found by asking the decoder about the same message
//! without it. So nothing is known here of any format, and nothing can be told that is not so.

use std::{fmt, mem};

use serde_json::Value as Json;

use crate::{
    catalogue::Catalogue,
    decode::{Decoded, Decoder, Memory, Outcome},
    model::{KindId, Message, Value},
};

/// Bytes that are decoded at most to explain the fields of one message.
pub(super) const BUDGET: usize = 4 * 1024 * 1024;

/// Levels that are looked into.
const DEPTH: usize = 6;

/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// One field of a payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// Its keys from the outside in, with dots between.
    pub path: String,
    /// Its value as sent, shortened.
    pub sent: String,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a field is for.
#[derive(Clone, PartialEq, Eq)]
pub enum Purpose {
    /// It makes readings of these kinds.
    Readings(Vec<KindId>),
    /// It changes readings of these kinds: a unit, or what tells two meanings apart.
    Bears(Vec<KindId>),
    /// It makes readings that are refused.
    Refused(&'static str),
    /// It says when.
    Time,
    /// It names the device.
    Name,
    /// It counts the device's messages.
    Sequence,
    /// It says "nothing".
    Absent,
    /// No kind stands for its key.
    Unknown,
    /// Without it the message is another: it says what the message is.
    Decides,
    /// It is not read.
    Unread,
}

/// What each field is for; empty where the payload is no JSON object.
pub(super) fn of(
    decoder: &Decoder,
    device: &str,
    message: &Message<'_>,
    catalogue: &Catalogue,
    budget: usize,
) -> Vec<Field> {
    let Ok(mut payload) = serde_json::from_slice::<Json>(message.payload) else {
        return Vec::new();
    };
    let mut probe = Probe { decoder, device, message, budget, out: Decoded::default() };
    let Some(whole) = probe.ask(message.payload) else { return Vec::new() };
    let mut fields = Vec::new();
    let mut path = Vec::new();
    probe.walk(&mut payload, &mut path, &whole, &mut fields);
    // As sent, not by the alphabet.
    let text = String::from_utf8_lossy(message.payload);
    let place = |field: &Field| {
        let key = field.path.rsplit('.').next().unwrap_or_default();
        text.find(&format!("\"{key}\"")).unwrap_or(usize::MAX)
    };
    fields.sort_by_cached_key(place);
    for field in &mut fields {
        // The kind whose own number is shown first leads.
        if let Purpose::Readings(kinds) = &mut field.purpose {
            kinds.sort_by(|a, b| catalogue.get(*a).name.cmp(&catalogue.get(*b).name));
            kinds.dedup();
        }
    }
    fields
}

/// What a decoder answers, to be compared.
#[derive(PartialEq)]
struct Answer {
    end: Option<&'static str>,
    readings: Vec<(KindId, u16, String)>,
    refused: Vec<&'static str>,
    names: Vec<String>,
    times: String,
    sequences: Vec<Option<u64>>,
    unknown: u32,
    absent: u32,
}

struct Probe<'a> {
    decoder: &'a Decoder,
    device: &'a str,
    message: &'a Message<'a>,
    budget: usize,
    out: Decoded,
}

impl Probe<'_> {
    /// Decodes a payload in place of the message's; none when the budget is used up.
    fn ask(&mut self, payload: &[u8]) -> Option<Answer> {
        self.budget = self.budget.checked_sub(payload.len())?;
        let message = Message { payload, ..*self.message };
        // Nothing of what a link remembers: each question is asked anew.
        let ended =
            self.decoder.decode(self.device, &message, &mut Memory::default(), &mut self.out);
        let out = &self.out;
        let value = |value: &Value| match value {
            Value::Series(index) => {
                let series = out.series.get(*index);
                format!("{:?} {}", series.samples, series.period_us)
            }
            Value::Number(_) | Value::State(_) | Value::Category(_) | Value::Event => {
                format!("{value:?}")
            }
        };
        let readings = out.readings.iter().map(|reading| {
            (reading.kind, reading.channel, value(&reading.value) + &format!("{:?}", reading.flags))
        });
        let times = out.devices.iter().map(|part| (part.measured_at, part.flags));
        let times = format!(
            "{:?} {:?}",
            times.collect::<Vec<_>>(),
            out.readings.iter().map(|reading| reading.measured_at).collect::<Vec<_>>()
        );
        Some(Answer {
            end: match ended {
                Err(error) => Some(error.reason()),
                Ok(Outcome::NonReading(what)) => Some(what.reason()),
                Ok(Outcome::Readings) => None,
            },
            readings: readings.collect(),
            refused: out.refused.iter().map(|refused| refused.reason.reason()).collect(),
            names: out
                .devices
                .iter()
                .map(|part| out.device_name(part, self.device).to_owned())
                .collect(),
            times,
            sequences: out.devices.iter().map(|part| part.sequence).collect(),
            unknown: out.unknown_keys,
            absent: out.absent,
        })
    }

    /// Asks about every member of an object, and about those of members that matter.
    fn walk(
        &mut self,
        payload: &mut Json,
        path: &mut Vec<String>,
        whole: &Answer,
        fields: &mut Vec<Field>,
    ) {
        let Some(keys) = at(payload, path).map(|value| keys(value)) else { return };
        for key in keys {
            let Some(member) = take(payload, path, &key) else { continue };
            let bytes = serde_json::to_vec(payload).unwrap_or_default();
            let without = self.ask(&bytes);
            let sent = shortened(&member);
            let is_nested = member.is_object() || member.is_array();
            put(payload, path, &key, member);
            let Some(without) = without else { return };
            let purpose = purpose(whole, &without);
            let matters = !matches!(purpose, Purpose::Unknown | Purpose::Unread);
            path.push(key);
            let known = fields.len();
            if is_nested && matters && path.len() < DEPTH {
                self.walk(payload, path, whole, fields);
            }
            let is_told = fields.iter().skip(known).any(|field| field.purpose == purpose);
            if !is_told {
                fields.push(Field { path: path.join("."), sent, purpose });
            }
            path.pop();
        }
    }
}

/// What a field is for without which a message answers so.
fn purpose(whole: &Answer, without: &Answer) -> Purpose {
    let same_kind = |kind: KindId, channel: u16, answer: &Answer| {
        answer.readings.iter().filter(|other| other.0 == kind && other.1 == channel).count()
    };
    let (mut gone, mut changed) = (Vec::new(), Vec::new());
    for reading in &whole.readings {
        if without.readings.contains(reading) {
            continue;
        }
        let (kind, channel, _) = reading;
        if same_kind(*kind, *channel, without) < same_kind(*kind, *channel, whole) {
            gone.push(*kind);
        } else {
            changed.push(*kind);
        }
    }
    let new = without.readings.iter().filter(|reading| !whole.readings.contains(reading));
    changed.extend(new.map(|reading| reading.0));
    changed.sort_unstable();
    changed.dedup();
    let is_over = without.end.is_some() && whole.end != without.end;
    let all_gone = whole.readings.len() > 1 && gone.len() == whole.readings.len();
    if is_over && (all_gone || whole.readings.is_empty() && whole.refused.is_empty()) {
        if whole.absent > without.absent {
            return Purpose::Absent;
        }
        return Purpose::Decides;
    }
    if !gone.is_empty() {
        return Purpose::Readings(gone);
    }
    if without.refused.len() < whole.refused.len() {
        let left = |reason: &&&str| {
            let count = |of: &Answer| of.refused.iter().filter(|other| *other == *reason).count();
            count(without) < count(whole)
        };
        return Purpose::Refused(whole.refused.iter().find(left).copied().unwrap_or_default());
    }
    if without.names != whole.names && without.names.len() == whole.names.len() {
        return Purpose::Name;
    }
    if !changed.is_empty() {
        return Purpose::Bears(changed);
    }
    if without.sequences != whole.sequences {
        return Purpose::Sequence;
    }
    if without.times != whole.times {
        return Purpose::Time;
    }
    if without.absent < whole.absent {
        return Purpose::Absent;
    }
    if without.unknown < whole.unknown {
        return Purpose::Unknown;
    }
    Purpose::Unread
}

/// The keys of an object, or the places of a list.
fn keys(value: &Json) -> Vec<String> {
    match value {
        Json::Object(members) => members.keys().cloned().collect(),
        Json::Array(entries) => (0..entries.len()).map(|at| at.to_string()).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
    }
}

fn at<'j>(payload: &'j mut Json, path: &[String]) -> Option<&'j mut Json> {
    path.iter().try_fold(payload, |value, key| match value {
        Json::Object(members) => members.get_mut(key),
        Json::Array(entries) => entries.get_mut(key.parse::<usize>().ok()?),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    })
}

/// Takes a member out. The entry of a list leaves null behind, so that the others stay in place.
fn take(payload: &mut Json, path: &[String], key: &str) -> Option<Json> {
    match at(payload, path)? {
        Json::Object(members) => members.remove(key),
        Json::Array(entries) => entries.get_mut(key.parse::<usize>().ok()?).map(mem::take),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

fn put(payload: &mut Json, path: &[String], key: &str, member: Json) {
    match at(payload, path) {
        Some(Json::Object(members)) => {
            members.insert(key.to_owned(), member);
        }
        Some(Json::Array(entries)) => {
            let place = key.parse::<usize>().ok().and_then(|at| entries.get_mut(at));
            if let Some(place) = place {
                *place = member;
            }
        }
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => {}
    }
}

fn shortened(value: &Json) -> String {
    let text = match value {
        Json::Object(members) => return format!("{{ {} fields }}", members.len()),
        Json::Array(entries) if entries.len() > 4 => {
            return format!("[ {} values ]", entries.len());
        }
        Json::Array(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            value.to_string()
        }
    };
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}

/// Values may be of persons.
impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Readings(_) => "Readings",
            Self::Bears(_) => "Bears",
            Self::Refused(_) => "Refused",
            Self::Time => "Time",
            Self::Name => "Name",
            Self::Sequence => "Sequence",
            Self::Absent => "Absent",
            Self::Unknown => "Unknown",
            Self::Decides => "Decides",
            Self::Unread => "Unread",
        })
    }
}
