//! Log lines that are kept for later, while the terminal shows something else.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::{
    Layer, fmt::layer, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

use super::{LogLevel, LoggingError};

/// Lines that are kept; older ones make room.
const LINES: usize = 200;

/// The newest log lines.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    lines: Arc<Mutex<VecDeque<String>>>,
    /// A line whose end has not been written yet.
    begun: Vec<u8>,
}

impl Kept {
    /// Sets up logging for the whole process, into memory.
    pub fn start(level: LogLevel) -> Result<Self, LoggingError> {
        let kept = Self::default();
        let writer = kept.clone();
        let lines = layer().with_ansi(false).with_writer(move || writer.clone());
        registry().with(lines.with_filter(level.0)).try_init().map_err(LoggingError)?;
        Ok(kept)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes them, oldest first.
    pub fn take(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    fn keep(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// A line may come in several calls, and several lines in one.
impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                self.keep(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_and_taken_once() {
        let mut kept = Kept::default();
        for line in 0..LINES + 2 {
            writeln!(kept, "line {line}").unwrap();
        }
        assert_eq!(kept.count(), LINES);
        let lines = kept.take();
        assert_eq!(lines.first().map(String::as_str), Some("line 2"));
        assert_eq!(kept.count(), 0);
    }

    #[test]
    fn a_line_ends_where_its_end_is_written() {
        let mut kept = Kept::default();
        for piece in ["one ", "line\n", "two\nthree", "\n", "and a beginning"] {
            kept.write_all(piece.as_bytes()).unwrap();
        }
        assert_eq!(kept.take(), ["one line", "two", "three"]);
    }
}
