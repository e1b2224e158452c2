//! The operator's file, read and checked: a [`Config`] in hand is a valid one.
//!
//! Sections are read key by key, so that `check` lists every mistake at once, each with its
//! place and its remedy. Every key is described in `docs/configuration.md`.

use std::{fmt, fs, path::Path, sync::Arc};

mod checks;
mod document;
mod error;
mod kafka;
mod kind;
mod librdkafka;
mod link;
mod mapping;
mod process;
mod protocol;
mod readings;
mod secret;
mod setting;

pub use error::{ConfigError, ConfigErrors};
pub use kafka::{Compression, KafkaSettings, TopicSettings};
pub use link::{FilterSettings, Format, LinkSettings};
pub use process::{AdminSettings, EngineSettings, LogSettings};
pub use protocol::Protocol;
pub use readings::{BatchSettings, ClockSettings, RegistrySettings};
pub use secret::Secret;
pub use setting::Size;

use self::{
    checks::Spots,
    document::{Document, Mistake},
    secret::SecretFiles,
};
use crate::{catalogue::Catalogue, decode::MappingSettings, model::LinkName, registry::Identity};

/// A valid configuration. Only this room can make one.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[engine]`.
    pub engine: EngineSettings,
    /// Every `[[link]]`, at least one.
    pub links: Vec<LinkSettings>,
    /// Every `[[mapping]]`.
    pub mappings: Vec<MappingSettings>,
    /// The built-in kinds and every `[[kind]]`.
    pub catalogue: Arc<Catalogue>,
    /// `[batch]`.
    pub batch: BatchSettings,
    /// `[clock]`.
    pub clock: ClockSettings,
    /// `[kafka]`.
    pub kafka: KafkaSettings,
    /// `[registry]`.
    pub registry: RegistrySettings,
    /// `[identity]`.
    pub identity: Identity,
    /// `[admin]`.
    pub admin: AdminSettings,
    /// `[log]`.
    pub log: LogSettings,
    notes: Vec<Note>,
}

/// Looks up a variable of the environment.
pub type Environment = fn(&str) -> Option<String>;

impl Config {
    /// Reads and checks a file and the secrets it refers to.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        let text = fs::read_to_string(file);
        let text = text.map_err(|error| ConfigErrors::unreadable(file, &error))?;
        Self::parse(file, &text, environment)
    }

    /// Checks the text of a file. Secret files are looked for beside `file`.
    pub fn parse(file: &Path, text: &str, environment: Environment) -> Result<Self, ConfigErrors> {
        let document = Document::parse(file, text);
        let files = SecretFiles::beside(file);
        let mut root = document.root();
        if !root.has("link") {
            let fix = "add [[link]] with name, host, client_id and a [[link.filter]]";
            root.refuse("link", Mistake::new("at least one link", fix).found("nothing"));
        }
        let links = root.sections("link").into_iter();
        let (links, link_spots) =
            links.map(|section| LinkSettings::read(section, &files, environment)).unzip();
        let kinds: Vec<_> = root.sections("kind").into_iter().map(kind::read_kind).collect();
        checks::refuse_repeated_kinds(&kinds, &document);
        // What is wrong with a kind has been refused where it stands.
        let catalogue = Catalogue::extended(kinds.into_iter().map(|(kind, _)| kind));
        let catalogue = catalogue.unwrap_or_else(|_| Catalogue::builtin());
        let catalogue = Arc::new(catalogue);
        let mappings = root.sections("mapping").into_iter();
        let (mappings, mapping_names): (Vec<_>, _) =
            mappings.map(|section| mapping::read_mapping(section, &catalogue)).unzip();
        let mut config = Self {
            engine: EngineSettings::read(root.section("engine")),
            links,
            mappings: mappings.into_iter().flatten().collect(),
            catalogue,
            batch: BatchSettings::read(root.section("batch")),
            clock: ClockSettings::read(root.section("clock")),
            kafka: KafkaSettings::read(root.section("kafka"), &files),
            registry: RegistrySettings::read(root.section("registry"), &files),
            identity: readings::read_identity(root.section("identity"), &files),
            admin: AdminSettings::read(root.section("admin")),
            log: LogSettings::read(root.section("log")),
            notes: Vec::new(),
        };
        root.finish();
        let spots = Spots { links: link_spots, mappings: mapping_names };
        checks::check(&config, &spots, &document);
        config.notes = checks::notes(&config);
        document.finish(config)
    }

    /// What is allowed and still worth a word at start and by `check`.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

/// Something allowed and still worth a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// No pseudonyms.
    ClearNames,
    /// The window is so small that it is full before a batch lingers.
    SmallWindow {
        /// Which link.
        link: LinkName,
    },
    /// A password crosses the network unencrypted.
    PasswordInClear {
        /// Which link.
        link: LinkName,
    },
    /// Metrics and health can be read from other machines.
    AdminReachable,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClearNames => f.write_str(
                "identity.clear_names: names of homes and devices go to Kafka as they are; for \
                 test beds only",
            ),
            Self::SmallWindow { link } => write!(
                f,
                "link {link}: the window (receive_maximum, or inflight with MQTT 3.1.1) is below \
                 100, so batches leave when it is full and seldom after batch.linger; lower the \
                 linger or raise the window",
            ),
            Self::PasswordInClear { link } => {
                write!(f, "link {link}: the password crosses the network unencrypted")
            }
            Self::AdminReachable => f.write_str(
                "admin.listen: metrics and health have no login and listen beyond this machine",
            ),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
