//! The disk as the spool sees it.

use std::{io, path::Path};

use rand::Rng;

use super::{Call, File, Handle, SimulatedDisk, full, set};
use crate::spool::disk::Disk;

impl Disk for SimulatedDisk {
    type File = Handle;

    fn create(&self, path: &Path) -> io::Result<Handle> {
        self.call(Call::Create)?;
        let mut state = self.0.borrow_mut();
        state.files.push(File::default());
        let file = state.files.len() - 1;
        state.change(path, Some(file));
        Ok(Handle { file, life: state.life })
    }

    fn reopen(&self, path: &Path) -> io::Result<Handle> {
        let known = self.0.borrow().names.get(path).copied();
        let Some(file) = known else {
            return self.create(path);
        };
        self.call(Call::Create)?;
        Ok(Handle { file, life: self.0.borrow().life })
    }

    fn open(&self, path: &Path) -> io::Result<Handle> {
        self.call(Call::Open)?;
        let state = self.0.borrow();
        let file = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Handle { file, life: state.life })
    }

    fn write_at(&self, handle: &Handle, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.alive(handle);
        let result = self.call(Call::Write);
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        let offset = usize::try_from(offset).expect("small");
        let room = state.capacity.saturating_sub(state.used());
        let file = &mut state.files[handle.file];
        let fits = (file.bytes.len().saturating_sub(offset) + room).min(bytes.len());
        // A write that fails may have written a part.
        let length = match &result {
            Ok(()) => fits,
            Err(_) => state.chance.random_range(0..=fits),
        };
        if file.bytes.len() < offset + length {
            file.bytes.resize(offset + length, 0);
        }
        file.bytes[offset..offset + length].copy_from_slice(&bytes[..length]);
        file.dirty.push(offset..offset + length);
        result?;
        if length < bytes.len() { Err(full()) } else { Ok(()) }
    }

    fn read_at(&self, handle: &Handle, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.alive(handle);
        self.call(Call::Read)?;
        let state = self.0.borrow();
        let bytes = &state.files[handle.file].bytes;
        let offset = usize::try_from(offset).expect("small").min(bytes.len());
        let count = into.len().min(bytes.len() - offset);
        into[..count].copy_from_slice(&bytes[offset..offset + count]);
        Ok(count)
    }

    fn length(&self, handle: &Handle) -> io::Result<u64> {
        self.alive(handle);
        Ok(self.0.borrow().files[handle.file].bytes.len() as u64)
    }

    fn cut(&self, handle: &Handle, length: u64) -> io::Result<()> {
        self.alive(handle);
        self.call(Call::Other)?;
        let mut state = self.0.borrow_mut();
        let file = &mut state.files[handle.file];
        let length = usize::try_from(length).expect("small");
        file.bytes.truncate(length);
        // Journalled with the size: never more on the medium than before, and never less than this.
        file.dirty.iter_mut().for_each(|range| range.end = range.end.min(length));
        file.dirty.retain(|range| range.start < range.end);
        Ok(())
    }

    fn sync(&self, handle: &Handle) -> io::Result<()> {
        self.alive(handle);
        let result = self.call(Call::Sync);
        let mut state = self.0.borrow_mut();
        let file = &mut state.files[handle.file];
        let dirty = std::mem::take(&mut file.dirty);
        state.has_lied |= result.is_err() && !dirty.is_empty();
        let file = &mut state.files[handle.file];
        if result.is_ok() {
            if file.safe.len() > file.bytes.len() {
                file.safe.truncate(file.bytes.len());
            }
            for range in dirty {
                if file.safe.len() < range.end {
                    file.safe.resize(range.end, 0);
                }
                file.safe[range.clone()].copy_from_slice(&file.bytes[range]);
            }
        }
        result
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Rename)?;
        let mut state = self.0.borrow_mut();
        let file = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.change(to, Some(file));
        state.change(from, None);
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.call(Call::SyncDirectory)?;
        let mut state = self.0.borrow_mut();
        let changes = std::mem::take(&mut state.changes);
        for change in changes {
            if change.folder == path {
                set(&mut state.safe_names, &change.path, change.file);
            } else {
                state.changes.push(change);
            }
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.call(Call::Other)?;
        let state = self.0.borrow();
        let here = state.names.keys().filter(|name| name.parent() == Some(path));
        let names = here.filter_map(|name| Some(name.file_name()?.to_str()?.to_owned()));
        Ok(names.collect())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Remove)?;
        let mut state = self.0.borrow_mut();
        if !state.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.change(path, None);
        Ok(())
    }

    fn make_directory(&self, _path: &Path) -> io::Result<()> {
        self.call(Call::Other)
    }

    fn free(&self, _path: &Path) -> io::Result<u64> {
        let state = self.0.borrow();
        Ok(state.capacity.saturating_sub(state.used()) as u64)
    }
}
