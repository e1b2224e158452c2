//! A disk in memory that loses power, runs full and fails at will.
//!
//! What was written and not synced may be there after a crash, or not, or in parts of 512 bytes. What
//! a failed sync was to bring to the medium will never be there, although it can still be read: so a
//! second sync of the same file proves nothing. Names are kept in the order in which they were made.

mod calls;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use rand::{Rng, SeedableRng, rngs::SmallRng};

const SECTOR: usize = 512;

/// What a call does to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    /// A file is created or opened for writing.
    Create,
    /// A file is opened for reading.
    Open,
    Write,
    Read,
    Sync,
    Rename,
    SyncDirectory,
    Remove,
    /// Cut, length, list, directory.
    Other,
}

/// Handles of one disk share it.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    /// As on the medium.
    safe_names: BTreeMap<PathBuf, usize>,
    /// Not on the medium yet, by directory, in order.
    changes: Vec<Change>,
    capacity: usize,
    chance: SmallRng,
    faults: Faults,
    calls: BTreeMap<&'static str, u64>,
    /// Handles of before the last crash are dead.
    life: u64,
    /// A sync has failed, and what it was to save can still be read.
    has_lied: bool,
}

#[derive(Debug, Default)]
struct File {
    /// As read.
    bytes: Vec<u8>,
    /// As on the medium.
    safe: Vec<u8>,
    /// Written and not synced.
    dirty: Vec<std::ops::Range<usize>>,
}

#[derive(Clone, Debug)]
struct Change {
    folder: PathBuf,
    path: PathBuf,
    /// The file that has the name now.
    file: Option<usize>,
}

#[derive(Debug, Default)]
struct Faults {
    /// The call of this kind (any, if none) after so many others of it fails, so often.
    planned: Option<(Option<Call>, u32, u32, io::ErrorKind)>,
    /// Of a hundred calls that change something, so many fail.
    percent: u32,
}

/// An open file.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    file: usize,
    life: u64,
}

impl SimulatedDisk {
    /// An empty disk.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(State {
            files: Vec::new(),
            names: BTreeMap::new(),
            safe_names: BTreeMap::new(),
            changes: Vec::new(),
            capacity: usize::MAX,
            chance: SmallRng::seed_from_u64(seed),
            faults: Faults::default(),
            calls: BTreeMap::new(),
            life: 0,
            has_lied: false,
        })))
    }

    /// Bytes that fit.
    pub(crate) fn set_capacity(&self, bytes: usize) {
        self.0.borrow_mut().capacity = bytes;
    }

    /// Bytes taken up.
    pub(crate) fn used(&self) -> usize {
        self.0.borrow().used()
    }

    /// The call of this kind, or of any, after `after` others fails, `times` times.
    pub(crate) fn fail(&self, call: Option<Call>, after: u32, times: u32, kind: io::ErrorKind) {
        self.0.borrow_mut().faults.planned = Some((call, after, times, kind));
    }

    /// So many of a hundred calls that write, sync or name fail with EIO.
    pub(crate) fn fail_often(&self, percent: u32) {
        self.0.borrow_mut().faults.percent = percent;
    }

    /// Everything works again.
    pub(crate) fn heal(&self) {
        self.0.borrow_mut().faults = Faults::default();
    }

    /// Successful syncs of files.
    pub(crate) fn count(&self, call: Call) -> u64 {
        self.0.borrow().calls.get(label(call)).copied().unwrap_or(0)
    }

    /// The power goes: what was not synced is there in parts, or not.
    pub(crate) fn crash(&self) {
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        state.life += 1;
        state.faults = Faults::default();
        for file in &mut state.files {
            for range in std::mem::take(&mut file.dirty) {
                let end = if state.chance.random_bool(0.3) {
                    range.end
                } else {
                    state.chance.random_range(range.start..=range.end)
                };
                let mut at = range.start;
                while at < end {
                    let next = ((at / SECTOR + 1) * SECTOR).min(end);
                    if file.safe.len() < next {
                        file.safe.resize(next, 0);
                    }
                    if !state.chance.random_bool(0.1) {
                        let upper = next.min(file.bytes.len());
                        if at < upper {
                            file.safe[at..upper].copy_from_slice(&file.bytes[at..upper]);
                        }
                    }
                    at = next;
                }
            }
            file.bytes.clone_from(&file.safe);
        }
        state.has_lied = false;
        let changes = std::mem::take(&mut state.changes);
        let mut folders: Vec<_> = changes.iter().map(|change| change.folder.clone()).collect();
        folders.dedup();
        for folder in folders {
            let here: Vec<_> = changes.iter().filter(|change| change.folder == folder).collect();
            let kept = state.chance.random_range(0..=here.len());
            for change in &here[..kept] {
                set(&mut state.safe_names, &change.path, change.file);
            }
        }
        state.names = state.safe_names.clone();
    }

    /// Every process stops, and the page cache stays.
    pub(crate) fn kill(&self) {
        let mut state = self.0.borrow_mut();
        state.life += 1;
        state.faults = Faults::default();
    }

    /// Can something be read that will never be on the medium?
    pub(crate) fn has_lied(&self) -> bool {
        self.0.borrow().has_lied
    }

    /// A file's bytes.
    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        let state = self.0.borrow();
        state.files[state.names[path]].bytes.clone()
    }

    /// Puts a file there, on the medium.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        let file = File { bytes: bytes.to_vec(), safe: bytes.to_vec(), dirty: Vec::new() };
        state.files.push(file);
        let index = state.files.len() - 1;
        state.names.insert(path.to_path_buf(), index);
        state.safe_names.insert(path.to_path_buf(), index);
    }

    /// Every file there is.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.0.borrow().names.keys().cloned().collect()
    }

    /// A disk of its own with the same files, all on the medium.
    pub(crate) fn copy(&self) -> Self {
        let other = Self::new(1);
        for path in self.paths() {
            other.put(&path, &self.bytes(&path));
        }
        other
    }

    /// A disk of its own as it would be found had the power gone now, and nothing been kept that is
    /// not proven.
    pub(crate) fn worst(&self) -> Self {
        let other = Self::new(1);
        let state = self.0.borrow();
        for (path, file) in &state.safe_names {
            other.put(path, &state.files[*file].safe);
        }
        other
    }

    fn call(&self, call: Call) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        *state.calls.entry(label(call)).or_default() += 1;
        if let Some((planned, after, times, kind)) = &mut state.faults.planned
            && planned.is_none_or(|planned| planned == call)
        {
            if *after > 0 {
                *after -= 1;
            } else if *times > 0 {
                *times -= 1;
                return Err((*kind).into());
            }
        }
        let changes = !matches!(call, Call::Open | Call::Read | Call::Other);
        let percent = state.faults.percent;
        if changes && percent > 0 && state.chance.random_range(0..100) < percent {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    }

    fn alive(&self, handle: &Handle) {
        assert_eq!(handle.life, self.0.borrow().life, "a file of a dead process");
    }
}

impl State {
    fn used(&self) -> usize {
        self.names.values().map(|file| self.files[*file].bytes.len()).sum()
    }

    fn change(&mut self, path: &Path, file: Option<usize>) {
        set(&mut self.names, path, file);
        let folder = path.parent().expect("in a directory").to_path_buf();
        self.changes.push(Change { folder, path: path.to_path_buf(), file });
    }
}

fn set(names: &mut BTreeMap<PathBuf, usize>, path: &Path, file: Option<usize>) {
    match file {
        Some(file) => drop(names.insert(path.to_path_buf(), file)),
        None => drop(names.remove(path)),
    }
}

fn label(call: Call) -> &'static str {
    match call {
        Call::Create => "create",
        Call::Open => "open",
        Call::Write => "write",
        Call::Read => "read",
        Call::Sync => "sync",
        Call::Rename => "rename",
        Call::SyncDirectory => "sync directory",
        Call::Remove => "remove",
        Call::Other => "other",
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}
