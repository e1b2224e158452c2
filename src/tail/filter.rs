//! What to show: homes, devices and kinds, each by name or pattern.

use std::convert::Infallible;

use super::event::{Event, What};

/// A name in which `*` stands for any number of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl std::str::FromStr for Glob {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Glob {
    /// Is it the name, or its pattern?
    pub fn matches(&self, name: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else {
            return false;
        };
        let mut pieces: Vec<&str> = pieces.collect();
        let Some(last) = pieces.pop() else { return rest.is_empty() };
        let mut rest = rest;
        for piece in pieces {
            match rest.split_once(piece) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Shows what matches one of each list; an empty list matches everything.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Homes.
    pub homes: Vec<Glob>,
    /// Devices.
    pub devices: Vec<Glob>,
    /// Kinds.
    pub kinds: Vec<Glob>,
}

impl Filter {
    /// Is the event to be shown? A dead letter belongs to no home and no device, and has the
    /// kinds of its refused readings.
    pub fn shows(&self, event: &Event) -> bool {
        match &event.what {
            What::Reading(reading) => {
                any(&self.homes, &reading.home)
                    && any(&self.devices, &reading.device)
                    && any(&self.kinds, &reading.kind)
            }
            What::DeadLetter(letter) => {
                let refused = || letter.refused.iter().any(|one| any(&self.kinds, &one.kind));
                self.homes.is_empty()
                    && self.devices.is_empty()
                    && (self.kinds.is_empty() || refused())
            }
        }
    }
}

fn any(globs: &[Glob], name: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (glob, name, expected) in [
            ("h-1", "h-1", true),
            ("h-1", "h-12", false),
            ("h-*", "h-12", true),
            ("*", "", true),
            ("*door", "Hall/front door", true),
            ("*door", "door bell", false),
            ("Hall/*", "hall/door", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*_temperature", "air_temperature", true),
            ("a*a", "a", false),
            ("", "h", false),
            ("**", "x", true),
        ] {
            let glob: Glob = glob.parse().unwrap();
            assert_eq!(glob.matches(name), expected, "{glob:?} {name}");
        }
    }
}
