//! Patterns with `*`, and what is made of what it stood for.
//!
//! `*` stands for one or more characters but `/`, `**` for any; neither stands for control
//! characters. `[*]` is the star itself. A pattern fits a whole name or not at all. Stars take as
//! little as they can, the first one first.

use super::MAX_NAME_BYTES;

/// Most stars of a line, so that `$1` to `$9` name them all.
pub(super) const STARS_MAX: usize = 9;

/// A pattern, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(Box<str>),
    Star(Reach),
}

/// What a star may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Anything but `/`.
    Level,
    Any,
}

/// What stars stood for, in order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Captures<'n> {
    texts: [&'n str; STARS_MAX],
    count: usize,
}

/// The star itself, in a pattern.
const LITERAL_STAR: &str = "[*]";

/// Places of a name from which the rest of a pattern fits; a name has at most 127 bytes.
type Places = u128;

impl Pattern {
    /// Takes a text apart. `None` when three stars stand in a row.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix(LITERAL_STAR) {
                literal.push('*');
                rest = after;
                continue;
            }
            let after = rest.get(first.len_utf8()..).unwrap_or_default();
            if first != '*' {
                literal.push(first);
                rest = after;
                continue;
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
            }
            let (reach, after) = match after.strip_prefix('*') {
                Some(after) => (Reach::Any, after),
                None => (Reach::Level, after),
            };
            if after.starts_with('*') {
                return None;
            }
            pieces.push(Piece::Star(reach));
            rest = after;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.into()));
        }
        Some(Self(pieces))
    }

    /// How many stars it has.
    pub(super) fn stars(&self) -> usize {
        self.0.iter().filter(|piece| matches!(piece, Piece::Star(_))).count()
    }

    /// What the pattern says when it has no star.
    pub(super) fn literal(&self) -> Option<String> {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Literal(text) => Some(&**text),
            Piece::Star(_) => None,
        });
        pieces.collect()
    }

    /// Does it fit this name? Then `captures` holds what its stars stood for, behind what it held.
    ///
    /// Work is bounded by the pieces times the length of the name: from the last piece on it is
    /// noted from where the rest fits, and no choice is ever taken back.
    pub(super) fn fits<'n>(&self, name: &'n str, captures: &mut Captures<'n>) -> bool {
        if let Some(Piece::Literal(first)) = self.0.first()
            && !name.starts_with(&**first)
        {
            return false;
        }
        if name.len() > MAX_NAME_BYTES || self.0.len() > 2 * STARS_MAX + 1 {
            return false;
        }
        let mut fitting = [0; 2 * STARS_MAX + 2];
        let mut after: Places = 1 << name.len();
        for (piece, place) in self.0.iter().zip(&mut fitting).rev() {
            *place = after;
            after = piece.begins(name, after);
        }
        if after & 1 == 0 {
            return false;
        }
        let mut at = 0;
        for (piece, ends) in self.0.iter().zip(fitting) {
            match piece {
                Piece::Literal(text) => at += text.len(),
                Piece::Star(_) => {
                    // At least one character, and as few as the rest allows.
                    let later = ends & Places::MAX.checked_shl(bits(at + 1)).unwrap_or(0);
                    let end = usize::try_from(later.trailing_zeros()).unwrap_or(usize::MAX);
                    let Some(text) = name.get(at..end) else { return false };
                    captures.push(text);
                    at = end;
                }
            }
        }
        true
    }
}

impl Piece {
    /// From where this piece fits, if what follows it fits from `after`.
    fn begins(&self, name: &str, after: Places) -> Places {
        match self {
            Self::Literal(text) => {
                let fits = |at: &usize| {
                    let end = at + text.len();
                    end <= name.len()
                        && after >> end & 1 == 1
                        && name.as_bytes().get(*at..end) == Some(text.as_bytes())
                };
                (0..=name.len()).filter(fits).fold(0, |places, at| places | 1 << at)
            }
            Self::Star(reach) => {
                let mut places = 0;
                let mut is_open = false;
                for (at, byte) in name.bytes().enumerate().rev() {
                    is_open |= after >> (at + 1) & 1 == 1;
                    is_open &= !byte.is_ascii_control() && (*reach == Reach::Any || byte != b'/');
                    places |= Places::from(is_open) << at;
                }
                places
            }
        }
    }
}

impl<'n> Captures<'n> {
    fn push(&mut self, text: &'n str) {
        if let Some(place) = self.texts.get_mut(self.count) {
            *place = text;
            self.count += 1;
        }
    }

    fn get(&self, number: usize) -> &'n str {
        number.checked_sub(1).and_then(|index| self.texts.get(index)).copied().unwrap_or_default()
    }
}

fn bits(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A text with `$1` to `$9` for what stars stood for; `$$` is `$`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    Capture(usize),
}

impl Template {
    /// Takes a text apart. `None` for a `$` before anything but a digit up to `stars` or a `$`, and
    /// for more than nine of them.
    pub(super) fn parse(text: &str, stars: usize) -> Option<Self> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            if next != '$' {
                literal.push(next);
                continue;
            }
            match rest.next()? {
                '$' => literal.push('$'),
                digit => {
                    let number = usize::try_from(digit.to_digit(10)?).ok()?;
                    let captures = parts.iter().filter(|part| matches!(part, Part::Capture(_)));
                    if !(1..=stars).contains(&number) || captures.count() >= STARS_MAX {
                        return None;
                    }
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal).into()));
                    }
                    parts.push(Part::Capture(number));
                }
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.into()));
        }
        Some(Self(parts))
    }

    /// Says nothing?
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does it use what a star stood for?
    pub(super) fn has_capture(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Capture(_)))
    }

    /// Appends the text.
    pub(super) fn write(&self, captures: &Captures<'_>, out: &mut String) {
        for part in &self.0 {
            out.push_str(match part {
                Part::Literal(text) => text,
                Part::Capture(number) => captures.get(*number),
            });
        }
    }

    /// What it may make, as a pattern.
    pub(super) fn range(&self) -> Pattern {
        let mut pieces: Vec<Piece> = Vec::new();
        for part in &self.0 {
            match (part, pieces.last()) {
                (Part::Literal(text), _) => pieces.push(Piece::Literal(text.clone())),
                // Two in a row are one of any length.
                (Part::Capture(_), Some(Piece::Star(_))) => {}
                (Part::Capture(_), _) => pieces.push(Piece::Star(Reach::Any)),
            }
        }
        Pattern(pieces)
    }
}

#[cfg(test)]
mod tests;
