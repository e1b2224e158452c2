//! The real engine as a child process, configured as by default.

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Outcome, generator::Format, role::Role};

/// What differs from the defaults.
pub(crate) struct EngineSetup<'a> {
    pub(crate) mqtt: SocketAddr,
    pub(crate) brokers: &'a str,
    pub(crate) format: Format,
    pub(crate) window: u16,
}

/// Starts `trygg run` on a configuration written for it.
pub(crate) fn start(binary: &Path, setup: &EngineSetup<'_>) -> Outcome<Role> {
    let file = configuration_file()?;
    fs::write(&file, configuration(setup)?)?;
    Role::start("engine", Command::new(binary).args(["run", "--config"]).arg(file))
}

fn configuration_file() -> Outcome<PathBuf> {
    let directory = crate::report::directory();
    fs::create_dir_all(&directory)?;
    Ok(directory.join(format!("engine-{}.toml", std::process::id())))
}

fn configuration(setup: &EngineSetup<'_>) -> Outcome<String> {
    let mut text = String::new();
    let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let (mqtt, format) = (setup.mqtt, setup.format.name());
    writeln!(text, "[engine]\ntenant = \"bench\"")?;
    writeln!(text, "[log]\nlevel = \"warn\"")?;
    writeln!(text, "[admin]\nlisten = \"{admin}\"")?;
    writeln!(text, "[identity]\nclear_names = true")?;
    writeln!(text, "[kafka]\nbrokers = [\"{}\"]", setup.brokers)?;
    writeln!(text, "[[link]]\nname = \"bench\"\nclient_id = \"trygg-bench\"")?;
    writeln!(text, "host = \"{}\"\nport = {}", mqtt.ip(), mqtt.port())?;
    writeln!(text, "receive_maximum = {}", setup.window)?;
    writeln!(text, "[[link.filter]]\nformat = \"{format}\"")?;
    writeln!(text, "topic = \"homes/{{home}}/{format}/{{device...}}\"")?;
    Ok(text)
}
