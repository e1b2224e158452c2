//! Keys of devices that have several of a kind: `power_l2`, `temperature_2`, `contact_left`.

/// Names of parts, and the channels they are. No device has two of one number.
const PARTS: [(&str, u16); 11] = [
    ("left", 1),
    ("right", 2),
    ("center", 3),
    ("top", 4),
    ("bottom", 5),
    ("middle", 6),
    ("probe", 7),
    ("a", 1),
    ("b", 2),
    ("c", 3),
    ("d", 4),
];

/// A key apart into its stem and its channel, counted from 1.
pub(super) fn split(key: &str) -> Option<(&str, u16)> {
    let (stem, part) = key.rsplit_once('_')?;
    match PARTS.iter().find(|(name, _)| *name == part) {
        // Phases of a three-phase meter.
        Some((_, channel)) => Some((stem.strip_suffix("_phase").unwrap_or(stem), *channel)),
        None => Some((stem, number(part.strip_prefix('l').unwrap_or(part))?)),
    }
}

fn number(digits: &str) -> Option<u16> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    is_plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_in_a_number_or_the_name_of_a_part() {
        for (key, expected) in [
            ("power_l2", Some(("power", 2))),
            ("temperature_2", Some(("temperature", 2))),
            ("motion_state_10", Some(("motion_state", 10))),
            ("contact_left", Some(("contact", 1))),
            ("contact_right", Some(("contact", 2))),
            ("contact_center", Some(("contact", 3))),
            ("temperature_probe", Some(("temperature", 7))),
            ("power_b", Some(("power", 2))),
            ("power_phase_c", Some(("power", 3))),
            ("power_65535", Some(("power", 65_535))),
            ("power_65536", None),
            ("power_0", None),
            ("power_02", None),
            ("power_+2", None),
            ("power_l", None),
            ("power_", None),
            ("power_ll2", None),
            ("power2", None),
            ("power_outage_count", None),
            ("", None),
        ] {
            assert_eq!(split(key), expected, "{key}");
        }
    }
}
