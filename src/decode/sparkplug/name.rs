//! From the names of metrics to the keys of the table.

use super::Sparkplug;
use crate::decode::vocabulary::{Word, plain};

/// Metrics by which hosts steer nodes and devices, and the session's number.
const CONTROL: [&str; 3] = ["Node Control/", "Device Control/", "bdSeq"];

/// Bytes of a name that is looked at.
const NAME_MAX: usize = 128;

impl Sparkplug {
    /// What a metric stands for, with its key: the name as it is; then in small letters and
    /// `_` for blanks, with the device's name before it; then without its first parts.
    pub(super) fn find(&self, device: &str, name: &str, is_boolean: bool) -> Option<(&str, &Word)> {
        if CONTROL.iter().any(|control| name.starts_with(control)) {
            return Some(("", &Word::NoReading));
        }
        if name.len() > NAME_MAX {
            return None;
        }
        if let Some(found) = self.keys.typed(name, is_boolean) {
            return Some(found);
        }
        let path = plain(name);
        let owner = plain(device.get(..device.len().min(NAME_MAX)).unwrap_or_default());
        let owner = owner.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
        if !owner.is_empty()
            && let Some(found) = self.keys.typed(&format!("{owner}/{path}"), is_boolean)
        {
            return Some(found);
        }
        let mut rest = path.as_str();
        loop {
            if let Some(found) = self.keys.typed(rest, is_boolean) {
                return Some(found);
            }
            (_, rest) = rest.split_once('/')?;
        }
    }
}
