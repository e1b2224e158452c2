//! Why the spool cannot be opened.

use std::{io, path::PathBuf};

/// Why not, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process has it.
    #[error(
        "the spool {path} is in use{holder}: stop that process, or set spool.directory to another \
         directory"
    )]
    Locked {
        /// The spool's directory.
        path: PathBuf,
        /// ` by process N`, if it said so.
        holder: String,
    },
    /// Somebody else's.
    #[error("{path} belongs to user {owner}, and this is user {user}: `chown -R {user} {path}`")]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Others may read or write it.
    #[error("{path} is open to other users (mode {mode:o}): `chmod 0700 {path}`")]
    Mode {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Written by a later release.
    #[error(
        "{path} was written by a later release (format {version}): start that release again and let \
         it deliver everything, or move the directory away"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u16,
    },
    /// A name that is no directory's.
    #[error("`{name}` cannot be the name of a directory of the spool: rename the link")]
    Name {
        /// The link's.
        name: String,
    },
    /// The disk does not do it.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SpoolError {
    /// For `map_err`.
    pub(super) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
