//! The real engine as a child process, configured as by default.

use std::{
    fmt::Write as _,
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Outcome, generator::Format, report, role::Role};

/// What differs from the defaults.
pub(crate) struct EngineSetup<'a> {
    pub(crate) mqtt: SocketAddr,
    pub(crate) brokers: &'a str,
    pub(crate) format: Format,
    pub(crate) window: u16,
    pub(crate) ack: Ack,
}

/// What a message is acknowledged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ack {
    /// Kafka's report, the spool's fsync while Kafka is late: the default.
    Auto,
    Kafka,
    Spool,
}

impl Ack {
    /// The word in the configuration, and in rows.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Kafka => "kafka",
            Self::Spool => "spool",
        }
    }
}

/// Name of the one link.
pub(crate) const LINK: &str = "bench";

/// Where the engine's spool lies; nothing is left of it after a run.
pub(crate) struct SpoolFolder(pub(crate) PathBuf);

impl SpoolFolder {
    /// An empty one.
    pub(crate) fn make() -> Outcome<Self> {
        let folder = Self(std::path::absolute(report::directory())?.join("spool"));
        folder.remove()?;
        fs::create_dir_all(report::directory())?;
        Ok(folder)
    }

    fn remove(&self) -> Outcome {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            Err(_) | Ok(()) => Ok(()),
        }
    }
}

impl Drop for SpoolFolder {
    fn drop(&mut self) {
        // The next run begins with the same.
        drop(self.remove());
    }
}

/// Starts `trygg run` on a configuration written for it; says where its figures are.
pub(crate) fn start(
    binary: &Path,
    setup: &EngineSetup<'_>,
    spool: &SpoolFolder,
) -> Outcome<(Role, SocketAddr)> {
    let directory = report::directory();
    let file = directory.join("engine.toml");
    let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    fs::write(&file, configuration(setup, spool, admin)?)?;
    // What the engine of the last run had to say; nothing of it belongs into the table.
    let log = File::create(directory.join("engine.log"))?;
    let mut command = Command::new(binary);
    let role = Role::start("engine", command.args(["run", "--config"]).arg(file).stderr(log))?;
    Ok((role, admin))
}

fn configuration(
    setup: &EngineSetup<'_>,
    spool: &SpoolFolder,
    admin: SocketAddr,
) -> Outcome<String> {
    let mut text = String::new();
    let (mqtt, format) = (setup.mqtt, setup.format.name());
    writeln!(text, "[engine]\ntenant = \"bench\"")?;
    writeln!(text, "[log]\nlevel = \"warn\"")?;
    writeln!(text, "[admin]\nlisten = \"{admin}\"")?;
    writeln!(text, "[identity]\nclear_names = true")?;
    writeln!(text, "[kafka]\nbrokers = [\"{}\"]", setup.brokers)?;
    writeln!(text, "[spool]\nack = \"{}\"", setup.ack.label())?;
    if setup.ack != Ack::Kafka {
        writeln!(text, "directory = '{}'\nmax_bytes = \"2GiB\"", spool.0.display())?;
    }
    writeln!(text, "[[link]]\nname = \"{LINK}\"\nclient_id = \"trygg-bench\"")?;
    writeln!(text, "host = \"{}\"\nport = {}", mqtt.ip(), mqtt.port())?;
    writeln!(text, "receive_maximum = {}", setup.window)?;
    writeln!(text, "[[link.filter]]\nformat = \"{format}\"")?;
    writeln!(text, "topic = \"homes/{{home}}/{format}/{{device...}}\"")?;
    Ok(text)
}
