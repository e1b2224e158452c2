//! From the names of metrics to the keys of the table.

use super::Sparkplug;
use crate::decode::vocabulary::Word;

/// Metrics by which hosts steer nodes and devices, and the session's number.
const CONTROL: [&str; 3] = ["Node Control/", "Device Control/", "bdSeq"];

/// Bytes of a name that is looked at.
const NAME_MAX: usize = 128;

/// The names of one device's metrics, one after the other.
pub(super) struct Names<'d> {
    device: &'d str,
    /// The device's own name, plain and without its number, once it is needed: data under aliases
    /// never do.
    owner: Option<String>,
    /// Owner and name at hand.
    text: String,
}

impl<'d> Names<'d> {
    pub(super) fn of(device: &'d str) -> Self {
        Self { device, owner: None, text: String::new() }
    }
}

fn owner(device: &str) -> String {
    let mut owner = String::new();
    push_plain(device.get(..device.len().min(NAME_MAX)).unwrap_or_default(), &mut owner);
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '_';
    owner.truncate(owner.trim_end_matches(is_number).len());
    owner
}

impl Sparkplug {
    /// What a metric stands for, with its key: the name as it is; then in small letters and
    /// `_` for blanks, with the device's name before it; then without its first parts.
    pub(super) fn find(&self, names: &mut Names<'_>, name: &str) -> Option<(&str, &Word)> {
        if CONTROL.iter().any(|control| name.starts_with(control)) {
            return Some(("", &Word::NoReading));
        }
        if name.is_empty() || name.len() > NAME_MAX {
            return None;
        }
        if let Some(found) = self.keys.entry(name) {
            return Some(found);
        }
        let Names { device, owner: known, text } = names;
        let owner = known.get_or_insert_with(|| owner(device));
        text.clear();
        text.push_str(owner);
        text.push('/');
        push_plain(name, text);
        if !owner.is_empty()
            && let Some(found) = self.keys.entry(text)
        {
            return Some(found);
        }
        let mut rest = text.get(owner.len() + 1..)?;
        loop {
            if let Some(found) = self.keys.entry(rest) {
                return Some(found);
            }
            (_, rest) = rest.split_once('/')?;
        }
    }
}

/// `Heart Rate` and `HeartRate` as `heart_rate`.
fn push_plain(name: &str, plain: &mut String) {
    let mut was_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            if was_small {
                plain.push('_');
            }
            plain.push(letter.to_ascii_lowercase());
        } else {
            plain.push(if matches!(letter, ' ' | '-' | '.') { '_' } else { letter });
        }
        was_small = letter.is_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_plain() {
        for (name, expected) in [
            ("Heart Rate", "heart_rate"),
            ("HeartRate", "heart_rate"),
            ("CO2", "co2"),
            ("Bed/Body-Temperature", "bed/body_temperature"),
            ("", ""),
        ] {
            let mut plain = String::new();
            push_plain(name, &mut plain);
            assert_eq!(plain, expected);
        }
    }
}
