//! What a value looks like in TOML and in JSON, for references, schemas and editors.

/// The form of a setting of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its type.
    pub kind: FormKind,
    /// The words it can be, where they are few; the nearest is offered for a wrong one.
    pub words: &'static [&'static str],
    /// Are there other values than these words?
    pub open: bool,
    /// What texts look like, as a regular expression.
    pub pattern: Option<&'static str>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    /// Text in quotes; durations, sizes and addresses too.
    Text,
    /// A whole number.
    Whole,
    /// Any number.
    Number,
    /// `true` or `false`.
    State,
    /// A list of texts.
    Texts,
    /// Text, a number or a state: what belongs to others and is passed on.
    Scalar,
}

impl Form {
    /// Any value of one type.
    pub(super) const fn of(kind: FormKind) -> Self {
        Self { kind, words: &[], open: true, pattern: None }
    }

    /// Text of a pattern.
    pub(super) const fn like(pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..Self::of(FormKind::Text) }
    }

    /// One of a few words.
    pub(super) const fn words(words: &'static [&'static str]) -> Self {
        Self { words, open: false, ..Self::of(FormKind::Text) }
    }

    /// One of a few words, or something else of this pattern.
    pub(super) const fn words_or(words: &'static [&'static str], pattern: &'static str) -> Self {
        Self { words, pattern: Some(pattern), ..Self::of(FormKind::Text) }
    }
}
