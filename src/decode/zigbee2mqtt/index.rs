//! Keys to what is known of them: a look-up is one multiplication and one comparison.

/// A table for keys that are known beforehand. A seed is looked for under which no two want the same
/// place; keys that no seed tells apart stand one behind the other. Nothing from the network is
/// ever put in.
#[derive(Clone, Debug)]
pub(super) struct Index<T> {
    /// A power of two, and several times the number of keys.
    places: Vec<Option<(Box<str>, T)>>,
    seed: u32,
    /// How many bits of a product are not of the place.
    shift: u32,
}

/// Seeds that are tried before the table is made larger.
const SEEDS: u32 = 4_096;

/// Bits of a place: of the smallest table, and of the largest that is made to keep keys apart.
const BITS: u32 = 8;
const BITS_MAX: u32 = 14;

impl<T> Index<T> {
    pub(super) fn new(keys: Vec<(Box<str>, T)>) -> Self {
        let mut signatures: Vec<u32> = keys.iter().map(|(key, _)| signature(key)).collect();
        signatures.sort_unstable();
        signatures.dedup();
        // Never more than half full, or looking for a free place takes long.
        let least = usize::BITS - keys.len().saturating_mul(2).leading_zeros();
        let bits = BITS.max(least)..=BITS_MAX.max(least);
        let seeds = bits.flat_map(|bits| (1..SEEDS).map(move |seed| (bits, 2 * seed + 1)));
        let (bits, seed) = seeds
            .clone()
            .find(|(bits, seed)| tells_apart(&signatures, *bits, *seed))
            .or_else(|| seeds.last())
            .unwrap_or((least, 1));
        let places = std::iter::repeat_with(|| None).take(1 << bits).collect();
        let mut index = Self { places, seed, shift: u32::BITS - bits };
        for (key, value) in keys {
            index.put(key, value);
        }
        index
    }

    fn put(&mut self, key: Box<str>, value: T) {
        let first = self.place(&key);
        let (before, from) = self.places.split_at_mut(first);
        if let Some(free) = from.iter_mut().chain(before).find(|place| place.is_none()) {
            *free = Some((key, value));
        }
    }

    #[inline]
    pub(super) fn find(&self, key: &str) -> Option<&T> {
        let first = self.place(key);
        let (known, value) = self.places.get(first)?.as_ref()?;
        if **known == *key { Some(value) } else { self.find_behind(first, key) }
    }

    /// Looks on up to the first free place.
    #[cold]
    fn find_behind(&self, first: usize, key: &str) -> Option<&T> {
        let (before, from) = self.places.split_at_checked(first)?;
        let taken = from.iter().chain(before).map_while(Option::as_ref);
        taken.skip(1).find(|(known, _)| **known == *key).map(|(_, value)| value)
    }

    #[inline]
    fn place(&self, key: &str) -> usize {
        place(signature(key), self.seed, self.shift)
    }
}

/// Length and three letters tell most keys apart.
#[inline]
fn signature(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let letter = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    let middle = letter(bytes.len() / 2);
    let last = letter(bytes.len().saturating_sub(1));
    u32::from_le_bytes([length, letter(0), middle, last])
}

#[inline]
fn place(signature: u32, seed: u32, shift: u32) -> usize {
    usize::try_from(signature.wrapping_mul(seed) >> shift).unwrap_or_default()
}

fn tells_apart(signatures: &[u32], bits: u32, seed: u32) -> bool {
    let mut taken = vec![false; 1 << bits];
    signatures.iter().all(|signature| {
        let place = place(*signature, seed, u32::BITS - bits);
        taken.get_mut(place).is_some_and(|taken| !std::mem::replace(taken, true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(keys: &[String]) -> Index<usize> {
        Index::new((0..).zip(keys).map(|(number, key)| (key.as_str().into(), number)).collect())
    }

    #[test]
    fn every_key_is_found_and_no_other() {
        let many = |count: u32| (0..count).map(|number| format!("key_{number}")).collect();
        let alike = (10..60).map(|number| format!("a{number}bcbz")).collect();
        let of_one = vec![String::new()];
        for keys in [Vec::new(), of_one, many(50), many(5_000), alike] {
            let index = index(&keys);
            for (number, key) in keys.iter().enumerate() {
                assert_eq!(index.find(key), Some(&number), "{key}");
            }
            for unknown in ["x", "key_", "key_-1", "a00bcbz", &"k".repeat(300)] {
                assert_eq!(index.find(unknown), None, "{unknown}");
            }
            assert!(index.places.len() > keys.len() * 2);
        }
    }

    #[test]
    fn usual_keys_have_places_of_their_own() {
        let keys = ["battery", "linkquality", "contact", "voltage"].map(str::to_owned);
        let index = index(&keys);
        assert_eq!(index.places.len(), 256);
        for key in &keys {
            let (known, _) = index.places[index.place(key)].as_ref().unwrap();
            assert_eq!(**known, **key);
        }
    }
}
