//! Topic patterns: an MQTT filter with names for the levels that tell home and device.
//!
//! `homes/{home}/zigbee2mqtt/{device...}` is the filter `homes/+/zigbee2mqtt/#`. `{name}` stands
//! for one level, `{name...}` for all that are left, at least one; a name that begins with `_` is
//! only there to be read. Plain `+` and `#` mean what they mean in MQTT.

use std::fmt;

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPattern {
    filter: String,
    levels: Vec<Level>,
}

/// What a topic says by matching.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Captures<'t> {
    /// What stands at `{home}`, at least one byte.
    pub home: Option<&'t str>,
    /// What stands at `{device}` or `{device...}`, at least one byte.
    pub device: Option<&'t str>,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicPatternError {
    /// No text, or nothing behind `$share/<group>/`.
    #[error("expected at least one topic level")]
    Empty,
    /// MQTT's limit.
    #[error("expected a filter of at most 65535 bytes")]
    TooLong,
    /// A character MQTT forbids.
    #[error("expected no NUL character")]
    Nul,
    /// `a+`, `b#`, `x{home}` and the like.
    #[error("level `{level}`: a wildcard or a `{{name}}` must be the whole level")]
    PartOfLevel {
        /// The level as written.
        level: String,
    },
    /// Something behind `#` or `{name...}`.
    #[error("`{level}` takes all levels that are left, so it must be the last one")]
    NotLast {
        /// The level as written.
        level: String,
    },
    /// A name that means nothing.
    #[error("unknown name `{name}`: expected `home`, `device`, or a name beginning with `_`")]
    UnknownName {
        /// The name as written.
        name: String,
    },
    /// Two homes or two devices.
    #[error("`{name}` stands in the pattern twice")]
    RepeatedName {
        /// The name as written.
        name: String,
    },
    /// `$share/` without a group.
    #[error("expected `$share/<group>/<filter>` with a group without wildcards")]
    ShareGroup,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Literal(String),
    One(Place),
    Rest(Place),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Home,
    Device,
    /// Named, so something must stand there, but not kept.
    Ignored,
    /// `+` or `#`: anything MQTT lets them match, empty levels included.
    Wildcard,
}

const LONGEST_FILTER: usize = 65_535;
const SHARE: &str = "$share/";

impl TopicPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, TopicPatternError> {
        if text.contains('\0') {
            return Err(TopicPatternError::Nul);
        }
        let (share, topic) = split_share(text)?;
        if topic.is_empty() {
            return Err(TopicPatternError::Empty);
        }
        let levels = topic.split('/').map(parse_level).collect::<Result<Vec<_>, _>>()?;
        check_places(&levels, topic)?;
        let filters: Vec<&str> = levels.iter().map(Level::filter).collect();
        let filter = format!("{share}{}", filters.join("/"));
        if filter.len() > LONGEST_FILTER {
            return Err(TopicPatternError::TooLong);
        }
        Ok(Self { filter, levels })
    }

    /// The MQTT filter to subscribe with.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Matches a topic name. Stricter than the filter in one thing: something must stand at every
    /// name, so `homes/{home}` does not match `homes/`.
    pub fn matches<'t>(&self, topic: &'t str) -> Option<Captures<'t>> {
        if topic.starts_with('$') && self.begins_wild() {
            return None;
        }
        let mut captures = Captures::default();
        let mut left = Some(topic);
        for level in &self.levels {
            match level {
                Level::Literal(literal) => {
                    let behind = left?.strip_prefix(literal.as_str())?;
                    left = match behind.strip_prefix('/') {
                        None if behind.is_empty() => None,
                        None => return None,
                        below => below,
                    };
                }
                Level::One(place) => {
                    let (level, below) = split_level(left?);
                    captures.take(*place, level)?;
                    left = below;
                }
                Level::Rest(Place::Wildcard) => return Some(captures),
                Level::Rest(place) => {
                    captures.take(*place, left?)?;
                    return Some(captures);
                }
            }
        }
        left.is_none().then_some(captures)
    }

    /// Could the broker deliver one topic for the filters of both? Each subscription would get its
    /// own copy.
    pub fn overlaps(&self, other: &Self) -> bool {
        if self.begins_wild() && other.begins_with_dollar()
            || other.begins_wild() && self.begins_with_dollar()
        {
            return false;
        }
        let (mut ours, mut theirs) = (self.levels.iter(), other.levels.iter());
        loop {
            match (ours.next(), theirs.next()) {
                (Some(Level::Rest(_)), _) | (_, Some(Level::Rest(_))) | (None, None) => {
                    return true;
                }
                (None, Some(_)) | (Some(_), None) => return false,
                (Some(Level::Literal(one)), Some(Level::Literal(another))) if one != another => {
                    return false;
                }
                (Some(Level::Literal(_) | Level::One(_)), Some(_)) => {}
            }
        }
    }

    /// `+` and `#` in front do not match topics of the broker itself.
    fn begins_wild(&self) -> bool {
        matches!(self.levels.first(), Some(Level::One(_) | Level::Rest(_)))
    }

    fn begins_with_dollar(&self) -> bool {
        matches!(self.levels.first(), Some(Level::Literal(literal)) if literal.starts_with('$'))
    }
}

impl Level {
    fn filter(&self) -> &str {
        match self {
            Self::Literal(literal) => literal,
            Self::One(_) => "+",
            Self::Rest(_) => "#",
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Literal(_) => None,
            Self::One(place) | Self::Rest(place) => Some(*place),
        }
    }
}

impl<'t> Captures<'t> {
    fn take(&mut self, place: Place, text: &'t str) -> Option<()> {
        if text.is_empty() && place != Place::Wildcard {
            return None;
        }
        match place {
            Place::Home => self.home = Some(text),
            Place::Device => self.device = Some(text),
            Place::Ignored | Place::Wildcard => {}
        }
        Some(())
    }
}

/// Names of homes and devices may be names of people.
impl fmt::Debug for Captures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captures")
            .field("home_bytes", &self.home.map(str::len))
            .field("device_bytes", &self.device.map(str::len))
            .finish()
    }
}

/// The first level, and what is below it.
fn split_level(topic: &str) -> (&str, Option<&str>) {
    // Levels are short: a plain loop beats the searcher behind `split_once`.
    let slash = topic.bytes().position(|byte| byte == b'/');
    match slash.and_then(|slash| topic.split_at_checked(slash)) {
        Some((level, below)) => (level, below.strip_prefix('/')),
        None => (topic, None),
    }
}

/// `$share/<group>/` and the filter behind it.
fn split_share(text: &str) -> Result<(&str, &str), TopicPatternError> {
    let Some(shared) = text.strip_prefix(SHARE) else {
        return Ok(("", text));
    };
    let (group, topic) = shared.split_once('/').ok_or(TopicPatternError::ShareGroup)?;
    if group.is_empty() || group.contains(['+', '#', '{', '}']) {
        return Err(TopicPatternError::ShareGroup);
    }
    let share = text.strip_suffix(topic).unwrap_or_default();
    Ok((share, topic))
}

fn parse_level(level: &str) -> Result<Level, TopicPatternError> {
    match level {
        "+" => return Ok(Level::One(Place::Wildcard)),
        "#" => return Ok(Level::Rest(Place::Wildcard)),
        _ => {}
    }
    if let Some(name) = level.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return match name.strip_suffix("...") {
            Some(name) => place(name).map(Level::Rest),
            None => place(name).map(Level::One),
        };
    }
    if level.contains(['+', '#', '{', '}']) {
        return Err(TopicPatternError::PartOfLevel { level: level.to_owned() });
    }
    Ok(Level::Literal(level.to_owned()))
}

fn place(name: &str) -> Result<Place, TopicPatternError> {
    match name {
        "home" => Ok(Place::Home),
        "device" => Ok(Place::Device),
        _ if name.starts_with('_') && !name.contains(['+', '#', '{', '}']) => Ok(Place::Ignored),
        _ => Err(TopicPatternError::UnknownName { name: name.to_owned() }),
    }
}

fn check_places(levels: &[Level], topic: &str) -> Result<(), TopicPatternError> {
    let behind = levels.len().saturating_sub(1);
    for (level, text) in levels.iter().zip(topic.split('/')).take(behind) {
        if matches!(level, Level::Rest(_)) {
            return Err(TopicPatternError::NotLast { level: text.to_owned() });
        }
    }
    for (place, name) in [(Place::Home, "home"), (Place::Device, "device")] {
        if levels.iter().filter(|level| level.place() == Some(place)).count() > 1 {
            return Err(TopicPatternError::RepeatedName { name: name.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
