//! Where messages come from, read on a thread of its own: a file may be a pipe that waits.

use std::{
    io::{self, BufRead, Read},
    sync::Arc,
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    Event, Outgoing, Scheduled, Speed,
    record::{self, LINE_BYTES, RecordError, Recorded, Usual},
};
use crate::model::QoS;

/// What a source sends.
pub type Fed = Result<Scheduled, SourceError>;

/// Why something of a source is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A line that is no message.
    #[error("{file}, line {line}: {error}")]
    Line {
        /// As given on the command line.
        file: Arc<str>,
        /// From 1.
        line: u64,
        /// What is wrong with it.
        error: RecordError,
    },
    /// Reading failed.
    #[error("{file}: reading failed after line {line}: {kind}")]
    Read {
        /// As given on the command line.
        file: Arc<str>,
        /// The last one that was read.
        line: u64,
        /// Why.
        kind: io::ErrorKind,
    },
}

/// Messages that wait between a source and the broker.
pub const WAITING_MAX: usize = 256;

/// Sends what homes say, simulated or recorded ones, up to a time of theirs, at a speed. False
/// when nobody takes it any more.
pub fn send_events(
    events: impl Iterator<Item = Event>,
    speed: Speed,
    until: Duration,
    sender: &mpsc::Sender<Fed>,
) -> bool {
    for event in events.take_while(|event| event.at <= until) {
        let Event { at, topic, payload, retain, .. } = event;
        let outgoing = Outgoing { topic, payload, qos: QoS::AtLeastOnce, retain };
        let position = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let scheduled = Scheduled { due: speed.real(at), position, outgoing };
        if sender.blocking_send(Ok(scheduled)).is_err() {
            return false;
        }
    }
    true
}

/// Reads recorded messages one after another.
#[derive(Debug)]
pub struct Recording {
    usual: Usual,
    /// Speed at which recorded times are honoured; `Max` does not look at them.
    speed: Speed,
    /// What the file is called.
    file: Arc<str>,
    line: u64,
    position: u64,
    /// The first moment that was recorded.
    began: Option<Duration>,
    due: Duration,
}

impl Recording {
    /// A recording that is sent at a speed.
    pub fn new(usual: Usual, speed: Speed) -> Self {
        let file = Arc::from("");
        Self { usual, speed, file, line: 0, position: 0, began: None, due: Duration::ZERO }
    }

    /// What the next file is called, for whoever has to look for its mistakes.
    pub fn name(&mut self, file: &str) {
        (self.file, self.line) = (file.into(), 0);
    }

    /// Sends all lines of a file. False when nobody takes them any more.
    pub fn send(&mut self, file: &mut dyn BufRead, sender: &mpsc::Sender<Fed>) -> bool {
        self.line = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = u64::try_from(LINE_BYTES + 1).unwrap_or(u64::MAX);
            let fed = match (&mut *file).take(limit).read_until(b'\n', &mut line) {
                Ok(0) => return true,
                Ok(read) => {
                    self.line += 1;
                    self.position += u64::try_from(read).unwrap_or(0);
                    if line.len() > LINE_BYTES {
                        let error = RecordError::TooLong;
                        // The rest of it is no line of its own.
                        return self.give(Err(error), sender);
                    }
                    let text = line.trim_ascii();
                    if text.is_empty() {
                        continue;
                    }
                    record::parse(text, self.usual)
                }
                Err(error) => return self.fail(&error, sender),
            };
            if !self.give(fed, sender) {
                return false;
            }
        }
    }

    /// Says that a file cannot be read. False when nobody takes anything any more.
    pub fn fail(&mut self, error: &io::Error, sender: &mpsc::Sender<Fed>) -> bool {
        let error =
            SourceError::Read { file: Arc::clone(&self.file), line: self.line, kind: error.kind() };
        sender.blocking_send(Err(error)).is_ok()
    }

    fn give(
        &mut self,
        fed: Result<(Recorded, Outgoing), RecordError>,
        sender: &mpsc::Sender<Fed>,
    ) -> bool {
        let fed = match fed {
            Ok((when, outgoing)) => {
                self.due = self.due(when);
                Ok(Scheduled { due: self.due, position: self.position, outgoing })
            }
            Err(error) => {
                Err(SourceError::Line { file: Arc::clone(&self.file), line: self.line, error })
            }
        };
        sender.blocking_send(fed).is_ok()
    }

    /// A line that does not say its time follows the one before.
    fn due(&mut self, when: Recorded) -> Duration {
        let simulated = match when {
            Recorded::Unknown => return self.due,
            Recorded::Offset(offset) => offset,
            Recorded::At(at) => at.saturating_sub(*self.began.get_or_insert(at)),
        };
        self.speed.real(simulated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::{Homes, Settings};

    fn sent(text: &str, speed: Speed) -> Vec<Fed> {
        let (sender, mut received) = mpsc::channel(64);
        let usual = Usual { qos: QoS::AtLeastOnce, retain: false };
        let mut recording = Recording::new(usual, speed);
        recording.name("monday.jsonl");
        assert!(recording.send(&mut text.as_bytes(), &sender));
        drop(sender);
        std::iter::from_fn(|| received.blocking_recv()).collect()
    }

    #[test]
    fn recorded_times_are_honoured_at_a_speed() {
        let text = "\
            {\"at\":\"2024-11-23T15:00:00Z\",\"topic\":\"t\",\"payload\":1}\n\n\
            {\"topic\":\"t\",\"payload\":2}\n\
            {\"at\":\"2024-11-23T16:00:10+01:00\",\"topic\":\"t\",\"payload\":3}\n\
            {\"offset_s\":30,\"topic\":\"t\",\"payload\":4}";
        let due = |speed| {
            sent(text, speed).iter().map(|fed| fed.as_ref().unwrap().due.as_secs()).collect()
        };
        let at_ten: Vec<u64> = due(Speed::Times(10.0));
        assert_eq!(at_ten, [0, 0, 1, 3]);
        let at_once: Vec<u64> = due(Speed::Max);
        assert_eq!(at_once, [0, 0, 0, 0]);
        let positions: Vec<_> =
            sent(text, Speed::Max).into_iter().map(|fed| fed.unwrap().position).collect();
        assert_eq!(positions.last().copied(), u64::try_from(text.len()).ok());
    }

    #[test]
    fn a_broken_line_is_named_by_its_number_and_the_next_ones_follow() {
        let text = "{\"topic\":\"t\",\"payload\":1}\n\ngeheim\n{\"topic\":\"t\",\"payload\":2}\n";
        let fed = sent(text, Speed::Max);
        let error = RecordError::Shape { column: 1 };
        let file = "monday.jsonl".into();
        assert_eq!(fed[1].as_ref().unwrap_err(), &SourceError::Line { file, line: 3, error });
        assert!(fed[1].as_ref().unwrap_err().to_string().starts_with("monday.jsonl, line 3: "));
        assert!(fed.len() == 3 && fed[2].is_ok());
    }

    #[test]
    fn homes_are_sent_up_to_their_time() {
        let (sender, mut received) = mpsc::channel(1_000);
        let homes = Homes::new(1, &Settings { homes: 1, ..Settings::default() });
        send_events(homes, Speed::Times(60.0), Duration::from_hours(1), &sender);
        drop(sender);
        let fed: Vec<_> =
            std::iter::from_fn(|| received.blocking_recv()).map(Result::unwrap).collect();
        assert!(fed.is_sorted_by_key(|scheduled| scheduled.due));
        let last = fed.last().unwrap();
        assert!((50..=60).contains(&last.due.as_secs()) && last.position > 3_000_000);
    }
}
