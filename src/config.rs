//! The operator's file, read and checked: a [`Config`] in hand is a valid one.
//!
//! Sections are read key by key, so that `check` lists every mistake at once, each with its
//! place and its remedy. Every key is described in `docs/configuration.md`.

use std::{ffi::OsString, fs, path::Path, sync::Arc};

mod checks;
mod decoding;
mod document;
mod draft;
mod error;
mod form;
mod kafka;
mod kafka_security;
mod kind;
mod librdkafka;
mod link;
mod mapping;
mod note;
mod overrides;
mod password;
mod process;
mod protocol;
mod readings;
mod record;
pub mod reference;
mod repeats;
pub mod schema;
mod secret;
mod setting;
pub mod show;
mod source;
mod spool;
pub mod tables;
mod term;
mod transport;

pub use decoding::DecodeSettings;
pub use draft::Draft;
pub use error::{ConfigError, ConfigErrors, Place};
pub use form::{Form, FormKind};
pub use kafka::{KafkaSettings, TopicSettings};
pub use librdkafka::is_secret;
pub use link::{FilterSettings, Format, LinkSettings};
pub use note::Note;
pub use password::{PasswordError, password};
pub use process::{AdminSettings, EngineSettings, LogSettings};
pub use protocol::Protocol;
pub use readings::{BatchSettings, ClockSettings, RegistrySettings};
pub use record::{Key, Origin, Record, Shape, Table};
pub use repeats::RepeatSettings;
pub use secret::Secret;
pub use setting::Size;
pub use spool::{Ack, Obstacle, SpoolSettings};
pub use transport::TransportSettings;

use self::{
    checks::Spots,
    document::{Document, Mistake},
    secret::SecretFiles,
    source::{PREFIX, Source},
};
use crate::{
    catalogue::Catalogue,
    decode::{KeySettings, MappingSettings},
    registry::Identity,
};

/// A valid configuration. Only this room can make one.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[engine]`.
    pub engine: EngineSettings,
    /// Every `[[link]]`, at least one.
    pub links: Vec<LinkSettings>,
    /// Every `[[mapping]]`.
    pub mappings: Vec<MappingSettings>,
    /// Every `[[key]]`.
    pub keys: Arc<[KeySettings]>,
    /// `[decode]`.
    pub decode: DecodeSettings,
    /// The built-in kinds and every `[[kind]]`.
    pub catalogue: Arc<Catalogue>,
    /// `[batch]`.
    pub batch: BatchSettings,
    /// `[clock]`.
    pub clock: ClockSettings,
    /// `[repeats]`.
    pub repeats: RepeatSettings,
    /// `[kafka]`.
    pub kafka: KafkaSettings,
    /// `[spool]`.
    pub spool: SpoolSettings,
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

/// What was read: the configuration if it is valid, and what was asked in any case.
pub type Examined = (Result<Config, ConfigErrors>, Record);

/// Looks up a variable of the environment.
pub type Environment = fn(&str) -> Option<String>;

impl Config {
    /// Reads and checks a file, what the environment sets over it, and the secrets they refer to.
    pub fn load(file: &Path) -> Result<Self, ConfigErrors> {
        Self::examine_sources(Some(file))?.0
    }

    /// The same, with what was asked and what came of it; without a file the environment alone.
    pub fn examine_sources(file: Option<&Path>) -> Result<Examined, ConfigErrors> {
        let (draft, record) = Self::draft_sources(file)?;
        Ok((draft.finish(), record))
    }

    /// The same, for who only looks at it: secrets may still have to be made.
    pub fn draft_sources(file: Option<&Path>) -> Result<(Draft, Record), ConfigErrors> {
        let Some(file) = file else {
            return Ok(Self::draft(Path::new("environment"), "", environment, &overrides()));
        };
        let text = fs::read_to_string(file);
        let text = text.map_err(|error| ConfigErrors::unreadable(file, &error))?;
        Ok(Self::draft(file, &text, environment, &overrides()))
    }

    /// Checks the text of a file. Secret files are looked for beside `file`.
    pub fn parse(file: &Path, text: &str, environment: Environment) -> Result<Self, ConfigErrors> {
        Self::examine(file, text, environment, &[]).0
    }

    /// Checks the text of a file with variables of the environment over it.
    pub fn examine(
        file: &Path,
        text: &str,
        environment: Environment,
        overrides: &[(String, String)],
    ) -> Examined {
        let (draft, record) = Self::draft(file, text, environment, overrides);
        (draft.finish(), record)
    }

    fn draft(
        file: &Path,
        text: &str,
        environment: Environment,
        overrides: &[(String, String)],
    ) -> (Draft, Record) {
        let source = Source::new(file, text, overrides);
        let document = Document::parse(&source);
        let files = SecretFiles::beside(file, environment);
        let mut root = document.root();
        let engine = EngineSettings::read(root.section("engine"));
        let fix = "add [[link]] with name, host, client_id and a [[link.filter]]";
        let links = root.demand_sections("link", Mistake::new("at least one link", fix));
        let links = links.into_iter();
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
        let keys = root.sections("key").into_iter();
        let keys: Vec<_> =
            keys.filter_map(|section| decoding::read_key(section, &catalogue)).collect();
        decoding::refuse_repeated_keys(&keys, &document);
        let decode = DecodeSettings::read(root.section("decode"));
        let kafka = KafkaSettings::read(root.section("kafka"), &files, environment);
        let (spool, spool_spots) = SpoolSettings::read(root.section("spool"), &files);
        let mut config = Self {
            engine,
            links,
            mappings: mappings.into_iter().flatten().collect(),
            keys: keys.into_iter().map(|(key, _)| key).collect(),
            decode,
            catalogue,
            batch: BatchSettings::read(root.section("batch")),
            clock: ClockSettings::read(root.section("clock")),
            repeats: RepeatSettings::read(root.section("repeats")),
            kafka,
            spool,
            registry: RegistrySettings::read(root.section("registry"), &files),
            identity: readings::read_identity(root.section("identity"), &files),
            admin: AdminSettings::read(root.section("admin")),
            log: LogSettings::read(root.section("log")),
            notes: Vec::new(),
        };
        let linger = root.section("batch").spot("linger");
        let admin = root.section("admin").spot("listen");
        root.finish();
        let (links, mappings) = (link_spots, mapping_names);
        let spots = Spots { links, mappings, spool: spool_spots, linger, admin };
        checks::check(&config, &spots, &document);
        config.notes = checks::notes(&config, &spots);
        let (mistakes, record) = document.finish();
        (Draft::new(config, mistakes), record)
    }

    /// What is allowed and still worth a word at start and by `check`.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The variables that override keys.
fn overrides() -> Vec<(String, String)> {
    // No key takes a control character, so what is no UTF-8 is refused where it stands.
    let text = |value: OsString| value.into_string().unwrap_or_else(|_| '\0'.into());
    let variables = std::env::vars_os();
    let variables = variables.map(|(name, value)| (name.to_string_lossy().into(), text(value)));
    let variables = variables.filter(|(name, _): &(String, String)| name.starts_with(PREFIX));
    let mut overrides: Vec<_> = variables.collect();
    overrides.sort_unstable();
    overrides
}

#[cfg(test)]
mod tests;
