//! What the spool needs of a file system. There are two: the real one, and the one of the tests, which
//! loses power, runs full and fails at will.

#[cfg(test)]
pub(crate) mod simulated;

use std::{
    fmt, fs, io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::Path,
};

/// Files and directories. Nothing is proven to be on the medium but by [`Disk::sync`] and
/// [`Disk::sync_directory`].
pub trait Disk: fmt::Debug {
    /// An open file.
    type File: fmt::Debug;

    /// Creates a file for writing, empties it when there is one. For its owner only.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file for writing as it is, creates it when there is none.
    fn reopen(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Writes all of it.
    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Reads until the buffer is full or the file ends; how much that was.
    fn read_at(&self, file: &Self::File, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// How long the file is.
    fn length(&self, file: &Self::File) -> io::Result<u64>;
    /// Gives the bytes behind `length` back.
    fn cut(&self, file: &Self::File, length: u64) -> io::Result<()>;
    /// Returns when the file's bytes are on the medium.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    /// Renames within one file system, over whatever has the name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Returns when the directory's entries are on the medium.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Names in a directory, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory and what is missing above it. For its owner only.
    fn make_directory(&self, path: &Path) -> io::Result<()>;
    /// Bytes that may still be written.
    fn free(&self, path: &Path) -> io::Result<u64>;
}

/// The machine's.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = fs::File;

    fn create(&self, path: &Path) -> io::Result<fs::File> {
        let mut options = fs::File::options();
        options.read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
    }

    fn reopen(&self, path: &Path) -> io::Result<fs::File> {
        let mut options = fs::File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<fs::File> {
        fs::File::open(path)
    }

    fn write_at(&self, file: &fs::File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn read_at(&self, file: &fs::File, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
            match file.read_at(rest, at) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn length(&self, file: &fs::File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn cut(&self, file: &fs::File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn sync(&self, file: &fs::File) -> io::Result<()> {
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        fs::File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        // A name that is no text is none of ours.
        let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(Result::transpose).collect()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(path)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}
