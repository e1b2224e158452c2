//! The secrets of compose.yaml, made by the script that makes them there.

use std::{env, fs, path::PathBuf, process::Command};

use super::{
    run,
    support::{process, tools},
};

/// The first home of `prepare.sh`.
pub const HOME: &str = "h-0412";

/// A folder in the place of compose.yaml's volume.
pub struct Secrets {
    pub folder: PathBuf,
    mosquitto_passwd: PathBuf,
}

impl Secrets {
    /// Makes them all.
    pub fn make() -> Option<Self> {
        let mosquitto_passwd = tools::program("MOSQUITTO_PASSWD")?;
        let secrets = Self { folder: process::scratch("secrets"), mosquitto_passwd };
        secrets.prepare();
        Some(secrets)
    }

    /// Runs `prepare.sh`, as at each start of compose.yaml.
    pub fn prepare(&self) {
        let folder = self.mosquitto_passwd.parent().expect("a folder").display();
        let path = format!("{folder}:{}", env::var("PATH").expect("PATH"));
        let script = tools::root().join("deploy/docker/prepare.sh");
        let libraries = tools::setting_found("MOSQUITTO_LIBRARIES").unwrap_or_default();
        run(Command::new(script)
            .env("PATH", path)
            .env("LD_LIBRARY_PATH", libraries)
            .env("SECRETS", &self.folder)
            .env("TRYGG_USER", "")
            .env("MOSQUITTO_USER", ""));
    }

    /// What one of its files holds.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}
