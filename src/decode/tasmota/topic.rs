//! Topics of Tasmota: prefix, device and what it is about, in an order that each device may have
//! for itself.

/// What a topic is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `LWT`: online or not.
    Will,
    /// `cmnd/...`: said to a device.
    Command,
    /// `tasmota/discovery/...`, `INFO1`: what the device is.
    Description,
    /// An answer: `stat/.../RESULT`.
    Answer,
    /// What the device is like: `STATUS...`, `STATE`.
    Status,
    /// Anything else: what it measured.
    Report,
}

/// Words that are not part of a device's name.
const PREFIXES: [&str; 3] = ["tele", "stat", "cmnd"];

/// What a topic is about, and its last level.
pub(super) fn place(topic: &str) -> (Place, &str) {
    let last = topic.rsplit('/').next().unwrap_or_default();
    let has = |level: &str| topic.split('/').any(|it| it == level);
    let place = if has("cmnd") {
        Place::Command
    } else if topic.starts_with("tasmota/discovery/") || is_numbered(last, "INFO") {
        Place::Description
    } else if last == "LWT" {
        Place::Will
    } else if has("stat") && matches!(last, "RESULT" | "COMMAND") {
        Place::Answer
    } else if last == "STATE" || last == "UPTIME" || last == "LOGGING" || is_status(last) {
        Place::Status
    } else {
        Place::Report
    };
    (place, last)
}

fn is_status(last: &str) -> bool {
    // 8 and 10 hold what `SENSOR` holds.
    is_numbered(last, "STATUS") && !matches!(last, "STATUS8" | "STATUS10")
}

fn is_numbered(last: &str, name: &str) -> bool {
    last.strip_prefix(name).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The device a topic belongs to: what the filter captured, else what is left of the topic
/// without prefix and last level.
pub(super) fn device(topic: &str, captured: &str, last: &str) -> String {
    let mut levels: Vec<&str> = if captured.is_empty() { topic } else { captured }
        .split('/')
        .filter(|level| !level.is_empty())
        .collect();
    let reaches_end = captured.is_empty() || topic.ends_with(captured);
    if reaches_end && levels.len() > 1 && levels.last() == Some(&last) {
        levels.pop();
    }
    if levels.len() > 1 {
        levels.retain(|level| !PREFIXES.contains(level));
    }
    levels.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_in_any_order() {
        for (topic, captured, expected, name) in [
            ("tele/plug7/SENSOR", "plug7", Place::Report, "plug7"),
            ("tele/plug7/SENSOR", "", Place::Report, "plug7"),
            ("plug7/tele/SENSOR", "", Place::Report, "plug7"),
            ("/bridge/898E/tele/SENSOR", "", Place::Report, "bridge/898E"),
            ("homes/7/tele/plug7/SENSOR", "plug7/SENSOR", Place::Report, "plug7"),
            ("plug7/stat/POWER1", "plug7/stat/POWER1", Place::Report, "plug7"),
            ("tele/plug7/LWT", "plug7", Place::Will, "plug7"),
            ("tele/plug7/STATE", "", Place::Status, "plug7"),
            ("stat/plug7/STATUS8", "", Place::Report, "plug7"),
            ("stat/plug7/STATUS10", "", Place::Report, "plug7"),
            ("stat/plug7/STATUS", "", Place::Status, "plug7"),
            ("stat/plug7/STATUS5", "", Place::Status, "plug7"),
            ("stat/plug7/RESULT", "", Place::Answer, "plug7"),
            ("tele/plug7/RESULT", "", Place::Report, "plug7"),
            ("tele/plug7/INFO2", "", Place::Description, "plug7"),
            ("tasmota/discovery/A1B2C3/config", "", Place::Description, "tasmota/discovery/A1B2C3"),
            ("cmnd/plug7/POWER", "", Place::Command, "plug7"),
            ("SENSOR", "", Place::Report, "SENSOR"),
        ] {
            let (place, last) = place(topic);
            assert_eq!(place, expected, "{topic}");
            assert_eq!(device(topic, captured, last), name, "{topic}");
        }
    }
}
