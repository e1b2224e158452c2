//! The password of a command that has no configuration file: by reference, too, since arguments
//! are seen by everybody in the list of processes.

use std::path::Path;

use super::{
    Secret, environment,
    secret::{SecretError, SecretFiles},
};

/// Why there is no password. Says neither path nor content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The file cannot be read.
    #[error("the password file cannot be read: give the path of a file of mode 0600")]
    Unreadable,
    /// Others may read the file.
    #[error("the password file has mode {mode:04o}, so others may read it: chmod 600 that file")]
    Mode {
        /// As found.
        mode: u32,
    },
    /// The file holds something else.
    #[error("the password file must hold one line of text: write the password and nothing else")]
    NotText,
    /// No such variable.
    #[error("the variable of the environment is not set: export it, or use a password file")]
    NotSet,
}

/// Reads the password from a file or a variable of the environment, if one is given.
///
/// # Errors
/// When there is none to be read there.
pub fn password(
    file: Option<&Path>,
    variable: Option<&str>,
) -> Result<Option<Secret>, PasswordError> {
    if let Some(file) = file {
        // Beside a file in the working folder: paths are taken as the shell takes them.
        let files = SecretFiles::beside(Path::new("trygg.toml"), environment);
        return files.read_text(file).map(Some).map_err(PasswordError::from);
    }
    let Some(variable) = variable else { return Ok(None) };
    match environment(variable).filter(|value| !value.is_empty()) {
        Some(value) => Ok(Some(Secret::from(value.as_str()))),
        None => Err(PasswordError::NotSet),
    }
}

impl From<SecretError> for PasswordError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Unreadable(_) | SecretError::NotAFile | SecretError::NoCredential => {
                Self::Unreadable
            }
            SecretError::Mode { mode } => Self::Mode { mode },
            SecretError::NotText(_) => Self::NotText,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    use super::*;

    #[test]
    fn a_password_comes_from_a_file_of_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        let read = || password(Some(&file), None).map(|secret| secret.unwrap().reveal().to_owned());
        assert_eq!(read(), Err(PasswordError::Unreadable));
        fs::write(&file, "geheim\n").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(), Err(PasswordError::Mode { mode: 0o644 }));
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read().as_deref(), Ok("geheim"));
    }

    #[test]
    fn a_variable_that_is_not_set_is_a_mistake_and_none_asked_for_is_none() {
        let missing = password(None, Some("TRYGG_TEST_NOT_SET"));
        assert_eq!(missing.unwrap_err(), PasswordError::NotSet);
        assert_eq!(password(None, None), Ok(None));
        assert!(password(None, Some("PATH")).unwrap().is_some());
    }
}
