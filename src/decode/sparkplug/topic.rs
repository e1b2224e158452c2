//! What a topic of Sparkplug B says: `spBv1.0/<group>/<verb>/<node>[/<device>]`.

use crate::decode::error::DecodeError;

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Birth,
    Data,
    Death,
    Command,
    /// `STATE`: whether a host application is there.
    State,
}

/// Whom it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'t> {
    pub(super) verb: Verb,
    pub(super) group: &'t str,
    pub(super) node: &'t str,
    /// Empty: the node itself.
    pub(super) device: &'t str,
}

const NAMESPACE: &str = "spBv1.0/";

const EXPECTED: DecodeError =
    DecodeError::Topic { expected: "spBv1.0/<group>/<verb>/<node>[/<device>]" };

/// Takes a topic apart. What a bridge has put in front of it is passed over.
pub(super) fn place(topic: &str) -> Result<Place<'_>, DecodeError> {
    if let Some(host) = topic.strip_prefix("STATE/") {
        // As version 2 of the specification has it.
        return Ok(Place { verb: Verb::State, group: "STATE", node: host, device: "" });
    }
    let (_, rest) = topic.split_once(NAMESPACE).ok_or(EXPECTED)?;
    let mut levels = rest.splitn(4, '/');
    let (Some(group), Some(verb)) = (levels.next(), levels.next()) else { return Err(EXPECTED) };
    if group == "STATE" {
        return Ok(Place { verb: Verb::State, group, node: verb, device: "" });
    }
    let (node, device) = (levels.next().unwrap_or_default(), levels.next().unwrap_or_default());
    let verb = match (verb, device.is_empty()) {
        ("NBIRTH", true) | ("DBIRTH", false) => Verb::Birth,
        ("NDATA", true) | ("DDATA", false) => Verb::Data,
        ("NDEATH", true) | ("DDEATH", false) => Verb::Death,
        ("NCMD" | "DCMD", _) => Verb::Command,
        _ => return Err(EXPECTED),
    };
    if group.is_empty() || node.is_empty() {
        Err(EXPECTED)
    } else {
        Ok(Place { verb, group, node, device })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_names_group_node_and_device() {
        let at = |verb, group, node, device| Ok(Place { verb, group, node, device });
        for (topic, expected) in [
            ("spBv1.0/Town A/NBIRTH/home 7", at(Verb::Birth, "Town A", "home 7", "")),
            ("spBv1.0/g/DDATA/n/bed", at(Verb::Data, "g", "n", "bed")),
            ("spBv1.0/g/NDEATH/n", at(Verb::Death, "g", "n", "")),
            ("spBv1.0/g/DCMD/n/bed", at(Verb::Command, "g", "n", "bed")),
            ("spBv1.0/STATE/host", at(Verb::State, "STATE", "host", "")),
            ("STATE/host", at(Verb::State, "STATE", "host", "")),
            ("bridge/spBv1.0/g/NDATA/n", at(Verb::Data, "g", "n", "")),
            ("spBv1.0/g/NDATA/n/bed", Err(EXPECTED)),
            ("spBv1.0/g/DDATA/n", Err(EXPECTED)),
            ("spBv1.0/g/NDATA/", Err(EXPECTED)),
            ("spBv1.0/g", Err(EXPECTED)),
            ("g/NDATA/n", Err(EXPECTED)),
        ] {
            assert_eq!(place(topic), expected, "{topic}");
        }
    }
}
