use std::time::Duration;

use super::*;
use crate::{model::UnixMicros, telemetry::health::SpoolState};

#[test]
fn the_page_of_metrics_lists_exactly_the_metrics_of_the_code() {
    let page = include_str!("../../../docs/metrics.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `trygg_")).collect();
    assert_eq!(rows.len(), CATALOGUE.len());
    for (metric, row) in CATALOGUE.iter().zip(rows) {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<String> = metric.labels.iter().map(|name| format!("`{name}`")).collect();
        let expected =
            format!("| `{}` | {kind} | {} | {} |", metric.name, labels.join(", "), metric.help);
        assert_eq!(row, expected);
    }
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    for metric in CATALOGUE {
        assert!(metric.name.starts_with("trygg_"), "{}", metric.name);
        let total = metric.name.ends_with("_total");
        assert_eq!(total, metric.kind == Kind::Counter, "{}", metric.name);
    }
}

#[test]
fn a_rendered_histogram_has_exact_counts_and_sum() {
    let metrics = Metrics::new();
    let mut local = Histogram::new(catalogue::LATENCY);
    for micros in [500, 700, 3_000, 400_000_000] {
        local.record(micros);
    }
    let text = metrics.render(|to| {
        to.histogram(&catalogue::ACKNOWLEDGE, &[("link", "a".to_owned())], &local.take());
    });
    assert!(text.contains(r#"trygg_acknowledge_seconds_bucket{link="a",le="0.001"} 2"#), "{text}");
    assert!(text.contains(r#"trygg_acknowledge_seconds_bucket{link="a",le="0.005"} 3"#), "{text}");
    assert!(text.contains(r#"trygg_acknowledge_seconds_count{link="a"} 4"#), "{text}");
    assert!(text.contains(r#"trygg_acknowledge_seconds_sum{link="a"} 400.0042"#), "{text}");
    let again = metrics.render(|to| {
        to.histogram(&catalogue::ACKNOWLEDGE, &[("link", "a".to_owned())], &local.take());
    });
    assert!(again.contains(r#"trygg_acknowledge_seconds_count{link="a"} 4"#), "counted once only");
}

#[test]
fn an_imbalance_is_visible() {
    let balanced = Ledger {
        received: [2, 3],
        settled: [1, 1],
        shed: [1, 0],
        orphaned: [0, 1],
        in_flight: [0, 1],
        decoded: 4,
        delivered: 3,
        readings_in_flight: 1,
        ..Ledger::default()
    };
    assert_eq!((balanced.message_imbalance(), balanced.reading_imbalance()), (0, 0));
    let missing = Ledger { settled: [1, 0], delivered: 2, ..balanced };
    assert_eq!((missing.message_imbalance(), missing.reading_imbalance()), (1, 1));
}

#[test]
fn the_figures_of_the_spool_are_shown_with_their_difference() {
    let waiting = |waiting, bytes| SpoolLane { bytes, waiting, oldest: None };
    let mut figures = SpoolFigures {
        lanes: [waiting(5, 700), waiting(1, 80), SpoolLane::default()],
        state: SpoolState::Spooling,
        limit_bytes: 1024,
        books: SpoolBooks { recovered: 4, appended: 9, delivered: 6, damaged: 1 },
        drained: 8,
        ..SpoolFigures::default()
    };
    figures.lanes[0].oldest = Some(UnixMicros(1_000_000));
    figures.fsync.record(700);
    let now = UnixMicros(91_000_000);
    let render = |figures: &SpoolFigures| Metrics::new().render(|to| figures.publish(to, now));
    let text = render(&figures);
    for line in [
        "trygg_spool_bytes{lane=\"readings\"} 700",
        "trygg_spool_records{lane=\"alerts\"} 1",
        "trygg_spool_oldest_record_age_seconds{lane=\"readings\"} 90",
        "trygg_spool_oldest_record_age_seconds{lane=\"dead_letters\"} 0",
        "trygg_spool_state{state=\"spooling\"} 1",
        "trygg_spool_state{state=\"full\"} 0",
        "trygg_spool_limit_bytes 1024",
        "trygg_spool_time_to_full_seconds inf",
        "trygg_spool_drained_records_total 8",
        "trygg_spool_fsync_seconds_bucket{le=\"0.001\"} 1",
        "trygg_spool_bookkeeping_error_records 0",
    ] {
        assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
    }
    figures.books.delivered = 5;
    figures.time_to_full = Some(Duration::from_secs(90));
    let text = render(&figures);
    assert!(text.contains("\ntrygg_spool_bookkeeping_error_records 1\n"), "{text}");
    assert!(text.contains("\ntrygg_spool_time_to_full_seconds 90\n"), "{text}");
}

#[test]
fn spooled_readings_are_accounted_for() {
    let ledger = Ledger { decoded: 3, delivered: 1, spooled: 2, ..Ledger::default() };
    assert_eq!(ledger.reading_imbalance(), 0);
    let sum: Ledger = [&ledger, &ledger].into_iter().sum();
    assert_eq!((sum.spooled, sum.reading_imbalance()), (4, 0));
}
