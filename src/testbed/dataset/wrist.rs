//! Empatica E4: a directory a wearer, a file a sensor, each with its beginning and rate on top.
//! The wristband would send what it gathered every ten seconds, each sensor's samples as one.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use super::{DatasetError, Said, WrongLine, text};

/// How much one message holds.
const WINDOW: i64 = 10_000_000;

/// Beats further apart than their interval says were not measured in one go.
const BEAT_GAP: i64 = 2_000;

/// A sensor's file, and what its columns are: kind, unit, and what one is divided by.
const SENSORS: [(&str, &str, &str, f64); 5] = [
    ("ACC.csv", "acceleration", "[g]", 64.0),
    ("BVP.csv", "blood_volume_pulse", "1", 1.0),
    ("EDA.csv", "electrodermal_activity", "uS", 1.0),
    ("TEMP.csv", "skin_temperature", "Cel", 1.0),
    ("HR.csv", "heart_rate", "/min", 1.0),
];

/// Readings of one message.
type Windows = BTreeMap<i64, Vec<Value>>;

/// Adds what one wearer's band would have said.
pub(super) fn read(directory: &Path, said: &mut Vec<Said>) -> Result<(), DatasetError> {
    let mut windows = Windows::new();
    for (name, kind, unit, divisor) in SENSORS {
        with_file(directory, name, |text| {
            sensor(text, &Channel { kind, unit, divisor }, &mut windows)
        })?;
    }
    with_file(directory, "IBI.csv", |text| beats(text, &mut windows))?;
    with_file(directory, "tags.csv", |text| tags(text, &mut windows))?;
    let wearer = directory.file_name().unwrap_or_default().to_string_lossy();
    said.extend(windows.into_iter().map(|(window, readings)| Said {
        at: (window + 1) * WINDOW,
        topic: format!("homes/{wearer}/json/wristband"),
        payload: json!({ "readings": readings }).to_string(),
    }));
    Ok(())
}

/// Reads a file, packed or not, if it is there.
fn with_file(
    directory: &Path,
    name: &str,
    read: impl FnOnce(&str) -> Result<(), WrongLine>,
) -> Result<(), DatasetError> {
    let plain = directory.join(name);
    let packed = directory.join(format!("{name}.gz"));
    let Some(file) = [plain, packed].into_iter().find(|file| file.is_file()) else {
        return Ok(());
    };
    read(&text(&file)?).map_err(|line| line.of(&file))
}

struct Channel {
    kind: &'static str,
    unit: &'static str,
    divisor: f64,
}

/// Samples at a rate: first line the beginning, second the rate, a column each axis.
fn sensor(text: &str, channel: &Channel, windows: &mut Windows) -> Result<(), WrongLine> {
    let mut lines = text.lines();
    let mut head = |number| {
        let first = lines.next().and_then(|line| line.split(',').next());
        first.and_then(|first| first.trim().parse::<f64>().ok()).ok_or(WrongLine(number))
    };
    let (start, rate) = (micros(head(1)?), head(2)?);
    let period = micros(1.0 / rate);
    if period <= 0 {
        return Err(WrongLine(2));
    }
    let mut axes: Vec<Vec<f64>> = Vec::new();
    let mut began = start;
    let mut end = start;
    for (number, line) in lines.enumerate() {
        if !axes.is_empty() && end.div_euclid(WINDOW) != began.div_euclid(WINDOW) {
            close(&mut axes, channel, (began, period), windows);
            began = end;
        }
        for (axis, value) in line.split(',').enumerate() {
            let value: f64 = value.trim().parse().map_err(|_| WrongLine(number + 3))?;
            match axes.get_mut(axis) {
                Some(samples) => samples.push(value / channel.divisor),
                None => axes.push(vec![value / channel.divisor]),
            }
        }
        end += period;
    }
    close(&mut axes, channel, (began, period), windows);
    Ok(())
}

/// Ends the series of a window.
fn close(
    axes: &mut Vec<Vec<f64>>,
    channel: &Channel,
    (began, period): (i64, i64),
    windows: &mut Windows,
) {
    let several = axes.len() > 1;
    for (axis, samples) in std::mem::take(axes).into_iter().enumerate() {
        let mut reading = json!({
            "kind": channel.kind,
            "unit": channel.unit,
            "series": { "start": began, "period_us": period, "values": samples },
        });
        if let (true, Some(reading)) = (several, reading.as_object_mut()) {
            reading.insert("channel".to_owned(), json!(axis + 1));
        }
        windows.entry(began.div_euclid(WINDOW)).or_default().push(reading);
    }
}

/// Intervals between beats: when each was found, and how long after the one before. What follows
/// without a gap is one series.
fn beats(text: &str, windows: &mut Windows) -> Result<(), WrongLine> {
    let mut lines = text.lines();
    let start = lines.next().and_then(|line| line.split(',').next()?.trim().parse().ok());
    let start = micros(start.ok_or(WrongLine(1))?);
    let mut intervals: Vec<f64> = Vec::new();
    let (mut began, mut last) = (0_i64, 0_i64);
    let mut close = |intervals: &mut Vec<f64>, began: i64| {
        if !intervals.is_empty() {
            let reading = json!({
                "kind": "rr_interval",
                "unit": "s",
                "series": { "start": began, "period_us": 0, "values": std::mem::take(intervals) },
            });
            windows.entry(began.div_euclid(WINDOW)).or_default().push(reading);
        }
    };
    for (number, line) in lines.enumerate() {
        let beat = line.split_once(',').and_then(|(offset, interval)| {
            Some((offset.trim().parse::<f64>().ok()?, interval.trim().parse::<f64>().ok()?))
        });
        let (offset, interval) = beat.ok_or(WrongLine(number + 2))?;
        let at = start + micros(offset);
        let before = at - micros(interval);
        let is_next = (before - last).abs() <= BEAT_GAP;
        if !is_next || before.div_euclid(WINDOW) != began.div_euclid(WINDOW) {
            close(&mut intervals, began);
            began = before;
        }
        intervals.push(interval);
        last = at;
    }
    close(&mut intervals, began);
    Ok(())
}

/// Presses of the band's button.
fn tags(text: &str, windows: &mut Windows) -> Result<(), WrongLine> {
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = micros(line.trim().parse().map_err(|_| WrongLine(number + 1))?);
        let reading = json!({ "kind": "button_press", "value": "single", "time": at });
        windows.entry(at.div_euclid(WINDOW)).or_default().push(reading);
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; times are of this century")]
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}
