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
    /// Lines of the list of devices; 0 for none.
    pub(crate) listed: usize,
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

/// The list of devices, beside the configuration.
const LIST: &str = "devices.csv";

/// Writes a list of the generator's devices, twenty a home, for [`put_list`]. `version` makes it another
/// one.
pub(crate) fn write_list(lines: usize, version: usize) -> Outcome {
    let mut text = String::with_capacity(lines * 72);
    text.push_str("device,source_home,home,room,id,interval,consent\n");
    for device in 0..lines {
        let home = device / 20;
        let address = 0x0015_8d00_0000_0000_u64 + device as u64 * 0x0001_0003;
        writeln!(text, "{address:#018x},h{home:05},home-{home},room-{version},d-{device},30m,all")?;
    }
    fs::create_dir_all(report::directory())?;
    Ok(fs::write(list(version), text)?)
}

/// Puts a list that was written in the place of the last one.
pub(crate) fn put_list(version: usize) -> Outcome {
    Ok(fs::rename(list(version), report::directory().join(LIST))?)
}

fn list(version: usize) -> PathBuf {
    report::directory().join(format!("devices.{version}.csv"))
}

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
    if setup.listed > 0 {
        write_list(setup.listed, 0)?;
        put_list(0)?;
    }
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
    if setup.listed > 0 {
        writeln!(text, "[registry]\nfile = \"{LIST}\"")?;
    }
    writeln!(text, "[[link.filter]]\nformat = \"{format}\"")?;
    writeln!(text, "topic = \"homes/{{home}}/{format}/{{device...}}\"")?;
    Ok(text)
}
