//! From topics to the fewest filters that take them in and do not overlap.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    census::Census,
    levels::{self, Last, patterns},
};
use crate::{
    decode::{Format, Mark},
    model::topic::TopicPattern,
};

/// One `[[link.filter]]` of the proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) topic: String,
    pub(super) format: Format,
    pub(super) messages: u64,
    pub(super) topics: usize,
}

/// A filter that may be proposed, with what can be done if it overlaps another.
struct Candidate {
    topic: String,
    format: Format,
    /// The same for each device alone.
    narrower: Vec<String>,
}

/// The filters, and what they take in.
pub(super) fn groups(census: &Census) -> Vec<Group> {
    let mut taken: Vec<(TopicPattern, String, Format)> = Vec::new();
    let mut take = |topic: &str, format| -> bool {
        let Ok(pattern) = TopicPattern::parse(topic) else { return false };
        if taken.iter().any(|(other, ..)| other.overlaps(&pattern)) {
            return false;
        }
        taken.push((pattern, topic.to_owned(), format));
        true
    };
    for candidate in candidates(census) {
        if !take(&candidate.topic, candidate.format) {
            for narrower in &candidate.narrower {
                take(narrower, candidate.format);
            }
        }
    }
    let mut groups: Vec<Group> = taken
        .into_iter()
        .map(|(pattern, topic, format)| {
            let heard = census.topics.iter().filter(|(topic, _)| pattern.matches(topic).is_some());
            let (mut messages, mut topics) = (0, 0);
            for (_, heard) in heard {
                messages += heard.messages;
                topics += 1;
            }
            Group { topic, format, messages, topics }
        })
        .collect();
    groups.retain(|group| group.topics > 0);
    groups
}

/// What may be proposed, the surest first.
fn candidates(census: &Census) -> Vec<Candidate> {
    let mut usual: BTreeMap<(bool, &str, usize, Format), Vec<Vec<&str>>> = BTreeMap::new();
    let mut free: BTreeMap<(Format, usize), Vec<Vec<&str>>> = BTreeMap::new();
    for (topic, heard) in &census.topics {
        let levels: Vec<&str> = topic.split('/').collect();
        match heard.recognised {
            None => {}
            Some((format, Mark::Topic { pattern, below })) => {
                let is_common = pattern.starts_with(['+', '{']);
                usual.entry((is_common, pattern, below, format)).or_default().push(levels);
            }
            Some((format, Mark::Content)) => {
                free.entry((format, levels.len())).or_default().push(levels);
            }
        }
    }
    let mut sure = Vec::new();
    let mut common = Vec::new();
    for ((is_common, pattern, below, format), topics) in usual {
        let goal = if is_common { &mut common } else { &mut sure };
        if below == 0 {
            goal.push(Candidate {
                topic: pattern.to_owned(),
                format,
                narrower: narrower(pattern, &topics),
            });
            continue;
        }
        let fronts: Vec<Vec<&str>> =
            topics.iter().map(|levels| levels.iter().take(below).copied().collect()).collect();
        for front in patterns(&fronts, Last::Own) {
            let topic = format!("{}/{pattern}", levels::text(&front));
            goal.push(Candidate { topic, format, narrower: Vec::new() });
        }
    }
    for ((format, _), topics) in free {
        let last = if format == Format::Zigbee2Mqtt { Last::Own } else { Last::Device };
        for pattern in patterns(&topics, last) {
            let mut topic = levels::text(&pattern);
            if format == Format::Zigbee2Mqtt {
                // Its devices have `/` in their names and topics below them.
                let front = topic.rsplit_once('/').map_or("", |(front, _)| front);
                topic = if front.is_empty() { continue } else { format!("{front}/{{device...}}") };
            }
            if !sure.iter().any(|known: &Candidate| known.topic == topic) {
                sure.push(Candidate { topic, format, narrower: Vec::new() });
            }
        }
    }
    // Patterns such as `+/status/+` take in what others are surer of.
    sure.extend(common);
    sure
}

/// A pattern that begins with a wildcard, for each first level that was heard.
fn narrower(pattern: &str, topics: &[Vec<&str>]) -> Vec<String> {
    let rest = ["+/", "{device}/"].iter().find_map(|wild| pattern.strip_prefix(wild));
    let Some(rest) = rest else { return Vec::new() };
    let firsts: BTreeSet<&str> =
        topics.iter().filter_map(|levels| levels.first().copied()).collect();
    firsts.into_iter().map(|first| format!("{first}/{rest}")).collect()
}
