//! Equally spaced samples: what a wearable's accelerometer or pulse sensor sends as one piece.

use std::fmt;

use super::time::UnixMicros;

/// Samples one message may have, all its series together: as many as its limit of 256 KiB would
/// hold if each had four bytes.
pub const SAMPLES_MAX: usize = 64 * 1024;

/// Room for samples that is kept: one large message must not hold memory for ever.
const SAMPLES_KEPT: usize = 4 * 1024;

/// A series of the message at hand. Void once its table is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesIx(u16);

/// The series of one message, in buffers that serve one message after another.
#[derive(Default)]
pub struct SeriesTable {
    heads: Vec<Head>,
    samples: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Head {
    start: UnixMicros,
    period_us: u64,
    /// Where its samples end; they begin where those of the series before end.
    end: usize,
}

/// One series.
#[derive(Clone, Copy, PartialEq)]
pub struct Series<'t> {
    /// Time of the first sample.
    pub start: UnixMicros,
    /// Time between samples. Zero: each sample is itself the time to the next, in its unit, as
    /// with intervals between heart beats.
    pub period_us: u64,
    /// The samples.
    pub samples: &'t [f32],
}

/// No further sample, or series, fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesFull;

impl SeriesTable {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.samples.clear();
        self.samples.shrink_to(SAMPLES_KEPT);
    }

    /// Keeps a sample of the series that [`Self::finish`] will end.
    pub fn push(&mut self, sample: f32) -> Result<(), SeriesFull> {
        if self.samples.len() >= SAMPLES_MAX {
            return Err(SeriesFull);
        }
        self.samples.push(sample);
        Ok(())
    }

    /// Makes a series of the samples kept since the last one ended.
    pub fn finish(&mut self, start: UnixMicros, period_us: u64) -> Result<SeriesIx, SeriesFull> {
        let index = u16::try_from(self.heads.len()).map_err(|_| SeriesFull)?;
        self.heads.push(Head { start, period_us, end: self.samples.len() });
        Ok(SeriesIx(index))
    }

    /// Forgets the samples kept since the last series ended.
    pub fn discard_open(&mut self) {
        self.samples.truncate(self.heads.last().map_or(0, |head| head.end));
    }

    /// The samples of a series, to be brought to another unit in place.
    pub fn samples_mut(&mut self, index: SeriesIx) -> &mut [f32] {
        let range = self.range(index);
        self.samples.get_mut(range).unwrap_or_default()
    }

    /// A series; an empty one for an index that is void.
    pub fn get(&self, index: SeriesIx) -> Series<'_> {
        let head = self.heads.get(usize::from(index.0)).copied();
        let head = head.unwrap_or(Head { start: UnixMicros(0), period_us: 0, end: 0 });
        Series {
            start: head.start,
            period_us: head.period_us,
            samples: self.samples.get(self.range(index)).unwrap_or_default(),
        }
    }

    fn range(&self, index: SeriesIx) -> std::ops::Range<usize> {
        let at = usize::from(index.0);
        let end = |at: usize| self.heads.get(at).map(|head| head.end);
        let start = at.checked_sub(1).and_then(end).unwrap_or(0);
        start..end(at).unwrap_or(start)
    }
}

/// Samples are person data; only amounts are shown.
impl fmt::Debug for SeriesTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeriesTable")
            .field("series", &self.heads.len())
            .field("samples", &self.samples.len())
            .finish_non_exhaustive()
    }
}

/// As above.
impl fmt::Debug for Series<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series").field("samples", &self.samples.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_has_its_own_samples() {
        let mut table = SeriesTable::default();
        for sample in [1.0, 2.0] {
            table.push(sample).unwrap();
        }
        let first = table.finish(UnixMicros(10), 5).unwrap();
        table.push(9.0).unwrap();
        table.discard_open();
        table.push(3.0).unwrap();
        let second = table.finish(UnixMicros(20), 0).unwrap();
        table.samples_mut(first).iter_mut().for_each(|sample| *sample *= 2.0);
        assert_eq!(table.get(first).samples, [2.0, 4.0]);
        assert_eq!(
            (table.get(second).samples, table.get(second).start),
            (&[3.0][..], UnixMicros(20))
        );
        table.clear();
        assert!(table.get(second).samples.is_empty(), "void after clearing");
    }

    #[test]
    fn it_has_a_bound() {
        let mut table = SeriesTable::default();
        for _ in 0..SAMPLES_MAX {
            table.push(0.0).unwrap();
        }
        assert_eq!(table.push(0.0), Err(SeriesFull));
    }
}
