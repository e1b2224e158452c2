//! A real Mosquitto on a loopback port.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    process::{self, Daemon, Signal},
    tools::Tools,
    wait,
};

/// Broker with a durable store, no limit on what it queues, and its own scratch directory.
pub struct Mosquitto {
    pub port: u16,
    directory: PathBuf,
    tools: &'static Tools,
    daemon: Daemon,
}

/// What a broker that was killed finds when it starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Sessions and queued messages, as of the kill.
    Kept,
    /// Nothing: the disk is gone.
    Lost,
}

impl Mosquitto {
    pub fn start(tools: &'static Tools) -> Self {
        Self::start_with(tools, "")
    }

    /// With further listeners, each with settings of its own, as lines of Mosquitto's file.
    pub fn start_with(tools: &'static Tools, listeners: &str) -> Self {
        let port = process::free_port();
        let directory = process::scratch("mosquitto");
        let configuration = format!(
            "per_listener_settings true\n\
             listener {port} 127.0.0.1\n\
             allow_anonymous true\n\
             persistence true\n\
             persistence_location {}/\n\
             autosave_interval 1800\n\
             max_queued_messages 0\n\
             max_inflight_messages 0\n\
             sys_interval 1\n\
             log_dest stderr\n\
             log_timestamp_format %H:%M:%S\n\
             {}{listeners}",
            directory.display(),
            // Started as root it would become another user, who cannot write the store.
            if is_root() { "user root\n" } else { "" },
        );
        fs::write(directory.join("mosquitto.conf"), configuration).expect("mosquitto.conf");
        let daemon = Self::launch(tools, &directory, port);
        Self { port, directory, tools, daemon }
    }

    fn launch(tools: &Tools, directory: &Path, port: u16) -> Daemon {
        let mut command = process::command(&tools.mosquitto);
        command.arg("-c").arg(directory.join("mosquitto.conf"));
        if let Some(libraries) = &tools.mosquitto_libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let mut daemon = Daemon::start("mosquitto", command, &directory.join("mosquitto.log"));
        wait::until("mosquitto listens", wait::SOON, || {
            assert!(daemon.ended().is_none(), "mosquitto ended: {}", daemon.output());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        daemon
    }

    /// Writes a file of one user with a password, as Mosquitto wants it.
    pub fn write_password(tools: &Tools, file: &Path, user: &str, password: &str) {
        let folder = tools.mosquitto.parent().and_then(Path::parent).expect("a folder above");
        let mut command = process::command(folder.join("bin/mosquitto_passwd"));
        if let Some(libraries) = &tools.mosquitto_libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let run = command.arg("-b").arg("-c").arg(file).args([user, password]).output();
        let run = run.expect("mosquitto_passwd");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    /// kill -9.
    pub fn kill(&mut self, store: Store) {
        let file = self.directory.join("mosquitto.db");
        match store {
            Store::Kept => {
                let before = fs::metadata(&file)
                    .and_then(|data| data.modified())
                    .unwrap_or(SystemTime::UNIX_EPOCH);
                self.daemon.signal(Signal::User1);
                wait::until("mosquitto writes its store", wait::SOON, || {
                    let after = fs::metadata(&file).and_then(|data| data.modified()).ok()?;
                    (after > before).then_some(())
                });
                self.daemon.kill();
            }
            Store::Lost => {
                self.daemon.kill();
                fs::remove_file(&file).ok();
            }
        }
    }

    /// Starts it again on the same port.
    pub fn restart(&mut self) {
        self.daemon = Self::launch(self.tools, &self.directory, self.port);
    }

    /// Freezes or thaws it.
    pub fn signal(&self, signal: Signal) {
        self.daemon.signal(signal);
    }
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
}
