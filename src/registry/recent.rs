//! The lines that were found last, at hand before the large index: of that each look-up takes two
//! pages of memory, and a thousand busy devices are more pages than a processor keeps in mind.

/// See the module. Of two lines in one place the newer one counts.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// None until a line is found.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// Low half of the hash.
    hash: u32,
    line: u32,
}

/// A power of two; 64 KiB of them.
const PLACES: usize = 8_192;

const EMPTY: Place = Place { hash: 0, line: u32::MAX };

impl Recent {
    /// The line that was found last under this hash, perhaps: names are compared by who asks.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<u32> {
        let place = self.places.get(position(hash))?;
        (place.hash == low_half(hash)).then_some(place.line)
    }

    /// Notes what the index has found.
    pub(super) fn note(&mut self, hash: u64, line: u32) {
        if self.places.is_empty() {
            self.places.resize(PLACES, EMPTY);
        }
        if let Some(place) = self.places.get_mut(position(hash)) {
            *place = Place { hash: low_half(hash), line };
        }
    }
}

/// From the high half, of which the place says nothing otherwise.
fn position(hash: u64) -> usize {
    usize::try_from(hash >> 32).map_or(0, |high| high % PLACES)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_half(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_of_two_lines_is_kept_and_neither_is_taken_for_the_other() {
        let (first, second) = (7 << 32 | 1, 7 << 32 | 2);
        let mut recent = Recent::default();
        assert_eq!(recent.find(first), None);
        recent.note(first, 10);
        assert_eq!((recent.find(first), recent.find(second)), (Some(10), None));
        recent.note(second, 20);
        assert_eq!((recent.find(first), recent.find(second)), (None, Some(20)));
    }
}
