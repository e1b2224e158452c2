//! One process owns a spool.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use super::{
    disk::{Disk, RealDisk},
    error::SpoolError,
    quarantine,
};

const NAME: &str = "LOCK";

/// Held as long as this lives; the system gives it back whatever the process dies of.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

impl Lock {
    /// Makes the directory if there is none, sees that it is ours alone, and takes it.
    pub fn take(root: &Path) -> Result<Self, SpoolError> {
        RealDisk.make_directory(root).map_err(SpoolError::io("make the directory", root))?;
        let path = root.join(NAME);
        // A directory that was made for a new spool, with whatever mode `mkdir` gives.
        if !path.exists()
            && check(root).is_err_and(|error| matches!(error, SpoolError::Mode { .. }))
        {
            let ours_alone = fs::Permissions::from_mode(0o700);
            fs::set_permissions(root, ours_alone).map_err(SpoolError::io("close", root))?;
        }
        check(root)?;
        let mut options = fs::File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(SpoolError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(SpoolError::Locked { path: root.into(), holder: holder(&mut file) });
            }
            Err(fs::TryLockError::Error(error)) => {
                return Err(SpoolError::io("lock", path)(error));
            }
        }
        // Only for the message: a full disk must not keep us from delivering.
        drop(sign(&mut file));
        Ok(Self { _file: file })
    }
}

/// Is a directory ours, and ours alone?
pub(super) fn check(path: &Path) -> Result<(), SpoolError> {
    let found = fs::metadata(path).map_err(SpoolError::io("look at", path))?;
    let (owner, user) = (found.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        return Err(SpoolError::Owner { path: path.into(), owner, user });
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SpoolError::Mode { path: path.into(), mode });
    }
    Ok(())
}

/// Can a link's name be a directory's here?
pub(super) fn check_name(name: &str) -> Result<(), SpoolError> {
    let is_taken = [".", "..", NAME, quarantine::FOLDER].contains(&name);
    if name.is_empty() || is_taken || name.contains(['/', '\0']) || name.len() > 200 {
        return Err(SpoolError::Name { name: name.to_owned() });
    }
    Ok(())
}

fn sign(file: &mut fs::File) -> io::Result<()> {
    file.set_len(0)?;
    write!(file, "{}", std::process::id())
}

fn holder(file: &mut fs::File) -> String {
    let mut text = String::new();
    match file.take(32).read_to_string(&mut text).map(|_| text.trim().parse::<u32>()) {
        Ok(Ok(pid)) => format!(" by process {pid}"),
        Ok(Err(_)) | Err(_) => String::new(),
    }
}
