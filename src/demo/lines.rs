//! The books and times of the demo as text.

use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};

use super::scene::Happening;
use crate::telemetry::metrics::Ledger;

/// Local time of day of a happening.
pub(super) fn clock(zone: &TimeZone, happening: &Happening) -> String {
    let time = Timestamp::from_microsecond(happening.at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// Writes the books, and whether they balance.
pub(super) fn books(out: &mut dyn Write, published: u64, ledger: &Ledger) -> io::Result<()> {
    let sum = |counts: &[u64; 2]| counts.iter().sum::<u64>();
    let received = sum(&ledger.received);
    let other = sum(&ledger.shed) + sum(&ledger.abandoned) + sum(&ledger.orphaned);
    writeln!(out, "The books")?;
    writeln!(out, "  messages  published by the homes {published}")?;
    writeln!(
        out,
        "            received {received} = acknowledged {} + in flight {}{}",
        sum(&ledger.settled),
        sum(&ledger.in_flight),
        if other == 0 { String::new() } else { format!(" + given back {other}") },
    )?;
    writeln!(
        out,
        "  readings  found {} = in Kafka {} + dead letters {} + in flight {}{}",
        ledger.decoded,
        ledger.delivered,
        ledger.dead_lettered,
        ledger.readings_in_flight,
        match ledger.discarded + ledger.undelivered {
            0 => String::new(),
            others => format!(" + put aside {others}"),
        },
    )?;
    writeln!(out, "{}", verdict(published, ledger))?;
    out.flush()
}

/// Whether the books balance, in a sentence. Others may publish too, so more may be received than
/// the homes have sent.
fn verdict(published: u64, ledger: &Ledger) -> String {
    let received: u64 = ledger.received.iter().sum();
    if ledger.message_imbalance() != 0 || ledger.reading_imbalance() != 0 {
        "The books do NOT balance: this is a bug of trygg's, please report it.".to_owned()
    } else if received < published {
        format!(
            "The books balance. {} messages did not come out of the embedded broker, which \
             keeps only the newest: slow the homes down.",
            published - received
        )
    } else {
        "The books balance: nothing is missing.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_missing_only_when_all_was_received() {
        let ledger = Ledger {
            received: [0, 5],
            settled: [0, 5],
            decoded: 2,
            delivered: 2,
            ..Ledger::default()
        };
        assert_eq!(verdict(5, &ledger), "The books balance: nothing is missing.");
        assert_eq!(verdict(3, &ledger), "The books balance: nothing is missing.");
        assert!(verdict(7, &ledger).contains("2 messages did not come"));
        let lost = Ledger { settled: [0, 4], ..ledger };
        assert!(verdict(5, &lost).contains("do NOT balance"));
    }
}
