//! Alert rules and the scrape of `deploy/prometheus`.

use std::{collections::BTreeSet, process::Command};

use super::{
    read, run,
    support::tools::{self, root},
};

fn promtool(arguments: &[&str]) {
    let Some(promtool) = tools::program("PROMTOOL") else { return };
    run(Command::new(promtool).args(arguments).current_dir(root().join("deploy/prometheus")));
}

#[test]
fn the_scrape_and_its_rules_can_be_read() {
    promtool(&["check", "config", "prometheus.yml"]);
}

#[test]
fn the_rules_fire_when_they_should_and_only_then() {
    promtool(&["test", "rules", "trygg.rules.test.yml"]);
}

#[test]
fn every_rule_has_a_test_that_sees_it_fire_and_a_row_in_the_documents() {
    let rules = alerts(&read("deploy/prometheus/trygg.rules.yml"), "- alert: ");
    assert!(rules.len() > 10, "only {} rules were found", rules.len());
    let tests = read("deploy/prometheus/trygg.rules.test.yml");
    let operating = read("docs/operating.md");
    for rule in &rules {
        assert!(
            tests.contains(&format!("\n        alertname: {rule}\n        exp_alerts:")),
            "{rule}"
        );
        assert!(
            operating.contains(&format!("\n| `{rule}` |")),
            "docs/operating.md has no row {rule}"
        );
    }
    let rows = alerts(&operating, "| `Trygg");
    assert_eq!(rows.len(), rules.len(), "docs/operating.md has rows for other rules");
}

#[test]
fn the_rules_ask_for_metrics_that_exist() {
    let metrics = read("docs/metrics.md");
    let rules = read("deploy/prometheus/trygg.rules.yml");
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let asked: BTreeSet<&str> = words.filter(|word| word.starts_with("trygg_")).collect();
    assert!(asked.len() > 10, "only {} metrics were found", asked.len());
    for metric in asked {
        assert!(metrics.contains(&format!("\n| `{metric}` |")), "no metric {metric}");
    }
}

/// What stands behind a mark, once for each line that begins with it.
fn alerts(text: &str, mark: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix(mark));
    lines.map(|rest| rest.trim_end().to_owned()).collect()
}
