//! Every value of a JSON object that is no object or list itself, each with its path: for formats
//! whose shape is known only roughly. Nothing is kept, so memory is the longest path.

use std::borrow::Cow;

use super::{
    error::DecodeError,
    json_walk::{self, Holder, Listener, Mark},
    scalar::Scalar,
};

/// Bytes of a path that is looked at. What stands deeper is known to no format.
pub(super) const PATH_MAX: usize = 128;

/// The keys and indices that lead to a value.
#[derive(Debug)]
pub(super) struct Path {
    /// Joined by `/`.
    text: String,
    /// Where each of them ends in it, and whether it is an index. In place, since a path is
    /// walked with every message of some formats.
    steps: [(u8, bool); PATH_MAX],
    length: usize,
}

impl Path {
    /// Keys and indices it has.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The key at a level, or the digits of an index; empty below the last.
    pub(super) fn step(&self, level: usize) -> &str {
        let start = level.checked_sub(1).and_then(|above| self.end(above)).map_or(0, |end| end + 1);
        self.end(level).and_then(|end| self.text.get(start..end)).unwrap_or_default()
    }

    /// The index at a level, if it is one.
    pub(super) fn index(&self, level: usize) -> Option<usize> {
        let (_, is_index) = self.taken(level)?;
        if is_index { self.step(level).parse().ok() } else { None }
    }

    fn taken(&self, level: usize) -> Option<(u8, bool)> {
        self.steps.get(level).copied().filter(|_| level < self.length)
    }

    fn end(&self, level: usize) -> Option<usize> {
        self.taken(level).map(|(end, _)| usize::from(end))
    }

    /// All of it, joined by `/`.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What is above a level, joined by `/`.
    pub(super) fn above(&self, level: usize) -> &str {
        let end = level.checked_sub(1).and_then(|last| self.end(last));
        end.and_then(|end| self.text.get(..end)).unwrap_or_default()
    }

    /// Steps down, and says how long the path was. `None`: the path would be longer than any that is known.
    fn push(&mut self, key: &str, is_index: bool) -> Option<Mark> {
        let before = self.text.len();
        let is_below = self.length > 0;
        let end = before + usize::from(is_below) + key.len();
        if end > PATH_MAX {
            return None;
        }
        let step = self.steps.get_mut(self.length)?;
        *step = (u8::try_from(end).ok()?, is_index);
        self.length += 1;
        if is_below {
            self.text.push('/');
        }
        self.text.push_str(key);
        Some(before)
    }

    fn pop(&mut self, before: Mark) {
        self.length = self.length.saturating_sub(1);
        self.text.truncate(before);
    }
}

/// Hands every value of an object to `take`, in the order of the text; the first error ends the
/// walk. Returns how many values, with all that they hold, stand deeper than any path that is
/// looked at.
pub(super) fn walk<'de, F>(text: &'de str, take: F) -> Result<u32, DecodeError>
where
    F: FnMut(&Path, Scalar<'de>) -> Result<(), DecodeError>,
{
    let text_of_path = String::with_capacity(PATH_MAX);
    let path = Path { text: text_of_path, steps: [(0, false); PATH_MAX], length: 0 };
    let values = Values { path, take, deeper: 0 };
    json_walk::walk(text, values).map(|values| values.deeper)
}

struct Values<F> {
    path: Path,
    take: F,
    deeper: u32,
}

const SHAPE: DecodeError = DecodeError::JsonShape { expected: "an object" };

impl<F> Values<F> {
    fn step(&mut self, key: &str, is_index: bool) -> Option<Mark> {
        let before = self.path.push(key, is_index);
        self.deeper = self.deeper.saturating_add(u32::from(before.is_none()));
        before
    }
}

impl<'de, F> Listener<'de> for Values<F>
where
    F: FnMut(&Path, Scalar<'de>) -> Result<(), DecodeError>,
{
    fn key(&mut self, key: Cow<'de, str>) -> Option<Mark> {
        self.step(&key, false)
    }

    fn index(&mut self, index: usize) -> Option<Mark> {
        self.step(decimal(index, &mut [0; 20]), true)
    }

    fn leave(&mut self, before: Mark) {
        self.path.pop(before);
    }

    fn value(&mut self, value: Scalar<'de>) -> Result<(), DecodeError> {
        if self.path.len() == 0 { Err(SHAPE) } else { (self.take)(&self.path, value) }
    }

    fn begin(&mut self, holder: Holder) -> Result<Mark, DecodeError> {
        if self.path.len() == 0 && holder == Holder::List { Err(SHAPE) } else { Ok(0) }
    }

    fn end(&mut self, _: Mark) {}
}

/// A whole number as text, without allocating.
fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &str {
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        length += 1;
        if number == 0 {
            break;
        }
    }
    let (_, written) = digits.split_at(digits.len() - length);
    str::from_utf8(written).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_with_its_path() {
        let mut told = Vec::new();
        let json = r#"{"a":{"b":[1,{"c":null},true],"":"x"},"d":-2.5,"e":[],"f":{}}"#;
        let result = walk(json, |path, scalar| {
            let last = path.len() - 1;
            told.push(format!("{} {:?} {scalar:?}", path.text(), path.index(last)));
            assert_eq!(path.step(last), path.text().rsplit('/').next().unwrap());
            assert_eq!(path.above(1), path.step(0));
            Ok(())
        });
        assert_eq!(result, Ok(0));
        assert_eq!(
            told,
            [
                "a/b/0 Some(0) Unsigned(1)",
                "a/b/1/c None Null",
                "a/b/2 Some(2) Bool(true)",
                "a/ None Text(\"x\")",
                "d None Float(-2.5)",
            ]
        );
    }

    #[test]
    fn keys_without_letters_are_steps_too() {
        let mut told = Vec::new();
        let result = walk(r#"{"":{"a":1,"":{"b/c":2}},"d":[[3]]}"#, |path, _| {
            let steps = (0..=path.len()).map(|level| path.step(level).to_owned());
            told.push((path.text().to_owned(), steps.collect::<Vec<_>>().join("|")));
            assert_eq!((path.index(path.len()), path.above(0)), (None, ""));
            Ok(())
        });
        assert_eq!(result, Ok(0));
        let expected = [("/a", "|a|"), ("//b/c", "||b/c|"), ("d/0/0", "d|0|0|")];
        assert_eq!(told, expected.map(|(text, steps)| (text.to_owned(), steps.to_owned())));
    }

    #[test]
    fn the_first_error_ends_the_walk() {
        let mut seen = 0;
        let error = DecodeError::TooManyReadings { limit: 1 };
        let result = walk(r#"{"a":[1,2,3]}"#, |path, _| {
            seen += 1;
            if path.index(1) == Some(1) { Err(error) } else { Ok(()) }
        });
        assert_eq!((result, seen), (Err(error), 2));
        let cut = walk(r#"{"a":[1,"#, |_, _| Ok(()));
        assert_eq!(cut, Err(DecodeError::Json { line: 1, column: 8 }));
        for other in ["[1]", "[]", "1", "null", "\"a\""] {
            assert_eq!(walk(other, |_, _| Ok(())), Err(SHAPE), "{other}");
        }
    }
}
