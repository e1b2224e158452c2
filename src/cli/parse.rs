//! Values on the command line.

use std::time::Duration;

use jiff::SignedDuration;

/// A length of time with its unit: 30s, 10m, 1h 30m.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let span: SignedDuration =
        text.parse().map_err(|_| "a time with its unit, such as 30s, 10m or 2h".to_owned())?;
    Duration::try_from(span).map_err(|_| "a time that is not negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_need_a_unit_and_no_sign() {
        assert_eq!(span("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(span("1h 30m"), Ok(Duration::from_mins(90)));
        for wrong in ["30", "", "-5s", "soon"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
