//! What the devices of a link said last, within a budget of bytes.
//!
//! A device has a row, and in it an entry for each of its kinds, in the order it reports them: so
//! the k-th reading of a message is usually the k-th entry, and they lie side by side. When the
//! budget is used up, the device that was not heard for the longest time is forgotten.

use std::hint::black_box;

use super::{
    heard::{Origin, Tick},
    horizon::Stamp,
};
use crate::model::KindId;

/// No row, or no entry.
const NONE: u32 = u32::MAX;
/// Kinds of one device: bounds the search, and what one device may take of the budget.
pub(super) const ENTRIES_MAX: usize = 128;
/// One part in so many of the budget finds rows by device: 8 bytes of each 64.
const INDEX_PART: usize = 8;

/// Lines of a processor's cache that the entries of a device take, and entries in one.
const LINES: usize = 4;
const ENTRIES_OF_A_LINE: usize = 2;

/// An entry's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryIx(u32);

/// A row's number, and where its device stands in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowIx {
    row: u32,
    slot: usize,
}

/// What a device last said of one kind in one channel.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(4))]
pub(super) struct Entry {
    /// The value that was sent last.
    pub(super) value: u64,
    /// The message it was first sent with, since it has this value.
    pub(super) stamp: Stamp,
    /// Latest device time, or [`NO_CLOCK`].
    pub(super) clock: i64,
    /// When it was sent last.
    pub(super) sent: Tick,
    next: u32,
    kind: KindId,
    channel: u16,
}

/// No device time.
pub(super) const NO_CLOCK: i64 = i64::MIN;

/// Where to look for a device: its row and its first entry, which memory is asked for at once.
#[derive(Clone, Copy, Debug)]
struct Slot {
    row: u32,
    first: u32,
}

impl Slot {
    const EMPTY: Self = Self { row: NONE, first: NONE };
}

/// One device.
#[derive(Clone, Copy, Debug)]
struct Row {
    older: u32,
    newer: u32,
    device: u32,
    origin: Origin,
}

const _: () = {
    const KIND: usize = size_of::<Entry>() + size_of::<Row>() + size_of::<Slot>();
    assert!(KIND <= 64, "a device with one kind costs at most 64 bytes");
};

/// Where the next kind is expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    next: u32,
}

/// Where a kind stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Behind those found since the cursor was made.
    Ahead(EntryIx),
    /// Perhaps among them.
    Behind(EntryIx),
    /// Nowhere; the last entry, and how many there are.
    Missing { last: u32, count: usize },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Table {
    /// By device, modulo its largest length.
    index: Vec<Slot>,
    rows: Vec<Row>,
    entries: Vec<Entry>,
    free_row: u32,
    free_entry: u32,
    newest: u32,
    oldest: u32,
    index_max: usize,
    /// Bytes for rows and entries.
    budget: usize,
    forgotten: u64,
}

impl Table {
    pub(super) fn new(budget: usize) -> Self {
        let index = budget / INDEX_PART;
        Self {
            index: Vec::new(),
            rows: Vec::new(),
            entries: Vec::new(),
            free_row: NONE,
            free_entry: NONE,
            newest: NONE,
            oldest: NONE,
            index_max: (index / size_of::<Slot>()).max(1),
            budget: budget - index,
            forgotten: 0,
        }
    }

    /// Forgets everything, because the devices' numbers mean others from here on.
    pub(super) fn clear(&mut self) {
        self.index.clear();
        self.rows.clear();
        self.entries.clear();
        (self.free_row, self.free_entry) = (NONE, NONE);
        (self.newest, self.oldest) = (NONE, NONE);
    }

    /// Devices forgotten for want of room.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Bytes in use.
    pub(super) fn bytes(&self) -> usize {
        self.index.len() * size_of::<Slot>() + self.slab_bytes()
    }

    /// The row of a device, which is the newest from now on.
    pub(super) fn row(&mut self, device: u32) -> Option<RowIx> {
        let slot = self.slot(device);
        let row = self.index.get(slot)?.row;
        if self.rows.get(at(row))?.device != device {
            return None;
        }
        if self.newest != row {
            self.unlink(row);
            self.link(row);
        }
        Some(RowIx { row, slot })
    }

    /// Asks memory for what is known of a device; safe Rust's prefetch is a value read for nothing.
    #[inline]
    pub(super) fn approach(&self, device: u32) {
        if let Some(slot) = self.index.get(self.slot(device)) {
            black_box(self.rows.get(at(slot.row)).map(|row| row.device));
            // The entries of a device lie side by side, most of the time.
            for line in 0..LINES {
                let entry = self.entries.get(at(slot.first) + line * ENTRIES_OF_A_LINE);
                black_box(entry.map(|entry| entry.kind));
            }
        }
    }

    /// A row for a device that has none, if there is room.
    pub(super) fn add_row(&mut self, device: u32) -> Option<RowIx> {
        let slot = self.slot(device);
        if self.index.len() <= slot {
            self.index.resize(slot + 1, Slot::EMPTY);
        }
        if let Some(other) = self.index.get(slot).filter(|other| other.row != NONE) {
            self.forget(other.row);
        }
        let fresh = Row { older: NONE, newer: NONE, device, origin: Origin::default() };
        while self.free_row == NONE && !self.has_room(size_of::<Row>() + size_of::<Entry>()) {
            self.forget_oldest(NONE)?;
        }
        let row = if let Some(free) = self.rows.get_mut(at(self.free_row)) {
            let row = self.free_row;
            self.free_row = free.older;
            *free = fresh;
            row
        } else {
            grow(&mut self.rows, self.budget);
            self.rows.push(fresh);
            number(self.rows.len() - 1)
        };
        *self.index.get_mut(slot)? = Slot { row, first: NONE };
        self.link(row);
        Some(RowIx { row, slot })
    }

    /// By what way the device was heard last.
    pub(super) fn origin(&self, row: RowIx) -> Origin {
        self.rows.get(at(row.row)).map(|row| row.origin).unwrap_or_default()
    }

    /// It was heard again.
    pub(super) fn set_origin(&mut self, row: RowIx, origin: Origin) {
        if let Some(row) = self.rows.get_mut(at(row.row)) {
            row.origin = origin;
        }
    }

    /// Where the first kind of a message is expected.
    pub(super) fn cursor(&self, row: RowIx) -> Cursor {
        Cursor { next: self.first(row) }
    }

    /// Looks for a kind: where it is expected, then behind, then before.
    #[inline]
    pub(super) fn find(
        &self,
        row: RowIx,
        cursor: &mut Cursor,
        kind: KindId,
        channel: u16,
    ) -> Found {
        if let Some(entry) = self.entries.get(at(cursor.next))
            && (entry.kind, entry.channel) == (kind, channel)
        {
            let found = cursor.next;
            cursor.next = entry.next;
            return Found::Ahead(EntryIx(found));
        }
        self.search(row, cursor, kind, channel)
    }

    fn search(&self, row: RowIx, cursor: &mut Cursor, kind: KindId, channel: u16) -> Found {
        let (mut last, mut count) = (NONE, 0);
        for (start, end) in [(cursor.next, NONE), (self.first(row), cursor.next)] {
            let is_ahead = end == NONE && start == cursor.next;
            let mut walked = start;
            while walked != end
                && let Some(entry) = self.entries.get(at(walked))
            {
                if (entry.kind, entry.channel) == (kind, channel) {
                    cursor.next = entry.next;
                    let found = EntryIx(walked);
                    return if is_ahead { Found::Ahead(found) } else { Found::Behind(found) };
                }
                count += 1;
                if entry.next == NONE {
                    last = walked;
                }
                walked = entry.next;
            }
        }
        Found::Missing { last, count }
    }

    /// A further kind of a device, behind its last one, if there is room.
    pub(super) fn add(
        &mut self,
        row: RowIx,
        last: u32,
        (kind, channel): (KindId, u16),
    ) -> Option<EntryIx> {
        let fresh = Entry {
            value: 0,
            stamp: Stamp::VOID,
            clock: NO_CLOCK,
            sent: Tick::default(),
            next: NONE,
            kind,
            channel,
        };
        while self.free_entry == NONE && !self.has_room(size_of::<Entry>()) {
            self.forget_oldest(row.row)?;
        }
        let added = if let Some(free) = self.entries.get_mut(at(self.free_entry)) {
            let added = self.free_entry;
            self.free_entry = free.next;
            *free = fresh;
            added
        } else {
            grow(&mut self.entries, self.budget);
            self.entries.push(fresh);
            number(self.entries.len() - 1)
        };
        if let Some(last) = self.entries.get_mut(at(last)) {
            last.next = added;
        } else {
            self.index.get_mut(row.slot)?.first = added;
        }
        Some(EntryIx(added))
    }

    /// An entry.
    pub(super) fn get(&self, entry: EntryIx) -> Option<&Entry> {
        self.entries.get(at(entry.0))
    }

    /// An entry, to be changed.
    pub(super) fn get_mut(&mut self, entry: EntryIx) -> Option<&mut Entry> {
        self.entries.get_mut(at(entry.0))
    }

    fn first(&self, row: RowIx) -> u32 {
        self.index.get(row.slot).map_or(NONE, |slot| slot.first)
    }

    fn slot(&self, device: u32) -> usize {
        at(device) % self.index_max
    }

    fn slab_bytes(&self) -> usize {
        self.rows.len() * size_of::<Row>() + self.entries.len() * size_of::<Entry>()
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.slab_bytes() + bytes <= self.budget
    }

    /// Forgets the device that was not heard for the longest time, unless it is `kept`.
    fn forget_oldest(&mut self, kept: u32) -> Option<()> {
        let oldest = self.oldest;
        if oldest == NONE || oldest == kept {
            return None;
        }
        self.forget(oldest);
        Some(())
    }

    fn forget(&mut self, row: u32) {
        self.forgotten += 1;
        self.unlink(row);
        let Some(gone) = self.rows.get_mut(at(row)) else { return };
        let device = gone.device;
        gone.older = self.free_row;
        gone.device = NONE;
        self.free_row = row;
        let slot = self.slot(device);
        let Some(found) = self.index.get_mut(slot) else { return };
        let Slot { first, .. } = std::mem::replace(found, Slot::EMPTY);
        let mut walked = first;
        while let Some(entry) = self.entries.get_mut(at(walked)) {
            let next = entry.next;
            entry.next = self.free_entry;
            self.free_entry = walked;
            walked = next;
        }
    }

    /// Makes a row the newest.
    fn link(&mut self, row: u32) {
        let before = self.newest;
        if let Some(linked) = self.rows.get_mut(at(row)) {
            linked.older = before;
            linked.newer = NONE;
        }
        match self.rows.get_mut(at(before)) {
            Some(before) => before.newer = row,
            None => self.oldest = row,
        }
        self.newest = row;
    }

    fn unlink(&mut self, row: u32) {
        let Some(Row { older, newer, .. }) = self.rows.get(at(row)).copied() else { return };
        match self.rows.get_mut(at(older)) {
            Some(row) => row.newer = newer,
            None => self.oldest = newer,
        }
        match self.rows.get_mut(at(newer)) {
            Some(row) => row.older = older,
            None => self.newest = older,
        }
    }
}

/// Room for more, but never beyond the budget as a doubling would.
fn grow<T>(slab: &mut Vec<T>, budget: usize) {
    if slab.len() == slab.capacity() {
        let most = (budget / size_of::<T>()).saturating_sub(slab.len()).max(1);
        slab.reserve_exact(slab.len().max(16).min(most));
    }
}

fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}
