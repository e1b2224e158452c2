//! The real engine as a child process, configured as by default.

use std::{
    fmt::Write as _,
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::Command,
};

use crate::{Outcome, generator::Format, report, role::Role};

/// What differs from the defaults.
pub(crate) struct EngineSetup<'a> {
    pub(crate) mqtt: SocketAddr,
    pub(crate) brokers: &'a str,
    pub(crate) format: Format,
    pub(crate) window: u16,
}

/// Starts `trygg run` on a configuration written for it.
pub(crate) fn start(binary: &Path, setup: &EngineSetup<'_>) -> Outcome<Role> {
    let directory = report::directory();
    fs::create_dir_all(&directory)?;
    let file = directory.join("engine.toml");
    fs::write(&file, configuration(setup)?)?;
    // What the engine of the last run had to say; nothing of it belongs into the table.
    let log = File::create(directory.join("engine.log"))?;
    let mut command = Command::new(binary);
    Role::start("engine", command.args(["run", "--config"]).arg(file).stderr(log))
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
