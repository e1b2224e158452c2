//! A TOML file read key by key, so that every mistake is found in one go and has a place, and
//! every key that is asked for is on record.

use std::cell::RefCell;

use toml::{Spanned, de::DeTable};

mod section;

pub(super) use self::section::Section;
pub(super) use super::source::Spot;
use super::{
    error::ConfigError,
    overrides,
    record::{Record, Shape, Table},
    source::Source,
};

/// How alike two keys must be before one is offered for the other (0..=1).
const LIKENESS: f64 = 0.75;

/// What is expected where the parser has failed.
const SYNTAX: &str = "valid TOML";

/// Characters of a wrong value that a message repeats.
const SHOWN_CHARS: usize = 60;

/// A parsed configuration, what is wrong with it so far, and what was asked of it.
pub(super) struct Document<'t> {
    source: &'t Source,
    root: DeTable<'t>,
    mistakes: RefCell<Vec<(usize, ConfigError)>>,
    record: RefCell<Record>,
}

/// What a mistake says, apart from where.
pub(super) struct Mistake {
    pub(super) expected: String,
    pub(super) found: Option<String>,
    pub(super) nearest: Option<String>,
    pub(super) fix: String,
    pub(super) is_absent: bool,
}

impl Mistake {
    /// A mistake that needs no quotation from the file.
    pub(super) fn new(expected: impl Into<String>, fix: impl Into<String>) -> Self {
        let (expected, fix) = (expected.into(), fix.into());
        Self { expected, found: None, nearest: None, fix, is_absent: false }
    }

    /// The same, saying what stands there.
    pub(super) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// The same, offering what was probably meant, if anything is like it.
    pub(super) fn or_nearest(mut self, nearest: Option<String>) -> Self {
        if let Some(nearest) = &nearest {
            self.fix = format!("did you mean {nearest}?");
        }
        self.nearest = nearest;
        self
    }
}

impl<'t> Document<'t> {
    /// Parses as much as can be parsed; what cannot is already a mistake. Variables go over what
    /// the file says.
    pub(super) fn parse(source: &'t Source) -> Self {
        let (root, errors) = DeTable::parse_recoverable(source.file_text());
        let mut root = root.into_inner();
        let wrong = overrides::apply(source, &mut root);
        let document = Self {
            source,
            root,
            mistakes: RefCell::new(Vec::new()),
            record: RefCell::new(Record::default()),
        };
        for error in errors {
            let spot = error.span().unwrap_or(0..0);
            let fix = "correct the TOML syntax here (quotes round text, one key a line)";
            let fix =
                if error.message().contains("duplicate") { "remove one of the two" } else { fix };
            let expected = format!("{SYNTAX} ({})", error.message());
            document.refuse(&spot, "", Mistake::new(expected, fix));
        }
        for (spot, mistake) in wrong {
            document.refuse(&spot, "", mistake);
        }
        document
    }

    /// The top level as a section.
    pub(super) fn root(&self) -> Section<'_> {
        let table = Table {
            path: String::new(),
            parent: None,
            shape: Shape::Single,
            given: true,
            required: true,
            free: None,
        };
        let id = self.record.borrow_mut().enter(table);
        Section::new(self, id, String::new(), 0..0, Some(&self.root))
    }

    /// Notes a mistake.
    pub(super) fn refuse(&self, spot: &Spot, key: &str, mistake: Mistake) {
        let error = ConfigError {
            place: self.source.place(spot),
            key: key.to_owned(),
            expected: mistake.expected,
            found: mistake.found,
            nearest: mistake.nearest,
            fix: mistake.fix,
            is_absent: mistake.is_absent,
        };
        let mut mistakes = self.mistakes.borrow_mut();
        // A key that is asked for twice is wrong once, and what could not be parsed is no value.
        let is_said = |(place, said): &(usize, ConfigError)| {
            *place == spot.start && (*said == error || said.expected.starts_with(SYNTAX))
        };
        if !mistakes.iter().any(is_said) {
            mistakes.push((spot.start, error));
        }
    }

    /// What stands at a place, shortened.
    pub(super) fn quote(&self, spot: &Spot) -> String {
        let raw = self.source.text(spot);
        let first_line = raw.lines().next().unwrap_or_default();
        let mut shown: String = first_line.chars().take(SHOWN_CHARS).collect();
        if shown.len() < raw.len() {
            shown.push_str("...");
        }
        shown
    }

    /// What was wrong, first place first; and what was asked.
    pub(super) fn finish(self) -> (Vec<ConfigError>, Record) {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|(place, _)| *place);
        let mistakes = mistakes.into_iter().map(|(_, mistake)| mistake).collect();
        (mistakes, self.record.into_inner())
    }
}

/// The known word most like `word`, if any is like it at all.
pub(super) fn nearest<T: AsRef<str>>(
    word: &str,
    known: impl IntoIterator<Item = T>,
) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (likeness(&word.to_lowercase(), candidate.as_ref()), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.as_ref().to_owned())
}

fn likeness(word: &str, candidate: &str) -> f64 {
    let candidate = candidate.to_lowercase();
    let is_slip = word.len() > 2 && strsim::osa_distance(word, &candidate) == 1;
    strsim::jaro_winkler(word, &candidate).max(if is_slip { LIKENESS } else { 0.0 })
}

/// Where a value stands; nowhere if there is none.
fn span_of<T>(value: Option<&Spanned<T>>) -> Option<Spot> {
    value.map(Spanned::span)
}
