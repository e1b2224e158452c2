//! Values on the command line.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Longest time that is taken: nobody waits longer, and clocks can still count it.
const LONGEST: Duration = Duration::from_hours(10 * 365 * 24);

/// A length of time with its unit: 30s, 10m, 1h 30m, 7d. A day has 24 hours.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let span = text.parse::<Span>().ok();
    let time = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let time = time.ok_or("expected a time with its unit, such as 30s, 10m, 2h or 1d")?;
    let time = Duration::try_from(time).map_err(|_| "expected a time that is not negative")?;
    if time.is_zero() {
        return Err("expected more than no time at all".to_owned());
    }
    if time > LONGEST {
        return Err("expected at most 3650d".to_owned());
    }
    Ok(time)
}

/// A topic that can be published to.
pub(super) fn topic(text: &str) -> Result<String, &'static str> {
    if text.contains(['+', '#']) {
        return Err("+ and # are for subscribers: expected the topic of one message");
    }
    if text.is_empty() || text.len() > 65_535 || text.contains('\0') {
        return Err("expected 1 to 65535 bytes without NUL");
    }
    Ok(text.to_owned())
}

/// Addresses of brokers of Kafka, as librdkafka takes them.
pub(super) fn brokers(text: &str) -> Result<String, &'static str> {
    let is_broker = |broker: &str| {
        let parts = broker.rsplit_once(':');
        parts.is_some_and(|(host, port)| {
            let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
            is_port && !host.is_empty() && !host.contains([' ', '/'])
        })
    };
    let is_list = text.split(',').all(is_broker);
    is_list.then(|| text.to_owned()).ok_or("expected HOST:PORT, or several of them with commas")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_need_a_unit_and_no_sign() {
        for (text, seconds) in [
            ("30s", 30),
            ("10min", 600),
            ("1h 30m", 5_400),
            ("1.5h", 5_400),
            ("7d", 604_800),
            ("3650d", 315_360_000),
        ] {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for (wrong, says) in [
            ("30", "unit"),
            ("", "unit"),
            ("soon", "unit"),
            ("2 months", "unit"),
            ("-5s", "not negative"),
            ("0s", "more than no time"),
            ("3651d", "at most 3650d"),
            ("99999999999999999999h", "unit"),
        ] {
            let refused = span(wrong).unwrap_err();
            assert!(refused.contains(says), "{wrong}: {refused}");
        }
    }

    #[test]
    fn a_topic_of_a_message_is_no_filter() {
        assert_eq!(topic("homes/h/door"), Ok("homes/h/door".to_owned()));
        for (wrong, says) in
            [("a/#", "subscribers"), ("+/b", "subscribers"), ("", "1 to 65535"), ("a\0", "NUL")]
        {
            let refused = topic(wrong).unwrap_err();
            assert!(refused.contains(says), "{wrong}: {refused}");
        }
    }

    #[test]
    fn brokers_have_a_host_and_a_port() {
        for right in ["kafka-1:9092", "a:1,b:2", "[::1]:9092"] {
            assert_eq!(brokers(right), Ok(right.to_owned()));
        }
        for wrong in ["nonsense", "a:0", "a:1,", "a:x", ":9092", "http://a:1", ""] {
            assert!(brokers(wrong).is_err(), "{wrong}");
        }
    }
}
