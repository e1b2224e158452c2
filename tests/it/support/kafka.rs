//! A real single-node Apache Kafka (KRaft) on loopback ports.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use super::{
    process::{self, Daemon, Signal},
    tools::Tools,
    wait,
};

/// A listener besides the one in clear.
#[derive(Clone, Debug)]
pub struct Listener {
    /// In capitals.
    pub name: &'static str,
    /// `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.
    pub protocol: &'static str,
    pub port: u16,
    /// Its own settings, a line each.
    pub settings: String,
}

/// Broker and controller in one JVM, replication 1, no topic made by accident.
pub struct Kafka {
    pub port: u16,
    directory: PathBuf,
    tools: &'static Tools,
    daemon: Mutex<Daemon>,
}

impl Kafka {
    /// The one that light tests share, each with topics of its own.
    pub fn shared(tools: &'static Tools) -> Arc<Self> {
        static SHARED: LazyLock<Mutex<Option<Arc<Kafka>>>> = LazyLock::new(Mutex::default);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(shared.get_or_insert_with(|| Arc::new(Self::start(tools))))
    }

    /// One of the test's own, to be stopped and killed.
    pub fn start(tools: &'static Tools) -> Self {
        Self::start_with(tools, &[], "")
    }

    /// The same with further listeners and settings.
    pub fn start_with(tools: &'static Tools, listeners: &[Listener], settings: &str) -> Self {
        let (port, controller) = (process::free_port(), process::free_port());
        let directory = process::scratch("kafka");
        let logs = directory.join("logs");
        fs::create_dir_all(&logs).expect("log directory");
        // What the storage tool would write; it costs a second JVM to ask it.
        let formatted = "version=1\ncluster.id=dHJ5Z2ctdGVzdC1ydW4tMQ\nnode.id=1\ndirectory.id=dHJ5Z2ctZGlyZWN0b3J5MQ\n";
        fs::write(logs.join("meta.properties"), formatted).expect("meta.properties");
        let properties = properties(port, controller, &logs, listeners) + settings;
        fs::write(directory.join("server.properties"), properties).expect("server.properties");
        let daemon = Mutex::new(launch(tools, &directory));
        let kafka = Self { port, directory, tools, daemon };
        kafka.wait_until_up();
        kafka
    }

    /// What clients connect to.
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn daemon(&self) -> MutexGuard<'_, Daemon> {
        self.daemon.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_up(&self) {
        let brokers = self.brokers();
        wait::until("kafka answers", wait::SOON, || {
            let mut daemon = self.daemon();
            assert!(daemon.ended().is_none(), "kafka ended: {}", daemon.output());
            admin(self.tools, &brokers, &["ping"]).ok()
        });
    }

    /// kill -9.
    pub fn kill(&self) {
        self.daemon().kill();
    }

    /// Starts it again on the same port with what it had written.
    pub fn restart(&self) {
        *self.daemon() = launch(self.tools, &self.directory);
        self.wait_until_up();
    }

    /// Freezes or thaws it.
    pub fn signal(&self, signal: Signal) {
        self.daemon().signal(signal);
    }

    /// Creates a topic; `settings` as `key=value`.
    pub fn create_topic(&self, topic: &str, partitions: u32, settings: &[&str]) {
        let partitions = partitions.to_string();
        self.admin(&[&["create", topic, &partitions], settings].concat());
    }

    /// Changes settings of a topic.
    pub fn alter_topic(&self, topic: &str, settings: &[&str]) {
        self.admin(&[&["alter", topic], settings].concat());
    }

    /// Creates a user for SCRAM, or gives it another password.
    pub fn create_user(&self, user: &str, password: &str) {
        self.admin(&["user", user, password]);
    }

    /// Gives a user the right to an operation on a topic, which nobody else has then.
    pub fn allow(&self, user: &str, operation: &str, topic: &str) {
        self.admin(&["allow", user, operation, topic]);
    }

    /// Records in a topic: the sum of its end offsets.
    pub fn records(&self, topic: &str) -> u64 {
        self.admin(&["records", topic]).trim().parse().expect("a number")
    }

    fn admin(&self, arguments: &[&str]) -> String {
        admin(self.tools, &self.brokers(), arguments)
            .unwrap_or_else(|said| panic!("kafka admin {arguments:?}: {said}"))
    }
}

fn properties(port: u16, controller: u16, logs: &Path, listeners: &[Listener]) -> String {
    let list = |entry: &dyn Fn(&Listener) -> String| {
        listeners.iter().fold(String::new(), |list, one| list + "," + &entry(one))
    };
    let addresses = list(&|listener| format!("{}://127.0.0.1:{}", listener.name, listener.port));
    let protocols = list(&|listener| format!("{}:{}", listener.name, listener.protocol));
    let settings = listeners.iter().flat_map(|listener| {
        let prefix = format!("listener.name.{}.", listener.name.to_lowercase());
        listener.settings.lines().map(move |line| prefix.clone() + line + "\n")
    });
    let settings: String = settings.collect();
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         controller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{addresses}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}{addresses}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{protocols}\n\
         inter.broker.listener.name=PLAINTEXT\n\
         log.dirs={}\n\
         auto.create.topics.enable=false\n\
         num.network.threads=2\n\
         num.io.threads=2\n\
         log.cleaner.enable=false\n\
         log.index.size.max.bytes=1048576\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\n{settings}",
        logs.display()
    )
}

fn launch(tools: &Tools, directory: &Path) -> Daemon {
    let mut command = process::command(&tools.java);
    command
        .args([
            "-Xms200m",
            "-Xmx400m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
        ])
        .arg(format!("-Dlog4j2.configurationFile={}", tools.kafka_log4j.display()))
        .arg("-cp")
        .arg(tools.kafka_jars.join("*"))
        .arg("kafka.Kafka")
        .arg(directory.join("server.properties"))
        .current_dir(directory);
    Daemon::start("kafka", command, &directory.join("kafka.log"))
}

fn admin(tools: &Tools, brokers: &str, arguments: &[&str]) -> Result<String, String> {
    let script = super::tools::root().join("tools/kafka/admin.py");
    let run = Command::new(&tools.python)
        .arg(script)
        .arg(brokers)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("python");
    if run.status.success() {
        Ok(String::from_utf8_lossy(&run.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&run.stderr).into_owned())
    }
}
