//! Measurement kinds: type, unit, ranges and urgency of everything trygg can name.

mod builtin;
pub mod class;
pub mod kind;
pub mod unit;

use std::collections::HashMap;

use foldhash::fast::FixedState;

pub use class::Class;
pub use kind::{Kind, Range, Urgency, ValueType};
pub use unit::{Conversion, UnitError};

use crate::model::{CategoryId, KindId, Reading, Value};

/// All kinds an engine knows: the built-in ones first, always under the same ids, then those
/// of the configuration. It never changes while the engine runs.
#[derive(Clone, Debug)]
pub struct Catalogue {
    kinds: Vec<Entry>,
    /// A fixed seed is enough: the operator fills this table, the network only asks it.
    by_name: HashMap<Box<[u8]>, KindId, FixedState>,
}

/// A kind and what can be worked out of it beforehand.
#[derive(Clone, Debug)]
struct Entry {
    kind: Kind,
    unit: Option<unit::Unit>,
}

/// Why a kind of the configuration cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Names go onto the wire and into labels.
    #[error("kind {name:?}: a name has 1 to 64 characters of a-z, 0-9, _ and -")]
    Name {
        /// The kind.
        name: String,
    },
    /// Nothing could ever lie inside.
    #[error("kind {name:?}: a range needs a minimum that is not above its maximum")]
    Range {
        /// The kind.
        name: String,
    },
    /// Units, ranges and the absent value belong to numbers.
    #[error("kind {name:?}: unit, ranges and absent value are for numbers only")]
    NotANumber {
        /// The kind.
        name: String,
    },
    /// Categories and words belong together.
    #[error("kind {name:?}: a category needs words, and nothing else may have any")]
    Words {
        /// The kind.
        name: String,
    },
    /// A reader of the topics relies on type and unit of a built-in kind.
    #[error("kind {name:?} is built in: its value type and unit cannot be changed")]
    BuiltIn {
        /// The kind.
        name: String,
    },
    /// Ids are 16 bits wide.
    #[error("kind {name:?}: there are more than 65535 kinds or words")]
    TooMany {
        /// The kind.
        name: String,
    },
}

impl Catalogue {
    /// The kinds trygg ships with.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is compiled in and a test reads it"
    )]
    pub fn builtin() -> Self {
        let mut catalogue =
            Self { kinds: Vec::new(), by_name: HashMap::with_hasher(FixedState::default()) };
        for kind in builtin::kinds() {
            catalogue.add(kind).expect("config/kinds.csv holds valid kinds");
        }
        catalogue
    }

    /// The built-in kinds and `extra` ones. An extra kind with a built-in name replaces ranges,
    /// urgency and absent value, and adds its words; type and unit must stay.
    pub fn extended(extra: impl Iterator<Item = Kind>) -> Result<Self, CatalogueError> {
        let mut catalogue = Self::builtin();
        for kind in extra {
            catalogue.add(kind)?;
        }
        Ok(catalogue)
    }

    fn add(&mut self, mut kind: Kind) -> Result<(), CatalogueError> {
        kind.check()?;
        let known = self.find(&kind.name).and_then(|id| self.kinds.get_mut(usize::from(id.0)));
        if let Some(known) = known {
            if known.kind.value_type != kind.value_type || known.kind.unit != kind.unit {
                return Err(CatalogueError::BuiltIn { name: kind.name.into() });
            }
            let own = std::mem::take(&mut kind.categories);
            kind.categories.clone_from(&known.kind.categories);
            kind.categories.extend(own.into_iter().filter(|word| !known.kind.has_word(word)));
            kind.check()?;
            known.kind = kind;
            return Ok(());
        }
        let Ok(id) = u16::try_from(self.kinds.len()) else {
            return Err(CatalogueError::TooMany { name: kind.name.into() });
        };
        self.by_name.insert(kind.name.as_bytes().into(), KindId(id));
        self.kinds.push(Entry { unit: unit::find(&kind.unit, None), kind });
        Ok(())
    }

    /// The kind of this exact name.
    pub fn find(&self, name: &str) -> Option<KindId> {
        self.find_bytes(name.as_bytes())
    }

    /// The kind of this exact name, which need not be known to be text.
    pub fn find_bytes(&self, name: &[u8]) -> Option<KindId> {
        self.by_name.get(name).copied()
    }

    /// The kind of an id of this catalogue.
    #[expect(clippy::indexing_slicing, reason = "only a catalogue makes ids, and forgets none")]
    pub fn get(&self, id: KindId) -> &Kind {
        &self.kinds[usize::from(id.0)].kind
    }

    /// Every kind with its id, in ascending order of ids.
    pub fn iter(&self) -> impl Iterator<Item = (KindId, &Kind)> {
        (0..).map(KindId).zip(self.kinds.iter().map(|entry| &entry.kind))
    }

    /// The word's id within its kind. ASCII case does not matter.
    pub fn category(&self, id: KindId, word: &str) -> Option<CategoryId> {
        let words = &self.get(id).categories;
        let at = words.iter().position(|known| known.eq_ignore_ascii_case(word))?;
        u16::try_from(at).ok().map(CategoryId)
    }

    /// The word; empty for an id that is not of this kind.
    pub fn category_name(&self, id: KindId, category: CategoryId) -> &str {
        self.get(id).categories.get(usize::from(category.0)).map_or("", |word| word)
    }

    /// How to bring a number in `from` to the kind's own unit.
    pub fn conversion(&self, id: KindId, from: &str) -> Result<Conversion, UnitError> {
        let Some(entry) = self.kinds.get(usize::from(id.0)) else {
            return Err(UnitError::Mismatch);
        };
        if *entry.kind.unit == *from {
            return Ok(Conversion::IDENTITY);
        }
        unit::conversion(&entry.kind.name, entry.unit, from)
    }

    /// Is it one that must not wait? A state is urgent only while true.
    pub fn is_urgent(&self, reading: &Reading) -> bool {
        match self.get(reading.kind).urgency {
            Urgency::Ordinary => false,
            Urgency::Urgent => reading.value != Value::State(false),
        }
    }
}

#[cfg(test)]
mod tests;
