//! Secrets: only by reference, only from files nobody else can read.

use std::{
    fmt, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Environment, document::Mistake, librdkafka};
use crate::kafka::Credential;

/// What is shown in the place of a secret.
pub(super) const MASK: &str = "***";

/// What to do with a secret that stands in the file.
pub(super) const ELSEWHERE: &str = "write it to a file of mode 0600 and name that file (password_file = \"north.pass\"; for \
     librdkafka in [kafka.secret_files]), or name a variable (password_env), or a credential of \
     systemd (password_file = \"credential:north\")";

/// Names a file in the folder of credentials that the service manager has filled.
const CREDENTIAL: &str = "credential:";

/// Is the value of this key never shown? It names a secret, and may by mistake be one.
pub(super) fn is_hidden(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    let passed = path.strip_prefix("kafka.librdkafka.").is_some_and(librdkafka::is_secret);
    let names = name.starts_with("password") || name == "token_file";
    names || path.starts_with("kafka.secret_files.") || passed
}

/// Is the value of this key not to be quoted in a mistake?
pub(super) fn may_hold_secret(path: &str) -> bool {
    is_hidden(path) || is_inline(path) || path.ends_with("key_file")
}

/// Would an unknown key of this name hold a secret?
pub(super) fn is_inline(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    let words = ["password", "passphrase", "passwd", "secret", "token"];
    name == "key" || words.iter().any(|word| name.ends_with(word))
}

/// A password. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The password itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What the text of a secret may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// A password or a token.
    One,
    /// A key in PEM form.
    Several,
}

/// Largest secret file read, bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads files named by the configuration; relative paths start at the configuration's folder,
/// `credential:name` at the folder of credentials.
pub(super) struct SecretFiles<'a> {
    folder: &'a Path,
    credentials: Option<PathBuf>,
}

impl<'a> SecretFiles<'a> {
    /// For the configuration file `config`.
    pub(super) fn beside(config: &'a Path, environment: Environment) -> Self {
        let credentials = environment("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self { folder: config.parent().unwrap_or(Path::new("")), credentials }
    }

    /// The path as the process can open it.
    pub(super) fn resolve(&self, file: &Path) -> PathBuf {
        match (credential(file), &self.credentials) {
            (Some(name), Some(folder)) if is_plain(name) => folder.join(name),
            // A credential that cannot be: no such file.
            (Some(_) | None, _) => self.folder.join(file),
        }
    }

    /// The content of a secret file.
    pub(super) fn read(&self, file: &Path) -> Result<Vec<u8>, SecretError> {
        let credential = credential(file);
        if credential.is_some_and(|name| self.credentials.is_none() || !is_plain(name)) {
            return Err(SecretError::NoCredential);
        }
        let path = self.resolve(file);
        let meta = fs::metadata(&path).map_err(SecretError::Unreadable)?;
        let mode = meta.permissions().mode() & 0o777;
        if !meta.is_file() || meta.len() > MAX_BYTES {
            return Err(SecretError::NotAFile);
        }
        // The service manager gives credentials to the service's group too, in a folder that
        // nobody else can enter.
        let others = if credential.is_some() { 0o137 } else { 0o177 };
        if mode & others != 0 {
            return Err(SecretError::Mode { mode });
        }
        fs::read(&path).map_err(SecretError::Unreadable)
    }

    /// A secret that is read again when it is needed again.
    pub(super) fn credential(&self, file: &Path, lines: Lines) -> Result<Credential, SecretError> {
        let secret = self.read_lines(file, lines)?;
        let (folder, file) = (self.folder.to_path_buf(), file.to_path_buf());
        let credentials = self.credentials.clone();
        let again = move || {
            let files = SecretFiles { folder: &folder, credentials: credentials.clone() };
            files.read_lines(&file, lines).ok().map(|secret| secret.0)
        };
        Ok(Credential::renewable(secret.reveal(), again))
    }

    /// The content as one line of text.
    pub(super) fn read_text(&self, file: &Path) -> Result<Secret, SecretError> {
        self.read_lines(file, Lines::One)
    }

    /// The content as text; a line end at the end of the file is not part of it.
    fn read_lines(&self, file: &Path, lines: Lines) -> Result<Secret, SecretError> {
        let bytes = self.read(file)?;
        let text = str::from_utf8(&bytes).map_err(|_| SecretError::NotText(lines))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let is_strange = |char: char| {
            let is_line_end = matches!(char, '\n' | '\r');
            char.is_control() && !(is_line_end && lines == Lines::Several)
        };
        if text.is_empty() || text.contains(is_strange) {
            return Err(SecretError::NotText(lines));
        }
        Ok(Secret::from(text))
    }
}

/// Does a name stay in its folder?
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && name != ".."
}

/// The name behind `credential:`.
fn credential(file: &Path) -> Option<&str> {
    file.to_str()?.strip_prefix(CREDENTIAL)
}

/// Why a secret file cannot be used.
#[derive(Debug)]
pub(super) enum SecretError {
    Unreadable(io::Error),
    NoCredential,
    NotAFile,
    Mode { mode: u32 },
    NotText(Lines),
}

impl SecretError {
    /// For the operator. Names neither path nor content: a password may have been written where
    /// its file was meant.
    pub(super) fn into_mistake(self) -> Mistake {
        match self {
            Self::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => Mistake {
                is_absent: true,
                ..Mistake::new(
                    "a readable file",
                    "write the secret to it and chmod 600 it, or correct the path, which starts \
                     at the folder of this configuration",
                )
                .found("none of this name")
            },
            Self::Unreadable(error) => Mistake::new(
                "a readable file",
                "give the path of the file, relative to the folder of this configuration",
            )
            .found(error.to_string()),
            Self::NoCredential => Mistake::new(
                "a credential that the service manager passes on",
                "add LoadCredential=NAME:FILE to the unit (it sets CREDENTIALS_DIRECTORY), or name \
                 a file",
            ),
            Self::NotAFile => {
                Mistake::new("a plain file of at most 64 KiB", "give the path of the secret's file")
            }
            Self::Mode { mode } => {
                let fix = "chmod 600 that file, owned by the user trygg runs as";
                Mistake::new("a file of mode 0600 or 0400", fix).found(format!("mode {mode:04o}"))
            }
            Self::NotText(Lines::Several) => {
                Mistake::new("a key in PEM form in that file", "write the key and nothing else")
            }
            Self::NotText(Lines::One) => {
                Mistake::new("one line of text in that file", "write the password and nothing else")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn secret(content: &[u8], mode: u32) -> Result<Secret, SecretError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let config = folder.path().join("trygg.toml");
        SecretFiles::beside(&config, |_| None).read_text(Path::new("secret"))
    }

    #[test]
    fn a_credential_is_read_from_the_folder_of_the_service_manager() {
        let credentials = tempfile::tempdir().unwrap();
        let path = credentials.path().join("north");
        fs::write(&path, "geheim\n").unwrap();
        let folder = Some(credentials.path().to_path_buf());
        let files = SecretFiles { folder: Path::new("elsewhere"), credentials: folder };
        for mode in [0o400, 0o440, 0o600] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let secret = files.read_text(Path::new("credential:north")).unwrap();
            assert_eq!(secret.reveal(), "geheim", "{mode:o}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        let open = files.read_text(Path::new("credential:north"));
        assert!(matches!(open, Err(SecretError::Mode { mode: 0o444 })));
        for climbing in ["credential:../north", "credential:"] {
            let refused = files.read_text(Path::new(climbing));
            assert!(matches!(refused, Err(SecretError::NoCredential)), "{climbing}");
        }
        let without = SecretFiles { folder: credentials.path(), credentials: None };
        let refused = without.read_text(Path::new("credential:north"));
        assert!(matches!(refused, Err(SecretError::NoCredential)));
    }

    #[test]
    fn a_secret_is_one_line_without_its_end() {
        for content in [b"geheim" as &[u8], b"geheim\n", b"geheim\r\n"] {
            assert_eq!(secret(content, 0o600).unwrap().reveal(), "geheim");
        }
        for content in [b"" as &[u8], b"\n", b"a\nb", b"\xff\xfe"] {
            assert!(matches!(secret(content, 0o600), Err(SecretError::NotText(Lines::One))));
        }
    }

    #[test]
    fn others_must_not_read_it() {
        assert!(secret(b"geheim", 0o400).is_ok());
        for mode in [0o640, 0o604, 0o660, 0o700, 0o644] {
            let refused = secret(b"geheim", mode).unwrap_err();
            assert!(matches!(refused, SecretError::Mode { mode: found } if found == mode));
        }
    }

    #[test]
    fn debug_says_nothing() {
        assert_eq!(format!("{:?}", Secret::from("geheim")), "Secret");
    }
}
