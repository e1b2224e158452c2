//! How sizes, times and places of a spool are written.

use jiff::Timestamp;

use crate::{model::UnixMicros, spool::inspect::LogFolder};

/// `link north, readings`.
pub(super) fn name(log: &LogFolder) -> String {
    format!("link {}, {}", log.link, log.lane.label())
}

/// `700 B`, `4.2 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, factor) in UNITS {
        if bytes >= factor {
            let tenths = u128::from(bytes) * 10 / u128::from(factor);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

/// RFC 3339 in UTC; nothing for a time that is none.
pub(super) fn time(at: UnixMicros) -> Option<String> {
    Timestamp::from_microsecond(at.0).ok().map(|at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let sizes = [0, 1023, 1024, 4_404_019, 16 << 30].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "4.1 MiB", "16.0 GiB"]);
    }

    #[test]
    fn times_are_utc() {
        let at = time(UnixMicros(1_763_820_000_250_000));
        assert_eq!(at.as_deref(), Some("2025-11-22T14:00:00.25Z"));
        assert_eq!(time(UnixMicros(i64::MAX)), None);
    }
}
