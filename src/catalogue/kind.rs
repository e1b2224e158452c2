//! One measurement kind.

use super::{CatalogueError, class::Class};

/// What is known about one kind of measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Name on the wire.
    pub name: Box<str>,
    /// What it tells about a home.
    pub class: Class,
    /// What its values are.
    pub value_type: ValueType,
    /// UCUM code of its numbers; empty if they have none, or if it is no number.
    pub unit: Box<str>,
    /// Outside it a number cannot be true and is refused.
    pub hard: Option<Range>,
    /// Outside it a number is flagged: plausibility, without clinical meaning.
    pub soft: Option<Range>,
    /// The number by which devices say "no value", before conversion: heart rate 0 (not worn),
    /// battery -1.
    pub absent: Option<f64>,
    /// Whether it must not wait.
    pub urgency: Urgency,
    /// The words of a category, in the order of their ids.
    pub categories: Vec<Box<str>>,
}

/// What the values of a kind are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A quantity in the kind's unit.
    Number,
    /// True or false, as the name says.
    State,
    /// One word of the kind's list.
    Category,
    /// Something happened; the fact is the value.
    Event,
}

impl ValueType {
    /// Name in files and documents.
    pub fn label(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::State => "state",
            Self::Category => "category",
            Self::Event => "event",
        }
    }
}

/// Whether readings of a kind may wait for a batch. Urgent by default is only what a device
/// raised as an alarm itself, never a threshold of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Goes with the batch.
    Ordinary,
    /// Also goes to the alerts topic, at once.
    Urgent,
}

/// A closed interval in the kind's unit; infinite at an end that is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Smallest number inside.
    pub min: f64,
    /// Largest number inside.
    pub max: f64,
}

impl Range {
    /// NaN lies in no range.
    pub fn contains(self, number: f64) -> bool {
        self.min <= number && number <= self.max
    }
}

const NAME_MAX: usize = 64;

impl Kind {
    pub(super) fn has_word(&self, word: &str) -> bool {
        self.categories.iter().any(|known| known.eq_ignore_ascii_case(word))
    }

    pub(super) fn check(&self) -> Result<(), CatalogueError> {
        let name = || String::from(&*self.name);
        let is_letter = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let is_word =
            |word: &str| (1..=NAME_MAX).contains(&word.len()) && word.bytes().all(is_letter);
        if !is_word(&self.name) {
            return Err(CatalogueError::Name { name: name() });
        }
        let is_number = self.value_type == ValueType::Number;
        let ranges = [self.hard, self.soft];
        if ranges.iter().flatten().any(|range| range.min.is_nan() || !range.contains(range.max)) {
            return Err(CatalogueError::Range { name: name() });
        }
        let has_quantity =
            !self.unit.is_empty() || self.absent.is_some() || ranges.iter().any(Option::is_some);
        if has_quantity && !is_number {
            return Err(CatalogueError::NotANumber { name: name() });
        }
        let has_words = !self.categories.is_empty();
        let wants_words = self.value_type == ValueType::Category;
        if has_words != wants_words || !self.categories.iter().all(|word| is_word(word)) {
            return Err(CatalogueError::Words { name: name() });
        }
        if self.categories.len() > usize::from(u16::MAX) {
            return Err(CatalogueError::TooMany { name: name() });
        }
        Ok(())
    }
}
