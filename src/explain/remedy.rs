//! Which configuration would change the fate of a message, ready to be copied.

use super::{
    fields::Purpose,
    outcome::Outcome,
    reasons::{self, Cure},
    trace::{RefusedSeen, Trace},
};
use crate::{
    catalogue::Catalogue,
    decode::{Format, Mark, recognise},
};

/// Something the operator can do.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Remedy {
    /// What, in one sentence.
    pub(super) sentence: String,
    /// Where it goes, and what; empty, where there is nothing to copy.
    pub(super) snippet: String,
}

impl Remedy {
    fn say(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), snippet: String::new() }
    }

    fn copy(sentence: impl Into<String>, snippet: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), snippet: snippet.into() }
    }
}

/// What would change it, the nearest first.
pub(super) fn of(trace: &Trace, payload: &[u8], catalogue: &Catalogue) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let whole = trace.outcome.reason().and_then(reasons::find);
    if let Some(reason) = whole {
        remedies.extend(cure(reason.cure, trace, payload));
    }
    let mut cures: Vec<Cure> = Vec::new();
    for refused in &trace.refused {
        let Some(reason) = reasons::find(refused.reason) else { continue };
        if !cures.contains(&reason.cure) {
            cures.push(reason.cure);
            let kind = refused.kind.as_deref().unwrap_or("a_kind");
            if refused.reason == "out_of_range" {
                remedies.extend(wider(refused, catalogue));
                continue;
            }
            remedies.extend(cure_of_reading(reason.cure, kind, refused.reason, trace));
        }
    }
    let has_table = !matches!(format_of(trace), None | Some(Format::Json | Format::Protobuf));
    if trace.outcome == Outcome::Readings && trace.unknown_keys > 0 && has_table {
        remedies.extend(key(trace, "Where an unknown key is worth reading, say what it is"));
    }
    let labels = trace.devices.iter().flat_map(|device| &device.flags).map(|flag| flag.label());
    if labels.into_iter().any(|label| label == "clock_unreadable") {
        remedies.push(Remedy::copy(
            "Local times without an offset need the zone of their gateway",
            "[[link.filter]]            # the filter of this topic\ntime_zone = \"Europe/Stockholm\"\n",
        ));
    }
    remedies
}

fn cure(cure: Cure, trace: &Trace, payload: &[u8]) -> Option<Remedy> {
    match cure {
        Cure::Fine | Cure::Unit | Cure::Kind => None,
        Cure::Sender => Some(Remedy::say(
            "No configuration changes that: look at the sender. The dead letter keeps the message",
        )),
        Cure::Wait => Some(Remedy::copy(
            "It comes right when the sender introduces itself again; trygg may ask for it",
            "[decode]\nrequests = \"allowed\"\n",
        )),
        Cure::Filter => Some(filter(trace, payload)),
        Cure::Key => key(trace, "Say what a field means"),
        Cure::Device => Some(Remedy::copy(
            "Let the filter say which level names the device",
            format!("[[link.filter]]\ntopic = \"{}\"\n", with_capture(&trace.topic)),
        )),
        Cure::Home => Some(Remedy::copy(
            "Add the device to the registry, or a {home} to the filter if a level of the topic \
             names it",
            registry_lines(trace),
        )),
        Cure::Registry => Some(Remedy::copy(
            "Add the device to the registry, or take in devices it does not know: [registry] \
             unknown = \"accept\"",
            registry_lines(trace),
        )),
        Cure::Consent => Some(Remedy::say(
            "With the consent of who lives there, name the class in the column consent of the \
             home's registry lines",
        )),
        Cure::Positions => Some(Remedy::copy(
            "Keep positions, rounded to about a kilometre, only if you must",
            "[decode]\npositions = \"round\"\n",
        )),
        Cure::Limit => Some(Remedy::copy(
            "Raise the link's limit",
            "[[link]]                   # this link\nmax_packet_bytes = \"4MiB\"\n",
        )),
        Cure::Bug => Some(Remedy::say("Please report it, with this message if you may")),
        Cure::Kafka => Some(Remedy::say("Look at refused_by in the dead letter")),
    }
}

fn cure_of_reading(cure: Cure, kind: &str, reason: &str, trace: &Trace) -> Option<Remedy> {
    match cure {
        Cure::Kind if reason == "category_unknown" => Some(Remedy::copy(
            "Add the word to the kind's list",
            format!(
                "[[kind]]\nname = \"{kind}\"\nvalue_type = \"category\"\ncategories = [\"the-word\"]\n"
            ),
        )),
        Cure::Kind => Some(Remedy::copy(
            "Name a kind of the catalogue, or add one",
            "[[kind]]\nname = \"my_kind\"\nvalue_type = \"number\"\nunit = \"Cel\"\n",
        )),
        Cure::Unit => Some(Remedy::copy(
            "Say which unit the key has",
            format!(
                "[[key]]\nformat = \"{}\"\nkey = \"{}\"\nkind = \"{kind}\"\nunit = \"the-unit\"\n",
                format_name(trace),
                refused_key(trace, reason)
            ),
        )),
        Cure::Key => Some(Remedy::copy(
            "Say what the value means",
            format!(
                "[[key]]\nformat = \"{}\"\nkey = \"{}\"\nkind = \"{kind}\"\nwords = {{ \"the value\" = true }}\n",
                format_name(trace),
                refused_key(trace, reason)
            ),
        )),
        Cure::Wait => self::cure(Cure::Wait, trace, &[]),
        Cure::Sender => self::cure(Cure::Sender, trace, &[]),
        Cure::Fine
        | Cure::Filter
        | Cure::Device
        | Cure::Home
        | Cure::Registry
        | Cure::Consent
        | Cure::Positions
        | Cure::Limit
        | Cure::Bug
        | Cure::Kafka => None,
    }
}

/// A range of a kind that takes the number in.
fn wider(refused: &RefusedSeen, catalogue: &Catalogue) -> Option<Remedy> {
    let kind = catalogue.get(catalogue.find(refused.kind.as_deref()?)?);
    let (number, hard) = (refused.number?, kind.hard?);
    let mut range = hard;
    range.min = range.min.min(number.floor());
    range.max = range.max.max(number.ceil());
    Some(Remedy::copy(
        "Only if such values are true at your place, widen the range of the kind",
        format!(
            "[[kind]]\nname = \"{}\"\nvalue_type = \"number\"\nunit = \"{}\"\nhard_min = \
             {:?}\nhard_max = {:?}\n",
            kind.name, kind.unit, range.min, range.max
        ),
    ))
}

/// A route, for the format that the message seems to have; or a mapping, if it has none.
fn filter(trace: &Trace, payload: &[u8]) -> Remedy {
    let known = recognise(&trace.topic, payload);
    let used = format_of(trace);
    match known.filter(|known| Some(known.format) != used) {
        Some(known) => {
            let topic = match known.mark {
                Mark::Topic { pattern, below } => below_own_levels(&trace.topic, pattern, below),
                Mark::Content => with_capture(&trace.topic),
            };
            let name = known.format.name();
            Remedy::copy(
                format!("It looks like {name}: give its topics a filter of that format"),
                format!("[[link.filter]]\ntopic = \"{topic}\"\nformat = \"{name}\"\n"),
            )
        }
        None if used.is_some() => Remedy::say(
            "Name the format in the filter that the sender really writes; docs/formats.md lists them",
        ),
        None => Remedy::copy(
            "trygg knows no format like this. If it is JSON or one bare value, a mapping reads it",
            format!(
                "[[link.filter]]\ntopic = \"{}\"\nformat = \"my-format\"\n\n[[mapping]]\nname = \
                 \"my-format\"\n\n[[mapping.reading]]\npointer = \"{}\"\nkind = \"air_temperature\"\n",
                with_capture(&trace.topic),
                first_pointer(payload)
            ),
        ),
    }
}

/// A line for a key that no kind stands for, named if it can be.
fn key(trace: &Trace, sentence: &str) -> Option<Remedy> {
    let way = trace.route.as_ref()?;
    if matches!(format_of(trace), None | Some(Format::Json | Format::Protobuf)) {
        return Some(Remedy::say(
            "The payload must name kinds of the catalogue: correct the sender, the mapping, or add a [[kind]]",
        ));
    }
    let unknown = trace.fields.iter().find(|field| field.purpose == Purpose::Unknown);
    let key = unknown.map_or("the-key", |field| field.path.as_str());
    Some(Remedy::copy(
        sentence,
        format!(
            "[[key]]\nformat = \"{}\"\nkey = \"{key}\"\nkind = \"air_temperature\"     # the kind it is\n",
            way.format
        ),
    ))
}

fn refused_key<'t>(trace: &'t Trace, reason: &str) -> &'t str {
    let of_reason =
        |purpose: &Purpose| matches!(purpose, Purpose::Refused(code) if *code == reason);
    let field = trace.fields.iter().find(|field| of_reason(&field.purpose));
    field.map_or("the-key", |field| field.path.as_str())
}

fn format_of(trace: &Trace) -> Option<Format> {
    trace.route.as_ref().and_then(|way| way.built_in)
}

fn format_name(trace: &Trace) -> &str {
    trace.route.as_ref().map_or("the-format", |way| way.format.as_str())
}

/// What a registry of one line looks like.
fn registry_lines(trace: &Trace) -> String {
    let named = trace.devices.first().map(|device| device.name.as_str());
    let captured = || trace.route.as_ref().and_then(|way| way.device.as_deref());
    let device = named.filter(|name| !name.is_empty()).or_else(captured).unwrap_or("the-device");
    format!(
        "[registry]\nfile = \"devices.csv\"\n\n# devices.csv\ndevice,home,room\n{},the-home,the-room\n",
        quoted(device)
    )
}

/// A cell of CSV.
pub(super) fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) || cell.starts_with(' ') || cell.ends_with(' ') {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}

/// A usual pattern below levels that are somebody's own, the home among them named.
fn below_own_levels(topic: &str, pattern: &str, below: usize) -> String {
    let mut levels: Vec<String> = topic.split('/').take(below).map(str::to_owned).collect();
    let home = levels.iter().position(|level| crate::decode::is_home_word(level));
    if let Some(level) = home.and_then(|at| levels.get_mut(at + 1)) {
        "{home}".clone_into(level);
    }
    levels.push(pattern.to_owned());
    levels.join("/")
}

/// A topic whose last level is a device, and a level behind `homes` a home.
fn with_capture(topic: &str) -> String {
    let mut levels: Vec<&str> = topic.split('/').collect();
    let home = levels.iter().position(|level| crate::decode::is_home_word(level));
    let last = levels.len().saturating_sub(1);
    if let Some(at) = home.filter(|at| at + 1 < last)
        && let Some(level) = levels.get_mut(at + 1)
    {
        *level = "{home}";
    }
    if let Some(level) = levels.last_mut() {
        *level = "{device}";
    }
    levels.join("/")
}

/// Where a number stands in a payload that nobody knows.
fn first_pointer(payload: &[u8]) -> String {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(payload) else {
        return String::new();
    };
    let number = members.iter().find(|(_, value)| value.is_number());
    let first = number.or_else(|| members.iter().next());
    first
        .map_or(String::new(), |(key, _)| format!("/{}", key.replace('~', "~0").replace('/', "~1")))
}

/// It may hold a device's name.
impl std::fmt::Debug for Remedy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remedy").finish_non_exhaustive()
    }
}
