//! The independent reader, `examples/read_readings.py`, as the checker.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::Value;

use super::{kafka::Kafka, process, tools::Tools};

/// One reading as the reader prints it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Reading {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: String,
    pub timestamp_ms: i64,
    pub tenant: String,
    pub home: String,
    pub link: String,
    pub device: String,
    pub room: String,
    pub event_id: String,
    pub basis: String,
    pub clock: String,
    pub sequence: Option<u64>,
    pub received_at_us: i64,
    pub measured_at_us: Option<i64>,
    pub report_flags: Vec<String>,
    pub ordinal: u32,
    pub kind: String,
    pub case: Option<String>,
    pub value: Value,
    pub unit: String,
    pub flags: Vec<String>,
    pub delivered_late: bool,
}

impl Reading {
    /// What identifies a reading downstream.
    pub fn identity(&self) -> (&str, &str, u32) {
        (&self.device, &self.event_id, self.ordinal)
    }

    /// The counter a test device sends as its number.
    pub fn number(&self) -> u64 {
        let number =
            self.value.as_f64().unwrap_or_else(|| panic!("not a number: {:?}", self.value));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count"
        )]
        let count = number as u64;
        count
    }

    /// Is this mark on the message it came in?
    pub fn report_has(&self, flag: &str) -> bool {
        self.report_flags.iter().any(|set| set == flag)
    }
}

/// One dead letter as the reader prints it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct DeadLetter {
    pub partition: i32,
    pub offset: i64,
    pub link: String,
    pub mqtt_topic: String,
    pub reason: String,
    pub detail: String,
    pub format: String,
    /// Hexadecimal.
    pub payload: String,
    pub payload_length: u64,
    pub payload_sha256: String,
    pub truncated: bool,
    pub retained: bool,
    pub qos: u32,
    pub refused: Vec<Refused>,
    pub refused_count: u32,
    pub refused_by: String,
}

/// One refused reading of a dead letter.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Refused {
    pub kind: String,
    pub reason: String,
    pub number: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Reading(Box<Reading>),
    DeadLetter(Box<DeadLetter>),
}

/// Everything read so far.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub readings: Vec<Reading>,
    pub dead_letters: Vec<DeadLetter>,
    ended: bool,
}

/// The reader following topics from their beginning.
pub struct Reader {
    process: Child,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Reader {
    /// Follows `topics` from their beginning.
    pub fn follow(tools: &Tools, kafka: &Kafka, topics: &[&str]) -> Self {
        Self::start(tools, kafka, topics, &[])
    }

    /// Reads what is in `topics` now, then ends.
    pub fn read_all(tools: &Tools, kafka: &Kafka, topics: &[&str]) -> Seen {
        let mut reader = Self::start(tools, kafka, topics, &["--until-end"]);
        reader.wait("the end of the topics", Duration::from_mins(5), |seen| seen.ended);
        assert!(reader.process.wait().expect("wait").success(), "the reader failed");
        reader.seen()
    }

    fn start(tools: &Tools, kafka: &Kafka, topics: &[&str], options: &[&str]) -> Self {
        let mut command = process::command(&tools.python);
        command
            .arg(super::tools::root().join("examples/read_readings.py"))
            .args(["--brokers", &kafka.brokers()])
            .args(topics.iter().flat_map(|topic| ["--topic", topic]))
            .args(options)
            .env("PYTHONPATH", &tools.python_stubs)
            .stdout(Stdio::piped());
        let mut process = process::spawn(command);
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let seen = Arc::new((Mutex::new(Seen::default()), Condvar::new()));
        let collector = Arc::clone(&seen);
        thread::spawn(move || collect(output, &collector));
        Self { process, seen }
    }

    /// A copy of everything read so far.
    pub fn seen(&self) -> Seen {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until what has been read satisfies `enough`.
    pub fn wait(&self, what: &str, limit: Duration, enough: impl Fn(&Seen) -> bool) {
        let (lock, changed) = &*self.seen;
        let started = Instant::now();
        let mut seen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !enough(&seen) {
            let left = limit.saturating_sub(started.elapsed());
            let waiting = !left.is_zero() && !seen.ended;
            assert!(
                waiting,
                "reader: {what}: not so after {limit:?} or at its end; {} readings, {} dead letters",
                seen.readings.len(),
                seen.dead_letters.len()
            );
            seen = changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn collect(output: impl BufRead, seen: &(Mutex<Seen>, Condvar)) {
    let (lock, changed) = seen;
    for line in output.lines().map_while(Result::ok) {
        let line = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("reader printed {line}: {error}"));
        let mut seen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        match line {
            Line::Reading(reading) => seen.readings.push(*reading),
            Line::DeadLetter(letter) => seen.dead_letters.push(*letter),
        }
        changed.notify_all();
    }
    lock.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
    changed.notify_all();
}
