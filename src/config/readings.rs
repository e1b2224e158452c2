//! Sections about what happens to readings: `[batch]`, `[clock]`, `[registry]`, `[identity]`.

use std::{path::PathBuf, time::Duration};

use toml::de::DeValue;

use super::{
    document::{Mistake, Section},
    form::Form,
    secret::SecretFiles,
    setting::{Setting, Size},
};
use crate::registry::{Identity, IdentityKey, UnknownDevices};

/// `[batch]`: when a home's open batch becomes a record.
#[derive(Clone, Debug)]
pub struct BatchSettings {
    /// Readings in one record. Default 500, 1 to 10 000; 1 gives one reading a record.
    pub max_readings: usize,
    /// Encoded bytes of one record. Default 64 KiB, 1 KiB to 900 KiB: Kafka's own default
    /// refuses a record above 1 MiB, and one message may add up to its size to a batch.
    pub max_bytes: Size,
    /// How long a reading may wait for company. Default 20 ms, 0 to 5 s.
    pub linger: Duration,
}

impl BatchSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            max_readings: section.within("max_readings", 500, &(1..=10_000)),
            max_bytes: section.within("max_bytes", Size::kib(64), &(Size::kib(1)..=Size::kib(900))),
            linger: section.within(
                "linger",
                Duration::from_millis(20),
                &(Duration::ZERO..=Duration::from_secs(5)),
            ),
        };
        section.finish();
        settings
    }
}

/// `[clock]`: what is flagged about device clocks.
#[derive(Clone, Debug)]
pub struct ClockSettings {
    /// How far ahead of ours a device's clock may be before it is flagged. Default 5 min, 0 to 1 d.
    pub future_tolerance: Duration,
    /// Age at reception from which a reading counts as late. Default 10 min, 1 s to 365 d.
    pub late_after: Duration,
}

impl ClockSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let day = Duration::from_hours(24);
        let settings = Self {
            future_tolerance: section.within(
                "future_tolerance",
                Duration::from_mins(5),
                &(Duration::ZERO..=day),
            ),
            late_after: section.within(
                "late_after",
                Duration::from_mins(10),
                &(Duration::from_secs(1)..=day * 365),
            ),
        };
        section.finish();
        settings
    }
}

/// `[registry]`: which device stands where.
#[derive(Clone, Debug)]
pub struct RegistrySettings {
    /// CSV or TOML file, by its extension. Default: none, every device is unknown.
    pub file: Option<PathBuf>,
    /// What happens to devices the file does not name. Default `accept`.
    pub unknown: UnknownDevices,
}

impl RegistrySettings {
    pub(super) fn read(mut section: Section<'_>, files: &SecretFiles<'_>) -> Self {
        let file: Option<PathBuf> = section.get("file");
        let known = |file: &PathBuf| {
            let extension = file.extension().unwrap_or_default();
            extension == "csv" || extension == "toml"
        };
        if file.as_ref().is_some_and(|file| !known(file)) {
            let fix = "name the file .csv or .toml after what it holds";
            section.refuse_found("file", Mistake::new("a .csv or .toml file", fix));
        }
        let unknown = section.get_or("unknown", UnknownDevices::Accept);
        section.finish();
        Self { file: file.map(|file| files.resolve(&file)), unknown }
    }
}

impl Setting for UnknownDevices {
    const EXPECTED: &'static str = "\"accept\", \"dead_letter\" or \"discard\"";
    const EXAMPLE: &'static str = "\"accept\"";
    const FORM: Form = Form::words(&["accept", "dead_letter", "discard"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "accept" => Some(Self::Accept),
            "dead_letter" => Some(Self::DeadLetter),
            "discard" => Some(Self::Discard),
            _ => None,
        }
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.label())
    }
}

/// The commands that make a key.
const MAKE_KEY: &str = "`head -c 32 /dev/urandom > identity.key; chmod 600 identity.key`";

/// `[identity]`: the key of the pseudonyms, or their absence on purpose.
pub(super) fn read_identity(mut section: Section<'_>, files: &SecretFiles<'_>) -> Identity {
    let key_file: Option<PathBuf> = section.get("key_file");
    let clear_names = section.get_or("clear_names", false);
    let has_key_file = section.has("key_file");
    let mut identity = Identity::ClearNames;
    if clear_names && has_key_file {
        let fix = "remove clear_names (it is for test beds), or remove key_file";
        section.refuse("clear_names", Mistake::new("either key_file or clear_names", fix));
    } else if !clear_names && !has_key_file {
        let fix = format!(
            "make a key with {MAKE_KEY} and name it: [identity] key_file = \
                           \"identity.key\""
        );
        let mistake = Mistake::new("the key of the pseudonyms", fix).found("nothing");
        section.refuse("key_file", mistake);
    }
    if let Some(key_file) = key_file {
        let key = files.read(&key_file).map(|bytes| IdentityKey::from_file(&bytes));
        match key {
            Ok(Some(key)) => identity = Identity::Keyed(key),
            Ok(None) => {
                let expected = "a key of at least 32 bytes, raw or as 64 hexadecimal digits";
                let fix = "make one with `head -c 32 /dev/urandom`";
                section.refuse("key_file", Mistake::new(expected, fix));
            }
            Err(error) => {
                let mut mistake = error.into_mistake();
                if mistake.is_absent {
                    // Nothing runs with it: a configuration with this mistake is only looked at.
                    let stand_in = IdentityKey::from_file(&[0; 32]);
                    identity = stand_in.map_or(Identity::ClearNames, Identity::Keyed);
                    mistake.fix = format!(
                        "in the folder of this configuration, if key_file names no other: {MAKE_KEY}"
                    );
                }
                section.refuse("key_file", mistake);
            }
        }
    }
    section.finish();
    identity
}
