//! Walks through the frames of one segment, over whatever lies between them.

use std::io;

use super::{
    disk::Disk,
    frame::{self, Header, Seed},
    orders::HEADER_BYTES,
};

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;
/// The unit in which a medium fails.
const SECTOR: usize = 4096;
/// No record is smaller, so a stretch of bad bytes holds at most so many.
const FRAME_MIN: u64 = HEADER_BYTES as u64 + 1;

/// What lies next in the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole record, header and body checked.
    Record {
        /// Its header.
        header: Header,
        /// Where it begins.
        offset: u64,
    },
    /// A frame without a body.
    Bare(Header),
    /// A header whose body is not the one that was written.
    BadBody {
        /// The header.
        header: Header,
        /// Where it begins.
        offset: u64,
    },
    /// Bytes that are no frame.
    Hole {
        /// Where they begin.
        offset: u64,
        /// Where the next header begins, or the file ends.
        end: u64,
    },
    /// Nothing more.
    End {
        /// Where.
        offset: u64,
    },
}

/// A walk through one segment.
#[derive(Debug)]
pub(super) struct Scan<'a, D: Disk> {
    disk: &'a D,
    file: &'a D::File,
    seed: Seed,
    /// Records below this cannot come any more.
    expected: u64,
    /// Length of the file.
    length: u64,
    /// Where `piece` begins.
    base: u64,
    piece: Vec<u8>,
    /// Next frame in `piece`.
    at: usize,
    /// The frame found last.
    frame: std::ops::Range<usize>,
    /// Whether sectors that cannot be read are taken for zeros.
    is_lenient: bool,
}

impl<'a, D: Disk> Scan<'a, D> {
    /// Begins at `offset`, where the record `expected` should be.
    pub(super) fn new(
        disk: &'a D,
        file: &'a D::File,
        seed: Seed,
        offset: u64,
        expected: u64,
    ) -> io::Result<Self> {
        Ok(Self {
            disk,
            file,
            seed,
            expected,
            length: disk.length(file)?,
            base: offset,
            piece: Vec::new(),
            at: 0,
            frame: 0..0,
            is_lenient: false,
        })
    }

    /// Takes sectors that cannot be read for zeros, which are no frames.
    pub(super) fn leniently(mut self) -> Self {
        self.is_lenient = true;
        self
    }

    /// Stops before this offset.
    pub(super) fn up_to(mut self, length: u64) -> Self {
        self.length = self.length.min(length);
        self
    }

    /// Header and body of the frame found last.
    pub(super) fn frame(&self) -> &[u8] {
        self.piece.get(self.frame.clone()).unwrap_or_default()
    }

    /// Where the next frame begins.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// What lies next.
    pub(super) fn next(&mut self) -> io::Result<Found> {
        let offset = self.offset();
        if offset >= self.length {
            return Ok(Found::End { offset });
        }
        self.fetch(HEADER_BYTES)?;
        let Some(header) = self.header_at(self.at, 0) else {
            return self.hole(offset);
        };
        if header.frame_bytes() > self.length - offset {
            // Its end is missing, and so is everything behind it.
            return self.hole(offset);
        }
        let bytes = usize::try_from(header.frame_bytes()).unwrap_or(usize::MAX);
        self.fetch(bytes)?;
        self.frame = self.at..self.at + bytes;
        let is_whole = header.fits(self.frame().get(HEADER_BYTES..).unwrap_or_default());
        self.at += bytes;
        if header.is_bare() {
            self.expected = header.sequence;
            return Ok(Found::Bare(header));
        }
        self.expected = header.sequence.saturating_add(1);
        Ok(if is_whole {
            Found::Record { header, offset }
        } else {
            Found::BadBody { header, offset }
        })
    }

    /// A header that can stand here after so many bad bytes.
    fn header_at(&self, at: usize, hole: u64) -> Option<Header> {
        let header = Header::parse(self.piece.get(at..)?, self.seed)?;
        let missing = header.sequence.checked_sub(self.expected)?;
        (missing <= hole / FRAME_MIN).then_some(header)
    }

    /// Looks for the next header.
    fn hole(&mut self, offset: u64) -> io::Result<Found> {
        self.at += 1;
        loop {
            self.fetch(HEADER_BYTES)?;
            while let Some(at) = frame::next_mark(&self.piece, self.at) {
                self.at = at;
                if self.piece.len() - at < HEADER_BYTES {
                    break;
                }
                let end = self.offset();
                let fits = |header: &Header| header.frame_bytes() <= self.length - end;
                if let Some(header) = self.header_at(at, end - offset).filter(fits) {
                    self.expected = header.sequence;
                    return Ok(Found::Hole { offset, end });
                }
                self.at += 1;
            }
            let end = self.base + self.piece.len() as u64;
            if end >= self.length {
                self.at = self.piece.len();
                return Ok(Found::Hole { offset, end: self.length });
            }
            // A mark may lie across the end of the piece.
            self.at = self.at.max(self.piece.len().saturating_sub(HEADER_BYTES - 1));
        }
    }

    /// Makes `bytes` bytes from `at` on available, if the file has so many.
    fn fetch(&mut self, bytes: usize) -> io::Result<()> {
        if self.piece.len().saturating_sub(self.at) >= bytes {
            return Ok(());
        }
        self.piece.drain(..self.at.min(self.piece.len()));
        self.base += self.at as u64;
        self.at = 0;
        self.frame = 0..0;
        let old = self.piece.len();
        let from = self.base + old as u64;
        let left = usize::try_from(self.length.saturating_sub(from)).unwrap_or(usize::MAX);
        let wanted = (bytes.max(PIECE) - old).min(left);
        self.piece.resize(old + wanted, 0);
        let into = self.piece.get_mut(old..).unwrap_or_default();
        let count = match self.disk.read_at(self.file, into, from) {
            Err(_) if self.is_lenient => {
                for (sector, offset) in into.chunks_mut(SECTOR).zip((from..).step_by(SECTOR)) {
                    if self.disk.read_at(self.file, sector, offset).is_err() {
                        sector.fill(0);
                    }
                }
                wanted
            }
            other => other?,
        };
        if count < wanted {
            // Cut off under our hands.
            self.piece.truncate(old + count);
            self.length = self.base + self.piece.len() as u64;
        }
        Ok(())
    }
}
