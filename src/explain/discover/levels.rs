//! Levels of topics, and what of them is the same everywhere.

use std::collections::BTreeSet;

use crate::decode::is_home_word;

/// So many different words in a place are words; more are names.
const WORDS_MAX: usize = 6;

/// One level of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Word(String),
    Home,
    Device,
    Any,
}

impl Level {
    fn text(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Home => "{home}",
            Self::Device => "{device}",
            Self::Any => "+",
        }
    }
}

/// A pattern in the configuration's words.
pub(super) fn text(levels: &[Level]) -> String {
    levels.iter().map(Level::text).collect::<Vec<_>>().join("/")
}

/// What the last level of some topics is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// The name of a device.
    Device,
    /// A level like the others.
    Own,
}

/// The patterns that cover some topics of equally many levels: as few as there are different
/// words in places where words stand.
pub(super) fn patterns(topics: &[Vec<&str>], last: Last) -> BTreeSet<Vec<Level>> {
    let length = topics.first().map_or(0, Vec::len);
    let devices_at = (last == Last::Device).then(|| length.saturating_sub(1));
    let words: Vec<BTreeSet<&str>> = (0..length)
        .map(|place| topics.iter().filter_map(|levels| levels.get(place).copied()).collect())
        .collect();
    let behind_home_word = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| words.get(before));
        before.is_some_and(|words| words.iter().all(|word| is_home_word(word)))
    };
    let may_be_home = |place: &usize| Some(*place) != devices_at;
    let places = || (0..length).filter(may_be_home);
    let varies = |place: &usize| words.get(*place).is_some_and(|words| words.len() > WORDS_MAX);
    let home_at = places().find(|place| behind_home_word(*place)).or_else(|| places().find(varies));
    let level = |place: usize, word: &str| {
        if Some(place) == devices_at {
            Level::Device
        } else if Some(place) == home_at {
            Level::Home
        } else if varies(&place) {
            Level::Any
        } else {
            Level::Word(word.to_owned())
        }
    };
    let pattern = |levels: &Vec<&str>| {
        levels.iter().enumerate().map(|(place, word)| level(place, word)).collect()
    };
    topics.iter().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(topics: &[&str], last: Last) -> Vec<String> {
        let topics: Vec<Vec<&str>> =
            topics.iter().map(|topic| topic.split('/').collect()).collect();
        patterns(&topics, last).iter().map(|levels| text(levels)).collect()
    }

    #[test]
    fn words_stay_and_names_become_captures() {
        assert_eq!(told(&["homes/h-1", "homes/h-2"], Last::Own), ["homes/{home}"]);
        assert_eq!(told(&["homes/h-1"], Last::Own), ["homes/{home}"]);
        assert_eq!(told(&["senml/ex1", "senml/ex2"], Last::Device), ["senml/{device}"]);
        assert_eq!(told(&["alone"], Last::Device), ["{device}"]);
        assert_eq!(
            told(&["homes/h-1/band/w", "homes/h-2/bed/b", "homes/h-2/band/w"], Last::Device),
            ["homes/{home}/band/{device}", "homes/{home}/bed/{device}"]
        );
        let many: Vec<String> = (0..9).map(|at| format!("care/p{at}/r{at}/d")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(told(&many, Last::Device), ["care/{home}/+/{device}"]);
    }
}
