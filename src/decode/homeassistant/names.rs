//! What topics and object ids say.

use super::config::Draft;
use crate::decode::vocabulary::Vocabulary;

/// A topic of discovery.
pub(super) struct ConfigTopic<'t> {
    pub(super) component: &'t str,
    /// The node where there is one, else the object.
    pub(super) node: &'t str,
    pub(super) object: &'t str,
}

/// Components that have a state, and those that speak of many or of none.
const COMPONENTS: [&str; 27] = [
    "alarm_control_panel",
    "binary_sensor",
    "button",
    "camera",
    "climate",
    "cover",
    "device",
    "device_automation",
    "device_tracker",
    "event",
    "fan",
    "humidifier",
    "image",
    "lawn_mower",
    "light",
    "lock",
    "notify",
    "number",
    "scene",
    "select",
    "sensor",
    "siren",
    "switch",
    "tag",
    "text",
    "update",
    "vacuum",
];

/// `<prefix>/<component>/[<node>/]<object>/config`.
pub(super) fn config(topic: &str) -> Option<ConfigTopic<'_>> {
    let above = topic.strip_suffix("/config")?;
    let (above, object) = above.rsplit_once('/')?;
    let (rest, level) = above.rsplit_once('/')?;
    if COMPONENTS.contains(&level) {
        return Some(ConfigTopic { component: level, node: object, object });
    }
    let component = rest.rsplit('/').next()?;
    COMPONENTS.contains(&component).then_some(ConfigTopic { component, node: level, object })
}

/// A topic without discovery.
pub(super) enum Plain<'t> {
    State {
        node: &'t str,
        component: &'t str,
        object: &'t str,
    },
    Status {
        node: &'t str,
    },
    Log,
    Command,
    /// Home Assistant's own.
    HomeAssistant,
    Unknown,
}

/// `<node>/<component>/<object>/state`, `<node>/status`. The node is what the filter captured, if
/// it captured that much.
pub(super) fn esphome<'t>(topic: &'t str, captured: &'t str) -> Plain<'t> {
    let Some((above, last)) = topic.rsplit_once('/') else { return Plain::Unknown };
    let node_of = |node: &'t str| {
        let is_longer = captured.is_empty() || topic.ends_with(captured);
        match (is_longer, captured.strip_suffix(last)) {
            (false, _) => captured,
            (true, Some(_)) if !captured.is_empty() => {
                // The capture ends where the topic does: it begins where the node begins.
                let skipped = topic.len() - captured.len();
                node.get(skipped..).filter(|node| !node.is_empty()).unwrap_or(node)
            }
            (true, _) => node,
        }
    };
    match last {
        "status" if above == "homeassistant" => Plain::HomeAssistant,
        "status" => Plain::Status { node: node_of(above) },
        "debug" => Plain::Log,
        "command" | "set" => Plain::Command,
        "state" => {
            let mut levels = above.rsplitn(3, '/');
            match (levels.next(), levels.next(), levels.next()) {
                (Some(object), Some(component), Some(node)) => {
                    Plain::State { node: node_of(node), component, object }
                }
                _ => Plain::Unknown,
            }
        }
        _ => Plain::Unknown,
    }
}

/// The row of the table that an entity is read by; empty if none fits. The operator may name the
/// whole object id; two words at its end tell more than the class, one tells less.
pub(super) fn key(
    keys: &Vocabulary,
    component: &str,
    object: &str,
    draft: &Draft,
    path: &str,
) -> String {
    let object = object.to_ascii_lowercase().replace('-', "_");
    let stem = object.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    let mut words = stem.rsplit('_');
    let (last, before) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let both = format!("{before}_{last}");
    let is_diagnostic = draft.category.as_deref() == Some("diagnostic");
    let class = match draft.class.as_deref() {
        Some("voltage") if is_diagnostic || draft.unit.as_deref() == Some("mV") => {
            "voltage_diagnostic"
        }
        Some(class) => class,
        None => "",
    };
    let place = path.rsplit('/').next().unwrap_or_default();
    let is_plain = matches!(component, "switch" | "light" | "lock" | "event");
    // One word alone says less than the class.
    let (long, short) = if before.is_empty() { ("", &*object) } else { (&*object, "") };
    let long_stem = if before.is_empty() { "" } else { stem };
    let tries = [long, long_stem, &both, class, short, place, last];
    let named = tries.into_iter().filter(|word| !word.is_empty());
    let mut rows = named.chain(is_plain.then_some("")).map(|word| format!("{component}/{word}"));
    rows.find(|row| keys.find(row).is_some()).unwrap_or_default()
}

/// Which of several: the number at the end of an object id.
pub(super) fn channel(object: &str) -> u16 {
    let stem = object.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let (before, digits) = object.split_at_checked(stem.len()).unwrap_or_default();
    // `pm25` is a word.
    if before.ends_with(['_', '-']) { digits.parse().unwrap_or(0) } else { 0 }
}
