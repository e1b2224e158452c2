//! The exact lines of the list, and the homes of all lines: one text, and entries of a few bytes.

use std::mem::size_of;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{
    consent::Consent,
    name_hash,
    overrides::Overrides,
    text::{DevicePlace, DeviceText, DeviceTexts, HomePlace, HomeText, Text},
};

/// Lines and homes by name.
#[derive(Debug, Default)]
pub(super) struct Table {
    text: Text,
    lines: Vec<Line>,
    index: HashTable<u32>,
    homes: Vec<HomeLine>,
    home_index: HashTable<u32>,
    /// What few lines have.
    extras: Vec<Extras>,
}

/// An exact line.
#[derive(Clone, Copy, Debug)]
struct Line {
    place: DevicePlace,
    home: u32,
    extras: u32,
}

/// A home that lines name.
#[derive(Clone, Copy, Debug)]
struct HomeLine {
    place: HomePlace,
    consent: Consent,
}

/// What few lines have, and many of those alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extras {
    pub(super) overrides: Overrides,
    /// Expected interval in seconds; 0 when nothing is said.
    pub(super) interval_s: u32,
}

/// The number of a line's extras that has none.
pub(super) const NO_EXTRAS: u32 = u32::MAX;

/// An exact line, to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineRecord<'t> {
    pub(super) home: u32,
    pub(super) text: DeviceText<'t>,
    /// By which the extras are found again.
    pub(super) number: u32,
}

impl Table {
    /// For about so many lines and bytes of names.
    pub(super) fn with_capacity(lines: usize, bytes: usize) -> Self {
        Self {
            text: Text::with_capacity(bytes),
            lines: Vec::with_capacity(lines),
            index: HashTable::with_capacity(lines),
            ..Self::default()
        }
    }

    /// Exact lines.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Homes.
    pub(super) fn homes(&self) -> usize {
        self.homes.len()
    }

    /// Is there room for another line?
    pub(super) fn has_room(&self) -> bool {
        self.text.has_room() && u32::try_from(self.lines.len()).is_ok()
    }

    /// The line of these very names.
    #[inline]
    pub(super) fn find(&self, hash: u64, source_home: &str, device: &str) -> Option<u32> {
        // Whoever keeps no list is not to pay for one.
        if self.lines.is_empty() {
            return None;
        }
        self.index.find(hash, |index| self.is(*index, source_home, device)).copied()
    }

    /// Is it the line of these very names?
    #[inline]
    pub(super) fn is(&self, index: u32, source_home: &str, device: &str) -> bool {
        let line = self.lines.get(position(index));
        line.is_some_and(|line| self.text.is_named(line.place, source_home, device))
    }

    /// A line by its number.
    pub(super) fn line(&self, index: u32) -> Option<LineRecord<'_>> {
        let line = self.lines.get(position(index))?;
        let text = self.text.device(line.place)?;
        Some(LineRecord { home: line.home, text, number: line.extras })
    }

    /// The home of a line and its encoded fragment.
    #[inline]
    pub(super) fn fragment(&self, index: u32) -> Option<(u32, &[u8])> {
        let line = self.lines.get(position(index))?;
        Some((line.home, self.text.fragment(line.place)?))
    }

    /// The home of a line and what it has, without its text.
    #[inline]
    pub(super) fn terms(&self, index: u32) -> Option<(u32, &Extras)> {
        let line = self.lines.get(position(index))?;
        Some((line.home, self.extras(line.extras)))
    }

    /// The home of that tenant and id.
    pub(super) fn find_home(&self, hash: u64, tenant: &str, id: &str) -> Option<u32> {
        let is_it = |index: &u32| {
            self.home(*index).is_some_and(|(home, _)| home.tenant == tenant && home.id == id)
        };
        self.home_index.find(hash, is_it).copied()
    }

    /// A home by its number, and what it consents to.
    pub(super) fn home(&self, index: u32) -> Option<(HomeText<'_>, Consent)> {
        let home = self.homes.get(position(index))?;
        Some((self.text.home(home.place)?, home.consent))
    }

    /// What a home consents to; one there is not, to nothing.
    pub(super) fn consent(&self, index: u32) -> Consent {
        self.homes.get(position(index)).map_or(Consent::NONE, |home| home.consent)
    }

    /// Adds a line that [`Self::find`] does not find.
    pub(super) fn add(
        &mut self,
        hasher: &RandomState,
        texts: DeviceTexts<'_>,
        home: u32,
        extras: u32,
    ) -> u32 {
        let hash = name_hash(hasher, texts.source_home, texts.device);
        let place = self.text.push_device(texts);
        let index = offset(self.lines.len());
        self.lines.push(Line { place, home, extras });
        let (lines, text) = (&self.lines, &self.text);
        self.index.insert_unique(hash, index, |index| {
            let names = lines.get(position(*index)).map(|line| text.names(line.place));
            names.map_or(0, |(source_home, device)| name_hash(hasher, source_home, device))
        });
        index
    }

    /// Adds a home that [`Self::find_home`] does not find.
    pub(super) fn add_home(
        &mut self,
        hasher: &RandomState,
        tenant: &str,
        id: &str,
        consent: Consent,
    ) -> u32 {
        let place = self.text.push_home(tenant, id);
        let index = offset(self.homes.len());
        self.homes.push(HomeLine { place, consent });
        let (homes, text) = (&self.homes, &self.text);
        self.home_index.insert_unique(name_hash(hasher, tenant, id), index, |index| {
            let home = homes.get(position(*index)).and_then(|home| text.home(home.place));
            home.map_or(0, |home| name_hash(hasher, home.tenant, home.id))
        });
        index
    }

    /// The number of what a line has.
    pub(super) fn add_extras(&mut self, extras: Extras) -> u32 {
        self.extras.push(extras);
        offset(self.extras.len() - 1)
    }

    /// What a line has, by its number.
    pub(super) fn extras(&self, index: u32) -> &Extras {
        self.extras.get(position(index)).unwrap_or(&NOTHING)
    }

    /// Gives back the room that is not used.
    pub(super) fn shrink(&mut self) {
        self.text.shrink();
        self.lines.shrink_to_fit();
        self.homes.shrink_to_fit();
    }

    /// Bytes of the machine's memory, more or less.
    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.lines.capacity() * size_of::<Line>()
            + self.homes.capacity() * size_of::<HomeLine>()
            + self.index.allocation_size()
            + self.home_index.allocation_size()
    }
}

/// Neither corrections nor interval.
pub(super) static NOTHING: Extras = Extras { overrides: Overrides::none(), interval_s: 0 };

fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn position(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
