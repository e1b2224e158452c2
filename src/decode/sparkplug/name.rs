//! From the names of metrics to the keys of the table.

use super::Sparkplug;
use crate::decode::vocabulary::{Word, WordIx, push_plain};

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
    /// What a metric stands for, and where that stands if it has a key: the name as it is; then in
    /// plain letters, with the device's name before it; then without its first parts.
    pub(super) fn find(
        &self,
        names: &mut Names<'_>,
        name: &str,
        is_boolean: bool,
    ) -> Option<(Option<WordIx>, &Word)> {
        if CONTROL.iter().any(|control| name.starts_with(control)) {
            return Some((None, &Word::NoReading));
        }
        if name.is_empty() || name.len() > NAME_MAX {
            return None;
        }
        let found = self.place(names, name, is_boolean)?;
        Some((Some(found), self.keys.word(found)?))
    }

    fn place(&self, names: &mut Names<'_>, name: &str, is_boolean: bool) -> Option<WordIx> {
        if let Some(found) = self.keys.typed(name, is_boolean) {
            return Some(found);
        }
        let Names { device, owner: known, text } = names;
        let owner = known.get_or_insert_with(|| owner(device));
        text.clear();
        text.push_str(owner);
        text.push('/');
        push_plain(name, text);
        if !owner.is_empty()
            && let Some(found) = self.keys.typed(text, is_boolean)
        {
            return Some(found);
        }
        let mut rest = text.get(owner.len() + 1..)?;
        loop {
            if let Some(found) = self.keys.typed(rest, is_boolean) {
                return Some(found);
            }
            (_, rest) = rest.split_once('/')?;
        }
    }
}
