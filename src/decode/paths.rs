//! Every value of a JSON object that is no object or list itself, each with its path: for formats
//! whose shape is known only roughly. Nothing is kept, so memory is the longest path.

use std::borrow::Cow;

use super::{
    error::DecodeError,
    json_walk::{self, Holder, Listener},
    scalar::Scalar,
};

/// Bytes of a path that is looked at. What stands deeper is known to no format.
pub(super) const PATH_MAX: usize = 128;

/// Levels most paths have at most.
const LEVELS: usize = 8;

/// The keys and indices that lead to a value.
#[derive(Debug)]
pub(super) struct Path {
    /// Joined by `/`.
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    start: usize,
    end: usize,
    index: Option<usize>,
}

impl Path {
    /// Keys and indices it has.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The key at a level, or the digits of an index; empty below the last.
    pub(super) fn step(&self, level: usize) -> &str {
        let step = self.steps.get(level);
        step.and_then(|step| self.text.get(step.start..step.end)).unwrap_or_default()
    }

    /// The index at a level, if it is one.
    pub(super) fn index(&self, level: usize) -> Option<usize> {
        self.steps.get(level)?.index
    }

    /// All of it, joined by `/`.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What is above a level, joined by `/`.
    pub(super) fn above(&self, level: usize) -> &str {
        let end = level.checked_sub(1).and_then(|last| self.steps.get(last));
        end.and_then(|step| self.text.get(..step.end)).unwrap_or_default()
    }

    /// Steps down. `None`: the path would be longer than any that is known.
    fn push(&mut self, key: &str, index: Option<usize>) -> Option<usize> {
        let before = self.text.len();
        if before + 1 + key.len() > PATH_MAX {
            return None;
        }
        if before > 0 {
            self.text.push('/');
        }
        let start = self.text.len();
        self.text.push_str(key);
        self.steps.push(Step { start, end: self.text.len(), index });
        Some(before)
    }

    fn pop(&mut self, before: usize) {
        self.steps.pop();
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
    let path = Path { text: String::with_capacity(PATH_MAX), steps: Vec::with_capacity(LEVELS) };
    let mut values = Values { path, take, deeper: 0 };
    json_walk::walk(text, &mut values)?;
    Ok(values.deeper)
}

struct Values<F> {
    path: Path,
    take: F,
    deeper: u32,
}

const SHAPE: DecodeError = DecodeError::JsonShape { expected: "an object" };

impl<F> Values<F> {
    fn step(&mut self, key: &str, index: Option<usize>) -> Option<usize> {
        let before = self.path.push(key, index);
        self.deeper = self.deeper.saturating_add(u32::from(before.is_none()));
        before
    }
}

impl<'de, F> Listener<'de> for Values<F>
where
    F: FnMut(&Path, Scalar<'de>) -> Result<(), DecodeError>,
{
    /// Length of the path above.
    type Mark = usize;

    fn key(&mut self, key: Cow<'de, str>) -> Option<usize> {
        self.step(&key, None)
    }

    fn index(&mut self, index: usize) -> Option<usize> {
        self.step(decimal(index, &mut [0; 20]), Some(index))
    }

    fn leave(&mut self, before: usize) {
        self.path.pop(before);
    }

    fn value(&mut self, value: Scalar<'de>) -> Result<(), DecodeError> {
        if self.path.len() == 0 { Err(SHAPE) } else { (self.take)(&self.path, value) }
    }

    fn begin(&mut self, holder: Holder) -> Result<(), DecodeError> {
        if self.path.len() == 0 && holder == Holder::List { Err(SHAPE) } else { Ok(()) }
    }

    fn end(&mut self) {}
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
