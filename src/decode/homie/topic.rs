//! What a topic of Homie is about.

use crate::decode::error::DecodeError;

/// A topic taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'t> {
    /// Level of the device.
    pub(super) device: &'t str,
    /// How much of the capture is the device's level; `None`: it was not captured.
    pub(super) captured: Option<usize>,
    /// The topic as far as the device's level: names the device among all of a link.
    pub(super) key: &'t str,
    pub(super) about: About<'t>,
}

/// What the levels behind the device's say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum About<'t> {
    /// `$state`
    State,
    /// `$description`
    Description,
    /// `$alert/<id>`
    Alert(&'t str),
    /// `<node>/<property>/$datatype` and the like of version 4.
    Attribute { node: &'t str, property: &'t str, name: &'t str },
    /// `<node>/<property>`
    Value { node: &'t str, property: &'t str },
    /// `$broadcast`
    Broadcast,
    /// `<node>/<property>/set`
    Command,
    /// `<node>/<property>/$target`
    Target,
    /// Every other attribute.
    Other,
}

const TOPIC: DecodeError =
    DecodeError::Topic { expected: "homie/5/<device>/... or homie/<device>/..." };

impl<'t> Place<'t> {
    /// `capture` is the filter's `{device}`: the device's level, perhaps with all that follows.
    pub(super) fn of(topic: &'t str, capture: &str) -> Result<Self, DecodeError> {
        let (start, captured) = match capture.split('/').next() {
            Some("") | None => (device_start(topic).ok_or(TOPIC)?, None),
            Some(device) => (captured_start(topic, capture).ok_or(TOPIC)?, Some(device.len())),
        };
        let from_device = topic.get(start..).ok_or(TOPIC)?;
        let (device, rest) = from_device.split_once('/').unwrap_or((from_device, ""));
        let key = topic.get(..start + device.len()).ok_or(TOPIC)?;
        let about = if device == "$broadcast" { About::Broadcast } else { about(rest) };
        Ok(Self { device, captured, key, about })
    }

    /// The same place for another device of the same base.
    pub(super) fn sibling(&self, device: &str) -> String {
        let base = self.key.strip_suffix(self.device).unwrap_or_default();
        format!("{base}{device}")
    }
}

fn about(rest: &str) -> About<'_> {
    let mut levels = rest.splitn(4, '/');
    match (levels.next(), levels.next(), levels.next(), levels.next()) {
        (Some("$state"), None, ..) => About::State,
        (Some("$description"), None, ..) => About::Description,
        (Some("$alert"), Some(alert), None, _) => About::Alert(alert),
        (Some(first), ..) if first.is_empty() || first.starts_with('$') => About::Other,
        (Some(_), Some(second), ..) if second.starts_with('$') => About::Other,
        (Some(node), Some(property), None, _) => About::Value { node, property },
        (Some(_), Some(_), Some("set"), None) => About::Command,
        (Some(_), Some(_), Some("$target"), None) => About::Target,
        (Some(node), Some(property), Some(name), None) if name.starts_with('$') => {
            About::Attribute { node, property, name }
        }
        _ => About::Other,
    }
}

/// Where the capture begins. One of several levels ends the topic; a single level is the first of
/// its name behind Homie's own levels, else the first at all.
fn captured_start(topic: &str, capture: &str) -> Option<usize> {
    if capture.contains('/') {
        let start = topic.strip_suffix(capture)?.len();
        return is_level(topic, start).then_some(start);
    }
    let begin = device_start(topic).unwrap_or(0);
    let found = |from: usize| {
        let is_it = |start: &usize| {
            topic.get(*start..).and_then(|rest| rest.split('/').next()) == Some(capture)
        };
        level_starts(topic).filter(|start| *start >= from).find(is_it)
    };
    found(begin).or_else(|| found(0))
}

fn is_level(topic: &str, start: usize) -> bool {
    start == 0 || topic.as_bytes().get(start - 1) == Some(&b'/')
}

fn level_starts(topic: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(topic.match_indices('/').map(|(at, _)| at + 1))
}

/// Behind a level `5`, else behind a level `homie`.
fn device_start(topic: &str) -> Option<usize> {
    let behind = |level: &str| {
        level_starts(topic).find_map(|start| {
            let (first, _) = topic.get(start..)?.split_once('/')?;
            (first == level).then_some(start + level.len() + 1)
        })
    };
    behind("5").or_else(|| behind("homie"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_is_found_in_every_topic() {
        let value = |node, property| About::Value { node, property };
        for (topic, capture, device, captured, about) in [
            ("homie/5/bed/$state", "", "bed", None, About::State),
            ("homie/bed/$state", "", "bed", None, About::State),
            ("homie/5/bed/mat/occupied", "bed", "bed", Some(3), value("mat", "occupied")),
            (
                "h/homie/5/bed/mat/occupied",
                "bed/mat/occupied",
                "bed",
                Some(3),
                value("mat", "occupied"),
            ),
            ("bed/homie/5/bed/mat/bed", "bed", "bed", Some(3), value("mat", "bed")),
            ("homie/bed/mat/occupied/set", "bed", "bed", Some(3), About::Command),
            ("homie/5/bed/mat/height/$target", "bed", "bed", Some(3), About::Target),
            ("homie/5/bed/$alert/battery", "bed", "bed", Some(3), About::Alert("battery")),
            ("homie/5/$broadcast/alert", "", "$broadcast", None, About::Broadcast),
            ("homie/bed/mat/$properties", "bed", "bed", Some(3), About::Other),
            ("homie/bed/$fw/name", "bed", "bed", Some(3), About::Other),
            (
                "homie/bed/mat/t/$unit",
                "bed",
                "bed",
                Some(3),
                About::Attribute { node: "mat", property: "t", name: "$unit" },
            ),
        ] {
            let place = Place::of(topic, capture).unwrap();
            assert_eq!(
                (place.device, place.captured, place.about),
                (device, captured, about),
                "{topic}"
            );
        }
        assert_eq!(Place::of("other/bed", ""), Err(TOPIC));
        assert_eq!(Place::of("homie/5/hub/$state", "").unwrap().sibling("bed"), "homie/5/bed");
    }
}
