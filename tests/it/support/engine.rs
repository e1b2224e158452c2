//! The engine as a process, and its configuration as a file.

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::{
    metrics::Scrape,
    process::{self, Daemon, Signal},
    wait,
};

/// One `[[link]]`.
#[derive(Clone, Debug)]
pub struct Link {
    pub name: &'static str,
    pub port: u16,
    pub client_id: String,
    /// Topic with captures, and format.
    pub filters: Vec<(String, &'static str)>,
    /// Further keys, as TOML lines.
    pub more: String,
}

/// A configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    pub brokers: String,
    pub readings: String,
    pub alerts: String,
    pub dead_letters: String,
    pub links: Vec<Link>,
    /// Further keys of `[kafka]`, as TOML lines.
    pub kafka: String,
    /// The spool's, for every engine of this configuration; keys of `[spool]`, as TOML lines.
    pub spool: String,
    /// Further sections, as TOML.
    pub sections: String,
    /// Where metrics and health are served.
    pub admin_port: u16,
}

impl Config {
    /// The file's text.
    pub fn toml(&self) -> String {
        let mut text = format!(
            "[engine]\ntenant = \"testbed\"\nshutdown_deadline = \"20s\"\n\n\
             [identity]\nclear_names = true\n\n\
             [admin]\nlisten = \"127.0.0.1:{}\"\n\n\
             [kafka]\nbrokers = [\"{}\"]\n{}\n\
             [kafka.topics]\nreadings = \"{}\"\nalerts = \"{}\"\ndead_letters = \"{}\"\n\n\
             [spool]\n{}\n",
            self.admin_port,
            self.brokers,
            self.kafka,
            self.readings,
            self.alerts,
            self.dead_letters,
            self.spool,
        );
        for link in &self.links {
            writeln!(
                text,
                "[[link]]\nname = \"{}\"\nhost = \"127.0.0.1\"\nport = {}\nclient_id = \"{}\"\n{}",
                link.name, link.port, link.client_id, link.more
            )
            .expect("text");
            for (topic, format) in &link.filters {
                writeln!(text, "[[link.filter]]\ntopic = \"{topic}\"\nformat = \"{format}\"\n")
                    .expect("text");
            }
        }
        text + &self.sections
    }
}

/// Answer of the admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        self.status == 200
    }
}

/// A running engine.
pub struct Engine {
    daemon: Daemon,
    admin_port: u16,
}

impl Engine {
    /// Starts it without waiting for anything.
    pub fn start(config: &Config) -> Self {
        Self::start_with(config, &[])
    }

    /// The same, with variables of the environment.
    pub fn start_with(config: &Config, environment: &[(&str, &Path)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let directory = process::scratch("engine");
        let file = directory.join(format!("trygg-{}.toml", COUNT.fetch_add(1, Ordering::Relaxed)));
        fs::write(&file, config.toml()).expect("configuration file");
        let mut command = process::command(PathBuf::from(env!("CARGO_BIN_EXE_trygg")));
        command.arg("run").arg("--config").arg(file).envs(environment.iter().copied());
        let daemon = Daemon::start("trygg", command, &directory.join("trygg.log"));
        Self { daemon, admin_port: config.admin_port }
    }

    /// One that was started otherwise.
    pub fn of(daemon: Daemon, admin_port: u16) -> Self {
        Self { daemon, admin_port }
    }

    /// Waits until it says that it is ready.
    pub fn wait_until_ready(&mut self) {
        wait::until("the engine is ready", wait::SOON, || {
            let ended = self.daemon.ended();
            assert!(ended.is_none(), "the engine ended with {ended:?}: {}", self.daemon.output());
            self.get("/readyz").filter(Answer::is_ok)
        });
    }

    /// One GET; `None` while nobody answers.
    pub fn get(&self, path: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.admin_port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, body: body.to_owned() })
    }

    /// One scrape, its ledger checked.
    pub fn scrape(&self) -> Scrape {
        let answer =
            wait::until("the engine answers a scrape", wait::SOON, || self.get("/metrics"));
        assert!(answer.is_ok(), "/metrics: {answer:?}");
        let scrape = Scrape::parse(&answer.body);
        scrape.assert_ledger();
        scrape
    }

    /// Waits for a metric, checking the ledger at every scrape on the way.
    pub fn wait_for_metric(&self, name: &str, labels: &[(&str, &str)], at_least: f64) {
        let what = format!("{name}{labels:?} reaches {at_least}");
        wait::until(&what, wait::SOON, || {
            (self.scrape().sum(name, labels) >= at_least).then_some(())
        });
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        self.daemon.output()
    }

    /// CPU time it has used.
    pub fn cpu(&self) -> Duration {
        self.daemon.cpu()
    }

    /// Has it ended?
    pub fn has_ended(&mut self) -> bool {
        self.daemon.ended().is_some()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.daemon.signal(signal);
    }

    /// SIGTERM; returns the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.daemon.signal(Signal::Terminate);
        self.exit_code()
    }

    /// Waits for its end and returns the exit code.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.daemon.exit_code(wait::SOON)
    }
}
