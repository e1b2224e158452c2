//! `[spool]`: what the disk keeps while Kafka is away.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{Access, access};
use thiserror::Error;
use toml::de::DeValue;

use super::{
    document::{Section, Spot},
    form::Form,
    secret::SecretFiles,
    setting::{Setting, Size},
};

/// `[spool]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolSettings {
    /// What a message is acknowledged for. Default `auto`.
    pub ack: Ack,
    /// Where the spool lies. Default `spool`, beside the configuration.
    pub directory: PathBuf,
    /// Bytes the spool may take. Default 1 GiB, 1 MiB to 1 TiB.
    pub max_bytes: Size,
    /// Bytes of its filesystem that stay free. Default 256 MiB, 0 to 1 TiB.
    pub keep_free: Size,
    /// How long Kafka may owe a report before the disk is asked. Default 2 s, 100 ms to 5 min.
    pub after: Duration,
}

/// What a message is acknowledged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// Kafka's report; the spool's fsync where Kafka is late.
    Auto,
    /// Kafka's report alone: there is no spool.
    Kafka,
    /// The spool's fsync or Kafka's report, whichever is first: everything goes through the spool.
    Spool,
}

impl Ack {
    /// The word in the configuration.
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Kafka => "kafka",
            Self::Spool => "spool",
        }
    }
}

/// What the checks across sections need to know of `[spool]`.
pub(super) struct SpoolSpots {
    /// Where `after` stands, if it is given.
    pub(super) after: Option<Spot>,
    /// Where `max_bytes` stands, or would.
    pub(super) max_bytes: Spot,
    /// A key beside `ack` is given.
    pub(super) has_more: bool,
}

/// What stands in the way of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Obstacle {
    /// Its parent is missing.
    #[error(
        "the folder it is to be made in is not there; make that for the user trygg runs as, or \
         name another one"
    )]
    NoParent,
    /// It is a file.
    #[error("there is a file of this name; name another folder")]
    NotAFolder,
    /// Neither it nor its parent takes files.
    #[error(
        "this user cannot write there; give it to the user trygg runs as, or name another folder"
    )]
    NotWritable,
}

impl SpoolSettings {
    pub(super) fn read(mut section: Section<'_>, files: &SecretFiles<'_>) -> (Self, SpoolSpots) {
        let tebibyte = Size::mib(1024 * 1024);
        let ack = section.get_or("ack", Ack::Auto);
        let directory = section.get_or("directory", Folder("spool".into())).0;
        let settings = Self {
            ack,
            directory: files.resolve(&directory),
            max_bytes: section.within("max_bytes", Size::mib(1024), &(Size::mib(1)..=tebibyte)),
            keep_free: section.within("keep_free", Size::mib(256), &(Size::mib(0)..=tebibyte)),
            after: section.within(
                "after",
                Duration::from_secs(2),
                &(Duration::from_millis(100)..=Duration::from_mins(5)),
            ),
        };
        let after = section.has("after").then(|| section.spot("after"));
        let others = ["directory", "max_bytes", "keep_free", "after"];
        let has_more = others.map(|key| section.has(key)).contains(&true);
        let max_bytes = section.spot("max_bytes");
        section.finish();
        (settings, SpoolSpots { after, max_bytes, has_more })
    }

    /// What stands in the way of the directory, as far as can be seen without writing.
    pub fn obstacle(&self) -> Option<Obstacle> {
        let is_folder = match fs::metadata(&self.directory) {
            Ok(meta) => Some(meta.is_dir()),
            // What lies in a folder that nobody may enter cannot be seen.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return Some(Obstacle::NotWritable),
        };
        match is_folder {
            Some(true) => blocked(&self.directory),
            Some(false) => Some(Obstacle::NotAFolder),
            None => {
                let parent = self.directory.parent().unwrap_or(Path::new("/"));
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                if parent.is_dir() { blocked(parent) } else { Some(Obstacle::NoParent) }
            }
        }
    }
}

fn blocked(folder: &Path) -> Option<Obstacle> {
    let may_write = access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    (!may_write).then_some(Obstacle::NotWritable)
}

impl Setting for Ack {
    const EXPECTED: &'static str = "\"auto\", \"kafka\" or \"spool\"";
    const EXAMPLE: &'static str = "\"auto\"";
    const FORM: Form = Form::words(&["auto", "kafka", "spool"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "auto" => Some(Self::Auto),
            "kafka" => Some(Self::Kafka),
            "spool" => Some(Self::Spool),
            _ => None,
        }
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.label())
    }
}

/// The path of a folder.
struct Folder(PathBuf);

impl Setting for Folder {
    const EXPECTED: &'static str = "the path of a folder";
    const EXAMPLE: &'static str = "\"folder\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        PathBuf::read(value).map(Self)
    }

    fn show(&self) -> String {
        self.0.show()
    }
}
