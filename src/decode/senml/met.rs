//! Names and units that records came with before, and what was found out of them then.
//!
//! The devices of a model write the same few names for ever. What they say hangs on the record's
//! own name and its unit alone, so it need not be asked again of the tables. It is remembered with
//! what else the formats of a link remember; without it a record is only dearer to read.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::name::Name;
use crate::{
    catalogue::Conversion,
    decode::{memory::Remembered, vocabulary::WordIx},
};

/// Names that are remembered. Each has one place, and the last that came has it.
const PLACES: usize = 128;

/// Longest name and unit that are remembered. What is longer has mostly a device in it.
const NAME_MAX: usize = 24;
const UNIT_MAX: usize = 8;

/// See the module.
pub(super) struct Met {
    places: Box<[Option<(Label, Meant)>]>,
    hasher: FixedState,
}

/// A name and a unit.
struct Label {
    name: [u8; NAME_MAX],
    unit: [u8; UNIT_MAX],
    name_length: usize,
    unit_length: usize,
}

/// What the two stand for: a number of a kind that is to be converted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meant {
    pub(super) word: WordIx,
    pub(super) conversion: Conversion,
    /// Bytes of the name that belong to the device.
    pub(super) of_device: usize,
}

impl Default for Met {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| None).collect();
        Self { places, hasher: FixedState::with_seed(0) }
    }
}

impl Remembered for Met {
    fn bytes(&self) -> usize {
        size_of_val(&*self.places)
    }
}

impl Met {
    #[inline]
    fn place(&self, name: &[u8], unit: &[u8]) -> usize {
        let hash = self.hasher.hash_one((name, unit));
        usize::try_from(hash % PLACES as u64).unwrap_or(0)
    }

    /// What a name and a unit stood for.
    #[inline]
    pub(super) fn find(&self, name: &[u8], unit: &[u8]) -> Option<Meant> {
        let (label, meant) = self.places.get(self.place(name, unit))?.as_ref()?;
        (label.name() == name && label.unit() == unit).then_some(*meant)
    }

    /// Remembers, unless they are long, or the name is none on its own.
    pub(super) fn note(&mut self, name: &str, unit: &str, meant: Meant) {
        if name.is_empty() || unit.is_empty() || !(Name { base: "", own: name }).is_legal() {
            return;
        }
        let Some(label) = Label::new(name.as_bytes(), unit.as_bytes()) else { return };
        let place = self.place(name.as_bytes(), unit.as_bytes());
        if let Some(place) = self.places.get_mut(place) {
            *place = Some((label, meant));
        }
    }
}

impl Label {
    fn new(name: &[u8], unit: &[u8]) -> Option<Self> {
        let mut label = Self {
            name: [0; NAME_MAX],
            unit: [0; UNIT_MAX],
            name_length: name.len(),
            unit_length: unit.len(),
        };
        label.name.get_mut(..name.len())?.copy_from_slice(name);
        label.unit.get_mut(..unit.len())?.copy_from_slice(unit);
        Some(label)
    }

    fn name(&self) -> &[u8] {
        self.name.get(..self.name_length).unwrap_or_default()
    }

    fn unit(&self) -> &[u8] {
        self.unit.get(..self.unit_length).unwrap_or_default()
    }
}
