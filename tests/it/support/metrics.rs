//! One scrape of `/metrics`, and the ledger that must hold in every one.

use std::collections::BTreeSet;

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: f64,
}

impl Sample {
    /// Value of a label; empty without it.
    pub fn label(&self, key: &str) -> &str {
        self.labels.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }
}

/// All samples of one scrape.
#[derive(Clone, Debug, Default)]
pub struct Scrape(pub Vec<Sample>);

impl Scrape {
    /// Reads Prometheus text.
    pub fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter(|line| !line.starts_with('#') && !line.is_empty())
                .map(sample)
                .collect(),
        )
    }

    /// Sum over all samples of this name that carry all of these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted = |sample: &&Sample| {
            sample.name == name && labels.iter().all(|&(key, value)| sample.label(key) == value)
        };
        self.0.iter().filter(wanted).map(|sample| sample.value).sum()
    }

    /// The sum as a count.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let count = self.sum(name, labels) as u64;
        count
    }

    /// Values this label takes in samples of this name.
    fn values(&self, name: &str, label: &str) -> BTreeSet<&str> {
        self.0
            .iter()
            .filter(|sample| sample.name == name)
            .map(|sample| sample.label(label))
            .collect()
    }

    /// Both identities of the ledger, for every link (and QoS), and the spool's, from the parts, and
    /// the engine's own verdict on them.
    pub fn assert_ledger(&self) {
        const RECEIVED: &str = "trygg_messages_received_total";
        const DECODED: &str = "trygg_readings_decoded_total";
        let verdict = self.sum("trygg_ledger_imbalance", &[]);
        assert!(verdict == 0.0, "trygg_ledger_imbalance is {verdict}");
        for link in self.values(RECEIVED, "link") {
            for qos in self.values(RECEIVED, "qos") {
                let of = |name: &str| self.sum(name, &[("link", link), ("qos", qos)]);
                let parts = [
                    ("settled", of("trygg_messages_settled_total")),
                    ("shed", of("trygg_messages_shed_total")),
                    ("abandoned", of("trygg_messages_abandoned_total")),
                    ("orphaned", of("trygg_messages_orphaned_total")),
                    ("in flight", of("trygg_messages_in_flight")),
                ];
                balance(&format!("messages of link {link}, QoS {qos}"), of(RECEIVED), &parts);
            }
        }
        for link in self.values(DECODED, "link") {
            let of = |name: &str| self.sum(name, &[("link", link)]);
            let parts = [
                ("delivered", of("trygg_readings_delivered_total")),
                ("spooled", of("trygg_readings_spooled_total")),
                ("dead-lettered", of("trygg_readings_dead_lettered_total")),
                ("discarded", of("trygg_readings_discarded_total")),
                ("undelivered", of("trygg_readings_undelivered_total")),
                ("in flight", of("trygg_readings_in_flight")),
            ];
            balance(&format!("readings of link {link}"), of(DECODED), &parts);
        }
        let of = |name: &str| self.sum(name, &[]);
        let parts = [
            ("delivered", of("trygg_spool_delivered_records_total")),
            ("damaged", of("trygg_spool_damaged_records_total")),
            ("waiting", of("trygg_spool_records")),
        ];
        let whole =
            of("trygg_spool_recovered_records_total") + of("trygg_spool_appended_records_total");
        balance("records of the spool", whole, &parts);
        let verdict = of("trygg_spool_bookkeeping_error_records");
        assert!(verdict == 0.0, "trygg_spool_bookkeeping_error_records is {verdict}");
    }
}

fn balance(what: &str, whole: f64, parts: &[(&str, f64)]) {
    let sum: f64 = parts.iter().map(|(_, value)| value).sum();
    assert!(
        (whole - sum).abs() < 0.5,
        "ledger, {what}: {whole} came in, {sum} is accounted for: {parts:?}"
    );
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("not a sample: {line}"));
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}');
    Sample {
        name: name.to_owned(),
        labels: labels
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()))
            .collect(),
        value: value.parse().unwrap_or_else(|_| panic!("not a number: {line}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BALANCED: &str = "# TYPE x counter\n\
        trygg_messages_received_total{link=\"a\",qos=\"1\"} 5\n\
        trygg_messages_settled_total{link=\"a\",qos=\"1\"} 3\n\
        trygg_messages_in_flight{link=\"a\",qos=\"1\"} 2\n\
        trygg_readings_decoded_total{link=\"a\"} 4\n\
        trygg_readings_delivered_total{link=\"a\"} 4\n";

    #[test]
    fn a_balanced_ledger_passes() {
        let scrape = Scrape::parse(BALANCED);
        scrape.assert_ledger();
        assert!((scrape.sum("trygg_messages_settled_total", &[("qos", "1")]) - 3.0).abs() < 0.1);
    }

    #[test]
    #[should_panic(expected = "messages of link a, QoS 1: 5 came in, 4")]
    fn a_missing_increment_is_found() {
        Scrape::parse(&BALANCED.replace("} 3", "} 2")).assert_ledger();
    }
}
