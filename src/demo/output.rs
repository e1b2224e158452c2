//! Text for a reader who may be slow or gone: the demo never waits for it.

use std::{
    io::{self, ErrorKind, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    thread,
    time::Duration,
};

/// Pieces that wait for the reader; beyond it they are left out, and counted.
const WAITING: usize = 1_024;

/// Writes on a thread of its own, a piece a flush.
pub struct Output {
    piece: Vec<u8>,
    pieces: SyncSender<Vec<u8>>,
    ended: Receiver<io::Result<()>>,
    left_out: u64,
}

impl Output {
    /// Begins to write to `out`.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (pieces, waiting) = sync_channel::<Vec<u8>>(WAITING);
        let (end, ended) = sync_channel(1);
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            let written = waiting.iter().try_for_each(|piece| {
                out.write_all(&piece)?;
                out.flush()
            });
            // Nobody waits for it any more when the demo has given up on its reader.
            drop(end.try_send(written));
        })?;
        Ok(Self { piece: Vec::new(), pieces, ended, left_out: 0 })
    }

    /// Waits until everything is written, but no longer than this.
    ///
    /// # Errors
    /// When it could not be written; not when the reader does not read.
    pub fn finish(self, patience: Duration) -> io::Result<()> {
        let Self { pieces, ended, .. } = self;
        drop(pieces);
        match ended.recv_timeout(patience) {
            Ok(written) => written,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut piece = std::mem::take(&mut self.piece);
        if piece.is_empty() {
            return Ok(());
        }
        if self.left_out > 0 {
            let note = format!("({} lines left out: nobody read them)\n", self.left_out);
            piece.splice(0..0, note.into_bytes());
        }
        match self.pieces.try_send(piece) {
            Ok(()) => {
                self.left_out = 0;
                Ok(())
            }
            Err(TrySendError::Full(_)) => {
                self.left_out += 1;
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => match self.ended.try_recv() {
                Ok(Err(error)) => Err(error),
                Ok(Ok(())) | Err(_) => Err(ErrorKind::BrokenPipe.into()),
            },
        }
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("left_out", &self.left_out).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Takes pieces when allowed to.
    #[derive(Clone, Default)]
    struct Reader {
        closed: Arc<Mutex<()>>,
        read: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            drop(self.closed.lock().unwrap());
            self.read.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_does_not_read_holds_nothing_up() {
        let reader = Reader::default();
        let closed = Arc::clone(&reader.closed);
        let shut = closed.lock().unwrap();
        let mut output = Output::start(reader.clone()).unwrap();
        for number in 0..3 * WAITING {
            writeln!(output, "line {number}").unwrap();
            output.flush().unwrap();
        }
        assert!(output.left_out > 0);
        drop(shut);
        let mut written = 3 * WAITING;
        // The first that finds room says how many are missing.
        while output.left_out > 0 {
            writeln!(output, "again").unwrap();
            output.flush().unwrap();
            written += 1;
        }
        output.finish(Duration::from_mins(1)).unwrap();
        let read = String::from_utf8(reader.read.lock().unwrap().clone()).unwrap();
        assert!(read.starts_with("line 0\nline 1\n"), "{read}");
        let (notes, lines): (Vec<&str>, Vec<&str>) =
            read.lines().partition(|line| line.starts_with('('));
        let count = |note: &&str| -> usize {
            note.trim_matches('(').split(' ').next().unwrap().parse().unwrap()
        };
        let left_out: usize = notes.iter().map(count).sum();
        assert_eq!(lines.len() + left_out, written, "{notes:?}");
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut output = Output::start(Gone).unwrap();
        let error = loop {
            writeln!(output, "line").unwrap();
            if let Err(error) = output.flush() {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
