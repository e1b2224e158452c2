//! A configuration whose secrets may still have to be made: to be looked at, not to be run.

use super::{Config, ConfigError, ConfigErrors};

/// What was read of a configuration, with every mistake in it.
#[derive(Debug)]
pub struct Draft {
    config: Config,
    mistakes: Vec<ConfigError>,
}

impl Draft {
    pub(super) fn new(config: Config, mistakes: Vec<ConfigError>) -> Self {
        Self { config, mistakes }
    }

    /// The configuration, if nothing at all is wrong with it.
    ///
    /// # Errors
    /// Every mistake.
    pub fn finish(self) -> Result<Config, ConfigErrors> {
        if self.mistakes.is_empty() { Ok(self.config) } else { Err(ConfigErrors(self.mistakes)) }
    }

    /// The configuration without the secrets that have still to be made, and what is said of
    /// their files. There may be none.
    ///
    /// # Errors
    /// Every mistake, if there is one of another sort.
    pub fn look(&self) -> Result<(&Config, &[ConfigError]), ConfigErrors> {
        if self.mistakes.iter().all(|mistake| mistake.is_absent) {
            return Ok((&self.config, &self.mistakes));
        }
        Err(ConfigErrors(self.mistakes.clone()))
    }
}
