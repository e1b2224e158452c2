//! An event said in words.

use super::{
    event::{DeadLetter, Event, Flag, Reading, Value, What},
    phrases::{OTHERS, STATES},
    unit::quantity,
};
use crate::wire::v1;

/// Longest name of a device that is said.
const NAME_MAX: usize = 40;
/// Digits of a pseudonym, and how many of them are shown.
const PSEUDONYM: usize = 32;
const PSEUDONYM_SHOWN: usize = 8;
/// Refused readings said one by one.
const REFUSED_SAID: usize = 3;

impl Event {
    /// What happened, as a person says it: "front door opened (late by 3 min)". Says what the
    /// device reported and no more.
    pub fn words(&self) -> String {
        let (happening, remarks) = self.said();
        happening + &remarks
    }

    /// What happened, and what to know about it, each remark in brackets after a space.
    pub(super) fn said(&self) -> (String, String) {
        match &self.what {
            What::Reading(reading) => {
                let flags = reading.flags.iter();
                let channel = (reading.channel > 0).then(|| format!("channel {}", reading.channel));
                let remarks = flags.filter_map(|flag| self.remark(reading, *flag));
                let remarks = channel
                    .into_iter()
                    .chain(remarks)
                    .map(|remark| [" (", &remark, ")"].concat())
                    .collect();
                (clean(&happening(reading)), remarks)
            }
            What::DeadLetter(letter) => (clean(&complaint(letter)), String::new()),
        }
    }

    fn remark(&self, reading: &Reading, flag: Flag) -> Option<String> {
        use v1::{ReadingFlag, ReportFlag};
        let late = reading.measured_at.map_or(0, |measured| self.received_at.minus(measured));
        Some(match flag {
            Flag::Report(flag) => match flag {
                // The rule for most devices, so not worth a word.
                ReportFlag::Unspecified | ReportFlag::ClockAbsent => return None,
                ReportFlag::Retained => "retained: may be old".to_owned(),
                ReportFlag::Late => format!("late by {}", span(late)),
                ReportFlag::PossiblyDelayed => "possibly delayed".to_owned(),
                ReportFlag::ClockInFuture => format!("device clock ahead by {}", span(-late)),
                ReportFlag::ClockUnset => "device clock not set".to_owned(),
                ReportFlag::Historical => "from the device's store".to_owned(),
                ReportFlag::ClockUnreadable => "device time unreadable".to_owned(),
                ReportFlag::ClockAmbiguous => "in autumn's doubled hour".to_owned(),
            },
            Flag::Reading(flag) => match flag {
                ReadingFlag::Unspecified => return None,
                ReadingFlag::OutsideUsualRange => "implausible".to_owned(),
                ReadingFlag::Repeated => "again".to_owned(),
                ReadingFlag::UnitAssumed => "unit assumed".to_owned(),
                ReadingFlag::Summary => "over a span of time".to_owned(),
            },
            Flag::DeliveredLate => "later ones may stand before it".to_owned(),
            Flag::Unknown(number) => format!("flag {number}"),
        })
    }
}

fn happening(reading: &Reading) -> String {
    let kind = reading.kind.as_str();
    let name = || kind.replace(['_', '-'], " ");
    let phrase = find(kind);
    match &reading.value {
        Value::State(state) => match STATES.iter().find(|(known, ..)| *known == kind) {
            Some((_, when_true, when_false)) => {
                fill(if *state { when_true } else { when_false }, reading, "")
            }
            None => format!("{}: {}", name(), if *state { "yes" } else { "no" }),
        },
        Value::Event => phrase.map_or_else(name, |phrase| fill(phrase, reading, "")),
        Value::Number(number) => {
            let value = quantity(*number, &reading.unit);
            fill(phrase.unwrap_or(&format!("{} #", name())), reading, &value)
        }
        Value::Category(word) => {
            let value = word.replace('_', " ");
            fill(phrase.unwrap_or(&format!("{}: #", name())), reading, &value)
        }
        Value::Series(series) => {
            let value = format!("{} samples", series.values.len());
            fill(phrase.unwrap_or(&format!("{} #", name())), reading, &value)
        }
        Value::Unknown => format!("{}: a value this version cannot read", name()),
    }
}

fn find(kind: &str) -> Option<&'static str> {
    let position = OTHERS.binary_search_by_key(&kind, |(known, _)| known).ok()?;
    OTHERS.get(position).map(|(_, phrase)| *phrase)
}

/// Fills a phrase of `phrases`.
fn fill(phrase: &str, reading: &Reading, value: &str) -> String {
    let mut words = String::with_capacity(phrase.len() + value.len());
    let mut rest = phrase;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '[' => {
                let (noun, after) = rest.split_once(']').unwrap_or((rest, ""));
                words.push_str(&readable(&reading.device).unwrap_or_else(|| noun.to_owned()));
                rest = after;
            }
            '@' if !reading.room.is_empty() => {
                words.push_str(" in the ");
                words.push_str(&reading.room.replace('_', " "));
            }
            '@' => {}
            '#' => words.push_str(value),
            other => words.push(other),
        }
    }
    words
}

/// A device's name without its folder, if a person can read it.
fn readable(device: &str) -> Option<String> {
    let name = device.rsplit('/').next().unwrap_or(device).trim();
    let mut digits_in_a_row = 0;
    let has_number = name.chars().any(|character| {
        digits_in_a_row = if character.is_ascii_digit() { digits_in_a_row + 1 } else { 0 };
        digits_in_a_row > 2
    });
    let has_letter = name.chars().any(char::is_alphabetic);
    let is_code = name.starts_with("0x") || is_pseudonym(name) || has_number || !has_letter;
    let fits = name.chars().count() <= NAME_MAX;
    (!is_code && fits).then(|| name.replace(['_', '-'], " "))
}

fn is_pseudonym(name: &str) -> bool {
    name.len() == PSEUDONYM && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A home or device as text shows it: pseudonyms by their first digits.
pub(super) fn shortened(name: &str) -> String {
    if is_pseudonym(name) {
        let shown: String = name.chars().take(PSEUDONYM_SHOWN).collect();
        return shown + "…";
    }
    clean(name)
}

fn complaint(letter: &DeadLetter) -> String {
    let DeadLetter { reason, payload_length, .. } = letter;
    let mut words = format!("not understood: {reason} ({payload_length} bytes)");
    if !letter.detail.is_empty() {
        words.push_str(": ");
        words.push_str(&letter.detail);
    }
    let said = letter.refused.iter().take(REFUSED_SAID);
    let said: Vec<_> = said.map(|refused| format!("{} {}", refused.kind, refused.reason)).collect();
    if !said.is_empty() {
        words.push_str("; refused: ");
        words.push_str(&said.join(", "));
        let more = usize::try_from(letter.refused_count).unwrap_or(usize::MAX);
        let more = more.saturating_sub(said.len());
        if more > 0 {
            words.extend([" and ", &more.to_string(), " more"]);
        }
    }
    if !letter.refused_by.is_empty() {
        words.extend(["; refused by ", &letter.refused_by]);
    }
    words
}

/// Microseconds as people say them.
fn span(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Names come from the network: nothing in them may steer a terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_steering(c) { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and those that change the direction of text.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
