//! From the names of metrics to the keys of the table.

use super::Sparkplug;
use crate::decode::vocabulary::{Word, WordIx};

/// Metrics by which hosts steer nodes and devices, and the session's number.
const CONTROL: [&str; 3] = ["Node Control/", "Device Control/", "bdSeq"];

/// Bytes of a name that is looked at.
const NAME_MAX: usize = 128;

impl Sparkplug {
    /// What a metric stands for, and where that stands if it has a key of its own: the name as it is; then in small letters and
    /// `_` for blanks, with the device's name before it; then without its first parts.
    pub(super) fn find(&self, device: &str, name: &str) -> Option<(Option<WordIx>, &Word)> {
        if CONTROL.iter().any(|control| name.starts_with(control)) {
            return Some((None, &Word::NoReading));
        }
        if name.len() > NAME_MAX {
            return None;
        }
        let found = self.place(device, name)?;
        Some((Some(found), self.keys.word(found)?))
    }

    fn place(&self, device: &str, name: &str) -> Option<WordIx> {
        if let Some(found) = self.keys.place(name) {
            return Some(found);
        }
        let path = plain(name);
        let owner = plain(device.get(..device.len().min(NAME_MAX)).unwrap_or_default());
        let owner = owner.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
        if !owner.is_empty()
            && let Some(found) = self.keys.place(&format!("{owner}/{path}"))
        {
            return Some(found);
        }
        let mut rest = path.as_str();
        loop {
            if let Some(found) = self.keys.place(rest) {
                return Some(found);
            }
            (_, rest) = rest.split_once('/')?;
        }
    }
}

/// `Heart Rate` and `HeartRate` as `heart_rate`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len() + 4);
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
    plain
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
            assert_eq!(plain(name), expected);
        }
    }
}
