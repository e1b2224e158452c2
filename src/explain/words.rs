//! Values and fields in words.

use super::{
    fields::{Field, Purpose},
    reasons,
    trace::{ReadingSeen, Seen},
};
use crate::{catalogue::Catalogue, model::KindId, tail::rfc3339};

/// Digits behind the point that are shown.
const DECIMALS: usize = 4;

/// Samples of a series that are shown.
const SAMPLES: usize = 3;

/// A value with its unit.
pub(super) fn value(reading: &ReadingSeen) -> String {
    match &reading.value {
        Seen::Number(shown) => with_unit(&number(*shown), &reading.unit),
        Seen::State(state) => state.to_string(),
        Seen::Category(word) => word.clone(),
        Seen::Event => "happened".to_owned(),
        Seen::Series { period_us, values, .. } => {
            let first = values.iter().take(SAMPLES).map(|sample| number(f64::from(*sample)));
            let first = first.collect::<Vec<_>>().join(", ");
            let more = if values.len() > SAMPLES { ", …" } else { "" };
            let apart = match period_us {
                0 => String::new(),
                period => {
                    let apart = std::time::Duration::from_micros(*period).as_secs_f64() * 1_000.0;
                    format!(", one every {} ms", number(apart))
                }
            };
            let samples = values.len();
            with_unit(&format!("{samples} samples{apart}: {first}{more}"), &reading.unit)
        }
    }
}

/// A kind, with its channel where there are several.
pub(super) fn kind(reading: &ReadingSeen) -> String {
    match reading.channel {
        0 => reading.kind.clone(),
        channel => format!("{} #{channel}", reading.kind),
    }
}

pub(super) fn number(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(0.001..1e15).contains(&size) {
        return format!("{number:e}");
    }
    let text = format!("{number:.DECIMALS$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn with_unit(text: &str, unit: &str) -> String {
    if matches!(unit, "" | "1") { text.to_owned() } else { format!("{text} {unit}") }
}

/// What a field is for.
pub(super) fn purpose(field: &Field, catalogue: &Catalogue) -> String {
    let names = |kinds: &[KindId]| {
        let names: Vec<&str> = kinds.iter().map(|kind| &*catalogue.get(*kind).name).collect();
        names.join(", ")
    };
    match &field.purpose {
        Purpose::Readings(kinds) => names(kinds),
        Purpose::Bears(kinds) => format!("bears on {}", names(kinds)),
        Purpose::Refused(code) => {
            let sentence = reasons::find(code).map_or("", |reason| reason.sentence);
            format!("refused, {code}: {sentence}")
        }
        Purpose::Time => "when it was measured".to_owned(),
        Purpose::Name => "names the device".to_owned(),
        Purpose::Sequence => "the device's own counter".to_owned(),
        Purpose::Absent => "says that there is nothing".to_owned(),
        Purpose::Unknown => "no kind stands for this key: counted, not used".to_owned(),
        Purpose::Decides => "says what the message is".to_owned(),
        Purpose::Unread => "not read".to_owned(),
    }
}

/// When, in UTC.
pub(super) fn time(time: crate::model::UnixMicros) -> String {
    rfc3339(time).unwrap_or_else(|| "a time beyond the calendar".to_owned())
}

/// Names come from the network: nothing in them may steer a terminal.
pub(super) fn clean(text: &str) -> String {
    let is_steering = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_steering(c) { '\u{fffd}' } else { c }).collect()
}
