//! `trygg simulate --replay DIRECTORY` for each published recording, into the real engine, judged
//! by what the recordings' own files hold.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{process, reader::Seen};

/// Readings of one device and kind, in the order in which they stand in Kafka.
type Streams<'s> = BTreeMap<(&'s str, &'s str), Vec<&'s Value>>;

/// Replays one directory; returns how many messages the broker has acknowledged.
pub fn replay(directory: &Path, port: u16) -> u64 {
    let mut command: Command = process::command(env!("CARGO_BIN_EXE_trygg"));
    let broker = format!("mqtt://127.0.0.1:{port}");
    command.args(["simulate", "--speed", "max", "--output", "json", "--broker", &broker]);
    let Output { status, stdout, stderr } =
        command.arg("--replay").arg(directory).output().expect("trygg");
    assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stderr));
    let summary: Value = serde_json::from_slice(&stdout).expect("a summary");
    assert_eq!(summary["published"], summary["acknowledged"]);
    summary["acknowledged"].as_u64().expect("a count")
}

/// Every line of CASAS is a reading, and each sensor's stand in the order of its lines.
pub fn assert_casas(seen: &Seen, shared: &Path) -> usize {
    let text = fs::read_to_string(shared.join("data/casas-tm000-week/events.tsv")).expect("events");
    let mut expected: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for line in text.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        expected.entry(columns[1]).or_default().push(columns[2] == "ON");
    }
    let found = states(seen, "casas");
    assert_eq!(
        found.keys().copied().collect::<Vec<_>>(),
        expected.keys().copied().collect::<Vec<_>>()
    );
    for (sensor, expected) in &expected {
        assert!(found[sensor] == *expected, "{sensor}: other values, or another order");
    }
    expected.values().map(Vec::len).sum()
}

/// Every span of Ordonez is its beginning and its end, but a flush, which is one event.
pub fn assert_ordonez(seen: &Seen, shared: &Path) -> usize {
    let text = fs::read_to_string(shared.join("data/ordonez-home-a/OrdonezA_Sensors.txt"));
    let text = text.expect("sensors");
    let spans = text.lines().skip(2).filter(|line| !line.trim().is_empty());
    let (flushes, others): (Vec<_>, Vec<_>) = spans.partition(|line| line.contains("Flush"));
    let of_home = seen.readings.iter().filter(|reading| reading.home == "ordonez");
    let count = of_home.clone().count();
    assert_eq!(count, flushes.len() + 2 * others.len());
    let events = of_home.filter(|reading| reading.case.as_deref() == Some("event")).count();
    assert_eq!(events, flushes.len());
    for (sensor, values) in states(seen, "ordonez") {
        let on = values.iter().filter(|on| **on).count();
        assert_eq!(2 * on, values.len(), "{sensor}: as many ends as beginnings");
    }
    count
}

/// Every sample of the wristbands arrived in a series, in order and on time; returns samples.
pub fn assert_wrist(seen: &Seen, shared: &Path) -> BTreeMap<&'static str, usize> {
    const SENSORS: [(&str, &str, u64); 4] = [
        ("ACC.csv.gz", "acceleration", 31_250),
        ("EDA.csv", "electrodermal_activity", 250_000),
        ("TEMP.csv", "skin_temperature", 250_000),
        ("HR.csv", "heart_rate", 1_000_000),
    ];
    let mut samples = BTreeMap::new();
    for wearer in ["S01", "S02", "S03", "S04"] {
        let streams = streams(seen, wearer);
        for (file, kind, period) in SENSORS {
            let path = shared.join("data/wrist-e4").join(wearer).join(file);
            let lines = lines(&path).len() - 2;
            let axes = if kind == "acceleration" { 3 } else { 1 };
            let series: Vec<_> = streams
                .iter()
                .filter(|((_, name), _)| *name == kind)
                .flat_map(|(_, all)| all)
                .collect();
            let count: usize = series.iter().map(|series| values(series)).sum();
            assert_eq!(count, axes * lines, "{wearer} {kind}");
            assert!(series.iter().all(|series| series["period_us"] == period), "{wearer} {kind}");
            let starts = series.iter().map(|series| series["start_us"].as_i64().expect("a start"));
            assert!(starts.is_sorted(), "{wearer} {kind}: out of order");
            *samples.entry(kind).or_default() += count;
        }
        let beats: usize = streams
            .iter()
            .filter(|((_, kind), _)| *kind == "rr_interval")
            .flat_map(|(_, all)| all)
            .map(|series| values(series))
            .sum();
        let path = shared.join("data/wrist-e4").join(wearer).join("IBI.csv");
        assert_eq!(beats, lines(&path).len() - 1, "{wearer} beats");
        *samples.entry("rr_interval").or_default() += beats;
    }
    samples
}

fn values(series: &Value) -> usize {
    series["values"].as_array().map_or(0, Vec::len)
}

fn states<'s>(seen: &'s Seen, home: &str) -> BTreeMap<&'s str, Vec<bool>> {
    let mut states: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for reading in seen.readings.iter().filter(|reading| reading.home == home) {
        if let Some(on) =
            reading.value.as_bool().filter(|_| reading.case.as_deref() == Some("state"))
        {
            states.entry(&reading.device).or_default().push(on);
        }
    }
    states
}

fn streams<'s>(seen: &'s Seen, home: &str) -> Streams<'s> {
    let mut streams = Streams::new();
    for reading in seen.readings.iter().filter(|reading| reading.home == home) {
        if reading.case.as_deref() == Some("series") {
            streams.entry((&reading.device, &reading.kind)).or_default().push(&reading.value);
        }
    }
    streams
}

/// Lines of a file; a packed one is unpacked by its own tool, not by trygg's.
fn lines(path: &Path) -> Vec<String> {
    let text = if path.extension().is_some_and(|end| end == "gz") {
        let unpacked = Command::new("gzip").arg("-dc").arg(path).output().expect("gzip");
        String::from_utf8(unpacked.stdout).expect("text")
    } else {
        fs::read_to_string(path).expect("a file of the recording")
    };
    text.lines().map(str::to_owned).collect()
}
