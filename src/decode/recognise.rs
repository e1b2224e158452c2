//! Which format a message has, where no configuration says it: by the topics the format usually
//! has, or by what its payload holds. Cheap, and linear in the size of the payload.

mod content;
mod topics;

pub use topics::is_home_word;

use self::topics::{Usual, usual};
use super::format::Format;
use crate::model::topic::Captures;

/// A message whose format was recognised, and what its topic says by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised<'t> {
    /// The format.
    pub format: Format,
    /// By what.
    pub mark: Mark,
    /// Home and device, as far as the topic names them.
    pub captures: Captures<'t>,
}

/// By what a format was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// One of its usual topics.
    Topic {
        /// The pattern, as [`Format::topics`] lists it.
        pattern: &'static str,
        /// Levels in front of it that are somebody's own, such as `homes/h-1`.
        below: usize,
    },
    /// What stands in the payload; the topic says nothing.
    Content,
}

/// The most levels that may stand in front of a usual topic.
const BELOW_MAX: usize = 4;

/// Recognises a message. A topic that begins with a format's own word says most, even below
/// levels of somebody's own; then what the payload holds; then topics that many may have, such
/// as `+/status/+`.
pub fn recognise<'t>(topic: &'t str, payload: &[u8]) -> Option<Recognised<'t>> {
    let own = || (0..=BELOW_MAX).find_map(|below| by_topic(topic, below, Usual::is_own_word));
    let content = || {
        let format = content::format(payload)?;
        Some(Recognised { format, mark: Mark::Content, captures: topics::free(topic) })
    };
    let common = || by_topic(topic, 0, |usual| !usual.is_own_word());
    own().or_else(|| match content() {
        Some(found) => common().filter(|common| common.format == found.format).or(Some(found)),
        None => common(),
    })
}

/// The built-in route of a topic, whatever its payload holds: there is one at most.
pub fn route(topic: &str) -> Option<Recognised<'_>> {
    by_topic(topic, 0, |_| true)
}

fn by_topic(topic: &str, below: usize, wanted: impl Fn(&Usual) -> bool) -> Option<Recognised<'_>> {
    let (front, rest) = topics::split(topic, below)?;
    let mut candidates = usual().iter().filter(|usual| wanted(usual));
    let (usual, captures) =
        candidates.find_map(|usual| Some((usual, usual.pattern.matches(rest)?)))?;
    let home = captures.home.or_else(|| topics::home_in(front));
    Some(Recognised {
        format: usual.format,
        mark: Mark::Topic { pattern: usual.text, below },
        captures: Captures { home, device: captures.device },
    })
}

#[cfg(test)]
mod tests;
