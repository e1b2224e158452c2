//! Every value of a JSON text that is no object or array, each with its path: for formats whose
//! shape is known only roughly. Nothing is kept, so memory is the longest path.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{
    error::DecodeError,
    json_text::{self, FEWER_VALUES, VALUES_MAX},
    scalar::Scalar,
};

/// The keys and indices that lead to a value.
#[derive(Debug, Default)]
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

    fn push(&mut self, key: &str, index: Option<usize>) {
        if !self.steps.is_empty() {
            self.text.push('/');
        }
        let start = self.text.len();
        self.text.push_str(key);
        self.steps.push(Step { start, end: self.text.len(), index });
    }

    fn pop(&mut self) {
        self.steps.pop();
        self.text.truncate(self.steps.last().map_or(0, |step| step.end));
    }
}

/// Hands every value to `take`, in the order of the text; the first error ends the walk.
pub(super) fn walk<'de, F>(
    text: &'de str,
    expected: &'static str,
    mut take: F,
) -> Result<(), DecodeError>
where
    F: FnMut(&Path, &Scalar<'de>) -> Result<(), DecodeError>,
{
    let mut fault = None;
    let mut values = 0_usize;
    let mut take = |path: &Path, scalar: &Scalar<'de>| {
        values += 1;
        if values > VALUES_MAX {
            return Err(DecodeError::JsonShape { expected: FEWER_VALUES });
        }
        take(path, scalar)
    };
    let walk = Walk { path: &mut Path::default(), take: &mut take, fault: &mut fault };
    let result = json_text::parse(text, walk, expected);
    fault.map_or(result, Err)
}

struct Walk<'w, F> {
    path: &'w mut Path,
    take: &'w mut F,
    fault: &'w mut Option<DecodeError>,
}

impl<'de, F> Walk<'_, F>
where
    F: FnMut(&Path, &Scalar<'de>) -> Result<(), DecodeError>,
{
    fn again(&mut self) -> Walk<'_, F> {
        Walk { path: self.path, take: self.take, fault: self.fault }
    }

    fn leaf<E: Error>(self, scalar: &Scalar<'de>) -> Result<(), E> {
        (self.take)(self.path, scalar).map_err(|fault| {
            *self.fault = Some(fault);
            E::custom("refused")
        })
    }
}

impl<'de, F> DeserializeSeed<'de> for Walk<'_, F>
where
    F: FnMut(&Path, &Scalar<'de>) -> Result<(), DecodeError>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F> Visitor<'de> for Walk<'_, F>
where
    F: FnMut(&Path, &Scalar<'de>) -> Result<(), DecodeError>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Enter(self.path))?.is_some() {
            map.next_value_seed(self.again())?;
            self.path.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        for index in 0.. {
            let mut digits = itoa_buffer();
            self.path.push(decimal(index, &mut digits), Some(index));
            let next = seq.next_element_seed(self.again())?;
            self.path.pop();
            if next.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.leaf(&Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.leaf(&Scalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.leaf(&Scalar::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.leaf(&Scalar::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.leaf(&Scalar::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<(), E> {
        self.leaf(&Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.leaf(&Scalar::Text(Cow::Owned(value.to_owned())))
    }
}

/// Puts a key at the end of the path.
struct Enter<'w>(&'w mut Path);

impl<'de> DeserializeSeed<'de> for Enter<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Enter<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        self.0.push(key, None);
        Ok(())
    }
}

fn itoa_buffer() -> [u8; 20] {
    [b'0'; 20]
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
        let result = walk(json, "anything", |path, scalar| {
            let last = path.len() - 1;
            told.push(format!("{} {:?} {scalar:?}", path.text(), path.index(last)));
            assert_eq!(path.step(last), path.text().rsplit('/').next().unwrap());
            assert_eq!(path.above(1), path.step(0));
            Ok(())
        });
        assert_eq!(result, Ok(()));
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
        let result = walk("[1,2,3]", "a list", |path, _| {
            seen += 1;
            if path.index(0) == Some(1) { Err(error) } else { Ok(()) }
        });
        assert_eq!((result, seen), (Err(error), 2));
        let cut = walk("[1,", "a list", |_, _| Ok(()));
        assert_eq!(cut, Err(DecodeError::Json { line: 1, column: 3 }));
    }
}
