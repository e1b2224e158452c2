//! One Observation: who, when, and its value or those of its components.

use std::borrow::Cow;

use super::{Code, Fhir, device::Devices, sampled::Sampled};
use crate::{
    catalogue::{Catalogue, ValueType},
    decode::{
        decoded::{Decoded, DevicePart},
        error::{DecodeError, RefusalReason},
        json_tree::At,
        meaning::{self, Meaning},
        scalar::Scalar,
        term::Term,
        time::{self, DeviceTime, TimeFormat},
    },
    model::{Flags, ReadingFlag, UnixMicros, Value},
};

/// What became of an Observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Taken,
    /// It is not, or no longer, to be used.
    Withdrawn,
}

/// When it was measured.
#[derive(Clone, Copy)]
struct When {
    start: DeviceTime,
    end: DeviceTime,
    is_span: bool,
}

/// The choices of `value[x]` that no kind has.
const UNSUPPORTED: [&str; 6] =
    ["valueRange", "valueRatio", "valueTime", "valueDateTime", "valuePeriod", "valueAttachment"];

impl Fhir {
    /// Takes what an Observation says.
    pub(super) fn observation(
        &self,
        device: &str,
        devices: &Devices<'_>,
        at: At<'_, '_>,
        out: &mut Decoded,
    ) -> Result<Fate, DecodeError> {
        match at.get("status").and_then(At::text) {
            Some("final" | "amended" | "corrected" | "appended") => {}
            Some(
                "registered"
                | "preliminary"
                | "cancelled"
                | "entered-in-error"
                | "unknown"
                | "specimen-in-process"
                | "cannot-be-obtained",
            ) => return Ok(Fate::Withdrawn),
            Some(_) | None => return Err(DecodeError::Rule { rule: "a status that FHIR has" }),
        }
        let code = at.get("code").ok_or(DecodeError::Rule { rule: "a code" })?;
        out.check_room()?;
        let when = when(at);
        let mut part = DevicePart::begin(out);
        part.name = devices.name(device, at, out)?;
        part.measured_at = when.end;
        self.measured(&self.code(code), at, when, out)?;
        for component in at.get("component").into_iter().flat_map(At::items) {
            let code = component.get("code").map_or(Code::Unknown, |code| self.code(code));
            self.measured(&code, component, when, out)?;
        }
        part.finish(out);
        Ok(Fate::Taken)
    }

    /// Takes the value of an Observation or of one of its components.
    fn measured(
        &self,
        code: &Code<'_>,
        at: At<'_, '_>,
        when: When,
        out: &mut Decoded,
    ) -> Result<(), DecodeError> {
        let Code::Term(term) = code else {
            let has_value = at.entries().any(|(key, _)| key.starts_with("value"));
            out.unknown_keys += u32::from(has_value && matches!(code, Code::Unknown));
            return Ok(());
        };
        out.check_room()?;
        if let Some(sampled) = at.get("valueSampledData") {
            let start = match when.start {
                DeviceTime::At(start) => Some(start),
                DeviceTime::Absent | DeviceTime::Unreadable => None,
            };
            return Sampled { term, start }.take(&self.catalogue, sampled, out);
        }
        let none = Flags::default();
        let (meaning, mut flags) = if let Some(quantity) = at.get("valueQuantity") {
            quantity_of(&self.catalogue, term, quantity)
        } else if let Some(concept) = at.get("valueCodeableConcept") {
            (concept_of(&self.catalogue, term, concept), none)
        } else if let Some(plain) =
            ["valueInteger", "valueBoolean", "valueString"].into_iter().find_map(|key| at.get(key))
        {
            term.read(&self.catalogue, plain.scalar(), None)
        } else if at.get("dataAbsentReason").is_some() {
            (Meaning::Nothing, none)
        } else if UNSUPPORTED.into_iter().any(|key| at.get(key).is_some()) {
            (Meaning::Refused(RefusalReason::TypeUnsupported), none)
        } else if at.get("component").is_some() || at.get("hasMember").is_some() {
            // A panel: its values stand elsewhere.
            return Ok(());
        } else {
            (Meaning::Refused(RefusalReason::ValueMissing), none)
        };
        if when.is_span && !meaning::is_amount(&self.catalogue.get(term.kind).name) {
            flags.set(ReadingFlag::Summary);
        }
        out.take(term.kind, meaning, flags, None);
        Ok(())
    }
}

/// A quantity. Its unit is the UCUM code; the text beside it is for people, and only where both
/// are units they have to agree.
fn quantity_of(
    catalogue: &Catalogue,
    term: &Term,
    at: At<'_, '_>,
) -> (Meaning<Value>, Flags<ReadingFlag>) {
    let refused = |reason| (Meaning::Refused(reason), Flags::default());
    if at.get("comparator").is_some() {
        // "Less than" is no value.
        return refused(RefusalReason::TypeUnsupported);
    }
    let Some(value) = at.get("value") else { return refused(RefusalReason::ValueMissing) };
    let system = at.get("system").and_then(At::text);
    let is_ucum = system.is_none_or(|system| system == "http://unitsofmeasure.org");
    let code = at.get("code").and_then(At::text).filter(|_| is_ucum);
    let plain = code.map(|code| without_annotations(catalogue, term, code));
    let code = plain.as_deref();
    let text = at.get("unit").and_then(At::text);
    let is_number = catalogue.get(term.kind).value_type == ValueType::Number;
    if let (Some(code), Some(text), true) = (code, text, is_number)
        && let (Ok(code), Ok(text)) =
            (catalogue.conversion(term.kind, code), catalogue.conversion(term.kind, text))
        && code != text
    {
        return refused(RefusalReason::UnitConflict);
    }
    term.read(catalogue, value.scalar(), code.or(text))
}

/// In UCUM what stands in braces is a remark: `{pulse}/min` is `/min`.
fn without_annotations<'c>(catalogue: &Catalogue, term: &Term, code: &'c str) -> Cow<'c, str> {
    if !code.contains('{') || catalogue.conversion(term.kind, code).is_ok() {
        return code.into();
    }
    let mut plain = String::with_capacity(code.len());
    for part in code.split('{') {
        plain.push_str(part.split_once('}').map_or(part, |(_, behind)| behind));
    }
    plain.into()
}

/// A coded answer: the code or text that the kind, or the table of codes, has a word for.
fn concept_of(catalogue: &Catalogue, term: &Term, at: At<'_, '_>) -> Meaning<Value> {
    let codings = at.get("coding").into_iter().flat_map(At::items);
    let of_codings = codings.flat_map(|coding| [coding.get("code"), coding.get("display")]);
    let mut last = Meaning::Refused(RefusalReason::ValueMissing);
    for word in of_codings.chain([at.get("text")]).flatten().filter_map(At::text) {
        let scalar = Scalar::Text(word.into());
        last = term.read(catalogue, &scalar, None).0;
        if !matches!(last, Meaning::Refused(_)) {
            break;
        }
    }
    last
}

fn when(at: At<'_, '_>) -> When {
    let moment = |at: At<'_, '_>| time::read(at.scalar(), TimeFormat::Rfc3339);
    if let Some(at) = at.get("effectiveDateTime").or_else(|| at.get("effectiveInstant")) {
        // A day without a time is no moment: it cannot be placed.
        let time = moment(at);
        return When { start: time, end: time, is_span: false };
    }
    if let Some(period) = at.get("effectivePeriod") {
        let start = period.get("start").map_or(DeviceTime::Absent, moment);
        // One that has not ended says something of when, and not enough to place it.
        let open = if start == DeviceTime::Absent { start } else { DeviceTime::Unreadable };
        let end = period.get("end").map_or(open, moment);
        return When { start, end, is_span: start != end };
    }
    let time = match at.get("effectiveTiming") {
        Some(_) => DeviceTime::Unreadable,
        None => DeviceTime::Absent,
    };
    When { start: time, end: time, is_span: false }
}

/// The time so many microseconds later.
pub(super) fn later(start: UnixMicros, micros: u64) -> Option<UnixMicros> {
    i64::try_from(micros).ok().and_then(|micros| start.0.checked_add(micros)).map(UnixMicros)
}
