//! A reader of flat JSON objects, for the format that is read most.
//!
//! It reads what such objects are made of: keys without escapes, short texts, numbers and words. A
//! value of another make goes through `serde_json`, and a text of another shape, or with a mistake,
//! is given back as [`Odd`]: then `json_text` reads all of it, and says what is wrong and where.

use std::borrow::Cow;

use serde::de::{Deserialize, IgnoredAny};
use serde_json::Deserializer;

use super::scalar::Scalar;

/// The text is not what this reader is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd;

/// Reads one object, key by key. After an error it is not to be asked again.
#[derive(Debug)]
pub(super) struct FlatReader<'t> {
    text: &'t str,
    /// Of the next byte that is not read.
    at: usize,
    is_first: bool,
}

/// More digits may not fit, or not be exact.
const DIGITS_MAX: usize = 15;

/// Exact, like every whole number of [`DIGITS_MAX`] digits: so one division gives the number that is
/// nearest to the decimal, as a reader of any decimal does.
const POWERS: [f64; DIGITS_MAX + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

impl<'t> FlatReader<'t> {
    /// A reader of this text, which must be an object.
    pub(super) fn new(text: &'t str) -> Result<Self, Odd> {
        let mut reader = Self { text, at: 0, is_first: true };
        reader.take(b'{')?;
        Ok(reader)
    }

    /// The next key, whose value is to be read; nothing at the end of object and text.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Option<&'t str>, Odd> {
        match (self.next()?, self.is_first) {
            (b'"', true) => {}
            (b',', false) => self.take(b'"')?,
            (b'}', _) => {
                return match self.next() {
                    Err(Odd) if self.at == self.text.len() => Ok(None),
                    Ok(_) | Err(Odd) => Err(Odd),
                };
            }
            _ => return Err(Odd),
        }
        self.is_first = false;
        let key = self.rest_of_text().ok_or(Odd)?;
        self.take(b':')?;
        Ok(Some(key))
    }

    /// The value of that key.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Scalar<'t>, Odd> {
        self.usual().or_else(|begin| self.any(begin))
    }

    /// Passes over it, whatever it is.
    #[inline]
    pub(super) fn pass(&mut self) -> Result<(), Odd> {
        self.usual().map_or_else(|begin| self.any::<IgnoredAny>(begin).map(drop), |_| Ok(()))
    }

    /// A value of the usual makes, or where it begins.
    #[inline]
    fn usual(&mut self) -> Result<Scalar<'t>, usize> {
        let first = self.next().map_err(|Odd| self.at)?;
        let begin = self.at - 1;
        let value = match first {
            b'"' => self.rest_of_text().map(|text| Scalar::Text(Cow::Borrowed(text))),
            b'0'..=b'9' | b'-' => self.number(begin),
            b't' => self.word(begin, "true", Scalar::Bool(true)),
            b'f' => self.word(begin, "false", Scalar::Bool(false)),
            b'n' => self.word(begin, "null", Scalar::Null),
            _ => None,
        };
        value.ok_or(begin)
    }

    /// The next byte that is not blank.
    #[inline]
    fn next(&mut self) -> Result<u8, Odd> {
        loop {
            let byte = *self.text.as_bytes().get(self.at).ok_or(Odd)?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Ok(byte);
            }
        }
    }

    #[inline]
    fn take(&mut self, wanted: u8) -> Result<(), Odd> {
        if self.next()? == wanted { Ok(()) } else { Err(Odd) }
    }

    /// A text without escapes, whose opening quote is read.
    #[inline]
    fn rest_of_text(&mut self) -> Option<&'t str> {
        let end = self.at + end_of_text(self.text.as_bytes().get(self.at..)?)?;
        let text = self.text.get(self.at..end)?;
        self.at = end + 1;
        Some(text)
    }

    #[inline]
    fn word(&mut self, begin: usize, word: &str, value: Scalar<'t>) -> Option<Scalar<'t>> {
        let end = begin + word.len();
        if self.text.as_bytes().get(begin..end)? != word.as_bytes() {
            return None;
        }
        self.at = end;
        Some(value)
    }

    /// A number that is exact by one division: few digits, and no exponent.
    #[inline]
    fn number(&mut self, begin: usize) -> Option<Scalar<'t>> {
        let bytes = self.text.as_bytes().get(begin..)?;
        let is_negative = bytes.first() == Some(&b'-');
        let digits = bytes.get(usize::from(is_negative)..)?;
        let (number, whole) = run_of_digits(digits, 0);
        let mut rest = digits.get(whole..)?;
        let is_padded = whole > 1 && digits.first() == Some(&b'0');
        if whole == 0 || whole > DIGITS_MAX || is_padded {
            return None;
        }
        let value = if let Some(decimals) = rest.strip_prefix(b".") {
            let (number, count) = run_of_digits(decimals, number);
            rest = decimals.get(count..)?;
            if count == 0 || whole + count > DIGITS_MAX {
                return None;
            }
            #[expect(clippy::cast_precision_loss, reason = "so few digits are exact")]
            let size = number as f64 / POWERS.get(count)?;
            Scalar::Float(if is_negative { -size } else { size })
        } else if !is_negative {
            Scalar::Unsigned(number)
        } else {
            // Zero with a sign is no whole number.
            Scalar::Negative(
                i64::try_from(number).ok().filter(|number| *number > 0)?.wrapping_neg(),
            )
        };
        if matches!(rest.first(), Some(b'e' | b'E')) {
            return None;
        }
        self.at = self.text.len() - rest.len();
        Some(value)
    }

    /// A value of any make, which begins there.
    #[cold]
    fn any<T: Deserialize<'t>>(&mut self, begin: usize) -> Result<T, Odd> {
        let rest = self.text.get(begin..).ok_or(Odd)?;
        let mut values = Deserializer::from_str(rest).into_iter::<T>();
        let value = values.next().and_then(Result::ok).ok_or(Odd)?;
        self.at = begin + values.byte_offset();
        Ok(value)
    }
}

/// Continues a number with the digits that begin here; how many there were. With more than 15 of them
/// the number means nothing.
#[inline]
fn run_of_digits(bytes: &[u8], number: u64) -> (u64, usize) {
    let digits = bytes.iter().map(|byte| byte.wrapping_sub(b'0')).take_while(|digit| *digit < 10);
    digits.fold((number, 0), |(number, count), digit| {
        (number.wrapping_mul(10).wrapping_add(u64::from(digit)), count + 1)
    })
}

/// Where the quote stands that ends a text. Nothing if it has escapes, or what must be escaped.
#[inline]
fn end_of_text(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let found = ends(u64::from_le_bytes(*word));
        if found != 0 {
            let place = number * 8 + found.trailing_zeros() as usize / 8;
            return is_quote(bytes, place);
        }
    }
    let within = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    is_quote(bytes, words.len() * 8 + within)
}

#[inline]
fn is_quote(bytes: &[u8], place: usize) -> Option<usize> {
    bytes.get(place).filter(|byte| **byte == b'"').map(|_| place)
}

/// The highest bit of the first byte of a word that is a quote, a backslash or a control character,
/// and perhaps of some behind it.
#[inline]
fn ends(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_le_bytes([0x80; 8]);
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let is_quote = is_zero(word ^ u64::from_le_bytes([b'"'; 8]));
    let is_backslash = is_zero(word ^ u64::from_le_bytes([b'\\'; 8]));
    let is_control = word.wrapping_sub(u64::from_le_bytes([0x20; 8])) & !word;
    (is_quote | is_backslash | is_control) & HIGHEST
}

#[cfg(test)]
mod tests;
