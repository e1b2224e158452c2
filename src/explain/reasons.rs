//! A sentence for every code that trygg gives, and what would change it. One table; a test holds
//! it to the closed sets of the code and to docs/formats.md.

/// A code, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// As metrics, dead letters and JSON write it.
    pub(super) code: &'static str,
    /// What it means for this message.
    pub(super) sentence: &'static str,
    /// What would change it.
    pub(super) cure: Cure,
}

/// What would change the fate of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Nothing should: it is as it has to be.
    Fine,
    /// Nothing here: the sender is at fault.
    Sender,
    /// It comes right by itself when the sender says again what it is about.
    Wait,
    /// A route to a decoder.
    Filter,
    /// A line that says what a key means.
    Key,
    /// The unit of a key.
    Unit,
    /// Words or ranges of a kind.
    Kind,
    /// A capture or a pointer that names the device.
    Device,
    /// A home: by the topic or the registry.
    Home,
    /// A line in the registry.
    Registry,
    /// The home's consent.
    Consent,
    /// The policy for positions.
    Positions,
    /// A larger limit of the link.
    Limit,
    /// Tell us.
    Bug,
    /// Kafka's administrator.
    Kafka,
}

const fn row(code: &'static str, cure: Cure, sentence: &'static str) -> Reason {
    Reason { code, sentence, cure }
}

/// The row of a code.
pub(super) fn find(code: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.code == code)
}

/// Every code.
pub(super) static REASONS: &[Reason] = &[
    // Whole messages that cannot be decoded.
    row(
        "utf8_invalid",
        Cure::Filter,
        "The payload should be text and is not: the filter names another format than the sender's, or bytes were lost.",
    ),
    row(
        "json_malformed",
        Cure::Sender,
        "The payload is no JSON from end to end. Nothing of it is used: what stands behind the mistake could change what stands before it.",
    ),
    row(
        "json_too_deep",
        Cure::Sender,
        "The payload is nested deeper than any sender has reason to.",
    ),
    row(
        "json_shape",
        Cure::Filter,
        "The payload is JSON, and not in the shape of this format: the filter probably names the wrong one.",
    ),
    row(
        "protobuf_malformed",
        Cure::Filter,
        "The payload is not this format's protobuf, or is cut off.",
    ),
    row("cbor_malformed", Cure::Filter, "The payload is not CBOR, or is cut off."),
    row("xml_malformed", Cure::Sender, "The payload is not XML, or is cut off."),
    row(
        "text_malformed",
        Cure::Sender,
        "Bytes that are written as base64 or hexadecimal digits are not readable as such.",
    ),
    row(
        "rule_broken",
        Cure::Sender,
        "The payload is well-formed and breaks a rule of its format, so that nobody could say what it means.",
    ),
    row(
        "topic_unknown",
        Cure::Filter,
        "The format has no such topic: the filter takes in more than it should, or captures another level than it should.",
    ),
    row(
        "unannounced",
        Cure::Wait,
        "The message only means something after another one, which has not come since the start.",
    ),
    row(
        "too_many_readings",
        Cure::Sender,
        "One message has more readings or devices than trygg takes.",
    ),
    row("device_name_too_long", Cure::Sender, "The device's name is longer than any name."),
    // Whole messages, from elsewhere.
    row("no_route", Cure::Filter, "No decoder is for this message."),
    row(
        "no_device",
        Cure::Device,
        "Neither topic nor payload names the device, so the readings would be nobody's.",
    ),
    row(
        "no_home",
        Cure::Home,
        "The topic names no home and the registry does not know the device, so trygg cannot say where this was measured.",
    ),
    row(
        "unknown_device",
        Cure::Registry,
        "The registry does not know the device, and the policy takes in no others.",
    ),
    row(
        "too_many_devices",
        Cure::Sender,
        "One message names more new devices than can be remembered.",
    ),
    row("topic_invalid", Cure::Sender, "The topic is no valid topic name."),
    row("oversize", Cure::Limit, "The message is larger than the link takes."),
    row(
        "readings_refused",
        Cure::Fine,
        "Single readings were refused, each for the reason beside it.",
    ),
    row("abandoned_repeatedly", Cure::Bug, "The message was given up three times."),
    row("internal_error", Cure::Bug, "trygg itself made a mistake with this message."),
    row("kafka_refused", Cure::Kafka, "Kafka refused the record for good."),
    // Single readings.
    row("kind_unknown", Cure::Kind, "No kind has this name, or none is named."),
    row("value_type", Cure::Key, "The value is of another type than its kind's."),
    row("value_missing", Cure::Sender, "The reading has no value, and its kind needs one."),
    row("number_unreadable", Cure::Key, "The text is not a number from end to end."),
    row("state_unreadable", Cure::Key, "The value is none of the spellings of yes and no."),
    row("category_unknown", Cure::Kind, "The word is not in its kind's list."),
    row("unit_unknown", Cure::Unit, "trygg does not know this unit."),
    row("unit_mismatch", Cure::Unit, "The unit is of another quantity than the kind."),
    row(
        "unit_conflict",
        Cure::Unit,
        "Two sources name different units for this value, and trygg does not guess which one is right.",
    ),
    row(
        "alias_unknown",
        Cure::Wait,
        "A number stands in place of a name, and the message that gave it a name has not come since the start.",
    ),
    row(
        "type_unsupported",
        Cure::Sender,
        "The value is a table, a file or a template, which no kind is.",
    ),
    row(
        "series_shape",
        Cure::Sender,
        "A series needs a start, a period and samples, and has a limit.",
    ),
    row("reading_shape", Cure::Sender, "An entry of the list of readings is no reading."),
    row("not_finite", Cure::Sender, "The number is infinite or none at all."),
    row("out_of_range", Cure::Kind, "The number lies outside the range in which it could be true."),
    // Non-readings.
    row("empty", Cure::Fine, "There is no payload: this is how a retained message is deleted."),
    row("bridge", Cure::Fine, "This is a gateway talking about itself."),
    row("command", Cure::Fine, "This is a request to a device, not something it measured."),
    row(
        "description",
        Cure::Fine,
        "This says what devices, topics, names or units there are. trygg remembers what it needs of it.",
    ),
    row(
        "acknowledgement",
        Cure::Fine,
        "This is an answer to a request, not something that was measured.",
    ),
    row("status", Cure::Fine, "This is the state of something that holds no measurement."),
    row(
        "simulated",
        Cure::Fine,
        "A test function of the sender made this up. It must not reach care.",
    ),
    row(
        "withdrawn",
        Cure::Fine,
        "The sender says that this is not to be used: preliminary, cancelled or entered in error.",
    ),
    row(
        "encrypted",
        Cure::Sender,
        "This can only be read with a key that trygg does not have. Let the gateway decrypt it.",
    ),
    row("stale", Cure::Fine, "This is older than what is known already."),
    row("position", Cure::Positions, "This is a position, which the policy does not keep."),
    row("no_value", Cure::Fine, "Every known field says that there is nothing to report."),
    // Left out by policy.
    row(
        "no_consent",
        Cure::Consent,
        "The home does not consent to data of this class, so nothing of it is kept.",
    ),
    row(
        "repeat",
        Cure::Fine,
        "The device says what it said before, and the policy keeps only changes and a sign of life.",
    ),
    row(
        "duplicate",
        Cure::Fine,
        "The same was heard by another way, and one of the two is enough.",
    ),
    row("no_known_key", Cure::Key, "No field of this message stands for a kind."),
];

/// Flags, and what to know where one is set.
pub(super) static FLAGS: &[(&str, &str)] = &[
    (
        "outside_usual_range",
        "outside the usual range of its kind: plausible enough to pass on, odd enough to mark",
    ),
    ("repeated", "the same value as the one before"),
    ("unit_assumed", "the message names no unit: the usual one of this key was taken"),
    ("summary", "stands for a span of time (minimum, mean or the like), not for a moment"),
    (
        "retained",
        "replayed by the broker, so it may be old: without a fresh time it raises no alert",
    ),
    ("late", "measured long before it came"),
    ("possibly_delayed", "no time in it, and it came right after an interruption"),
    ("clock_in_future", "the device's clock is ahead of trygg's"),
    ("clock_unset", "the device's clock is not set: it says a time before 2020"),
    ("clock_absent", "the message says no time: when it came is all that is known"),
    ("historical", "from the device's store, sent later"),
    (
        "clock_unreadable",
        "there is a time in it that cannot be placed: a local time needs a time zone",
    ),
    (
        "clock_ambiguous",
        "a local time in the hour that autumn has twice: the reading nearest to its arrival was taken",
    ),
    ("delivered_late", "later ones may stand before it in the topic"),
];

/// What a flag means.
pub(super) fn flag(label: &str) -> Option<&'static str> {
    FLAGS.iter().find(|(known, _)| *known == label).map(|(_, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        decode::{NonReading, RefusalReason},
        tail::Flag,
        wire::v1,
    };

    #[test]
    fn every_code_of_the_documents_and_of_the_code_has_its_sentence() {
        let told: BTreeSet<&str> = REASONS.iter().map(|reason| reason.code).collect();
        assert_eq!(told.len(), REASONS.len(), "a code stands twice");
        let formats = include_str!("../../docs/formats.md");
        let tables = formats.split("\n| reason |").skip(1);
        let rows = tables.flat_map(|table| {
            table.lines().skip(2).take_while(|line| line.starts_with('|')).collect::<Vec<_>>()
        });
        let documented: BTreeSet<&str> = rows.filter_map(|row| row.split('`').nth(1)).collect();
        let policies = ["no_consent", "repeat", "duplicate"];
        let documented: BTreeSet<&str> = documented.into_iter().chain(policies).collect();
        assert_eq!(told, documented);
        let closed = NonReading::ALL.map(NonReading::reason);
        let closed = closed.into_iter().chain(RefusalReason::ALL.map(RefusalReason::reason));
        for code in closed {
            assert!(told.contains(code), "{code}");
        }
        for reason in REASONS {
            let is_sentence = reason.sentence.ends_with('.') && reason.sentence.len() > 20;
            assert!(is_sentence, "{}", reason.code);
        }
    }

    #[test]
    fn every_flag_of_the_wire_has_its_sentence() {
        let reports = (1..100).filter_map(|number| v1::ReportFlag::try_from(number).ok());
        let readings = (1..100).filter_map(|number| v1::ReadingFlag::try_from(number).ok());
        let flags = reports.map(Flag::Report).chain(readings.map(Flag::Reading));
        let labels: Vec<String> = flags.map(Flag::label).collect();
        assert!(labels.len() >= 13, "{labels:?}");
        for label in labels.iter().map(String::as_str).chain(["delivered_late"]) {
            assert!(flag(label).is_some(), "{label}");
        }
    }
}
