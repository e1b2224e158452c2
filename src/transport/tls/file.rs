//! Certificates and keys as files, and what can be wrong with them.

use std::{fmt, fs, io::ErrorKind, os::unix::fs::PermissionsExt, path::Path};

use thiserror::Error;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// Largest file read, bytes: many times the authorities of a whole system.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A file of TLS that cannot be used. Names neither its path nor its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("link.tls.{}: expected {}, found {}; {}", file.key(), file.expected(), problem, self.fix())]
pub struct TlsFileError {
    /// Which.
    pub file: TlsFile,
    /// Why.
    pub problem: TlsFileProblem,
}

/// The files of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFile {
    /// Authorities of the operator's choice.
    Ca,
    /// Authorities the system trusts.
    SystemRoots,
    /// Our certificate.
    Certificate,
    /// Its key.
    Key,
}

/// Why a file of TLS cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFileProblem {
    /// It is not there, or not for us.
    Unreadable(ErrorKind),
    /// It is no plain file, or far too large.
    NotAFile,
    /// Others may read the key.
    Mode(u32),
    /// Nothing of the kind stands in it.
    Empty,
    /// What stands in it is broken, or of a form nobody knows.
    Unusable,
    /// The key is not the certificate's.
    Mismatch,
}

impl TlsFile {
    /// The key of the configuration that names it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ca | Self::SystemRoots => "ca_file",
            Self::Certificate => "certificate_file",
            Self::Key => "key_file",
        }
    }

    /// Ends the sentence "expected ...".
    pub fn expected(self) -> &'static str {
        match self {
            Self::Ca => "a PEM file with certificates of authorities",
            Self::SystemRoots => "a path, or authorities that the system trusts",
            Self::Certificate => "a PEM file with the certificate",
            Self::Key => "a PEM file of mode 0600 with the certificate's private key",
        }
    }

    pub(super) fn unusable(self) -> TlsFileError {
        TlsFileError { file: self, problem: TlsFileProblem::Unusable }
    }
}

impl TlsFileError {
    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match (self.problem, self.file) {
            (TlsFileProblem::Mode(_), _) => "chmod 600 it, owned by the user trygg runs as",
            (TlsFileProblem::Mismatch, _) => "give the key the certificate was made with",
            (_, TlsFile::SystemRoots) => {
                "give the file of the authority that signed the broker's certificate"
            }
            (TlsFileProblem::Unreadable(_) | TlsFileProblem::NotAFile, _) => {
                "give the path of a file this user can read, relative to the folder of the \
                 configuration"
            }
            (TlsFileProblem::Empty | TlsFileProblem::Unusable, TlsFile::Key) => {
                "give it as PEM (-----BEGIN PRIVATE KEY-----), without a password"
            }
            (
                TlsFileProblem::Empty | TlsFileProblem::Unusable,
                TlsFile::Ca | TlsFile::Certificate,
            ) => "give it as PEM (-----BEGIN CERTIFICATE-----)",
        }
    }
}

impl fmt::Display for TlsFileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => kind.fmt(f),
            Self::NotAFile => f.write_str("no plain file of at most 4 MiB"),
            Self::Mode(mode) => write!(f, "mode {mode:04o}"),
            Self::Empty => f.write_str("none in it"),
            Self::Unusable => f.write_str("none that can be used"),
            Self::Mismatch => f.write_str("the key of another certificate"),
        }
    }
}

/// All certificates of a file, at least one.
pub(super) fn certificates(
    path: &Path,
    file: TlsFile,
) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let pem = read(path, file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|_broken| file.unusable())?;
    if found.is_empty() {
        return Err(TlsFileError { file, problem: TlsFileProblem::Empty });
    }
    Ok(found)
}

/// The first private key of a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    let file = TlsFile::Key;
    let pem = read(path, file)?;
    let found = PrivateKeyDer::pem_slice_iter(&pem).next();
    found.ok_or(TlsFileError { file, problem: TlsFileProblem::Empty })?.map_err(|_broken| {
        // The library's words may repeat the line they stumbled over.
        file.unusable()
    })
}

fn read(path: &Path, file: TlsFile) -> Result<Vec<u8>, TlsFileError> {
    let refused = |problem| TlsFileError { file, problem };
    let unreadable = |error: std::io::Error| refused(TlsFileProblem::Unreadable(error.kind()));
    let meta = fs::metadata(path).map_err(unreadable)?;
    if !meta.is_file() || meta.len() > MAX_BYTES {
        return Err(refused(TlsFileProblem::NotAFile));
    }
    let mode = meta.permissions().mode() & 0o777;
    // The group may read it: a service manager hands it over so, and so do many machines.
    if file == TlsFile::Key && mode & 0o137 != 0 {
        return Err(refused(TlsFileProblem::Mode(mode)));
    }
    fs::read(path).map_err(unreadable)
}
